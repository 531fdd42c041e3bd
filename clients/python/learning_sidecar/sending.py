"""Calls that are made again until they are answered for good."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from .channel import SEND_SECONDS, pause
from .failure import Failure, OutageLog, read_failure
from .v1.learning_service_pb2_grpc import LearningServiceStub


class Sending:
    """For what outlasts gRPC's own retries, and its waiting for a connection."""

    def __init__(
        self, stub: LearningServiceStub, outages: OutageLog, over: threading.Event
    ) -> None:
        self._stub, self._outages, self._over = stub, outages, over
        self._lock = threading.Lock()
        self._waiting: list[Callable[[], None]] = []

    def send(self, name: str, request: Any, settle: Callable[[Any, Failure | None], None]) -> None:
        """Calls `settle`, in any thread, with an answer, or why there is and will be none."""

        def answered(call: Any) -> None:
            if (error := call.exception()) is None:
                self._outages.worked(name)
                settle(call.result(), None)
                return
            self._outages.refused(name, failure := read_failure(error))
            if failure.may_pass and not self._over.is_set():
                self._send_later(lambda: self.send(name, request, settle), pause(failure))
            else:
                settle(None, failure)

        try:
            call = getattr(self._stub, name).future(request, SEND_SECONDS, wait_for_ready=True)
        except Exception as error:  # it cannot be encoded, or the channel is closed
            code = "CANCELLED" if self._over.is_set() else "INVALID_ARGUMENT"
            settle(None, Failure(code, repr(error)))
        else:
            call.add_done_callback(answered)

    def send_waiting(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for send in waiting:
            send()

    def _send_later(self, send: Callable[[], None], seconds: float) -> None:
        """All that waits is sent at once, by one thread."""
        with self._lock:
            self._waiting.append(send)
            if len(self._waiting) > 1:
                return
        timer = threading.Timer(seconds, self.send_waiting)
        timer.daemon = True
        timer.start()
