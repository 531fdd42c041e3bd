"""Stands for the orchestrator's agents: a file of your own."""

import asyncio


async def run_agent(kind, max_agents):
    await asyncio.sleep(0.01 if kind == "search" else 0.02)
    return f"{kind} by {max_agents}"
