"""What the blocking and the asynchronous client share: every call, under way, and what to make of its answer."""

from __future__ import annotations

import dataclasses
import os
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from magister import _native, types
from magister.errors import StreamError
from magister.progress import Columns, Density, Diagnosis, EpisodePoints, Progress
from magister.spaces import SpaceLike, dimensions
from magister.types import (
    AlpGmm,
    Axis,
    Completed,
    CovarGmm,
    CurriculumInfo,
    Currot,
    Distribution,
    Episode,
    Evaluation,
    Explanation,
    Fit,
    Infeasible,
    Mastery,
    Oracle,
    Outcome,
    Random,
    Receipt,
    Riac,
    Task,
    Teacher,
    TestResult,
    TestRound,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Tls:
    """Certificates of an encrypted connection, each a path or the PEM text itself.

    Attributes:
        ca: The authority that signed the server's certificate; None: those that the system trusts.
        certificate: This client's, where the server asks for one.
        key: Its key, without passphrase.
    """

    ca: str | Path | bytes | None = None
    certificate: str | Path | bytes | None = None
    key: str | Path | bytes | None = dataclasses.field(default=None, repr=False)


class Pending(Generic[T]):
    """A call under way, and what to make of its answer."""

    def __init__(self, call: _native.Call, convert: Callable[[Any], T]) -> None:
        self.call = call
        self.convert = convert

    def wait(self, timeout_s: float | None = None) -> T:
        """Block until the answer has come. Ctrl-C gives the call up."""
        return self.convert(self.call.wait(timeout_s))


class Requests:
    """The calls of a connection, each under way; the clients wait for them, blocking or not."""

    def __init__(self, address: str, settings: dict[str, Any], native: _native.Client) -> None:
        self.address = address
        self.settings = settings
        self.native = native

    @classmethod
    def connect(
        cls, address: str, token: str | None, tls: Tls | None, retry_for_s: float, call_timeout_s: float
    ) -> Pending[Requests]:
        """Connect, and make sure that a server answers."""
        tls = tls or Tls()
        if (tls.certificate is None) != (tls.key is None):
            raise ValueError("a client's certificate and its key come together: give both as tls=magister.Tls(...)")
        certificate = None if tls.certificate is None or tls.key is None else (_pem(tls.certificate), _pem(tls.key))
        settings = {
            "token": token,
            "ca_certificate": None if tls.ca is None else _pem(tls.ca),
            "client_certificate": certificate,
            "retry_for_s": float(retry_for_s),
            "call_timeout_s": float(call_timeout_s),
        }
        return Pending(_native.connect(address, settings), lambda native: cls(address, settings, native))

    @classmethod
    def lazily(cls, address: str, settings: dict[str, Any]) -> Requests:
        """Connect with the first call."""
        return cls(address, settings, _native.Client.lazy(address, settings))

    def curriculum(self, name: str, space: SpaceLike | None, settings: Mapping[str, Any]) -> Pending[str]:
        """Make or open a curriculum; without a space it must be there."""
        if space is None:
            given = sorted(key for key, value in settings.items() if value is not None)
            if given:
                raise ValueError(f"{', '.join(given)}: give the space too; a curriculum is opened by its name alone")
            return Pending(self.handle(name, "").describe(), lambda info: str(info["id"]))
        return_range = settings.get("return_range")
        test_set = settings.get("test_set")
        written = {
            "id": name,
            "dimensions": dimensions(space),
            "teacher": _teacher(settings.get("teacher") or "alp-gmm"),
            "seed": int(settings.get("seed") or 0),
            "display_name": settings.get("display_name") or "",
            "return_range": None
            if return_range is None
            else {"low": float(return_range[0]), "high": float(return_range[1])},
            "test_set": _test_set(test_set),
            **{
                key: settings.get(key)
                for key in ("mastery_threshold", "lease_s", "max_open_tasks", "max_staleness_episodes")
            },
        }
        return Pending(self.native.create_or_open(written), str)

    def handle(self, name: str, student: str, worker: str | None = None) -> _native.Curriculum:
        """The native half of a curriculum."""
        return _native.Curriculum(self.native, name, student, worker if worker is not None else default_worker())


class CurriculumRequests:
    """The calls of a curriculum, each under way."""

    def __init__(self, requests: Requests, name: str, student: str, worker: str | None) -> None:
        self.requests = requests
        self.name = name
        self.student = student
        self._worker = worker
        self._handles: dict[int, _native.Curriculum] = {}

    @property
    def worker(self) -> str:
        """Given, or this process's."""
        return default_worker() if self._worker is None else self._worker

    @property
    def native(self) -> _native.Curriculum:
        """The native half; a worker that was not named is this process."""
        process = os.getpid()
        handle = self._handles.get(process)
        if handle is None:
            handle = self.requests.handle(self.name, self.student, self._worker)
            self._handles = {process: handle}
        return handle

    def on_behalf_of(self, student: str | None, worker: str | None) -> CurriculumRequests:
        """The same for somebody else."""
        student = self.student if student is None else student
        return CurriculumRequests(self.requests, self.name, student, self._worker if worker is None else worker)

    def pickled(self) -> tuple[str, dict[str, Any], str, str, str | None]:
        """What another process makes the same of."""
        return self.requests.address, self.requests.settings, self.name, self.student, self._worker

    def named(self, name: str) -> CurriculumRequests:
        """The same of another curriculum."""
        return CurriculumRequests(self.requests, name, self.student, self._worker)

    def ask(self, count: int, request_id: str | None) -> Pending[list[Task]]:
        return Pending(self.native.ask(count, request_id), lambda tasks: [Task(*task) for task in tasks])

    def tell(self, outcomes: Iterable[Outcome]) -> Pending[list[Receipt]]:
        reports = [write_outcome(outcome) for outcome in outcomes]
        return Pending(self.native.tell(reports), lambda receipts: types.read_all(Receipt, receipts))

    def teach(self, window: int) -> Pending[_native.Stream]:
        return Pending(self.native.teach(window), lambda stream: stream)

    def info(self) -> Pending[CurriculumInfo]:
        return Pending(self.native.describe(), lambda info: types.read(CurriculumInfo, info))

    def sample_test_tasks(self, student_step: int) -> Pending[TestRound]:
        return Pending(self.native.sample_test_tasks(student_step), lambda opened: types.read(TestRound, opened))

    def report_evaluations(
        self, test_round: TestRound | int, returns: Sequence[float | TestResult]
    ) -> Pending[Evaluation]:
        number = test_round if isinstance(test_round, int) else test_round.evaluation.round
        results = []
        for index, one in enumerate(returns):
            result = one if isinstance(one, TestResult) else TestResult(index, float(one))
            results.append((result.index, result.episode_return, result.length, result.success))
        return Pending(
            self.native.report_evaluations(number, results),
            lambda evaluation: types.read(Evaluation, evaluation),
        )

    def evaluation(self, number: int) -> Pending[Evaluation]:
        return Pending(self.native.evaluation(number), lambda evaluation: types.read(Evaluation, evaluation))

    def mastery(self) -> Pending[Mastery]:
        return Pending(self.native.mastery(), lambda mastery: types.read(Mastery, mastery))

    def distribution(self, fit: int | None) -> Pending[Distribution]:
        return Pending(self.native.distribution(fit), lambda found: types.read(Distribution, found))

    def fits(self, after: int) -> Pending[list[Fit]]:
        return Pending(self.native.fits(after), lambda fits: types.read_all(Fit, fits))

    def episodes(
        self, from_episode: int | None, before_episode: int | None, student: str | None, limit: int
    ) -> Pending[list[Episode]]:
        found = self.native.episodes(from_episode, before_episode, student, limit)
        return Pending(found, lambda episodes: types.read_all(Episode, episodes))

    def episode_columns(
        self, from_episode: int | None, before_episode: int | None, student: str | None
    ) -> Pending[Columns]:
        return Pending(self.native.episode_columns(from_episode, before_episode, student), _columns)

    def fit_columns(self, after: int) -> Pending[Columns]:
        return Pending(self.native.fit_columns(after), _columns)

    def progress(self, max_buckets: int | None) -> Pending[Progress]:
        found = self.native.progress(max_buckets or 0)
        return Pending(found, lambda progress: types.read(Progress, progress))

    def points(
        self, from_episode: int | None, before_episode: int | None, max_points: int | None
    ) -> Pending[EpisodePoints]:
        found = self.native.points(from_episode, before_episode, max_points or 0)
        return Pending(found, _points)

    def density(self, axes: Sequence[str], fit: int | None, cells: int | None) -> Pending[Density]:
        return Pending(self.native.density(list(axes), fit, cells or 0), _density)

    def diagnose(self, stopped_after_s: float | None) -> Pending[Diagnosis]:
        return Pending(self.native.diagnose(stopped_after_s), lambda found: types.read(Diagnosis, found))

    def explain(self, task: Task | int) -> Pending[Explanation]:
        number = task if isinstance(task, int) else task.number
        return Pending(self.native.explain(number), lambda found: types.read(Explanation, found))

    def edit(self, changes: Mapping[str, Any]) -> Pending[CurriculumInfo]:
        changes = {key: value for key, value in changes.items() if value is not None}
        return Pending(self.native.edit(changes), lambda info: types.read(CurriculumInfo, info))

    def fork(self, name: str, position: int | None, seed: int | None) -> Pending[CurriculumInfo]:
        return Pending(self.native.fork(name, position, seed), lambda info: types.read(CurriculumInfo, info))

    def export_to(self, path: str | os.PathLike[str]) -> Pending[int]:
        return Pending(self.native.export_to(os.fspath(path)), int)


class StreamRequests:
    """What the streams share: opening late, telling."""

    def __init__(self, requests: CurriculumRequests, window: int) -> None:
        self.requests = requests
        self.window = window
        self.opened: _native.Stream | None = None
        self.closed = False

    def check_open(self) -> None:
        """Raise if it was closed."""
        if self.closed:
            raise StreamError("the stream was closed")

    @property
    def native(self) -> _native.Stream:
        """The native half of a stream that is open."""
        self.check_open()
        if self.opened is None:
            raise StreamError("nothing was asked for on this stream yet")
        return self.opened

    def tell(self, outcome: Outcome) -> _native.Receipt:
        """Send an outcome."""
        return self.native.tell(write_outcome(outcome))

    def stop_asking(self) -> None:
        """Ask for no further tasks."""
        if self.opened is not None and not self.closed:
            self.opened.stop_asking()

    def finish(self) -> _native.Call | None:
        """Begin to close it; None if there is nothing to wait for."""
        if self.closed:
            return None
        self.closed = True
        return None if self.opened is None else self.opened.finish()


def default_worker() -> str:
    """This process: its host and number."""
    return f"{socket.gethostname()}-{os.getpid()}"


def write_outcome(outcome: Outcome) -> tuple[Any, ...]:
    """An outcome as the native half takes it."""
    task = outcome.task
    key = task.name if isinstance(task, Task) else task if isinstance(task, str) else plain(task)
    if isinstance(outcome, Completed):
        end = "terminated" if outcome.terminated else "truncated" if outcome.truncated else None
        success = None if outcome.success is None else bool(outcome.success)
        length = None if outcome.length is None else int(outcome.length)
        step = None if outcome.student_step is None else int(outcome.student_step)
        return key, float(outcome.episode_return), length, end, success, step
    kind = "infeasible" if isinstance(outcome, Infeasible) else "abandoned"
    return key, (kind, outcome.message), None, None, None, None


def plain(value: Any) -> Any:  # noqa: ANN401 (numbers of any library)
    """The same with plain numbers, where a task came through numpy."""
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value


def _columns(written: Columns) -> Columns:
    return written


def _points(written: dict[str, Any]) -> EpisodePoints:
    return EpisodePoints(**{**written, "axes": types.read_all(Axis, written["axes"])})


def _density(written: Mapping[str, Any]) -> Density:
    borders = [np.array(axis["borders"], dtype=np.float64) for axis in written["axes"]]
    probabilities = np.array(written["probabilities"], dtype=np.float64)
    return Density(
        episodes=written["episodes"],
        axes=[types.read(Axis, axis["axis"]) for axis in written["axes"]],
        borders=borders,
        probabilities=probabilities.reshape([len(along) - 1 for along in borders]),
    )


def _teacher(teacher: str | Teacher) -> dict[str, Any]:
    if isinstance(teacher, str):
        known = {"alp-gmm": "alp_gmm", "covar-gmm": "covar_gmm", "riac": "riac", "currot": "currot", "random": "random"}
        if teacher not in known:
            names = ", ".join(map(repr, known))
            raise ValueError(
                f"teacher {teacher!r}: give one of {names}, or one with parameters as magister.AlpGmm(...)"
            )
        return {"algorithm": known[teacher]}
    algorithms = {
        AlpGmm: "alp_gmm",
        CovarGmm: "covar_gmm",
        Riac: "riac",
        Oracle: "oracle",
        Currot: "currot",
        Random: "random",
    }
    if type(teacher) not in algorithms:
        classes = ", ".join(f"magister.{known.__name__}" for known in algorithms)
        raise ValueError(f"teacher {teacher!r}: give a name, or one of {classes}")
    given = {key: plain(value) for key, value in vars(teacher).items() if value is not None}
    return {"algorithm": algorithms[type(teacher)], **given}


def _test_set(test_set: int | Sequence[Mapping[str, Any]] | None) -> dict[str, Any] | None:
    if test_set is None:
        return None
    if isinstance(test_set, int):
        return {"uniform_count": test_set}
    return {"tasks": [plain(task) for task in test_set]}


def _pem(source: str | Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, str) and "-----BEGIN" in source:
        return source.encode()
    return Path(source).read_bytes()
