"""A student of plain numpy: evolution strategies teach a linear policy to stop a cart on a mark.

`python numpy_student.py --steps 500` needs nothing but numpy and magister.
"""

import argparse

import numpy as np

import magister

SPACE = {"distance": (0.0, 30.0), "friction": (0.0, 2.0)}


def play(policy, task):
    """One episode of 20 s: the return is 1 if the cart stands on the mark in the end, and 0 from a metre off."""
    position, speed = 0.0, 0.0
    for _ in range(200):
        left = task["distance"] - position
        force = np.tanh(policy @ [left / 10, speed, task["friction"] * speed, 1.0])
        speed += 0.1 * (3.0 * force - task["friction"] * speed)
        position += 0.1 * speed
    return max(0.0, 1.0 - abs(task["distance"] - position) - abs(speed))


def main(arguments=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", help="address; without it a server is started for this run")
    parser.add_argument("--steps", type=int, default=500, help="updates of the policy")
    parser.add_argument("--tasks", type=int, default=8, help="tasks for each update")
    options = parser.parse_args(arguments)
    server = options.server or magister.LocalTeacher().address
    teacher = magister.AlpGmm(fit_rate=100)
    curriculum = magister.connect(server).curriculum(
        "numpy-cart", SPACE, teacher=teacher, seed=1, return_range=(0.0, 1.0), test_set=50, mastery_threshold=0.8
    )
    random = np.random.default_rng(1)
    policy = np.zeros(4)
    for step in range(options.steps):
        outcomes, gradient = [], np.zeros(4)
        for task in curriculum.ask_many(options.tasks):
            noise = random.normal(size=4)
            better, worse = (play(policy + sign * 0.1 * noise, task.params) for sign in (1, -1))
            gradient += (better - worse) * noise
            outcomes.append(magister.Completed(task, (better + worse) / 2, student_step=step))
        policy += 0.5 * gradient / options.tasks
        curriculum.tell_many(outcomes)
        if step % 50 == 49 or step + 1 == options.steps:
            test = curriculum.sample_test_tasks(step)
            returns = [play(policy, test_task.parameters) for test_task in test.tasks]
            evaluation = curriculum.report_evaluations(test, returns)
            print(f"update {step + 1}: masters {evaluation.mastered_share:.0%} of the test set")
    print(f"{curriculum.info().episodes} episodes; the teacher now samples from")
    for part in curriculum.distribution().components:
        print(f"  {part.odds:4.0%}: {', '.join(f'{name} {value:.2f}' for name, value in part.mean.items())}")


if __name__ == "__main__":
    main()
