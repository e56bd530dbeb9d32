"""Takes the episodes of a teachDeepRL or TeachMyAgent run over into a curriculum.

Both write a pickle per run (`TeacherController.dump` in `teachDRL/teachers/teacher_controller.py` and
`TeachMyAgent/teachers/teacher_controller.py`): a dict with the tasks played (`env_params_train`, float32 vectors),
their returns (`env_train_rewards`), lengths (`env_train_len`) and the space (`env_param_bounds`: pairs of a name and
`[low, high]`, `[low, high, size]` or `[[low, high], ...]`). These are told as tasks that the teacher did not hand
out: it learns from them as if it had, and goes on from there. Mixtures are not taken over: the first fit makes new
ones.

    python -m magister.integrations.teachdeeprl RUN.pkl --name walker --server 127.0.0.1:50551
"""

from __future__ import annotations

import argparse
import math
import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from magister.client import DEFAULT_ADDRESS, Client, Curriculum, connect
from magister.errors import MagisterError
from magister.spaces import Continuous, DimensionLike
from magister.types import Completed

RETURN_RANGE = (-150.0, 350.0)
"""What teachDeepRL scales returns from, for every teacher but Oracle. TeachMyAgent scales if told to."""

_BATCH = 500
_MODULES = ("numpy", "numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric")
_NAMES = {"ndarray", "dtype", "_reconstruct", "scalar", "_frombuffer"}
# RIAC keeps its regions as boxes of Gym's, with their generators.
_LEFT_OUT = ("gym.", "gymnasium.", "numpy.random.")


class DumpError(MagisterError, ValueError):
    """A file is no dump of these projects."""


@dataclass(frozen=True)
class Dump:
    """A run's episodes.

    Attributes:
        space: The task space, as `Client.curriculum` takes it.
        episodes: One per episode played, in their order.
    """

    space: dict[str, DimensionLike]
    episodes: list[Completed]


def read_dump(path: str | Path) -> Dump:
    """Read a dump. Nothing in it is run: what is no array, number, text or container is left out or refused.

    Raises:
        DumpError: If it is none.
        OSError: If it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            written = _PlainData(file, encoding="latin1").load()
    except OSError:
        raise
    except DumpError as error:
        raise DumpError(f"{path}: {error}") from None
    except Exception as error:
        raise DumpError(f"{path} is no pickle of plain data: {error}") from None
    names = ("env_params_train", "env_train_rewards", "env_param_bounds")
    missing = [name for name in names if not isinstance(written, dict) or name not in written]
    if missing:
        raise DumpError(f"{path} is no dump of teachDeepRL or TeachMyAgent: it has no {', '.join(missing)}")
    try:
        axes = _axes(written["env_param_bounds"])
        returns = [float(one) for one in written["env_train_rewards"]]
        lengths = [int(one) for one in written.get("env_train_len", [])]
        tasks = [np.asarray(task, dtype=np.float64).ravel() for task in written["env_params_train"]]
    except (TypeError, ValueError, IndexError) as error:
        raise DumpError(f"{path}: {error}") from None
    # The last task may have been drawn and not played to its end.
    if not len(returns) <= len(tasks) <= len(returns) + 1:
        raise DumpError(f"{path}: there are {len(tasks)} tasks and {len(returns)} returns")
    episodes = []
    for number, (task, episode_return) in enumerate(zip(tasks, returns), start=1):  # noqa: B905 (see above)
        if len(task) != len(axes):
            raise DumpError(f"{path}: the task of episode {number} has {len(task)} numbers, and the space {len(axes)}")
        if not math.isfinite(episode_return):
            raise DumpError(f"{path}: the return of episode {number} is {episode_return}")
        for axis, value in zip(axes, task, strict=True):
            if not _nearly_inside(value, axis):
                place = axis.dimension if axis.element is None else f"{axis.dimension}[{axis.element}]"
                raise DumpError(
                    f"{path}: {place} of episode {number} is {value}, outside its range {axis.low} to {axis.high}"
                )
        length = lengths[number - 1] if number <= len(lengths) else None
        episodes.append(Completed(_params(axes, task), episode_return, length))
    return Dump(_space(axes), episodes)


def import_dump(curriculum: Curriculum, dump: Dump) -> int:
    """Tell a curriculum a run's episodes; gives their number.

    Raises:
        DumpError: If the curriculum has episodes already: they would be counted beside the dump's, or twice.
        RefusedError: If the curriculum's space is another one.
    """
    before = curriculum.info().episodes
    if before > 0:
        raise DumpError(
            f"curriculum {curriculum.name!r} has {before} episodes already: import into a new one, or delete it first"
        )
    for start in range(0, len(dump.episodes), _BATCH):
        curriculum.tell_many(dump.episodes[start : start + _BATCH])
    return len(dump.episodes)


def main(arguments: Sequence[str] | None = None, client: Client | None = None) -> None:
    """Make a curriculum of a dump."""
    parser = argparse.ArgumentParser(prog="python -m magister.integrations.teachdeeprl", description=main.__doc__)
    parser.add_argument("dump", type=Path, help="the pickle of a run")
    parser.add_argument("--name", required=True, help="of the curriculum to make")
    parser.add_argument("--server", default=DEFAULT_ADDRESS, help=f"its address (default: {DEFAULT_ADDRESS})")
    parser.add_argument("--token", help="what the server asks for, if it does")
    parser.add_argument("--seed", type=int, default=0, help="of what the teacher samples from now on (default: 0)")
    scaling = parser.add_mutually_exclusive_group()
    scaling.add_argument(
        "--return-range",
        nargs=2,
        type=float,
        metavar=("LOW", "HIGH"),
        default=RETURN_RANGE,
        help="what returns are scaled from (default: -150 350, as in teachDeepRL)",
    )
    scaling.add_argument("--unscaled", action="store_true", help="take returns as they are (TeachMyAgent's default)")
    given = parser.parse_args(arguments)
    try:
        dump = read_dump(given.dump)
        client = client or connect(given.server, token=given.token)
        return_range = None if given.unscaled else (given.return_range[0], given.return_range[1])
        curriculum = client.curriculum(given.name, dump.space, seed=given.seed, return_range=return_range)
        count = import_dump(curriculum, dump)
    except (MagisterError, OSError) as error:
        parser.exit(1, f"error: {error}\n")
    sys.stdout.write(f"{count} episodes of {given.dump} are in curriculum {curriculum.name}\n")


class _PlainData(pickle.Unpickler):
    """Unpickles arrays and plain values, and runs nothing else."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 (the classes it finds)
        if module in _MODULES and name in _NAMES:
            try:
                return super().find_class(module, name)
            except ModuleNotFoundError:
                # The other generation of numpy wrote it.
                other = (
                    module.replace("._core.", ".core.") if "._core." in module else module.replace(".core.", "._core.")
                )
                return super().find_class(other, name)
        if (module, name) in (("collections", "OrderedDict"), ("_codecs", "encode")):
            return super().find_class(module, name)
        if module.startswith(_LEFT_OUT):
            return _LeftOut
        raise DumpError(f"it holds a {module}.{name}, which is no plain data: it is not read")


class _LeftOut:
    """Stands where an object was that nothing here needs: takes whatever it is made of, and keeps none of it."""

    def __new__(cls, *_arguments: object) -> _LeftOut:
        return super().__new__(cls)

    def __init__(self, *_arguments: object) -> None:
        pass

    def __setstate__(self, _state: object) -> None:
        pass


@dataclass(frozen=True)
class _Axis:
    """One number of a task: its dimension, and its place there (None of a scalar)."""

    dimension: str
    element: int | None
    low: float
    high: float


def _axes(bounds: Any) -> list[_Axis]:  # noqa: ANN401 (whatever the dump holds)
    axes: list[_Axis] = []
    for name, limits in bounds:
        if np.ndim(limits[0]) > 0:
            # Each element has bounds of its own: a dimension each.
            axes += [
                _Axis(f"{name}_{index}", None, float(pair[0]), float(pair[1])) for index, pair in enumerate(limits)
            ]
        elif len(limits) == 3:
            axes += [_Axis(str(name), index, float(limits[0]), float(limits[1])) for index in range(int(limits[2]))]
        else:
            axes.append(_Axis(str(name), None, float(limits[0]), float(limits[1])))
    return axes


def _space(axes: list[_Axis]) -> dict[str, DimensionLike]:
    space: dict[str, DimensionLike] = {}
    for axis in axes:
        if axis.element is None:
            space[axis.dimension] = (axis.low, axis.high)
        else:
            space[axis.dimension] = Continuous(axis.low, axis.high, size=axis.element + 1)
    return space


def _params(axes: list[_Axis], task: Any) -> dict[str, Any]:  # noqa: ANN401 (a vector)
    params: dict[str, Any] = {}
    for axis, number in zip(axes, task, strict=True):
        # Tasks are float32 there: a bound may be missed by a rounding.
        value = float(np.clip(number, axis.low, axis.high))
        if axis.element is None:
            params[axis.dimension] = value
        else:
            params.setdefault(axis.dimension, []).append(value)
    return params


def _nearly_inside(number: float, axis: _Axis) -> bool:
    rounding = 1e-6 * max(abs(axis.low), abs(axis.high), axis.high - axis.low)
    return axis.low - rounding <= number <= axis.high + rounding


if __name__ == "__main__":
    main()
