"""The original's interface: each key with its type, from a real sidecar and without one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import World, until

from learning_sidecar.original import AutonomousLearningIntegration
from learning_sidecar.v1 import admin_service_pb2 as admin

STATUS = {
    "active": bool,
    "cycle_interval_seconds": int,
    "total_tasks_recorded": int,
    "total_deltas_proposed": int,
    "total_deltas_applied": int,
    "total_evaluations": int,
    "total_cycles": int,
    "recommended_deltas": int,
    "config_version": str,
}
CYCLE = {
    "cycle_id": str,
    "timestamp": str,
    "deltas_proposed": int,
    "deltas_applied": int,
    "total_deltas_history": int,
    "total_evaluations": int,
}
DELTAS = {"total_proposed": int, "total_applied": int, "pending_or_rejected": int, "by_type": dict}
TYPES = dict.fromkeys(("coordination", "resource", "metric", "strategy"), int)


def types_of(answer: dict[str, Any]) -> dict[str, type]:
    return {key: type(value) for key, value in answer.items()}


@pytest.fixture
def learning(world: World, tmp_path: Path) -> Iterator[AutonomousLearningIntegration]:
    path = tmp_path / "learning.json"
    path.write_text(json.dumps({"version": "2026.1", "cycle": {"interval_seconds": 20}}))
    learning = AutonomousLearningIntegration(config_path=path, target=world.target)
    yield learning
    learning.stop_learning()
    learning.sidecar.close(0)


def test_a_life_with_a_sidecar(world: World, learning: AutonomousLearningIntegration) -> None:
    world.start(curation={"mode": "apply"}, version="7.1")
    learning.set_context_manager(object())
    learning.set_metrics_provider(lambda: {"sub_agent_count": 12, "cpu_percent": 90.5})
    assert learning.get_status()["active"] is False
    learning.start_learning()
    for number in range(40):
        status = "success" if number % 2 else "error"
        assert learning.record_task({"latency": 500, "status": status, "more": "kept"}) is None
    until(lambda: world.status().tasks_in_history == 40)
    until(lambda: world.status().metrics.sub_agent_count == 12)
    for _ in range(2):
        world.admin.RunCycle(admin.RunCycleRequest(), timeout=10)

    status = learning.get_status()
    assert types_of(status) == STATUS
    assert (status["cycle_interval_seconds"], status["config_version"]) == (30, "7.1")
    assert (status["total_tasks_recorded"], status["total_cycles"]) == (40, 2)
    assert (status["total_deltas_proposed"], status["recommended_deltas"]) == (3, 3)
    assert (status["total_deltas_applied"], status["total_evaluations"]) == (3, 3)

    history = learning.get_learning_history()
    assert [types_of(cycle) for cycle in history] == [CYCLE, CYCLE]
    assert [cycle["deltas_proposed"] for cycle in history] == [3, 0]
    times = [datetime.fromisoformat(cycle["timestamp"]) for cycle in history]
    assert times[0] <= times[1] and times[0].tzinfo is None
    assert abs((times[0] - datetime.now(timezone.utc).replace(tzinfo=None)).total_seconds()) < 60
    assert learning.get_learning_history(limit=1) == history[1:]
    assert learning.learning_cycles == history

    deltas = learning.get_delta_status()
    assert (types_of(deltas), types_of(deltas["by_type"])) == (DELTAS, TYPES)
    assert (deltas["total_proposed"], deltas["total_applied"]) == (3, 3)
    assert deltas["by_type"] == {"coordination": 1, "resource": 1, "metric": 0, "strategy": 1}

    assert [delta.rule_id for delta in learning.delta_history] == [
        "coordination",
        "fallback",
        "cpu",
    ]
    assert [one.recommended for one in learning.evaluation_history] == [True] * 3
    until(lambda: learning.sidecar.parameters.get("max_cpu_per_agent", 100) < 100)

    world.kill()  # what was known stays
    assert learning.get_status() == status
    assert learning.get_learning_history() == history
    assert learning.get_delta_status() == deltas


def test_without_a_sidecar(learning: AutonomousLearningIntegration) -> None:
    assert learning.config["version"] == "2026.1"
    assert (learning.cycle_interval, learning.active) == (20, False)
    learning.start_learning()
    assert learning.active is True
    status = learning.get_status()
    assert types_of(status) == STATUS
    assert (status["cycle_interval_seconds"], status["config_version"]) == (20, "unknown")
    assert status["total_tasks_recorded"] == 0
    deltas = learning.get_delta_status()
    assert (types_of(deltas), types_of(deltas["by_type"])) == (DELTAS, TYPES)
    assert learning.get_learning_history() == learning.learning_cycles == []
    assert list(learning.delta_history) == learning.evaluation_history == []
    learning.stop_learning()
    assert learning.active is False


def test_the_newest_tasks_are_kept(learning: AutonomousLearningIntegration) -> None:
    task = {"latency": 5, "status": "success"}
    for number in range(120):
        learning.record_task({**task, "number": number})
    assert [kept["number"] for kept in learning.task_history] == list(range(20, 120))
    assert datetime.fromisoformat(learning.task_history[0]["recorded_at"]).tzinfo is None
    assert "recorded_at" not in task


@pytest.mark.parametrize("task", [{}, {"latency": None}, {"latency": "much"}, {"status": 3}])
def test_odd_tasks_do_not_raise(learning: AutonomousLearningIntegration, task: Any) -> None:
    learning.record_task(task)


def test_a_second_start_only_warns(
    learning: AutonomousLearningIntegration, warnings: Callable[[str], list[str]]
) -> None:
    learning.start_learning()
    learning.start_learning()
    assert len(warnings("started before")) == 1
    learning.stop_learning()
    learning.stop_learning()
    learning.start_learning()
    assert learning.active is True


def test_the_environment_names_the_sidecar(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.start()
    monkeypatch.setenv("LEARNING_SIDECAR_TARGET", world.target)
    learning = AutonomousLearningIntegration()
    learning.record_task({"latency": 1, "status": "success"})
    until(lambda: world.status().total_tasks_recorded == 1)
    learning.sidecar.close()
