from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from magister.v1 import task_pb2 as _task_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DiagnoseRequest(_message.Message):
    __slots__ = ["curriculum", "stopped_after"]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    STOPPED_AFTER_FIELD_NUMBER: _ClassVar[int]
    curriculum: str
    stopped_after: _duration_pb2.Duration
    def __init__(self, curriculum: _Optional[str] = ..., stopped_after: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Diagnosis(_message.Message):
    __slots__ = ["curriculum", "episodes", "findings"]
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    class Finding(_message.Message):
        __slots__ = ["advice", "kind", "severity", "statement"]
        ADVICE_FIELD_NUMBER: _ClassVar[int]
        KIND_FIELD_NUMBER: _ClassVar[int]
        SEVERITY_FIELD_NUMBER: _ClassVar[int]
        STATEMENT_FIELD_NUMBER: _ClassVar[int]
        advice: str
        kind: Diagnosis.Kind
        severity: Diagnosis.Severity
        statement: str
        def __init__(self, kind: _Optional[_Union[Diagnosis.Kind, str]] = ..., severity: _Optional[_Union[Diagnosis.Severity, str]] = ..., statement: _Optional[str] = ..., advice: _Optional[str] = ...) -> None: ...
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    KIND_ABANDONED: Diagnosis.Kind
    KIND_BOOTSTRAP: Diagnosis.Kind
    KIND_EQUAL_RETURNS: Diagnosis.Kind
    KIND_EXPIRED: Diagnosis.Kind
    KIND_FIT_FAILED: Diagnosis.Kind
    KIND_INFEASIBLE: Diagnosis.Kind
    KIND_MASTERED: Diagnosis.Kind
    KIND_NARROW_RANGE: Diagnosis.Kind
    KIND_NEVER_REPORTED: Diagnosis.Kind
    KIND_NOT_STARTED: Diagnosis.Kind
    KIND_NO_PROGRESS: Diagnosis.Kind
    KIND_OUTSIDE_RANGE: Diagnosis.Kind
    KIND_PAUSED: Diagnosis.Kind
    KIND_REPORTS_STOPPED: Diagnosis.Kind
    KIND_STALE_REPORTS: Diagnosis.Kind
    KIND_UNSPECIFIED: Diagnosis.Kind
    KIND_WORSENING: Diagnosis.Kind
    SEVERITY_NOTE: Diagnosis.Severity
    SEVERITY_PROBLEM: Diagnosis.Severity
    SEVERITY_UNSPECIFIED: Diagnosis.Severity
    SEVERITY_WARNING: Diagnosis.Severity
    curriculum: str
    episodes: int
    findings: _containers.RepeatedCompositeFieldContainer[Diagnosis.Finding]
    def __init__(self, curriculum: _Optional[str] = ..., episodes: _Optional[int] = ..., findings: _Optional[_Iterable[_Union[Diagnosis.Finding, _Mapping]]] = ...) -> None: ...

class EpisodePoint(_message.Message):
    __slots__ = ["alp", "episode", "episode_return", "origin", "task", "values"]
    ALP_FIELD_NUMBER: _ClassVar[int]
    EPISODE_FIELD_NUMBER: _ClassVar[int]
    EPISODE_RETURN_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    alp: float
    episode: int
    episode_return: float
    origin: _task_pb2.Origin
    task: int
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, episode: _Optional[int] = ..., task: _Optional[int] = ..., values: _Optional[_Iterable[float]] = ..., episode_return: _Optional[float] = ..., alp: _Optional[float] = ..., origin: _Optional[_Union[_task_pb2.Origin, _Mapping]] = ...) -> None: ...

class GetProgressRequest(_message.Message):
    __slots__ = ["curriculum", "max_buckets"]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    MAX_BUCKETS_FIELD_NUMBER: _ClassVar[int]
    curriculum: str
    max_buckets: int
    def __init__(self, curriculum: _Optional[str] = ..., max_buckets: _Optional[int] = ...) -> None: ...

class ListEpisodePointsRequest(_message.Message):
    __slots__ = ["before_episode", "curriculum", "from_episode", "max_points"]
    BEFORE_EPISODE_FIELD_NUMBER: _ClassVar[int]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    FROM_EPISODE_FIELD_NUMBER: _ClassVar[int]
    MAX_POINTS_FIELD_NUMBER: _ClassVar[int]
    before_episode: int
    curriculum: str
    from_episode: int
    max_points: int
    def __init__(self, curriculum: _Optional[str] = ..., from_episode: _Optional[int] = ..., before_episode: _Optional[int] = ..., max_points: _Optional[int] = ...) -> None: ...

class ListEpisodePointsResponse(_message.Message):
    __slots__ = ["every", "points"]
    EVERY_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    every: int
    points: _containers.RepeatedCompositeFieldContainer[EpisodePoint]
    def __init__(self, points: _Optional[_Iterable[_Union[EpisodePoint, _Mapping]]] = ..., every: _Optional[int] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ["buckets", "curriculum", "episodes", "episodes_per_second", "recent", "students"]
    class Bucket(_message.Message):
        __slots__ = ["completed", "components", "end_time", "exploration_share", "first_episode", "highest_return", "infeasible", "last_episode", "lowest_return", "mastered_share", "mean_alp", "mean_return", "outside_range_share", "student_step"]
        COMPLETED_FIELD_NUMBER: _ClassVar[int]
        COMPONENTS_FIELD_NUMBER: _ClassVar[int]
        END_TIME_FIELD_NUMBER: _ClassVar[int]
        EXPLORATION_SHARE_FIELD_NUMBER: _ClassVar[int]
        FIRST_EPISODE_FIELD_NUMBER: _ClassVar[int]
        HIGHEST_RETURN_FIELD_NUMBER: _ClassVar[int]
        INFEASIBLE_FIELD_NUMBER: _ClassVar[int]
        LAST_EPISODE_FIELD_NUMBER: _ClassVar[int]
        LOWEST_RETURN_FIELD_NUMBER: _ClassVar[int]
        MASTERED_SHARE_FIELD_NUMBER: _ClassVar[int]
        MEAN_ALP_FIELD_NUMBER: _ClassVar[int]
        MEAN_RETURN_FIELD_NUMBER: _ClassVar[int]
        OUTSIDE_RANGE_SHARE_FIELD_NUMBER: _ClassVar[int]
        STUDENT_STEP_FIELD_NUMBER: _ClassVar[int]
        completed: int
        components: int
        end_time: _timestamp_pb2.Timestamp
        exploration_share: float
        first_episode: int
        highest_return: float
        infeasible: int
        last_episode: int
        lowest_return: float
        mastered_share: float
        mean_alp: float
        mean_return: float
        outside_range_share: float
        student_step: int
        def __init__(self, first_episode: _Optional[int] = ..., last_episode: _Optional[int] = ..., completed: _Optional[int] = ..., infeasible: _Optional[int] = ..., mean_return: _Optional[float] = ..., lowest_return: _Optional[float] = ..., highest_return: _Optional[float] = ..., mean_alp: _Optional[float] = ..., exploration_share: _Optional[float] = ..., mastered_share: _Optional[float] = ..., outside_range_share: _Optional[float] = ..., student_step: _Optional[int] = ..., components: _Optional[int] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
    class StudentActivity(_message.Message):
        __slots__ = ["episodes", "last_report_time", "student", "workers"]
        EPISODES_FIELD_NUMBER: _ClassVar[int]
        LAST_REPORT_TIME_FIELD_NUMBER: _ClassVar[int]
        STUDENT_FIELD_NUMBER: _ClassVar[int]
        WORKERS_FIELD_NUMBER: _ClassVar[int]
        episodes: int
        last_report_time: _timestamp_pb2.Timestamp
        student: str
        workers: int
        def __init__(self, student: _Optional[str] = ..., workers: _Optional[int] = ..., episodes: _Optional[int] = ..., last_report_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    EPISODES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    RECENT_FIELD_NUMBER: _ClassVar[int]
    STUDENTS_FIELD_NUMBER: _ClassVar[int]
    buckets: _containers.RepeatedCompositeFieldContainer[Progress.Bucket]
    curriculum: str
    episodes: int
    episodes_per_second: float
    recent: Progress.Bucket
    students: _containers.RepeatedCompositeFieldContainer[Progress.StudentActivity]
    def __init__(self, curriculum: _Optional[str] = ..., episodes: _Optional[int] = ..., buckets: _Optional[_Iterable[_Union[Progress.Bucket, _Mapping]]] = ..., students: _Optional[_Iterable[_Union[Progress.StudentActivity, _Mapping]]] = ..., episodes_per_second: _Optional[float] = ..., recent: _Optional[_Union[Progress.Bucket, _Mapping]] = ...) -> None: ...
