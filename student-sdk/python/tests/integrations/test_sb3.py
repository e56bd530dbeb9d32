"""Stable-Baselines3 for real: a server that goes away under training, evaluations, checkpoints."""

import csv
import threading
import time
from functools import partial

import gymnasium
import numpy as np
import pytest
from hill import SPACE, Hill, Recorder, recorded
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.callbacks import BaseCallback, CallbackList
from stable_baselines3.common.logger import configure
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecNormalize

import magister
from magister.integrations.checkpoints import CheckpointError, CurriculumCheckpoint
from magister.integrations.sb3 import CurriculumCallback, play_test_set, resume

AWAY_S = 20


def make_env(curriculum, folder=None):
    env = magister.CurriculumWrapper(Hill(), curriculum)
    return Monitor(env if folder is None else Recorder(env, folder))


def make_curriculum(client, **settings):
    teacher = magister.AlpGmm(fit_rate=20, fit_lag_episodes=0)
    heights = [{"height": 0.0}, {"height": 0.5}, {"height": 2.5}]
    settings = {"test_set": heights, "mastery_threshold": -20.0, **settings}
    return client.curriculum("hill", SPACE, teacher=teacher, seed=1, **settings)


def make_model(envs, **settings):
    return PPO("MlpPolicy", envs, n_steps=64, batch_size=64, n_epochs=2, seed=1, device="cpu", **settings)


class After(BaseCallback):
    """Does something once, at a step."""

    def __init__(self, step, action):
        super().__init__()
        self.at, self.action, self.done = step, action, False

    def _on_step(self):
        if not self.done and self.num_timesteps >= self.at:
            self.done = True
            self.action()
        return True


def test_training_outlives_a_server_that_is_killed(tmp_path, records, port):
    with magister.LocalTeacher(tmp_path / "data", port=port) as server:
        curriculum = make_curriculum(server.connect())
        envs = SubprocVecEnv([partial(make_env, curriculum, records)] * 4)
        came_back_at = []

        def come_back():
            time.sleep(AWAY_S)
            came_back_at.append(len(recorded(records)))
            server.start()

        def kill():
            server.kill()
            coming_back.start()

        coming_back = threading.Thread(target=come_back)
        model = make_model(envs)
        evaluating = CurriculumCallback(curriculum, Hill, eval_every=5_000, checkpoints=tmp_path / "checkpoints")
        model.learn(12_000, CallbackList([After(4_000, kill), evaluating]))
        envs.close()
        coming_back.join()
        played = recorded(records)
        kept = [(episode.task, episode.episode_return) for episode in curriculum.episodes(limit=100_000)]
        assert 0 < came_back_at[0] < len(played), "it went on after the server had come back"
        assert model.num_timesteps >= 12_000
        assert curriculum.mastery().evaluations == 3
        assert len({task for task, _ in played}) == len(played), "no task was played twice"
        assert sorted(kept) == sorted(played), "every episode is in the journal, once, with its return"
        assert curriculum.info().open_tasks == 0, "what was not played to its end was given back"


def test_it_evaluates_logs_and_saves(client, tmp_path):
    curriculum = make_curriculum(client)
    envs = DummyVecEnv([partial(make_env, curriculum)] * 2)
    model = make_model(envs)
    model.set_logger(configure(str(tmp_path / "log"), ["csv"]))
    callback = CurriculumCallback(curriculum, Hill, eval_every=1_000, eval_envs=2, checkpoints=tmp_path / "checkpoints")
    model.learn(2_500, callback)
    envs.close()
    # 20 rollouts of 128 steps; the last evaluation is that of the end.
    mastery = curriculum.mastery()
    assert mastery.evaluations == 3
    assert [one.student_step for one in map(curriculum.evaluation, (1, 2, 3))] == [1_000, 2_000, 2_560]
    assert [one.mastered for one in mastery.test_tasks] == [True, True, False], "returns of about 0, -7 and -90"
    with (tmp_path / "log" / "progress.csv").open(newline="") as file:
        logged = list(csv.DictReader(file))[-1]
    assert float(logged["curriculum/mastered_share"]) == pytest.approx(2 / 3)
    assert float(logged["curriculum/exploration_probability"]) in (0.2, 1.0)
    for name in ("mean_alp", "components", "episodes", "forgotten_share"):
        assert float(logged[f"curriculum/{name}"]) >= 0
    saved = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert saved == ["step-000000001000", "step-000000002000", "step-000000002560"], "no unfinished one is left"


def test_without_a_test_set_it_says_so_before_training(client):
    curriculum = client.curriculum("untested", SPACE)
    envs = DummyVecEnv([partial(make_env, curriculum)])
    with pytest.raises(ValueError, match="'untested' has no test set"):
        make_model(envs).learn(64, CurriculumCallback(curriculum, Hill))
    envs.close()


def test_a_checkpoint_brings_model_and_curriculum_back_together(client, tmp_path):
    curriculum = make_curriculum(client).on_behalf_of(student="ppo-1")
    envs = DummyVecEnv([partial(make_env, curriculum)] * 2)
    model = make_model(envs)
    callback = CurriculumCallback(curriculum, Hill, eval_every=1_000, checkpoints=tmp_path)
    model.learn(1_500, callback)
    envs.close()
    first = tmp_path / "step-000000001000"
    position = CurriculumCheckpoint.load(first / "curriculum.json").position
    resumed, saved_model = resume(first, client)
    assert resumed.info().forked_from == {"curriculum": "hill", "position": position}
    assert resumed.student == "ppo-1"
    envs = DummyVecEnv([partial(make_env, resumed)] * 2)
    model = PPO.load(saved_model, envs, device="cpu")
    assert model.num_timesteps == 1_000
    before = resumed.info().episodes
    model.learn(
        600, CurriculumCallback(resumed, Hill, eval_every=1_000, checkpoints=tmp_path), reset_num_timesteps=False
    )
    envs.close()
    assert resumed.info().episodes > before
    assert resume(tmp_path, client)[1].parent.name == f"step-{model.num_timesteps:012d}", "the latest of all is taken"


def test_where_nothing_happened_since_the_same_curriculum_goes_on(client, tmp_path):
    curriculum = make_curriculum(client)
    envs = DummyVecEnv([partial(make_env, curriculum)])
    model = make_model(envs)
    callback = CurriculumCallback(curriculum, Hill)
    model.learn(64, callback)
    envs.close()
    callback.save(tmp_path)
    assert resume(tmp_path, client)[0].name == "hill"
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        resume(tmp_path / "elsewhere", client)


def test_a_checkpoint_that_fails_leaves_the_ones_before_alone(client, tmp_path, monkeypatch):
    curriculum = make_curriculum(client)
    envs = DummyVecEnv([partial(make_env, curriculum)])
    model = make_model(envs)
    callback = CurriculumCallback(curriculum, Hill)
    model.learn(64, callback)
    folder = tmp_path / "checkpoints"
    whole = callback.save(folder)

    def full(path):
        raise OSError("no space left on device")

    monkeypatch.setattr(model, "save", full)
    with pytest.raises(OSError, match="no space left"):
        callback.save(folder)
    assert list(folder.iterdir()) == [whole]
    assert PPO.load(resume(folder, client)[1], envs, device="cpu").num_timesteps == 64
    envs.close()


def test_running_statistics_are_saved_and_used(client, tmp_path):
    curriculum = make_curriculum(client)
    envs = VecNormalize(DummyVecEnv([partial(make_env, curriculum)]))
    model = make_model(envs)
    callback = CurriculumCallback(curriculum, Hill)
    model.learn(200, callback)
    folder = callback.save(tmp_path)
    seen = []
    predict = model.predict

    def spy(observations, **arguments):
        seen.append(observations)
        return predict(observations, **arguments)

    model.predict = spy
    test = curriculum.sample_test_tasks()
    play_test_set(model, [magister.CurriculumWrapper(Hill(), curriculum)], test.tasks)
    begin = np.array([[test.tasks[0].parameters["height"], 0.0]], dtype=np.float32)
    np.testing.assert_allclose(seen[0], envs.normalize_obs(begin))
    loaded = VecNormalize.load(str(folder / "vec_normalize.pkl"), DummyVecEnv([partial(make_env, curriculum)]))
    np.testing.assert_allclose(loaded.obs_rms.mean, envs.obs_rms.mean)
    envs.close()


def test_evaluation_plays_each_task_once_and_the_same_each_time(client):
    curriculum = make_curriculum(client, test_set=7)
    model = make_model(DummyVecEnv([partial(make_env, curriculum)]))
    tasks = curriculum.sample_test_tasks().tasks
    one, three = (
        play_test_set(model, [magister.CurriculumWrapper(Hill(), curriculum) for _ in range(count)], tasks, seed=5)
        for count in (1, 3)
    )
    assert sorted(result.index for result in three) == list(range(7))
    for alone, beside in zip(one, sorted(three, key=lambda result: result.index), strict=True):
        assert alone.index == beside.index
        assert alone.length == beside.length
        assert alone.episode_return == pytest.approx(beside.episode_return, abs=1e-4)
    assert curriculum.info().tasks == 0, "the teacher was asked for nothing"


class Steps(gymnasium.ActionWrapper):
    """The hill with three paces, for learners of discrete actions."""

    def __init__(self, env):
        super().__init__(env)
        self.action_space = gymnasium.spaces.Discrete(3)

    def action(self, action):
        return np.array([float(action) - 1.0], dtype=np.float32)


def test_an_algorithm_that_learns_with_every_step(client):
    """Its rollouts end with every step; its actions are whole numbers."""
    curriculum = make_curriculum(client)
    env = DummyVecEnv([lambda: Monitor(magister.CurriculumWrapper(Steps(Hill()), curriculum))])
    model = DQN("MlpPolicy", env, learning_starts=10, buffer_size=1_000, seed=1, device="cpu")
    callback = CurriculumCallback(curriculum, lambda: Steps(Hill()), eval_every=200)
    model.learn(400, CallbackList([callback]))
    env.close()
    assert curriculum.mastery().evaluations == 2
