"""Many worker processes on one curriculum: is every report kept, once, and how long do they wait?

    python benchmarks/bench_workers.py --workers 64 --episodes 100

Prints JSON lines and ends with 1 if a report was lost or counted twice. Without `--server` it starts one for itself.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import queue
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import magister

SPACE = {"stump_height": (0.0, 3.0), "spacing": (0.0, 6.0)}
RETURNS_PER_WORKER = 1_000_000


def work(
    number: int,
    curriculum: magister.Curriculum,
    episodes: int,
    together: threading.Barrier,
    results: queue.Queue[tuple[list[float], list[float]]],
) -> None:
    """Play in this process: every return is another, so that the journal can be held against what was told."""
    curriculum.info()
    together.wait()
    asks, tells = [], []
    for episode in range(episodes):
        started = time.perf_counter()
        task = curriculum.ask()
        asked = time.perf_counter()
        receipt = curriculum.tell(task, float(number * RETURNS_PER_WORKER + episode), length=1)
        tells.append(time.perf_counter() - asked)
        asks.append(asked - started)
        if receipt.duplicate or receipt.episode is None:
            raise AssertionError(f"told once, and it did not count: {receipt}")
    results.put((asks, tells))


def run(client: magister.Client, name: str, workers: int, episodes: int, start_method: str) -> list[dict[str, Any]]:
    """Play with that many processes; the figures as lines."""
    curriculum = client.curriculum(name, SPACE, seed=1)
    context: Any = multiprocessing.get_context(start_method)
    results, together = context.Queue(), context.Barrier(workers + 1)
    processes = [
        context.Process(target=work, args=(number, curriculum, episodes, together, results), daemon=True)
        for number in range(workers)
    ]
    for process in processes:
        process.start()
    together.wait()
    started = time.perf_counter()
    latencies = [results.get() for _ in processes]
    seconds = time.perf_counter() - started
    for process in processes:
        process.join()
    told = {float(worker * RETURNS_PER_WORKER + episode) for worker in range(workers) for episode in range(episodes)}
    kept = Counter(episode.episode_return for episode in curriculum.episodes(limit=2 * len(told)))
    common = {"workers": workers, "episodes": len(told), "start_method": start_method}
    lines = [
        {"figure": "ask + tell, all workers", **common, "per_s": round(len(told) / seconds, 1)},
        {"figure": "ask latency", **common, **percentiles_ms([ask for asks, _ in latencies for ask in asks])},
        {"figure": "tell latency", **common, **percentiles_ms([tell for _, tells in latencies for tell in tells])},
        {
            "figure": "reports",
            **common,
            "lost": sum(one not in kept for one in told),
            "doubled": sum(count > 1 for count in kept.values()),
            "unknown": sum(one not in told for one in kept),
            "open_tasks": curriculum.info().open_tasks,
        },
    ]
    return lines


def percentiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    """The usual ones, in milliseconds."""
    ordered = sorted(seconds)
    shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99, "max_ms": 1.0}
    last = len(ordered) - 1
    return {name: round(1_000 * ordered[round(share * last)], 3) for name, share in shares.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it from a shell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--server", help="address of a server; without it one is started")
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--episodes", type=int, default=100, help="for each worker")
    parser.add_argument("--start-method", choices=multiprocessing.get_all_start_methods(), default="spawn")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        address = options.server or stack.enter_context(magister.LocalTeacher()).address
        name = f"bench-workers-{time.time_ns()}"
        lines = run(magister.connect(address), name, options.workers, options.episodes, options.start_method)
    for line in lines:
        measured = [(name, line[name]) for name in ("per_s", "p50_ms", "p99_ms", "lost", "doubled") if name in line]
        for name, value in measured:
            case = f"magister, {line['workers']} workers, {line['figure']}, {name.removesuffix('_ms')}"
            unit = "ms" if name.endswith("_ms") else "/s" if name == "per_s" else "reports"
            print(json.dumps({"bench": "python", "case": case, "median": value, "unit": unit}))
    reports = lines[-1]
    return 1 if reports["lost"] or reports["doubled"] or reports["unknown"] or reports["open_tasks"] else 0


if __name__ == "__main__":
    sys.exit(main())
