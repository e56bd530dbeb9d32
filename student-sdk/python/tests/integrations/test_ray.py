"""Student workers as Ray actors on a cluster of two nodes, one of which goes away."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import ray
from hill import SPACE, Hill
from ray.cluster_utils import Cluster

EXAMPLE = Path(__file__).parents[2] / "examples" / "ray_workers.py"
WORKERS = 4
EPISODES = 30
HANGING_S = 60.0


@pytest.fixture
def cluster():
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


@ray.remote(num_cpus=1, max_restarts=0)
class Student:
    """Plays on the shared curriculum, over a connection of its own."""

    def __init__(self, curriculum, number):
        self.curriculum = curriculum.on_behalf_of(worker=f"ray-{number}")
        self.env = Hill()

    def node(self):
        return ray.get_runtime_context().get_node_id()

    def hold(self):
        """Ask for a task and keep it."""
        return self.curriculum.ask().name

    def play(self, episodes):
        told = []
        for _ in range(episodes):
            task = self.curriculum.ask()
            self.env.reset(options={"task": task.params})
            total, is_over = 0.0, False
            while not is_over:
                _, reward, is_over, _, _ = self.env.step([1.0])
                total += reward
            self.curriculum.tell(task, total)
            told.append((task.name, total))
        return told


def test_a_node_that_goes_away_stops_nobody(client, cluster):
    curriculum = client.curriculum("hill", SPACE, lease_s=2.0)
    second = cluster.add_node(num_cpus=2)
    cluster.wait_for_nodes()
    # The students' processes find what the tests share where this one does.
    found = os.pathsep.join(path for path in sys.path if path)
    ray.init(address=cluster.address, runtime_env={"env_vars": {"PYTHONPATH": found}})
    students = [Student.options(scheduling_strategy="SPREAD").remote(curriculum, number) for number in range(WORKERS)]
    nodes = ray.get([student.node.remote() for student in students])
    assert len(set(nodes)) == 2, "the students play on both nodes"
    lost = [student for student, node in zip(students, nodes, strict=True) if node == second.node_id]
    left = [student for student, node in zip(students, nodes, strict=True) if node != second.node_id]
    told = [one for part in ray.get([student.play.remote(EPISODES) for student in students]) for one in part]
    held = ray.get([student.hold.remote() for student in lost])
    playing = [student.play.remote(EPISODES) for student in left]
    cluster.remove_node(second, allow_graceful=False)
    told += [one for part in ray.get(playing) for one in part]
    until(lambda: all(map(is_gone, lost)), "the students of the lost node live on")
    told += [one for part in ray.get([student.play.remote(EPISODES) for student in left]) for one in part]
    kept = [(episode.task, episode.episode_return) for episode in curriculum.episodes(limit=10_000)]
    assert sorted(kept) == sorted(told), "every episode of every node is in the journal, once"
    assert {episode.worker for episode in curriculum.episodes()} == {f"ray-{number}" for number in range(WORKERS)}
    assert not set(held) & {task for task, _ in told}
    until(lambda: curriculum.info().open_tasks == 0, "the tasks that the lost node held never ran out")


def test_the_example_goes_on_without_a_node(server, client, cluster):
    second = cluster.add_node(num_cpus=2)
    cluster.wait_for_nodes()
    updates = 200
    options = ["--server", server.address, "--ray", cluster.address, "--workers", WORKERS, "--updates", updates]
    example = subprocess.Popen([sys.executable, EXAMPLE, *map(str, options)], stdout=subprocess.PIPE, text=True)
    try:
        until(lambda: workers(client) == WORKERS, "the example's workers do not all play")
        cluster.remove_node(second, allow_graceful=False)
        said, _ = example.communicate(timeout=300)
    finally:
        example.kill()
    assert example.returncode == 0, said
    assert said.count("a worker is gone") == 2, "the two of the second node"
    assert client.curriculum("walker-ray").info().episodes >= updates


def workers(client):
    """How many have told of an episode."""
    known = [info.id for info in client.list()]
    return len({episode.worker for name in known for episode in client.curriculum(name).episodes()})


def is_gone(student):
    """Its process lives on for a moment after its node."""
    try:
        ray.get(student.node.remote(), timeout=HANGING_S)
    except ray.exceptions.RayActorError:
        return True
    return False


def until(happened, otherwise):
    deadline = time.monotonic() + HANGING_S
    while not happened():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)
