"""Stable-Baselines3's PPO learns to walk, on tasks of a curriculum.

    python sb3_ppo.py --steps 2000000 --data walker-data --checkpoints walker-checkpoints

Started again with the same folders it goes on from the last checkpoint: model and curriculum go back to it together.
"""

import argparse
from functools import partial
from pathlib import Path

import gymnasium
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import SubprocVecEnv

import magister
from magister.integrations.sb3 import CurriculumCallback, resume


def make_test_env():
    return gymnasium.make("magister/BipedalWalkerTracks-v0", walker="default", track="stump")


def make_env(curriculum):
    return Monitor(magister.CurriculumWrapper(make_test_env(), curriculum))


def main(arguments=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", help="address; without it a server is started for this run")
    parser.add_argument("--data", help="folder in which that server keeps the curriculum")
    parser.add_argument("--steps", type=int, default=2_000_000, help="environment steps")
    parser.add_argument("--envs", type=int, default=8, help="processes that play")
    parser.add_argument("--rollout", type=int, default=2_048, help="steps of each environment between two updates")
    parser.add_argument("--eval-every", type=int, default=100_000, help="steps between two evaluations and checkpoints")
    parser.add_argument("--test-tasks", type=int, default=50)
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    options = parser.parse_args(arguments)
    server = options.server or magister.LocalTeacher(options.data).address
    client = magister.connect(server)
    space = {"stump_height": (0, 3), "obstacle_spacing": (0, 6)}
    walker = {"return_range": (-150, 350), "test_set": options.test_tasks, "mastery_threshold": 230.0}
    if is_resumed := options.checkpoints.exists():
        curriculum, saved_model = resume(options.checkpoints, client)
    else:
        curriculum, saved_model = client.curriculum("walker-sb3", space, **walker), None
    envs = SubprocVecEnv([partial(make_env, curriculum)] * options.envs)
    model = PPO.load(saved_model, envs) if is_resumed else PPO("MlpPolicy", envs, n_steps=options.rollout, seed=1)
    callback = CurriculumCallback(
        curriculum, make_test_env, eval_every=options.eval_every, checkpoints=options.checkpoints
    )
    model.learn(options.steps, callback, reset_num_timesteps=not is_resumed)
    envs.close()
    info, mastery = curriculum.info(), curriculum.mastery()
    print(f"{info.id}: {info.episodes} episodes in {model.num_timesteps} steps, {mastery.mastered_share:.0%} mastered")


if __name__ == "__main__":
    main()
