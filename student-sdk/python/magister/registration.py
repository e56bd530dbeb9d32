"""Makes the bundled environments known to `gymnasium.make`.

Gymnasium 0.29 calls it by itself where the package is installed, while it is being imported: nothing may be imported
here that needs all of it. Later releases leave it to `import magister` after `import gymnasium`, or to
`import magister.envs`.
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
