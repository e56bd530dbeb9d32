"""The client: connect, ask for tasks, tell what came of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

from magister import _native, types
from magister._requests import CurriculumRequests, Requests, StreamRequests, Tls
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

DEFAULT_ADDRESS = "127.0.0.1:50551"
"""Where `magister serve` listens unless told otherwise."""

CLOSING_S = 5.0
"""How long leaving a stream by an exception waits for the server."""


class Client:
    """A connection to a server; made by `connect`.

    Calls survive a server that goes away and comes back: they are repeated, harmlessly, for `retry_for_s`. A client may
    be used from several threads, and goes with its process through fork, spawn and pickling: each process makes a
    connection of its own when it first needs one. A pickled client holds its token.
    """

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    @property
    def address(self) -> str:
        """Where it is connected to."""
        return self._requests.address

    def curriculum(
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
        """Make a curriculum, or open the one of this name if its settings are the same.

        Args:
            name: 1 to 63 letters, digits, `-`, `_`, `.`.
            space: The task space; see `magister.spaces`. None opens a curriculum that exists, whatever its settings.
            teacher: `"alp-gmm"` (the default), `"covar-gmm"`, `"riac"`, `"currot"`, `"random"`, or one with
                parameters such as `magister.AlpGmm(...)` or `magister.Oracle(...)`.
            seed: Of all randomness; 0 unless given.
            return_range: Returns are scaled from (low, high) to 0..1 and clipped before the teacher sees them.
            test_set: Tasks on which students are evaluated, or how many to draw uniformly.
            mastery_threshold: A return above it is mastery.
            display_name: For people.
            lease_s: How long a worker may hold a task, 1 s to 30 days; 1 hour unless given.
            max_open_tasks: Tasks that one student may hold open at once.
            max_staleness_episodes: Refuse outcomes of tasks that were sampled more episodes ago than this.

        Raises:
            CurriculumDiffersError: If there is one of this name with other settings.
            RefusedError: If a setting is not valid; `fields` says which.
        """
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
        opened = self._requests.curriculum(name, space, settings).wait()
        return Curriculum(CurriculumRequests(self._requests, opened, "", None))

    def list(self) -> list[CurriculumInfo]:
        """All curricula, in the order of their names."""
        return types.read_all(CurriculumInfo, self._requests.native.list().wait())

    def delete(self, name: str) -> None:
        """Delete a curriculum and everything it holds, for good."""
        self._requests.native.delete(name).wait()

    def import_from(self, path: str | os.PathLike[str], name: str) -> Curriculum:
        """Make a curriculum from a file that `Curriculum.export_to` wrote."""
        self._requests.native.import_from(name, os.fspath(path)).wait()
        return Curriculum(CurriculumRequests(self._requests, name, "", None))

    def close(self) -> None:
        """Nothing that must be done: a connection ends with its last user."""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<magister.Client {self.address}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _client, (self._requests.address, self._requests.settings)


class Curriculum:
    """One curriculum of a server, on behalf of a student and one of its workers; made by `Client.curriculum`."""

    def __init__(self, requests: CurriculumRequests) -> None:
        self._requests = requests

    @property
    def name(self) -> str:
        """The curriculum's name."""
        return self._requests.name

    @property
    def student(self) -> str:
        """Whose outcomes are told: one policy."""
        return self._requests.student

    @property
    def worker(self) -> str:
        """Which of its processes asks: host and process number unless given."""
        return self._requests.worker

    def on_behalf_of(self, student: str | None = None, worker: str | None = None) -> Curriculum:
        """The same curriculum for another student or worker; what is None stays."""
        return Curriculum(self._requests.on_behalf_of(student, worker))

    def ask(self, request_id: str | None = None) -> Task:
        """Ask for a task. Waits while the curriculum is paused or the server away.

        Args:
            request_id: At most 128 bytes: the same id gives the same task again, for as long as the curriculum exists.

        Raises:
            GaveUpError: If the server stays away for as long as the client was to try.
            RefusedError: If it refuses for good.
        """
        return self._requests.ask(1, request_id).wait()[0]

    def ask_many(self, count: int, request_id: str | None = None) -> list[Task]:
        """Ask for 1 to 1,000 tasks at once. What is asked for early is stale when it is played: ask for few."""
        return self._requests.ask(count, request_id).wait()

    def tell(
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
        """Tell the return of a task's episode. Telling again is harmless: the first time counts.

        Args:
            task: A task, its name, or the parameters (a dict) of one that was not handed out.
            episode_return: Sum of the episode's rewards; finite.
            length: Steps played.
            terminated: Whether the environment ended the episode.
            truncated: Whether a limit outside the environment did.
            success: Whether the student reached its goal.
            student_step: Environment steps that the student had taken in total.

        Raises:
            RefusedError: If the server cannot read it; nothing is changed.
            GaveUpError: If the server stays away. Telling again later is harmless.
        """
        outcome = Completed(task, episode_return, length, terminated, truncated, success, student_step)
        return self.tell_many([outcome])[0]

    def tell_infeasible(self, task: TaskLike, message: str = "") -> Receipt:
        """Tell that the environment cannot be built with a task's parameters."""
        return self.tell_many([Infeasible(task, message)])[0]

    def tell_abandoned(self, task: TaskLike, message: str = "") -> Receipt:
        """Tell that a task's episode will not be played to its end."""
        return self.tell_many([Abandoned(task, message)])[0]

    def tell_many(self, outcomes: Iterable[Outcome]) -> list[Receipt]:
        """Tell up to 1,000 outcomes, in the order in which they are to count: all or, if one is refused, none."""
        return self._requests.tell(outcomes).wait()

    def stream(self, window: int = 1) -> Stream:
        """Ask and tell over one stream: an outcome brings the next task, in one round trip and one commit.

        Args:
            window: Tasks held at most, 1 to 1,000: those asked for ahead and those being played. With 1 the teacher is
                asked for a task only after it has heard the last outcome.
        """
        return Stream(self._requests, window)

    def info(self) -> CurriculumInfo:
        """What the server says of the curriculum: settings, position, counts."""
        return self._requests.info().wait()

    def sample_test_tasks(self, student_step: int = 0) -> TestRound:
        """Open an evaluation of this student on the test set. Returns of test tasks never reach the teacher."""
        return self._requests.sample_test_tasks(student_step).wait()

    def report_evaluations(self, test_round: TestRound | int, returns: Sequence[float | TestResult]) -> Evaluation:
        """Add results to an evaluation, in parts and in any order.

        Args:
            test_round: What `sample_test_tasks` gave, or its number.
            returns: One return per test task in their order, or `TestResult`s of some.
        """
        return self._requests.report_evaluations(test_round, returns).wait()

    def evaluation(self, number: int) -> Evaluation:
        """An evaluation by its number."""
        return self._requests.evaluation(number).wait()

    def mastery(self) -> Mastery:
        """What this student masters of the test set, and what it has forgotten."""
        return self._requests.mastery().wait()

    def distribution(self, fit: int | None = None) -> Distribution:
        """What the teacher samples from now, or as of a fit."""
        return self._requests.distribution(fit).wait()

    def fits(self, after: int = 0) -> list[Fit]:
        """All fits with higher numbers than `after`."""
        return self._requests.fits(after).wait()

    def episodes(
        self,
        from_episode: int | None = None,
        before_episode: int | None = None,
        *,
        student: str | None = None,
        limit: int = 10_000,
    ) -> list[Episode]:
        """Accepted episodes, oldest first, at most `limit` of them."""
        return self._requests.episodes(from_episode, before_episode, student, limit).wait()

    def progress(self, max_buckets: int | None = None) -> Progress:
        """How the curriculum has come along since its beginning, summed up in buckets of episodes.

        Args:
            max_buckets: How many there may be, 1 to 1,000; 200 unless given.
        """
        return self._requests.progress(max_buckets).wait()

    def points(
        self, from_episode: int | None = None, before_episode: int | None = None, *, max_points: int | None = None
    ) -> EpisodePoints:
        """Accepted episodes as points of the task space, thinned evenly: for plots; `episode_columns` has them all.

        Args:
            from_episode: Only episodes with this number or a higher one.
            before_episode: Only episodes with a lower number than this.
            max_points: 1 to 5,000; 1,000 unless given.
        """
        return self._requests.points(from_episode, before_episode, max_points).wait()

    def density(self, *axes: str, fit: int | None = None, cells: int | None = None) -> Density:
        """Where the next task will lie, over a grid of one or two axes.

        Args:
            axes: Their names: `"height"`, or `"sizes[3]"` for a vector's element.
            fit: As of this fit instead of now.
            cells: Along each axis, 1 to 200; 50 unless given. An integer axis of fewer values has a cell for each.

        Raises:
            OptionsError: If there is no axis of a name; the message lists those there are.
            RefusedError: If there are not one or two different axes, or there is no such fit.
        """
        return self._requests.density(axes, fit, cells).wait()

    def diagnose(self, stopped_after_s: float | None = None) -> Diagnosis:
        """What stands in the way of progress, and what to do about it.

        Args:
            stopped_after_s: Reports that have been missing for longer count as stopped, 1 s to 30 days. Unless given:
                30 s, or ten times the usual distance between reports where that is longer.
        """
        return self._requests.diagnose(stopped_after_s).wait()

    def episode_columns(
        self, from_episode: int | None = None, before_episode: int | None = None, *, student: str | None = None
    ) -> Columns:
        """All accepted episodes as columns, one row for each, oldest first: for pandas, DuckDB and the like.

        Args:
            from_episode: Only episodes with this number or a higher one.
            before_episode: Only episodes with a lower number than this.
            student: Only those of this student.

        Returns:
            `episode` (its number), `task` (its number), `params_*` for each axis of the space, `state`,
            `episode_return`, `alp`, `length`, `end`, `success` (1, 0 or NaN), `student`, `worker`, `student_step`,
            `late`, `accept_time`, `origin`, `exploration_reason`, `fit` and `component` (that it was drawn from), and
            `message`; meanings as in `Episode`, absent values as in `magister.progress.Columns`.
        """
        return self._requests.episode_columns(from_episode, before_episode, student).wait()

    def fit_columns(self, after: int = 0) -> Columns:
        """The components of all fits with higher numbers than `after` as columns, one row for each component.

        Returns:
            Of the fit: `fit`, `due_episode`, `effect_episode`, `create_time`, `fit_seconds`, `criterion` (of the number
            of components that won), `exploration_probability`. Of the component: `component` (its index), `weight`,
            `odds`, `mean_alp`, and for each axis its mean as `params_*` and its `standard_deviation_*`; meanings as in
            `Fit` and `Component`. A fit that failed has one row, without a component.
        """
        return self._requests.fit_columns(after).wait()

    def explain(self, task: Task | int) -> Explanation:
        """Why a task was given, and what it taught."""
        return self._requests.explain(task).wait()

    def pause(self) -> CurriculumInfo:
        """Let asks wait until `resume`; outcomes are taken, leases stand still."""
        return self._requests.edit({"paused": True}).wait()

    def resume(self) -> CurriculumInfo:
        """End a pause."""
        return self._requests.edit({"paused": False}).wait()

    def edit(
        self,
        *,
        display_name: str | None = None,
        mastery_threshold: float | None = None,
        lease_s: float | None = None,
        max_open_tasks: int | None = None,
        max_staleness_episodes: int | None = None,
        alp_gmm: Mapping[str, Any] | None = None,
    ) -> CurriculumInfo:
        """Edit live settings: all take effect with the next task or, if one is refused, none. What is None stays."""
        changes = {
            "display_name": display_name,
            "mastery_threshold": mastery_threshold,
            "lease_s": lease_s,
            "max_open_tasks": max_open_tasks,
            "max_staleness_episodes": max_staleness_episodes,
            "alp_gmm": None if alp_gmm is None else dict(alp_gmm),
        }
        return self._requests.edit(changes).wait()

    def fork(self, name: str, *, position: int | None = None, seed: int | None = None) -> Curriculum:
        """Copy the curriculum as it was at a position.

        Args:
            name: Of the copy.
            position: As `info().position` was when a checkpoint was made; None: now.
            seed: Another one for what is sampled after it; None: the same calls go on with the same tasks.
        """
        self._requests.fork(name, position, seed).wait()
        return Curriculum(self._requests.named(name))

    def export_to(self, path: str | os.PathLike[str]) -> int:
        """Write the curriculum as one portable file, which must not be there yet; gives its size in bytes."""
        return self._requests.export_to(path).wait()

    def close(self) -> None:
        """Nothing that must be done: a connection ends with its last user."""

    def __enter__(self) -> Curriculum:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<magister.Curriculum {self.name!r} at {self._requests.requests.address}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _curriculum, self._requests.pickled()


class PendingReceipt:
    """The receipt of an outcome that is on its way; need not be waited for."""

    def __init__(self, native: _native.Receipt) -> None:
        self._native = native

    def wait(self, timeout_s: float | None = None) -> Receipt:
        """Wait until the outcome is acknowledged, once."""
        return types.read(Receipt, self._native.call().wait(timeout_s))


class Stream:
    """Asking and telling over one stream, which reconnects by itself; made by `Curriculum.stream`.

    Use it as a context manager: leaving it waits until everything told is acknowledged, and tells what was not played
    abandoned. A stream belongs to the process that opened it.
    """

    def __init__(self, requests: CurriculumRequests, window: int) -> None:
        self._stream = StreamRequests(requests, window)

    def ask(self) -> Task | None:
        """The next task; waits for one while the window is full. None after `stop_asking`, once all were given.

        Raises:
            RefusedError: If the server refuses for good, or refused an outcome whose receipt nobody waited for.
            GaveUpError: If the server stays away.
        """
        stream = self._stream
        stream.check_open()
        if stream.opened is None:
            stream.opened = stream.requests.teach(stream.window).wait()
        task = stream.opened.ask().wait()
        return None if task is None else Task(*task)

    def __iter__(self) -> Iterator[Task]:
        while (task := self.ask()) is not None:
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
        """Tell the return of a task that this stream gave, and go on at once; as `Curriculum.tell`."""
        outcome = Completed(task, episode_return, length, terminated, truncated, success, student_step)
        return PendingReceipt(self._stream.tell(outcome))

    def tell_infeasible(self, task: Task | str, message: str = "") -> PendingReceipt:
        """Tell that the environment cannot be built with a task's parameters."""
        return PendingReceipt(self._stream.tell(Infeasible(task, message)))

    def tell_abandoned(self, task: Task | str, message: str = "") -> PendingReceipt:
        """Tell that a task's episode will not be played to its end."""
        return PendingReceipt(self._stream.tell(Abandoned(task, message)))

    def stop_asking(self) -> None:
        """Ask for no further tasks; those handed out can still be taken and told of."""
        self._stream.stop_asking()

    def close(self, timeout_s: float | None = None) -> None:
        """Wait until everything told is acknowledged, and tell what was not played abandoned.

        Raises:
            TimeoutError: If that takes longer. What was not acknowledged may be lost then.
            MagisterError: If the stream failed.
        """
        finishing = self._stream.finish()
        if finishing is not None:
            finishing.wait(timeout_s)

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exception is None:
            self.close()
            return
        # What is on its way out matters more than what closing would say.
        try:
            self.close(CLOSING_S)
        except Exception as failure:
            add_note(exception, f"closing the stream failed as well: {failure}")

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a stream belongs to its process: give the curriculum to the other process and open one there")


def connect(
    address: str = DEFAULT_ADDRESS,
    *,
    token: str | None = None,
    tls: Tls | None = None,
    retry_for_s: float = 600.0,
    call_timeout_s: float = 30.0,
) -> Client:
    """Connect to a server.

    Args:
        address: Such as `127.0.0.1:50551` or `https://teacher.example:50551`.
        token: What the server asks for, if it does.
        tls: Certificates, if the system's do not do.
        retry_for_s: How long calls are repeated while the server is away or the curriculum paused.
        call_timeout_s: How long one attempt may take.

    Raises:
        ConnectError: Within 5 seconds; the message says what to check.
        OptionsError: If the address or an option cannot be used.
    """
    return Client(Requests.connect(address, token, tls, retry_for_s, call_timeout_s).wait())


def add_note(exception: BaseException, note: str) -> None:
    """Add a note to an exception, where Python can (3.11)."""
    if hasattr(exception, "add_note"):
        exception.add_note(note)


def _client(address: str, settings: dict[str, Any]) -> Client:
    return Client(Requests.lazily(address, settings))


def _curriculum(address: str, settings: dict[str, Any], name: str, student: str, worker: str | None) -> Curriculum:
    return Curriculum(CurriculumRequests(Requests.lazily(address, settings), name, student, worker))
