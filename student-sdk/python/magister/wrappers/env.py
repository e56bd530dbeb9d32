"""A curriculum over one environment, alone or as a sub-environment of a vector."""

from __future__ import annotations

import contextlib
import math
import os
import warnings
import weakref
from collections.abc import Callable, Mapping
from typing import Any, Literal, SupportsFloat, Union

import gymnasium

from magister.client import CLOSING_S, Curriculum, Stream
from magister.errors import InfeasibleTaskError, MagisterError
from magister.types import Task

Apply = Union[Callable[["gymnasium.Env[Any, Any]", dict[str, Any]], None], Literal["set_task", "options"]]
"""How an environment gets its task: a function of both, `set_task(params)`, or `reset(options={"task": params})`."""


class CurriculumWrapper(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Plays a curriculum's tasks: `reset` asks for one and applies it, the end of the episode tells its return.

    The trainer needs to know nothing of it: `reset()` without arguments, as vector environments call it, is enough. The
    outcome and the next task travel together, while the trainer works on the last step; the task that comes is the only
    one held ahead. Each process talks to the teacher over a connection of its own, opened with its first `reset`: wrap
    each sub-environment of `SyncVectorEnv`, `AsyncVectorEnv`, `DummyVecEnv` or `SubprocVecEnv`.

    - An episode that is reset before its end, or left by `close`, is told abandoned: it counts for nothing.
    - A task with which `reset` raises `magister.InfeasibleTaskError` is told infeasible, and another one asked for.
    - A return that is no finite number is told abandoned, with a warning.
    - `reset(options={"task": {...}})` plays that task without the teacher, as for an evaluation.

    `info["task"]` holds the parameters and `info["task_name"]` the name of the task, at the first and last step of an
    episode.

    Args:
        env: The environment. Rewards are summed as it gives them: put wrappers that change them outside.
        curriculum: Whose tasks are played.
        apply: How the environment is given a task; None: its method `set_task` if it has one, else the options.
        success_key: The key of the last `info` that says whether the goal was reached.
        infeasible: Exceptions of `reset` that say so of the task.
        max_infeasible: Give up after so many infeasible tasks in a row.
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
    ) -> None:
        super().__init__(env)
        self.curriculum = curriculum
        self._apply = _how_to_apply(env, apply)
        self._success_key = success_key
        self._infeasible = infeasible
        self._max_infeasible = max_infeasible
        self._stream: Stream | None = None
        self._process = 0
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
        stream = self._here()
        problem = ""
        for _ in range(self._max_infeasible):
            task = stream.ask()
            if task is None:
                break
            try:
                observation, info = self._begin(task.params, seed, options)
            except self._infeasible as error:
                problem = str(error)
                stream.tell_infeasible(task, problem[:1000])
                continue
            except BaseException as error:
                stream.tell_abandoned(task, f"reset failed: {error!r}"[:1000])
                raise
            self._task, self._return, self._length = task, 0.0, 0
            return observation, {**info, **_named(task)}
        raise MagisterError(
            f"{self._max_infeasible} tasks in a row were infeasible, the last one because: {problem}; look at the task "
            f"space of curriculum {self.curriculum.name!r}"
        )

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:  # noqa: ANN401 (the env's own)
        """Step the environment; tell the return if the episode ends."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        task = self._task
        if task is None or self._process != os.getpid():
            return observation, reward, terminated, truncated, info
        self._return += float(reward)
        self._length += 1
        if terminated or truncated:
            self._task = None
            tell(self._here(), task, self._return, self._length, terminated, truncated, info.get(self._success_key))
            info = {**info, **_named(task)}
        return observation, reward, terminated, truncated, info

    def close(self) -> None:
        """Tell an unfinished episode abandoned, wait until everything told is acknowledged, close the environment."""
        try:
            self._abandon("the environment was closed before the episode's end")
            if self._stream is not None and self._process == os.getpid():
                self._stream.close()
            self._stream = None
        finally:
            super().close()

    def __getstate__(self) -> dict[str, Any]:
        """Without the connection, which another process makes anew."""
        return {**self.__dict__, "_stream": None, "_process": 0, "_task": None}

    def _here(self) -> Stream:
        """The stream of this process."""
        if self._stream is None or self._process != os.getpid():
            # What a process was forked from goes on with its own stream and task.
            self._stream, self._process, self._task = self.curriculum.stream(1), os.getpid(), None
            weakref.finalize(self, _close_late, self._stream, self._process)
        return self._stream

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
        if self._task is not None and self._stream is not None and self._process == os.getpid():
            self._stream.tell_abandoned(self._task, why)
        self._task = None


def tell(
    stream: Stream,
    task: Task,
    episode_return: float,
    length: int,
    terminated: bool,
    truncated: bool,
    success: object,
) -> None:
    """Tell the outcome of an episode; a return that is no number counts for nothing."""
    if not math.isfinite(episode_return):
        warnings.warn(f"the return of {task.params} is {episode_return}: told abandoned", RuntimeWarning, stacklevel=3)
        stream.tell_abandoned(task, f"the return is {episode_return}")
        return
    stream.tell(
        task,
        episode_return,
        length=length,
        terminated=bool(terminated),
        truncated=bool(truncated),
        success=None if success is None else bool(success),
    )


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


def _close_late(stream: Stream, process: int) -> None:
    # For programs that end without closing: what was told is not lost if the server is there.
    if process == os.getpid():
        with contextlib.suppress(Exception):
            stream.close(CLOSING_S)
