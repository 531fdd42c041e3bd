"""The client for programs on asyncio. Nothing here raises at what the network does."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import grpc

from .channel import ACK_SECONDS, BRIEF_SECONDS, SEND_SECONDS, open_aio_channel, pause
from .failure import Failure, OutageLog, read_failure
from .live import Change, LiveValues, Resolved, resolved_of
from .task import Labels, Outcome, Report, TaskRun, labels_of, outcome_of, request_of, run_task_aio
from .v1 import learning_service_pb2 as messages
from .v1.learning_service_pb2_grpc import LearningServiceStub
from .v1.task_pb2 import CoordinationMetrics

log = logging.getLogger("learning_sidecar")


class LearningSidecar:
    """To be made and used in one event loop."""

    def __init__(
        self,
        target: str,  # host:port or unix:/path
        client_id: str,  # names this orchestrator, and stays the same over restarts
        defaults: Mapping[str, Any] | None = None,  # until the sidecar has answered once
        # Called one at a time; may be a coroutine function.
        on_change: Callable[[Change], Awaitable[object] | object] = lambda change: None,
        *,
        credentials: grpc.ChannelCredentials | None = None,
        server_name: str | None = None,  # what the certificate is for, if not the target's host
        token_file: str | None = None,  # read again for each call
        max_pending: int = 1000,  # tasks that are not durable yet
    ) -> None:
        """Raises `ValueError`, or `OSError`, for what would be tried for ever."""
        self.channel = open_aio_channel(target, client_id, credentials, server_name, token_file)
        # Every call of the contract. These raise `grpc.RpcError`: see `read_failure`.
        self.stub: Any = LearningServiceStub(self.channel)  # type: ignore[no-untyped-call]
        self.dropped = 0  # tasks that are not sent, and never will be
        self._client_id, self._on_change, self._max_pending = client_id, on_change, max_pending
        self._live, self._outages = LiveValues(defaults), OutageLog()
        self._reader: asyncio.Task[None] | None = None
        self._recording, self._acknowledging = set[asyncio.Task[Any]](), set[asyncio.Task[Any]]()
        self._is_full = self._is_over = False

    async def __aenter__(self) -> LearningSidecar:
        self.follow()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The live values."""
        return self._live.known.parameters

    @property
    def sequence(self) -> int:
        """Of the newest message."""
        return self._live.known.delta_sequence

    def follow(self) -> None:
        """Keeps the values live from now on. More calls do nothing."""
        if self._reader is None and not self._is_over:
            self._reader = asyncio.get_running_loop().create_task(self._follow())

    async def resolve(self, task_id: str = "", labels: Labels = None) -> Resolved:
        """The values for a task; the last known where there is no answer within half a second."""
        ask: Any = dict(task_id=task_id, labels=labels, client_id=self._client_id)
        try:
            request = messages.ResolveParametersRequest(**ask)
            answer = await self.stub.ResolveParameters(request, timeout=BRIEF_SECONDS)
            self._outages.worked("ResolveParameters")
            return resolved_of(answer)
        except Exception as error:
            self._outages.refused("ResolveParameters", read_failure(error))
            return self._live.known

    def task(
        self, labels: Labels = None, *, agent_id: str = "", **more: object
    ) -> AbstractAsyncContextManager[TaskRun]:
        """Resolves the values for a task, times the block, and records how it has ended."""
        return run_task_aio(self.resolve, self.record, labels_of(labels, more), agent_id)

    def record(self, task: Report) -> asyncio.Future[Outcome]:
        """Sends a finished task until it is durable. Never waits, and the future never raises."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        try:
            request = request_of(task, self._client_id)
        except Exception as error:
            self._outages.refused("RecordTask", failure := read_failure(error))
            future.set_result(Outcome("refused", failure))
            return future
        is_taken = len(self._recording) < self._max_pending and not self._is_over
        is_told, self._is_full = self._is_full, not is_taken
        if is_taken:
            sending = self._start(self._recording, self._send("RecordTask", request))
            sending.add_done_callback(lambda sending: self._settle(future, sending))
            return future
        if not is_told:
            log.warning("tasks are dropped: %d are pending, or it is closed", len(self._recording))
        self.dropped += 1
        future.set_result(Outcome("dropped"))
        return future

    async def report_metrics(self, metrics: CoordinationMetrics) -> bool:
        """Tries once, for half a second: the next report makes up for one that is lost."""
        try:
            request = messages.ReportMetricsRequest(metrics=metrics)
            request.metrics.client_id = metrics.client_id or self._client_id
            await self.stub.ReportMetrics(request, timeout=BRIEF_SECONDS)
            self._outages.worked("ReportMetrics")
            return True
        except Exception as error:
            self._outages.refused("ReportMetrics", read_failure(error))
            return False

    async def close(self, timeout: float = 5.0) -> None:
        """Waits for pending tasks, `timeout` seconds at most, and ends everything."""
        if self._recording:
            await asyncio.wait(self._recording, timeout=timeout)
        self._is_over = True
        if self._recording:
            log.warning("closed with %d tasks that may not be recorded", len(self._recording))
        left = [*self._recording, *self._acknowledging]
        if self._reader not in (None, asyncio.current_task()):
            left.append(self._reader)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self.channel.close()

    async def _follow(self) -> None:
        request = messages.StreamDeltasRequest(client_id=self._client_id)
        while not self._is_over:
            try:
                async for message in self.stub.StreamDeltas(request):
                    await self._take(message)
                    self._outages.worked("StreamDeltas")
                failure = Failure("UNAVAILABLE", "the stream ended")
            except Exception as error:
                failure = read_failure(error)
            self._outages.failed("StreamDeltas", failure)
            await asyncio.sleep(pause())

    async def _take(self, message: messages.StreamDeltasResponse) -> None:
        change, refusal = self._live.read(message), None
        if change is None:
            return
        try:
            answer = self._on_change(change)
            if inspect.isawaitable(answer):
                await answer
        except Exception as error:
            log.warning("%s %d is refused: %r", change.source, change.sequence, error)
            refusal = error
        for ack in self._live.take(change, refusal, self._client_id):
            self._start(self._acknowledging, self._acknowledge(ack))

    async def _acknowledge(self, ack: messages.AckDeltaRequest) -> None:
        if ack.HasField("error"):
            await self._send("AckDelta", ack)
            return
        try:  # sent once: the next one makes up for it
            await self.stub.AckDelta(ack, timeout=ACK_SECONDS)
        except Exception as error:
            self._outages.refused("AckDelta", read_failure(error))

    async def _send(self, name: str, request: Any) -> tuple[Any, Failure | None]:
        """Calls until it is answered for good: the answer, or why there is none."""
        while True:
            try:
                call = getattr(self.stub, name)
                answer = await call(request, timeout=SEND_SECONDS, wait_for_ready=True)
                self._outages.worked(name)
                return answer, None
            except Exception as error:
                self._outages.refused(name, failure := read_failure(error))
                if not failure.may_pass:
                    return None, failure
            await asyncio.sleep(pause(failure))

    def _settle(self, future: asyncio.Future[Outcome], sending: asyncio.Task[Any]) -> None:
        dropped = Outcome("dropped")
        outcome = dropped if sending.cancelled() else outcome_of(*sending.result())
        self.dropped += outcome.outcome == "dropped"
        if not future.done():  # its caller may have cancelled it
            future.set_result(outcome)

    def _start(self, tasks: set[asyncio.Task[Any]], work: Any) -> asyncio.Task[Any]:
        tasks.add(task := asyncio.get_running_loop().create_task(work))
        task.add_done_callback(tasks.discard)
        return task
