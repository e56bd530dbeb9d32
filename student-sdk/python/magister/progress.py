"""How a curriculum has come along, what its teacher samples, and what stands in the way, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from magister.types import Axis

Columns = dict[str, NDArray[Any]]
"""Arrays of the same length by name: what `pandas.DataFrame` takes, and DuckDB as a table.

Numbers that may be absent are floats, NaN where they are; times are `datetime64`, in UTC; names are objects, None where
absent. `params_height` holds a dimension's values, `params_sizes[3]` those of a vector's element."""


@dataclass(frozen=True)
class Bucket:
    """Consecutive episodes, summed up; shares lie between 0 and 1.

    Attributes:
        first_episode: Number of its first episode.
        last_episode: Number of its last episode.
        completed: Episodes played to their end.
        infeasible: Episodes whose environment could not be built.
        mean_return: Over completed episodes; None without one, as the next two.
        lowest_return: Over completed episodes.
        highest_return: Over completed episodes.
        mean_alp: Mean absolute learning progress of the episodes that have one; None without such.
        exploration_share: Of the tasks handed out, those drawn uniformly over the space; None if none was handed out.
        mastered_share: Of the completed episodes, those above the present mastery threshold; None without a threshold
            or a completed episode.
        outside_range_share: Of the completed episodes, those outside the return range; None without a range or a
            completed episode.
        student_step: Most environment steps that a student had reported by its end; None if none did.
        components: Of the fit in effect at its end; None before the first.
        end_time: When its last episode was accepted, RFC 3339.
    """

    first_episode: int
    last_episode: int
    completed: int
    infeasible: int
    mean_return: float | None
    lowest_return: float | None
    highest_return: float | None
    mean_alp: float | None
    exploration_share: float | None
    mastered_share: float | None
    outside_range_share: float | None
    student_step: int | None
    components: int | None
    end_time: str | None


@dataclass(frozen=True)
class StudentActivity:
    """What one student did within the last hour.

    Attributes:
        student: Its name.
        workers: Its workers that reported.
        episodes: Its episodes.
        last_report_time: When its last report was accepted, RFC 3339.
    """

    student: str
    workers: int
    episodes: int
    last_report_time: str | None


@dataclass(frozen=True)
class Progress:
    """How a curriculum has come along since its beginning.

    Attributes:
        episodes: Accepted episodes that it covers.
        buckets: In the order of episodes, without gaps; all but the last cover the same number of episodes.
        students: Who has reported within the last hour.
        episodes_per_second: Over the last minute.
        recent: The last 100 episodes as one bucket; None before the first.
    """

    episodes: int
    buckets: list[Bucket]
    students: list[StudentActivity]
    episodes_per_second: float
    recent: Bucket | None

    def columns(self) -> Columns:
        """The buckets as columns, one row for each, named like the attributes of `Bucket`."""
        columns: Columns = {}
        for field in fields(Bucket):
            values = [getattr(bucket, field.name) for bucket in self.buckets]
            if field.name == "end_time":
                written = ["NaT" if value is None else value.removesuffix("Z") for value in values]
                columns[field.name] = np.array(written, dtype="datetime64[us]")
            elif field.type == "int":
                columns[field.name] = np.array(values, dtype=np.int64)
            else:
                columns[field.name] = np.array(values, dtype=np.float64)
        return columns


@dataclass(frozen=True, eq=False)
class EpisodePoints:
    """Episodes as points of the task space, in their order: arrays with one row for each.

    Attributes:
        axes: What the columns of `values` are.
        every: Each point stands for so many episodes: 1 where nothing was left out.
        episode: Numbers, from 1.
        task: Numbers of their tasks.
        values: As played, in the units of the parameters: points x axes.
        episode_return: NaN where the environment could not be built.
        alp: Absolute learning progress, NaN where there is none.
        origin: Where the tasks came from: `exploration`, `initial`, `component`, `region`, `mutation`, `window`,
            `particle`, `unsolicited`, or `other` for what this release does not know.
        exploration_reason: Why the teacher explored, such as `bootstrap`; None for other origins.
        fit: The fit that a component is of; NaN for other origins.
        component: Its index, or that of the region or particle; NaN for other origins.
    """

    axes: list[Axis]
    every: int
    episode: NDArray[np.int64]
    task: NDArray[np.int64]
    values: NDArray[np.float64]
    episode_return: NDArray[np.float64]
    alp: NDArray[np.float64]
    origin: NDArray[np.object_]
    exploration_reason: NDArray[np.object_]
    fit: NDArray[np.float64]
    component: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.episode)

    def columns(self) -> Columns:
        """The same as columns, with one of values for each axis: `params_height`, `params_sizes[3]`."""
        return {
            "episode": self.episode,
            "task": self.task,
            **{f"params_{axis.name}": self.values[:, index] for index, axis in enumerate(self.axes)},
            "episode_return": self.episode_return,
            "alp": self.alp,
            "origin": self.origin,
            "exploration_reason": self.exploration_reason,
            "fit": self.fit,
            "component": self.component,
        }


@dataclass(frozen=True, eq=False)
class Density:
    """Where the next task will lie, over a grid of one or two axes; the others are summed over.

    Attributes:
        episodes: Accepted episodes at that moment.
        axes: Those asked for, in that order.
        borders: For each axis those of its cells, in the units of the parameters, lowest first: one more than cells. Of
            an integer axis: numbers with one half.
        probabilities: That the next task lies in a cell, all together 1: (cells,) or (cells of the first axis, cells of
            the second). What a Gaussian would draw beyond the space lies in the outermost cells.
    """

    episodes: int
    axes: list[Axis]
    borders: list[NDArray[np.float64]]
    probabilities: NDArray[np.float64]


@dataclass(frozen=True)
class Finding:
    """One thing that stands in the way, or is worth knowing.

    Attributes:
        kind: What it is, such as `reports_stopped` or `outside_range`: the contract's `Diagnosis.Kind` in small
            letters, or `other` for what this release does not know.
        severity: `note`, `warning` (learning may suffer), `problem` (nothing is learned until it is mended), or `other`
            for what this release does not know.
        statement: What is so, with its figures, in one sentence.
        advice: What to do, in one sentence.
    """

    kind: str
    severity: str
    statement: str
    advice: str


@dataclass(frozen=True)
class Diagnosis:
    """What stands in the way of progress, computed by the server from its data.

    Attributes:
        episodes: Accepted episodes at that moment.
        findings: The most urgent first; empty where nothing stands in the way.
    """

    episodes: int
    findings: list[Finding]
