"""Environments that write down what was played on them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

import magister


class Hill(gymnasium.Env):
    """Ends after `steps` steps of reward `height`; heights above 2.5 cannot be built."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, steps: int = 3, record: Path | None = None) -> None:
        self.steps = steps
        self.record = record
        self.height = 0.0
        self.step_number = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed)
        if options and "task" in options:
            self.set_height(options["task"])
        self.step_number = 0
        return np.array([self.height], np.float32), {}

    def set_height(self, params: dict[str, Any]) -> None:
        if params["height"] > 2.5:
            raise magister.InfeasibleTaskError("too high")
        self.height = params["height"]

    def step(self, action):
        self.step_number += 1
        terminated = self.step_number == self.steps
        info = {"is_success": self.height < 1} if terminated else {}
        if terminated and self.record is not None:
            line = json.dumps({"height": self.height, "process": os.getpid()}) + "\n"
            descriptor = os.open(self.record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(descriptor, line.encode())
            os.close(descriptor)
        return np.array([self.height], np.float32), self.height, terminated, False, info


class SetHill(Hill):
    """The same with `set_task`."""

    def set_task(self, params: dict[str, Any]) -> None:
        self.set_height(params)


class MakeHill:
    """Makes a wrapped hill in whichever process it is called."""

    def __init__(self, curriculum: magister.Curriculum, steps: int, record: Path) -> None:
        self.curriculum, self.steps, self.record = curriculum, steps, record

    def __call__(self) -> gymnasium.Env:
        return magister.CurriculumWrapper(Hill(self.steps, self.record), self.curriculum)


def played(record: Path) -> list[dict[str, Any]]:
    """What was played to its end."""
    return [json.loads(line) for line in record.read_text().splitlines()]


def in_a_fork(act: Callable[[], None]) -> None:
    """Do something in a child process and let its failure be one of the test."""
    child = os.fork()
    if child == 0:
        try:
            act()
        except BaseException as failure:
            print(f"in the child: {failure!r}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
