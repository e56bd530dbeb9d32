"""Times Gymnasium's and envpool's BipedalWalker on one thread, resets included.

Gymnasium steps one environment, envpool 16 and 64 at once, of which the faster counts. Their flat track is
BipedalWalker-v3's grass, their track with stumps BipedalWalkerHardcore-v3. Prints one JSON object per case, as `bench.py`
describes: `case` names the implementation and, after the comma, what of ours it is held against.
"""

import argparse
import json
import time

import envpool
import gymnasium
import numpy
from gymnasium.envs.box2d.bipedal_walker import BipedalWalkerHeuristics

EASY, HARD = "BipedalWalker-v3", "BipedalWalkerHardcore-v3"


def gymnasium_steps(name: str, policy: str, seconds: float) -> float:
    """Steps a second of one environment."""
    environment = gymnasium.make(name)
    observation, _ = environment.reset(seed=1)
    generator = numpy.random.default_rng(0)
    actions = generator.uniform(-1.0, 1.0, (1_000, 4)).astype(numpy.float32)
    heuristic = BipedalWalkerHeuristics()
    steps = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        action = actions[steps % len(actions)] if policy == "random" else heuristic.step_heuristic(observation)
        observation, _, terminated, truncated, _ = environment.step(action)
        steps += 1
        if terminated or truncated:
            observation, _ = environment.reset()
            heuristic = BipedalWalkerHeuristics()
    return steps / (time.perf_counter() - started)


def envpool_steps(name: str, count: int, seconds: float) -> float:
    """Steps a second of `count` environments on one thread."""
    environments = envpool.make_gymnasium(name, num_envs=count, num_threads=1)
    environments.reset()
    generator = numpy.random.default_rng(0)
    actions = generator.uniform(-1.0, 1.0, (500, count, 4)).astype(numpy.float32)
    steps = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        environments.step(actions[steps // count % len(actions)])
        steps += count
    return steps / (time.perf_counter() - started)


def show(case: str, steps_per_second: float) -> None:
    print(json.dumps({"case": case, "median": steps_per_second, "unit": "steps/s"}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="time for each case")
    seconds = parser.parse_args().seconds
    show("gymnasium, random", gymnasium_steps(EASY, "random", seconds))
    show("gymnasium, heuristic", gymnasium_steps(EASY, "heuristic", seconds))
    show("gymnasium, hardcore random", gymnasium_steps(HARD, "random", seconds))
    show("envpool, random", max(envpool_steps(EASY, count, seconds) for count in (16, 64)))
    show("envpool, hardcore random", max(envpool_steps(HARD, count, seconds) for count in (16, 64)))


if __name__ == "__main__":
    main()
