"""Students as Ray actors share one curriculum: `python ray_workers.py --ray auto --server teacher.example:50551`."""

import argparse

import gymnasium
import numpy as np
import ray

import magister


@ray.remote(num_cpus=1, scheduling_strategy="SPREAD")
class Worker:
    def __init__(self, curriculum, seed):
        self.curriculum, self.random = curriculum, np.random.default_rng(seed)
        self.env = gymnasium.make("magister/BipedalWalkerTracks-v0", track="stump")

    def search(self, policy):
        """Play a task twice, the policy shaken one way and the other, and say in which direction it was better."""
        task, noise = self.curriculum.ask(), self.random.normal(size=policy.shape).astype(np.float32)
        better, worse = (self.play(policy + sign * 0.05 * noise, task) for sign in (1, -1))
        self.curriculum.tell(task, (better + worse) / 2)
        return np.sign(better - worse) * noise

    def play(self, policy, task):
        observation, _ = self.env.reset(options={"task": task.params})
        total, is_over = 0.0, False
        while not is_over:
            observation, reward, terminated, truncated, _ = self.env.step(np.tanh(policy @ observation))
            total, is_over = total + float(reward), terminated or truncated
        return total


def main(arguments=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", help="address; without it one is started for this run, for this machine only")
    parser.add_argument("--ray", help="address of the Ray cluster; without it one is started on this machine")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--updates", type=int, default=10_000)
    options = parser.parse_args(arguments)
    client = magister.connect(options.server or magister.LocalTeacher().address)
    space = {"stump_height": (0, 3), "obstacle_spacing": (0, 6)}
    curriculum = client.curriculum("walker-ray", space, return_range=(-150, 350))
    ray.init(address=options.ray)
    policy, updates = np.zeros((4, 24), np.float32), 0
    workers = (Worker.remote(curriculum, seed) for seed in range(options.workers))
    searching = {worker.search.remote(policy): worker for worker in workers}
    while searching and updates < options.updates:
        worker = searching.pop(done := ray.wait(list(searching))[0][0])
        try:
            policy, updates = policy + 0.02 * ray.get(done), updates + 1
            searching[worker.search.remote(policy)] = worker
        except ray.exceptions.RayActorError:
            print(f"a worker is gone, {len(searching)} go on; its task's lease runs out by itself", flush=True)
    print(f"{curriculum.info().episodes} episodes; mean ALP {curriculum.distribution().mean_alp:.3f}")


if __name__ == "__main__":
    main()
