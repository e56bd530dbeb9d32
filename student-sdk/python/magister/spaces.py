"""Task spaces: the dimensions from which a teacher draws tasks."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    import gymnasium


@dataclass(frozen=True)
class Continuous:
    """Real numbers from `low` to `high`; with `size` a vector of so many of them.

    `distance_scale` weighs the dimension where distances between tasks are measured: every dimension counts as its
    share of the range times this, 1 unless given.
    """

    low: float
    high: float
    size: int | None = None
    distance_scale: float | None = None


@dataclass(frozen=True)
class LogScaled:
    """Positive numbers from `low` to `high`, drawn and compared by their logarithms."""

    low: float
    high: float
    size: int | None = None
    distance_scale: float | None = None


@dataclass(frozen=True)
class Integer:
    """Whole numbers from `low` to `high`, both included; with `size` a vector of so many of them."""

    low: int
    high: int
    size: int | None = None
    distance_scale: float | None = None


@dataclass(frozen=True)
class Categorical:
    """One of some names that have no order."""

    categories: Sequence[str]
    distance_scale: float | None = None


Dimension = Union[Continuous, LogScaled, Integer, Categorical]
"""One dimension of a task space."""

DimensionLike = Union[Dimension, tuple[float, float], range, Sequence[str]]
"""A dimension, or short for one: `(0.0, 3.0)` is continuous, `range(2, 5)` integers, `["a", "b"]` categories."""

SpaceLike = Union[Mapping[str, DimensionLike], "gymnasium.Space[Any]"]
"""A task space: dimensions by name, or a space of Gymnasium's."""

VECTOR_NAME = "task"
"""Name of the only dimension of a Gymnasium space that has no names."""


def dimensions(space: SpaceLike) -> list[dict[str, Any]]:
    """Write a task space as the client sends it.

    Args:
        space: Dimensions by name, in their order; or a `gymnasium.spaces` object: a `Dict` of `Box`, `Discrete` and
            `MultiDiscrete`, or one of these alone, which becomes the dimension `task`.

    Returns:
        One dict per dimension: kind, name, bounds or categories, size.

    Raises:
        TypeError: If a dimension is none of these.
        ValueError: If a box has no bounds, or bounds that differ within it.
    """
    if isinstance(space, Mapping):
        return [_write(name, _read(name, dimension)) for name, dimension in space.items()]
    spaces = _gymnasium_spaces()
    if spaces is not None and isinstance(space, spaces.Dict):
        return [_write(name, _from_gymnasium(name, part)) for name, part in space.spaces.items()]
    if spaces is not None and isinstance(space, spaces.Space):
        return [_write(VECTOR_NAME, _from_gymnasium(VECTOR_NAME, space))]
    raise TypeError(
        "a task space is a dict such as {'height': (0.0, 3.0)} or a gymnasium.spaces object, "
        f"not {type(space).__name__}"
    )


def _read(name: str, dimension: object) -> Dimension:
    if isinstance(dimension, (Continuous, LogScaled, Integer, Categorical)):
        return dimension
    if isinstance(dimension, range):
        if dimension.step != 1 or len(dimension) == 0:
            raise ValueError(f"dimension {name!r}: a range must go up in steps of 1 and hold something: {dimension}")
        return Integer(dimension.start, dimension.stop - 1)
    if isinstance(dimension, Sequence) and not isinstance(dimension, str) and len(dimension) > 0:
        if all(isinstance(part, str) for part in dimension):
            return Categorical(tuple(dimension))
        if len(dimension) == 2 and all(_is_number(part) for part in dimension):
            return Continuous(float(dimension[0]), float(dimension[1]))
    spaces = _gymnasium_spaces()
    if spaces is not None and isinstance(dimension, spaces.Space):
        return _from_gymnasium(name, dimension)
    raise TypeError(
        f"dimension {name!r}: give (low, high), range(low, high + 1), a list of names, or magister.Continuous, "
        f"LogScaled, Integer or Categorical, not {dimension!r}"
    )


def _from_gymnasium(name: str, space: Any) -> Dimension:  # noqa: ANN401 (gymnasium may be absent)
    spaces = _gymnasium_spaces()
    if spaces is None:
        raise TypeError("gymnasium is not installed")
    import numpy as np

    if isinstance(space, spaces.Discrete):
        start = int(getattr(space, "start", 0))
        return Integer(start, start + int(space.n) - 1)
    if isinstance(space, spaces.MultiDiscrete):
        counts = np.unique(space.nvec)
        starts = np.unique(getattr(space, "start", np.zeros(1, dtype=int)))
        if len(counts) != 1 or len(starts) != 1:
            raise ValueError(
                f"dimension {name!r}: the entries of a MultiDiscrete must be alike; give each a dimension of its own"
            )
        return Integer(int(starts[0]), int(starts[0] + counts[0]) - 1, size=int(np.size(space.nvec)))
    if isinstance(space, spaces.Box):
        lows, highs = np.unique(space.low), np.unique(space.high)
        if len(lows) != 1 or len(highs) != 1:
            raise ValueError(
                f"dimension {name!r}: the bounds of a Box must be alike; give each entry a dimension of its own"
            )
        low, high = lows[0], highs[0]
        if not (np.isfinite(low) and np.isfinite(high)):
            raise ValueError(f"dimension {name!r}: the bounds of a Box must be finite: low={low}, high={high}")
        size = None if space.shape == () else int(np.prod(space.shape))
        if np.issubdtype(space.dtype, np.integer):
            return Integer(int(low), int(high), size=size)
        return Continuous(float(low), float(high), size=size)
    raise TypeError(f"dimension {name!r}: a {type(space).__name__} is none of Box, Discrete, MultiDiscrete")


def _write(name: str, dimension: Dimension) -> dict[str, Any]:
    if isinstance(dimension, Categorical):
        written: dict[str, Any] = {"kind": "categorical", "categories": list(dimension.categories)}
    elif isinstance(dimension, Integer):
        written = {
            "kind": "integer",
            "low": int(dimension.low),
            "high": int(dimension.high),
            "size": dimension.size,
        }
    else:
        kind = "continuous" if isinstance(dimension, Continuous) else "log_scaled"
        written = {
            "kind": kind,
            "low": float(dimension.low),
            "high": float(dimension.high),
            "size": dimension.size,
        }
    written |= {"name": name, "distance_scale": dimension.distance_scale}
    return {key: value for key, value in written.items() if value is not None}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _gymnasium_spaces() -> Any:  # noqa: ANN401 (a module that may be absent)
    # Whoever holds one of its spaces has imported it.
    if "gymnasium" not in sys.modules or importlib.util.find_spec("gymnasium") is None:
        return None
    import gymnasium.spaces

    return gymnasium.spaces
