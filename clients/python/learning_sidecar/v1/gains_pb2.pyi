import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from learning_sidecar.v1 import delta_pb2 as _delta_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GainAmount(_message.Message):
    __slots__ = ("metric", "higher_is_better", "estimate", "lower", "upper")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    HIGHER_IS_BETTER_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    metric: str
    higher_is_better: bool
    estimate: float
    lower: float
    upper: float
    def __init__(self, metric: _Optional[str] = ..., higher_is_better: bool = ..., estimate: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ...) -> None: ...

class MetricGain(_message.Message):
    __slots__ = ("metric", "higher_is_better", "per_task", "lower", "upper", "groups", "total")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    HIGHER_IS_BETTER_FIELD_NUMBER: _ClassVar[int]
    PER_TASK_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    metric: str
    higher_is_better: bool
    per_task: float
    lower: float
    upper: float
    groups: int
    total: GainAmount
    def __init__(self, metric: _Optional[str] = ..., higher_is_better: bool = ..., per_task: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., groups: _Optional[int] = ..., total: _Optional[_Union[GainAmount, _Mapping]] = ...) -> None: ...

class GainPrediction(_message.Message):
    __slots__ = ("made_when", "metric", "per_task", "lower", "upper", "found", "held", "higher_is_better")
    MADE_WHEN_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    PER_TASK_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    HIGHER_IS_BETTER_FIELD_NUMBER: _ClassVar[int]
    made_when: _delta_pb2.DeltaState
    metric: str
    per_task: float
    lower: float
    upper: float
    found: float
    held: bool
    higher_is_better: bool
    def __init__(self, made_when: _Optional[_Union[_delta_pb2.DeltaState, str]] = ..., metric: _Optional[str] = ..., per_task: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., found: _Optional[float] = ..., held: bool = ..., higher_is_better: bool = ...) -> None: ...

class ChangeGains(_message.Message):
    __slots__ = ("delta_id", "rule_id", "target", "old_value", "new_value", "state", "confirm_time", "tasks", "tasks_held_back", "measuring", "gains", "predictions", "note")
    DELTA_ID_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    OLD_VALUE_FIELD_NUMBER: _ClassVar[int]
    NEW_VALUE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CONFIRM_TIME_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    TASKS_HELD_BACK_FIELD_NUMBER: _ClassVar[int]
    MEASURING_FIELD_NUMBER: _ClassVar[int]
    GAINS_FIELD_NUMBER: _ClassVar[int]
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    delta_id: str
    rule_id: str
    target: str
    old_value: _struct_pb2.Value
    new_value: _struct_pb2.Value
    state: _delta_pb2.DeltaState
    confirm_time: _timestamp_pb2.Timestamp
    tasks: int
    tasks_held_back: int
    measuring: bool
    gains: _containers.RepeatedCompositeFieldContainer[MetricGain]
    predictions: _containers.RepeatedCompositeFieldContainer[GainPrediction]
    note: str
    def __init__(self, delta_id: _Optional[str] = ..., rule_id: _Optional[str] = ..., target: _Optional[str] = ..., old_value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., new_value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., state: _Optional[_Union[_delta_pb2.DeltaState, str]] = ..., confirm_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tasks: _Optional[int] = ..., tasks_held_back: _Optional[int] = ..., measuring: bool = ..., gains: _Optional[_Iterable[_Union[MetricGain, _Mapping]]] = ..., predictions: _Optional[_Iterable[_Union[GainPrediction, _Mapping]]] = ..., note: _Optional[str] = ...) -> None: ...

class UnkeptChange(_message.Message):
    __slots__ = ("delta_id", "rule_id", "target", "old_value", "new_value", "verdict", "tasks_used", "tasks_confirmed", "was_in_force", "summary")
    DELTA_ID_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    OLD_VALUE_FIELD_NUMBER: _ClassVar[int]
    NEW_VALUE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    TASKS_USED_FIELD_NUMBER: _ClassVar[int]
    TASKS_CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    WAS_IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    delta_id: str
    rule_id: str
    target: str
    old_value: _struct_pb2.Value
    new_value: _struct_pb2.Value
    verdict: _delta_pb2.Verdict
    tasks_used: int
    tasks_confirmed: int
    was_in_force: bool
    summary: str
    def __init__(self, delta_id: _Optional[str] = ..., rule_id: _Optional[str] = ..., target: _Optional[str] = ..., old_value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., new_value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., verdict: _Optional[_Union[_delta_pb2.Verdict, str]] = ..., tasks_used: _Optional[int] = ..., tasks_confirmed: _Optional[int] = ..., was_in_force: bool = ..., summary: _Optional[str] = ...) -> None: ...

class OpenChange(_message.Message):
    __slots__ = ("delta_id", "rule_id", "target", "old_value", "new_value", "state", "tasks_used", "summary")
    DELTA_ID_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    OLD_VALUE_FIELD_NUMBER: _ClassVar[int]
    NEW_VALUE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TASKS_USED_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    delta_id: str
    rule_id: str
    target: str
    old_value: _struct_pb2.Value
    new_value: _struct_pb2.Value
    state: _delta_pb2.DeltaState
    tasks_used: int
    summary: str
    def __init__(self, delta_id: _Optional[str] = ..., rule_id: _Optional[str] = ..., target: _Optional[str] = ..., old_value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., new_value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., state: _Optional[_Union[_delta_pb2.DeltaState, str]] = ..., tasks_used: _Optional[int] = ..., summary: _Optional[str] = ...) -> None: ...

class ProvingCost(_message.Message):
    __slots__ = ("tasks", "amounts")
    TASKS_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    tasks: int
    amounts: _containers.RepeatedCompositeFieldContainer[GainAmount]
    def __init__(self, tasks: _Optional[int] = ..., amounts: _Optional[_Iterable[_Union[GainAmount, _Mapping]]] = ...) -> None: ...

class TrackRecord(_message.Message):
    __slots__ = ("promotions", "confirmed", "on_probation", "taken_back", "taken_back_confirmed", "predictions_graded", "predictions_held", "expected_share")
    PROMOTIONS_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    ON_PROBATION_FIELD_NUMBER: _ClassVar[int]
    TAKEN_BACK_FIELD_NUMBER: _ClassVar[int]
    TAKEN_BACK_CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    PREDICTIONS_GRADED_FIELD_NUMBER: _ClassVar[int]
    PREDICTIONS_HELD_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_SHARE_FIELD_NUMBER: _ClassVar[int]
    promotions: int
    confirmed: int
    on_probation: int
    taken_back: int
    taken_back_confirmed: int
    predictions_graded: int
    predictions_held: int
    expected_share: float
    def __init__(self, promotions: _Optional[int] = ..., confirmed: _Optional[int] = ..., on_probation: _Optional[int] = ..., taken_back: _Optional[int] = ..., taken_back_confirmed: _Optional[int] = ..., predictions_graded: _Optional[int] = ..., predictions_held: _Optional[int] = ..., expected_share: _Optional[float] = ...) -> None: ...
