from google.protobuf import timestamp_pb2 as _timestamp_pb2
from magister.v1 import space_pb2 as _space_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Evaluation(_message.Message):
    __slots__ = ["complete_time", "create_time", "mastered_share", "mean_return", "name", "results", "student", "student_step", "test_tasks"]
    COMPLETE_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    MASTERED_SHARE_FIELD_NUMBER: _ClassVar[int]
    MEAN_RETURN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    STUDENT_FIELD_NUMBER: _ClassVar[int]
    STUDENT_STEP_FIELD_NUMBER: _ClassVar[int]
    TEST_TASKS_FIELD_NUMBER: _ClassVar[int]
    complete_time: _timestamp_pb2.Timestamp
    create_time: _timestamp_pb2.Timestamp
    mastered_share: float
    mean_return: float
    name: str
    results: _containers.RepeatedCompositeFieldContainer[TestResult]
    student: str
    student_step: int
    test_tasks: int
    def __init__(self, name: _Optional[str] = ..., student: _Optional[str] = ..., student_step: _Optional[int] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., complete_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., results: _Optional[_Iterable[_Union[TestResult, _Mapping]]] = ..., test_tasks: _Optional[int] = ..., mastered_share: _Optional[float] = ..., mean_return: _Optional[float] = ...) -> None: ...

class GetEvaluationRequest(_message.Message):
    __slots__ = ["name"]
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetMasteryRequest(_message.Message):
    __slots__ = ["curriculum", "student"]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    STUDENT_FIELD_NUMBER: _ClassVar[int]
    curriculum: str
    student: str
    def __init__(self, curriculum: _Optional[str] = ..., student: _Optional[str] = ...) -> None: ...

class ListEvaluationsRequest(_message.Message):
    __slots__ = ["curriculum", "page_size", "page_token", "student"]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STUDENT_FIELD_NUMBER: _ClassVar[int]
    curriculum: str
    page_size: int
    page_token: str
    student: str
    def __init__(self, curriculum: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., student: _Optional[str] = ...) -> None: ...

class ListEvaluationsResponse(_message.Message):
    __slots__ = ["evaluations", "next_page_token"]
    EVALUATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    evaluations: _containers.RepeatedCompositeFieldContainer[Evaluation]
    next_page_token: str
    def __init__(self, evaluations: _Optional[_Iterable[_Union[Evaluation, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Mastery(_message.Message):
    __slots__ = ["evaluations", "forgotten_share", "mastered_share", "test_tasks"]
    class TestTaskMastery(_message.Message):
        __slots__ = ["best_return", "first_mastered_round", "forgotten", "last_return", "mastered", "parameters", "test_task"]
        BEST_RETURN_FIELD_NUMBER: _ClassVar[int]
        FIRST_MASTERED_ROUND_FIELD_NUMBER: _ClassVar[int]
        FORGOTTEN_FIELD_NUMBER: _ClassVar[int]
        LAST_RETURN_FIELD_NUMBER: _ClassVar[int]
        MASTERED_FIELD_NUMBER: _ClassVar[int]
        PARAMETERS_FIELD_NUMBER: _ClassVar[int]
        TEST_TASK_FIELD_NUMBER: _ClassVar[int]
        best_return: float
        first_mastered_round: int
        forgotten: bool
        last_return: float
        mastered: bool
        parameters: _space_pb2.Parameters
        test_task: int
        def __init__(self, test_task: _Optional[int] = ..., parameters: _Optional[_Union[_space_pb2.Parameters, _Mapping]] = ..., last_return: _Optional[float] = ..., best_return: _Optional[float] = ..., mastered: bool = ..., forgotten: bool = ..., first_mastered_round: _Optional[int] = ...) -> None: ...
    EVALUATIONS_FIELD_NUMBER: _ClassVar[int]
    FORGOTTEN_SHARE_FIELD_NUMBER: _ClassVar[int]
    MASTERED_SHARE_FIELD_NUMBER: _ClassVar[int]
    TEST_TASKS_FIELD_NUMBER: _ClassVar[int]
    evaluations: int
    forgotten_share: float
    mastered_share: float
    test_tasks: _containers.RepeatedCompositeFieldContainer[Mastery.TestTaskMastery]
    def __init__(self, test_tasks: _Optional[_Iterable[_Union[Mastery.TestTaskMastery, _Mapping]]] = ..., mastered_share: _Optional[float] = ..., forgotten_share: _Optional[float] = ..., evaluations: _Optional[int] = ...) -> None: ...

class ReportEvaluationsRequest(_message.Message):
    __slots__ = ["evaluation", "results"]
    EVALUATION_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    evaluation: str
    results: _containers.RepeatedCompositeFieldContainer[TestResult]
    def __init__(self, evaluation: _Optional[str] = ..., results: _Optional[_Iterable[_Union[TestResult, _Mapping]]] = ...) -> None: ...

class ReportEvaluationsResponse(_message.Message):
    __slots__ = ["evaluation"]
    EVALUATION_FIELD_NUMBER: _ClassVar[int]
    evaluation: Evaluation
    def __init__(self, evaluation: _Optional[_Union[Evaluation, _Mapping]] = ...) -> None: ...

class SampleTestTasksRequest(_message.Message):
    __slots__ = ["curriculum", "request_id", "student", "student_step"]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STUDENT_FIELD_NUMBER: _ClassVar[int]
    STUDENT_STEP_FIELD_NUMBER: _ClassVar[int]
    curriculum: str
    request_id: str
    student: str
    student_step: int
    def __init__(self, curriculum: _Optional[str] = ..., student: _Optional[str] = ..., student_step: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class SampleTestTasksResponse(_message.Message):
    __slots__ = ["evaluation", "tasks"]
    EVALUATION_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    evaluation: Evaluation
    tasks: _containers.RepeatedCompositeFieldContainer[_space_pb2.Parameters]
    def __init__(self, evaluation: _Optional[_Union[Evaluation, _Mapping]] = ..., tasks: _Optional[_Iterable[_Union[_space_pb2.Parameters, _Mapping]]] = ...) -> None: ...

class TestResult(_message.Message):
    __slots__ = ["episode_return", "length", "success", "test_task"]
    EPISODE_RETURN_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    TEST_TASK_FIELD_NUMBER: _ClassVar[int]
    episode_return: float
    length: int
    success: bool
    test_task: int
    def __init__(self, test_task: _Optional[int] = ..., episode_return: _Optional[float] = ..., length: _Optional[int] = ..., success: bool = ...) -> None: ...

class TestSet(_message.Message):
    __slots__ = ["list", "uniform_count"]
    class TaskList(_message.Message):
        __slots__ = ["tasks"]
        TASKS_FIELD_NUMBER: _ClassVar[int]
        tasks: _containers.RepeatedCompositeFieldContainer[_space_pb2.Parameters]
        def __init__(self, tasks: _Optional[_Iterable[_Union[_space_pb2.Parameters, _Mapping]]] = ...) -> None: ...
    LIST_FIELD_NUMBER: _ClassVar[int]
    UNIFORM_COUNT_FIELD_NUMBER: _ClassVar[int]
    list: TestSet.TaskList
    uniform_count: int
    def __init__(self, list: _Optional[_Union[TestSet.TaskList, _Mapping]] = ..., uniform_count: _Optional[int] = ...) -> None: ...
