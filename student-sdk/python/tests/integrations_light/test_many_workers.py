"""Processes that share a curriculum lose no report and double none; killed ones hold nobody up."""

import json
import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

import pytest

HANGING_S = 30.0
BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "bench_workers.py"


@pytest.mark.parametrize("start_method", ["spawn", "fork"])
def test_eight_processes_lose_and_double_no_report(server, client, start_method):
    options = ["--workers", "8", "--episodes", "25", "--start-method", start_method]
    ran = subprocess.run(
        [sys.executable, BENCHMARK, "--server", server.address, *options],
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    )
    medians = {line["case"]: line["median"] for line in map(json.loads, ran.stdout.splitlines())}
    assert medians["magister, 8 workers, reports, lost"] == 0
    assert medians["magister, 8 workers, reports, doubled"] == 0
    (info,) = client.list()
    assert (info.tasks, info.episodes, info.open_tasks) == (200, 200, 0)
    returns = {episode.episode_return for episode in client.curriculum(info.id).episodes()}
    assert len(returns) == 200, "every return that was told is another, and each is there"


def hold(curriculum, held):
    held.send(curriculum.ask().name)
    held.recv()


def test_a_killed_workers_task_expires_and_nobody_waits(client):
    curriculum = client.curriculum("walker", {"height": (0.0, 3.0)}, lease_s=1.0)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    worker = context.Process(target=hold, args=(curriculum, there), daemon=True)
    worker.start()
    held = here.recv()
    worker.kill()
    worker.join()
    for episode in range(5):
        curriculum.tell(curriculum.ask(), float(episode))
    assert curriculum.info().open_tasks == 1, "the others went on while the killed worker's lease ran"
    deadline = time.monotonic() + HANGING_S
    while curriculum.info().open_tasks > 0:
        assert time.monotonic() < deadline, "the killed worker's task never ran out"
        time.sleep(0.05)
    late = curriculum.tell(held, 5.0)
    assert late.late, "what a worker tells after its lease counts, flagged"
    assert curriculum.tell(held, 6.0).duplicate
    assert [episode.episode_return for episode in curriculum.episodes()] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
