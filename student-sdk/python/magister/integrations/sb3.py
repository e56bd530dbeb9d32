"""Stable-Baselines3: mastery, curves and checkpoints of a curriculum that a model trains on.

    model = PPO("MlpPolicy", SubprocVecEnv([make_env] * 8))
    callback = CurriculumCallback(curriculum, make_test_env, eval_every=50_000, checkpoints="checkpoints")
    model.learn(1_000_000, callback)

The environments of `make_env` are wrapped in `magister.CurriculumWrapper`, those of `make_test_env` are not: the
callback gives them the tasks of the test set, whose returns never reach the teacher.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger

from magister.client import Client, Curriculum
from magister.integrations.checkpoints import CheckpointError, CurriculumCheckpoint
from magister.integrations.logging import CurriculumLogger, Measurements
from magister.types import TestResult, TestTask
from magister.wrappers.env import Apply, CurriculumWrapper

_MODEL = "model.zip"
_NORMALISATION = "vec_normalize.pkl"
_CURRICULUM = "curriculum.json"
_PREFIX = "step-"
_BETWEEN_LOGS_S = 1.0


class CurriculumCallback(BaseCallback):
    """Evaluates on the curriculum's test set, logs what the curriculum does, and keeps checkpoints of both.

    Every `eval_every` steps, and when training ends, the policy plays the test set deterministically, mastery is
    reported, and a checkpoint is written. SB3's logger gets `curriculum/mastered_share`, `forgotten_share`,
    `mean_alp`, `components`, `exploration_probability`, `episodes` and others after every rollout; a server that is
    away then leaves a gap. An evaluation waits for the server, as the training environments do.

    Args:
        curriculum: The one that is trained on; mastery is that of its student.
        make_env: Makes an environment for evaluation, without a `CurriculumWrapper`.
        apply: How it takes a task; as `CurriculumWrapper`'s.
        eval_every: Environment steps between two evaluations.
        eval_envs: Environments that are evaluated side by side, in this process.
        eval_seed: Test task i is reset with this seed plus i, always.
        checkpoints: Folder for checkpoints; None: none are written.
        verbose: 1 prints each evaluation.

    Raises:
        ValueError: When training starts, if the curriculum has no test set.
    """

    def __init__(
        self,
        curriculum: Curriculum,
        make_env: Callable[[], gymnasium.Env[Any, Any]],
        *,
        apply: Apply | None = None,
        eval_every: int = 50_000,
        eval_envs: int = 8,
        eval_seed: int = 0,
        checkpoints: str | os.PathLike[str] | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(verbose)
        if eval_every < 1 or eval_envs < 1:
            raise ValueError(f"eval_every and eval_envs must be at least 1: {eval_every}, {eval_envs}")
        self.curriculum = curriculum
        self._make_env = make_env
        self._apply = apply
        self._eval_every = eval_every
        self._eval_envs = eval_envs
        self._eval_seed = eval_seed
        self._checkpoints = None if checkpoints is None else Path(checkpoints)
        self._envs: list[gymnasium.Env[Any, Any]] = []
        self._evaluated_at = 0
        self._logged_at = 0.0
        self._curves: CurriculumLogger | None = None
        self._measured: Measurements | None = None

    def evaluate(self) -> float | None:
        """Play the test set now, report it, and give the share that is mastered; None without a mastery threshold."""
        test = self.curriculum.sample_test_tasks(student_step=self.num_timesteps)
        while len(self._envs) < min(self._eval_envs, len(test.tasks)):
            self._envs.append(CurriculumWrapper(self._make_env(), self.curriculum, self._apply))
        results = play_test_set(self.model, self._envs, test.tasks, self._eval_seed)
        evaluation = self.curriculum.report_evaluations(test, results)
        self._evaluated_at = self.num_timesteps
        if self.verbose > 0 and evaluation.mastered_share is not None:
            print(f"step {self.num_timesteps}: masters {evaluation.mastered_share:.0%} of the test set")
        return evaluation.mastered_share

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write a checkpoint now: a folder of its own within `folder`, there as a whole or not at all.

        It holds the model as `model.save` writes it (no replay buffer), the running statistics of a `VecNormalize`
        if there is one, and where the curriculum stands. See `resume`.
        """
        folder = Path(folder)
        finished = folder / f"{_PREFIX}{self.num_timesteps:012d}"
        unfinished = folder / f".{finished.name}.{os.getpid()}"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        try:
            # First the position: what is told while the model is written is not yet learned from.
            CurriculumCheckpoint.capture(self.curriculum, self.num_timesteps).save(unfinished / _CURRICULUM)
            self.model.save(unfinished / _MODEL)
            normalisation = self.model.get_vec_normalize_env()
            if normalisation is not None:
                normalisation.save(str(unfinished / _NORMALISATION))
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        for written in (*unfinished.iterdir(), unfinished):
            _sync(written)
        if finished.exists():
            shutil.rmtree(finished)
        unfinished.rename(finished)
        _sync(folder)
        return finished

    def _on_training_start(self) -> None:
        if self.curriculum.info().test_set is None:
            raise ValueError(
                f"curriculum {self.curriculum.name!r} has no test set to evaluate on: make one with test_set=..., "
                "or train without this callback"
            )
        self._curves = CurriculumLogger(self.curriculum, _LoggerWriter(self.logger))
        # A model that goes on is evaluated when it would have been.
        self._evaluated_at = self.num_timesteps - self.num_timesteps % self._eval_every

    def _on_step(self) -> bool:
        if self.num_timesteps - self._evaluated_at >= self._eval_every:
            self._evaluate_and_save()
            self._evaluated_at -= self._evaluated_at % self._eval_every
        return True

    def _on_rollout_end(self) -> None:
        # Some algorithms end a rollout with every step: the server is not asked each time.
        if time.monotonic() - self._logged_at >= _BETWEEN_LOGS_S:
            self._log()
        elif self._measured is not None:
            _LoggerWriter(self.logger).write(self.num_timesteps, self._measured)

    def _on_training_end(self) -> None:
        if self.num_timesteps > self._evaluated_at:
            self._evaluate_and_save()
        for env in self._envs:
            env.close()
        self._envs = []

    def _evaluate_and_save(self) -> None:
        self.evaluate()
        self._log()
        if self._checkpoints is not None:
            self.save(self._checkpoints)

    def _log(self) -> None:
        if self._curves is not None:
            self._measured = self._curves.log(self.num_timesteps)
            self._logged_at = time.monotonic()


def resume(checkpoint: str | os.PathLike[str], client: Client, fork_name: str | None = None) -> tuple[Curriculum, Path]:
    """The curriculum and the model of a checkpoint, to go on with together.

    The curriculum is forked at the checkpoint's position unless nothing has happened there since; see
    `magister.integrations.checkpoints`.

        curriculum, model = resume("checkpoints", client)
        model = PPO.load(model, env=SubprocVecEnv([partial(make_env, curriculum)] * 8))
        model.learn(1_000_000, callback=CurriculumCallback(curriculum, ...), reset_num_timesteps=False)

    Beside the model lies `vec_normalize.pkl` if the model was trained with `VecNormalize`; `VecNormalize.load`
    takes it.

    Args:
        checkpoint: A checkpoint's folder, or the folder of all of them: the latest is taken.
        client: Of the server that has the curriculum.
        fork_name: Name of the fork; None: one that is free.

    Raises:
        CheckpointError: If there is no checkpoint, or the server's curriculum of this name is not the checkpoint's.
    """
    path = Path(checkpoint)
    if not (path / _CURRICULUM).exists():
        found = sorted(path.glob(f"{_PREFIX}*"))
        if not found:
            raise CheckpointError(f"{path} holds no checkpoint: no {_CURRICULUM} and no folder {_PREFIX}*")
        path = found[-1]
    return CurriculumCheckpoint.load(path / _CURRICULUM).resume(client, fork_name), path / _MODEL


def play_test_set(
    model: BaseAlgorithm,
    envs: Sequence[gymnasium.Env[Any, Any]],
    tasks: Sequence[TestTask],
    seed: int = 0,
) -> list[TestResult]:
    """Play one episode on each task with a model's policy, deterministically; several environments side by side.

    Args:
        model: Whose policy plays. Observations are normalised as those that it is trained on.
        envs: At least one; each plays one task after another, as `reset(options={"task": ...})` gives it: a
            `CurriculumWrapper` takes it so for any environment.
        tasks: What to play.
        seed: Task i is reset with this plus i.
    """
    waiting = deque(tasks)
    lanes = [_Lane(env, seed) for env in envs[: len(tasks)]]
    for lane in lanes:
        lane.begin(waiting.popleft())
    normalisation = model.get_vec_normalize_env()
    state: Any = None
    results: list[TestResult] = []
    while any(lane.task is not None for lane in lanes):
        observations = _stack([lane.observation for lane in lanes])
        if normalisation is not None:
            observations = normalisation.normalize_obs(observations)
        begins = np.array([lane.is_first for lane in lanes])
        actions, state = model.predict(observations, state=state, episode_start=begins, deterministic=True)
        for lane, action in zip(lanes, actions, strict=True):
            results.extend(lane.step(action))
            if lane.task is None and waiting:
                lane.begin(waiting.popleft())
    return results


class _Lane:
    """One environment and the episode that it plays."""

    def __init__(self, env: gymnasium.Env[Any, Any], seed: int) -> None:
        self._env = env
        self._seed = seed
        self._return, self._length = 0.0, 0
        self.task: TestTask | None = None
        self.observation: Any = None
        self.is_first = True

    def begin(self, task: TestTask) -> None:
        """Begin a task's episode."""
        self.task = task
        self._return, self._length, self.is_first = 0.0, 0, True
        self.observation, _ = self._env.reset(seed=self._seed + task.index, options={"task": dict(task.parameters)})

    def step(self, action: Any) -> Iterator[TestResult]:  # noqa: ANN401 (of any action space)
        """Take a step, and give the result if it was the last one; without a task do nothing."""
        if self.task is None:
            return
        self.observation, reward, terminated, truncated, info = self._env.step(action)
        self._return += float(reward)
        self._length += 1
        self.is_first = False
        if terminated or truncated:
            success = info.get("is_success")
            yield TestResult(self.task.index, self._return, self._length, None if success is None else bool(success))
            self.task = None


class _LoggerWriter:
    """Writes into SB3's logger."""

    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def write(self, step: int, measurements: Measurements) -> None:
        for name, value in vars(measurements).items():
            if value is not None:
                self._logger.record(f"curriculum/{name}", value)

    def close(self) -> None:
        pass


def _stack(observations: Sequence[Any]) -> Any:  # noqa: ANN401 (of any observation space)
    if isinstance(observations[0], dict):
        return {key: np.stack([observation[key] for observation in observations]) for key in observations[0]}
    return np.stack(observations)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
