"""One walker, for `gymnasium.make`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from magister import _native
from magister.envs.tracks import (
    PICTURE_PX,
    STEP_LIMIT,
    STEPS_PER_SECOND,
    check_render_mode,
    default_task,
    draw_seed,
    flat_task,
    plain_task,
    single_spaces,
    task_space,
    torques,
)

Observation = NDArray[np.float32]


class BipedalWalkerTracks(gymnasium.Env[Observation, Observation]):
    """A bipedal (or quadrupedal) walker on the track that a task describes.

    The physics are the ALP-GMM publication's, bit for bit: Box2D 2.3, 50 steps a second, at most 2,000 steps, rewards
    for the way made, less for torque, -100 for a fall.

    Observations are 24 numbers (34 of the quadrupedal walker): the hull's angle, its angular and linear velocities, for
    each leg the angles and speeds of hip and knee and whether it touches the ground, and 10 measurements of a lidar.
    Actions are torques from -1 to 1 for hip and knee of each leg.

    A task comes with `reset(options={"task": {...}})` or `set_task`, and stays until there is another; at first it is
    the middle of the publication's task space. `info["task"]` says which one is played. Episodes of one task differ by
    their seeds: in the first push, and where the task leaves the track open.

    Args:
        walker: `short`, `default` or `quadrupedal`.
        track: `flat`, `stump`, `hexagon`, `stump_sequence`, `grass` or `hardcore`.
        render_mode: None, or `rgb_array`: pictures of 400 x 600 x 3 bytes.
        step_limit: Steps after which an episode is truncated.

    Raises:
        ValueError: If there is no such walker or track.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": STEPS_PER_SECOND}  # noqa: RUF012 (Gymnasium's own)

    def __init__(
        self,
        walker: str = "default",
        track: str = "stump",
        render_mode: str | None = None,
        step_limit: int = STEP_LIMIT,
    ) -> None:
        check_render_mode(render_mode)
        self.render_mode = render_mode
        self.walker = walker
        self.track = track
        observations, actions = single_spaces(walker, step_limit)
        self._walker = _native.Walker(walker, track, step_limit)
        self.observation_space = observations  # type: ignore[assignment, unused-ignore]
        self.action_space = actions  # type: ignore[assignment, unused-ignore]
        self._observation = np.zeros(observations.shape or (), dtype=np.float32)
        self._task: dict[str, Any] = default_task(track)

    @property
    def task_space(self) -> dict[str, Any]:
        """The publication's task space on this track, as `magister.Client.curriculum` takes it."""
        return task_space(self.track)

    @property
    def task(self) -> dict[str, Any]:
        """The task of this episode, or of the next one if it was set since."""
        return plain_task(self._task)

    def set_task(self, params: Mapping[str, Any]) -> None:
        """Play this task from the next reset on, which says whether it can be built.

        Raises:
            ValueError: If something in it is no number; the task before stays.
        """
        self._task = plain_task(params)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: Of this episode and, in a row, of those after it.
            options: `{"task": {...}}` sets the task; vectors may be lists (`hexagon`) or single numbers (`hexagon[3]`).

        Returns:
            The observation, shape (24,) or (34,), float32; and `{"task": {...}}`.

        Raises:
            magister.InfeasibleTaskError: If the task's track cannot be built, or a number is beyond its range.
            ValueError: If the task names other numbers than the track's. After either the episode before goes on; a
                task in the options and a seed are forgotten.
        """
        task = plain_task((options or {}).get("task", self._task))
        before = self._np_random, getattr(self, "_np_random_seed", None)
        super().reset(seed=seed)
        try:
            self._walker.reset(draw_seed(self.np_random), flat_task(task), self._observation)
        except ValueError:
            if seed is not None:
                self._np_random, self._np_random_seed = before
            raise
        self._task = task
        return self._observation.copy(), {"task": plain_task(task)}

    def step(self, action: NDArray[Any]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take a step.

        Args:
            action: Torques, shape (4,) or (8,); beyond -1 to 1 they count as that.

        Raises:
            ValueError: If the action has another shape or is not finite, or the episode is over.
        """
        numbers = torques(action, self.action_space.shape or (), "the action")
        reward, terminated, truncated = self._walker.step(numbers, self._observation)
        return self._observation.copy(), reward, terminated, truncated, {}

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override, unused-ignore]
        """A picture of the moment, 400 x 600 x 3; None without `render_mode="rgb_array"`."""
        if self.render_mode is None:
            gymnasium.logger.warn('there is nothing to render: make the environment with render_mode="rgb_array"')
            return None
        width, height = PICTURE_PX
        return self._walker.picture(width, height).reshape(height, width, 3)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_walker": self._walker.snapshot()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._walker = _native.Walker.restore(state["_walker"])
