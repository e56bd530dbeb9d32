"""One bundled walker, as Gymnasium sees it."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import magister
import magister.envs

ID = "magister/BipedalWalkerTracks-v0"


@pytest.mark.parametrize("walker", magister.envs.WALKERS)
@pytest.mark.parametrize("track", magister.envs.TRACKS)
def test_gymnasium_finds_nothing_wrong(walker, track):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make(ID, walker=walker, track=track, render_mode="rgb_array")
        check_env(env.unwrapped)
        check_env(env.unwrapped, skip_render_check=True)
    assert env.spec.max_episode_steps is None


@pytest.mark.parametrize("imports", ["import gymnasium, magister", "import magister.envs, gymnasium"])
def test_make_finds_it_after_an_import(imports):
    program = f"{imports}; print(gymnasium.make({ID!r}).reset(seed=1)[0].shape)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True)
    assert done.stdout == "(24,)\n", done.stderr


def test_tasks_come_by_options_and_by_set_task():
    env = gymnasium.make(ID, track="stump")
    _, info = env.reset(seed=1)
    assert info["task"] == {"stump_height": 1.5, "obstacle_spacing": 3.0}
    task = {"stump_height": 0.5, "obstacle_spacing": 2.0}
    by_options, info = env.reset(seed=1, options={"task": task})
    assert info["task"] == task
    _, info = env.reset()
    assert info["task"] == task
    other = gymnasium.make(ID, track="stump")
    other.unwrapped.set_task(task)
    by_set_task, _ = other.reset(seed=1)
    assert np.array_equal(by_options, by_set_task)


def test_vectors_may_be_lists_or_single_numbers():
    env = magister.envs.BipedalWalkerTracks(track="hexagon", walker="quadrupedal")
    assert env.task_space == {"hexagon": magister.Continuous(0.0, 4.0, size=12)}
    numbers = [0.5 * index % 4 for index in range(12)]
    first, _ = env.reset(seed=3, options={"task": {"hexagon": numbers}})
    assert first.shape == (34,)
    single = {f"hexagon[{index}]": number for index, number in enumerate(numbers)}
    second, _ = env.reset(seed=3, options={"task": single})
    assert np.array_equal(first, second)


def test_the_space_of_a_track_is_one_for_a_curriculum(client):
    for track in ("stump", "hexagon"):
        env = magister.CurriculumWrapper(
            gymnasium.make(ID, track=track), client.curriculum(track, space=magister.envs.task_space(track))
        )
        observation, info = env.reset(seed=1)
        assert observation.shape == (24,)
        assert info["task"] == env.unwrapped.task
        env.close()


def test_episodes_end_by_a_fall_or_by_the_limit():
    env = gymnasium.make(ID, track="flat", step_limit=7)
    env.reset(seed=1)
    flags = [env.step(np.zeros(4, np.float32))[2:4] for _ in range(7)]
    assert flags == [(False, False)] * 6 + [(False, True)]
    with pytest.raises(ValueError, match="the episode is over"):
        env.unwrapped.step(np.zeros(4, np.float32))
    env = gymnasium.make(ID, track="flat")
    env.reset(seed=1)
    falling = np.array([1, -1, 1, -1], np.float32)
    while True:
        _, reward, terminated, _, _ = env.step(falling)
        if terminated:
            break
    assert reward == -100


def test_seeds_decide_everything():
    def walk(seed):
        env = magister.envs.BipedalWalkerTracks(track="hardcore")
        seen = [env.reset(seed=seed)[0]]
        seen += [env.step(np.full(4, 0.3, np.float32))[0] for _ in range(20)]
        return np.array([*seen, env.reset()[0]])

    assert np.array_equal(walk(1), walk(1))
    assert not np.array_equal(walk(1), walk(2))


def test_tasks_in_infos_are_plain_and_nobody_elses():
    env = magister.envs.BipedalWalkerTracks(track="hexagon")
    heights = [1] * 12
    _, info = env.reset(seed=1, options={"task": {"hexagon": heights, "roughness": np.float32(0.5)}})
    assert info["task"] == {"hexagon": [1.0] * 12, "roughness": 0.5}
    assert {type(number) for number in [*info["task"]["hexagon"], info["task"]["roughness"]]} == {float}
    heights[0] = 3
    info["task"]["hexagon"][1] = 3.0
    env.task["hexagon"][2] = 3.0
    assert env.reset()[1]["task"]["hexagon"] == [1.0] * 12
    by_array, info = env.reset(seed=1, options={"task": {"hexagon": np.ones(12, np.float32)}})
    assert type(info["task"]["hexagon"]) is list
    assert np.array_equal(by_array, env.reset(seed=1, options={"task": {"hexagon": [1.0] * 12}})[0])


def test_a_refused_reset_does_not_take_its_seed():
    env, twin = (magister.envs.BipedalWalkerTracks(track="hardcore") for _ in range(2))
    for walker in (env, twin):
        walker.reset(seed=1)
    with pytest.raises(ValueError, match="no parameter `stump_height`"):
        env.reset(seed=9, options={"task": {"stump_height": 1.0}})
    assert np.array_equal(env.reset()[0], twin.reset()[0])


def test_a_pickled_walker_goes_on_where_it_was():
    env = magister.envs.BipedalWalkerTracks()
    env.reset(seed=1)
    for _ in range(30):
        env.step(np.full(4, 0.2, np.float32))
    copy = pickle.loads(pickle.dumps(env))
    for _ in range(10):
        action = env.action_space.sample()
        one, other = env.step(action), copy.step(action)
        assert np.array_equal(one[0], other[0])
        assert one[1:4] == other[1:4]
    assert np.array_equal(env.reset()[0], copy.reset()[0])


def test_pictures():
    env = gymnasium.make(ID, render_mode="rgb_array")
    env.reset(seed=1)
    before = env.render()
    assert (before.shape, before.dtype) == ((400, 600, 3), np.uint8)
    for _ in range(20):
        env.step(env.action_space.sample())
    assert not np.array_equal(before, env.render())
    with pytest.raises(RuntimeError, match="reset first"):
        magister.envs.BipedalWalkerTracks(render_mode="rgb_array").render()


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda env: magister.envs.BipedalWalkerTracks(walker="long"), ValueError, "short, default, quadrupedal"),
        (lambda env: magister.envs.BipedalWalkerTracks(track="sand"), ValueError, "flat, stump, hexagon"),
        (lambda env: magister.envs.BipedalWalkerTracks(render_mode="human"), ValueError, "'rgb_array'"),
        (lambda env: env.reset(options={"task": {"stump_hight": 1}}), ValueError, "parameters are stump_height"),
        (lambda env: env.reset(options={"task": {"stump_height": "a"}}), ValueError, "is no number: 'a'"),
        (lambda env: env.reset(options={"task": {"stump_height": "1"}}), ValueError, "is no number: '1'"),
        (
            lambda env: env.reset(options={"task": {"stump_height": [[1.0]]}}),
            ValueError,
            r"stump_height\[0\]' of the task",
        ),
        (lambda env: env.reset(options={"task": 3}), ValueError, "a task is a dict"),
        (lambda env: magister.envs.BipedalWalkerTracks(step_limit=0), ValueError, "step_limit=0: give at least 1"),
        (lambda env: env.set_task({"stump_height": None}), ValueError, "is no number"),
        (
            lambda env: env.reset(options={"task": {"stump_height": 101, "obstacle_spacing": 1}}),
            magister.InfeasibleTaskError,
            "stump_height is 101: give a number from -100 to 100",
        ),
        (lambda env: env.step(np.full(4, np.nan, np.float32)), ValueError, "number 0 of the action is NaN"),
        (lambda env: env.step(np.zeros(3, np.float32)), ValueError, r"the action has shape \(3,\), not \(4,\)"),
        (lambda env: env.step(np.zeros((2, 2), np.float32)), ValueError, r"the action has shape \(2, 2\), not \(4,\)"),
        (lambda env: env.step(np.zeros(4, complex)), ValueError, "dtype complex128, not float32"),
        (lambda env: env.step(["1", "1", "1", "1"]), ValueError, "dtype <U1, not float32"),
        (lambda env: env.step(np.full(4, 1e300)), ValueError, "number 0 of the action is inf"),
        (lambda env: magister.envs.BipedalWalkerTracks().step(np.zeros(4)), ValueError, "no episode has begun"),
    ],
)
def test_mistakes_say_what_to_mend_and_change_nothing(act, error, message):
    env = magister.envs.BipedalWalkerTracks()
    env.reset(seed=1)
    task = env.task
    twin = pickle.loads(pickle.dumps(env))
    with pytest.raises(error, match=message):
        act(env)
    assert env.task == task
    action = np.full(4, 0.5, np.float32)
    assert np.array_equal(env.step(action)[0], twin.step(action)[0])
