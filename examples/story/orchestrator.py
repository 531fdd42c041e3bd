import asyncio
import json
import os
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

from learning_sidecar import LearningSidecar
from planted import ATTEMPTS, PAGES
from provider import Calls, calls_of_job, model_of
from pydantic_ai import Agent
from virtual_time import VirtualLoop

DEFAULTS = {"model": "large", "timeout_seconds": 60, "concurrency": 1}
JOBS_AT_A_TIME = 4

reader = Agent(instructions="Summarise the page.")
models = {name: model_of(name) for name in ("large", "small")}


async def read(page, settings, limit):
    for _ in range(ATTEMPTS):
        try:
            async with limit, asyncio.timeout(settings["timeout_seconds"]):
                return (await reader.run(f"page {page}", model=models[settings["model"]])).output
        except TimeoutError:
            continue
    return None


async def read_all(settings):
    calls_of_job.set(calls := Calls())
    limit = asyncio.Semaphore(int(settings["concurrency"]))
    answers = await asyncio.gather(*(read(page, settings, limit) for page in range(PAGES)))
    seconds = asyncio.get_running_loop().time()
    return answers, seconds, calls.cost


def run_job(sidecar):
    task_id = str(uuid.uuid4())
    settings = sidecar.resolve(task_id)
    # Agents run in virtual time, so that a minute's timeout takes none.
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        answers, seconds, cost = runner.run(read_all(settings.parameters))
    status = "TIMEOUT" if None in answers else "FAILURE" if "wrong" in answers else "SUCCESS"
    sidecar.record(
        {
            "task_id": task_id,
            "status": f"TASK_STATUS_{status}",
            "latency_ms": seconds * 1000,
            "measurements": {"cost": cost},
            "delta_sequence": settings.delta_sequence,
        }
    )
    return json.dumps([dict(settings.parameters), cost, seconds, status])


def main(jobs):
    with (
        LearningSidecar(os.environ["LEARNING_SIDECAR_TARGET"], "reader", DEFAULTS) as sidecar,
        ThreadPoolExecutor(JOBS_AT_A_TIME) as pool,
    ):
        for job in pool.map(lambda _: run_job(sidecar), range(jobs)):
            print(job, flush=True)


main(int(sys.argv[1]))
