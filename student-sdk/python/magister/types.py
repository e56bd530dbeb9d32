"""What the client gives and takes, as plain frozen values."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, Union

Value = Union[float, int, str, "list[float]", "list[int]"]
"""A parameter's value: a number, a list of numbers for a vector, a name for a category."""

Parameters = dict[str, Value]
"""Values by the name of their dimensions: a point of the task space."""


@dataclass(frozen=True)
class Task:
    """A task that was handed out: what to build the environment with.

    Attributes:
        name: `curricula/{curriculum}/tasks/{number}`; what its outcome is told with.
        params: Values by the name of their dimensions, plain numbers.
        expires: When its lease runs out, in Unix seconds; a late outcome still counts, once.
    """

    name: str
    params: dict[str, Any] = field(hash=False)
    expires: float | None = None

    @property
    def number(self) -> int:
        """Its number within the curriculum."""
        return int(self.name.rsplit("/", 1)[-1])


@dataclass(frozen=True)
class Receipt:
    """What became of an outcome.

    Attributes:
        task: Name of the task.
        episode: Number of the episode in the order of acceptance, from 1; None if it did not count as one.
        alp: Absolute learning progress, in the units of the returns, or of 0 to 1 where there is a return range.
        late: The lease had run out before.
        duplicate: The task had been told of before; nothing was changed.
        refused: It came too late by `max_staleness_episodes`.
    """

    task: str
    episode: int | None
    alp: float | None
    late: bool
    duplicate: bool
    refused: bool


TaskLike = Union[Task, str, Mapping[str, Any]]
"""A task, its name, or the parameters of one that was not handed out."""


@dataclass(frozen=True)
class Completed:
    """The episode was played to its end.

    Attributes:
        task: A task, its name, or the parameters of one that was not handed out.
        episode_return: Sum of the episode's rewards; finite.
        length: Steps played.
        terminated: Whether the environment ended it: success or failure.
        truncated: Whether a limit outside the environment ended it.
        success: Whether the student reached its goal.
        student_step: Environment steps that the student had taken in total.
    """

    task: TaskLike
    episode_return: float
    length: int | None = None
    terminated: bool | None = None
    truncated: bool | None = None
    success: bool | None = None
    student_step: int | None = None


@dataclass(frozen=True)
class Infeasible:
    """The environment cannot be built with these parameters: an episode with an ALP of 0 that is no return."""

    task: TaskLike
    message: str = ""


@dataclass(frozen=True)
class Abandoned:
    """The episode was not played to its end; it counts for nothing."""

    task: TaskLike
    message: str = ""


Outcome = Union[Completed, Infeasible, Abandoned]
"""What came of a task."""


@dataclass(frozen=True)
class AlpGmm:
    """The teacher ALP-GMM (Portelas et al., CoRL 2019). What is None has the server's default, in parentheses.

    Attributes:
        fit_rate: Episodes between two fits and length of the window that a fit sees (250).
        bootstrap_episodes: Episodes before the first fit may fall due (`fit_rate`).
        random_task_ratio: Share of tasks drawn uniformly after the bootstrap (0.2).
        min_components: Smallest number of components tried (2).
        max_components: Largest number of components tried (10).
        criterion: What chooses among the numbers of components (`aic`).
        em_initialisations: Restarts of expectation-maximisation per number of components (1).
        warm_start: Start each fit from the one before (False).
        history_limit: Compare a return with at most this many latest episodes (no limit).
        initial: Sample the bootstrap from a Gaussian: `{"mean": {...}, "covariance": [...]}` (uniform).
        fit_lag_episodes: A fit due at episode n takes effect at n + this; 0 is the publication's algorithm (25).
        alp_scope: Whose earlier returns an episode is compared with (`curriculum`).
        engine: Which code fits the mixture (`em`).
        regularisation: Added to the diagonal of every covariance (1e-6).
        tolerance: Expectation-maximisation ends when the mean log-likelihood rises by less (1e-3).
        max_iterations: Most iterations of one expectation-maximisation (100).
    """

    fit_rate: int | None = None
    bootstrap_episodes: int | None = None
    random_task_ratio: float | None = None
    min_components: int | None = None
    max_components: int | None = None
    criterion: Literal["aic", "bic", "aicc"] | None = None
    em_initialisations: int | None = None
    warm_start: bool | None = None
    history_limit: int | None = None
    initial: Mapping[str, Any] | None = None
    fit_lag_episodes: int | None = None
    alp_scope: Literal["curriculum", "student"] | None = None
    engine: Literal["em", "linfa"] | None = None
    regularisation: float | None = None
    tolerance: float | None = None
    max_iterations: int | None = None


@dataclass(frozen=True)
class Random:
    """The teacher that samples the space uniformly, always: the baseline."""


@dataclass(frozen=True)
class CovarGmm:
    """The teacher Covar-GMM: like ALP-GMM, but components are drawn by their covariance of time and return.

    What is None has the server's default, in parentheses.

    Attributes:
        fit_rate: Episodes between two fits and length of the window that a fit sees (250).
        bootstrap_episodes: Episodes before the first fit may fall due (`fit_rate`).
        random_task_ratio: Share of tasks drawn uniformly after the bootstrap (0.2).
        min_components: Smallest number of components tried (2).
        max_components: Largest number of components tried (10).
        criterion: What chooses among the numbers of components (`aic`).
        em_initialisations: Restarts of expectation-maximisation per number of components (1).
        warm_start: Start each fit from the one before (False).
        initial: Sample the bootstrap from a Gaussian: `{"mean": {...}, "covariance": [...]}` (uniform).
        fit_lag_episodes: A fit due at episode n takes effect at n + this; 0 is the publication's algorithm (25).
        engine: Which code fits the mixture (`em`).
        regularisation: Added to the diagonal of every covariance (1e-6).
        tolerance: Expectation-maximisation ends when the mean log-likelihood rises by less (1e-3).
        max_iterations: Most iterations of one expectation-maximisation (100).
    """

    fit_rate: int | None = None
    bootstrap_episodes: int | None = None
    random_task_ratio: float | None = None
    min_components: int | None = None
    max_components: int | None = None
    criterion: Literal["aic", "bic", "aicc"] | None = None
    em_initialisations: int | None = None
    warm_start: bool | None = None
    initial: Mapping[str, Any] | None = None
    fit_lag_episodes: int | None = None
    engine: Literal["em", "linfa"] | None = None
    regularisation: float | None = None
    tolerance: float | None = None
    max_iterations: int | None = None


@dataclass(frozen=True)
class Riac:
    """The teacher RIAC: a tree of boxes, drawn by their learning progress and cut where it differs.

    What is None has the server's default, in parentheses.

    Attributes:
        region_size: Episodes that a region may hold; with one more it is cut (200).
        split_attempts: Cuts that are tried, of which the best is kept (50).
        min_population: Fewest episodes on either side of a cut, as a share of `region_size` (1/20).
        min_side: Shortest side of a region, as a share of the axis (1/15).
        discard_ratio: Share of `region_size` that a region forgets when no cut is valid (0.25).
        random_task_ratio: Share of tasks drawn uniformly over the space (0.2).
        mutation_ratio: Share of tasks that are mutations of the worst task of a region (0.1).
        mutation_deviation: Standard deviation of a mutation, as a share of each axis (0.1).
    """

    region_size: int | None = None
    split_attempts: int | None = None
    min_population: float | None = None
    min_side: float | None = None
    discard_ratio: float | None = None
    random_task_ratio: float | None = None
    mutation_ratio: float | None = None
    mutation_deviation: float | None = None


@dataclass(frozen=True)
class Oracle:
    """The teacher that moves a window from easy to hard as you tell it; what is None has the server's default.

    Attributes:
        window_step: How far the window moves, in shares of the axes, in the order of the space: above 0 from the low
            end to the high one, below 0 the other way; at 0 it spans the whole axis.
        window_size: Side of the window, as a share of each axis (1/6).
        threshold: The window moves when the mean of the last `step_rate` returns is above it (230).
        step_rate: Returns from one decision to the next (50).
    """

    window_step: Sequence[float]
    window_size: float | None = None
    threshold: float | None = None
    step_rate: int | None = None


@dataclass(frozen=True)
class Currot:
    """The teacher CURROT: points are carried from what the student manages towards all tasks, as far as it keeps up.

    What is None has the server's default, in parentheses.

    Attributes:
        particles: Points that tasks are drawn at, and most successes that are remembered (100).
        remembered_failures: Most episodes that are remembered beside the successes (200).
        update_rate: Accepted episodes from one update to the next (50).
        performance_threshold: Expected return below which a task is not taught (0.66 of the way through the return
            range; required where there is none).
        step_size: How far a point moves in an update at most, as a share of the space's diagonal (0.05).
        initial: Sample a Gaussian up to the first update: `{"mean": {...}, "covariance": [...]}` (uniform).
    """

    particles: int | None = None
    remembered_failures: int | None = None
    update_rate: int | None = None
    performance_threshold: float | None = None
    step_size: float | None = None
    initial: Mapping[str, Any] | None = None


Teacher = Union[AlpGmm, CovarGmm, Riac, Oracle, Currot, Random]
"""An algorithm that samples tasks, with its parameters."""


@dataclass(frozen=True)
class CurriculumInfo:
    """A curriculum as the server describes it; names and meanings are those of the contract's `Curriculum`."""

    id: str
    display_name: str
    dimensions: list[dict[str, Any]]
    teacher: dict[str, Any] | None
    seed: int
    return_range: dict[str, float] | None
    test_set: dict[str, Any] | None
    mastery_threshold: float | None
    lease_seconds: float
    max_open_tasks: int | None
    max_staleness_episodes: int | None
    paused: bool
    create_time: str | None
    position: int
    tasks: int
    episodes: int
    open_tasks: int
    fits: int
    algorithm_version: int
    forked_from: dict[str, Any] | None


@dataclass(frozen=True)
class Axis:
    """One axis of the task space: a dimension, or one element of a vector."""

    dimension: str
    element: int | None
    low: float
    high: float
    log_scaled: bool
    integer: bool

    @property
    def name(self) -> str:
        """`dimension`, or `dimension[element]`."""
        return self.dimension if self.element is None else f"{self.dimension}[{self.element}]"


@dataclass(frozen=True)
class Component:
    """One Gaussian of a mixture.

    Attributes:
        weight: Share of the window's points; all together 1.
        odds: Probability that a task not explored is drawn from it; all together 1, or 0 where none shows progress.
        mean_alp: Mean ALP of its points; of Covar-GMM their covariance of time, 0 to 1 over the window, and return.
        mean: The mean, as parameters of the space.
        standard_deviations: One per axis, in the axis's own units, or in those of its logarithm if it is log-scaled.
        covariance: axes x axes numbers in the same units.
    """

    weight: float
    odds: float
    mean_alp: float
    mean: dict[str, Any]
    standard_deviations: list[float]
    covariance: list[list[float]]


@dataclass(frozen=True)
class Region:
    """One box of RIAC's tree.

    Attributes:
        parent: Index of the region of which it is a half; None for the space.
        leaf: Whether it has no halves: the leaves together are the space.
        mean_alp: Absolute difference of the mean returns of the older and the newer half of its latest episodes.
        odds: Probability that a task not explored is drawn from it, or is a mutation of its worst one; all together 1.
        episodes: Latest episodes within it that it is judged by.
        low: Lowest value along each axis. An integer axis reaches from half below its lowest number to half above its
            highest, and what lies between two numbers counts as the nearer one.
        high: Highest value along each axis.
        worst: The task with the lowest return of these episodes, one number per axis; None without episodes.
    """

    parent: int | None
    leaf: bool
    mean_alp: float
    odds: float
    episodes: int
    low: list[float]
    high: list[float]
    worst: list[float] | None


@dataclass(frozen=True)
class Distribution:
    """What the teacher samples from at one moment.

    Attributes:
        episodes: Accepted episodes at that moment.
        exploration_probability: Probability that the next task is drawn uniformly.
        axes: The axes of the space, in order.
        kind: `uniform`, `mixture`, `regions` (RIAC), `window` (the Oracle), `particles` (CURROT), or `other` for what
            this release does not know.
        fit: The fit that a mixture comes from; 0 is the initial Gaussian.
        components: Those of a mixture.
        regions: Those of RIAC's tree, in the order in which they came to be: the first is the space, the others are
            halves of earlier ones.
        mutation_probability: Probability that the next task is a mutation of RIAC's: Gaussian around the worst task of
            a region. What this and `exploration_probability` leave is uniform in a region.
        mutation_deviations: Standard deviation of mutations along each axis, in the units of a component's.
        low: Lowest value of a window along each axis, as a region's.
        high: Highest value of a window along each axis.
        points: CURROT's particles, one number per axis each, as a region's: tasks are uniform in the box around one.
        reach: Half a side of the boxes along each axis, in the units of a component's standard deviations.
    """

    episodes: int
    exploration_probability: float
    axes: list[Axis]
    kind: str
    fit: int | None = None
    components: list[Component] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    mutation_probability: float | None = None
    mutation_deviations: list[float] | None = None
    low: list[float] | None = None
    high: list[float] | None = None
    points: list[list[float]] = field(default_factory=list)
    reach: list[float] | None = None

    @property
    def mean_alp(self) -> float:
        """Mean ALP over the components by their weights, or over the leaves by their episodes; 0 without any."""
        parts = [(component.weight, component.mean_alp) for component in self.components]
        parts += [(region.episodes, region.mean_alp) for region in self.regions if region.leaf]
        total = sum(weight for weight, _ in parts)
        return sum(weight * mean_alp for weight, mean_alp in parts) / total if total > 0 else 0.0


@dataclass(frozen=True)
class Fit:
    """The result of one fit.

    Attributes:
        number: From 1.
        due_episode: Accepted episodes when it fell due.
        effect_episode: Accepted episodes when it took effect, or will.
        create_time: When it was finished, RFC 3339.
        fit_seconds: What it took.
        candidates: Criterion and log-likelihood for every number of components tried.
        distribution: None where every number of components failed.
    """

    number: int
    due_episode: int
    effect_episode: int
    create_time: str | None
    fit_seconds: float
    candidates: list[dict[str, Any]]
    distribution: Distribution | None


@dataclass(frozen=True)
class Episode:
    """One accepted outcome, as the journal holds it.

    Attributes:
        number: In the order of acceptance, from 1; None if it did not count as an episode.
        task: Name of its task.
        parameters: As played.
        state: `completed` or `infeasible`.
        student: Who played it.
        worker: Which of its processes.
        episode_return: Sum of rewards; None unless completed.
        length: Steps played.
        end: `terminated` or `truncated`.
        success: Whether the student reached its goal.
        student_step: Environment steps that the student had taken in total.
        alp: Absolute learning progress.
        late: Its lease had run out.
        accept_time: When it was accepted, RFC 3339.
        origin: Where the task came from: `{"kind": "exploration", ...}`, `{"kind": "component", ...}` and others.
        message: What the worker said of an infeasible task.
    """

    number: int | None
    task: str
    parameters: dict[str, Any]
    state: str
    student: str
    worker: str
    episode_return: float | None
    length: int | None
    end: str | None
    success: bool | None
    student_step: int | None
    alp: float | None
    late: bool
    accept_time: str | None
    origin: dict[str, Any]
    message: str


@dataclass(frozen=True)
class TestTask:
    """One task of the test set: its index there and its parameters."""

    __test__ = False  # No test of pytest's.

    index: int
    parameters: dict[str, Any]


@dataclass(frozen=True)
class TestResult:
    """The return of one test task."""

    __test__ = False

    index: int
    episode_return: float
    length: int | None = None
    success: bool | None = None


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of a student on the test set.

    Attributes:
        round: Its number, from 1.
        student: Who was evaluated.
        student_step: Environment steps that the student had taken.
        opened: When, RFC 3339.
        completed: When the last result came; None before.
        results: Those that have come.
        test_tasks: How many tasks the test set has.
        mastered_share: Share of the results so far whose return exceeds the mastery threshold; None without results or
            threshold.
        mean_return: Mean over the results so far.
    """

    round: int
    student: str
    student_step: int
    opened: str | None
    completed: str | None
    results: list[TestResult]
    test_tasks: int
    mastered_share: float | None
    mean_return: float | None


@dataclass(frozen=True)
class TestRound:
    """An evaluation that is open, and the tasks to play for it."""

    __test__ = False

    evaluation: Evaluation
    tasks: list[TestTask]


@dataclass(frozen=True)
class TestTaskMastery:
    """What a student can do on one test task."""

    __test__ = False

    task: TestTask
    last_return: float
    best_return: float
    mastered: bool
    forgotten: bool
    first_mastered_round: int | None


@dataclass(frozen=True)
class Mastery:
    """What a student masters of the test set, and what it mastered once and does not now."""

    test_tasks: list[TestTaskMastery]
    mastered_share: float
    forgotten_share: float
    evaluations: int


@dataclass(frozen=True)
class Explanation:
    """Why a task was given and what it taught.

    Attributes:
        summary: One sentence for people.
        origin: Where it came from.
        origin_probability: Odds of that origin at that moment.
        component: The component it was drawn from, if it was.
        episode: What came of it.
        nearest: The earlier episode that its return was compared with.
        nearest_distance: How far that was, in the space scaled to the unit cube.
    """

    task: str
    summary: str
    parameters: dict[str, Any]
    origin: dict[str, Any]
    origin_probability: float
    component: Component | None
    episode: Episode | None
    nearest: Episode | None
    nearest_distance: float | None


T = TypeVar("T")

# Where Python's keywords and habits name a field otherwise than the native half.
_RENAMED = {"episode_return": "return"}

_Field = tuple[str, str, Union[Callable[[Any], Any], None]]
"""A field's name, its other name in what is written, and what makes its value, if anything must."""

# To find out what annotations mean takes longer than a call: it is done once for each class.
_FIELDS: dict[type[Any], list[_Field]] = {}


def read(kind: type[T], written: Mapping[str, Any]) -> T:
    """Make a value of one of the classes above from what the native half gives: a dict with its fields by name."""
    if kind is Distribution:
        written = {**written, **written["shape"]}
    values: dict[str, Any] = {}
    fields = _FIELDS.get(kind)
    if fields is None:
        fields = _FIELDS[kind] = _fields(kind)
    for name, renamed, convert in fields:
        key = name if name in written else renamed
        if key in written:
            value = written[key]
            values[name] = value if convert is None or value is None else convert(value)
    return kind(**values)


def read_all(kind: type[T], written: Sequence[Mapping[str, Any]]) -> list[T]:
    """`read` for each."""
    return [read(kind, one) for one in written]


def _fields(kind: type[Any]) -> list[_Field]:
    hints = typing.get_type_hints(kind)
    names = [part.name for part in dataclasses.fields(kind)]
    return [(name, _RENAMED.get(name, name), _converter(hints[name])) for name in names]


def _converter(hint: Any) -> Callable[[Any], Any] | None:  # noqa: ANN401 (of any annotation)
    if typing.get_origin(hint) in (Union, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return functools.partial(read, hint)
    if typing.get_origin(hint) is list:
        (inner,) = typing.get_args(hint)
        convert = _converter(inner)
        return None if convert is None else lambda values: [convert(value) for value in values]
    return None
