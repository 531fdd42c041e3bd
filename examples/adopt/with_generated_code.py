import asyncio
import os
import time
import uuid

import grpc
from learning_sidecar.v1.learning_service_pb2 import RecordTaskRequest, ResolveParametersRequest
from learning_sidecar.v1.learning_service_pb2_grpc import LearningServiceStub
from work import run_agent


async def run_task(service, kind):
    task = {"task_id": str(uuid.uuid4()), "labels": {"kind": kind}}
    settings = await service.ResolveParameters(ResolveParametersRequest(**task))
    start, status = time.monotonic(), "TASK_STATUS_FAILURE"
    try:
        async with asyncio.timeout(60):
            max_agents = int(settings.parameters["max_agents"].number_value)
            result = await run_agent(kind, max_agents=max_agents)
        status = "TASK_STATUS_SUCCESS"
        return result
    except TimeoutError:
        status = "TASK_STATUS_TIMEOUT"
        raise
    finally:
        latency_ms = (time.monotonic() - start) * 1000
        task |= {"status": status, "latency_ms": latency_ms, "delta_sequence": settings.delta_sequence}
        await service.RecordTask(RecordTaskRequest(task=task))


async def main():
    async with grpc.aio.insecure_channel(os.environ["LEARNING_SIDECAR_TARGET"]) as channel:
        service = LearningServiceStub(channel)
        for _ in range(20):
            await asyncio.gather(run_task(service, "search"), run_task(service, "code"))


asyncio.run(main())
