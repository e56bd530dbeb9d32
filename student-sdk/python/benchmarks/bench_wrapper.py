"""What a curriculum costs an environment: 100-step episodes of Gymnasium's BipedalWalker-v3, bare and wrapped.

    python benchmarks/bench_wrapper.py --episodes 100

Bare and wrapped episodes alternate, so that a busy machine slows both; prints their medians as JSON lines.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

import gymnasium
import numpy as np

import magister

STEPS = 100


def episode(env: gymnasium.Env[Any, Any], actions: Any) -> float:  # noqa: ANN401 (an array)
    """Seconds of a reset and 100 steps."""
    started = time.perf_counter()
    env.reset()
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            break
    return time.perf_counter() - started


def make() -> gymnasium.Env[Any, Any]:
    """An episode that is over after 100 steps, fallen or not."""
    return gymnasium.make("BipedalWalker-v3", max_episode_steps=STEPS)


def main() -> None:
    """Run it from a shell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--episodes", type=int, default=200, help="of each kind")
    options = parser.parse_args()
    with magister.LocalTeacher() as teacher:
        curriculum = teacher.connect().curriculum("bench-wrapper", space={"stump_height": (0.0, 3.0)})
        bare = make()
        wrapped = magister.CurriculumWrapper(make(), curriculum, apply=lambda env, params: None)
        # Torques small enough that the walker rarely falls before the end.
        actions = np.random.default_rng(1).uniform(-0.1, 0.1, (STEPS, 4)).astype(np.float32)
        seconds: dict[str, list[float]] = {"gymnasium": [], "wrapped": []}
        for _ in range(options.episodes):
            seconds["gymnasium"].append(episode(bare, actions))
            seconds["wrapped"].append(episode(wrapped, actions))
        wrapped.close()
        episodes = curriculum.info().episodes
    if episodes != options.episodes:
        raise SystemExit(f"{options.episodes} episodes were played and {episodes} told")
    for kind, all_seconds in seconds.items():
        figure = {"case": f"{kind}, 100-step episode", "median": 1e3 * statistics.median(all_seconds), "unit": "ms"}
        print(json.dumps({"bench": "python", **figure}), flush=True)
    cost = [100 * (ours / theirs - 1) for ours, theirs in zip(seconds["wrapped"], seconds["gymnasium"], strict=True)]
    figure = {"case": "magister, cost of the wrapper", "median": statistics.median(cost), "unit": "%"}
    print(json.dumps({"bench": "python", **figure}), flush=True)


if __name__ == "__main__":
    main()
