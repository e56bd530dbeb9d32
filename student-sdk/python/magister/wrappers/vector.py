"""A curriculum over a vector environment that has no sub-environments, such as the bundled walkers'."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import gymnasium
import numpy as np

from magister.client import Curriculum, Stream
from magister.errors import InfeasibleTaskError, MagisterError
from magister.types import Task
from magister.wrappers.env import tell

# Renamed with Gymnasium 1.0.
_VectorWrapper: Any = getattr(gymnasium.vector, "VectorWrapper", None) or gymnasium.vector.VectorEnvWrapper  # type: ignore[attr-defined]


@runtime_checkable
class TakesTasks(Protocol):
    """A vector environment whose walkers have tasks of their own."""

    def set_task(self, index: int, params: dict[str, Any]) -> None:
        """Take the task of sub-environment `index` from its next reset on.

        Raises:
            magister.InfeasibleTaskError: If it cannot be built with these parameters.
        """


class CurriculumVectorWrapper(_VectorWrapper):  # type: ignore[misc]
    """Plays a curriculum's tasks on every sub-environment of a vector environment with `set_task(index, params)`.

    Vectors of environments of one's own (`SyncVectorEnv`, `AsyncVectorEnv`) wrap each of them in `CurriculumWrapper`
    instead.

    With autoreset in the next step, or none, a sub-environment's task is asked for when its last episode's outcome has
    been told. With autoreset in the same step the next task must be there before the episode ends: one for each
    sub-environment is asked for ahead. `infos["task_name"]` names the tasks of episodes that begin in a step.

    Args:
        env: The vector environment.
        curriculum: Whose tasks are played.
        success_key: The key of the last infos that says whether the goal was reached.
        infeasible: Exceptions of `set_task` that say so of the task.
        max_infeasible: Give up after so many infeasible tasks in a row.
    """

    def __init__(
        self,
        env: Any,  # noqa: ANN401 (VectorEnv has other parameters in each release)
        curriculum: Curriculum,
        *,
        success_key: str = "is_success",
        infeasible: tuple[type[Exception], ...] = (InfeasibleTaskError,),
        max_infeasible: int = 100,
    ) -> None:
        super().__init__(env)
        if not isinstance(getattr(env, "unwrapped", env), TakesTasks):
            raise TypeError(
                f"{env} has no set_task(index, params); wrap the environments of a SyncVectorEnv or AsyncVectorEnv in "
                "magister.CurriculumWrapper each"
            )
        self.curriculum = curriculum
        self._takes_tasks: TakesTasks = env.unwrapped
        self._success_key = success_key
        self._infeasible = infeasible
        self._max_infeasible = max_infeasible
        self._same_step = _autoreset_mode(env) == "SAME_STEP"
        self._next_step = _autoreset_mode(env) == "NEXT_STEP"
        self._stream: Stream | None = None
        self._process = 0
        count = int(env.num_envs)
        self._tasks: list[Task | None] = [None] * count
        self._queued: list[Task | None] = [None] * count
        self._ended = np.zeros(count, dtype=bool)
        self._returns = np.zeros(count)
        self._lengths = np.zeros(count, dtype=np.int64)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode on a new task everywhere, or where `options["reset_mask"]` says so."""
        mask = None if options is None else options.get("reset_mask")
        chosen = range(len(self._tasks)) if mask is None else np.flatnonzero(mask).tolist()
        self._abandon(chosen, "the environment was reset before the episode's end")
        for index in chosen:
            if self._queued[index] is None:
                self._queue(index)
        observations, infos = self.env.reset(seed=seed, options=options)
        self._start(chosen)
        return observations, self._with_names(infos, chosen)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:  # noqa: ANN401 (the env's own)
        """Step all; tell the returns of episodes that end, and queue the tasks of those that begin."""
        if self._process != os.getpid():
            raise MagisterError("this environment was reset in another process; reset it here")
        observations, rewards, terminated, truncated, infos = self.env.step(actions)
        begun: list[int] = []
        played = ~self._ended
        if self._next_step:
            begun = np.flatnonzero(self._ended).tolist()
            self._start(begun)
        self._returns[played] += np.asarray(rewards, dtype=np.float64)[played]
        self._lengths[played] += 1
        ended = np.flatnonzero((terminated | truncated) & played).tolist()
        for index in ended:
            self._tell(index, bool(terminated[index]), bool(truncated[index]), infos)
        if self._same_step:
            begun = ended
            self._start(ended)
        elif self._next_step:
            for index in ended:
                self._queue(index)
        return observations, rewards, terminated, truncated, self._with_names(infos, begun)

    def close(self, **kwargs: Any) -> Any:  # noqa: ANN401 (the env's own)
        """Tell unfinished episodes abandoned, wait until everything told is acknowledged, close the environment."""
        try:
            if self._stream is not None and self._process == os.getpid():
                self._abandon(range(len(self._tasks)), "the environment was closed before the episode's end")
                self._stream.close()
            self._stream = None
        finally:
            # The wrapper's tasks are gone; it cannot be used again.
            super().close(**kwargs)

    def _here(self) -> Stream:
        if self._stream is None or self._process != os.getpid():
            count = len(self._tasks)
            self._stream = self.curriculum.stream(2 * count if self._same_step else count)
            self._process = os.getpid()
            self._tasks, self._queued = [None] * count, [None] * count
        return self._stream

    def _queue(self, index: int) -> None:
        """Give a sub-environment the task of its next episode."""
        stream = self._here()
        problem = ""
        for _ in range(self._max_infeasible):
            task = stream.ask()
            if task is None:
                break
            try:
                self._takes_tasks.set_task(index, dict(task.params))
            except self._infeasible as error:
                problem = str(error)
                stream.tell_infeasible(task, problem[:1000])
                continue
            except BaseException as error:
                stream.tell_abandoned(task, f"set_task failed: {error!r}"[:1000])
                raise
            self._queued[index] = task
            return
        raise MagisterError(
            f"{self._max_infeasible} tasks in a row were infeasible, the last one because: {problem}; look at the task "
            f"space of curriculum {self.curriculum.name!r}"
        )

    def _start(self, indices: Iterable[int]) -> None:
        """These have begun the episode on what was queued for them."""
        for index in indices:
            self._tasks[index], self._queued[index] = self._queued[index], None
            self._ended[index] = False
            self._returns[index] = 0.0
            self._lengths[index] = 0
            if self._same_step:
                self._queue(index)

    def _tell(self, index: int, terminated: bool, truncated: bool, infos: dict[str, Any]) -> None:
        self._ended[index] = True
        task, self._tasks[index] = self._tasks[index], None
        if task is not None:
            success = _entry(infos, self._success_key, index)
            episode_return, length = float(self._returns[index]), int(self._lengths[index])
            tell(self._here(), task, episode_return, length, terminated, truncated, success)

    def _abandon(self, indices: Iterable[int], why: str) -> None:
        for index in indices:
            task, self._tasks[index] = self._tasks[index], None
            if task is not None and self._process == os.getpid():
                self._here().tell_abandoned(task, why)

    def _with_names(self, infos: dict[str, Any], begun: Iterable[int]) -> dict[str, Any]:
        names = np.full(len(self._tasks), None, dtype=object)
        mask = np.zeros(len(self._tasks), dtype=bool)
        for index in begun:
            task = self._tasks[index]
            if task is not None:
                names[index], mask[index] = task.name, True
        return {**infos, "task_name": names, "_task_name": mask} if mask.any() else infos


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
