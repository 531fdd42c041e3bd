import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from learning_sidecar.v1 import cycle_pb2 as _cycle_pb2
from learning_sidecar.v1 import delta_pb2 as _delta_pb2
from learning_sidecar.v1 import gains_pb2 as _gains_pb2
from learning_sidecar.v1 import task_pb2 as _task_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Arm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ARM_UNSPECIFIED: _ClassVar[Arm]
    ARM_OLD: _ClassVar[Arm]
    ARM_NEW: _ClassVar[Arm]

class SnapshotOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SNAPSHOT_OUTCOME_UNSPECIFIED: _ClassVar[SnapshotOutcome]
    SNAPSHOT_OUTCOME_INITIAL: _ClassVar[SnapshotOutcome]
    SNAPSHOT_OUTCOME_RESET_EPOCH: _ClassVar[SnapshotOutcome]
    SNAPSHOT_OUTCOME_RESET_COMPACTED: _ClassVar[SnapshotOutcome]
    SNAPSHOT_OUTCOME_RESET_SLOW: _ClassVar[SnapshotOutcome]
ARM_UNSPECIFIED: Arm
ARM_OLD: Arm
ARM_NEW: Arm
SNAPSHOT_OUTCOME_UNSPECIFIED: SnapshotOutcome
SNAPSHOT_OUTCOME_INITIAL: SnapshotOutcome
SNAPSHOT_OUTCOME_RESET_EPOCH: SnapshotOutcome
SNAPSHOT_OUTCOME_RESET_COMPACTED: SnapshotOutcome
SNAPSHOT_OUTCOME_RESET_SLOW: SnapshotOutcome

class RecordTaskRequest(_message.Message):
    __slots__ = ("task", "metrics", "client_id")
    TASK_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    task: _task_pb2.Task
    metrics: _task_pb2.CoordinationMetrics
    client_id: str
    def __init__(self, task: _Optional[_Union[_task_pb2.Task, _Mapping]] = ..., metrics: _Optional[_Union[_task_pb2.CoordinationMetrics, _Mapping]] = ..., client_id: _Optional[str] = ...) -> None: ...

class RecordTaskResponse(_message.Message):
    __slots__ = ("duplicate", "delta_sequence")
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    DELTA_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    duplicate: bool
    delta_sequence: int
    def __init__(self, duplicate: bool = ..., delta_sequence: _Optional[int] = ...) -> None: ...

class RecordTasksRequest(_message.Message):
    __slots__ = ("tasks", "metrics", "client_id")
    TASKS_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[_task_pb2.Task]
    metrics: _task_pb2.CoordinationMetrics
    client_id: str
    def __init__(self, tasks: _Optional[_Iterable[_Union[_task_pb2.Task, _Mapping]]] = ..., metrics: _Optional[_Union[_task_pb2.CoordinationMetrics, _Mapping]] = ..., client_id: _Optional[str] = ...) -> None: ...

class RecordTasksResponse(_message.Message):
    __slots__ = ("recorded_count", "duplicate_count", "delta_sequence", "epoch")
    RECORDED_COUNT_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_COUNT_FIELD_NUMBER: _ClassVar[int]
    DELTA_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    recorded_count: int
    duplicate_count: int
    delta_sequence: int
    epoch: str
    def __init__(self, recorded_count: _Optional[int] = ..., duplicate_count: _Optional[int] = ..., delta_sequence: _Optional[int] = ..., epoch: _Optional[str] = ...) -> None: ...

class ReportMetricsRequest(_message.Message):
    __slots__ = ("metrics",)
    METRICS_FIELD_NUMBER: _ClassVar[int]
    metrics: _task_pb2.CoordinationMetrics
    def __init__(self, metrics: _Optional[_Union[_task_pb2.CoordinationMetrics, _Mapping]] = ...) -> None: ...

class ReportMetricsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ResolveParametersRequest(_message.Message):
    __slots__ = ("task_id", "labels", "client_id")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    labels: _containers.ScalarMap[str, str]
    client_id: str
    def __init__(self, task_id: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., client_id: _Optional[str] = ...) -> None: ...

class Assignment(_message.Message):
    __slots__ = ("delta_id", "arm")
    DELTA_ID_FIELD_NUMBER: _ClassVar[int]
    ARM_FIELD_NUMBER: _ClassVar[int]
    delta_id: str
    arm: Arm
    def __init__(self, delta_id: _Optional[str] = ..., arm: _Optional[_Union[Arm, str]] = ...) -> None: ...

class ResolveParametersResponse(_message.Message):
    __slots__ = ("parameters", "delta_sequence", "epoch", "trial_delta_id", "arm", "assignments")
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    DELTA_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    TRIAL_DELTA_ID_FIELD_NUMBER: _ClassVar[int]
    ARM_FIELD_NUMBER: _ClassVar[int]
    ASSIGNMENTS_FIELD_NUMBER: _ClassVar[int]
    parameters: _containers.MessageMap[str, _struct_pb2.Value]
    delta_sequence: int
    epoch: str
    trial_delta_id: str
    arm: Arm
    assignments: _containers.RepeatedCompositeFieldContainer[Assignment]
    def __init__(self, parameters: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., delta_sequence: _Optional[int] = ..., epoch: _Optional[str] = ..., trial_delta_id: _Optional[str] = ..., arm: _Optional[_Union[Arm, str]] = ..., assignments: _Optional[_Iterable[_Union[Assignment, _Mapping]]] = ...) -> None: ...

class StreamDeltasRequest(_message.Message):
    __slots__ = ("client_id", "epoch", "after_sequence", "types", "cohorts")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    COHORTS_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    epoch: str
    after_sequence: int
    types: _containers.RepeatedScalarFieldContainer[_delta_pb2.DeltaType]
    cohorts: bool
    def __init__(self, client_id: _Optional[str] = ..., epoch: _Optional[str] = ..., after_sequence: _Optional[int] = ..., types: _Optional[_Iterable[_Union[_delta_pb2.DeltaType, str]]] = ..., cohorts: bool = ...) -> None: ...

class StreamDeltasResponse(_message.Message):
    __slots__ = ("epoch", "sequence", "snapshot", "delta", "heartbeat")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    epoch: str
    sequence: int
    snapshot: Snapshot
    delta: _delta_pb2.Delta
    heartbeat: Heartbeat
    def __init__(self, epoch: _Optional[str] = ..., sequence: _Optional[int] = ..., snapshot: _Optional[_Union[Snapshot, _Mapping]] = ..., delta: _Optional[_Union[_delta_pb2.Delta, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ...) -> None: ...

class Snapshot(_message.Message):
    __slots__ = ("outcome", "parameters", "delta_ids", "cohorts")
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    class DeltaIdsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    DELTA_IDS_FIELD_NUMBER: _ClassVar[int]
    COHORTS_FIELD_NUMBER: _ClassVar[int]
    outcome: SnapshotOutcome
    parameters: _containers.MessageMap[str, _struct_pb2.Value]
    delta_ids: _containers.ScalarMap[str, str]
    cohorts: _containers.RepeatedCompositeFieldContainer[CohortParameters]
    def __init__(self, outcome: _Optional[_Union[SnapshotOutcome, str]] = ..., parameters: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., delta_ids: _Optional[_Mapping[str, str]] = ..., cohorts: _Optional[_Iterable[_Union[CohortParameters, _Mapping]]] = ...) -> None: ...

class CohortParameters(_message.Message):
    __slots__ = ("cohort", "parameters")
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    COHORT_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    cohort: _delta_pb2.Cohort
    parameters: _containers.MessageMap[str, _struct_pb2.Value]
    def __init__(self, cohort: _Optional[_Union[_delta_pb2.Cohort, _Mapping]] = ..., parameters: _Optional[_Mapping[str, _struct_pb2.Value]] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("last_cycle_time",)
    LAST_CYCLE_TIME_FIELD_NUMBER: _ClassVar[int]
    last_cycle_time: _timestamp_pb2.Timestamp
    def __init__(self, last_cycle_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AckDeltaRequest(_message.Message):
    __slots__ = ("client_id", "epoch", "delta_id", "error")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    DELTA_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    epoch: str
    delta_id: str
    error: AckError
    def __init__(self, client_id: _Optional[str] = ..., epoch: _Optional[str] = ..., delta_id: _Optional[str] = ..., error: _Optional[_Union[AckError, _Mapping]] = ...) -> None: ...

class AckError(_message.Message):
    __slots__ = ("reason", "message")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class AckDeltaResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ("subscribers_page_size", "subscribers_page_token")
    SUBSCRIBERS_PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBERS_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    subscribers_page_size: int
    subscribers_page_token: str
    def __init__(self, subscribers_page_size: _Optional[int] = ..., subscribers_page_token: _Optional[str] = ...) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("active", "cycle_interval_seconds", "total_tasks_recorded", "tasks_in_history", "total_deltas_proposed", "total_deltas_applied", "total_evaluations", "total_cycles", "recommended_deltas", "config_version", "epoch", "latest_sequence", "last_cycle_time", "next_cycle_time", "metrics", "config_error", "subscribers", "rules", "metrics_age_seconds", "next_subscribers_page_token", "subscriber_count", "metrics_reporters", "searches", "cohorts_refused")
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    CYCLE_INTERVAL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TASKS_RECORDED_FIELD_NUMBER: _ClassVar[int]
    TASKS_IN_HISTORY_FIELD_NUMBER: _ClassVar[int]
    TOTAL_DELTAS_PROPOSED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_DELTAS_APPLIED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_EVALUATIONS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_CYCLES_FIELD_NUMBER: _ClassVar[int]
    RECOMMENDED_DELTAS_FIELD_NUMBER: _ClassVar[int]
    CONFIG_VERSION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    LATEST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LAST_CYCLE_TIME_FIELD_NUMBER: _ClassVar[int]
    NEXT_CYCLE_TIME_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    CONFIG_ERROR_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBERS_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    METRICS_AGE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_SUBSCRIBERS_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBER_COUNT_FIELD_NUMBER: _ClassVar[int]
    METRICS_REPORTERS_FIELD_NUMBER: _ClassVar[int]
    SEARCHES_FIELD_NUMBER: _ClassVar[int]
    COHORTS_REFUSED_FIELD_NUMBER: _ClassVar[int]
    active: bool
    cycle_interval_seconds: float
    total_tasks_recorded: int
    tasks_in_history: int
    total_deltas_proposed: int
    total_deltas_applied: int
    total_evaluations: int
    total_cycles: int
    recommended_deltas: int
    config_version: str
    epoch: str
    latest_sequence: int
    last_cycle_time: _timestamp_pb2.Timestamp
    next_cycle_time: _timestamp_pb2.Timestamp
    metrics: _task_pb2.CoordinationMetrics
    config_error: str
    subscribers: _containers.RepeatedCompositeFieldContainer[Subscriber]
    rules: _containers.RepeatedCompositeFieldContainer[RuleStatus]
    metrics_age_seconds: float
    next_subscribers_page_token: str
    subscriber_count: int
    metrics_reporters: int
    searches: _containers.RepeatedCompositeFieldContainer[SearchStatus]
    cohorts_refused: str
    def __init__(self, active: bool = ..., cycle_interval_seconds: _Optional[float] = ..., total_tasks_recorded: _Optional[int] = ..., tasks_in_history: _Optional[int] = ..., total_deltas_proposed: _Optional[int] = ..., total_deltas_applied: _Optional[int] = ..., total_evaluations: _Optional[int] = ..., total_cycles: _Optional[int] = ..., recommended_deltas: _Optional[int] = ..., config_version: _Optional[str] = ..., epoch: _Optional[str] = ..., latest_sequence: _Optional[int] = ..., last_cycle_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., next_cycle_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., metrics: _Optional[_Union[_task_pb2.CoordinationMetrics, _Mapping]] = ..., config_error: _Optional[str] = ..., subscribers: _Optional[_Iterable[_Union[Subscriber, _Mapping]]] = ..., rules: _Optional[_Iterable[_Union[RuleStatus, _Mapping]]] = ..., metrics_age_seconds: _Optional[float] = ..., next_subscribers_page_token: _Optional[str] = ..., subscriber_count: _Optional[int] = ..., metrics_reporters: _Optional[int] = ..., searches: _Optional[_Iterable[_Union[SearchStatus, _Mapping]]] = ..., cohorts_refused: _Optional[str] = ...) -> None: ...

class Subscriber(_message.Message):
    __slots__ = ("client_id", "sent_sequence", "acked_sequence")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    SENT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ACKED_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    sent_sequence: int
    acked_sequence: int
    def __init__(self, client_id: _Optional[str] = ..., sent_sequence: _Optional[int] = ..., acked_sequence: _Optional[int] = ...) -> None: ...

class SearchStatus(_message.Message):
    __slots__ = ("target", "champion", "start", "proven", "challenger", "step", "is_downward", "above", "below", "round", "races", "rest_tasks", "doing")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    CHAMPION_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    PROVEN_FIELD_NUMBER: _ClassVar[int]
    CHALLENGER_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    IS_DOWNWARD_FIELD_NUMBER: _ClassVar[int]
    ABOVE_FIELD_NUMBER: _ClassVar[int]
    BELOW_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    RACES_FIELD_NUMBER: _ClassVar[int]
    REST_TASKS_FIELD_NUMBER: _ClassVar[int]
    DOING_FIELD_NUMBER: _ClassVar[int]
    target: str
    champion: _struct_pb2.Value
    start: _struct_pb2.Value
    proven: _struct_pb2.Value
    challenger: _struct_pb2.Value
    step: float
    is_downward: bool
    above: float
    below: float
    round: int
    races: int
    rest_tasks: int
    doing: str
    def __init__(self, target: _Optional[str] = ..., champion: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., start: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., proven: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., challenger: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., step: _Optional[float] = ..., is_downward: bool = ..., above: _Optional[float] = ..., below: _Optional[float] = ..., round: _Optional[int] = ..., races: _Optional[int] = ..., rest_tasks: _Optional[int] = ..., doing: _Optional[str] = ...) -> None: ...

class RuleStatus(_message.Message):
    __slots__ = ("rule_id", "confidence", "helped", "harmed", "inconclusive", "resting_until", "waiting", "apart", "objective")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    HELPED_FIELD_NUMBER: _ClassVar[int]
    HARMED_FIELD_NUMBER: _ClassVar[int]
    INCONCLUSIVE_FIELD_NUMBER: _ClassVar[int]
    RESTING_UNTIL_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    APART_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    confidence: float
    helped: int
    harmed: int
    inconclusive: int
    resting_until: _timestamp_pb2.Timestamp
    waiting: str
    apart: str
    objective: str
    def __init__(self, rule_id: _Optional[str] = ..., confidence: _Optional[float] = ..., helped: _Optional[int] = ..., harmed: _Optional[int] = ..., inconclusive: _Optional[int] = ..., resting_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., waiting: _Optional[str] = ..., apart: _Optional[str] = ..., objective: _Optional[str] = ...) -> None: ...

class GetDeltaStatusRequest(_message.Message):
    __slots__ = ("delta_id",)
    DELTA_ID_FIELD_NUMBER: _ClassVar[int]
    delta_id: str
    def __init__(self, delta_id: _Optional[str] = ...) -> None: ...

class GetDeltaStatusResponse(_message.Message):
    __slots__ = ("total_proposed", "total_applied", "pending_or_rejected", "by_type", "delta")
    class ByTypeEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    TOTAL_PROPOSED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_APPLIED_FIELD_NUMBER: _ClassVar[int]
    PENDING_OR_REJECTED_FIELD_NUMBER: _ClassVar[int]
    BY_TYPE_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    total_proposed: int
    total_applied: int
    pending_or_rejected: int
    by_type: _containers.ScalarMap[str, int]
    delta: _delta_pb2.Delta
    def __init__(self, total_proposed: _Optional[int] = ..., total_applied: _Optional[int] = ..., pending_or_rejected: _Optional[int] = ..., by_type: _Optional[_Mapping[str, int]] = ..., delta: _Optional[_Union[_delta_pb2.Delta, _Mapping]] = ...) -> None: ...

class ListDeltasRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "states", "include_trial_switches")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_TRIAL_SWITCHES_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    states: _containers.RepeatedScalarFieldContainer[_delta_pb2.DeltaState]
    include_trial_switches: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., states: _Optional[_Iterable[_Union[_delta_pb2.DeltaState, str]]] = ..., include_trial_switches: bool = ...) -> None: ...

class ListDeltasResponse(_message.Message):
    __slots__ = ("deltas", "next_page_token")
    DELTAS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    deltas: _containers.RepeatedCompositeFieldContainer[_delta_pb2.Delta]
    next_page_token: str
    def __init__(self, deltas: _Optional[_Iterable[_Union[_delta_pb2.Delta, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListCyclesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCyclesResponse(_message.Message):
    __slots__ = ("cycles", "next_page_token")
    CYCLES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    cycles: _containers.RepeatedCompositeFieldContainer[_cycle_pb2.Cycle]
    next_page_token: str
    def __init__(self, cycles: _Optional[_Iterable[_Union[_cycle_pb2.Cycle, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetGainsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetGainsResponse(_message.Message):
    __slots__ = ("since_time", "tasks", "total_tasks_recorded", "changes", "totals", "exploring", "holding_back", "unkept", "unkept_count", "open", "record", "needed", "change_count", "open_count")
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TASKS_RECORDED_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    EXPLORING_FIELD_NUMBER: _ClassVar[int]
    HOLDING_BACK_FIELD_NUMBER: _ClassVar[int]
    UNKEPT_FIELD_NUMBER: _ClassVar[int]
    UNKEPT_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    NEEDED_FIELD_NUMBER: _ClassVar[int]
    CHANGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    since_time: _timestamp_pb2.Timestamp
    tasks: int
    total_tasks_recorded: int
    changes: _containers.RepeatedCompositeFieldContainer[_gains_pb2.ChangeGains]
    totals: _containers.RepeatedCompositeFieldContainer[_gains_pb2.GainAmount]
    exploring: _gains_pb2.ProvingCost
    holding_back: _gains_pb2.ProvingCost
    unkept: _containers.RepeatedCompositeFieldContainer[_gains_pb2.UnkeptChange]
    unkept_count: int
    open: _containers.RepeatedCompositeFieldContainer[_gains_pb2.OpenChange]
    record: _gains_pb2.TrackRecord
    needed: _containers.RepeatedScalarFieldContainer[str]
    change_count: int
    open_count: int
    def __init__(self, since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tasks: _Optional[int] = ..., total_tasks_recorded: _Optional[int] = ..., changes: _Optional[_Iterable[_Union[_gains_pb2.ChangeGains, _Mapping]]] = ..., totals: _Optional[_Iterable[_Union[_gains_pb2.GainAmount, _Mapping]]] = ..., exploring: _Optional[_Union[_gains_pb2.ProvingCost, _Mapping]] = ..., holding_back: _Optional[_Union[_gains_pb2.ProvingCost, _Mapping]] = ..., unkept: _Optional[_Iterable[_Union[_gains_pb2.UnkeptChange, _Mapping]]] = ..., unkept_count: _Optional[int] = ..., open: _Optional[_Iterable[_Union[_gains_pb2.OpenChange, _Mapping]]] = ..., record: _Optional[_Union[_gains_pb2.TrackRecord, _Mapping]] = ..., needed: _Optional[_Iterable[str]] = ..., change_count: _Optional[int] = ..., open_count: _Optional[int] = ...) -> None: ...
