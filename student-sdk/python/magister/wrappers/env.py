"""A curriculum over one environment, alone or as a sub-environment of a vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, SupportsFloat, Union

import gymnasium

from magister.client import Curriculum
from magister.errors import InfeasibleTaskError
from magister.types import Task
from magister.wrappers.tasks import Tasks

Apply = Union[Callable[["gymnasium.Env[Any, Any]", dict[str, Any]], None], Literal["set_task", "options"]]
"""How an environment gets its task: a function of both, `set_task(params)`, or `reset(options={"task": params})`."""


class CurriculumWrapper(gymnasium.Wrapper[Any, Any, Any, Any], gymnasium.utils.RecordConstructorArgs):
    """Plays a curriculum's tasks: `reset` asks for one and applies it, the end of the episode tells its return.

    The trainer needs to know nothing of it: `reset()` without arguments, as vector environments call it, is enough. The
    outcome and the next task travel together, while the trainer works on the last step; the task that comes is the only
    one held ahead. Each process talks to the teacher over a connection of its own, opened with its first `reset`: wrap
    each sub-environment of `SyncVectorEnv`, `AsyncVectorEnv`, `DummyVecEnv` or `SubprocVecEnv`.

    - An episode that is reset before its end, or left by `close`, is told abandoned: it counts for nothing.
    - A task with which `reset` raises `magister.InfeasibleTaskError` is told infeasible, and another one asked for.
    - A return that is no finite number is told abandoned, with a warning.
    - `reset(options={"task": {...}})` plays that task without the teacher, as for an evaluation.
    - If `reset` raises `magister.GaveUpError`, a later one goes on; nothing that was told is lost.

    `info["task"]` holds the parameters and `info["task_name"]` the name of the task, at the first and last step of an
    episode.

    Args:
        env: The environment. Rewards are summed as it gives them: put wrappers that change them outside.
        curriculum: Whose tasks are played.
        apply: How the environment is given a task; None: its method `set_task` if it has one, else the options.
        success_key: The key of the last `info` that says whether the goal was reached.
        infeasible: Exceptions of `reset` that say so of the task.
        max_infeasible: Give up after so many infeasible tasks in a row.
        student_step: Says how many environment steps the student has taken in total, to be told with each return.
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        curriculum: Curriculum,
        apply: Apply | None = None,
        *,
        success_key: str = "is_success",
        infeasible: tuple[type[Exception], ...] = (InfeasibleTaskError,),
        max_infeasible: int = 100,
        student_step: Callable[[], int] | None = None,
    ) -> None:
        gymnasium.utils.RecordConstructorArgs.__init__(
            self,
            _disable_deepcopy=True,
            curriculum=curriculum,
            apply=apply,
            success_key=success_key,
            infeasible=infeasible,
            max_infeasible=max_infeasible,
            student_step=student_step,
        )
        gymnasium.Wrapper.__init__(self, env)
        self.curriculum = curriculum
        self._apply = _how_to_apply(env, apply)
        self._success_key = success_key
        # One at a time: the teacher is asked for a task once it has heard what came of the last.
        self._tasks = Tasks(curriculum, 1, infeasible, max_infeasible, student_step)
        self._task: Task | None = None
        self._return = 0.0
        self._length = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Ask for a task and begin an episode on it.

        Raises:
            magister.MagisterError: If `max_infeasible` tasks in a row were infeasible, or as `magister.Stream.ask`.
        """
        self._abandon("the environment was reset before the episode's end")
        if options is not None and "task" in options:
            return self._begin(options["task"], seed, options)
        task, (observation, info) = self._tasks.begin(lambda params: self._begin(params, seed, options))
        self._task, self._return, self._length = task, 0.0, 0
        return observation, {**info, **_named(task)}

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:  # noqa: ANN401 (the env's own)
        """Step the environment; tell the return if the episode ends."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        task = self._task
        if task is None or not self._tasks.are_here:
            return observation, reward, terminated, truncated, info
        self._return += float(reward)
        self._length += 1
        if terminated or truncated:
            self._task = None
            success = info.get(self._success_key)
            self._tasks.complete(task, self._return, self._length, terminated, truncated, success)
            info = {**info, **_named(task)}
        return observation, reward, terminated, truncated, info

    def close(self) -> None:
        """Tell an unfinished episode abandoned, wait until everything told is acknowledged, close the environment."""
        try:
            self._abandon("the environment was closed before the episode's end")
            self._tasks.close()
        finally:
            super().close()

    def __getstate__(self) -> dict[str, Any]:
        """Without the episode, which this process goes on with."""
        return {**self.__dict__, "_task": None}

    def _begin(
        self, params: Mapping[str, Any], seed: int | None, options: dict[str, Any] | None
    ) -> tuple[Any, dict[str, Any]]:
        params = dict(params)
        if self._apply == "options":
            return self.env.reset(seed=seed, options={**(options or {}), "task": params})
        if self._apply == "set_task":
            self.env.get_wrapper_attr("set_task")(params)
        else:
            self._apply(self.env, params)
        others = {key: value for key, value in (options or {}).items() if key != "task"}
        return self.env.reset(seed=seed, options=others or None)

    def _abandon(self, why: str) -> None:
        task, self._task = self._task, None
        if task is not None:
            self._tasks.abandon(task, why)


def _named(task: Task) -> dict[str, Any]:
    return {"task": dict(task.params), "task_name": task.name}


def _how_to_apply(env: gymnasium.Env[Any, Any], apply: Apply | None) -> Apply:
    if apply is None:
        try:
            env.get_wrapper_attr("set_task")
        except AttributeError:
            return "options"
        return "set_task"
    if not callable(apply) and apply not in ("set_task", "options"):
        raise ValueError(
            f"apply={apply!r}: give 'set_task', 'options', or a function of the environment and the params"
        )
    return apply
