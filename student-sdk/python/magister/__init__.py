"""Magister: an automatic-curriculum teacher for reinforcement learning.

A student asks for a task, plays one episode on the environment that the task parameterises, and tells the return; the
teacher offers the tasks from which the student learns most:

    import magister

    with magister.LocalTeacher() as teacher:
        curriculum = teacher.connect().curriculum("walker", space={"stump_height": (0.0, 3.0)})
        task = curriculum.ask()
        curriculum.tell(task, play(task.params))
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from magister._requests import Tls
from magister.client import DEFAULT_ADDRESS, Client, Curriculum, PendingReceipt, Stream, connect
from magister.errors import (
    ConnectError,
    CurriculumDiffersError,
    FieldViolation,
    GaveUpError,
    InfeasibleTaskError,
    MagisterError,
    OptionsError,
    RefusedError,
    StreamError,
)
from magister.policy import Policy
from magister.progress import Density, Diagnosis, EpisodePoints, Progress
from magister.spaces import Categorical, Continuous, Integer, LogScaled
from magister.types import (
    Abandoned,
    AlpGmm,
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
    Random,
    Receipt,
    Riac,
    Task,
    TestResult,
    TestRound,
    TestTask,
)

if TYPE_CHECKING:
    from magister import aio
    from magister.local import LocalTeacher
    from magister.wrappers import CurriculumVectorWrapper, CurriculumWrapper

__all__ = [
    "DEFAULT_ADDRESS",
    "Abandoned",
    "AlpGmm",
    "Categorical",
    "Client",
    "Completed",
    "ConnectError",
    "Continuous",
    "CovarGmm",
    "Curriculum",
    "CurriculumDiffersError",
    "CurriculumInfo",
    "CurriculumVectorWrapper",
    "CurriculumWrapper",
    "Currot",
    "Density",
    "Diagnosis",
    "Distribution",
    "Episode",
    "EpisodePoints",
    "Evaluation",
    "Explanation",
    "FieldViolation",
    "Fit",
    "GaveUpError",
    "Infeasible",
    "InfeasibleTaskError",
    "Integer",
    "LocalTeacher",
    "LogScaled",
    "MagisterError",
    "Mastery",
    "OptionsError",
    "Oracle",
    "PendingReceipt",
    "Policy",
    "Progress",
    "Random",
    "Receipt",
    "RefusedError",
    "Riac",
    "Stream",
    "StreamError",
    "Task",
    "TestResult",
    "TestRound",
    "TestTask",
    "Tls",
    "aio",
    "connect",
]

# What needs more than numpy, or is seldom used, is imported when it is named.
_LATER = {
    "CurriculumVectorWrapper": "magister.wrappers",
    "CurriculumWrapper": "magister.wrappers",
    "LocalTeacher": "magister.local",
    "aio": "magister.aio",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (it may be anything)
    if name not in _LATER:
        raise AttributeError(f"module 'magister' has no attribute {name!r}")
    module = importlib.import_module(_LATER[name])
    return module if _LATER[name] == f"magister.{name}" else getattr(module, name)


if "gymnasium.envs.registration" in sys.modules:
    # Whoever imported Gymnasium may ask it for the bundled environments. Since 1.0 it does not look for them itself.
    importlib.import_module("magister.registration").register_environments()
