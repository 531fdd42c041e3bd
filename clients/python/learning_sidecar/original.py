"""The interface of the class that the sidecar descends from: its callers change one import."""

import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .client import LearningSidecar, log
from .live import pick
from .reporting import report_every
from .v1 import learning_service_pb2 as messages


class AutonomousLearningIntegration:
    def __init__(self, config_path: Any = None, target: str = "") -> None:
        self.config = json.loads(Path(config_path).read_bytes()) if config_path else {}
        self.cycle_interval = self.config.get("cycle", {}).get("interval_seconds", 30)
        target = target or os.environ.get("LEARNING_SIDECAR_TARGET", "127.0.0.1:50051")
        self.sidecar = LearningSidecar(target, "autonomous-learning")
        self.active, self.task_history, self._known = False, list[Any](), dict[str, Any]()
        self._provider: Any = dict

    def set_metrics_provider(self, provider: Any) -> None:
        self._provider = provider

    def set_context_manager(self, manager: Any) -> None:
        self.context_manager = manager

    def record_task(self, task: dict[str, Any]) -> None:
        now = datetime.now(timezone.utc).replace(tzinfo=None).isoformat()
        self.task_history = [*self.task_history[-99:], {**task, "recorded_at": now}]
        status = "SUCCESS" if task.get("status") == "success" else "FAILURE"
        self.sidecar.record({"latency_ms": task.get("latency"), "status": f"TASK_STATUS_{status}"})

    def start_learning(self) -> None:
        if self.active:
            log.warning("learning was started before")
            return
        self.active = True
        self.sidecar.follow()  # which runs the cycles, and needs metrics from here
        self._stop = report_every(self.cycle_interval, self.sidecar, lambda: self._provider())

    def stop_learning(self) -> None:
        if self.active:
            self._stop()
        self.active = False

    def get_status(self) -> dict[str, Any]:
        now, keys = self._ask("GetStatus"), "total_deltas_proposed total_deltas_applied"
        return {
            **pick(now, f"{keys} total_evaluations total_cycles recommended_deltas"),
            "active": self.active and now.active,
            "cycle_interval_seconds": int(now.cycle_interval_seconds or self.cycle_interval),
            "total_tasks_recorded": now.tasks_in_history,
            "config_version": now.config_version or "unknown",
        }

    def get_learning_history(self, limit: int = 10) -> list[dict[str, Any]]:
        keys = "cycle_id deltas_proposed deltas_applied total_deltas_history total_evaluations"
        cycles = self._ask("ListCycles", page_size=limit).cycles[:limit][::-1]
        times = [{"timestamp": cycle.start_time.ToDatetime().isoformat()} for cycle in cycles]
        return [{**pick(cycle, keys), **time} for cycle, time in zip(cycles, times, strict=True)]

    def get_delta_status(self) -> dict[str, Any]:
        now, types = self._ask("GetDeltaStatus"), "coordination resource metric strategy"
        counts = pick(now, "total_proposed total_applied pending_or_rejected")
        return {**counts, "by_type": {name: now.by_type.get(name, 0) for name in types.split()}}

    learning_cycles = property(lambda me: me.get_learning_history(1000))
    delta_history = property(lambda me: me._ask("ListDeltas", page_size=1000).deltas[::-1])
    evaluation_history = property(lambda me: [d.evaluation for d in me.delta_history if d.rule_id])

    def _ask(self, call: str, **fields: Any) -> Any:
        try:
            request = getattr(messages, f"{call}Request")(**fields)
            self._known[call] = getattr(self.sidecar.stub, call)(request, timeout=0.5)
        except Exception as error:  # the sidecar is away: what was known
            log.debug("%s: %r", call, error)
        return self._known.get(call, getattr(messages, f"{call}Response")())
