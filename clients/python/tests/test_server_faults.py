"""The client against a server that does what a sidecar seldom does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from conftest import until
from google.rpc import error_details_pb2, status_pb2

from learning_sidecar import Change, LearningSidecar
from learning_sidecar.v1 import learning_service_pb2 as messages
from learning_sidecar.v1 import learning_service_pb2_grpc

Warnings = Callable[[str], list[str]]


def details_of(reason: str) -> tuple[str, bytes]:
    status = status_pb2.Status()
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain="learning.v1"))
    return ("grpc-status-details-bin", status.SerializeToString())


class Server(learning_service_pb2_grpc.LearningServiceServicer):
    """Fails each call as it is told to, then answers."""

    def __init__(self) -> None:
        self.failures: list[tuple[grpc.StatusCode, list[tuple[str, Any]]]] = []
        self.requests: list[Any] = []
        self.stream: list[messages.StreamDeltasResponse] = []
        self.delay_seconds = 0.0
        self.server = grpc.server(ThreadPoolExecutor(8))
        learning_service_pb2_grpc.add_LearningServiceServicer_to_server(self, self.server)
        self.target = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def answer(self, request: Any, context: grpc.ServicerContext, answer: Any) -> Any:
        self.requests.append(request)
        time.sleep(self.delay_seconds)
        if self.failures:
            code, trailers = self.failures.pop(0)
            context.set_trailing_metadata(tuple(trailers))
            context.abort(code, "as it was told")
        return answer

    def RecordTask(self, request: Any, context: Any) -> Any:
        return self.answer(request, context, messages.RecordTaskResponse())

    def ResolveParameters(self, request: Any, context: Any) -> Any:
        answer = messages.ResolveParametersResponse(delta_sequence=5, arm=77)
        answer.parameters["a"].number_value = float("nan")
        return self.answer(request, context, answer)

    def AckDelta(self, request: Any, context: Any) -> Any:
        return self.answer(request, context, messages.AckDeltaResponse())

    def StreamDeltas(self, request: Any, context: Any) -> Any:
        assert not request.HasField("after_sequence") and not request.epoch
        yield from self.stream
        until(lambda: not context.is_active())


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.server.stop(0)


def test_a_task_outlasts_more_failures_than_grpc_retries(server: Server) -> None:
    pushback = [("grpc-retry-pushback-ms", "1"), details_of("OVERLOADED")]
    server.failures = [
        *[(grpc.StatusCode.UNAVAILABLE, pushback)] * 7,
        (grpc.StatusCode.UNKNOWN, []),
        (grpc.StatusCode.INTERNAL, []),
        (grpc.StatusCode.UNAUTHENTICATED, [details_of("NO_TOKEN")]),
        (grpc.StatusCode.UNAVAILABLE, [("grpc-status-details-bin", b"\xff none")]),
    ]
    with LearningSidecar(server.target, "me") as sidecar:
        assert sidecar.record({}).result(30).outcome == "recorded"
    assert len(server.requests) == 12
    assert len({request.task.task_id for request in server.requests}) == 1
    assert server.requests[0].task.task_id
    assert {request.client_id for request in server.requests} == {"me"}
    times = {request.task.finish_time.ToNanoseconds() for request in server.requests}
    assert len(times) == 1 and time.time_ns() - times.pop() < 60e9


@pytest.mark.parametrize(
    ("code", "trailers"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, []),
        (grpc.StatusCode.UNIMPLEMENTED, []),
        (grpc.StatusCode.PERMISSION_DENIED, [details_of("NOT_ALLOWED")]),
        (grpc.StatusCode.INTERNAL, [details_of("INTERNAL")]),
    ],
)
def test_what_will_not_pass_is_refused(
    server: Server, warnings: Warnings, code: grpc.StatusCode, trailers: list[tuple[str, Any]]
) -> None:
    server.failures = [(code, trailers)]
    sidecar = LearningSidecar(server.target, "me")
    settled = sidecar.record({}).result(10)
    assert settled.outcome == "refused" and settled.failure is not None
    assert settled.failure.code == code.name
    assert len(server.requests) == len(warnings("RecordTask")) == 1
    sidecar.close()


def test_values_of_a_later_or_strange_sidecar(server: Server) -> None:
    sidecar = LearningSidecar(server.target, "me")
    resolved = sidecar.resolve("t", {"kind": "code"})
    assert (resolved.arm, resolved.delta_sequence, resolved.is_fallback) == ("77", 5, False)
    assert resolved.parameters["a"] != resolved.parameters["a"]
    server.delay_seconds = 2
    start = time.monotonic()
    assert sidecar.resolve("t").is_fallback
    assert time.monotonic() - start < 1.5
    wrong: Any = {"kind": 3}
    assert sidecar.resolve("t", wrong).is_fallback
    sidecar.close()


def test_a_lost_acknowledgement_is_not_sent_again_and_a_refusal_is(server: Server) -> None:
    for number in (1, 2):
        message = messages.StreamDeltasResponse(sequence=number, epoch="e")
        message.delta.delta_id, message.delta.target = f"d{number}", "a"
        message.delta.new_value.number_value = number
        server.stream.append(message)
    server.failures = [(grpc.StatusCode.INTERNAL, [])] * 2
    changes: list[Change] = []

    def refuse_second(change: Change) -> None:
        changes.append(change)
        if change.sequence == 2:
            until(lambda: server.requests)
            raise ValueError("no")

    with LearningSidecar(server.target, "me", on_change=refuse_second) as sidecar:
        until(lambda: len(server.requests) == 3)
        assert [request.delta_id for request in server.requests] == ["d1", "d2", "d2"]
        assert [request.error.reason for request in server.requests[1:]] == ["NOT_PUT_IN_FORCE"] * 2
        assert dict(sidecar.parameters) == {"a": 1}


def test_a_stream_that_ends_is_opened_again_after_a_pause(
    server: Server, warnings: Warnings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[float] = []

    def end(request: Any, context: Any) -> Iterator[Any]:
        opened.append(time.monotonic())
        return iter(())

    monkeypatch.setattr(server, "StreamDeltas", end)
    server.server.stop(0).wait()
    server.server = grpc.server(ThreadPoolExecutor(8))
    learning_service_pb2_grpc.add_LearningServiceServicer_to_server(server, server.server)
    server.server.add_insecure_port(server.target)
    server.server.start()
    with LearningSidecar(server.target, "me"):
        until(lambda: len(opened) >= 3)
    assert min(later - before for before, later in zip(opened, opened[1:], strict=False)) > 0.19
    assert len(warnings("the stream ended")) == 1
