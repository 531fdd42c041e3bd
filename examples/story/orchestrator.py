import asyncio
import json
import os
import sys

from learning_sidecar.aio import LearningSidecar
from planted import ATTEMPTS, PAGES
from provider import Calls, calls_of_job, model_of
from pydantic_ai import Agent

JOBS_AT_A_TIME = 6

DEFAULTS = {"model": "large", "timeout_ms": 800, "concurrency": 1}
reader = Agent(instructions="Summarise the page.")
models = {name: model_of(name) for name in ("large", "small")}


async def read(page, settings, limit):
    for _ in range(ATTEMPTS):
        try:
            async with limit, asyncio.timeout(settings["timeout_ms"] / 1000):
                return (await reader.run(f"page {page}", model=models[settings["model"]])).output
        except TimeoutError:
            continue
    return None


async def run_job(sidecar, jobs):
    async with jobs:
        calls = Calls()
        calls_of_job.set(calls)
        async with sidecar.task() as task:
            settings = task.parameters
            limit = asyncio.Semaphore(int(settings["concurrency"]))
            answers = await asyncio.gather(*(read(page, settings, limit) for page in range(PAGES)))
            task.measurements["cost"] = calls.cost
            if None in answers:
                task.status = "TASK_STATUS_TIMEOUT"
            elif "wrong" in answers:
                task.status = "TASK_STATUS_FAILURE"
        job = task.task()
        print(json.dumps([dict(settings), calls.cost, job.latency_ms, job.status]), flush=True)


async def main(number):
    jobs = asyncio.Semaphore(JOBS_AT_A_TIME)
    async with LearningSidecar(os.environ["LEARNING_SIDECAR_TARGET"], "reader", DEFAULTS) as sidecar:
        await asyncio.gather(*(run_job(sidecar, jobs) for _ in range(number)))


asyncio.run(main(int(sys.argv[1])))
