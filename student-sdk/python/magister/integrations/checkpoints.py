"""The curriculum's part of a learner's checkpoint: where it stood, and how to go on from there.

A learner that goes back to its checkpoint forgets what it learned since. The curriculum must go back with it, or the
teacher compares the returns of the younger learner with those of the older one and takes the loss for progress.
There are two ways:

- **Fork** (`CurriculumCheckpoint.resume`): a copy of the curriculum as it was at the checkpoint goes on under a new
  name, and the old one stays as it is to look at. This is for learners that cannot repeat their calls: nearly all,
  since several workers never ask in the same order twice.
- **Replay**: a learner that is deterministic from its checkpoint on names every ask of its own,
  `curriculum.ask(request_id=f"{run}-{n}")`. Played again, the same ids bring the same tasks, what is told again is a
  duplicate, and nothing counts twice; it needs no fork and nothing of this module.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from magister.client import Client, Curriculum
from magister.errors import MagisterError, RefusedError

_LONGEST_NAME = 63


class CheckpointError(MagisterError):
    """A checkpoint cannot be read, or is not of the curriculum that the server has under this name."""


@dataclass(frozen=True)
class CurriculumCheckpoint:
    """Where a curriculum stood; made by `capture`, kept with the learner's weights.

    Attributes:
        name: The curriculum's name.
        create_time: When it was made, RFC 3339: tells it from another one that has got its name since.
        position: Number of the last event in its journal.
        episodes: Accepted episodes up to then.
        algorithm_version: Of the server: another one may sample other tasks after the same calls.
        student: On whose behalf the learner plays.
        student_step: Environment steps that it had taken.
    """

    name: str
    create_time: str | None
    position: int
    episodes: int
    algorithm_version: int
    student: str = ""
    student_step: int | None = None

    @classmethod
    def capture(cls, curriculum: Curriculum, student_step: int | None = None) -> CurriculumCheckpoint:
        """Note where a curriculum stands now.

        Capture when the learner has been told of every outcome that it has learned from, and with streams once
        their receipts have come: an outcome on its way is not in the position. Tasks that are open then are open in
        a fork, too, and run out there if nobody plays them.

        Args:
            curriculum: The one that the learner trains on.
            student_step: Environment steps that the learner has taken in total.
        """
        info = curriculum.info()
        return cls(
            name=info.id,
            create_time=info.create_time,
            position=info.position,
            episodes=info.episodes,
            algorithm_version=info.algorithm_version,
            student=curriculum.student,
            student_step=student_step,
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as JSON: all of it is there or nothing, and what was there before stays until then."""
        path = Path(path)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        with unfinished.open("w", encoding="utf-8") as file:
            json.dump(dataclasses.asdict(self), file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> CurriculumCheckpoint:
        """Read what `save` wrote; fields of later releases are passed over.

        Raises:
            CheckpointError: If the file is none.
            OSError: If it cannot be read.
        """
        text = Path(path).read_text(encoding="utf-8")
        try:
            written: dict[str, Any] = json.loads(text)
            known = {field.name for field in dataclasses.fields(cls)}
            checkpoint = cls(**{key: value for key, value in written.items() if key in known})
        except (ValueError, TypeError, AttributeError) as problem:
            raise CheckpointError(f"{os.fspath(path)} is no checkpoint of a curriculum: {problem}") from problem
        if not isinstance(checkpoint.name, str) or not isinstance(checkpoint.position, int):
            raise CheckpointError(f"{os.fspath(path)} is no checkpoint of a curriculum: no name or no position")
        return checkpoint

    def resume(self, client: Client, fork_name: str | None = None) -> Curriculum:
        """The curriculum as it was, to go on with.

        If nothing has happened since the checkpoint it is the curriculum itself; otherwise a fork at the checkpoint's
        position. Either is on behalf of the checkpoint's student.

        Args:
            client: Of a server that has the curriculum (or one into which it was imported under the same name).
            fork_name: Name of the fork; None: the curriculum's with the position, and a number if that is taken.

        Raises:
            CheckpointError: If the curriculum of this name was made at another time, or has less history than the
                checkpoint: the server's data are others than those that the checkpoint was made with.
            RefusedError: If there is no such curriculum, or one of the fork's name already.
        """
        curriculum = client.curriculum(self.name).on_behalf_of(student=self.student)
        info = curriculum.info()
        if info.create_time != self.create_time:
            raise CheckpointError(
                f"curriculum {self.name!r} was made at {info.create_time} and the checkpoint's at {self.create_time}: "
                "it is another one of the same name; import the one that was trained on, or begin anew"
            )
        if info.position < self.position:
            raise CheckpointError(
                f"curriculum {self.name!r} is at position {info.position} and the checkpoint at {self.position}: the "
                "server's data are older than the checkpoint; give it the later data, or take an earlier checkpoint"
            )
        if info.algorithm_version != self.algorithm_version:
            warnings.warn(
                f"the server's algorithm version is {info.algorithm_version}, not {self.algorithm_version} as before: "
                "the curriculum goes on, with other tasks than it would have given before",
                stacklevel=2,
            )
        if info.position == self.position:
            return curriculum
        if fork_name is not None:
            return curriculum.fork(fork_name, position=self.position)
        return self._fork_under_free_name(curriculum)

    def _fork_under_free_name(self, curriculum: Curriculum) -> Curriculum:
        for attempt in itertools.count(1):
            ending = f"-at-{self.position}" if attempt == 1 else f"-at-{self.position}-{attempt}"
            try:
                return curriculum.fork(self.name[: _LONGEST_NAME - len(ending)] + ending, position=self.position)
            except RefusedError as refused:
                if refused.reason != "CURRICULUM_EXISTS":
                    raise
        raise AssertionError("counting has no end")
