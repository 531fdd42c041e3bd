import asyncio
import os
import sys

from gateway import extract_entities
from learning_sidecar.aio import LearningSidecar

DEFAULTS = {"extract_entities_variant": "terse_prompt"}


async def run_task(sidecar, limit, text):
    async with limit, sidecar.task() as task:
        variant = task.parameters["extract_entities_variant"]
        # With a TensorZero gateway: function_name="extract_entities", variant_name=variant.
        entities = await extract_entities(variant, text)
        # In place of feedback(metric_name="exact_match", …).
        task.measurements["exact_match"] = 1 if entities == text else 0


async def main(tasks):
    limit = asyncio.Semaphore(8)
    async with LearningSidecar(os.environ["LEARNING_SIDECAR_TARGET"], "entities", DEFAULTS) as sidecar:
        await asyncio.gather(*(run_task(sidecar, limit, f"text {n}") for n in range(tasks)))


asyncio.run(main(int(sys.argv[1])))
