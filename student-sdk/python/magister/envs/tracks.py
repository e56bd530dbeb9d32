"""What tracks there are, what their tasks name, and what observations and actions look like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from magister import _native
from magister.spaces import Continuous

WALKERS: tuple[str, ...] = tuple(_native.walker_names())
"""The bodies: `short`, `default` and `quadrupedal`."""

TRACKS: tuple[str, ...] = tuple(_native.track_names())
"""The families of tracks; `magister env show --help` says more of each."""

STEP_LIMIT = 2000
"""Steps after which an episode is truncated, as in the publication."""

STEPS_PER_SECOND = 50
"""Steps of a walker's second."""

PICTURE_PX = (600, 400)
"""Width and height of a rendered picture."""

_ELEMENT = re.compile(r"(.+)\[(\d+)\]$")


@dataclass(frozen=True)
class TrackParameter:
    """One number of a task.

    Attributes:
        name: Elements of a vector are `hexagon[0]`, `hexagon[1]`, ...
        meaning: What it is, with its unit.
        least: The least that is not refused.
        most: The most that is not refused.
        published: The range from which the publication draws it, if it does.
        required: Whether every task must name it.
        default: What holds where a task does not; None: what it describes is left out.
    """

    name: str
    meaning: str
    least: float
    most: float
    published: tuple[float, float] | None
    required: bool
    default: float | None


def track_parameters(track: str) -> list[TrackParameter]:
    """What a task of a family of tracks may name."""
    return [TrackParameter(**parameter) for parameter in _native.track_parameters(track)]


def task_space(track: str) -> dict[str, Any]:
    """The publication's task space on a family of tracks, as `Client.curriculum` takes it; empty if there is none."""
    space: dict[str, Any] = {}
    sizes: dict[str, int] = {}
    for parameter in track_parameters(track):
        if parameter.published is None:
            continue
        element = _ELEMENT.match(parameter.name)
        if element is None:
            space[parameter.name] = parameter.published
        else:
            name = element.group(1)
            sizes[name] = sizes.get(name, 0) + 1
            space[name] = Continuous(*parameter.published, size=sizes[name])
    return space


def default_task(track: str) -> dict[str, Any]:
    """The middle of the publication's task space."""
    middle: dict[str, Any] = {}
    for name, dimension in task_space(track).items():
        if isinstance(dimension, Continuous):
            middle[name] = [(dimension.low + dimension.high) / 2] * (dimension.size or 1)
        else:
            middle[name] = (dimension[0] + dimension[1]) / 2
    return middle


def plain_task(task: object) -> dict[str, Any]:
    """A copy of a task of which nobody else holds anything: a float for each number, a list of floats for each vector.

    Raises:
        ValueError: If it is no dict, or something in it is neither a number nor a row of numbers.
    """
    if not isinstance(task, Mapping):
        raise ValueError(f"a task is a dict of numbers by their names, not {task!r}")
    return {str(name): _plain(name, value) for name, value in task.items()}


def flat_task(task: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a plain task by their names, vectors element by element: `hexagon[0]`, `hexagon[1]`, ..."""
    flat: dict[str, float] = {}
    for name, value in task.items():
        if isinstance(value, list):
            flat.update((f"{name}[{index}]", element) for index, element in enumerate(value))
        else:
            flat[name] = value
    return flat


def single_spaces(walker: str, step_limit: int) -> tuple[spaces.Box, spaces.Box]:
    """Observation and action space of one walker; both float32.

    Contacts and lidar lie from 0 to 1. Angles and speeds have no limits of their own: theirs follow from the most that
    the engine lets a body turn and move in a step, a quarter turn and 2 m.
    """
    if step_limit < 1:
        raise ValueError(f"step_limit={step_limit!r}: give at least 1")
    ranges, actions = _native.walker_shape(walker)
    low, high = np.array(ranges, dtype=np.float64).T
    angle = (step_limit + 2) * np.pi / 2
    # The hull's angle and speeds, scaled as observations are; then each leg's joints, whose bodies turn against each
    # other.
    hull = [angle, 2 * (np.pi / 2) + 1, 0.12 * 100 + 1, 0.08 * 100 + 1]
    leg = [2 * angle + 2, np.pi * STEPS_PER_SECOND / 4 + 1, 2 * angle + 2, np.pi * STEPS_PER_SECOND / 6 + 1, 1.0]
    most = np.array([*hull, *leg * (actions // 2), *[1.0] * 10])
    low, high = np.maximum(low, -most), np.minimum(high, most)
    observations = spaces.Box(low.astype(np.float32), high.astype(np.float32), dtype=np.float32)
    return observations, spaces.Box(-1.0, 1.0, (actions,), dtype=np.float32)


def check_render_mode(render_mode: str | None) -> None:
    """Refuse what cannot be rendered."""
    if render_mode not in (None, "rgb_array"):
        raise ValueError(f"render_mode={render_mode!r}: give None or 'rgb_array'")


def draw_seed(generator: np.random.Generator) -> int:
    """The seed of an episode."""
    return int(generator.integers(0, 2**63 - 1))


def torques(actions: object, shape: tuple[int, ...], what: str) -> NDArray[np.float32]:
    """Actions as the engine reads them: float32, in one piece; without a copy if they are so already.

    Raises:
        ValueError: If they have another shape or are no numbers.
    """
    array = np.asarray(actions)
    if array.shape != shape:
        raise ValueError(f"{what} has shape {array.shape}, not {shape}")
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{what} has dtype {array.dtype}, not float32: give real numbers")
    with np.errstate(over="ignore"):
        # What float32 cannot hold becomes infinite and is refused as such.
        return np.ascontiguousarray(array, dtype=np.float32)


def _plain(name: object, value: object) -> float | list[float]:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_number(f"{name}[{index}]", element) for index, element in enumerate(value)]
    return _number(name, value)


def _number(name: object, value: object) -> float:
    if not isinstance(value, (str, bytes, bytearray)):
        try:
            return float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            pass
    raise ValueError(f"parameter '{name}' of the task is no number: {value!r}")
