"""The wrapper over one environment: what is told of which task."""

from __future__ import annotations

import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit
from toys import Hill, SetHill

import magister

pytestmark = pytest.mark.filterwarnings("ignore:.*is not within the observation space")


@pytest.fixture
def low(client: magister.Client) -> magister.Curriculum:
    """Without infeasible tasks."""
    return client.curriculum("low", space={"height": (0.0, 2.0)})


def play(env: gymnasium.Env) -> dict:
    env.reset()
    while True:
        _, _, terminated, truncated, info = env.step(0)
        if terminated or truncated:
            return info


@pytest.mark.parametrize(
    ("env", "apply"),
    [
        (Hill(), None),
        (Hill(), "options"),
        (SetHill(), None),
        (SetHill(), "set_task"),
        (Hill(), lambda env, params: env.unwrapped.set_height(params)),
        (TimeLimit(SetHill(), 100), None),
    ],
)
def test_each_episode_is_told_with_its_task(low, env, apply):
    env = magister.CurriculumWrapper(env, low, apply)
    _, info = env.reset()
    assert info["task_name"] == "curricula/low/tasks/1"
    assert info["task"] == {"height": env.unwrapped.height}
    infos = [play(env) for _ in range(10)]
    env.close()
    episodes = low.episodes()
    assert [episode.task for episode in episodes] == [info["task_name"] for info in infos]
    for episode, info in zip(episodes, infos, strict=True):
        assert episode.parameters == info["task"]
        assert episode.episode_return == pytest.approx(3 * episode.parameters["height"])
        assert (episode.length, episode.end) == (3, "terminated")
        assert episode.success == (episode.parameters["height"] < 1)
    assert low.info().open_tasks == 0


def test_a_limit_outside_truncates(low):
    env = magister.CurriculumWrapper(TimeLimit(Hill(steps=100), 5), low)
    info = play(env)
    env.close()
    (episode,) = low.episodes()
    assert (episode.end, episode.length, episode.success) == ("truncated", 5, None)
    assert info["task_name"] == episode.task


def test_it_works_inside_and_outside_other_wrappers(low):
    env = RecordEpisodeStatistics(magister.CurriculumWrapper(TimeLimit(Hill(), 9), low))
    info = play(env)
    env.close()
    assert float(np.asarray(info["episode"]["r"]).item()) == pytest.approx(low.episodes()[0].episode_return, rel=1e-6)


def test_unfinished_episodes_are_abandoned(low):
    env = magister.CurriculumWrapper(Hill(), low)
    env.reset()
    env.step(0)
    env.reset()
    env.step(0)
    env.close()
    info = low.info()
    assert (info.episodes, info.open_tasks) == (0, 0)
    assert info.tasks >= 2


def test_steps_after_the_end_are_not_told(low):
    env = magister.CurriculumWrapper(Hill(), low)
    play(env)
    for _ in range(5):
        env.step(0)
    play(env)
    env.close()
    assert [episode.length for episode in low.episodes()] == [3, 3]


def test_infeasible_tasks_are_told_and_replaced(curriculum):
    env = magister.CurriculumWrapper(Hill(), curriculum)
    heights = [play(env)["task"]["height"] for _ in range(40)]
    env.close()
    episodes = curriculum.episodes()
    infeasible = [episode for episode in episodes if episode.state == "infeasible"]
    assert max(heights) <= 2.5
    assert 0 < len(infeasible) < 30
    assert len(episodes) == len(heights) + len(infeasible)
    assert all(episode.parameters["height"] > 2.5 and episode.message == "too high" for episode in infeasible)


def test_a_space_without_feasible_tasks_is_an_error(client):
    steep = client.curriculum("steep", space={"height": (2.6, 3.0)})
    env = magister.CurriculumWrapper(Hill(), steep, max_infeasible=7)
    with pytest.raises(magister.MagisterError, match=r"7 tasks in a row were infeasible.*too high.*'steep'"):
        env.reset()
    env.close()
    assert steep.info().episodes == 7


def test_a_reset_that_fails_abandons_its_task(low):
    def fail(env: gymnasium.Env, params: dict) -> None:
        raise RuntimeError("the simulator is gone")

    env = magister.CurriculumWrapper(Hill(), low, fail)
    with pytest.raises(RuntimeError, match="simulator"):
        env.reset()
    env.close()
    info = low.info()
    assert (info.episodes, info.open_tasks) == (0, 0)


def test_a_task_of_the_callers_is_none_of_the_teachers(low):
    env = magister.CurriculumWrapper(Hill(), low)
    env.reset(options={"task": {"height": 1.25}})
    assert env.unwrapped.height == 1.25
    while not env.step(0)[2]:
        pass
    play(env)
    env.close()
    assert [episode.task for episode in low.episodes()] == ["curricula/low/tasks/1"]


def test_a_return_that_is_no_number_counts_for_nothing(low):
    env = magister.CurriculumWrapper(gymnasium.wrappers.TransformReward(Hill(), lambda reward: float("nan")), low)
    with pytest.warns(RuntimeWarning, match="told abandoned"):
        play(env)
    env.close()
    info = low.info()
    assert (info.episodes, info.open_tasks) == (0, 0)


def test_a_wrapper_can_be_pickled_and_goes_on_elsewhere(low):
    env = magister.CurriculumWrapper(Hill(), low)
    play(env)
    copy = pickle.loads(pickle.dumps(env))
    play(copy)
    play(env)
    env.close()
    copy.close()
    assert low.info().episodes == 3


def test_wrong_ways_to_apply_are_refused(low):
    with pytest.raises(ValueError, match="give 'set_task', 'options', or a function"):
        magister.CurriculumWrapper(Hill(), low, "reset")
    with pytest.raises(TypeError, match=r"no set_task.*CurriculumWrapper each"):
        magister.CurriculumVectorWrapper(gymnasium.vector.SyncVectorEnv([Hill]), low)


def test_the_server_may_go_and_come_back(server, low):
    env = magister.CurriculumWrapper(Hill(), low)
    heights = []
    for episode in range(12):
        if episode == 5:
            server.kill()
            server.start()
        heights.append(play(env)["task"]["height"])
    env.close()
    assert [episode.parameters["height"] for episode in low.episodes()] == heights
