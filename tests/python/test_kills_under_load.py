"""Kills the server at random moments under load: what it acknowledged is there, once, and the order goes on.

MAGISTER_KILLS sets how often; MAGISTER_KILLS_SEED at which moments.
"""

import json
import math
import os
import random
import sqlite3
import threading

import grpc
from conftest import Refused, Server, Teacher

NAME = "curricula/cube"
KILLS = int(os.environ.get("MAGISTER_KILLS", "50"))
SEED = int(os.environ.get("MAGISTER_KILLS_SEED", "1"))
WORKERS = 4
LOST = (Refused, AssertionError, grpc.RpcError)


def curriculum():
    axes = [{"name": name, "continuous": {"low": 0.0, "high": 1.0}} for name in ("x", "y")]
    alp_gmm = {"fit_rate": 40, "fit_lag_episodes": 10, "max_components": 4}
    return {"space": {"dimensions": axes}, "teacher": {"alp_gmm": alp_gmm}, "seed": 5}


def return_of(x, y):
    return math.sin(40.0 * x) + y


class Worker(threading.Thread):
    """Asks and tells until it is stopped; what fails is sent again as it was, to whichever server is there."""

    def __init__(self, number, server, stopped, like):
        super().__init__(name=f"worker {number}")
        self.like = like
        self.number, self.server, self.stopped = number, server, stopped
        self.acknowledged = {}
        self.asked = {}
        self.failure = None

    def run(self):
        try:
            step = 0
            while not self.stopped.is_set():
                step += 1
                self.play(f"{self.number}-{step}")
        except BaseException as failure:
            self.failure = failure
            raise

    def play(self, request_id):
        fields = {"curriculum": NAME, "count": 2, "student": "s", "worker": self.name, "request_id": request_id}
        tasks = self.until_answered("SampleTasks", fields).tasks
        outcomes = []
        for task in tasks:
            values = task.parameters.values
            x, y = values["x"].number, values["y"].number
            self.asked[task.name] = (x, y)
            outcomes.append({"task": task.name, "completed": {"episode_return": return_of(x, y)}})
        for receipt in self.until_answered("ReportEpisodes", {"curriculum": NAME, "outcomes": outcomes}).receipts:
            self.acknowledged[receipt.task] = (receipt.episode, receipt.alp)

    def until_answered(self, call, fields):
        while True:
            try:
                # grpcio's stream of reflection may wait for ever for a server that was killed, so it is asked once, before.
                teacher = Teacher(self.server.address, self.like)
                try:
                    return getattr(teacher, call)(**fields)
                finally:
                    teacher.close()
            except LOST:
                # Killed under the call, or not yet there again.
                self.stopped.wait(0.01)


def test_nothing_acknowledged_is_lost_or_doubled(tmp_path):
    moments = random.Random(SEED)
    server = Server(tmp_path / "data")
    stopped = threading.Event()
    first = Teacher(server.address)
    workers = [Worker(number, server, stopped, first) for number in range(WORKERS)]
    try:
        first.CreateCurriculum(curriculum_id="cube", curriculum=curriculum())
        first.close()
        for worker in workers:
            worker.start()
        for kill in range(KILLS):
            if kill % 2:
                # Half of the kills come when something was acknowledged since the last, however slow the machine.
                until_more_is_acknowledged(workers)
            threading.Event().wait(moments.uniform(0.02, 0.2))
            if kill % 5 == 4:
                # A clean end leaves a snapshot, from which the next start replays what comes after it.
                assert server.stop() == 0
            else:
                server.kill()
            server.start()
        threading.Event().wait(0.2)
        stopped.set()
        for worker in workers:
            worker.join()
        assert not any(worker.failure for worker in workers)
        acknowledged = {task: told for worker in workers for task, told in worker.acknowledged.items()}
        asked = {task: at for worker in workers for task, at in worker.asked.items()}
        assert len(acknowledged) >= KILLS // 2, "there was load"
        server.kill()
        events = journal(server.folder)
    finally:
        stopped.set()
        if server.process.poll() is None:
            server.kill()

    stored = {f"{NAME}/tasks/{number}": values for kind, number, values in events if kind == "task"}
    outcomes = {f"{NAME}/tasks/{number}": told for kind, number, told in events if kind == "outcome"}
    for task, at in asked.items():
        assert tuple(stored[task]) == at, task
    for task, told in acknowledged.items():
        assert outcomes[task] == told, task
    episodes = [episode for episode, _ in outcomes.values()]
    assert episodes == list(range(1, len(episodes) + 1))
    the_same_order_gives_the_same_curriculum(tmp_path / "twin", events)


def until_more_is_acknowledged(workers):
    before = sum(len(worker.acknowledged) for worker in workers)
    while sum(len(worker.acknowledged) for worker in workers) == before:
        assert not any(worker.failure for worker in workers)
        threading.Event().wait(0.005)


def journal(folder):
    """Every event in its order, read as anybody can read the store."""
    store = sqlite3.connect(f"file:{folder / 'magister.sqlite'}?mode=ro", uri=True)
    tasks = store.execute('SELECT position, number, "values" FROM tasks').fetchall()
    told = store.execute("SELECT position, task, episode, alp FROM outcomes").fetchall()
    store.close()
    events = [(position, "task", number, json.loads(values)) for position, number, values in tasks]
    events += [(position, "outcome", task, (episode, alp)) for position, task, episode, alp in told]
    events.sort(key=lambda event: event[0])
    assert [event[0] for event in events] == list(range(1, len(events) + 1)), "no event is missing or double"
    return [event[1:] for event in events]


def the_same_order_gives_the_same_curriculum(folder, events):
    """An uninterrupted twin with the same order of calls gives the same tasks and the same progress."""
    twin = Server(folder)
    try:
        teacher = Teacher(twin.address)
        teacher.CreateCurriculum(curriculum_id="cube", curriculum=curriculum())
        values = {}
        for kind, number, expected in events:
            task = f"{NAME}/tasks/{number}"
            if kind == "task":
                given = teacher.SampleTasks(curriculum=NAME, student="s").tasks[0]
                at = given.parameters.values
                values[number] = [at["x"].number, at["y"].number]
                assert (given.name, values[number]) == (task, expected)
            else:
                outcome = {"task": task, "completed": {"episode_return": return_of(*values[number])}}
                receipt = teacher.ReportEpisodes(curriculum=NAME, outcomes=[outcome]).receipts[0]
                assert (receipt.episode, receipt.alp) == expected
        teacher.close()
    finally:
        twin.kill()
