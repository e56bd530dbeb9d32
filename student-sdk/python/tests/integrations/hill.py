"""A small environment that takes tasks, and a record of what was played that owes nothing to the package."""

import os
from pathlib import Path

import gymnasium
import numpy as np

SPACE = {"height": (0.0, 3.0)}


class Hill(gymnasium.Env):
    """The action is the pace up a hill; the higher it is, the longer the episode and the smaller its return."""

    observation_space = gymnasium.spaces.Box(-10.0, 10.0, (2,), np.float32)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.height = options["task"]["height"]
        self.steps = 0
        return self._observe(), {}

    def step(self, action):
        self.steps += 1
        # Noise makes every return another one, so that returns tell episodes apart.
        reward = float(np.clip(action[0], -1, 1)) - self.height + float(self.np_random.normal(0.0, 0.1))
        return self._observe(), reward, self.steps >= 10 + int(10 * self.height), False, {}

    def _observe(self):
        return np.array([self.height, self.steps / 40], dtype=np.float32)


class Recorder(gymnasium.Wrapper):
    """Writes a line for each episode that ends, `task return`, into a file of this process."""

    def __init__(self, env, folder):
        super().__init__(env)
        self.folder = Path(folder)
        self.total = 0.0

    def reset(self, **arguments):
        self.total = 0.0
        return self.env.reset(**arguments)

    def step(self, action):
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.total += float(reward)
        if terminated or truncated:
            with (self.folder / f"{os.getpid()}.txt").open("a") as file:
                file.write(f"{info['task_name']} {self.total!r}\n")
        return observation, reward, terminated, truncated, info


def recorded(folder):
    """What was played, as pairs of task and return; a task that was played twice is there twice."""
    lines = [line for file in sorted(Path(folder).glob("*.txt")) for line in file.read_text().splitlines()]
    return [(task, float(total)) for task, total in (line.split() for line in lines)]
