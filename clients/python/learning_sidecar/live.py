"""The values that are live in a client, and what its orchestrator accepts of each message."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from google.protobuf import struct_pb2

from .v1 import delta_pb2
from .v1 import learning_service_pb2 as messages

MESSAGE_BYTES = 1024  # of AckError.message
MISSING = object()


class DeltaRefusal(Exception):
    """Raised by `on_change` to refuse values. Any other error refuses all that has changed."""

    def __init__(
        self,
        reason: str,  # a short constant, such as UNSUPPORTED_VALUE
        message: str,
        parameters: Collection[str] | None = None,  # which to refuse; None: all that has changed
    ) -> None:
        super().__init__(message)
        self.reason, self.parameters = reason, parameters


@dataclass(frozen=True)
class Change:
    """A message of the stream. What `on_change` does not refuse of it is live afterwards."""

    parameters: Mapping[str, Any]  # all values after it
    # The delta of each parameter whose value differs from what is live here; "" for an initial
    # value. A parameter that is no longer there is among them.
    changed: Mapping[str, str]
    source: str  # snapshot or delta
    sequence: int
    epoch: str
    delta: delta_pb2.Delta | None = None  # of source delta
    outcome: str | None = None  # of source snapshot: SNAPSHOT_OUTCOME_…


@dataclass(frozen=True)
class Resolved:
    """Values for a task."""

    parameters: Mapping[str, Any]
    delta_sequence: int  # to be sent back in the task
    arm: str = "ARM_UNSPECIFIED"  # in the trial: ARM_OLD or ARM_NEW
    is_fallback: bool = True  # the sidecar did not answer in time: the last known values


class LiveValues:
    """Replaced as a whole, so that any thread may read them."""

    def __init__(self, defaults: Mapping[str, Any] | None) -> None:
        self.known = Resolved(MappingProxyType(dict(defaults or {})), 0)

    def read(self, message: messages.StreamDeltasResponse) -> Change | None:
        """The change that a message brings; none: a heartbeat."""
        live, kind = self.known.parameters, message.WhichOneof("event")
        values: dict[str, Any]
        if kind == "snapshot":
            values = plain(message.snapshot.parameters)
            ids = dict(message.snapshot.delta_ids)
            names = values.keys() | live.keys()
        elif kind == "delta":
            values = {name: value for name, value in live.items() if name != message.delta.target}
            if message.delta.HasField("new_value"):
                values[message.delta.target] = plain_value(message.delta.new_value)
            ids = {message.delta.target: message.delta.delta_id}
            names = {message.delta.target}
        else:
            self.known = Resolved(live, message.sequence)
            return None
        differs = (n for n in names if live.get(n, MISSING) != values.get(n, MISSING))
        changed = {name: ids.get(name, "") for name in sorted(differs)}
        return Change(
            *(MappingProxyType(values), MappingProxyType(changed), kind),
            *(message.sequence, message.epoch),
            delta=message.delta if kind == "delta" else None,
            outcome=outcome_of(message) if kind == "snapshot" else None,
        )

    def take(
        self, change: Change, error: Exception | None, client_id: str
    ) -> list[messages.AckDeltaRequest]:
        """Makes live what `on_change`, which may have raised `error`, did not refuse.
        Answers what to tell the sidecar.
        """
        ids = dict(change.changed)
        if change.delta is not None:  # told of, even if its value is live already
            ids[change.delta.target] = change.delta.delta_id
        refused = set(ids) if error is not None else set()
        if isinstance(error, DeltaRefusal) and error.parameters is not None:
            refused &= set(error.parameters)
        values, live = dict(change.parameters), self.known.parameters
        for name in refused:
            values.pop(name, None)
            if name in live:
                values[name] = live[name]
        self.known = Resolved(MappingProxyType(values), change.sequence)
        return [
            messages.AckDeltaRequest(
                client_id=client_id,
                epoch=change.epoch,
                delta_id=delta_id,
                error=error_of(error) if error is not None and name in refused else None,
            )
            for name, delta_id in ids.items()
            if delta_id
        ]


def error_of(error: Exception) -> messages.AckError:
    reason = error.reason if isinstance(error, DeltaRefusal) else "NOT_PUT_IN_FORCE"
    text = str(error) if isinstance(error, DeltaRefusal) else repr(error)
    # As many whole characters as the sidecar takes.
    clipped = text.encode(errors="replace")[:MESSAGE_BYTES].decode(errors="ignore")
    return messages.AckError(reason=reason, message=clipped)


def resolved_of(answer: messages.ResolveParametersResponse) -> Resolved:
    arm = name_of(messages.Arm, answer.arm)
    return Resolved(MappingProxyType(plain(answer.parameters)), answer.delta_sequence, arm, False)


def outcome_of(message: messages.StreamDeltasResponse) -> str:
    return name_of(messages.SnapshotOutcome, message.snapshot.outcome)


def name_of(enum: Any, number: int) -> str:
    """A later sidecar may know more names."""
    return str(enum.Name(number)) if number in enum.values() else str(number)


def pick(message: Any, names: str) -> dict[str, Any]:
    """Some fields, by their names with spaces between."""
    return {name: getattr(message, name) for name in names.split()}


def plain(values: Mapping[str, struct_pb2.Value]) -> dict[str, Any]:
    return {name: plain_value(value) for name, value in values.items()}


def plain_value(value: struct_pb2.Value) -> Any:
    """As JSON has it; a whole number is an int."""
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "struct_value":
        return plain(value.struct_value.fields)
    if kind == "list_value":
        return [plain_value(item) for item in value.list_value.values]
    return None if kind in (None, "null_value") else getattr(value, kind)
