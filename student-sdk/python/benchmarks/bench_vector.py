"""Steps a second of the vector environment from Python, as `envs/examples/bench_walker.rs` measures them from Rust.

    python benchmarks/bench_vector.py --seconds 5

The same walkers, tasks of the same space, a new one after each episode, uniform actions drawn beforehand, one thread.
Prints JSON lines.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import gymnasium
import numpy as np

from magister.envs import BipedalWalkerTracksVector, task_space

WALKERS = 64
ROUNDS = 256


def tasks(track: str, generator: np.random.Generator) -> dict[str, Any]:
    """A task drawn uniformly from the publication's space."""
    drawn: dict[str, Any] = {}
    for name, dimension in task_space(track).items():
        low, high = dimension if isinstance(dimension, tuple) else (dimension.low, dimension.high)
        size = None if isinstance(dimension, tuple) else dimension.size
        drawn[name] = generator.uniform(low, high, size).tolist() if size else float(generator.uniform(low, high))
    return drawn


def measure(track: str, seconds: float) -> float:
    """Steps a second, resets included."""
    mode = getattr(gymnasium.vector, "AutoresetMode", None)
    same_step = {} if mode is None else {"autoreset_mode": mode.SAME_STEP}
    walkers = BipedalWalkerTracksVector(WALKERS, track=track, copy=False, **same_step)
    generator = np.random.default_rng(1)
    actions = generator.uniform(-1, 1, (ROUNDS, *walkers.action_space.shape)).astype(np.float32)
    walkers.reset(seed=1, options={"task": [tasks(track, generator) for _ in range(WALKERS)]})
    steps, started, is_warm, number = 0, time.perf_counter(), False, 0
    while not is_warm or time.perf_counter() - started < seconds:
        _, _, terminated, truncated, _ = walkers.step(actions[number % ROUNDS])
        number += 1
        for index in np.flatnonzero(terminated | truncated).tolist():
            walkers.set_task(index, tasks(track, generator))
        steps += WALKERS
        if not is_warm and time.perf_counter() - started >= seconds / 5:
            is_warm, steps, started = True, 0, time.perf_counter()
    return steps / (time.perf_counter() - started)


def main() -> None:
    """Run it from a shell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each track")
    options = parser.parse_args()
    for track in ("flat", "stump", "hexagon"):
        figure = {
            "case": f"python, default {track} random",
            "median": measure(track, options.seconds),
            "unit": "steps/s",
        }
        print(json.dumps({"bench": "python", **figure}), flush=True)


if __name__ == "__main__":
    main()
