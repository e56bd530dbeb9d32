"""The bundled environments: bipedal walkers on parametric tracks, on the physics of the ALP-GMM publication.

`gymnasium.make("magister/BipedalWalkerTracks-v0", walker="default", track="stump")` makes one,
`gymnasium.make_vec` with `vectorization_mode="vector_entry_point"` many that are stepped together.
"""

from magister.envs.tracks import TRACKS, WALKERS, TrackParameter, task_space, track_parameters
from magister.envs.vector import BipedalWalkerTracksVector
from magister.envs.walker import BipedalWalkerTracks
from magister.registration import register_environments

__all__ = [
    "TRACKS",
    "WALKERS",
    "BipedalWalkerTracks",
    "BipedalWalkerTracksVector",
    "TrackParameter",
    "register_environments",
    "task_space",
    "track_parameters",
]

register_environments()
