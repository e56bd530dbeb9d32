from magister.v1 import space_pb2 as _space_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AlpGmm(_message.Message):
    __slots__ = ["alp_scope", "bootstrap_episodes", "criterion", "em_initialisations", "engine", "fit_lag_episodes", "fit_rate", "history_limit", "initial", "max_components", "max_iterations", "min_components", "random_task_ratio", "regularisation", "tolerance", "warm_start"]
    class AlpScope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    class Criterion(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    class MixtureEngine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    class InitialGaussian(_message.Message):
        __slots__ = ["covariance", "mean"]
        COVARIANCE_FIELD_NUMBER: _ClassVar[int]
        MEAN_FIELD_NUMBER: _ClassVar[int]
        covariance: _containers.RepeatedScalarFieldContainer[float]
        mean: _space_pb2.Parameters
        def __init__(self, mean: _Optional[_Union[_space_pb2.Parameters, _Mapping]] = ..., covariance: _Optional[_Iterable[float]] = ...) -> None: ...
    ALP_SCOPE_CURRICULUM: AlpGmm.AlpScope
    ALP_SCOPE_FIELD_NUMBER: _ClassVar[int]
    ALP_SCOPE_STUDENT: AlpGmm.AlpScope
    ALP_SCOPE_UNSPECIFIED: AlpGmm.AlpScope
    BOOTSTRAP_EPISODES_FIELD_NUMBER: _ClassVar[int]
    CRITERION_AIC: AlpGmm.Criterion
    CRITERION_AICC: AlpGmm.Criterion
    CRITERION_BIC: AlpGmm.Criterion
    CRITERION_FIELD_NUMBER: _ClassVar[int]
    CRITERION_UNSPECIFIED: AlpGmm.Criterion
    EM_INITIALISATIONS_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    FIT_LAG_EPISODES_FIELD_NUMBER: _ClassVar[int]
    FIT_RATE_FIELD_NUMBER: _ClassVar[int]
    HISTORY_LIMIT_FIELD_NUMBER: _ClassVar[int]
    INITIAL_FIELD_NUMBER: _ClassVar[int]
    MAX_COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    MAX_ITERATIONS_FIELD_NUMBER: _ClassVar[int]
    MIN_COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    MIXTURE_ENGINE_EM: AlpGmm.MixtureEngine
    MIXTURE_ENGINE_LINFA: AlpGmm.MixtureEngine
    MIXTURE_ENGINE_UNSPECIFIED: AlpGmm.MixtureEngine
    RANDOM_TASK_RATIO_FIELD_NUMBER: _ClassVar[int]
    REGULARISATION_FIELD_NUMBER: _ClassVar[int]
    TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    WARM_START_FIELD_NUMBER: _ClassVar[int]
    alp_scope: AlpGmm.AlpScope
    bootstrap_episodes: int
    criterion: AlpGmm.Criterion
    em_initialisations: int
    engine: AlpGmm.MixtureEngine
    fit_lag_episodes: int
    fit_rate: int
    history_limit: int
    initial: AlpGmm.InitialGaussian
    max_components: int
    max_iterations: int
    min_components: int
    random_task_ratio: float
    regularisation: float
    tolerance: float
    warm_start: bool
    def __init__(self, fit_rate: _Optional[int] = ..., bootstrap_episodes: _Optional[int] = ..., random_task_ratio: _Optional[float] = ..., min_components: _Optional[int] = ..., max_components: _Optional[int] = ..., criterion: _Optional[_Union[AlpGmm.Criterion, str]] = ..., em_initialisations: _Optional[int] = ..., warm_start: bool = ..., history_limit: _Optional[int] = ..., initial: _Optional[_Union[AlpGmm.InitialGaussian, _Mapping]] = ..., fit_lag_episodes: _Optional[int] = ..., alp_scope: _Optional[_Union[AlpGmm.AlpScope, str]] = ..., engine: _Optional[_Union[AlpGmm.MixtureEngine, str]] = ..., regularisation: _Optional[float] = ..., tolerance: _Optional[float] = ..., max_iterations: _Optional[int] = ...) -> None: ...

class Oracle(_message.Message):
    __slots__ = ["step_rate", "threshold", "window_size", "window_step"]
    STEP_RATE_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    WINDOW_SIZE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_STEP_FIELD_NUMBER: _ClassVar[int]
    step_rate: int
    threshold: float
    window_size: float
    window_step: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, window_step: _Optional[_Iterable[float]] = ..., window_size: _Optional[float] = ..., threshold: _Optional[float] = ..., step_rate: _Optional[int] = ...) -> None: ...

class RandomTeacher(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class Riac(_message.Message):
    __slots__ = ["discard_ratio", "min_population", "min_side", "mutation_deviation", "mutation_ratio", "random_task_ratio", "region_size", "split_attempts"]
    DISCARD_RATIO_FIELD_NUMBER: _ClassVar[int]
    MIN_POPULATION_FIELD_NUMBER: _ClassVar[int]
    MIN_SIDE_FIELD_NUMBER: _ClassVar[int]
    MUTATION_DEVIATION_FIELD_NUMBER: _ClassVar[int]
    MUTATION_RATIO_FIELD_NUMBER: _ClassVar[int]
    RANDOM_TASK_RATIO_FIELD_NUMBER: _ClassVar[int]
    REGION_SIZE_FIELD_NUMBER: _ClassVar[int]
    SPLIT_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    discard_ratio: float
    min_population: float
    min_side: float
    mutation_deviation: float
    mutation_ratio: float
    random_task_ratio: float
    region_size: int
    split_attempts: int
    def __init__(self, region_size: _Optional[int] = ..., split_attempts: _Optional[int] = ..., min_population: _Optional[float] = ..., min_side: _Optional[float] = ..., discard_ratio: _Optional[float] = ..., random_task_ratio: _Optional[float] = ..., mutation_ratio: _Optional[float] = ..., mutation_deviation: _Optional[float] = ...) -> None: ...

class TeacherSpec(_message.Message):
    __slots__ = ["alp_gmm", "covar_gmm", "oracle", "random", "riac"]
    ALP_GMM_FIELD_NUMBER: _ClassVar[int]
    COVAR_GMM_FIELD_NUMBER: _ClassVar[int]
    ORACLE_FIELD_NUMBER: _ClassVar[int]
    RANDOM_FIELD_NUMBER: _ClassVar[int]
    RIAC_FIELD_NUMBER: _ClassVar[int]
    alp_gmm: AlpGmm
    covar_gmm: AlpGmm
    oracle: Oracle
    random: RandomTeacher
    riac: Riac
    def __init__(self, random: _Optional[_Union[RandomTeacher, _Mapping]] = ..., alp_gmm: _Optional[_Union[AlpGmm, _Mapping]] = ..., covar_gmm: _Optional[_Union[AlpGmm, _Mapping]] = ..., riac: _Optional[_Union[Riac, _Mapping]] = ..., oracle: _Optional[_Union[Oracle, _Mapping]] = ...) -> None: ...
