"""Makes the environments known to `gymnasium.make`; Gymnasium calls it by itself where the package is installed."""

from __future__ import annotations

import gymnasium

ID = "magister/BipedalWalkerTracks-v0"
"""What `gymnasium.make` and `make_vec` are called with."""


def register_environments() -> None:
    """Register the bundled environments; again changes nothing."""
    if ID not in gymnasium.registry:
        gymnasium.register(
            id=ID,
            entry_point="magister.envs.walker:BipedalWalkerTracks",
            vector_entry_point="magister.envs.vector:BipedalWalkerTracksVector",
        )
