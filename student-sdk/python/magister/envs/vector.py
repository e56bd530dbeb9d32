"""Many walkers that are stepped together, for `gymnasium.make_vec`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector.utils import batch_space
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
from magister.errors import InfeasibleTaskError

# Gymnasium says how it resets since 1.1; before, 0.29 did in the same step and 1.0 in the next.
_AutoresetMode: Any = getattr(gymnasium.vector, "AutoresetMode", None)
_OF_OLD = gymnasium.__version__.startswith("0.")

_MODES = {"NextStep": "next_step", "SameStep": "same_step", "Disabled": "disabled"}
_SEEDS_TRIED = 100


class BipedalWalkerTracksVector(gymnasium.vector.VectorEnv):  # type: ignore[misc, type-arg, unused-ignore]
    """Many walkers of one kind, on a track each, stepped together in the processor's lanes.

    Walker i does what `BipedalWalkerTracks` would do with seed `seed + i`, bit for bit, and results have the format of
    `SyncVectorEnv`. Each walker has a task of its own: `set_task(index, params)` takes effect with its next episode,
    `reset(options={"task": ...})` at once.

    `episode_returns` (float64) and `episode_lengths` (uint32) hold what each walker's episode has brought so far, or in
    the end where its last step was the last one.

    Args:
        num_envs: How many walkers.
        walker: `short`, `default` or `quadrupedal`.
        track: `flat`, `stump`, `hexagon`, `stump_sequence`, `grass` or `hardcore`.
        render_mode: None, or `rgb_array`.
        step_limit: Steps after which an episode is truncated.
        autoreset_mode: As `SyncVectorEnv`'s: `NEXT_STEP`, `SAME_STEP` or `DISABLED`; the release's default.
        copy: Whether `reset` and `step` return copies. Without, they return the environment's own arrays, which the
            next step overwrites.
        threads: Threads that step the walkers, the caller's included. More than one do not survive fork.
        max_episode_steps: The same as `step_limit`, by the name that `gymnasium.make_vec` has for it.

    Raises:
        ValueError: If there is no such walker, track or mode.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": STEPS_PER_SECOND}  # noqa: RUF012 (Gymnasium's own)

    def __init__(
        self,
        num_envs: int = 1,
        walker: str = "default",
        track: str = "stump",
        render_mode: str | None = None,
        step_limit: int = STEP_LIMIT,
        autoreset_mode: Any = None,  # noqa: ANN401 (an enum that not every release has)
        copy: bool = True,
        threads: int = 1,
        max_episode_steps: int | None = None,
    ) -> None:
        step_limit = step_limit if max_episode_steps is None else max_episode_steps
        if num_envs < 1:
            raise ValueError(f"num_envs={num_envs!r}: a vector environment needs at least one walker")
        check_render_mode(render_mode)
        single_observations, single_actions = single_spaces(walker, step_limit)
        if _OF_OLD:
            super().__init__(num_envs, single_observations, single_actions)  # type: ignore[call-arg, unused-ignore]
        else:
            self.num_envs = num_envs
            self.single_observation_space, self.single_action_space = single_observations, single_actions
            self.observation_space = batch_space(single_observations, num_envs)
            self.action_space = batch_space(single_actions, num_envs)
        self._mode = _mode(autoreset_mode)
        self.metadata = dict(type(self).metadata)
        if _AutoresetMode is not None:
            self.metadata["autoreset_mode"] = _AutoresetMode(
                next(name for name, mode in _MODES.items() if mode == self._mode)
            )
        self.render_mode = render_mode
        self.walker = walker
        self.track = track
        self.copy = copy
        self._walkers = _native.Walkers(walker, track, step_limit, num_envs, threads, self._mode)
        shape = (num_envs, *(single_observations.shape or ()))
        self._observations = np.zeros(shape, dtype=np.float32)
        self._final_observations = np.zeros(shape, dtype=np.float32)
        self._rewards = np.zeros(num_envs)
        self._terminated = np.zeros(num_envs, dtype=np.bool_)
        self._truncated = np.zeros(num_envs, dtype=np.bool_)
        self.episode_returns = np.zeros(num_envs)
        self.episode_lengths = np.zeros(num_envs, dtype=np.uint32)
        self._tasks: list[dict[str, Any]] = [default_task(track)] * num_envs
        self._playing: list[dict[str, Any]] = list(self._tasks)
        self._generators: list[np.random.Generator | None] = [None] * num_envs
        self._seeds: list[int | None] = [None] * num_envs
        # Walkers whose next episode is not queued yet.
        self._open: set[int] = set()
        self._ended = np.zeros(num_envs, dtype=np.bool_)

    @property
    def task_space(self) -> dict[str, Any]:
        """The publication's task space on this track, as `magister.Client.curriculum` takes it."""
        return task_space(self.track)

    def set_task(self, index: int, params: Mapping[str, Any]) -> None:
        """Let walker `index` play a task from its next episode on.

        Raises:
            magister.InfeasibleTaskError: If its track cannot be built; the walker keeps the task it had.
            ValueError: If it names other numbers than the track's, or beyond their ranges.
            IndexError: If there is no such walker.
        """
        if not 0 <= index < self.num_envs:
            raise IndexError(f"there is no walker {index}: there are {self.num_envs}, from 0")
        task = plain_task(params)
        self._walkers.queue(index, self._next_seed(index), flat_task(task))
        self._tasks[index] = task
        self._open.discard(index)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode everywhere, or where `options["reset_mask"]` is True.

        Args:
            seed: One number, of which walker i takes seed + i; or one for each. Walkers that are not reset keep theirs.
            options: `{"task": {...}}` for all, `{"task": [{...}, ...]}` for each; `{"reset_mask": array of bool}`.

        Returns:
            Observations, shape (num_envs, 24 or 34), float32; and infos with the tasks.

        Raises:
            magister.InfeasibleTaskError: If a track cannot be built.
            ValueError: If a task, a seed or the mask cannot be read. After either nothing has changed.
        """
        options = options or {}
        chosen = self._chosen(options.get("reset_mask"))
        tasks = self._given_tasks(options["task"]) if "task" in options else list(self._tasks)
        before = self._generators.copy(), self._seeds.copy()
        self._seed(seed, chosen)
        try:
            assignments = [
                (self._next_seed(index), flat_task(tasks[index])) if index in chosen else None
                for index in range(self.num_envs)
            ]
            self._walkers.reset(assignments, self._observations)
        except ValueError:
            if seed is not None:
                self._generators, self._seeds = before
            raise
        infos: dict[str, Any] = {}
        for index in sorted(chosen):
            self._tasks[index] = tasks[index]
            infos = self._began(index, infos)
        self._ended[list(chosen)] = False
        return self._given(self._observations), infos

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Take a step in every walker.

        Args:
            actions: Torques, shape (num_envs, 4 or 8); taken without a copy if they are float32 and contiguous.

        Raises:
            ValueError: If the actions have another shape or are not finite, or nothing was reset yet.
        """
        numbers = torques(actions, self.action_space.shape or (), "the array of actions")
        if self._mode == "disabled" and self._ended.any():
            raise ValueError(
                f"the episodes of walkers {np.flatnonzero(self._ended).tolist()} are over: reset them first"
            )
        for index in sorted(self._open):
            self._queue(index)
        begin = self._ended
        self._walkers.step(
            numbers,
            self._observations,
            self._rewards,
            self._terminated,
            self._truncated,
            self.episode_returns,
            self.episode_lengths,
            self._final_observations,
        )
        infos: dict[str, Any] = {}
        if self._mode == "next_step" and begin.any():
            for index in np.flatnonzero(begin).tolist():
                infos = self._began(index, infos)
        self._ended = self._terminated | self._truncated
        if self._mode == "next_step":
            # Queued when it is known that nobody sets another: before the next step.
            self._open.update(np.flatnonzero(self._ended).tolist())
        elif self._mode == "same_step" and self._ended.any():
            for index in np.flatnonzero(self._ended).tolist():
                infos = self._ended_and_began(index, infos)
        results = (self._rewards, self._terminated, self._truncated)
        rewards, terminated, truncated = (self._given(result) for result in results)
        return self._given(self._observations), rewards, terminated, truncated, infos

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """A picture of each walker, 400 x 600 x 3."""
        if self.render_mode is None:
            return None
        width, height = PICTURE_PX
        return tuple(
            self._walkers.picture(index, width, height).reshape(height, width, 3) for index in range(self.num_envs)
        )

    def close_extras(self, **kwargs: Any) -> None:  # noqa: ANN401 (Gymnasium's own)
        """Nothing that must be done."""

    def _chosen(self, mask: object) -> set[int]:
        if mask is None:
            return set(range(self.num_envs))
        if not isinstance(mask, np.ndarray) or mask.shape != (self.num_envs,) or mask.dtype != np.bool_:
            raise ValueError(f'options["reset_mask"] must be an array of {self.num_envs} bools, not {mask!r}')
        if not mask.any():
            raise ValueError('options["reset_mask"] must be True somewhere')
        return set(np.flatnonzero(mask).tolist())

    def _given_tasks(self, given: object) -> list[dict[str, Any]]:
        if isinstance(given, Mapping):
            return [plain_task(given) for _ in range(self.num_envs)]
        if not isinstance(given, (list, tuple)):
            raise ValueError(f'options["task"] is a task, or a list of one for each walker, not {given!r}')
        if len(given) != self.num_envs:
            raise ValueError(f'options["task"] has {len(given)} tasks for {self.num_envs} walkers')
        return [plain_task(task) for task in given]

    def _seed(self, seed: int | Sequence[int | None] | None, chosen: set[int]) -> None:
        """Seed the generators of these walkers, all of them or, after an error, none."""
        if isinstance(seed, (int, np.integer)):
            seed = [int(seed) + index for index in range(self.num_envs)]
        seeds: Sequence[int | None] = [None] * self.num_envs if seed is None else seed
        if len(seeds) != self.num_envs:
            raise ValueError(f"there are {len(seeds)} seeds for {self.num_envs} walkers")
        generators = {
            index: gymnasium.utils.seeding.np_random(one)[0]
            for index, one in enumerate(seeds)
            if one is not None and index in chosen
        }
        for index, generator in generators.items():
            self._generators[index] = generator
            self._seeds[index] = None

    def _next_seed(self, index: int) -> int:
        """The seed of a walker's next episode, drawn once."""
        seed = self._seeds[index]
        if seed is None:
            generator = self._generators[index]
            if generator is None:
                generator, _ = gymnasium.utils.seeding.np_random(None)
                self._generators[index] = generator
            seed = draw_seed(generator)
            self._seeds[index] = seed
        return seed

    def _queue(self, index: int) -> None:
        """Let a walker play its task again, with the seed that is next."""
        for _ in range(_SEEDS_TRIED):
            try:
                self._walkers.queue(index, self._next_seed(index), flat_task(self._tasks[index]))
            except InfeasibleTaskError:
                # Where a track is drawn at random, another seed may give one that can be built.
                self._seeds[index] = None
                continue
            self._open.discard(index)
            return
        raise InfeasibleTaskError(f"{_SEEDS_TRIED} tracks of the task {self._tasks[index]} could not be built")

    def _began(self, index: int, infos: dict[str, Any]) -> dict[str, Any]:
        self._seeds[index] = None
        if self._mode == "same_step":
            self._open.add(index)
        self._playing[index] = self._tasks[index]
        written: dict[str, Any] = self._add_info(infos, {"task": plain_task(self._playing[index])}, index)
        return written

    def _ended_and_began(self, index: int, infos: dict[str, Any]) -> dict[str, Any]:
        final = self._final_observations[index].copy()
        if _OF_OLD:
            infos = self._add_info(infos, {"final_observation": final, "final_info": {}}, index)
        else:
            infos = self._add_info(infos, {"final_obs": final, "final_info": {}}, index)
        return self._began(index, infos)

    def _given(self, array: NDArray[Any]) -> NDArray[Any]:
        return array.copy() if self.copy else array


def _mode(autoreset_mode: object) -> str:
    if autoreset_mode is None:
        return "same_step" if _OF_OLD else "next_step"
    value = getattr(autoreset_mode, "value", autoreset_mode)
    name = str(getattr(autoreset_mode, "name", autoreset_mode)).lower()
    mode = _MODES.get(str(value), name)
    if mode not in _MODES.values():
        raise ValueError(f"autoreset_mode={autoreset_mode!r}: give one of NEXT_STEP, SAME_STEP, DISABLED")
    return mode
