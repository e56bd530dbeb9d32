"""Policies that `magister train` learned.

A policy is a safetensors file that `docs/policy-format.md` describes. This reads it with numpy alone:

    policy = magister.Policy.load("runs/stump-tracks-default-alp-gmm-1/policy.safetensors")
    action = policy(observation)
"""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FORMAT = 1
_DESCRIPTION = "magister_policy"


class Policy:
    """A learned policy: calling it with observations gives the actions that it holds for best.

    Attributes:
        walker: The walker that it was learned with, such as `"default"`.
        environment: The tracks that it was learned on, such as `"stump-tracks"`.
        steps: The environment steps that it was learned from.
        tensors: All arrays of its file, by name: for those who go on from them in a framework of their own.
    """

    walker: str
    environment: str
    steps: int
    tensors: dict[str, NDArray[np.float32]]

    def __init__(self, description: dict[str, Any], tensors: dict[str, NDArray[np.float32]]) -> None:
        if description["format"] != FORMAT:
            raise ValueError(f"the policy's format is {description['format']}, and this release knows {FORMAT}")
        if description["activation"] != "tanh":
            raise ValueError(f"the policy's activation is {description['activation']!r}, and this release knows 'tanh'")
        self.walker = description["walker"]
        self.environment = description["environment"]
        self.steps = description["steps"]
        self.tensors = tensors
        self._clip = description["observation_clip"]
        self._mean = tensors["observation.mean"]
        variance = tensors["observation.variance"].astype(np.float64)
        self._factor = (1.0 / np.sqrt(variance + description["variance_epsilon"])).astype(np.float32)
        count = sum(name.startswith("policy.") and name.endswith(".weight") for name in tensors)
        self._layers = [(tensors[f"policy.{n}.weight"], tensors[f"policy.{n}.bias"]) for n in range(count)]

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Policy:
        """Reads a policy.

        Args:
            path: The file.

        Raises:
            OSError: If it cannot be read.
            ValueError: If it is no policy, or one of a format that this release does not know.
        """
        data = Path(path).read_bytes()
        try:
            (size,) = struct.unpack_from("<Q", data)
            header = json.loads(data[8 : 8 + size])
            description = json.loads(header.pop("__metadata__")[_DESCRIPTION])
            tensors = {}
            for name, entry in header.items():
                if entry["dtype"] != "F32":
                    raise ValueError(f"{name} holds {entry['dtype']}")
                begin, end = entry["data_offsets"]
                values = np.frombuffer(data[8 + size + begin : 8 + size + end], dtype="<f4")
                tensors[name] = values.reshape(entry["shape"])
            return cls(description, tensors)
        except (struct.error, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{os.fspath(path)} is no policy: {error}") from error

    def __call__(self, observation: ArrayLike) -> NDArray[np.float32]:
        """Chooses an action.

        Args:
            observation: One observation as the environment gives it, or many in rows.

        Returns:
            The torques, one row for each row of observations. The environments cut off what exceeds -1 and 1.
        """
        values = np.asarray(observation, dtype=np.float32)
        values = np.clip((values - self._mean) * self._factor, -self._clip, self._clip)
        *hidden, (weight, bias) = self._layers
        for hidden_weight, hidden_bias in hidden:
            values = np.tanh(values @ hidden_weight.T + hidden_bias)
        action: NDArray[np.float32] = values @ weight.T + bias
        return action

    def __repr__(self) -> str:
        return f"Policy(walker={self.walker!r}, environment={self.environment!r}, steps={self.steps})"
