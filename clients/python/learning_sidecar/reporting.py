"""Metrics that are reported again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from .client import LearningSidecar, log
from .v1.task_pb2 import CoordinationMetrics


def report_every(
    seconds: float, sidecar: LearningSidecar, read: Callable[[], Mapping[str, Any]]
) -> Callable[[], None]:
    """Reports what `read` answers now, and then once in `seconds`, from a thread of its own:
    `sub_agent_count`, `cpu_percent`, and other numbers for rules. Answers what ends it.
    """
    over = threading.Event()

    def report() -> None:
        while not over.is_set():
            try:
                sidecar.report_metrics(metrics_of(read()))
            except Exception:
                log.exception("there are no metrics to report")
            over.wait(seconds)

    threading.Thread(target=report, daemon=True).start()
    return over.set


def metrics_of(numbers: Mapping[str, Any]) -> CoordinationMetrics:
    values = dict(numbers)
    return CoordinationMetrics(
        sub_agent_count=values.pop("sub_agent_count", 0),
        cpu_percent=values.pop("cpu_percent", 0.0),
        values={name: number for name, number in values.items() if is_number(number)},
    )


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
