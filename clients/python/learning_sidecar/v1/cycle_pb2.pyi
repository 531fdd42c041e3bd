import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from learning_sidecar.v1 import delta_pb2 as _delta_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Cycle(_message.Message):
    __slots__ = ("cycle_id", "number", "start_time", "duration", "tasks_analyzed", "deltas_proposed", "deltas_applied", "total_deltas_history", "total_evaluations", "deltas")
    CYCLE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    TASKS_ANALYZED_FIELD_NUMBER: _ClassVar[int]
    DELTAS_PROPOSED_FIELD_NUMBER: _ClassVar[int]
    DELTAS_APPLIED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_DELTAS_HISTORY_FIELD_NUMBER: _ClassVar[int]
    TOTAL_EVALUATIONS_FIELD_NUMBER: _ClassVar[int]
    DELTAS_FIELD_NUMBER: _ClassVar[int]
    cycle_id: str
    number: int
    start_time: _timestamp_pb2.Timestamp
    duration: _duration_pb2.Duration
    tasks_analyzed: int
    deltas_proposed: int
    deltas_applied: int
    total_deltas_history: int
    total_evaluations: int
    deltas: _containers.RepeatedCompositeFieldContainer[_delta_pb2.Delta]
    def __init__(self, cycle_id: _Optional[str] = ..., number: _Optional[int] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., tasks_analyzed: _Optional[int] = ..., deltas_proposed: _Optional[int] = ..., deltas_applied: _Optional[int] = ..., total_deltas_history: _Optional[int] = ..., total_evaluations: _Optional[int] = ..., deltas: _Optional[_Iterable[_Union[_delta_pb2.Delta, _Mapping]]] = ...) -> None: ...
