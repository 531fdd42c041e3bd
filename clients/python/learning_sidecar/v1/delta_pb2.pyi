import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeltaType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DELTA_TYPE_UNSPECIFIED: _ClassVar[DeltaType]
    DELTA_TYPE_COORDINATION: _ClassVar[DeltaType]
    DELTA_TYPE_STRATEGY: _ClassVar[DeltaType]
    DELTA_TYPE_RESOURCE: _ClassVar[DeltaType]
    DELTA_TYPE_METRIC: _ClassVar[DeltaType]

class DeltaOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DELTA_OPERATION_UNSPECIFIED: _ClassVar[DeltaOperation]
    DELTA_OPERATION_MODIFY: _ClassVar[DeltaOperation]
    DELTA_OPERATION_ADD: _ClassVar[DeltaOperation]
    DELTA_OPERATION_REMOVE: _ClassVar[DeltaOperation]
    DELTA_OPERATION_ADJUST: _ClassVar[DeltaOperation]

class DeltaImpact(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DELTA_IMPACT_UNSPECIFIED: _ClassVar[DeltaImpact]
    DELTA_IMPACT_POSITIVE: _ClassVar[DeltaImpact]
    DELTA_IMPACT_NEGATIVE: _ClassVar[DeltaImpact]
    DELTA_IMPACT_NEUTRAL: _ClassVar[DeltaImpact]

class RiskLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RISK_LEVEL_UNSPECIFIED: _ClassVar[RiskLevel]
    RISK_LEVEL_LOW: _ClassVar[RiskLevel]
    RISK_LEVEL_MEDIUM: _ClassVar[RiskLevel]
    RISK_LEVEL_HIGH: _ClassVar[RiskLevel]

class DeltaState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DELTA_STATE_UNSPECIFIED: _ClassVar[DeltaState]
    DELTA_STATE_PROPOSED: _ClassVar[DeltaState]
    DELTA_STATE_REJECTED: _ClassVar[DeltaState]
    DELTA_STATE_TRIAL: _ClassVar[DeltaState]
    DELTA_STATE_APPLIED: _ClassVar[DeltaState]
    DELTA_STATE_REVERTED: _ClassVar[DeltaState]
    DELTA_STATE_EXPIRED: _ClassVar[DeltaState]
    DELTA_STATE_PROVISIONAL: _ClassVar[DeltaState]
    DELTA_STATE_CONFIRMED: _ClassVar[DeltaState]

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_HELPED: _ClassVar[Verdict]
    VERDICT_HARMED: _ClassVar[Verdict]
    VERDICT_INCONCLUSIVE: _ClassVar[Verdict]
    VERDICT_INVALID: _ClassVar[Verdict]
    VERDICT_OBSERVED: _ClassVar[Verdict]

class Statistic(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STATISTIC_UNSPECIFIED: _ClassVar[Statistic]
    STATISTIC_MEDIAN: _ClassVar[Statistic]
    STATISTIC_TOTAL: _ClassVar[Statistic]
    STATISTIC_SHARE: _ClassVar[Statistic]
    STATISTIC_MEAN: _ClassVar[Statistic]
    STATISTIC_P95: _ClassVar[Statistic]
DELTA_TYPE_UNSPECIFIED: DeltaType
DELTA_TYPE_COORDINATION: DeltaType
DELTA_TYPE_STRATEGY: DeltaType
DELTA_TYPE_RESOURCE: DeltaType
DELTA_TYPE_METRIC: DeltaType
DELTA_OPERATION_UNSPECIFIED: DeltaOperation
DELTA_OPERATION_MODIFY: DeltaOperation
DELTA_OPERATION_ADD: DeltaOperation
DELTA_OPERATION_REMOVE: DeltaOperation
DELTA_OPERATION_ADJUST: DeltaOperation
DELTA_IMPACT_UNSPECIFIED: DeltaImpact
DELTA_IMPACT_POSITIVE: DeltaImpact
DELTA_IMPACT_NEGATIVE: DeltaImpact
DELTA_IMPACT_NEUTRAL: DeltaImpact
RISK_LEVEL_UNSPECIFIED: RiskLevel
RISK_LEVEL_LOW: RiskLevel
RISK_LEVEL_MEDIUM: RiskLevel
RISK_LEVEL_HIGH: RiskLevel
DELTA_STATE_UNSPECIFIED: DeltaState
DELTA_STATE_PROPOSED: DeltaState
DELTA_STATE_REJECTED: DeltaState
DELTA_STATE_TRIAL: DeltaState
DELTA_STATE_APPLIED: DeltaState
DELTA_STATE_REVERTED: DeltaState
DELTA_STATE_EXPIRED: DeltaState
DELTA_STATE_PROVISIONAL: DeltaState
DELTA_STATE_CONFIRMED: DeltaState
VERDICT_UNSPECIFIED: Verdict
VERDICT_HELPED: Verdict
VERDICT_HARMED: Verdict
VERDICT_INCONCLUSIVE: Verdict
VERDICT_INVALID: Verdict
VERDICT_OBSERVED: Verdict
STATISTIC_UNSPECIFIED: Statistic
STATISTIC_MEDIAN: Statistic
STATISTIC_TOTAL: Statistic
STATISTIC_SHARE: Statistic
STATISTIC_MEAN: Statistic
STATISTIC_P95: Statistic

class Cohort(_message.Message):
    __slots__ = ("label", "value")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    label: str
    value: str
    def __init__(self, label: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Delta(_message.Message):
    __slots__ = ("delta_id", "sequence", "rule_id", "type", "operation", "target", "old_value", "new_value", "reasoning", "confidence", "impact", "state", "propose_time", "apply_time", "expire_time", "cycle_number", "evaluation", "effect", "reverts_delta_id", "trial_delta_id", "refusals", "refusal_count", "cohort")
    DELTA_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    OLD_VALUE_FIELD_NUMBER: _ClassVar[int]
    NEW_VALUE_FIELD_NUMBER: _ClassVar[int]
    REASONING_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    IMPACT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PROPOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    APPLY_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    CYCLE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    EVALUATION_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    REVERTS_DELTA_ID_FIELD_NUMBER: _ClassVar[int]
    TRIAL_DELTA_ID_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    COHORT_FIELD_NUMBER: _ClassVar[int]
    delta_id: str
    sequence: int
    rule_id: str
    type: DeltaType
    operation: DeltaOperation
    target: str
    old_value: _struct_pb2.Value
    new_value: _struct_pb2.Value
    reasoning: str
    confidence: float
    impact: DeltaImpact
    state: DeltaState
    propose_time: _timestamp_pb2.Timestamp
    apply_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    cycle_number: int
    evaluation: DeltaEvaluation
    effect: DeltaEffect
    reverts_delta_id: str
    trial_delta_id: str
    refusals: _containers.RepeatedCompositeFieldContainer[Refusal]
    refusal_count: int
    cohort: Cohort
    def __init__(self, delta_id: _Optional[str] = ..., sequence: _Optional[int] = ..., rule_id: _Optional[str] = ..., type: _Optional[_Union[DeltaType, str]] = ..., operation: _Optional[_Union[DeltaOperation, str]] = ..., target: _Optional[str] = ..., old_value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., new_value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., reasoning: _Optional[str] = ..., confidence: _Optional[float] = ..., impact: _Optional[_Union[DeltaImpact, str]] = ..., state: _Optional[_Union[DeltaState, str]] = ..., propose_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., apply_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cycle_number: _Optional[int] = ..., evaluation: _Optional[_Union[DeltaEvaluation, _Mapping]] = ..., effect: _Optional[_Union[DeltaEffect, _Mapping]] = ..., reverts_delta_id: _Optional[str] = ..., trial_delta_id: _Optional[str] = ..., refusals: _Optional[_Iterable[_Union[Refusal, _Mapping]]] = ..., refusal_count: _Optional[int] = ..., cohort: _Optional[_Union[Cohort, _Mapping]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("client_id", "reason", "message", "refuse_time")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REFUSE_TIME_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    reason: str
    message: str
    refuse_time: _timestamp_pb2.Timestamp
    def __init__(self, client_id: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., refuse_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DeltaEvaluation(_message.Message):
    __slots__ = ("overall_score", "recommended", "reasoning", "risk_level", "estimated_benefit")
    OVERALL_SCORE_FIELD_NUMBER: _ClassVar[int]
    RECOMMENDED_FIELD_NUMBER: _ClassVar[int]
    REASONING_FIELD_NUMBER: _ClassVar[int]
    RISK_LEVEL_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_BENEFIT_FIELD_NUMBER: _ClassVar[int]
    overall_score: float
    recommended: bool
    reasoning: str
    risk_level: RiskLevel
    estimated_benefit: str
    def __init__(self, overall_score: _Optional[float] = ..., recommended: bool = ..., reasoning: _Optional[str] = ..., risk_level: _Optional[_Union[RiskLevel, str]] = ..., estimated_benefit: _Optional[str] = ...) -> None: ...

class DeltaEffect(_message.Message):
    __slots__ = ("verdict", "metrics", "tasks_used", "summary", "gains", "beside")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    TASKS_USED_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    GAINS_FIELD_NUMBER: _ClassVar[int]
    BESIDE_FIELD_NUMBER: _ClassVar[int]
    verdict: Verdict
    metrics: _containers.RepeatedCompositeFieldContainer[MetricEffect]
    tasks_used: int
    summary: str
    gains: _containers.RepeatedCompositeFieldContainer[Gain]
    beside: _containers.RepeatedCompositeFieldContainer[Beside]
    def __init__(self, verdict: _Optional[_Union[Verdict, str]] = ..., metrics: _Optional[_Iterable[_Union[MetricEffect, _Mapping]]] = ..., tasks_used: _Optional[int] = ..., summary: _Optional[str] = ..., gains: _Optional[_Iterable[_Union[Gain, _Mapping]]] = ..., beside: _Optional[_Iterable[_Union[Beside, _Mapping]]] = ...) -> None: ...

class Beside(_message.Message):
    __slots__ = ("delta_id", "target", "combinations", "interaction", "interaction_lower", "interaction_upper")
    DELTA_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    COMBINATIONS_FIELD_NUMBER: _ClassVar[int]
    INTERACTION_FIELD_NUMBER: _ClassVar[int]
    INTERACTION_LOWER_FIELD_NUMBER: _ClassVar[int]
    INTERACTION_UPPER_FIELD_NUMBER: _ClassVar[int]
    delta_id: str
    target: str
    combinations: _containers.RepeatedCompositeFieldContainer[Combination]
    interaction: float
    interaction_lower: float
    interaction_upper: float
    def __init__(self, delta_id: _Optional[str] = ..., target: _Optional[str] = ..., combinations: _Optional[_Iterable[_Union[Combination, _Mapping]]] = ..., interaction: _Optional[float] = ..., interaction_lower: _Optional[float] = ..., interaction_upper: _Optional[float] = ...) -> None: ...

class Combination(_message.Message):
    __slots__ = ("new_value", "other_new_value", "tasks", "success", "latency_ms", "primary")
    NEW_VALUE_FIELD_NUMBER: _ClassVar[int]
    OTHER_NEW_VALUE_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_FIELD_NUMBER: _ClassVar[int]
    new_value: bool
    other_new_value: bool
    tasks: int
    success: float
    latency_ms: float
    primary: float
    def __init__(self, new_value: bool = ..., other_new_value: bool = ..., tasks: _Optional[int] = ..., success: _Optional[float] = ..., latency_ms: _Optional[float] = ..., primary: _Optional[float] = ...) -> None: ...

class Gain(_message.Message):
    __slots__ = ("metric", "per_task", "lower", "upper", "groups")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    PER_TASK_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    metric: str
    per_task: float
    lower: float
    upper: float
    groups: int
    def __init__(self, metric: _Optional[str] = ..., per_task: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., groups: _Optional[int] = ...) -> None: ...

class MetricEffect(_message.Message):
    __slots__ = ("metric", "estimate", "lower", "upper", "e_harm", "e_help", "tasks_old", "tasks_new", "statistic", "e_not_worse", "margin", "is_constraint")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    E_HARM_FIELD_NUMBER: _ClassVar[int]
    E_HELP_FIELD_NUMBER: _ClassVar[int]
    TASKS_OLD_FIELD_NUMBER: _ClassVar[int]
    TASKS_NEW_FIELD_NUMBER: _ClassVar[int]
    STATISTIC_FIELD_NUMBER: _ClassVar[int]
    E_NOT_WORSE_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    IS_CONSTRAINT_FIELD_NUMBER: _ClassVar[int]
    metric: str
    estimate: float
    lower: float
    upper: float
    e_harm: float
    e_help: float
    tasks_old: int
    tasks_new: int
    statistic: Statistic
    e_not_worse: float
    margin: float
    is_constraint: bool
    def __init__(self, metric: _Optional[str] = ..., estimate: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., e_harm: _Optional[float] = ..., e_help: _Optional[float] = ..., tasks_old: _Optional[int] = ..., tasks_new: _Optional[int] = ..., statistic: _Optional[_Union[Statistic, str]] = ..., e_not_worse: _Optional[float] = ..., margin: _Optional[float] = ..., is_constraint: bool = ...) -> None: ...
