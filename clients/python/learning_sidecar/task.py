"""Tasks: one while it runs, and what has become of its report."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from .failure import Failure
from .live import Resolved
from .v1.learning_service_pb2 import RecordTaskRequest, RecordTaskResponse
from .v1.task_pb2 import Task

Labels = Mapping[str, str] | None

TIMEOUTS = (TimeoutError, asyncio.TimeoutError, concurrent.futures.TimeoutError)


@dataclass(frozen=True)
class Outcome:
    """What has become of a task."""

    outcome: str  # recorded, duplicate, refused, or dropped: not sent, and never will be
    failure: Failure | None = None  # of refused


def outcome_of(answer: RecordTaskResponse | None, failure: Failure | None) -> Outcome:
    """Of a task whose sending is over. What might have passed later is dropped."""
    if failure is not None:
        return Outcome("dropped") if failure.may_pass else Outcome("refused", failure)
    return Outcome("duplicate" if answer is not None and answer.duplicate else "recorded")


class TaskRun:
    """A task while it runs. What its block sets here is recorded when the block ends."""

    def __init__(
        self, resolved: Resolved, task_id: str, agent_id: str, labels: Mapping[str, str]
    ) -> None:
        self.task_id, self.agent_id = task_id, agent_id
        self.parameters = resolved.parameters  # to run the task with
        self.resolved = resolved
        self.labels = dict(labels)
        self.measurements: dict[str, float] = {}  # such as cost, or tokens
        # Set it where the end of the block does not tell, such as TASK_STATUS_FAILURE for an
        # answer that is wrong.
        self.status: str | None = None
        self._start = self._latency_ms = 0.0

    def __enter__(self) -> TaskRun:
        self._start = time.perf_counter()
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._latency_ms = (time.perf_counter() - self._start) * 1000
        self.status = self.status or status_of(error)

    def task(self) -> Task:
        return Task(
            task_id=self.task_id,
            agent_id=self.agent_id,
            status=self.status,
            latency_ms=self._latency_ms,
            labels=self.labels,
            measurements=self.measurements,
            delta_sequence=self.resolved.delta_sequence,
        )


# A finished task, also as a dict of the fields of `Task`.
Report = Task | TaskRun | Mapping[str, Any]


def status_of(error: BaseException | None) -> str:
    """By how a block has ended."""
    if error is None:
        return "TASK_STATUS_SUCCESS"
    if isinstance(error, TIMEOUTS):
        return "TASK_STATUS_TIMEOUT"
    if isinstance(error, concurrent.futures.CancelledError) or not isinstance(error, Exception):
        return "TASK_STATUS_CANCELLED"  # asyncio's cancellation and KeyboardInterrupt, too
    return "TASK_STATUS_FAILURE"


@contextmanager
def run_task(
    resolve: Callable[[str, dict[str, str]], Resolved],
    record: Callable[[TaskRun], object],
    labels: dict[str, str],
    agent_id: str,
) -> Iterator[TaskRun]:
    task_id = new_task_id()
    run = TaskRun(resolve(task_id, labels), task_id, agent_id, labels)
    try:
        with run:
            yield run
    finally:
        record(run)


@asynccontextmanager
async def run_task_aio(
    resolve: Callable[[str, dict[str, str]], Awaitable[Resolved]],
    record: Callable[[TaskRun], object],
    labels: dict[str, str],
    agent_id: str,
) -> AsyncIterator[TaskRun]:
    task_id = new_task_id()
    run = TaskRun(await resolve(task_id, labels), task_id, agent_id, labels)
    try:
        with run:
            yield run
    finally:
        record(run)


def request_of(task: Report, client_id: str) -> RecordTaskRequest:
    """It may be recorded much later than it finished, and sent more than once."""
    if isinstance(task, TaskRun):
        task = task.task()
    request = RecordTaskRequest(client_id=client_id)
    request.task.CopyFrom(Task(**task) if isinstance(task, Mapping) else task)
    request.task.task_id = request.task.task_id or new_task_id()
    if not request.task.HasField("finish_time"):
        request.task.finish_time.GetCurrentTime()
    return request


def new_task_id() -> str:
    return str(uuid.uuid4())


def labels_of(labels: Labels, more: Mapping[str, object]) -> dict[str, str]:
    return {**(labels or {}), **{name: str(value) for name, value in more.items()}}
