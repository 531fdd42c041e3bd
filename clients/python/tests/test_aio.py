"""The client for asyncio against real sidecars."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from conftest import PATIENCE_SECONDS, World

from learning_sidecar import Change, CoordinationMetrics, DeltaRefusal, Task, read_failure
from learning_sidecar.aio import LearningSidecar
from learning_sidecar.v1 import learning_service_pb2 as messages

Warnings = Callable[[str], list[str]]


async def until(is_so: Callable[[], Any]) -> None:
    async def wait() -> None:
        while not is_so():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), PATIENCE_SECONDS)


async def total(world: World) -> int:
    status = await asyncio.to_thread(world.status)
    return int(status.total_tasks_recorded)


def test_it_follows_acknowledges_and_refuses(world: World) -> None:
    world.start()
    changes: list[Change] = []

    async def on_change(change: Change) -> None:
        await asyncio.sleep(0)
        changes.append(change)
        if change.parameters["level"] == 7:
            raise DeltaRefusal("UNSUPPORTED_VALUE", "not with us")

    async def main() -> None:
        async with LearningSidecar(world.target, "me", {"level": -1}, on_change) as sidecar:
            await until(lambda: changes)
            delta = await asyncio.to_thread(world.put, "level", 2.5)
            await until(lambda: len(changes) == 2)
            assert dict(changes[1].changed) == {"level": delta.delta_id}
            refused = await asyncio.to_thread(world.put, "level", 7)
            await until(lambda: sidecar.sequence == 3)
            assert sidecar.parameters["level"] == 2.5
            summary = world.delta(refused.delta_id).effect.summary
            assert "UNSUPPORTED_VALUE: not with us" in summary
            while await asyncio.to_thread(world.acknowledged, "me") != 3:
                pass

    asyncio.run(main())


def test_an_outage(world: World, warnings: Warnings) -> None:
    world.start()

    async def main() -> None:
        async with LearningSidecar(world.target, "me") as sidecar:
            await until(lambda: "level" in sidecar.parameters)
            world.kill()
            assert (await sidecar.resolve("t")).is_fallback
            assert not await sidecar.report_metrics(CoordinationMetrics())
            futures = [sidecar.record(Task(task_id=f"t{i}")) for i in range(20)]
            futures[0].cancel()  # only the caller's own
            await until(lambda: warnings("StreamDeltas fails"))
            await asyncio.to_thread(world.start)
            settled = await asyncio.gather(*futures[1:])
            assert {outcome.outcome for outcome in settled} == {"recorded"}
            assert not (await sidecar.resolve("t")).is_fallback
            assert await sidecar.report_metrics(CoordinationMetrics(cpu_percent=40))
        assert await total(world) == 20
        assert len(warnings("")) == 1

    asyncio.run(main())


def test_every_outcome_of_a_task(world: World, warnings: Warnings) -> None:
    world.start()

    async def main() -> None:
        sidecar = LearningSidecar(world.target, "me", max_pending=2)
        assert (await sidecar.record(Task(task_id="t"))).outcome == "recorded"
        assert (await sidecar.record(Task(task_id="t"))).outcome == "duplicate"
        refused = await sidecar.record(Task(latency_ms=-1))
        assert refused.outcome == "refused" and refused.failure is not None
        assert refused.failure.violations[0][0] == "task.latency_ms"
        nonsense: Any = {"no_such_field": 1}
        assert (await sidecar.record(nonsense)).outcome == "refused"
        world.kill()
        pending = [sidecar.record({}) for _ in range(2)]
        assert [(await sidecar.record({})).outcome for _ in range(3)] == ["dropped"] * 3
        await asyncio.wait_for(sidecar.close(timeout=0.1), 2)
        assert [future.result().outcome for future in pending] == ["dropped"] * 2
        assert (await sidecar.record({})).outcome == "dropped"
        assert sidecar.dropped == 6
        assert len(warnings("tasks are dropped")) == 1

    asyncio.run(main())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, "TASK_STATUS_SUCCESS"),
        (ValueError(), "TASK_STATUS_FAILURE"),
        (asyncio.TimeoutError(), "TASK_STATUS_TIMEOUT"),
        (asyncio.CancelledError(), "TASK_STATUS_CANCELLED"),
    ],
)
def test_how_a_block_ends_is_its_status(
    world: World, monkeypatch: pytest.MonkeyPatch, error: BaseException | None, status: str
) -> None:
    async def main() -> None:
        sidecar = LearningSidecar(world.target, "me", {"level": 4})
        sent: list[Any] = []
        monkeypatch.setattr(sidecar, "record", sent.append)
        try:
            async with sidecar.task(agent_id="a", kind="code") as t:
                assert (t.parameters, t.labels) == ({"level": 4}, {"kind": "code"})
                t.measurements["cost"] = 0.25
                if error is not None:
                    raise error
        except BaseException as raised:
            assert raised is error
        (task,) = (run.task() for run in sent)
        assert Task(status=status).status == task.status
        assert (task.agent_id, dict(task.measurements)) == ("a", {"cost": 0.25})
        await sidecar.close(0)

    asyncio.run(main())


def test_a_cancelled_block_is_recorded(world: World) -> None:
    world.start()

    async def main() -> None:
        async with LearningSidecar(world.target, "me") as sidecar:
            is_running = asyncio.Event()

            async def work() -> None:
                async with sidecar.task(kind="code"):
                    is_running.set()
                    await asyncio.sleep(60)

            running = asyncio.create_task(work())
            await is_running.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        assert await total(world) == 1

    asyncio.run(main())


def test_the_token_is_read_again_and_waited_for(
    world: World, tmp_path: Path, warnings: Warnings
) -> None:
    client, admin, token = (tmp_path / name for name in ("client", "admin", "token"))
    for path, text in (
        (client, "the-token-of-clients"),
        (admin, "the-token-of-operators"),
        (token, "wrong"),
    ):
        path.write_text(text)
        path.chmod(0o600)
    world.start(tokens={"client_file": str(client), "admin_file": str(admin)})

    async def main() -> None:
        async with LearningSidecar(world.target, "me", token_file=str(token)) as sidecar:
            with pytest.raises(grpc.RpcError) as refused:
                await sidecar.stub.GetStatus(messages.GetStatusRequest(), timeout=5)
            assert read_failure(refused.value).reason == "NO_TOKEN"
            pending = sidecar.record({"task_id": "t"})
            await until(lambda: warnings("StreamDeltas") and warnings("RecordTask"))
            assert not pending.done()
            token.write_text("the-token-of-clients")
            assert (await asyncio.wait_for(pending, 30)).outcome == "recorded"
            await until(lambda: "level" in sidecar.parameters)

            async def batches() -> Any:
                yield messages.RecordTasksRequest(tasks=[Task()])

            counts = [one async for one in sidecar.stub.RecordTasks(batches(), timeout=5)]
            assert counts[-1].recorded_count == 1

    asyncio.run(main())
