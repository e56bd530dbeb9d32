"""The wrapper over one environment: what is told of which task."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit
from toys import Hill, SetHill, in_a_fork

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


def test_after_giving_up_a_later_reset_goes_on_and_nothing_told_is_lost(server, low):
    patient_for_a_second = server.connect(retry_for_s=1.0).curriculum("low")
    env = magister.CurriculumWrapper(Hill(), patient_for_a_second)
    heights = [play(env)["task"]["height"] for _ in range(3)]
    env.reset()
    heights.append(env.unwrapped.height)
    server.kill()
    while not env.step(0)[2]:
        pass
    with pytest.raises(magister.GaveUpError):
        env.reset()
    with pytest.raises(magister.GaveUpError):
        env.reset()
    server.start()
    heights += [play(env)["task"]["height"] for _ in range(3)]
    env.close()
    assert [episode.parameters["height"] for episode in low.episodes()] == heights


def test_closing_after_giving_up_tells_what_is_owed(server, low):
    env = magister.CurriculumWrapper(Hill(), server.connect(retry_for_s=1.0).curriculum("low"))
    env.reset()
    server.kill()
    while not env.step(0)[2]:
        pass
    with pytest.raises(magister.GaveUpError):
        env.reset()
    server.start()
    env.close()
    assert low.info().episodes == 1


def test_a_pause_longer_than_patience_is_no_end(server, low):
    env = magister.CurriculumWrapper(Hill(), server.connect(retry_for_s=1.0).curriculum("low"))
    play(env)
    env.reset()
    low.pause()
    while not env.step(0)[2]:
        pass
    with pytest.raises(magister.GaveUpError):
        env.reset()
    low.resume()
    play(env)
    env.close()
    info = low.info()
    assert (info.episodes, info.open_tasks) == (3, 0)


def test_a_fork_in_mid_episode_is_told_by_the_parent_alone(low):
    env = magister.CurriculumWrapper(Hill(), low)
    env.reset()
    env.step(0)

    def in_the_child() -> None:
        env.step(0)
        env.step(0)
        play(env)
        play(env)
        env.close()

    in_a_fork(in_the_child)
    env.step(0)
    env.step(0)
    env.close()
    info = low.info()
    assert (info.episodes, info.open_tasks) == (3, 0)
    assert len({episode.worker for episode in low.episodes()}) == 2


@pytest.mark.parametrize("message", ["too high: " + "\u26f0" * 2000, "lone surrogate \udcff", ""])
def test_any_message_of_an_infeasible_task_is_told(client, message):
    def refuse(env: gymnasium.Env, params: dict) -> None:
        if params["height"] > 1.0:
            raise ArithmeticError(message)
        env.unwrapped.height = params["height"]

    curriculum = client.curriculum("any-message", space={"height": (0.0, 2.0)})
    env = magister.CurriculumWrapper(Hill(), curriculum, refuse, infeasible=(ArithmeticError,))
    for _ in range(5):
        play(env)
    env.close()
    infeasible = [episode for episode in curriculum.episodes() if episode.state == "infeasible"]
    assert infeasible
    told = message.encode(errors="replace").decode()
    assert all(told.startswith(episode.message) and len(episode.message) <= 1024 for episode in infeasible)
    assert all(episode.message or not message for episode in infeasible)
    assert curriculum.info().open_tasks == 0


def test_the_students_step_is_told(low):
    steps = [0]
    env = magister.CurriculumWrapper(Hill(), low, student_step=lambda: steps[0])
    for step in (1000, np.int64(2000)):
        steps[0] = step
        play(env)
    env.close()
    assert [episode.student_step for episode in low.episodes()] == [1000, 2000]


def test_its_spec_makes_it_again(client):
    curriculum = client.curriculum("pole", space={"length": (0.2, 2.0)})
    env = magister.CurriculumWrapper(gymnasium.make("CartPole-v1"), curriculum, "options", max_infeasible=7)
    again = gymnasium.make(env.spec)
    play(again)
    again.close()
    env.close()
    assert again.spec == env.spec
    assert curriculum.info().episodes == 1


@pytest.mark.parametrize(
    "wrapped",
    [
        "magister.CurriculumWrapper(Hill(), low)",
        "wrapped_hills(low)",
        "gymnasium.vector.SyncVectorEnv([lambda: magister.CurriculumWrapper(Hill(), low)] * 2)",
    ],
)
def test_a_program_that_does_not_close_it_leaves_nothing_open(server, low, wrapped):
    program = f"""
import gymnasium
import magister
from test_vectors import wrapped_hills
from toys import Hill

low = magister.connect({server.address!r}).curriculum("low")
env = {wrapped}
env.reset()
for _ in range(3):
    env.step([0, 0])
env.reset()
"""
    here = Path(__file__).parent
    ran = subprocess.run([sys.executable, "-c", program], cwd=here, check=True, capture_output=True, text=True)
    assert "Traceback" not in ran.stderr
    info = low.info()
    assert info.episodes in (1, 2)
    assert info.open_tasks == 0
