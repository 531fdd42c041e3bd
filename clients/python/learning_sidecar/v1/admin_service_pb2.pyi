from google.protobuf import struct_pb2 as _struct_pb2
from learning_sidecar.v1 import cycle_pb2 as _cycle_pb2
from learning_sidecar.v1 import delta_pb2 as _delta_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StartLearningRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StartLearningResponse(_message.Message):
    __slots__ = ("active",)
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    active: bool
    def __init__(self, active: bool = ...) -> None: ...

class StopLearningRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StopLearningResponse(_message.Message):
    __slots__ = ("active",)
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    active: bool
    def __init__(self, active: bool = ...) -> None: ...

class RunCycleRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RunCycleResponse(_message.Message):
    __slots__ = ("cycle",)
    CYCLE_FIELD_NUMBER: _ClassVar[int]
    cycle: _cycle_pb2.Cycle
    def __init__(self, cycle: _Optional[_Union[_cycle_pb2.Cycle, _Mapping]] = ...) -> None: ...

class ApproveDeltaRequest(_message.Message):
    __slots__ = ("delta_id", "reason")
    DELTA_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    delta_id: str
    reason: str
    def __init__(self, delta_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ApproveDeltaResponse(_message.Message):
    __slots__ = ("delta",)
    DELTA_FIELD_NUMBER: _ClassVar[int]
    delta: _delta_pb2.Delta
    def __init__(self, delta: _Optional[_Union[_delta_pb2.Delta, _Mapping]] = ...) -> None: ...

class RejectDeltaRequest(_message.Message):
    __slots__ = ("delta_id", "reason")
    DELTA_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    delta_id: str
    reason: str
    def __init__(self, delta_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RejectDeltaResponse(_message.Message):
    __slots__ = ("delta",)
    DELTA_FIELD_NUMBER: _ClassVar[int]
    delta: _delta_pb2.Delta
    def __init__(self, delta: _Optional[_Union[_delta_pb2.Delta, _Mapping]] = ...) -> None: ...

class RevertDeltaRequest(_message.Message):
    __slots__ = ("delta_id", "reason")
    DELTA_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    delta_id: str
    reason: str
    def __init__(self, delta_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RevertDeltaResponse(_message.Message):
    __slots__ = ("delta",)
    DELTA_FIELD_NUMBER: _ClassVar[int]
    delta: _delta_pb2.Delta
    def __init__(self, delta: _Optional[_Union[_delta_pb2.Delta, _Mapping]] = ...) -> None: ...

class SetParameterRequest(_message.Message):
    __slots__ = ("target", "value", "reason", "hold_seconds", "cohort")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    HOLD_SECONDS_FIELD_NUMBER: _ClassVar[int]
    COHORT_FIELD_NUMBER: _ClassVar[int]
    target: str
    value: _struct_pb2.Value
    reason: str
    hold_seconds: float
    cohort: _delta_pb2.Cohort
    def __init__(self, target: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., reason: _Optional[str] = ..., hold_seconds: _Optional[float] = ..., cohort: _Optional[_Union[_delta_pb2.Cohort, _Mapping]] = ...) -> None: ...

class SetParameterResponse(_message.Message):
    __slots__ = ("delta",)
    DELTA_FIELD_NUMBER: _ClassVar[int]
    delta: _delta_pb2.Delta
    def __init__(self, delta: _Optional[_Union[_delta_pb2.Delta, _Mapping]] = ...) -> None: ...

class PauseTrialsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PauseTrialsResponse(_message.Message):
    __slots__ = ("paused",)
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    paused: bool
    def __init__(self, paused: bool = ...) -> None: ...

class ResumeTrialsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ResumeTrialsResponse(_message.Message):
    __slots__ = ("paused",)
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    paused: bool
    def __init__(self, paused: bool = ...) -> None: ...
