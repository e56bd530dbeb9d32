"""What a curriculum does, over time, where people look: TensorBoard and CSV.

    with CurriculumLogger(curriculum, TensorBoardWriter("runs/ppo-1"), CsvWriter("curriculum.csv"), every_s=10):
        train()

Training never waits for it nor fails by it: while the server is away there is a gap in the curves, and one warning.
"""

from __future__ import annotations

import atexit
import csv
import logging
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from magister.client import Curriculum
from magister.integrations._impatient import impatient

_CLOSING_S = 10.0
_log = logging.getLogger("magister")


@dataclass(frozen=True)
class Measurements:
    """A curriculum at one moment.

    Attributes:
        episodes: Accepted episodes.
        open_tasks: Tasks that are being played.
        fits: Fits finished.
        components: Gaussians that tasks are drawn from; 0 while they are drawn uniformly.
        mean_alp: Mean learning progress over the components or regions, as `Distribution.mean_alp`; None without any.
        exploration_probability: Probability that the next task is drawn uniformly.
        mastered_share: Share of the test set that the student masters; None before the first evaluation.
        forgotten_share: Share that it mastered once and does not now; None likewise.
    """

    episodes: int
    open_tasks: int
    fits: int
    components: int
    mean_alp: float | None
    exploration_probability: float
    mastered_share: float | None
    forgotten_share: float | None

    @classmethod
    def of(cls, curriculum: Curriculum) -> Measurements:
        """Ask the server. Mastery is that of the curriculum's student."""
        info = curriculum.info()
        distribution = curriculum.distribution()
        has_mastery = info.test_set is not None and info.mastery_threshold is not None
        mastery = curriculum.mastery() if has_mastery else None
        evaluated = mastery is not None and mastery.evaluations > 0
        return cls(
            episodes=info.episodes,
            open_tasks=info.open_tasks,
            fits=info.fits,
            components=len(distribution.components),
            mean_alp=distribution.mean_alp if distribution.components or distribution.regions else None,
            exploration_probability=distribution.exploration_probability,
            mastered_share=mastery.mastered_share if mastery is not None and evaluated else None,
            forgotten_share=mastery.forgotten_share if mastery is not None and evaluated else None,
        )


class Writer(Protocol):
    """Where measurements go."""

    def write(self, step: int, measurements: Measurements) -> None:
        """Keep the measurements made at a step."""

    def close(self) -> None:
        """Finish what was opened here."""


class ScalarWriter(Protocol):
    """What the writers of TensorBoard, PyTorch and tensorboardX have in common."""

    def add_scalar(self, tag: str, value: float, step: int, /) -> object:
        """Add a point to a curve."""


class CsvWriter:
    """One line for each step, with a header; what is not known is empty. A file that is there is continued.

    Args:
        path: The file. Its folder is made if it is not there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", newline="", encoding="utf-8")
        self._lines = csv.writer(self._file)
        if self._file.tell() == 0:
            self._lines.writerow(["unix_seconds", "step", *Measurements.__dataclass_fields__])
            self._file.flush()

    def write(self, step: int, measurements: Measurements) -> None:
        """Add a line."""
        values = ["" if value is None else value for value in vars(measurements).values()]
        self._lines.writerow([round(time.time(), 3), step, *values])
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class TensorBoardWriter:
    """Curves `curriculum/episodes`, `curriculum/mean_alp` and so on; what is not known has no point.

    Args:
        writer: A `SummaryWriter` of the caller's (PyTorch's, tensorboardX's), who closes it; or the folder to write
            into, which needs the package tensorboard.
        prefix: What the curves' names begin with.
    """

    def __init__(self, writer: ScalarWriter | str | os.PathLike[str], prefix: str = "curriculum/") -> None:
        self._prefix = prefix
        self._own: Any = _event_writer(os.fspath(writer)) if isinstance(writer, (str, os.PathLike)) else None
        self._writer: Any = writer if self._own is None else self._own

    def write(self, step: int, measurements: Measurements) -> None:
        """Add a point to every curve."""
        for name, value in vars(measurements).items():
            if value is not None:
                self._writer.add_scalar(self._prefix + name, float(value), step)
        if self._own is not None:
            self._own.flush()

    def close(self) -> None:
        """Close the writer, if it was made here."""
        if self._own is not None:
            self._own.close()


class CurriculumLogger:
    """Writes a curriculum's measurements: by itself every so often, or whenever `log` is called.

    Used as a context manager, or after `start`, it polls on a thread of its own, and the curves run over the
    curriculum's episodes. Curves over the learner's steps come from calling `log(step)` in the training loop
    instead. Closing writes once more if it polled. It closes by itself when the process ends.

    Args:
        curriculum: The one to follow; mastery is that of its student.
        writers: Where to write.
        every_s: Seconds between two polls.
    """

    def __init__(self, curriculum: Curriculum, *writers: Writer, every_s: float = 10.0) -> None:
        if not every_s > 0:
            raise ValueError(f"every_s must be a number of seconds above 0: {every_s}")
        self._curriculum = impatient(curriculum)
        self._writers = writers
        self._every_s = every_s
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._has_warned = False
        self._is_closed = False
        self._process = os.getpid()

    def log(self, step: int | None = None) -> Measurements | None:
        """Measure and write now. That takes milliseconds, or up to 5 s where a server neither answers nor refuses.

        Args:
            step: Of the learner, for the curves; None: the curriculum's episodes.

        Returns:
            What was written, or None if the server did not answer.
        """
        with self._lock:
            if self._is_closed:
                return None
            try:
                measurements = Measurements.of(self._curriculum)
                for writer in self._writers:
                    writer.write(measurements.episodes if step is None else step, measurements)
            except Exception as failure:
                self._warn(failure)
                return None
            self._has_warned = False
            return measurements

    def start(self) -> CurriculumLogger:
        """Begin to poll."""
        if self._thread is None and not self._is_closed:
            self._thread = threading.Thread(target=self._poll, name="curriculum-logger", daemon=True)
            self._thread.start()
            # A thread that is still in a call when the interpreter is taken down would be taken down in it.
            atexit.register(self.close)
        return self

    def close(self) -> None:
        """Stop polling, write once more, and close the writers. Closing again does nothing."""
        if self._is_closed or os.getpid() != self._process:
            return
        if self._thread is not None:
            atexit.unregister(self.close)
            self._stop.set()
            self._thread.join(_CLOSING_S)
            if not self._thread.is_alive():
                self.log()
        self._is_closed = True
        for writer in self._writers:
            try:
                writer.close()
            except Exception as failure:
                self._warn(failure)

    def __enter__(self) -> CurriculumLogger:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _poll(self) -> None:
        while True:
            self.log()
            if self._stop.wait(self._every_s):
                return

    def _warn(self, failure: Exception) -> None:
        """Once for each time that it begins to fail."""
        if not self._has_warned:
            self._has_warned = True
            _log.warning("the curriculum's curves have a gap: %s", failure)


def _event_writer(folder: str) -> Any:  # noqa: ANN401 (tensorboard has no types)
    try:
        from tensorboard.summary import Writer
    except ImportError:
        raise ImportError(
            "to write curves into a folder, `pip install tensorboard`; or give a SummaryWriter that you have made"
        ) from None
    return Writer(folder)
