"""An orchestrator's learning sidecar: `LearningSidecar` here, and in `learning_sidecar.aio`."""

from .client import LearningSidecar
from .failure import Failure, read_failure
from .live import Change, DeltaRefusal, Resolved
from .reporting import report_every
from .task import Outcome, TaskRun
from .v1.task_pb2 import CoordinationMetrics, Task

__all__ = [
    "Change",
    "CoordinationMetrics",
    "DeltaRefusal",
    "Failure",
    "LearningSidecar",
    "Outcome",
    "Resolved",
    "Task",
    "TaskRun",
    "read_failure",
    "report_every",
]
