import asyncio
import os

from learning_sidecar.aio import LearningSidecar
from work import run_agent


async def run_task(sidecar, kind):
    async with sidecar.task(kind=kind) as task, asyncio.timeout(60):
        return await run_agent(kind, max_agents=task.parameters["max_agents"])


async def main():
    target = os.environ["LEARNING_SIDECAR_TARGET"]
    async with LearningSidecar(target, "orchestrator", {"max_agents": 4}) as sidecar:
        for _ in range(20):
            await asyncio.gather(run_task(sidecar, "search"), run_task(sidecar, "code"))


asyncio.run(main())
