"""A curriculum over a vector environment that has no sub-environments, such as the bundled walkers'."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import gymnasium
import numpy as np

from magister.client import Curriculum
from magister.errors import InfeasibleTaskError, MagisterError
from magister.types import Task
from magister.wrappers.tasks import Tasks

# Renamed with Gymnasium 1.0.
_VectorWrapper: Any = getattr(gymnasium.vector, "VectorWrapper", None) or gymnasium.vector.VectorEnvWrapper  # type: ignore[attr-defined]


@runtime_checkable
class TakesTasks(Protocol):
    """A vector environment whose sub-environments have tasks of their own."""

    def set_task(self, index: int, params: dict[str, Any]) -> None:
        """Take the task of sub-environment `index` from its next episode on.

        Raises:
            magister.InfeasibleTaskError: If it cannot be built with these parameters.
        """


class CurriculumVectorWrapper(_VectorWrapper):  # type: ignore[misc]
    """Plays a curriculum's tasks on every sub-environment of a vector environment with `set_task(index, params)`.

    Vectors of environments of one's own (`SyncVectorEnv`, `AsyncVectorEnv`) wrap each of them in `CurriculumWrapper`
    instead.

    - An outcome and the next task travel together while the trainer works on the last step; the task is applied when
      the next step begins. With autoreset in the same step it must be there before the episode ends: each
      sub-environment holds one task ahead of the one it plays. In the other modes none is held ahead.
    - A stream holds 1,000 tasks: for as many sub-environments, or 500 with autoreset in the same step.
    - An episode that is reset before its end, or left by `close`, is told abandoned: it counts for nothing. So is one
      whose return is no finite number, with a warning.
    - `reset(options={"task": ...})` begins episodes without the teacher, which are not told; those that follow play the
      teacher's tasks again.
    - If `reset` or `step` raises `magister.GaveUpError`, a later `reset` goes on; nothing that was told is lost.

    `infos["task"]` holds the parameters and `infos["task_name"]` the names of tasks, in the format of the release, at
    the first and last step of an episode; with autoreset in the same step those of the last one are in `final_info`.

    Args:
        env: The vector environment.
        curriculum: Whose tasks are played.
        success_key: The key of the last infos that says whether the goal was reached.
        infeasible: Exceptions of `set_task` that say so of the task.
        max_infeasible: Give up after so many infeasible tasks in a row.
        student_step: Says how many environment steps the student has taken in total, to be told with each return.
    """

    def __init__(
        self,
        env: Any,  # noqa: ANN401 (VectorEnv has other parameters in each release)
        curriculum: Curriculum,
        *,
        success_key: str = "is_success",
        infeasible: tuple[type[Exception], ...] = (InfeasibleTaskError,),
        max_infeasible: int = 100,
        student_step: Callable[[], int] | None = None,
    ) -> None:
        super().__init__(env)
        self._base: Any = env.unwrapped
        self._count = int(self._base.num_envs)
        if not isinstance(self._base, TakesTasks):
            raise TypeError(
                f"{env} has no set_task(index, params); wrap the environments of a SyncVectorEnv or AsyncVectorEnv in "
                "magister.CurriculumWrapper each"
            )
        self.curriculum = curriculum
        self._success_key = success_key
        self._same_step = _autoreset_mode(env) == "SAME_STEP"
        self._next_step = _autoreset_mode(env) == "NEXT_STEP"
        window = 2 * self._count if self._same_step else self._count
        self._tasks = Tasks(curriculum, window, infeasible, max_infeasible, student_step)
        self._begin_anew()

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode on a new task everywhere, or where `options["reset_mask"]` says so.

        Raises:
            magister.MagisterError: If `max_infeasible` tasks in a row were infeasible, or as `magister.Stream.ask`.
        """
        options = options or {}
        mask = options.get("reset_mask")
        chosen = range(self._count) if mask is None else np.flatnonzero(mask).tolist()
        if not self._tasks.are_here:
            self._begin_anew()
        self._abandon(self._playing, chosen, "the environment was reset before the episode's end")
        of_teacher = "task" not in options
        if of_teacher:
            for index in chosen:
                self._queue(index)
        try:
            observations, infos = self.env.reset(seed=seed, options=options or None)
        except BaseException as error:
            # Whether a task has to do with it is not known; with others the next reset may do.
            self._abandon(self._queued, chosen, f"reset failed: {error!r}")
            raise
        self._is_reset = True
        if not of_teacher:
            self._clear(chosen)
            return observations, infos
        return observations, self._with_tasks(infos, self._start(chosen))

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:  # noqa: ANN401 (the env's own)
        """Step all; tell the returns of episodes that end.

        Raises:
            magister.MagisterError: As `reset`, before anything was stepped.
        """
        if not self._is_reset or ((self._playing or self._queued) and not self._tasks.are_here):
            raise MagisterError("this environment was not reset in this process, or was closed: reset it first")
        for index in sorted(self._wanting):
            self._queue(index)
            self._wanting.remove(index)
        observations, rewards, terminated, truncated, infos = self.env.step(actions)
        played = ~self._ended
        begun = self._start(np.flatnonzero(self._ended).tolist()) if self._next_step else {}
        self._returns[played] += np.asarray(rewards, dtype=np.float64)[played]
        self._lengths[played] += 1
        ended = np.flatnonzero((terminated | truncated) & played).tolist()
        finished = {index: self._playing.pop(index) for index in ended if index in self._playing}
        for index, task in finished.items():
            self._tasks.complete(
                task,
                float(self._returns[index]),
                int(self._lengths[index]),
                terminated[index],
                truncated[index],
                _entry(infos, self._success_key, index),
            )
        if self._same_step:
            begun = self._start(ended)
        else:
            self._ended[ended] = True
        if self._next_step:
            self._wanting.update(ended)
        return observations, rewards, terminated, truncated, self._with_tasks(infos, begun, finished)

    def close(self, **kwargs: Any) -> Any:  # noqa: ANN401 (the env's own)
        """Tell unfinished episodes abandoned, wait until everything told is acknowledged, close the environment."""
        try:
            self._abandon(self._playing, range(self._count), "the environment was closed before the episode's end")
            self._tasks.close()
        finally:
            self._begin_anew()
            super().close(**kwargs)

    def __getstate__(self) -> dict[str, Any]:
        """Without the episodes, which this process goes on with."""
        return {**self.__dict__, "_playing": {}, "_queued": {}, "_wanting": set(), "_is_reset": False}

    def _begin_anew(self) -> None:
        self._is_reset = False
        # By the index of the sub-environment: what it plays, and what it is to play next.
        self._playing: dict[int, Task] = {}
        self._queued: dict[int, Task] = {}
        # Those that must have a task queued before the next step.
        self._wanting: set[int] = set()
        self._ended = np.zeros(self._count, dtype=np.bool_)
        self._returns = np.zeros(self._count)
        self._lengths = np.zeros(self._count, dtype=np.int64)

    def _queue(self, index: int) -> None:
        """Give a sub-environment the task of its next episode: the one it was given before, if it was, or a new one."""
        given = self._queued.pop(index, None)
        self._queued[index], _ = self._tasks.begin(lambda params: self._base.set_task(index, params), given)

    def _start(self, indices: Sequence[int]) -> dict[int, Task]:
        """These have begun an episode on what was queued for them."""
        self._clear(indices)
        begun = {index: self._queued.pop(index) for index in indices}
        self._playing.update(begun)
        return begun

    def _clear(self, indices: Sequence[int]) -> None:
        """These have begun an episode."""
        for index in indices:
            self._ended[index], self._returns[index], self._lengths[index] = False, 0.0, 0
        if self._same_step:
            self._wanting.update(indices)
        else:
            self._wanting.difference_update(indices)

    def _abandon(self, tasks: dict[int, Task], indices: Iterable[int], why: str) -> None:
        for index in indices:
            task = tasks.pop(index, None)
            if task is not None:
                self._tasks.abandon(task, why)

    def _with_tasks(
        self, infos: dict[str, Any], begun: dict[int, Task], finished: dict[int, Task] | None = None
    ) -> dict[str, Any]:
        if not begun and not finished:
            return infos
        infos = dict(infos)
        for index, task in begun.items():
            self._base._add_info(infos, _named(infos, task, index), index)
        for index, task in (finished or {}).items():
            if not self._same_step:
                self._base._add_info(infos, _named(infos, task, index), index)
                continue
            final = infos.get("final_info")
            if isinstance(final, np.ndarray):
                # Before 1.0: a dict of each.
                final[index] = {**(final[index] or {}), "task": dict(task.params), "task_name": task.name}
            else:
                self._base._add_info(infos, {"final_info": _named(final or {}, task, index)}, index)
        return infos


def _named(infos: dict[str, Any], task: Task, index: int) -> dict[str, Any]:
    """What an info says of its task; the parameters only if the environment itself does not say them."""
    named: dict[str, Any] = {"task_name": task.name}
    if "_task" not in infos or not infos["_task"][index]:
        named["task"] = dict(task.params)
    return named


def _autoreset_mode(env: Any) -> str:  # noqa: ANN401
    mode = (getattr(env, "metadata", None) or {}).get("autoreset_mode")
    if mode is not None:
        return str(getattr(mode, "name", mode))
    # Before 1.1 nothing said so: 0.29 resets in the same step, 1.0 in the next.
    return "SAME_STEP" if gymnasium.__version__.startswith("0.") else "NEXT_STEP"


def _entry(infos: dict[str, Any], key: str, index: int) -> object:
    """A sub-environment's entry of the last infos, in any release's format."""
    final = infos.get("final_info")
    if isinstance(final, dict):
        return _entry(final, key, index)
    if final is not None and final[index] is not None:
        return dict(final[index]).get(key)
    values, mask = infos.get(key), infos.get(f"_{key}")
    if values is None or (mask is not None and not mask[index]):
        return None
    entry: object = values[index]
    return entry
