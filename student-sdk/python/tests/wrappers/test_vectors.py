"""The wrapper in sub-environments of Gymnasium's vectors, and over vectors that have none."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from typing import Any

import gymnasium
import numpy as np
import pytest
from toys import Hill, MakeHill, played

import magister

MODES = getattr(gymnasium.vector, "AutoresetMode", None)
EVERY_MODE = [None] if MODES is None else list(MODES)
STEPS = 60


def modes(mode: Any) -> dict[str, Any]:
    return {} if mode is None else {"autoreset_mode": mode}


def run(envs: Any, mode: Any) -> None:
    """Play, resetting by hand where nobody else does."""
    envs.reset(seed=1)
    for _ in range(STEPS):
        _, _, terminated, truncated, _ = envs.step(np.zeros(envs.num_envs, dtype=np.int64))
        ended = terminated | truncated
        if mode is not None and mode == MODES.DISABLED and ended.any():
            envs.reset(options={"reset_mask": ended})


def assert_told_once(curriculum: magister.Curriculum, record: Any, steps: int) -> None:
    """What was played to its end is in the journal, once, with its return; nothing is left open."""
    episodes = [episode for episode in curriculum.episodes() if episode.state == "completed"]
    heights = Counter(line["height"] for line in played(record))
    assert Counter(episode.parameters["height"] for episode in episodes) == heights
    assert len(episodes) > 20
    for episode in episodes:
        assert episode.episode_return == pytest.approx(steps * episode.parameters["height"])
        assert episode.length == steps
        assert episode.success == (episode.parameters["height"] < 1)


@pytest.mark.parametrize("mode", EVERY_MODE)
def test_a_vector_in_one_process(curriculum, tmp_path, mode):
    record = tmp_path / "record"
    envs = gymnasium.vector.SyncVectorEnv([MakeHill(curriculum, 3, record)] * 3, **modes(mode))
    run(envs, mode)
    envs.close()
    assert_told_once(curriculum, record, 3)
    assert curriculum.info().open_tasks == 0


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize(("context", "shared_memory"), [("fork", True), ("spawn", False)])
def test_a_vector_of_processes(curriculum, tmp_path, mode, context, shared_memory):
    curriculum.ask()  # This process has a connection before it forks.
    record = tmp_path / "record"
    make = [MakeHill(curriculum, 3, record)] * 3
    envs = gymnasium.vector.AsyncVectorEnv(make, context=context, shared_memory=shared_memory, **modes(mode))
    run(envs, mode)
    envs.close()
    assert_told_once(curriculum, record, 3)
    assert curriculum.info().open_tasks == 1
    assert len({line["process"] for line in played(record)} - {os.getpid()}) == 3


def test_a_killed_worker_holds_nobody_up(client, tmp_path):
    curriculum = client.curriculum("short-leases", space={"height": (0.0, 2.0)}, lease_s=1)
    record = tmp_path / "record"
    envs = gymnasium.vector.AsyncVectorEnv([MakeHill(curriculum, 50, record)] * 2, context="fork")
    others = gymnasium.vector.SyncVectorEnv([MakeHill(curriculum, 3, record)])
    envs.reset()
    envs.step(np.zeros(2, dtype=np.int64))
    for process in envs.processes:
        os.kill(process.pid, signal.SIGKILL)
    others.reset()
    deadline = time.monotonic() + 60
    while any(episode.worker != others.envs[0].curriculum.worker for episode in curriculum.episodes()) or (
        curriculum.info().open_tasks > 1
    ):
        others.step(np.zeros(1, dtype=np.int64))
        assert time.monotonic() < deadline, "the killed workers' tasks have not expired"
    others.close()
    assert curriculum.info().open_tasks == 0
    envs.close(terminate=True)


class Hills(gymnasium.vector.VectorEnv):
    """Hills without sub-environments: what a vector environment of one's own looks like."""

    def __init__(self, num_envs: int, record: Any, mode: Any) -> None:
        self.hills = [Hill(3, record) for _ in range(num_envs)]
        self.next = [{"height": 0.0}] * num_envs
        self.ended = np.zeros(num_envs, dtype=bool)
        self.mode = "SAME_STEP" if mode is None else mode.name
        if mode is not None:
            self.metadata = {"autoreset_mode": mode}
        if MODES is None:
            super().__init__(num_envs, Hill.observation_space, Hill.action_space)
        self.num_envs = num_envs
        self.single_action_space = Hill.action_space
        self.single_observation_space = Hill.observation_space

    def set_task(self, index: int, params: dict[str, Any]) -> None:
        Hill().set_height(params)
        self.next[index] = params

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None):
        mask = (options or {}).get("reset_mask", np.ones(self.num_envs, dtype=bool))
        for index in np.flatnonzero(mask):
            self.begin(index)
        return self.observations(), {}

    def begin(self, index: int) -> None:
        self.hills[index].reset(options={"task": self.next[index]})
        self.ended[index] = False

    def observations(self) -> np.ndarray:
        return np.array([[hill.height] for hill in self.hills], np.float32)

    def step(self, actions):
        rewards = np.zeros(self.num_envs)
        terminated = np.zeros(self.num_envs, dtype=bool)
        success = np.zeros(self.num_envs, dtype=bool)
        for index, hill in enumerate(self.hills):
            if self.ended[index] and self.mode == "NEXT_STEP":
                self.begin(index)
                continue
            if self.ended[index]:
                continue
            _, rewards[index], terminated[index], _, info = hill.step(0)
            success[index] = info.get("is_success", False)
            self.ended[index] = terminated[index]
            if terminated[index] and self.mode == "SAME_STEP":
                self.begin(index)
        infos: dict[str, Any] = {"is_success": success, "_is_success": terminated.copy()}
        if self.mode == "SAME_STEP" and terminated.any():
            infos = {"final_info": infos, "_final_info": terminated.copy()}
        return self.observations(), rewards, terminated, np.zeros(self.num_envs, dtype=bool), infos

    def close_extras(self, **kwargs: Any) -> None:
        pass


@pytest.mark.parametrize("mode", EVERY_MODE)
def test_a_vector_without_environments(curriculum, tmp_path, mode):
    record = tmp_path / "record"
    envs = magister.CurriculumVectorWrapper(Hills(4, record, mode), curriculum)
    _, infos = envs.reset()
    assert len(set(infos["task_name"])) == 4
    run(envs, mode)
    most = 8 if mode is None or mode.name == "SAME_STEP" else 4
    assert curriculum.info().open_tasks <= most
    envs.close()
    assert_told_once(curriculum, record, 3)
    info = curriculum.info()
    assert info.open_tasks == 0
    infeasible = [episode for episode in curriculum.episodes() if episode.state == "infeasible"]
    assert infeasible
    assert all(episode.message == "too high" for episode in infeasible)
