"""What each message of the stream makes of the live values."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2

from learning_sidecar import DeltaRefusal
from learning_sidecar.live import LiveValues, plain_value
from learning_sidecar.v1 import learning_service_pb2 as messages


def snapshot(sequence: int, values: dict[str, Any], **ids: str) -> messages.StreamDeltasResponse:
    text = {"parameters": values, "deltaIds": ids, "outcome": "SNAPSHOT_OUTCOME_INITIAL"}
    return json_format.ParseDict(
        {"epoch": "e", "sequence": sequence, "snapshot": text}, messages.StreamDeltasResponse()
    )


def delta(
    sequence: int, name: str, value: Any = None, **more: Any
) -> messages.StreamDeltasResponse:
    text = {"deltaId": f"d{sequence}", "target": name, **more}
    if value is not None:
        text["newValue"] = value
    return json_format.ParseDict(
        {"epoch": "e", "sequence": sequence, "delta": text}, messages.StreamDeltasResponse()
    )


def taken(
    live: LiveValues, message: messages.StreamDeltasResponse, error: Exception | None = None
) -> tuple[Any, list[tuple[str, str]]]:
    """The change, and the acknowledgements: delta and reason of its refusal."""
    change = live.read(message)
    assert change is not None
    acks = live.take(change, error, "me")
    return change, [(ack.delta_id, ack.error.reason) for ack in acks]


def test_a_snapshot_replaces_what_was_known() -> None:
    live = LiveValues({"a": 1, "b": 2, "gone": 3})
    change, acks = taken(live, snapshot(7, {"a": 1, "b": 5, "c": "x"}, b="d6"))
    assert (change.source, change.outcome) == ("snapshot", "SNAPSHOT_OUTCOME_INITIAL")
    assert (change.sequence, change.epoch, change.delta) == (7, "e", None)
    assert dict(change.changed) == {"b": "d6", "c": "", "gone": ""}
    assert acks == [("d6", "")]
    assert dict(live.known.parameters) == {"a": 1, "b": 5, "c": "x"}
    assert live.known.delta_sequence == 7


def test_a_delta_changes_its_target() -> None:
    live = LiveValues({})
    taken(live, snapshot(0, {"a": 1, "b": 2}))
    change, acks = taken(live, delta(1, "a", 9))
    assert (change.source, change.outcome, change.delta.delta_id) == ("delta", None, "d1")
    assert (dict(change.changed), dict(change.parameters)) == ({"a": "d1"}, {"a": 9, "b": 2})
    assert acks == [("d1", "")]
    change, acks = taken(live, delta(2, "b"))
    assert (dict(change.changed), dict(live.known.parameters)) == ({"b": "d2"}, {"a": 9})


def test_a_delta_without_a_difference_is_acknowledged_too() -> None:
    live = LiveValues({})
    taken(live, snapshot(0, {"a": 1}))
    change, acks = taken(live, delta(1, "a", 1))
    assert (dict(change.changed), acks) == ({}, [("d1", "")])
    _, acks = taken(live, delta(2, "a", 1), DeltaRefusal("NO", "not here"))
    assert (acks, dict(live.known.parameters)) == ([("d2", "NO")], {"a": 1})


def test_a_refused_delta_leaves_the_former_value() -> None:
    live = LiveValues({"a": 1})
    taken(live, snapshot(0, {"a": 1}))
    _, acks = taken(live, delta(1, "a", 9), DeltaRefusal("NO", "not here"))
    assert (acks, dict(live.known.parameters)) == ([("d1", "NO")], {"a": 1})
    assert live.known.delta_sequence == 1
    _, acks = taken(live, delta(2, "new", 9), ValueError("a fault"))
    assert (acks, dict(live.known.parameters)) == ([("d2", "NOT_PUT_IN_FORCE")], {"a": 1})
    change, acks = taken(live, delta(3, "a", 1))
    assert (dict(change.changed), acks) == ({}, [("d3", "")])


def test_a_part_of_a_snapshot_can_be_refused() -> None:
    live = LiveValues({"a": 1, "b": 1, "initial": 1})
    values = {"a": 2, "b": 2, "new": 2, "initial": 2}
    refusal = DeltaRefusal("NO", "not here", parameters=["a", "new", "initial", "no such"])
    _, acks = taken(live, snapshot(5, values, a="da", b="db", new="dn"), refusal)
    assert sorted(acks) == [("da", "NO"), ("db", ""), ("dn", "NO")]
    assert dict(live.known.parameters) == {"a": 1, "b": 2, "initial": 1}
    # It differs again in the next one, and is asked about again.
    change, _ = taken(live, snapshot(5, values, a="da", b="db", new="dn"))
    assert dict(change.changed) == {"a": "da", "new": "dn", "initial": ""}


def test_refusing_another_parameter_takes_the_delta() -> None:
    live = LiveValues({"a": 1})
    _, acks = taken(live, delta(1, "a", 2), DeltaRefusal("NO", "not here", parameters=["b"]))
    assert (acks, dict(live.known.parameters)) == ([("d1", "")], {"a": 2})


def test_a_heartbeat_is_no_change() -> None:
    live = LiveValues({"a": 1})
    message = messages.StreamDeltasResponse(sequence=4, heartbeat=messages.Heartbeat())
    assert live.read(message) is None
    assert (live.known.delta_sequence, dict(live.known.parameters)) == (4, {"a": 1})


def test_the_values_cannot_be_changed_in_place() -> None:
    live = LiveValues({"a": 1})
    change, _ = taken(live, snapshot(0, {"a": 2}))
    for values in (live.known.parameters, change.parameters, change.changed):
        with pytest.raises(TypeError):
            values["a"] = 3


def test_a_long_refusal_is_cut_at_a_whole_character() -> None:
    live = LiveValues({})
    change = live.read(delta(1, "a", 2))
    assert change is not None
    (ack,) = live.take(change, DeltaRefusal("NO", "ä" * 600 + "x"), "me")
    assert ack.error.message == "ä" * 512


@pytest.mark.parametrize(
    "value", [0, 1, -3, 2**53, 0.5, "text", "", True, False, None, [1, 2.5], {"a": {"b": [1]}}]
)
def test_values_are_as_json_has_them(value: Any) -> None:
    read = plain_value(json_format.ParseDict(value, struct_pb2.Value()))
    assert (read, type(read)) == (value, type(value))


def test_numbers_that_json_does_not_have() -> None:
    assert plain_value(struct_pb2.Value(number_value=float("inf"))) == float("inf")
    assert plain_value(struct_pb2.Value()) is None
