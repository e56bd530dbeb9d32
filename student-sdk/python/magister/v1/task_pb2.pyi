from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from magister.v1 import space_pb2 as _space_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor
TASK_STATE_ABANDONED: TaskState
TASK_STATE_COMPLETED: TaskState
TASK_STATE_EXPIRED: TaskState
TASK_STATE_INFEASIBLE: TaskState
TASK_STATE_OPEN: TaskState
TASK_STATE_UNSPECIFIED: TaskState

class EpisodeOutcome(_message.Message):
    __slots__ = ["abandoned", "completed", "infeasible", "parameters", "student", "task", "worker"]
    class End(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    class Abandoned(_message.Message):
        __slots__ = ["message"]
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        message: str
        def __init__(self, message: _Optional[str] = ...) -> None: ...
    class Completed(_message.Message):
        __slots__ = ["end", "episode_return", "length", "student_step", "success"]
        END_FIELD_NUMBER: _ClassVar[int]
        EPISODE_RETURN_FIELD_NUMBER: _ClassVar[int]
        LENGTH_FIELD_NUMBER: _ClassVar[int]
        STUDENT_STEP_FIELD_NUMBER: _ClassVar[int]
        SUCCESS_FIELD_NUMBER: _ClassVar[int]
        end: EpisodeOutcome.End
        episode_return: float
        length: int
        student_step: int
        success: bool
        def __init__(self, episode_return: _Optional[float] = ..., length: _Optional[int] = ..., end: _Optional[_Union[EpisodeOutcome.End, str]] = ..., success: bool = ..., student_step: _Optional[int] = ...) -> None: ...
    class Infeasible(_message.Message):
        __slots__ = ["message"]
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        message: str
        def __init__(self, message: _Optional[str] = ...) -> None: ...
    ABANDONED_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    END_TERMINATED: EpisodeOutcome.End
    END_TRUNCATED: EpisodeOutcome.End
    END_UNSPECIFIED: EpisodeOutcome.End
    INFEASIBLE_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    STUDENT_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    abandoned: EpisodeOutcome.Abandoned
    completed: EpisodeOutcome.Completed
    infeasible: EpisodeOutcome.Infeasible
    parameters: _space_pb2.Parameters
    student: str
    task: str
    worker: str
    def __init__(self, task: _Optional[str] = ..., parameters: _Optional[_Union[_space_pb2.Parameters, _Mapping]] = ..., completed: _Optional[_Union[EpisodeOutcome.Completed, _Mapping]] = ..., infeasible: _Optional[_Union[EpisodeOutcome.Infeasible, _Mapping]] = ..., abandoned: _Optional[_Union[EpisodeOutcome.Abandoned, _Mapping]] = ..., student: _Optional[str] = ..., worker: _Optional[str] = ...) -> None: ...

class EpisodeReceipt(_message.Message):
    __slots__ = ["alp", "duplicate", "episode", "late", "state", "task"]
    ALP_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    EPISODE_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    alp: float
    duplicate: bool
    episode: int
    late: bool
    state: TaskState
    task: str
    def __init__(self, task: _Optional[str] = ..., state: _Optional[_Union[TaskState, str]] = ..., episode: _Optional[int] = ..., alp: _Optional[float] = ..., late: bool = ..., duplicate: bool = ...) -> None: ...

class Origin(_message.Message):
    __slots__ = ["component", "exploration", "initial", "mutation", "region", "unsolicited", "window"]
    class ComponentDraw(_message.Message):
        __slots__ = ["component", "fit"]
        COMPONENT_FIELD_NUMBER: _ClassVar[int]
        FIT_FIELD_NUMBER: _ClassVar[int]
        component: int
        fit: int
        def __init__(self, fit: _Optional[int] = ..., component: _Optional[int] = ...) -> None: ...
    class Exploration(_message.Message):
        __slots__ = ["reason"]
        class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
            __slots__ = []
        REASON_BOOTSTRAP: Origin.Exploration.Reason
        REASON_FIELD_NUMBER: _ClassVar[int]
        REASON_NO_PROGRESS: Origin.Exploration.Reason
        REASON_RANDOM_TASK_RATIO: Origin.Exploration.Reason
        REASON_RANDOM_TEACHER: Origin.Exploration.Reason
        REASON_UNSPECIFIED: Origin.Exploration.Reason
        reason: Origin.Exploration.Reason
        def __init__(self, reason: _Optional[_Union[Origin.Exploration.Reason, str]] = ...) -> None: ...
    class InitialDraw(_message.Message):
        __slots__ = []
        def __init__(self) -> None: ...
    class RegionDraw(_message.Message):
        __slots__ = ["region"]
        REGION_FIELD_NUMBER: _ClassVar[int]
        region: int
        def __init__(self, region: _Optional[int] = ...) -> None: ...
    class Unsolicited(_message.Message):
        __slots__ = []
        def __init__(self) -> None: ...
    class WindowDraw(_message.Message):
        __slots__ = []
        def __init__(self) -> None: ...
    COMPONENT_FIELD_NUMBER: _ClassVar[int]
    EXPLORATION_FIELD_NUMBER: _ClassVar[int]
    INITIAL_FIELD_NUMBER: _ClassVar[int]
    MUTATION_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    UNSOLICITED_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    component: Origin.ComponentDraw
    exploration: Origin.Exploration
    initial: Origin.InitialDraw
    mutation: Origin.RegionDraw
    region: Origin.RegionDraw
    unsolicited: Origin.Unsolicited
    window: Origin.WindowDraw
    def __init__(self, exploration: _Optional[_Union[Origin.Exploration, _Mapping]] = ..., initial: _Optional[_Union[Origin.InitialDraw, _Mapping]] = ..., component: _Optional[_Union[Origin.ComponentDraw, _Mapping]] = ..., unsolicited: _Optional[_Union[Origin.Unsolicited, _Mapping]] = ..., region: _Optional[_Union[Origin.RegionDraw, _Mapping]] = ..., mutation: _Optional[_Union[Origin.RegionDraw, _Mapping]] = ..., window: _Optional[_Union[Origin.WindowDraw, _Mapping]] = ...) -> None: ...

class ReportEpisodesRequest(_message.Message):
    __slots__ = ["curriculum", "outcomes", "request_id"]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    curriculum: str
    outcomes: _containers.RepeatedCompositeFieldContainer[EpisodeOutcome]
    request_id: str
    def __init__(self, curriculum: _Optional[str] = ..., outcomes: _Optional[_Iterable[_Union[EpisodeOutcome, _Mapping]]] = ..., request_id: _Optional[str] = ...) -> None: ...

class ReportEpisodesResponse(_message.Message):
    __slots__ = ["position", "receipts"]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    position: int
    receipts: _containers.RepeatedCompositeFieldContainer[EpisodeReceipt]
    def __init__(self, receipts: _Optional[_Iterable[_Union[EpisodeReceipt, _Mapping]]] = ..., position: _Optional[int] = ...) -> None: ...

class SampleTasksRequest(_message.Message):
    __slots__ = ["count", "curriculum", "lease_duration", "request_id", "student", "worker"]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    LEASE_DURATION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STUDENT_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    count: int
    curriculum: str
    lease_duration: _duration_pb2.Duration
    request_id: str
    student: str
    worker: str
    def __init__(self, curriculum: _Optional[str] = ..., count: _Optional[int] = ..., student: _Optional[str] = ..., worker: _Optional[str] = ..., request_id: _Optional[str] = ..., lease_duration: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SampleTasksResponse(_message.Message):
    __slots__ = ["position", "tasks"]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    position: int
    tasks: _containers.RepeatedCompositeFieldContainer[Task]
    def __init__(self, tasks: _Optional[_Iterable[_Union[Task, _Mapping]]] = ..., position: _Optional[int] = ...) -> None: ...

class Task(_message.Message):
    __slots__ = ["create_time", "expire_time", "lease_duration", "name", "origin", "parameters", "sampled_at_episode", "state", "student", "worker"]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    LEASE_DURATION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    SAMPLED_AT_EPISODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STUDENT_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    create_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    lease_duration: _duration_pb2.Duration
    name: str
    origin: Origin
    parameters: _space_pb2.Parameters
    sampled_at_episode: int
    state: TaskState
    student: str
    worker: str
    def __init__(self, name: _Optional[str] = ..., parameters: _Optional[_Union[_space_pb2.Parameters, _Mapping]] = ..., state: _Optional[_Union[TaskState, str]] = ..., student: _Optional[str] = ..., worker: _Optional[str] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., origin: _Optional[_Union[Origin, _Mapping]] = ..., sampled_at_episode: _Optional[int] = ..., lease_duration: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class TeachRequest(_message.Message):
    __slots__ = ["open", "step"]
    class Open(_message.Message):
        __slots__ = ["curriculum", "student", "worker"]
        CURRICULUM_FIELD_NUMBER: _ClassVar[int]
        STUDENT_FIELD_NUMBER: _ClassVar[int]
        WORKER_FIELD_NUMBER: _ClassVar[int]
        curriculum: str
        student: str
        worker: str
        def __init__(self, curriculum: _Optional[str] = ..., student: _Optional[str] = ..., worker: _Optional[str] = ...) -> None: ...
    class Step(_message.Message):
        __slots__ = ["count", "outcomes", "request_id"]
        COUNT_FIELD_NUMBER: _ClassVar[int]
        OUTCOMES_FIELD_NUMBER: _ClassVar[int]
        REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
        count: int
        outcomes: _containers.RepeatedCompositeFieldContainer[EpisodeOutcome]
        request_id: str
        def __init__(self, outcomes: _Optional[_Iterable[_Union[EpisodeOutcome, _Mapping]]] = ..., count: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...
    OPEN_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    open: TeachRequest.Open
    step: TeachRequest.Step
    def __init__(self, open: _Optional[_Union[TeachRequest.Open, _Mapping]] = ..., step: _Optional[_Union[TeachRequest.Step, _Mapping]] = ...) -> None: ...

class TeachResponse(_message.Message):
    __slots__ = ["position", "receipts", "tasks"]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    position: int
    receipts: _containers.RepeatedCompositeFieldContainer[EpisodeReceipt]
    tasks: _containers.RepeatedCompositeFieldContainer[Task]
    def __init__(self, receipts: _Optional[_Iterable[_Union[EpisodeReceipt, _Mapping]]] = ..., tasks: _Optional[_Iterable[_Union[Task, _Mapping]]] = ..., position: _Optional[int] = ...) -> None: ...

class TaskState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []
