"""The client for programs with threads. Nothing here raises at what the network does."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any

import grpc

from .channel import ACK_SECONDS, BRIEF_SECONDS, open_channel, pause
from .failure import Failure, OutageLog, read_failure
from .live import Change, LiveValues, Resolved, resolved_of
from .sending import Sending
from .task import Labels, Outcome, Report, TaskRun, labels_of, outcome_of, request_of, run_task
from .v1 import learning_service_pb2 as messages
from .v1.learning_service_pb2_grpc import LearningServiceStub
from .v1.task_pb2 import CoordinationMetrics

EXIT_SECONDS = 1.0  # a process that ends without `close` waits so long for its tasks

log = logging.getLogger("learning_sidecar")


class LearningSidecar:
    """Its methods may be called from any thread."""

    def __init__(
        self,
        target: str,  # host:port or unix:/path
        client_id: str,  # names this orchestrator, and stays the same over restarts
        defaults: Mapping[str, Any] | None = None,  # until the sidecar has answered once
        on_change: Callable[[Change], object] = lambda change: None,  # called one at a time
        *,
        credentials: grpc.ChannelCredentials | None = None,
        server_name: str | None = None,  # what the certificate is for, if not the target's host
        token_file: str | None = None,  # read again for each call
        max_pending: int = 1000,  # tasks that are not durable yet
    ) -> None:
        """Raises `ValueError`, or `OSError`, for what would be tried for ever."""
        self.channel = open_channel(target, client_id, credentials, server_name, token_file)
        self.dropped = 0  # tasks that are not sent, and never will be
        self._stub = LearningServiceStub(self.channel)  # type: ignore[no-untyped-call]
        self._client_id, self._on_change, self._max_pending = client_id, on_change, max_pending
        self._live, self._outages = LiveValues(defaults), OutageLog()
        self._process, self._over = os.getpid(), threading.Event()
        self._sending = Sending(self._stub, self._outages, self._over)
        self._changed = threading.Condition()  # guards what follows
        self._pending, self._is_full = 0, False
        self._thread: threading.Thread | None = None
        self._stream: Any = None
        atexit.register(self.close, EXIT_SECONDS)

    def __enter__(self) -> LearningSidecar:
        self.follow()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def stub(self) -> LearningServiceStub:
        """Every call of the contract. These raise `grpc.RpcError`: see `read_failure`."""
        if os.getpid() != self._process:  # a fork does not copy gRPC's threads
            raise RuntimeError("made in another process: make a LearningSidecar in each process")
        return self._stub

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
        with self._changed:
            if self._thread is None and not self._over.is_set():
                self._thread = threading.Thread(target=self._follow, daemon=True)
                self._thread.start()

    def resolve(self, task_id: str = "", labels: Labels = None) -> Resolved:
        """The values for a task; the last known where there is no answer within half a second."""
        ask: Any = dict(task_id=task_id, labels=labels, client_id=self._client_id)
        try:
            request = messages.ResolveParametersRequest(**ask)
            resolved = resolved_of(self.stub.ResolveParameters(request, timeout=BRIEF_SECONDS))
            self._outages.worked("ResolveParameters")
            return resolved
        except Exception as error:
            self._outages.refused("ResolveParameters", read_failure(error))
            return self._live.known

    def task(
        self, labels: Labels = None, *, agent_id: str = "", **more: object
    ) -> AbstractContextManager[TaskRun]:
        """Resolves the values for a task, times the block, and records how it has ended."""
        return run_task(self.resolve, self.record, labels_of(labels, more), agent_id)

    def record(self, task: Report) -> Future[Outcome]:
        """Sends a finished task until it is durable. Never blocks, and the future never raises."""
        future = Future[Outcome]()
        future.set_running_or_notify_cancel()

        def settle(answer: Any, failure: Failure | None) -> None:
            outcome = outcome_of(answer, failure)
            future.set_result(outcome)
            with self._changed:
                self._pending -= 1
                self.dropped += outcome.outcome == "dropped"
                self._changed.notify_all()

        try:
            request, _ = request_of(task, self._client_id), self.stub
        except Exception as error:
            self._outages.refused("RecordTask", failure := read_failure(error))
            future.set_result(Outcome("refused", failure))
            return future
        with self._changed:
            is_taken = self._pending < self._max_pending and not self._over.is_set()
            self._pending += is_taken
            self.dropped += not is_taken
            is_told, self._is_full = self._is_full, not is_taken
        if is_taken:
            self._sending.send("RecordTask", request, settle)
            return future
        if not is_told:
            log.warning("tasks are dropped: %d are pending, or it is closed", self._pending)
        future.set_result(Outcome("dropped"))
        return future

    def report_metrics(self, metrics: CoordinationMetrics) -> bool:
        """Tries once, for half a second: the next report makes up for one that is lost."""
        try:
            request = messages.ReportMetricsRequest(metrics=metrics)
            request.metrics.client_id = metrics.client_id or self._client_id
            self.stub.ReportMetrics(request, timeout=BRIEF_SECONDS)
            self._outages.worked("ReportMetrics")
            return True
        except Exception as error:
            self._outages.refused("ReportMetrics", read_failure(error))
            return False

    def close(self, timeout: float = 5.0) -> None:
        """Waits for pending tasks, `timeout` seconds at most, and ends everything."""
        atexit.unregister(self.close)
        if os.getpid() != self._process:
            return  # a fork copies no threads, and perhaps a lock that is held for ever
        with self._changed:
            self._changed.wait_for(lambda: self._pending == 0, timeout)
            self._over.set()
            if self._pending:
                log.warning("closed with %d tasks that may not be recorded", self._pending)
        if self._stream is not None:
            self._stream.cancel()
        self.channel.close()
        self._sending.send_waiting()  # on a closed channel: each is dropped
        with self._changed:
            self._changed.wait_for(lambda: self._pending == 0, EXIT_SECONDS)
        if self._thread not in (None, threading.current_thread()):
            self._thread.join(EXIT_SECONDS)

    def _follow(self) -> None:
        request = messages.StreamDeltasRequest(client_id=self._client_id)
        while not self._over.is_set():
            try:
                self._stream = self.stub.StreamDeltas(request)
                for message in self._stream:
                    self._take(message)
                    self._outages.worked("StreamDeltas")
                failure = Failure("UNAVAILABLE", "the stream ended")
            except Exception as error:
                failure = read_failure(error)
            if not self._over.is_set():
                self._outages.failed("StreamDeltas", failure)
            self._over.wait(pause())

    def _take(self, message: messages.StreamDeltasResponse) -> None:
        change, refusal = self._live.read(message), None
        if change is None:
            return
        try:
            self._on_change(change)
        except Exception as error:
            log.warning("%s %d is refused: %r", change.source, change.sequence, error)
            refusal = error
        for ack in self._live.take(change, refusal, self._client_id):
            if ack.HasField("error"):
                self._sending.send("AckDelta", ack, lambda *_: None)
            else:  # sent once: the next one makes up for it. gRPC cancels what nothing refers to
                self.stub.AckDelta.future(ack, ACK_SECONDS).add_done_callback(lambda _: None)
