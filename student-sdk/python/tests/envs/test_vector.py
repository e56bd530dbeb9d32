"""Many walkers at once do what single ones do, in every way of resetting."""

from __future__ import annotations

import os
from typing import Any

import gymnasium
import numpy as np
import pytest

import magister
import magister.envs

ID = "magister/BipedalWalkerTracks-v0"
MODES = getattr(gymnasium.vector, "AutoresetMode", None)
EVERY_MODE = [None] if MODES is None else [None, *MODES]
WALKERS = 5
Vector = magister.envs.BipedalWalkerTracksVector


def modes(mode: Any) -> dict[str, Any]:
    return {} if mode is None else {"autoreset_mode": mode}


def assert_same(one: Any, other: Any) -> None:
    """Equal, with the same structure, to the last bit."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, tuple) or (isinstance(one, np.ndarray) and one.dtype == object):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    else:
        assert type(one) is type(other)
        assert np.array_equal(one, other)


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize(("walker", "track"), [("default", "stump"), ("quadrupedal", "hexagon"), ("short", "hardcore")])
def test_it_equals_gymnasiums_vector_of_single_walkers(mode, walker, track):
    kwargs = {"walker": walker, "track": track, "step_limit": 40}
    single = gymnasium.vector.SyncVectorEnv([lambda: gymnasium.make(ID, **kwargs)] * WALKERS, **modes(mode))
    vector = Vector(WALKERS, **kwargs, **modes(mode))
    assert_same(vector.reset(seed=3), single.reset(seed=3))
    generator = np.random.default_rng(1)
    ended = 0
    for _ in range(200):
        actions = generator.uniform(-1, 1, vector.action_space.shape).astype(np.float32)
        mine, theirs = vector.step(actions), single.step(actions)
        for one, other in zip(mine, theirs, strict=True):
            assert_same(one, other)
        over = mine[2] | mine[3]
        ended += int(over.sum())
        if mode is not None and mode == MODES.DISABLED and over.any():
            assert_same(vector.reset(options={"reset_mask": over}), single.reset(options={"reset_mask": over.copy()}))
    assert ended >= 2 * WALKERS
    assert vector.metadata.get("autoreset_mode") == single.metadata.get("autoreset_mode")
    assert vector.observation_space == single.observation_space
    assert vector.action_space == single.action_space
    vector.close()


@pytest.mark.parametrize("mode", EVERY_MODE)
def test_a_task_that_is_set_is_played_next(mode):
    vector = Vector(2, track="stump", step_limit=5, **modes(mode))
    vector.reset(seed=1)
    task = {"stump_height": 0.25, "obstacle_spacing": 1.0}
    vector.set_task(1, {"stump_height": 2.0, "obstacle_spacing": 1.0})
    vector.set_task(1, task)
    played = [None, None]
    for _ in range(8):
        *_, terminated, truncated, infos = vector.step(np.zeros((2, 4), np.float32))
        if "disabled" in str(mode).lower() and (terminated | truncated).any():
            _, infos = vector.reset(options={"reset_mask": terminated | truncated})
        if "task" in infos:
            for index in np.flatnonzero(infos["_task"]):
                tasks = infos["task"]
                played[index] = {name: tasks[name][index] for name in task} if isinstance(tasks, dict) else tasks[index]
    assert played == [{"stump_height": 1.5, "obstacle_spacing": 3.0}, task]


def test_tasks_come_by_options_for_all_or_for_each():
    vector = Vector(2, track="stump")
    task = {"stump_height": 0.25, "obstacle_spacing": 1.0}
    same, _ = vector.reset(seed=[4, 4], options={"task": task})
    assert np.array_equal(same[0], same[1])
    near = {**task, "obstacle_spacing": 0.0}
    each, infos = vector.reset(seed=[4, 4], options={"task": [task, near]})
    assert np.array_equal(same[0], each[0])
    tasks = infos["task"]
    spacings = tasks["obstacle_spacing"] if isinstance(tasks, dict) else [one["obstacle_spacing"] for one in tasks]
    assert list(spacings) == [1.0, 0.0]


def test_tasks_in_infos_are_the_numbers_played():
    vector = Vector(2, track="stump")
    tasks = [{"stump_height": 1, "obstacle_spacing": 2}, {"stump_height": 0.5, "obstacle_spacing": np.float32(2.5)}]
    _, infos = vector.reset(seed=1, options={"task": tasks})
    shown = infos["task"]
    if isinstance(shown, dict):
        shown = [{name: shown[name][index] for name in tasks[0]} for index in range(2)]
    assert list(shown) == tasks


@pytest.mark.skipif(MODES is None, reason="this release knows no masks")
def test_seeds_of_a_masked_reset_are_for_those_that_are_reset():
    kwargs = {"track": "hardcore", "step_limit": 5}
    disabled = {"autoreset_mode": MODES.DISABLED}
    vector = Vector(3, **kwargs, **disabled)
    single = gymnasium.vector.SyncVectorEnv([lambda: gymnasium.make(ID, **kwargs)] * 3, **disabled)
    for seed, mask in [
        (1, None),
        (7, [True, False, False]),
        (None, None),
        ([None, 8, 9], [True, True, False]),
        (None, None),
    ]:
        options = [None if mask is None else {"reset_mask": np.array(mask)} for _ in range(2)]
        assert_same(vector.reset(seed=seed, options=options[0]), single.reset(seed=seed, options=options[1]))


def test_a_refused_reset_does_not_take_its_seeds():
    vector, twin = (Vector(2, track="hardcore") for _ in range(2))
    vector.reset(seed=1)
    twin.reset(seed=1)
    with pytest.raises(ValueError, match="no parameter `stump_height`"):
        vector.reset(seed=9, options={"task": {"stump_height": 1.0}})
    with pytest.raises(Exception, match="greater or equal to zero"):
        vector.reset(seed=[9, -1])
    assert np.array_equal(vector.reset()[0], twin.reset()[0])


def test_returns_and_lengths_of_episodes():
    vector = Vector(3, track="flat", step_limit=20)
    vector.reset(seed=1)
    sums, steps = np.zeros(3), 0
    for _ in range(20):
        _, rewards, _, truncated, _ = vector.step(np.full((3, 4), 0.1, np.float32))
        sums += rewards
        steps += 1
    assert truncated.all()
    assert np.allclose(vector.episode_returns, sums)
    assert vector.episode_lengths.tolist() == [steps] * 3


def test_copies_and_the_environments_own_arrays():
    actions = np.zeros((2, 4), np.float32)
    for copy in (True, False):
        vector = Vector(2, track="flat", copy=copy)
        first, _ = vector.reset(seed=1)
        before = first.copy()
        second = vector.step(actions)[0]
        assert np.shares_memory(first, second) is not copy
        assert np.array_equal(first, before) is copy


def test_threads_give_the_same_and_stay_in_their_process():
    walks = []
    for threads in (1, 2):
        vector = Vector(8, track="stump", threads=threads)
        vector.reset(seed=1)
        walks.append([vector.step(np.full((8, 4), 0.3, np.float32))[0] for _ in range(20)])
    assert np.array_equal(*walks)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            vector.step(np.zeros((8, 4), np.float32))
        except RuntimeError as error:
            code = 0 if "make them in this process" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_make_vec():
    if MODES is None:
        vector = gymnasium.make_vec(ID, num_envs=3, vectorization_mode="custom", vector_kwargs={"walker": "short"})
    else:
        vector = gymnasium.make_vec(ID, num_envs=3, vectorization_mode="vector_entry_point", walker="short", copy=False)
    assert vector.unwrapped.walker == "short"
    assert vector.reset(seed=1)[0].shape == (3, 24)
    vector.close()


def test_pictures():
    vector = Vector(2, render_mode="rgb_array")
    vector.reset(seed=1)
    assert [picture.shape for picture in vector.render()] == [(400, 600, 3)] * 2
    assert Vector(2).render() is None


@pytest.mark.parametrize("mode", EVERY_MODE)
def test_a_curriculum_over_the_walkers(client, mode):
    curriculum = client.curriculum("walkers", space=magister.envs.task_space("stump"))
    vector = magister.CurriculumVectorWrapper(Vector(4, track="stump", step_limit=30, **modes(mode)), curriculum)
    vector.reset(seed=1)
    told: list[float] = []
    for _ in range(150):
        actions = np.full((4, 4), 0.3, np.float32)
        *_, terminated, truncated, _ = vector.step(actions)
        over = terminated | truncated
        told += vector.unwrapped.episode_returns[over].tolist()
        if "disabled" in str(mode).lower() and over.any():
            vector.reset(options={"reset_mask": over})
    vector.close()
    episodes = curriculum.episodes()
    assert len(episodes) >= 12
    assert [episode.episode_return for episode in episodes] == pytest.approx(told, abs=1e-9)
    assert curriculum.info().open_tasks == 0


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda vector: Vector(0), ValueError, "at least one walker"),
        (lambda vector: Vector(2, autoreset_mode="later"), ValueError, "NEXT_STEP, SAME_STEP, DISABLED"),
        (lambda vector: vector.set_task(2, {}), IndexError, "there is no walker 2"),
        (
            lambda vector: vector.set_task(0, {"stump_height": 101.0, "obstacle_spacing": 1.0}),
            magister.InfeasibleTaskError,
            "-100 to 100",
        ),
        (lambda vector: vector.set_task(0, {"hight": 1.0}), ValueError, "no parameter `hight`"),
        (lambda vector: vector.reset(options={"task": [{}]}), ValueError, "has 1 tasks for 2 walkers"),
        (lambda vector: vector.reset(options={"task": [{}, None]}), ValueError, "a task is a dict"),
        (lambda vector: vector.reset(options={"task": np.ones(2)}), ValueError, "a list of one for each walker"),
        (lambda vector: Vector(-1), ValueError, "num_envs=-1"),
        (lambda vector: Vector(2, threads=0), ValueError, "at least one thread"),
        (lambda vector: Vector(2, walker="long"), ValueError, "short, default, quadrupedal"),
        (lambda vector: Vector(2, track="sand"), ValueError, "flat, stump, hexagon"),
        (lambda vector: vector.reset(seed=[1]), ValueError, "1 seeds for 2 walkers"),
        (lambda vector: vector.reset(options={"reset_mask": [True, False]}), ValueError, "array of 2 bools"),
        (lambda vector: vector.reset(options={"reset_mask": np.zeros(2, bool)}), ValueError, "True somewhere"),
        (lambda vector: vector.step(np.zeros((2, 3))), ValueError, r"shape \(2, 3\), not \(2, 4\)"),
        (lambda vector: vector.step(np.zeros((2, 4), complex)), ValueError, "dtype complex128, not float32"),
        (lambda vector: vector.step(np.full((2, 4), np.inf)), ValueError, "walker 0 is inf"),
        (lambda vector: Vector(1).step(np.zeros((1, 4))), ValueError, "no episode yet"),
    ],
)
def test_mistakes_say_what_to_mend_and_change_nothing(act, error, message):
    vector, twin = Vector(2), Vector(2)
    vector.reset(seed=1)
    twin.reset(seed=1)
    with pytest.raises(error, match=message):
        act(vector)
    for _ in range(30):
        actions = np.full((2, 4), 0.4, np.float32)
        assert np.array_equal(vector.step(actions)[0], twin.step(actions)[0])
