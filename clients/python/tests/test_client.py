"""The client against real sidecars."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import grpc
import pytest
from conftest import World, until

from learning_sidecar import (
    Change,
    CoordinationMetrics,
    DeltaRefusal,
    LearningSidecar,
    Task,
    read_failure,
    report_every,
)
from learning_sidecar.v1 import learning_service_pb2 as messages

Warnings = Callable[[str], list[str]]


def test_it_follows_and_acknowledges(world: World) -> None:
    world.start()
    changes: list[Change] = []
    defaults = {"level": -1}
    with LearningSidecar(world.target, "me", defaults, changes.append) as sidecar:
        until(lambda: len(changes) == 1)
        assert (changes[0].source, changes[0].sequence) == ("snapshot", 0)
        delta = world.put("level", 2.5)
        world.put("text", "näher")
        until(lambda: len(changes) == 3)
        assert (dict(changes[1].changed), changes[1].sequence) == ({"level": delta.delta_id}, 1)
        until(lambda: sidecar.sequence == 2)
        assert (sidecar.parameters["level"], sidecar.parameters["text"]) == (2.5, "näher")
        assert type(sidecar.parameters["max_cpu_per_agent"]) is int
        until(lambda: world.acknowledged("me") == 2)


def test_a_refusal_reverts_a_delta(world: World) -> None:
    world.start()

    def refuse_seven(change: Change) -> None:
        if change.parameters["level"] == 7:
            raise DeltaRefusal("UNSUPPORTED_VALUE", "not with us")

    with LearningSidecar(world.target, "me", on_change=refuse_seven) as sidecar:
        until(lambda: "level" in sidecar.parameters)
        delta = world.put("level", 7)
        until(lambda: sidecar.sequence == 2)  # the revert
        assert sidecar.parameters["level"] == 0
        assert "UNSUPPORTED_VALUE: not with us" in world.delta(delta.delta_id).effect.summary


def test_values_survive_an_outage_and_one_line_tells_of_it(
    world: World, warnings: Warnings
) -> None:
    world.start()
    changes: list[Change] = []
    with LearningSidecar(world.target, "me", {"level": -1}, changes.append) as sidecar:
        world.put("level", 1)
        until(lambda: sidecar.sequence == 1)
        world.kill()
        start = time.monotonic()
        resolved = sidecar.resolve("t")
        assert time.monotonic() - start < 2
        assert (resolved.is_fallback, resolved.delta_sequence) == (True, 1)
        assert (resolved.parameters["level"], resolved.arm) == (1, "ARM_UNSPECIFIED")
        assert not sidecar.report_metrics(CoordinationMetrics())
        recorded = [sidecar.record({"task_id": f"t{i}"}) for i in range(20)]
        until(lambda: warnings("StreamDeltas fails"))
        world.start()
        assert {future.result(30).outcome for future in recorded} == {"recorded"}
        world.put("level", 2)
        until(lambda: sidecar.parameters["level"] == 2)
        assert not sidecar.resolve("t").is_fallback
        assert len(warnings("UNAVAILABLE")) == 1
        assert len(warnings("")) == 1
        assert [change.source for change in changes].count("snapshot") == 2
        assert world.status().total_tasks_recorded == 20


def test_every_outcome_of_a_task(world: World, warnings: Warnings) -> None:
    world.start()
    sidecar = LearningSidecar(world.target, "me", max_pending=2)
    assert sidecar.record(Task(task_id="t")).result(10).outcome == "recorded"
    assert sidecar.record(Task(task_id="t")).result(10).outcome == "duplicate"
    refused = sidecar.record(Task(latency_ms=-1)).result(10)
    assert refused.outcome == "refused" and refused.failure is not None
    assert (refused.failure.code, refused.failure.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert refused.failure.violations[0][0] == "task.latency_ms"
    assert len(warnings("task.latency_ms")) == 1
    for nonsense in (None, 3, {"no_such_field": 1}, {"latency_ms": "x"}):
        invalid: Any = nonsense
        assert sidecar.record(invalid).result(0).outcome == "refused"
    world.kill()
    pending = [sidecar.record({}) for _ in range(2)]
    assert [sidecar.record({}).result(0).outcome for _ in range(3)] == ["dropped"] * 3
    assert sidecar.dropped == 3
    assert len(warnings("tasks are dropped")) == 1
    start = time.monotonic()
    sidecar.close(timeout=0.1)
    assert time.monotonic() - start < 2
    assert [future.result(0).outcome for future in pending] == ["dropped"] * 2
    assert sidecar.record({}).result(0).outcome == "dropped"
    assert sidecar.dropped == 6


def test_a_task_names_its_client_and_the_time_it_ended(world: World) -> None:
    world.start()
    stamped = time.time()
    sidecar = LearningSidecar(world.target, "me")
    world.kill()
    future = sidecar.record(Task(task_id="t"))
    world.start()
    assert future.result(30).outcome == "recorded"
    assert sidecar.report_metrics(CoordinationMetrics(sub_agent_count=3, cpu_percent=40))
    assert world.status().metrics.client_id in ("", "me")
    assert world.status().metrics.observe_time.ToSeconds() >= int(stamped)
    sidecar.close()


def test_close_waits_for_tasks_on_their_way(world: World) -> None:
    world.start()
    sidecar = LearningSidecar(world.target, "me")
    futures = [sidecar.record({}) for _ in range(200)]
    sidecar.close()
    assert {future.result(0).outcome for future in futures} == {"recorded"}
    assert world.status().total_tasks_recorded == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, "TASK_STATUS_SUCCESS"),
        (ValueError(), "TASK_STATUS_FAILURE"),
        (TimeoutError(), "TASK_STATUS_TIMEOUT"),
        (asyncio.TimeoutError(), "TASK_STATUS_TIMEOUT"),
        (CancelledError(), "TASK_STATUS_CANCELLED"),
        (asyncio.CancelledError(), "TASK_STATUS_CANCELLED"),
        (KeyboardInterrupt(), "TASK_STATUS_CANCELLED"),
    ],
)
def test_how_a_block_ends_is_its_status(
    world: World, monkeypatch: pytest.MonkeyPatch, error: BaseException | None, status: str
) -> None:
    sidecar = LearningSidecar(world.target, "me", {"level": 4})
    sent: list[Any] = []
    monkeypatch.setattr(sidecar, "record", sent.append)
    try:
        with sidecar.task({"model": "m"}, agent_id="a", kind="code") as t:
            assert (t.parameters, t.labels) == ({"level": 4}, {"model": "m", "kind": "code"})
            t.measurements["cost"] = 0.25
            t.labels["step"] = "2"
            if error is not None:
                raise error
    except BaseException as raised:
        assert raised is error
    (task,) = (run.task() for run in sent)
    assert Task(status=status).status == task.status
    assert (task.agent_id, dict(task.measurements)) == ("a", {"cost": 0.25})
    assert dict(task.labels) == {"model": "m", "kind": "code", "step": "2"}
    assert 0 <= task.latency_ms < 5000 and task.task_id
    sidecar.close(0)


def test_a_block_says_more_than_its_end(world: World) -> None:
    world.start()
    with LearningSidecar(world.target, "me") as sidecar:
        with sidecar.task() as t:
            t.status = "TASK_STATUS_FAILURE"
        assert t.task().status == Task(status="TASK_STATUS_FAILURE").status
        until(lambda: world.status().total_tasks_recorded == 1)
        with sidecar.task() as t:
            t.measurements["cost"] = "much"  # type: ignore[assignment]
        assert world.status().total_tasks_recorded == 1


def test_the_token_is_read_again_and_waited_for(
    world: World, tmp_path: Path, warnings: Warnings
) -> None:
    client, admin, token = (tmp_path / name for name in ("client", "admin", "token"))
    for path, text in (
        (client, "the-token-of-clients"),
        (admin, "the-token-of-operators"),
        (token, "# mine\nwrong"),
    ):
        path.write_text(text)
        path.chmod(0o600)
    world.start(tokens={"client_file": str(client), "admin_file": str(admin)})
    with LearningSidecar(world.target, "me", token_file=str(token)) as sidecar:
        with pytest.raises(grpc.RpcError) as refused:
            sidecar.stub.GetStatus(messages.GetStatusRequest(), timeout=5)
        assert read_failure(refused.value).reason == "NO_TOKEN"
        pending = sidecar.record({"task_id": "t"})
        until(lambda: warnings("StreamDeltas") and warnings("RecordTask"))
        assert not pending.done()
        token.write_text("the-token-of-clients")
        assert pending.result(30).outcome == "recorded"
        until(lambda: "level" in sidecar.parameters)
        answer = sidecar.stub.GetStatus(messages.GetStatusRequest(), timeout=5)
        assert answer.total_tasks_recorded == 1
        assert len(warnings("StreamDeltas")) == len(warnings("RecordTask")) == 1


def test_what_would_be_tried_for_ever_is_told_at_once(tmp_path: Path) -> None:
    for target in ("", "localhost", "unix:", "http://localhost", "a b:1"):
        with pytest.raises(ValueError, match="target"):
            LearningSidecar(target, "me")
    with pytest.raises(ValueError, match="256 bytes"):
        LearningSidecar("localhost:1", "ä" * 129)
    with pytest.raises(FileNotFoundError):
        LearningSidecar("localhost:1", "me", token_file=str(tmp_path / "none"))
    (tmp_path / "empty").write_text("# nothing\n")
    with pytest.raises(ValueError, match="no token"):
        LearningSidecar("localhost:1", "me", token_file=str(tmp_path / "empty"))


def test_metrics_are_reported_again(world: World) -> None:
    world.start()
    answers = iter([{"sub_agent_count": 3}, RuntimeError("once")])

    def read() -> dict[str, Any]:
        answer: Any = next(answers, {"cpu_percent": 40.5, "queue": 7, "name": "x", "is": True})
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    with LearningSidecar(world.target, "me") as sidecar:
        stop = report_every(0.01, sidecar, read)
        until(lambda: world.status().metrics.cpu_percent == 40.5)
        assert dict(world.status().metrics.values) == {"queue": 7}
        stop()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_is_told_to_make_its_own(world: World) -> None:
    script = f"""
import os, sys
from learning_sidecar import LearningSidecar
sidecar = LearningSidecar({world.target!r}, "me", {{"level": 1}})
child = os.fork()
if child == 0:
    assert sidecar.record({{}}).result(0).outcome == "refused"
    assert sidecar.resolve().is_fallback
    sidecar.close()
    os._exit(7)
sys.exit(0 if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7 else 1)
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], timeout=30, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert "made in another process" in ended.stderr


def test_a_process_that_ends_without_close_still_sends(world: World) -> None:
    world.start()
    script = f"""
from learning_sidecar import LearningSidecar
sidecar = LearningSidecar({world.target!r}, "me")
sidecar.follow()
for number in range(50):
    sidecar.record({{"task_id": str(number)}})
"""
    subprocess.run([sys.executable, "-c", script], timeout=30, check=True)
    assert world.status().total_tasks_recorded == 50


def test_no_threads_are_left(world: World) -> None:
    world.start()

    def once() -> None:
        with LearningSidecar(world.target, "me") as sidecar:
            sidecar.record({}).result(10)
            until(lambda: "level" in sidecar.parameters)

    once()
    before = threading.active_count()
    for _ in range(10):
        once()
    until(lambda: threading.active_count() <= before)
