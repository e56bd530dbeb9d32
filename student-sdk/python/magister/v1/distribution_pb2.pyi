from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from magister.v1 import space_pb2 as _space_pb2
from magister.v1 import task_pb2 as _task_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Density(_message.Message):
    __slots__ = ["borders", "curriculum", "episodes", "probabilities"]
    class Borders(_message.Message):
        __slots__ = ["axis", "values"]
        AXIS_FIELD_NUMBER: _ClassVar[int]
        VALUES_FIELD_NUMBER: _ClassVar[int]
        axis: int
        values: _containers.RepeatedScalarFieldContainer[float]
        def __init__(self, axis: _Optional[int] = ..., values: _Optional[_Iterable[float]] = ...) -> None: ...
    BORDERS_FIELD_NUMBER: _ClassVar[int]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    borders: _containers.RepeatedCompositeFieldContainer[Density.Borders]
    curriculum: str
    episodes: int
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, curriculum: _Optional[str] = ..., episodes: _Optional[int] = ..., borders: _Optional[_Iterable[_Union[Density.Borders, _Mapping]]] = ..., probabilities: _Optional[_Iterable[float]] = ...) -> None: ...

class Episode(_message.Message):
    __slots__ = ["accept_time", "alp", "end", "episode_return", "late", "length", "message", "number", "origin", "parameters", "state", "student", "student_step", "success", "task", "worker"]
    ACCEPT_TIME_FIELD_NUMBER: _ClassVar[int]
    ALP_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    EPISODE_RETURN_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STUDENT_FIELD_NUMBER: _ClassVar[int]
    STUDENT_STEP_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    accept_time: _timestamp_pb2.Timestamp
    alp: float
    end: _task_pb2.EpisodeOutcome.End
    episode_return: float
    late: bool
    length: int
    message: str
    number: int
    origin: _task_pb2.Origin
    parameters: _space_pb2.Parameters
    state: _task_pb2.TaskState
    student: str
    student_step: int
    success: bool
    task: str
    worker: str
    def __init__(self, number: _Optional[int] = ..., task: _Optional[str] = ..., parameters: _Optional[_Union[_space_pb2.Parameters, _Mapping]] = ..., state: _Optional[_Union[_task_pb2.TaskState, str]] = ..., student: _Optional[str] = ..., worker: _Optional[str] = ..., episode_return: _Optional[float] = ..., length: _Optional[int] = ..., end: _Optional[_Union[_task_pb2.EpisodeOutcome.End, str]] = ..., success: bool = ..., student_step: _Optional[int] = ..., alp: _Optional[float] = ..., late: bool = ..., accept_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., origin: _Optional[_Union[_task_pb2.Origin, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...

class ExplainTaskRequest(_message.Message):
    __slots__ = ["task"]
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: str
    def __init__(self, task: _Optional[str] = ...) -> None: ...

class ExplainTaskResponse(_message.Message):
    __slots__ = ["component", "episode", "nearest", "nearest_distance", "origin_probability", "summary", "task"]
    COMPONENT_FIELD_NUMBER: _ClassVar[int]
    EPISODE_FIELD_NUMBER: _ClassVar[int]
    NEAREST_DISTANCE_FIELD_NUMBER: _ClassVar[int]
    NEAREST_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    component: TaskDistribution.Component
    episode: Episode
    nearest: Episode
    nearest_distance: float
    origin_probability: float
    summary: str
    task: _task_pb2.Task
    def __init__(self, task: _Optional[_Union[_task_pb2.Task, _Mapping]] = ..., origin_probability: _Optional[float] = ..., component: _Optional[_Union[TaskDistribution.Component, _Mapping]] = ..., episode: _Optional[_Union[Episode, _Mapping]] = ..., nearest: _Optional[_Union[Episode, _Mapping]] = ..., nearest_distance: _Optional[float] = ..., summary: _Optional[str] = ...) -> None: ...

class Fit(_message.Message):
    __slots__ = ["candidates", "create_time", "distribution", "due_episode", "effect_episode", "fit_seconds", "number"]
    class Candidate(_message.Message):
        __slots__ = ["components", "criterion", "log_likelihood_per_episode"]
        COMPONENTS_FIELD_NUMBER: _ClassVar[int]
        CRITERION_FIELD_NUMBER: _ClassVar[int]
        LOG_LIKELIHOOD_PER_EPISODE_FIELD_NUMBER: _ClassVar[int]
        components: int
        criterion: float
        log_likelihood_per_episode: float
        def __init__(self, components: _Optional[int] = ..., criterion: _Optional[float] = ..., log_likelihood_per_episode: _Optional[float] = ...) -> None: ...
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DISTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    DUE_EPISODE_FIELD_NUMBER: _ClassVar[int]
    EFFECT_EPISODE_FIELD_NUMBER: _ClassVar[int]
    FIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    candidates: _containers.RepeatedCompositeFieldContainer[Fit.Candidate]
    create_time: _timestamp_pb2.Timestamp
    distribution: TaskDistribution
    due_episode: int
    effect_episode: int
    fit_seconds: float
    number: int
    def __init__(self, number: _Optional[int] = ..., due_episode: _Optional[int] = ..., effect_episode: _Optional[int] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., distribution: _Optional[_Union[TaskDistribution, _Mapping]] = ..., candidates: _Optional[_Iterable[_Union[Fit.Candidate, _Mapping]]] = ..., fit_seconds: _Optional[float] = ...) -> None: ...

class GetDensityRequest(_message.Message):
    __slots__ = ["axes", "cells", "curriculum", "fit"]
    AXES_FIELD_NUMBER: _ClassVar[int]
    CELLS_FIELD_NUMBER: _ClassVar[int]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    FIT_FIELD_NUMBER: _ClassVar[int]
    axes: _containers.RepeatedScalarFieldContainer[int]
    cells: int
    curriculum: str
    fit: int
    def __init__(self, curriculum: _Optional[str] = ..., fit: _Optional[int] = ..., axes: _Optional[_Iterable[int]] = ..., cells: _Optional[int] = ...) -> None: ...

class GetDistributionRequest(_message.Message):
    __slots__ = ["curriculum", "fit"]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    FIT_FIELD_NUMBER: _ClassVar[int]
    curriculum: str
    fit: int
    def __init__(self, curriculum: _Optional[str] = ..., fit: _Optional[int] = ...) -> None: ...

class ListEpisodesRequest(_message.Message):
    __slots__ = ["before_episode", "curriculum", "from_episode", "newest_first", "page_size", "page_token", "states", "student"]
    BEFORE_EPISODE_FIELD_NUMBER: _ClassVar[int]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    FROM_EPISODE_FIELD_NUMBER: _ClassVar[int]
    NEWEST_FIRST_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    STUDENT_FIELD_NUMBER: _ClassVar[int]
    before_episode: int
    curriculum: str
    from_episode: int
    newest_first: bool
    page_size: int
    page_token: str
    states: _containers.RepeatedScalarFieldContainer[_task_pb2.TaskState]
    student: str
    def __init__(self, curriculum: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., student: _Optional[str] = ..., states: _Optional[_Iterable[_Union[_task_pb2.TaskState, str]]] = ..., from_episode: _Optional[int] = ..., before_episode: _Optional[int] = ..., newest_first: bool = ...) -> None: ...

class ListEpisodesResponse(_message.Message):
    __slots__ = ["episodes", "next_page_token"]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    episodes: _containers.RepeatedCompositeFieldContainer[Episode]
    next_page_token: str
    def __init__(self, episodes: _Optional[_Iterable[_Union[Episode, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListFitsRequest(_message.Message):
    __slots__ = ["after_fit", "curriculum", "page_size", "page_token"]
    AFTER_FIT_FIELD_NUMBER: _ClassVar[int]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    after_fit: int
    curriculum: str
    page_size: int
    page_token: str
    def __init__(self, curriculum: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., after_fit: _Optional[int] = ...) -> None: ...

class ListFitsResponse(_message.Message):
    __slots__ = ["fits", "next_page_token"]
    FITS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    fits: _containers.RepeatedCompositeFieldContainer[Fit]
    next_page_token: str
    def __init__(self, fits: _Optional[_Iterable[_Union[Fit, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class TaskDistribution(_message.Message):
    __slots__ = ["axes", "curriculum", "episodes", "exploration_probability", "mixture", "particles", "regions", "uniform", "window"]
    class Axis(_message.Message):
        __slots__ = ["dimension", "distance_scale", "element", "high", "integer", "log_scaled", "low"]
        DIMENSION_FIELD_NUMBER: _ClassVar[int]
        DISTANCE_SCALE_FIELD_NUMBER: _ClassVar[int]
        ELEMENT_FIELD_NUMBER: _ClassVar[int]
        HIGH_FIELD_NUMBER: _ClassVar[int]
        INTEGER_FIELD_NUMBER: _ClassVar[int]
        LOG_SCALED_FIELD_NUMBER: _ClassVar[int]
        LOW_FIELD_NUMBER: _ClassVar[int]
        dimension: str
        distance_scale: float
        element: int
        high: float
        integer: bool
        log_scaled: bool
        low: float
        def __init__(self, dimension: _Optional[str] = ..., element: _Optional[int] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., log_scaled: bool = ..., integer: bool = ..., distance_scale: _Optional[float] = ...) -> None: ...
    class Component(_message.Message):
        __slots__ = ["covariance", "mean", "mean_alp", "mean_parameters", "odds", "weight"]
        COVARIANCE_FIELD_NUMBER: _ClassVar[int]
        MEAN_ALP_FIELD_NUMBER: _ClassVar[int]
        MEAN_FIELD_NUMBER: _ClassVar[int]
        MEAN_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
        ODDS_FIELD_NUMBER: _ClassVar[int]
        WEIGHT_FIELD_NUMBER: _ClassVar[int]
        covariance: _containers.RepeatedScalarFieldContainer[float]
        mean: _containers.RepeatedScalarFieldContainer[float]
        mean_alp: float
        mean_parameters: _space_pb2.Parameters
        odds: float
        weight: float
        def __init__(self, weight: _Optional[float] = ..., odds: _Optional[float] = ..., mean_alp: _Optional[float] = ..., mean: _Optional[_Iterable[float]] = ..., covariance: _Optional[_Iterable[float]] = ..., mean_parameters: _Optional[_Union[_space_pb2.Parameters, _Mapping]] = ...) -> None: ...
    class Mixture(_message.Message):
        __slots__ = ["components", "fit"]
        COMPONENTS_FIELD_NUMBER: _ClassVar[int]
        FIT_FIELD_NUMBER: _ClassVar[int]
        components: _containers.RepeatedCompositeFieldContainer[TaskDistribution.Component]
        fit: int
        def __init__(self, fit: _Optional[int] = ..., components: _Optional[_Iterable[_Union[TaskDistribution.Component, _Mapping]]] = ...) -> None: ...
    class Particle(_message.Message):
        __slots__ = ["point"]
        POINT_FIELD_NUMBER: _ClassVar[int]
        point: _containers.RepeatedScalarFieldContainer[float]
        def __init__(self, point: _Optional[_Iterable[float]] = ...) -> None: ...
    class Particles(_message.Message):
        __slots__ = ["particles", "reach"]
        PARTICLES_FIELD_NUMBER: _ClassVar[int]
        REACH_FIELD_NUMBER: _ClassVar[int]
        particles: _containers.RepeatedCompositeFieldContainer[TaskDistribution.Particle]
        reach: _containers.RepeatedScalarFieldContainer[float]
        def __init__(self, particles: _Optional[_Iterable[_Union[TaskDistribution.Particle, _Mapping]]] = ..., reach: _Optional[_Iterable[float]] = ...) -> None: ...
    class Region(_message.Message):
        __slots__ = ["episodes", "high", "low", "mean_alp", "odds", "parent", "worst"]
        EPISODES_FIELD_NUMBER: _ClassVar[int]
        HIGH_FIELD_NUMBER: _ClassVar[int]
        LOW_FIELD_NUMBER: _ClassVar[int]
        MEAN_ALP_FIELD_NUMBER: _ClassVar[int]
        ODDS_FIELD_NUMBER: _ClassVar[int]
        PARENT_FIELD_NUMBER: _ClassVar[int]
        WORST_FIELD_NUMBER: _ClassVar[int]
        episodes: int
        high: _containers.RepeatedScalarFieldContainer[float]
        low: _containers.RepeatedScalarFieldContainer[float]
        mean_alp: float
        odds: float
        parent: int
        worst: _containers.RepeatedScalarFieldContainer[float]
        def __init__(self, low: _Optional[_Iterable[float]] = ..., high: _Optional[_Iterable[float]] = ..., mean_alp: _Optional[float] = ..., odds: _Optional[float] = ..., episodes: _Optional[int] = ..., parent: _Optional[int] = ..., worst: _Optional[_Iterable[float]] = ...) -> None: ...
    class Regions(_message.Message):
        __slots__ = ["mutation_deviations", "mutation_probability", "regions"]
        MUTATION_DEVIATIONS_FIELD_NUMBER: _ClassVar[int]
        MUTATION_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
        REGIONS_FIELD_NUMBER: _ClassVar[int]
        mutation_deviations: _containers.RepeatedScalarFieldContainer[float]
        mutation_probability: float
        regions: _containers.RepeatedCompositeFieldContainer[TaskDistribution.Region]
        def __init__(self, regions: _Optional[_Iterable[_Union[TaskDistribution.Region, _Mapping]]] = ..., mutation_probability: _Optional[float] = ..., mutation_deviations: _Optional[_Iterable[float]] = ...) -> None: ...
    class Uniform(_message.Message):
        __slots__ = []
        def __init__(self) -> None: ...
    class Window(_message.Message):
        __slots__ = ["high", "low"]
        HIGH_FIELD_NUMBER: _ClassVar[int]
        LOW_FIELD_NUMBER: _ClassVar[int]
        high: _containers.RepeatedScalarFieldContainer[float]
        low: _containers.RepeatedScalarFieldContainer[float]
        def __init__(self, low: _Optional[_Iterable[float]] = ..., high: _Optional[_Iterable[float]] = ...) -> None: ...
    AXES_FIELD_NUMBER: _ClassVar[int]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    EXPLORATION_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    MIXTURE_FIELD_NUMBER: _ClassVar[int]
    PARTICLES_FIELD_NUMBER: _ClassVar[int]
    REGIONS_FIELD_NUMBER: _ClassVar[int]
    UNIFORM_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    axes: _containers.RepeatedCompositeFieldContainer[TaskDistribution.Axis]
    curriculum: str
    episodes: int
    exploration_probability: float
    mixture: TaskDistribution.Mixture
    particles: TaskDistribution.Particles
    regions: TaskDistribution.Regions
    uniform: TaskDistribution.Uniform
    window: TaskDistribution.Window
    def __init__(self, curriculum: _Optional[str] = ..., episodes: _Optional[int] = ..., exploration_probability: _Optional[float] = ..., axes: _Optional[_Iterable[_Union[TaskDistribution.Axis, _Mapping]]] = ..., uniform: _Optional[_Union[TaskDistribution.Uniform, _Mapping]] = ..., mixture: _Optional[_Union[TaskDistribution.Mixture, _Mapping]] = ..., regions: _Optional[_Union[TaskDistribution.Regions, _Mapping]] = ..., window: _Optional[_Union[TaskDistribution.Window, _Mapping]] = ..., particles: _Optional[_Union[TaskDistribution.Particles, _Mapping]] = ...) -> None: ...

class WatchDistributionRequest(_message.Message):
    __slots__ = ["after_fit", "curriculum", "min_interval"]
    AFTER_FIT_FIELD_NUMBER: _ClassVar[int]
    CURRICULUM_FIELD_NUMBER: _ClassVar[int]
    MIN_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    after_fit: int
    curriculum: str
    min_interval: _duration_pb2.Duration
    def __init__(self, curriculum: _Optional[str] = ..., after_fit: _Optional[int] = ..., min_interval: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class WatchDistributionResponse(_message.Message):
    __slots__ = ["distribution", "fit"]
    DISTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    FIT_FIELD_NUMBER: _ClassVar[int]
    distribution: TaskDistribution
    fit: Fit
    def __init__(self, fit: _Optional[_Union[Fit, _Mapping]] = ..., distribution: _Optional[_Union[TaskDistribution, _Mapping]] = ...) -> None: ...
