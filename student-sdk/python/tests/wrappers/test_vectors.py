"""The wrapper in sub-environments of Gymnasium's vectors, and over vectors that have none."""

from __future__ import annotations

import os
import pickle
import signal
import time
from collections import Counter
from typing import Any

import gymnasium
import numpy as np
import pytest
from toys import Hill, MakeHill, in_a_fork, played

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
@pytest.mark.parametrize("shared_memory", [True, False])
@pytest.mark.parametrize("context", ["fork", "spawn"])
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
        options = options or {}
        mask = options.get("reset_mask", np.ones(self.num_envs, dtype=bool))
        if "task" in options:
            self.next = [options["task"]] * self.num_envs
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
        infos: dict[str, Any] = {}
        for index in np.flatnonzero(terminated):
            info = {"is_success": bool(success[index])}
            infos = self._add_info(infos, {"final_info": info} if self.mode == "SAME_STEP" else info, index)
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


def wrapped_hills(curriculum: magister.Curriculum, record: Any = None, mode: Any = EVERY_MODE[0]) -> Any:
    return magister.CurriculumVectorWrapper(Hills(2, record, mode), curriculum)


@pytest.fixture
def low(client: magister.Client) -> magister.Curriculum:
    """Without infeasible tasks."""
    return client.curriculum("low", space={"height": (0.0, 2.0)})


def shape_of(infos: Any) -> Any:
    """What of the infos does not depend on the task."""
    if isinstance(infos, dict):
        known = {key: value for key, value in infos.items() if not key.lstrip("_").startswith(("final_obs", "is_succ"))}
        return {key: shape_of(value) for key, value in known.items()}
    if not isinstance(infos, np.ndarray):
        return type(infos)
    return infos.tolist() if infos.dtype == bool else (infos.dtype, [shape_of(one) for one in infos])


@pytest.mark.parametrize("mode", EVERY_MODE)
def test_infos_are_those_of_wrapped_sub_environments(low, tmp_path, mode):
    ours = wrapped_hills(low, mode=mode)
    theirs = gymnasium.vector.SyncVectorEnv([MakeHill(low, 3, tmp_path / "record")] * 2, **modes(mode))
    for step in range(9):
        if step % 4 == 0:
            infos = [envs.reset()[1] for envs in (ours, theirs)]
        else:
            infos = [envs.step(np.zeros(2, dtype=np.int64))[-1] for envs in (ours, theirs)]
        assert shape_of(infos[0]) == shape_of(infos[1]), f"in step {step}"
    ours.close()
    theirs.close()


@pytest.mark.parametrize("mode", EVERY_MODE)
def test_infos_name_the_tasks_that_are_told(low, mode):
    envs = wrapped_hills(low, mode=mode)
    envs.reset()
    for _ in range(3):
        infos = envs.step(np.zeros(2))[-1]
    final = infos.get("final_info", infos)
    named = (
        {(info["task_name"], info["task"]["height"]) for info in final}
        if isinstance(final, np.ndarray)
        else set(zip(final["task_name"], heights_of(final["task"]), strict=True))
    )
    envs.close()
    assert named == {(episode.task, episode.parameters["height"]) for episode in low.episodes()}
    assert len(named) == 2


def heights_of(tasks: Any) -> list[float]:
    return tasks["height"].tolist() if isinstance(tasks, dict) else [task["height"] for task in tasks]


@pytest.mark.parametrize("mode", EVERY_MODE)
def test_a_task_of_the_callers_is_none_of_the_teachers(low, tmp_path, mode):
    envs = wrapped_hills(low, tmp_path / "record", mode)
    envs.reset()
    _, infos = envs.reset(options={"task": {"height": 1.25}})
    assert "task_name" not in infos
    for _ in range(3):
        *_, terminated, _, _ = envs.step(np.zeros(2))
    assert terminated.all()
    if mode is not None and mode == MODES.DISABLED:
        envs.reset()
    for _ in range(4):
        envs.step(np.zeros(2))
    envs.close()
    heights = [line["height"] for line in played(tmp_path / "record")]
    assert heights[:2] == [1.25, 1.25]
    told = {episode.parameters["height"]: episode.episode_return for episode in low.episodes()}
    assert told == pytest.approx({height: 3 * height for height in heights[2:]})
    assert len(told) == 2
    assert low.info().open_tasks == 0


@pytest.mark.parametrize("mode", EVERY_MODE)
def test_a_fork_asks_for_tasks_of_its_own(low, tmp_path, mode):
    envs = wrapped_hills(low, tmp_path / "record", mode)
    envs.reset()
    envs.step(np.zeros(2))

    def in_the_child() -> None:
        with pytest.raises(magister.MagisterError, match="reset it first"):
            envs.step(np.zeros(2))
        run(envs, mode)
        envs.close()

    in_a_fork(in_the_child)
    for _ in range(2):
        envs.step(np.zeros(2))
    envs.close()
    assert_told_once(low, tmp_path / "record", 3)
    assert low.info().open_tasks == 0


def test_it_can_be_pickled_in_mid_episode(low, tmp_path):
    envs = wrapped_hills(low, tmp_path / "record")
    envs.reset()
    envs.step(np.zeros(2))
    copy = pickle.loads(pickle.dumps(envs))
    run(copy, EVERY_MODE[0])
    copy.close()
    for _ in range(2):
        envs.step(np.zeros(2))
    envs.close()
    assert_told_once(low, tmp_path / "record", 3)
    assert low.info().open_tasks == 0


@pytest.mark.parametrize("mode", EVERY_MODE)
def test_a_reset_that_fails_abandons_its_tasks(low, monkeypatch, mode):
    envs = wrapped_hills(low, mode=mode)

    def fail(**_: Any) -> None:
        raise RuntimeError("the simulator is gone")

    with monkeypatch.context() as broken:
        broken.setattr(envs.unwrapped, "reset", fail)
        with pytest.raises(RuntimeError, match="simulator"):
            envs.reset()
    _, infos = envs.reset()
    assert infos["task_name"].tolist() != ["curricula/low/tasks/1", "curricula/low/tasks/2"]
    for _ in range(3):
        envs.step(np.zeros(2))
    envs.close()
    info = low.info()
    assert (info.episodes, info.open_tasks) == (2, 0)


@pytest.mark.parametrize("mode", EVERY_MODE)
def test_the_last_step_does_not_wait_for_the_next_task(server, low, tmp_path, mode):
    envs = wrapped_hills(server.connect(retry_for_s=1.0).curriculum("low"), tmp_path / "record", mode)
    envs.reset()
    envs.step(np.zeros(2))
    envs.step(np.zeros(2))
    low.pause()
    *_, terminated, _, _ = envs.step(np.zeros(2))
    assert terminated.all()
    with pytest.raises(magister.GaveUpError):
        envs.reset() if mode is not None and mode == MODES.DISABLED else envs.step(np.zeros(2))
    low.resume()
    run(envs, mode)
    envs.close()
    assert_told_once(low, tmp_path / "record", 3)
    info = low.info()
    assert info.open_tasks == 0


def test_wrapped_sub_environments_live_through_a_restart(server, low, tmp_path):
    record = tmp_path / "record"
    envs = gymnasium.vector.AsyncVectorEnv([MakeHill(low, 3, record)] * 3, context="fork")
    envs.reset(seed=1)
    for step in range(STEPS):
        if step in (20, 41):
            server.kill()
            server.start()
        envs.step(np.zeros(3, dtype=np.int64))
    envs.close()
    assert_told_once(low, record, 3)
    assert low.info().open_tasks == 0


@pytest.mark.parametrize("mode", EVERY_MODE)
def test_a_vector_lives_through_a_restart(server, low, tmp_path, mode):
    envs = wrapped_hills(low, tmp_path / "record", mode)
    run(envs, mode)
    server.kill()
    server.start()
    run(envs, mode)
    envs.close()
    assert_told_once(low, tmp_path / "record", 3)
    assert low.info().open_tasks == 0
