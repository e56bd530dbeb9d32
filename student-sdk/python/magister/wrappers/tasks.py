"""What the wrappers share: the tasks of one process, from being asked for to being told of."""

from __future__ import annotations

import contextlib
import math
import os
import warnings
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from magister.client import CLOSING_S, Curriculum, Stream
from magister.errors import GaveUpError, MagisterError, StreamError
from magister.types import Abandoned, Completed, Infeasible, Outcome, Task

T = TypeVar("T")

MESSAGE_BYTES = 1000
"""How much of an exception's text is told; the contract takes 1,024 bytes."""

_TOLD_AT_ONCE = 1000


class Tasks:
    """The tasks of one process's environments, over a stream of that process.

    It goes with its wrapper through fork and pickling and begins anew there: the tasks belong to where they were asked
    for. After `GaveUpError` the next `begin` tells again what may not have arrived, which is harmless, and opens
    another stream.

    Args:
        curriculum: Whose tasks.
        window: Tasks held at most, 1 to 1,000.
        infeasible: Exceptions that say of a task that it cannot be begun.
        max_infeasible: Give up after so many infeasible tasks in a row.
        student_step: Says how many environment steps the student has taken in total.
    """

    def __init__(
        self,
        curriculum: Curriculum,
        window: int,
        infeasible: tuple[type[Exception], ...],
        max_infeasible: int,
        student_step: Callable[[], int] | None,
    ) -> None:
        self._curriculum = curriculum
        self._window = window
        self._infeasible = infeasible
        self._max_infeasible = max_infeasible
        self._student_step = student_step
        self._begin_anew()

    @property
    def are_here(self) -> bool:
        """Whether they were asked for by this process, which is not on its way out."""
        is_closed_late = self._finalizer is not None and not self._finalizer.alive
        return self._process == os.getpid() and not is_closed_late

    def begin(self, apply: Callable[[dict[str, Any]], T], asked: Task | None = None) -> tuple[Task, T]:
        """Ask for tasks until one can be begun.

        Args:
            apply: Begins an episode with a task's parameters, or prepares it.
            asked: A task that was asked for before and is to be tried first.

        Returns:
            The task, and what `apply` gave.

        Raises:
            magister.MagisterError: If `max_infeasible` tasks in a row were infeasible, or as `magister.Stream.ask`.
            Exception: What else `apply` raises; the task is told abandoned.
        """
        problem = ""
        for _ in range(self._max_infeasible):
            task = self._ask() if asked is None else asked
            asked = None
            try:
                return task, apply(dict(task.params))
            except self._infeasible as error:
                problem = _short(str(error))
                self._tell(Infeasible(task, problem))
            except BaseException as error:
                self.abandon(task, f"it could not be begun: {error!r}")
                raise
        raise MagisterError(
            f"{self._max_infeasible} tasks in a row were infeasible, the last one because: {problem}; look at the task "
            f"space of curriculum {self._curriculum.name!r}"
        )

    def complete(
        self, task: Task, episode_return: float, length: int, terminated: bool, truncated: bool, success: object
    ) -> None:
        """Tell the outcome of an episode; a return that is no finite number counts for nothing."""
        if not math.isfinite(episode_return):
            warnings.warn(
                f"the return of {task.params} is {episode_return}: told abandoned", RuntimeWarning, stacklevel=3
            )
            self.abandon(task, f"the return is {episode_return}")
            return
        reached = None if success is None else bool(success)
        step = None if self._student_step is None else int(self._student_step())
        self._tell(Completed(task, episode_return, length, bool(terminated), bool(truncated), reached, step))

    def abandon(self, task: Task, why: str) -> None:
        """Tell that a task is not played to its end."""
        self._tell(Abandoned(task, _short(why)))

    def close(self) -> None:
        """Wait until everything told is acknowledged; tell tasks that nothing was told of abandoned.

        Raises:
            magister.MagisterError: If the stream failed.
            TimeoutError: If the server is still away that the last call gave up waiting for.
        """
        if not self.are_here:
            return
        stream, owed, requests = self._stream, self._owed, self._curriculum._requests
        self._begin_anew()
        if stream is not None:
            stream.close()
        for first in range(0, len(owed), _TOLD_AT_ONCE):
            requests.tell(owed[first : first + _TOLD_AT_ONCE]).wait(CLOSING_S)

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs to ask for tasks of its own."""
        arguments = ("_curriculum", "_window", "_infeasible", "_max_infeasible", "_student_step")
        return {name: self.__dict__[name] for name in arguments}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin_anew()

    def _begin_anew(self) -> None:
        before = self.__dict__.get("_finalizer")
        if before is not None:
            before.detach()
        self._finalizer: weakref.finalize[[Stream, int], Tasks] | None = None
        self._stream: Stream | None = None
        self._process = 0
        # Names of the tasks that the stream gave and was not told of.
        self._given: set[str] = set()
        # With as many places as the window has, whatever the stream was told and has no answer to is among the last
        # so many: a task comes with the answer to the outcome that made room for it, and answers come in order.
        self._told: deque[Outcome] = deque(maxlen=self._window)
        # To be told without a stream: it gave up, or another one gave the task.
        self._owed: list[Outcome] = []

    def _ask(self) -> Task:
        if not self.are_here:
            # What this process was forked from goes on with its own stream and tasks.
            self._begin_anew()
            self._process = os.getpid()
        self._pay()
        if self._stream is None:
            self._stream = self._curriculum.stream(self._window)
            self._finalizer = weakref.finalize(self, _close_late, self._stream, self._process)
        try:
            task = self._stream.ask()
        except GaveUpError:
            owed, failed = [*self._told, *self._owed], self._stream
            self._begin_anew()
            self._process, self._owed = os.getpid(), owed
            with contextlib.suppress(Exception):
                # It has ended already, and says once more why.
                failed.close(CLOSING_S)
            raise
        if task is None:
            raise StreamError("the stream gives no more tasks")
        self._given.add(task.name)
        return task

    def _pay(self) -> None:
        while self._owed:
            batch, self._owed = self._owed[:_TOLD_AT_ONCE], self._owed[_TOLD_AT_ONCE:]
            try:
                self._curriculum.tell_many(batch)
            except GaveUpError:
                self._owed = [*batch, *self._owed]
                raise

    def _tell(self, outcome: Completed | Infeasible | Abandoned) -> None:
        task = outcome.task
        if not self.are_here or not isinstance(task, Task):
            return
        if self._stream is None or task.name not in self._given:
            self._owed.append(outcome)
            return
        self._given.remove(task.name)
        self._told.append(outcome)
        if isinstance(outcome, Completed):
            self._stream.tell(
                task,
                outcome.episode_return,
                length=outcome.length,
                terminated=outcome.terminated,
                truncated=outcome.truncated,
                success=outcome.success,
                student_step=outcome.student_step,
            )
        elif isinstance(outcome, Infeasible):
            self._stream.tell_infeasible(task, outcome.message)
        else:
            self._stream.tell_abandoned(task, outcome.message)


def _short(message: str) -> str:
    return message.encode(errors="replace")[:MESSAGE_BYTES].decode(errors="ignore")


def _close_late(stream: Stream, process: int) -> None:
    # For programs that end without closing: what was told is not lost if the server is there.
    if process == os.getpid():
        with contextlib.suppress(Exception):
            stream.close(CLOSING_S)
