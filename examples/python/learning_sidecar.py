"""An orchestrator's learning sidecar: follows its deltas over restarts and outages, keeps the last
settings while it is away, and records tasks until they are durable. Nothing here raises at what
the sidecar or the network does. One file, to be lifted out, with the code generated from proto/.
"""

from __future__ import annotations

import atexit
import logging
import os
import random
import re
import threading
import time
import uuid
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from learning.v1 import delta_pb2, task_pb2
from learning.v1 import learning_service_pb2 as messages
from learning.v1.learning_service_pb2_grpc import LearningServiceStub

log = logging.getLogger("learning_sidecar")

CALL_SECONDS = 5.0  # what is not answered within this long is sent again
BRIEF_SECONDS = 0.5  # a caller does not wait longer for settings, or to report metrics
EXIT_SECONDS = 1.0  # a process that ends without `close` waits so long for its tasks
BACKOFF_SECONDS, BACKOFF_CAP_SECONDS = 0.2, 1.0
RETRY_CAP_SECONDS = 60.0  # whatever the sidecar asks for
INTERNAL_LIMIT = 10  # calls in a row that fail within the library, before a request is given up
CLIENT_ID_BYTES = 256  # as many as the sidecar takes
RECORD_WORKERS = 16  # tasks being recorded at once
QUEUE_LIMIT = 10_000  # tasks that wait for a sidecar that is away
HOST_AND_PORT = re.compile(r"((dns|ipv4|ipv6):(//[^/]*/)?)?[^\s/]+:(?P<port>[0-9]{1,5})")
CHANNEL_OPTIONS: list[tuple[str, Any]] = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # Finds out that a host has gone. Servers may refuse more frequent pings.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_http_proxy", 0),
]


@dataclass(eq=False)
class Failure(Exception):
    """Why a call failed, with all that the sidecar said of it."""

    code: str
    message: str
    reason: str = ""  # such as INVALID_FIELD; empty: the sidecar itself did not answer
    domain: str = ""
    violations: tuple[tuple[str, str], ...] = ()  # field, description
    retry_seconds: float | None = None

    @property
    def may_pass(self) -> bool:
        """Trying again may help. What the library says of a broken connection has no reason."""
        if self.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
            return True
        return self.code in ("INTERNAL", "UNKNOWN", "CANCELLED", "ABORTED") and not self.reason

    @property
    def may_wait(self) -> bool:
        """What is queued can wait for it to pass. So it can for a token that is being exchanged."""
        return self.may_pass or self.code == "UNAUTHENTICATED"


class DeltaRefusal(Exception):
    """Raised by on_change to say why a delta is refused. Any other exception refuses it as well."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Change:
    """New settings to be put in force."""

    source: str  # defaults (the sidecar has not answered yet), snapshot or delta
    parameters: Mapping[str, Any]  # all settings, as they are after it
    epoch: str = ""
    sequence: int = 0  # the newest delta in them
    outcome: str | None = None  # why there is a snapshot: SNAPSHOT_OUTCOME_…
    delta: delta_pb2.Delta | None = None


@dataclass(frozen=True)
class Resolved:
    """Settings for a task."""

    parameters: Mapping[str, Any]
    delta_sequence: int  # to be sent back in the task
    arm: str  # of the change that is being proven: ARM_OLD, ARM_NEW, ARM_UNSPECIFIED
    fallback: bool  # the sidecar did not answer in time: these are the last that it told


class LearningSidecar:
    def __init__(
        self,
        target: str,  # host:port or unix:/path
        client_id: str,  # names this orchestrator, and stays the same over restarts
        defaults: Mapping[str, Any] | None = None,  # until the sidecar has answered once
        on_change: Callable[[Change], None] = lambda change: None,  # called in a thread of its own
        on_disconnected: Callable[[Failure], None] = lambda failure: None,  # once an outage
        credentials: grpc.ChannelCredentials | None = None,
        server_name: str | None = None,  # what the certificate is for, if not the target's host
        token_file: str | None = None,  # read again for each call
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        """Raises `ValueError`, or `OSError`, for what would be refused for ever."""
        check_target(target)
        check_client_id(client_id)
        if queue_limit < 1:
            raise ValueError(f"queue_limit: expected at least 1, found {queue_limit}")
        options = CHANNEL_OPTIONS.copy()
        if server_name is not None:
            options.append(("grpc.ssl_target_name_override", server_name))
        if credentials is None:
            self.channel = grpc.insecure_channel(target, options)
        else:
            self.channel = grpc.secure_channel(target, credentials, options)
        self.stub = LearningServiceStub(self.channel)
        self.dropped = 0
        self._client_id = client_id
        self._on_change = on_change
        self._on_disconnected = on_disconnected
        self._token_file = token_file
        self._token = "" if token_file is None else read_token(token_file)
        self._queue_limit = queue_limit
        self._known: tuple[Mapping[str, Any], int] = (dict(defaults or {}), 0)  # values, sequence
        self._place: tuple[str, int] | None = None  # to resume from: epoch, sequence
        self._stream: Any = None
        self._delays = backoff()
        self._told: dict[str, set[tuple[str, str]]] = {}  # failures, by call, until it works again
        self._over = threading.Event()
        self._following = False
        self._process = os.getpid()
        self._changed = threading.Condition()  # guards the queue, and is not held for callbacks
        self._queue: deque[tuple[task_pb2.Task, Future[bool]]] = deque()
        self._sending = 0
        self._dropped: SimpleQueue[Future[bool] | None] = SimpleQueue()  # still to be told
        self._dropped_told, self._is_overflow_told = 0, False
        self._acks: SimpleQueue[messages.AckDeltaRequest | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._record_tasks, daemon=True) for _ in range(RECORD_WORKERS)
        ]
        self._threads.append(threading.Thread(target=self._settle_dropped, daemon=True))
        for thread in self._threads:
            thread.start()
        not_closed.add(self)

    def __enter__(self) -> LearningSidecar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The settings in force."""
        return self._known[0]

    def follow(self) -> None:
        """Puts the defaults in force, then whatever the sidecar says, until `close`.
        Once is enough: more calls do nothing.
        """
        self._check_process()
        with self._changed:
            if self._following or self._over.is_set():
                return
            self._following = True
            for target in (self._follow, self._acknowledge):
                self._threads.append(threading.Thread(target=target, daemon=True))
                self._threads[-1].start()

    def resolve(self, task_id: str = "", labels: Mapping[str, str] | None = None) -> Resolved:
        """The settings for a task, or the last known where the sidecar does not answer in time."""
        self._check_process()
        request = messages.ResolveParametersRequest(
            task_id=task_id, labels=labels, client_id=self._client_id
        )
        try:
            answer = self._call(self.stub.ResolveParameters, request, BRIEF_SECONDS)
            arm = name_of(messages.Arm, answer.arm)
            return Resolved(plain(answer.parameters), answer.delta_sequence, arm, fallback=False)
        except Exception as error:  # such as an answer with NaN, which JSON does not have
            failure = error if isinstance(error, Failure) else Failure("DATA_LOSS", repr(error))
            if not failure.may_pass:
                self._warn_once(request, failure)
            return Resolved(*self._known, "ARM_UNSPECIFIED", fallback=True)

    def record(self, task: task_pb2.Task) -> Future[bool]:
        """Records a finished task: sends it until it is durable. Nobody has to wait for that, and
        for whether it had been recorded before, or a `Failure` where it was refused or dropped.
        """
        self._check_process()
        sent, future = task_pb2.Task(), Future[bool]()
        sent.CopyFrom(task)
        # It may be recorded much later than it finished, and sent more than once.
        sent.task_id = sent.task_id or str(uuid.uuid4())
        sent.client_id = sent.client_id or self._client_id
        if not sent.HasField("finish_time"):
            sent.finish_time.GetCurrentTime()
        future.set_running_or_notify_cancel()
        with self._changed:
            if not self._over.is_set():
                self._queue.append((sent, future))
                self._drop(self._queue_limit)
                self._changed.notify_all()
                return future
        log.warning("task %s is dropped: it came after close", sent.task_id)
        future.set_exception(Failure("CANCELLED", "closed"))  # nobody has added a callback yet
        return future

    def report_metrics(self, metrics: task_pb2.CoordinationMetrics) -> bool:
        """Reports coordination metrics, for half a second at most. It is tried once: where a report
        is lost, the next one makes up for it. They are this client's, unless they name another.
        """
        self._check_process()
        request = messages.ReportMetricsRequest(metrics=metrics)
        request.metrics.client_id = metrics.client_id or self._client_id
        try:
            self._call(self.stub.ReportMetrics, request, BRIEF_SECONDS)
        except Failure as failure:
            if not failure.may_pass:
                self._warn_once(request, failure)
            return False
        return True

    def close(self, timeout: float = 5.0) -> None:
        """Waits for tasks on their way, so long, and ends everything. Callbacks may call it."""
        if os.getpid() != self._process:
            return  # a fork copies no threads, and perhaps a lock that is held for ever
        with self._changed:
            self._changed.wait_for(lambda: not self._queue and not self._sending, timeout)
            self._over.set()
            self._drop(0)
            self._changed.notify_all()
        try:
            self._acks.put(None)
            self._dropped.put(None)
            if self._stream is not None:
                self._stream.cancel()
            self._join(0.1)  # for answers that are on their way
        finally:
            self.channel.close()
        self._join(0.5)
        not_closed.discard(self)
        self._tell_dropped()

    def metadata(self) -> list[tuple[str, str]]:
        """Says who is calling, for calls through `stub` or `channel`."""
        if self._token_file is None:
            return []
        try:
            self._token = read_token(self._token_file)
        except (OSError, ValueError) as error:
            # Just being written, or gone: the sidecar says whether the last one still holds.
            log.warning("no token in %s: %r", self._token_file, error)
        return [("authorization", f"Bearer {self._token}")]

    def _follow(self) -> None:
        self._put_in_force(Change("defaults", self.parameters))
        while not self._over.is_set():
            failure = Failure("INTERNAL", "")
            try:
                failure = self._read_stream()
            except Exception:
                if not self._over.is_set():
                    log.exception("starting over with a snapshot")
                self._place = None
            self._over.wait(max(next(self._delays), failure.retry_seconds or 0))

    def _read_stream(self) -> Failure:
        request = messages.StreamDeltasRequest(client_id=self._client_id)
        if self._place is not None:
            request.epoch, request.after_sequence = self._place
        self._stream = self.stub.StreamDeltas(request, metadata=self.metadata())
        try:
            for message in self._stream:
                self._take(message)
                self._delays = backoff()
                self._forget_failures(request)
            failure = Failure("OK", "the stream ended")
        except grpc.RpcError as error:
            failure = read_failure(error)
            if failure.code == "OUT_OF_RANGE":
                self._place = None  # the ledger is not so far: it was restored from a copy
        finally:
            self._stream.cancel()
        if not self._over.is_set() and self._warn_once(request, failure):
            run_callback(self._on_disconnected, failure)
        return failure

    def _take(self, message: messages.StreamDeltasResponse) -> None:
        place, kind = (message.epoch, message.sequence), message.WhichOneof("event")
        if kind == "snapshot":
            outcome = name_of(messages.SnapshotOutcome, message.snapshot.outcome)
            self._put_in_force(Change(kind, plain(message.snapshot.parameters), *place, outcome))
        elif self._place is None:
            if kind == "delta":
                raise RuntimeError(f"{place} came before a snapshot")
            return
        else:
            epoch, sequence = self._place
            is_next = kind != "delta" or message.sequence == sequence + 1
            if message.epoch == epoch and message.sequence <= sequence:
                return
            if message.epoch != epoch or not is_next:
                raise RuntimeError(f"{place} came after {self._place}")
        if kind == "delta":
            delta = message.delta
            values = dict(self.parameters)
            values.pop(delta.target, None)
            if delta.HasField("new_value"):
                values[delta.target] = json_format.MessageToDict(delta.new_value)
            error = self._put_in_force(Change(kind, values, *place, delta=delta))
            acknowledgement = messages.AckDeltaRequest(
                client_id=self._client_id, epoch=message.epoch, delta_id=delta.delta_id, error=error
            )
            self._acks.put(acknowledgement)
        self._place = place
        self._known = (self.parameters, message.sequence)

    def _put_in_force(self, change: Change) -> messages.AckError | None:
        """Answers why not, where the orchestrator refuses it."""
        try:
            self._on_change(change)
        except Exception as error:
            # There is nothing to go back to from a snapshot, or from what a revert restores.
            if change.delta is not None and not change.delta.reverts_delta_id:
                reason = error.reason if isinstance(error, DeltaRefusal) else "NOT_PUT_IN_FORCE"
                return messages.AckError(reason=clip(reason, 256), message=clip(str(error), 1024))
            log.exception("%s %d could not be put in force", change.source, change.sequence)
        self._known = (change.parameters, change.sequence)
        return None

    def _acknowledge(self) -> None:
        while (request := self._acks.get()) is not None:
            try:
                self._call_with_retry(self.stub.AckDelta, request)
            except Failure as failure:
                # Another ledger has no use for it: what it wants is said by its snapshot.
                if failure.reason != "EPOCH_CHANGED" and not self._over.is_set():
                    log.warning("delta %s was not acknowledged: %r", request.delta_id, failure)

    def _record_tasks(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._over.is_set())
                if self._over.is_set():
                    return
                task, future = self._queue.popleft()
                self._sending += 1
            result: bool | Exception
            try:
                request = messages.RecordTaskRequest(task=task)
                result = self._call_with_retry(self.stub.RecordTask, request).duplicate
            except Exception as error:  # whatever it is, the others are recorded
                result = error
            at_the_end = self._over.is_set() and isinstance(result, Failure) and result.may_wait
            if isinstance(result, Exception) and not at_the_end:
                log.warning("task %s was refused: %r", task.task_id, result)
            with self._changed:
                self._sending -= 1
                self.dropped += at_the_end
                self._changed.notify_all()
                is_drained = not self._queue and isinstance(result, bool)
            if is_drained:
                self._tell_dropped()
            settle(future, result)

    def _drop(self, limit: int) -> None:
        """Leaves it to another thread to settle them: that runs callbacks, without the lock."""
        while len(self._queue) > limit:
            self.dropped += 1
            self._dropped.put(self._queue.popleft()[1])

    def _settle_dropped(self) -> None:
        while (future := self._dropped.get()) is not None:
            if not self._is_overflow_told and not self._over.is_set():
                self._is_overflow_told = True
                log.warning("dropping the oldest tasks: more than %d wait", self._queue_limit)
            settle(future, Failure("CANCELLED", "dropped"))

    def _tell_dropped(self) -> None:
        """Says how many, after an outage and at the end."""
        with self._changed:
            count, self._dropped_told = self.dropped - self._dropped_told, self.dropped
            self._is_overflow_told = False
        if count > 0:
            log.warning("tasks dropped: %d", count)

    def _call_with_retry(self, method: Callable[..., Any], request: Any) -> Any:
        """Calls until it is answered for good. What the request names makes that safe."""
        delays, internal = backoff(), 0
        while True:
            try:
                return self._call(method, request)
            except Failure as failure:
                internal = internal + 1 if failure.code == "INTERNAL" else 0
                if not failure.may_wait or internal >= INTERNAL_LIMIT or self._over.is_set():
                    raise
                if not (failure.may_pass and self._following):  # there the stream tells it
                    self._warn_once(request, failure)
                self._over.wait(max(next(delays), failure.retry_seconds or 0))

    def _call(self, method: Callable[..., Any], request: Any, timeout: float = CALL_SECONDS) -> Any:
        if self._over.is_set():
            raise Failure("CANCELLED", "closed")
        try:
            answer = method(request, timeout=timeout, metadata=self.metadata())
            self._forget_failures(request)
            return answer
        except grpc.RpcError as error:
            raise read_failure(error) from None
        except Exception as error:
            # The library raises more where it is closed, or cannot make a call of what it is given.
            code = "CANCELLED" if self._over.is_set() else "INTERNAL"
            raise Failure(code, repr(error)) from error

    def _warn_once(self, request: Any, failure: Failure) -> bool:
        """Whether it is the first failure of its kind since a call like this one has worked."""
        call, kind = call_of(request), (failure.code, failure.reason)
        with self._changed:
            told = self._told.setdefault(call, set())
            is_first = kind not in told
            told.add(kind)
        if is_first:
            why = f"{failure.code} {failure.reason}".strip()
            log.warning("%s fails (told once an outage): %s: %s", call, why, failure.message)
        return is_first

    def _forget_failures(self, request: Any) -> None:
        self._told.pop(call_of(request), None)

    def _join(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0, end - time.monotonic()))

    def _check_process(self) -> None:
        if os.getpid() != self._process:  # a fork does not copy the threads
            raise RuntimeError("made in another process: make a LearningSidecar in each process")


not_closed: weakref.WeakSet[LearningSidecar] = weakref.WeakSet()


@atexit.register
def close_all() -> None:
    """Where the process ends without `close`: queued tasks would be lost without a word."""
    for sidecar in list(not_closed):
        sidecar.close(EXIT_SECONDS)


def call_of(request: Any) -> str:
    return type(request).__name__.removesuffix("Request")


def run_callback(callback: Callable[..., None], *arguments: Any) -> None:
    """Whatever it raises, the thread goes on."""
    try:
        callback(*arguments)
    except BaseException:
        log.exception("a callback failed")


def settle(future: Future[bool], result: bool | Exception) -> None:
    if isinstance(result, Exception):
        run_callback(future.set_exception, result)
    else:
        run_callback(future.set_result, result)


def check_target(target: str) -> None:
    """gRPC would try for ever what cannot be an address."""
    if isinstance(target, str) and target.startswith("unix:"):
        is_address = target.removeprefix("unix:").strip("/ ") != ""
    else:
        found = HOST_AND_PORT.fullmatch(str(target))
        is_address = found is not None and 0 < int(found["port"]) < 65536
    if not is_address:
        raise ValueError(f"target: expected host:port or unix:/path, found {target!r}")


def check_client_id(client_id: str) -> None:
    try:
        size = len(client_id.encode())
    except (AttributeError, UnicodeEncodeError) as error:
        raise ValueError(f"client_id: expected a text of Unicode characters: {error}") from None
    if size > CLIENT_ID_BYTES:
        raise ValueError(f"client_id: expected at most {CLIENT_ID_BYTES} bytes, found {size}")


def read_token(path: str) -> str:
    """The first line that is none of a comment."""
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    token = next((line for line in lines if line and line[0] != "#"), "")
    if not (token and token.isascii() and token.isprintable()):
        raise ValueError(f"no token in {path}")
    return token


def backoff() -> Iterator[float]:
    """Delays that double up to a cap, each shortened at random, so that clients spread."""
    delay = BACKOFF_SECONDS
    while True:
        yield random.uniform(0, delay)
        delay = min(delay * 2, BACKOFF_CAP_SECONDS)


def read_failure(error: Any) -> Failure:
    """What a call has failed with."""
    trailers = dict(error.trailing_metadata() or ())
    failure = Failure(error.code().name, error.details() or "")
    info, request, retry = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.BadRequest(),
        error_details_pb2.RetryInfo(),
    )
    try:
        status = status_pb2.Status.FromString(trailers.get("grpc-status-details-bin", b""))
        for detail in status.details:
            if detail.Unpack(info):
                failure.reason, failure.domain = info.reason, info.domain
            elif detail.Unpack(request):
                fields = ((field.field, field.description) for field in request.field_violations)
                failure.violations = tuple(fields)
            elif detail.Unpack(retry):
                seconds = retry.retry_delay.ToMicroseconds() / 1e6
                failure.retry_seconds = min(max(seconds, 0.0), RETRY_CAP_SECONDS)
    except DecodeError as undecodable:
        log.warning("details that cannot be read: %s", undecodable)
    return failure


def plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON has them."""
    return {name: json_format.MessageToDict(value) for name, value in parameters.items()}


def name_of(enum: Any, number: int) -> str:
    """A later sidecar may know more names."""
    return enum.Name(number) if number in enum.values() else str(number)


def clip(text: str, size: int) -> str:
    """As many whole characters as fit."""
    return text.encode()[:size].decode(errors="ignore")
