import asyncio
import uuid

from openfeature import api
from openfeature.contrib.hook.opentelemetry import TracingHook
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.evaluation_context import EvaluationContext
from opentelemetry import trace
from work import run_agent

api.set_provider_and_wait(FlagdProvider())
api.add_hooks([TracingHook()])


async def run_task(kind):
    with trace.get_tracer("orchestrator").start_as_current_span("task"):
        context = EvaluationContext(str(uuid.uuid4()), {"kind": kind})
        max_agents = api.get_client().get_integer_value("max_agents", 4, context)
        async with asyncio.timeout(60):
            return await run_agent(kind, max_agents=max_agents)


async def main():
    for _ in range(20):
        await asyncio.gather(run_task("search"), run_task("code"))


asyncio.run(main())
