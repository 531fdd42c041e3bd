"""Why a call failed, and when to log it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

log = logging.getLogger("learning_sidecar")

WAITED_OUT = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "UNAUTHENTICATED")
BROKEN_CONNECTION = ("UNKNOWN", "INTERNAL", "CANCELLED")


@dataclass(eq=False)
class Failure(Exception):
    """Why a call failed, with all that the sidecar said of it."""

    code: str
    message: str
    reason: str = ""  # such as INVALID_FIELD; empty: not the sidecar's own answer
    domain: str = ""
    violations: tuple[tuple[str, str], ...] = ()  # field, description
    retry_seconds: float | None = None

    def __str__(self) -> str:
        return f"{self.code} {self.reason}".strip() + f": {self.message}"

    @property
    def may_pass(self) -> bool:
        """Whether a later try may succeed. A refused token counts, since it may be exchanged."""
        return self.code in WAITED_OUT or (self.code in BROKEN_CONNECTION and not self.reason)


def read_failure(error: Any) -> Failure:
    """The failure of a call that raised `error`."""
    if isinstance(error, Failure):
        return error
    if not callable(getattr(error, "code", None)):  # no call was made
        return Failure("INVALID_ARGUMENT", repr(error))
    failure = Failure(error.code().name, error.details() or "")
    info, request, retry = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.BadRequest(),
        error_details_pb2.RetryInfo(),
    )
    try:
        trailers = dict(error.trailing_metadata() or ())
        status = status_pb2.Status.FromString(trailers.get("grpc-status-details-bin", b""))
        for detail in status.details:
            if detail.Unpack(info):
                failure.reason, failure.domain = info.reason, info.domain
            elif detail.Unpack(request):
                fields = ((field.field, field.description) for field in request.field_violations)
                failure.violations = tuple(fields)
            elif detail.Unpack(retry):
                failure.retry_seconds = retry.retry_delay.ToMicroseconds() / 1e6
    except DecodeError as undecodable:
        log.warning("details that cannot be read: %s", undecodable)
    return failure


class OutageLog:
    """Logs each kind of failure of a call once, until that call works again."""

    def __init__(self) -> None:
        self._told: dict[str, set[tuple[str, str]]] = {}

    def failed(self, call: str, failure: Failure) -> None:
        told, kind = self._told.setdefault(call, set()), (failure.code, failure.reason)
        if kind not in told:
            told.add(kind)
            log.warning("%s fails (told once an outage): %s", call, failure)

    def refused(self, call: str, failure: Failure) -> None:
        """Only what is not an outage of the network: the stream logs those."""
        if failure.code not in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"):
            self.failed(call, failure)

    def worked(self, call: str) -> None:
        self._told.pop(call, None)
