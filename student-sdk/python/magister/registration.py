"""Makes the bundled environments known to `gymnasium.make`; Gymnasium calls it where the package is installed.

It does so while it is being imported itself: nothing may be imported here that needs all of it.
"""

from __future__ import annotations

from gymnasium.envs.registration import register, registry

ID = "magister/BipedalWalkerTracks-v0"
"""What `gymnasium.make` and `make_vec` are called with."""


def register_environments() -> None:
    """Register the bundled environments; again changes nothing."""
    if ID not in registry:
        register(
            id=ID,
            entry_point="magister.envs.walker:BipedalWalkerTracks",
            vector_entry_point="magister.envs.vector:BipedalWalkerTracksVector",
        )
