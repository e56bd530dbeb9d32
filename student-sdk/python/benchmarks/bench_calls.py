"""How fast asking and telling is from Python, beside what bounds it on the same machine in the same minute.

    python benchmarks/bench_calls.py --seconds 5

Prints JSON lines. The bounds: how often the data folder's file system can sync 4 KiB (every acknowledged answer is
on disk, and answers that come together share one sync), and how often a call that changes nothing can be made.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import magister

SPACE = {"stump_height": (0.0, 3.0), "spacing": (0.0, 6.0)}
BATCH = 500
BLOCK = b"x" * 4096


def syncs(folder: Path, seconds: float) -> dict[str, Any]:
    """Writes of 4 KiB, each synced."""
    with tempfile.NamedTemporaryFile(dir=folder, buffering=0) as file:

        def sync() -> int:
            file.write(BLOCK)
            os.fdatasync(file.fileno())
            return 1

        return {"figure": "bound: fdatasync of 4 KiB", "per_s": rate(sync, seconds)}


def bare_calls(curriculum: magister.Curriculum, seconds: float) -> dict[str, Any]:
    """Calls that change nothing."""

    def call() -> int:
        curriculum.info()
        return 1

    return {"figure": "bound: a call that changes nothing", "per_s": rate(call, seconds)}


def unary(curriculum: magister.Curriculum, threads: int, seconds: float) -> dict[str, Any]:
    """Ask, then tell, from several threads of one client: each its own worker, all over one channel."""

    def pair() -> int:
        task = curriculum.ask()
        curriculum.tell(task, task.params["stump_height"], length=100)
        return 1

    counts: list[float] = []
    players = [threading.Thread(target=lambda: counts.append(rate(pair, seconds))) for _ in range(threads)]
    for player in players:
        player.start()
    for player in players:
        player.join()
    figure = {"figure": "ask + tell, unary", "threads": threads, "per_s": round(sum(counts), 1)}
    return {**figure, "target": 1_500} if threads == 1 else figure


def batches(curriculum: magister.Curriculum, seconds: float) -> dict[str, Any]:
    """Ask for many at once, tell of all at once."""

    def batch() -> int:
        tasks = curriculum.ask_many(BATCH)
        curriculum.tell_many([magister.Completed(task, task.params["stump_height"], length=100) for task in tasks])
        return len(tasks)

    return {"figure": "episodes in batches", "batch": BATCH, "per_s": rate(batch, seconds), "target": 20_000}


def stream(curriculum: magister.Curriculum, window: int, seconds: float) -> dict[str, Any]:
    """Over one stream."""
    with curriculum.stream(window) as teach:
        tasks: Iterator[magister.Task] = iter(teach)

        def episode() -> int:
            task = next(tasks)
            teach.tell(task, task.params["stump_height"], length=100)
            return 1

        return {"figure": "episodes over a stream", "window": window, "per_s": rate(episode, seconds)}


def rate(step: Callable[[], int], seconds: float) -> float:
    """What a step gives, for each second."""
    done, started = 0, time.perf_counter()
    while (passed := time.perf_counter() - started) < seconds:
        done += step()
    return round(done / passed, 1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it from a shell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--server", help="address of a server; without it one is started")
    parser.add_argument(
        "--data", type=Path, help="folder for the started server's data and the syncs: on the disk that counts"
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="for each figure")
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 8, 16])
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = options.server or stack.enter_context(magister.LocalTeacher(data=folder / "server")).address
        client = magister.connect(address)

        def fresh(figure: str) -> magister.Curriculum:
            return client.curriculum(f"bench-{figure}-{time.time_ns()}", SPACE, seed=1)

        def show(line: dict[str, Any]) -> None:
            details = [f"{key} {line[key]}" for key in ("threads", "batch", "window") if key in line]
            case = ", ".join(["magister", line["figure"], *details])
            print(json.dumps({"bench": "python", "case": case, "median": line["per_s"], "unit": "/s"}), flush=True)

        show(syncs(folder, options.seconds))
        show(bare_calls(fresh("info"), options.seconds))
        for threads in options.threads:
            show(unary(fresh(f"unary-{threads}"), threads, options.seconds))
        show(batches(fresh("batches"), options.seconds))
        for window in (1, 64):
            show(stream(fresh(f"stream-{window}"), window, options.seconds))
        show(syncs(folder, options.seconds))


if __name__ == "__main__":
    main()
