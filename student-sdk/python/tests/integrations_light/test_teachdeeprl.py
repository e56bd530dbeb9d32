"""Dumps in the layouts of teachDeepRL and TeachMyAgent become curricula."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import types

import numpy as np
import pytest

import magister
from magister.integrations.teachdeeprl import DumpError, import_dump, read_dump

STUMPS = [("stump_height", [0, 3.0]), ("obstacle_spacing", [0, 6.0])]


def dump(bounds, width, episodes=600, **others):
    """What `TeacherController.dump` writes after so many episodes, under ALP-GMM."""
    generator = np.random.default_rng(1)
    tasks = [generator.uniform(0, 3, width).astype(np.float32) for _ in range(episodes)]
    return {
        "env_params_train": tasks,
        "env_train_rewards": [float(100 * task[0]) for task in tasks],
        "env_train_len": list(range(1, episodes + 1)),
        "env_params_test": [np.zeros(width, np.float32)],
        "env_test_rewards": [np.float64(3.0)],
        "env_test_len": [2000],
        "env_param_bounds": bounds,
        "weights": [np.ones(2) / 2],
        "means": [np.zeros((2, width + 1))],
        "tasks_alps": [np.array([*task.tolist(), 0.5]) for task in tasks],
        **others,
    }


@pytest.fixture
def write(tmp_path):
    def write(value, name="dump.pkl"):
        path = tmp_path / name
        path.write_bytes(pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL))
        return path

    return write


def test_a_run_on_stump_tracks_becomes_a_curriculum(client, write):
    written = dump(STUMPS, 2)
    written["env_params_train"].append(np.ones(2, np.float32))  # Drawn, and not played to its end.
    read = read_dump(write(written))
    assert read.space == {"stump_height": (0.0, 3.0), "obstacle_spacing": (0.0, 6.0)}
    curriculum = client.curriculum("stumps", read.space, return_range=(-150, 350))
    assert import_dump(curriculum, read) == 600
    episodes = curriculum.episodes()
    assert [episode.episode_return for episode in episodes] == written["env_train_rewards"]
    assert [episode.length for episode in episodes] == written["env_train_len"]
    tasks = [list(episode.parameters.values()) for episode in episodes]
    assert np.allclose(sorted(map(sorted, tasks)), sorted(map(sorted, written["env_params_train"][:-1])))
    assert curriculum.distribution().kind == "mixture"
    with pytest.raises(DumpError, match="has 600 episodes already"):
        import_dump(curriculum, read)
    assert curriculum.info().episodes == 600


def test_vectors_of_either_kind(client, write):
    bounds = [("hexagon", [0, 4.0, 3]), ("slope", [[-1.0, 4.0], [0.0, 5.0]])]
    read = read_dump(write(dump(bounds, 5, episodes=20, periodical_samples=[], periodical_infos=[])))
    curriculum = client.curriculum("vectors", read.space)
    assert import_dump(curriculum, read) == 20
    assert read.space["hexagon"] == magister.Continuous(0.0, 4.0, size=3)
    assert read.space["slope_1"] == (0.0, 5.0)
    assert len(curriculum.episodes()[0].parameters["hexagon"]) == 3


def test_a_bound_missed_by_a_rounding(write):
    written = dump([("height", [0.1, 0.7])], 1, episodes=1)
    written["env_params_train"] = [np.array([0.7], np.float32)]
    assert float(written["env_params_train"][0][0]) != 0.7
    assert read_dump(write(written)).episodes[0].task == {"height": pytest.approx(0.7, abs=1e-7)}
    assert read_dump(write(written)).episodes[0].task["height"] <= 0.7


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/evil",)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"env_params_train": []}, "no env_train_rewards, env_param_bounds"),
        ([1, 2], "no env_params_train"),
        (dump(STUMPS, 3, episodes=2), "episode 1 has 3 numbers, and the space 2"),
        (dump(STUMPS, 2, episodes=2, env_train_rewards=[1.0] * 5), "2 tasks and 5 returns"),
        (dump(STUMPS, 2, episodes=2, env_train_rewards=["a", "b"]), "could not convert"),
        (dump([("height", [])], 1, episodes=2), "out of"),
        (dump(STUMPS, 2, episodes=2, env_train_rewards=[1.0, float("nan")]), "return of episode 2 is nan"),
        (dump([("height", [0, 3]), ("gap", [4, 5])], 2, episodes=2), "gap of episode 1 is .*, outside its range 4.0"),
        (dump([("height", [0, 3]), ("gap", [0, 0.001, 2])], 3, episodes=2), r"gap\[0\] of episode 1 is"),
        ({**dump(STUMPS, 2, episodes=2), "evil": Evil()}, "posix.system, which is no plain data"),
    ],
)
def test_other_files_are_refused(write, value, message):
    with pytest.raises(DumpError, match=message):
        read_dump(write(value))


def test_the_boxes_of_riac_are_left_out(write, monkeypatch):
    class Box:
        def __init__(self, low, high):
            self.low, self.high, self.generator = low, high, np.random.RandomState(1)

    Box.__module__, Box.__qualname__ = "gym.spaces.box", "Box"
    for name in ("gym", "gym.spaces", "gym.spaces.box"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["gym.spaces.box"].Box = Box
    path = write(dump(STUMPS, 2, episodes=5, all_boxes=[[Box(np.zeros(2), np.ones(2))]], all_alps=[[0.0]]))
    monkeypatch.undo()
    assert len(read_dump(path).episodes) == 5


def test_what_is_no_pickle(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("nothing of the kind")
    with pytest.raises(DumpError, match=r"notes.txt is no pickle"):
        read_dump(path)
    with pytest.raises(FileNotFoundError):
        read_dump(tmp_path / "missing")


def test_the_command(server, write, tmp_path):
    command = [sys.executable, "-m", "magister.integrations.teachdeeprl", "--server", server.address]
    run = lambda *arguments: subprocess.run([*command, *arguments], capture_output=True, text=True)
    done = run(str(write(dump(STUMPS, 2))), "--name", "taken-over", "--seed", "4")
    assert "600 episodes" in done.stdout, done.stderr
    assert server.connect().curriculum("taken-over").info().episodes == 600
    assert server.connect().curriculum("taken-over").info().return_range == {"low": -150.0, "high": 350.0}
    scaled = run(str(tmp_path / "dump.pkl"), "--name", "scaled", "--return-range", "-20", "300")
    assert scaled.returncode == 0, scaled.stderr
    assert server.connect().curriculum("scaled").info().return_range == {"low": -20.0, "high": 300.0}
    unscaled = run(str(tmp_path / "dump.pkl"), "--name", "unscaled", "--unscaled")
    assert unscaled.returncode == 0, unscaled.stderr
    assert server.connect().curriculum("unscaled").info().return_range is None
    again = run(str(tmp_path / "dump.pkl"), "--name", "taken-over", "--seed", "4")
    assert again.returncode == 1
    assert "has 600 episodes already" in again.stderr
    missing = run(str(tmp_path / "missing.pkl"), "--name", "other")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "missing.pkl" in missing.stderr
