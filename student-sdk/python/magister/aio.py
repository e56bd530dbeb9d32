"""The client for asyncio: `await magister.aio.connect(...)`; every method as its twin in `magister.client`.

Nothing here blocks the event loop. A call whose task is cancelled is given up; what it asked of the server may be
done all the same, and is harmless to repeat.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

from magister import _native, types
from magister import client as blocking
from magister._requests import CurriculumRequests, Pending, Requests, StreamRequests, Tls
from magister.client import CLOSING_S, DEFAULT_ADDRESS
from magister.progress import Columns, Density, Diagnosis, EpisodePoints, Progress
from magister.spaces import SpaceLike
from magister.types import (
    Abandoned,
    Completed,
    CurriculumInfo,
    Distribution,
    Episode,
    Evaluation,
    Explanation,
    Fit,
    Infeasible,
    Mastery,
    Outcome,
    Receipt,
    Task,
    TaskLike,
    Teacher,
    TestResult,
    TestRound,
)

T = TypeVar("T")


class Client:
    """A connection to a server; made by `connect`."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    @property
    def address(self) -> str:
        """Where it is connected to."""
        return self._requests.address

    async def curriculum(
        self,
        name: str,
        space: SpaceLike | None = None,
        *,
        teacher: str | Teacher | None = None,
        seed: int | None = None,
        return_range: tuple[float, float] | None = None,
        test_set: int | Sequence[Mapping[str, Any]] | None = None,
        mastery_threshold: float | None = None,
        display_name: str | None = None,
        lease_s: float | None = None,
        max_open_tasks: int | None = None,
        max_staleness_episodes: int | None = None,
    ) -> Curriculum:
        """As `magister.Client.curriculum`."""
        settings = {
            "teacher": teacher,
            "seed": seed,
            "return_range": return_range,
            "test_set": test_set,
            "mastery_threshold": mastery_threshold,
            "display_name": display_name,
            "lease_s": lease_s,
            "max_open_tasks": max_open_tasks,
            "max_staleness_episodes": max_staleness_episodes,
        }
        opened = await _wait(self._requests.curriculum(name, space, settings))
        return Curriculum(CurriculumRequests(self._requests, opened, "", None))

    async def list(self) -> list[CurriculumInfo]:
        """As `magister.Client.list`."""
        return types.read_all(CurriculumInfo, await _answer(self._requests.native.list()))

    async def delete(self, name: str) -> None:
        """As `magister.Client.delete`."""
        await _answer(self._requests.native.delete(name))

    async def import_from(self, path: str | os.PathLike[str], name: str) -> Curriculum:
        """As `magister.Client.import_from`."""
        await _answer(self._requests.native.import_from(name, os.fspath(path)))
        return Curriculum(CurriculumRequests(self._requests, name, "", None))

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Nothing that must be done: a connection ends with its last user."""

    def __repr__(self) -> str:
        return f"<magister.aio.Client {self.address}>"


class Curriculum:
    """One curriculum of a server; made by `Client.curriculum`."""

    def __init__(self, requests: CurriculumRequests) -> None:
        self._requests = requests

    @property
    def name(self) -> str:
        """The curriculum's name."""
        return self._requests.name

    @property
    def student(self) -> str:
        """Whose outcomes are told."""
        return self._requests.student

    @property
    def worker(self) -> str:
        """Which of its processes asks."""
        return self._requests.worker

    def blocking(self) -> blocking.Curriculum:
        """The same for code that blocks."""
        return blocking.Curriculum(self._requests)

    def on_behalf_of(self, student: str | None = None, worker: str | None = None) -> Curriculum:
        """As `magister.Curriculum.on_behalf_of`."""
        return Curriculum(self._requests.on_behalf_of(student, worker))

    async def ask(self, request_id: str | None = None) -> Task:
        """As `magister.Curriculum.ask`."""
        return (await _wait(self._requests.ask(1, request_id)))[0]

    async def ask_many(self, count: int, request_id: str | None = None) -> list[Task]:
        """As `magister.Curriculum.ask_many`."""
        return await _wait(self._requests.ask(count, request_id))

    async def tell(
        self,
        task: TaskLike,
        episode_return: float,
        *,
        length: int | None = None,
        terminated: bool | None = None,
        truncated: bool | None = None,
        success: bool | None = None,
        student_step: int | None = None,
    ) -> Receipt:
        """As `magister.Curriculum.tell`."""
        outcome = Completed(task, episode_return, length, terminated, truncated, success, student_step)
        return (await self.tell_many([outcome]))[0]

    async def tell_infeasible(self, task: TaskLike, message: str = "") -> Receipt:
        """As `magister.Curriculum.tell_infeasible`."""
        return (await self.tell_many([Infeasible(task, message)]))[0]

    async def tell_abandoned(self, task: TaskLike, message: str = "") -> Receipt:
        """As `magister.Curriculum.tell_abandoned`."""
        return (await self.tell_many([Abandoned(task, message)]))[0]

    async def tell_many(self, outcomes: Iterable[Outcome]) -> list[Receipt]:
        """As `magister.Curriculum.tell_many`."""
        return await _wait(self._requests.tell(outcomes))

    def stream(self, window: int = 1) -> Stream:
        """As `magister.Curriculum.stream`, for `async with`."""
        return Stream(self._requests, window)

    async def info(self) -> CurriculumInfo:
        """As `magister.Curriculum.info`."""
        return await _wait(self._requests.info())

    async def sample_test_tasks(self, student_step: int = 0) -> TestRound:
        """As `magister.Curriculum.sample_test_tasks`."""
        return await _wait(self._requests.sample_test_tasks(student_step))

    async def report_evaluations(
        self, test_round: TestRound | int, returns: Sequence[float | TestResult]
    ) -> Evaluation:
        """As `magister.Curriculum.report_evaluations`."""
        return await _wait(self._requests.report_evaluations(test_round, returns))

    async def evaluation(self, number: int) -> Evaluation:
        """As `magister.Curriculum.evaluation`."""
        return await _wait(self._requests.evaluation(number))

    async def mastery(self) -> Mastery:
        """As `magister.Curriculum.mastery`."""
        return await _wait(self._requests.mastery())

    async def distribution(self, fit: int | None = None) -> Distribution:
        """As `magister.Curriculum.distribution`."""
        return await _wait(self._requests.distribution(fit))

    async def fits(self, after: int = 0) -> list[Fit]:
        """As `magister.Curriculum.fits`."""
        return await _wait(self._requests.fits(after))

    async def episodes(
        self,
        from_episode: int | None = None,
        before_episode: int | None = None,
        *,
        student: str | None = None,
        limit: int = 10_000,
    ) -> list[Episode]:
        """As `magister.Curriculum.episodes`."""
        return await _wait(self._requests.episodes(from_episode, before_episode, student, limit))

    async def progress(self, max_buckets: int | None = None) -> Progress:
        """As `magister.Curriculum.progress`."""
        return await _wait(self._requests.progress(max_buckets))

    async def points(
        self, from_episode: int | None = None, before_episode: int | None = None, *, max_points: int | None = None
    ) -> EpisodePoints:
        """As `magister.Curriculum.points`."""
        return await _wait(self._requests.points(from_episode, before_episode, max_points))

    async def density(self, *axes: str, fit: int | None = None, cells: int | None = None) -> Density:
        """As `magister.Curriculum.density`."""
        return await _wait(self._requests.density(axes, fit, cells))

    async def diagnose(self, stopped_after_s: float | None = None) -> Diagnosis:
        """As `magister.Curriculum.diagnose`."""
        return await _wait(self._requests.diagnose(stopped_after_s))

    async def episode_columns(
        self, from_episode: int | None = None, before_episode: int | None = None, *, student: str | None = None
    ) -> Columns:
        """As `magister.Curriculum.episode_columns`."""
        return await _wait(self._requests.episode_columns(from_episode, before_episode, student))

    async def fit_columns(self, after: int = 0) -> Columns:
        """As `magister.Curriculum.fit_columns`."""
        return await _wait(self._requests.fit_columns(after))

    async def explain(self, task: Task | int) -> Explanation:
        """As `magister.Curriculum.explain`."""
        return await _wait(self._requests.explain(task))

    async def pause(self) -> CurriculumInfo:
        """As `magister.Curriculum.pause`."""
        return await _wait(self._requests.edit({"paused": True}))

    async def resume(self) -> CurriculumInfo:
        """As `magister.Curriculum.resume`."""
        return await _wait(self._requests.edit({"paused": False}))

    async def edit(
        self,
        *,
        display_name: str | None = None,
        mastery_threshold: float | None = None,
        lease_s: float | None = None,
        max_open_tasks: int | None = None,
        max_staleness_episodes: int | None = None,
        alp_gmm: Mapping[str, Any] | None = None,
    ) -> CurriculumInfo:
        """As `magister.Curriculum.edit`."""
        changes = {
            "display_name": display_name,
            "mastery_threshold": mastery_threshold,
            "lease_s": lease_s,
            "max_open_tasks": max_open_tasks,
            "max_staleness_episodes": max_staleness_episodes,
            "alp_gmm": None if alp_gmm is None else dict(alp_gmm),
        }
        return await _wait(self._requests.edit(changes))

    async def fork(self, name: str, *, position: int | None = None, seed: int | None = None) -> Curriculum:
        """As `magister.Curriculum.fork`."""
        await _wait(self._requests.fork(name, position, seed))
        return Curriculum(self._requests.named(name))

    async def export_to(self, path: str | os.PathLike[str]) -> int:
        """As `magister.Curriculum.export_to`."""
        return await _wait(self._requests.export_to(path))

    async def __aenter__(self) -> Curriculum:
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Nothing that must be done: a connection ends with its last user."""

    def __repr__(self) -> str:
        return f"<magister.aio.Curriculum {self.name!r} at {self._requests.requests.address}>"


class PendingReceipt:
    """The receipt of an outcome that is on its way; need not be waited for."""

    def __init__(self, native: _native.Receipt) -> None:
        self._native = native

    async def wait(self) -> Receipt:
        """Wait until the outcome is acknowledged, once."""
        return types.read(Receipt, await _answer(self._native.call()))


class Stream:
    """As `magister.Stream`, for `async with`."""

    def __init__(self, requests: CurriculumRequests, window: int) -> None:
        self._stream = StreamRequests(requests, window)
        self._opening = asyncio.Lock()

    async def ask(self) -> Task | None:
        """As `magister.Stream.ask`."""
        stream = self._stream
        async with self._opening:
            stream.check_open()
            if stream.opened is None:
                stream.opened = await _wait(stream.requests.teach(stream.window))
        task = await _answer(stream.opened.ask())
        return None if task is None else Task(*task)

    async def __aiter__(self) -> AsyncIterator[Task]:
        while (task := await self.ask()) is not None:
            yield task

    def tell(
        self,
        task: Task | str,
        episode_return: float,
        *,
        length: int | None = None,
        terminated: bool | None = None,
        truncated: bool | None = None,
        success: bool | None = None,
        student_step: int | None = None,
    ) -> PendingReceipt:
        """As `magister.Stream.tell`: it returns at once."""
        outcome = Completed(task, episode_return, length, terminated, truncated, success, student_step)
        return PendingReceipt(self._stream.tell(outcome))

    def tell_infeasible(self, task: Task | str, message: str = "") -> PendingReceipt:
        """As `magister.Stream.tell_infeasible`."""
        return PendingReceipt(self._stream.tell(Infeasible(task, message)))

    def tell_abandoned(self, task: Task | str, message: str = "") -> PendingReceipt:
        """As `magister.Stream.tell_abandoned`."""
        return PendingReceipt(self._stream.tell(Abandoned(task, message)))

    def stop_asking(self) -> None:
        """As `magister.Stream.stop_asking`."""
        self._stream.stop_asking()

    async def close(self, timeout_s: float | None = None) -> None:
        """As `magister.Stream.close`."""
        finishing = self._stream.finish()
        if finishing is not None:
            await asyncio.wait_for(_answer(finishing), timeout_s)

    async def __aenter__(self) -> Stream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exception is None:
            await self.close()
            return
        # What is on its way out matters more than what closing would say.
        try:
            await self.close(CLOSING_S)
        except Exception as failure:
            blocking.add_note(exception, f"closing the stream failed as well: {failure}")


async def connect(
    address: str = DEFAULT_ADDRESS,
    *,
    token: str | None = None,
    tls: Tls | None = None,
    retry_for_s: float = 600.0,
    call_timeout_s: float = 30.0,
) -> Client:
    """As `magister.connect`."""
    return Client(await _wait(Requests.connect(address, token, tls, retry_for_s, call_timeout_s)))


async def _wait(pending: Pending[T]) -> T:
    return pending.convert(await _answer(pending.call))


async def _answer(call: _native.Call) -> Any:  # noqa: ANN401 (what the call gives)
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def wake() -> None:
        if not done.done():
            done.set_result(None)

    def on_other_thread() -> None:
        # A loop that was closed meanwhile has nobody who waits.
        if not loop.is_closed():
            loop.call_soon_threadsafe(wake)

    call.on_done(on_other_thread)
    try:
        await done
    except asyncio.CancelledError:
        call.cancel()
        raise
    return call.answer()
