import asyncio

from work import run_agent


async def run_task(kind):
    async with asyncio.timeout(60):
        return await run_agent(kind, max_agents=4)


async def main():
    for _ in range(20):
        await asyncio.gather(run_task("search"), run_task("code"))


asyncio.run(main())
