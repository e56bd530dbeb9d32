from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from magister.v1 import evaluation_pb2 as _evaluation_pb2
from magister.v1 import space_pb2 as _space_pb2
from magister.v1 import teacher_pb2 as _teacher_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateCurriculumRequest(_message.Message):
    __slots__ = ["curriculum", "curriculum_id", "request_id"]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    CURRICULUM_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    curriculum: Curriculum
    curriculum_id: str
    request_id: str
    def __init__(self, curriculum_id: _Optional[str] = ..., curriculum: _Optional[_Union[Curriculum, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class Curriculum(_message.Message):
    __slots__ = ["algorithm_version", "create_time", "display_name", "episodes", "fits", "forked_at", "forked_from", "lease_duration", "mastery_threshold", "max_open_tasks", "max_staleness_episodes", "name", "open_tasks", "position", "return_range", "seed", "space", "state", "tasks", "teacher", "test_set"]
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    class ReturnRange(_message.Message):
        __slots__ = ["high", "low"]
        HIGH_FIELD_NUMBER: _ClassVar[int]
        LOW_FIELD_NUMBER: _ClassVar[int]
        high: float
        low: float
        def __init__(self, low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...
    ALGORITHM_VERSION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    FITS_FIELD_NUMBER: _ClassVar[int]
    FORKED_AT_FIELD_NUMBER: _ClassVar[int]
    FORKED_FROM_FIELD_NUMBER: _ClassVar[int]
    LEASE_DURATION_FIELD_NUMBER: _ClassVar[int]
    MASTERY_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    MAX_OPEN_TASKS_FIELD_NUMBER: _ClassVar[int]
    MAX_STALENESS_EPISODES_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OPEN_TASKS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RETURN_RANGE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SPACE_FIELD_NUMBER: _ClassVar[int]
    STATE_ACTIVE: Curriculum.State
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATE_PAUSED: Curriculum.State
    STATE_UNSPECIFIED: Curriculum.State
    TASKS_FIELD_NUMBER: _ClassVar[int]
    TEACHER_FIELD_NUMBER: _ClassVar[int]
    TEST_SET_FIELD_NUMBER: _ClassVar[int]
    algorithm_version: int
    create_time: _timestamp_pb2.Timestamp
    display_name: str
    episodes: int
    fits: int
    forked_at: int
    forked_from: str
    lease_duration: _duration_pb2.Duration
    mastery_threshold: float
    max_open_tasks: int
    max_staleness_episodes: int
    name: str
    open_tasks: int
    position: int
    return_range: Curriculum.ReturnRange
    seed: int
    space: _space_pb2.TaskSpace
    state: Curriculum.State
    tasks: int
    teacher: _teacher_pb2.TeacherSpec
    test_set: _evaluation_pb2.TestSet
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., space: _Optional[_Union[_space_pb2.TaskSpace, _Mapping]] = ..., teacher: _Optional[_Union[_teacher_pb2.TeacherSpec, _Mapping]] = ..., seed: _Optional[int] = ..., return_range: _Optional[_Union[Curriculum.ReturnRange, _Mapping]] = ..., test_set: _Optional[_Union[_evaluation_pb2.TestSet, _Mapping]] = ..., mastery_threshold: _Optional[float] = ..., lease_duration: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., max_open_tasks: _Optional[int] = ..., max_staleness_episodes: _Optional[int] = ..., state: _Optional[_Union[Curriculum.State, str]] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., position: _Optional[int] = ..., tasks: _Optional[int] = ..., episodes: _Optional[int] = ..., open_tasks: _Optional[int] = ..., fits: _Optional[int] = ..., algorithm_version: _Optional[int] = ..., forked_from: _Optional[str] = ..., forked_at: _Optional[int] = ...) -> None: ...

class DeleteCurriculumRequest(_message.Message):
    __slots__ = ["name"]
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class DeleteCurriculumResponse(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class ExportCurriculumRequest(_message.Message):
    __slots__ = ["name"]
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ExportCurriculumResponse(_message.Message):
    __slots__ = ["chunk"]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    chunk: bytes
    def __init__(self, chunk: _Optional[bytes] = ...) -> None: ...

class ForkCurriculumRequest(_message.Message):
    __slots__ = ["curriculum_id", "position", "seed", "source"]
    CURRICULUM_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    curriculum_id: str
    position: int
    seed: int
    source: str
    def __init__(self, source: _Optional[str] = ..., position: _Optional[int] = ..., curriculum_id: _Optional[str] = ..., seed: _Optional[int] = ...) -> None: ...

class GetCurriculumRequest(_message.Message):
    __slots__ = ["name"]
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ImportCurriculumRequest(_message.Message):
    __slots__ = ["chunk", "curriculum_id"]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    CURRICULUM_ID_FIELD_NUMBER: _ClassVar[int]
    chunk: bytes
    curriculum_id: str
    def __init__(self, curriculum_id: _Optional[str] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class ListCurriculaRequest(_message.Message):
    __slots__ = ["page_size", "page_token"]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCurriculaResponse(_message.Message):
    __slots__ = ["curricula", "next_page_token"]
    CURRICULA_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    curricula: _containers.RepeatedCompositeFieldContainer[Curriculum]
    next_page_token: str
    def __init__(self, curricula: _Optional[_Iterable[_Union[Curriculum, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateCurriculumRequest(_message.Message):
    __slots__ = ["alp_gmm", "display_name", "lease_duration", "mastery_threshold", "max_open_tasks", "max_staleness_episodes", "name", "paused"]
    class AlpGmmEdit(_message.Message):
        __slots__ = ["criterion", "em_initialisations", "fit_lag_episodes", "fit_rate", "max_components", "min_components", "random_task_ratio"]
        CRITERION_FIELD_NUMBER: _ClassVar[int]
        EM_INITIALISATIONS_FIELD_NUMBER: _ClassVar[int]
        FIT_LAG_EPISODES_FIELD_NUMBER: _ClassVar[int]
        FIT_RATE_FIELD_NUMBER: _ClassVar[int]
        MAX_COMPONENTS_FIELD_NUMBER: _ClassVar[int]
        MIN_COMPONENTS_FIELD_NUMBER: _ClassVar[int]
        RANDOM_TASK_RATIO_FIELD_NUMBER: _ClassVar[int]
        criterion: _teacher_pb2.AlpGmm.Criterion
        em_initialisations: int
        fit_lag_episodes: int
        fit_rate: int
        max_components: int
        min_components: int
        random_task_ratio: float
        def __init__(self, fit_rate: _Optional[int] = ..., random_task_ratio: _Optional[float] = ..., min_components: _Optional[int] = ..., max_components: _Optional[int] = ..., criterion: _Optional[_Union[_teacher_pb2.AlpGmm.Criterion, str]] = ..., em_initialisations: _Optional[int] = ..., fit_lag_episodes: _Optional[int] = ...) -> None: ...
    ALP_GMM_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    LEASE_DURATION_FIELD_NUMBER: _ClassVar[int]
    MASTERY_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    MAX_OPEN_TASKS_FIELD_NUMBER: _ClassVar[int]
    MAX_STALENESS_EPISODES_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    alp_gmm: UpdateCurriculumRequest.AlpGmmEdit
    display_name: str
    lease_duration: _duration_pb2.Duration
    mastery_threshold: float
    max_open_tasks: int
    max_staleness_episodes: int
    name: str
    paused: bool
    def __init__(self, name: _Optional[str] = ..., paused: bool = ..., display_name: _Optional[str] = ..., mastery_threshold: _Optional[float] = ..., lease_duration: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., max_open_tasks: _Optional[int] = ..., max_staleness_episodes: _Optional[int] = ..., alp_gmm: _Optional[_Union[UpdateCurriculumRequest.AlpGmmEdit, _Mapping]] = ...) -> None: ...
