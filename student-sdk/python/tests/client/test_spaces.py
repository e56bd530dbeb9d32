"""Task spaces, from dicts and from Gymnasium's."""

from __future__ import annotations

import numpy as np
import pytest

import magister
from magister.spaces import dimensions

gymnasium = pytest.importorskip("gymnasium")
spaces = gymnasium.spaces


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        ({"a": (0, 3)}, [{"kind": "continuous", "low": 0.0, "high": 3.0, "name": "a"}]),
        ({"a": [0.0, 3.0]}, [{"kind": "continuous", "low": 0.0, "high": 3.0, "name": "a"}]),
        ({"a": range(2, 5)}, [{"kind": "integer", "low": 2, "high": 4, "name": "a"}]),
        ({"a": ["x", "y"]}, [{"kind": "categorical", "categories": ["x", "y"], "name": "a"}]),
        (
            {"a": magister.LogScaled(1e-3, 1, size=2, distance_scale=0.5)},
            [{"kind": "log_scaled", "low": 1e-3, "high": 1.0, "size": 2, "name": "a", "distance_scale": 0.5}],
        ),
        (
            spaces.Dict({"b": spaces.Box(0, 1, shape=(), dtype=np.float64), "a": spaces.Discrete(3, start=2)}),
            [
                {"kind": "continuous", "low": 0.0, "high": 1.0, "name": "b"},
                {"kind": "integer", "low": 2, "high": 4, "name": "a"},
            ],
        ),
        (spaces.Box(-1, 1, shape=(3,)), [{"kind": "continuous", "low": -1.0, "high": 1.0, "size": 3, "name": "task"}]),
        (spaces.MultiDiscrete([4, 4]), [{"kind": "integer", "low": 0, "high": 3, "size": 2, "name": "task"}]),
        ({"a": spaces.Box(0, 9, shape=(), dtype=int)}, [{"kind": "integer", "low": 0, "high": 9, "name": "a"}]),
    ],
)
def test_what_becomes_of_a_space(space, expected):
    found = dimensions(space)
    key = lambda dimension: dimension["name"]
    assert sorted(found, key=key) == sorted(expected, key=key)


@pytest.mark.parametrize(
    ("space", "error", "message"),
    [
        ([("a", 0, 1)], TypeError, "a task space is a dict such as"),
        ({"a": 3}, TypeError, r"dimension 'a': give \(low, high\)"),
        ({"a": (0, 1, 2)}, TypeError, "dimension 'a'"),
        ({"a": (False, True)}, TypeError, "dimension 'a'"),
        ({"a": "name"}, TypeError, "dimension 'a'"),
        ({"a": range(0, 9, 2)}, ValueError, "steps of 1"),
        ({"a": range(3, 3)}, ValueError, "hold something"),
        (spaces.Box(-np.inf, np.inf, shape=(2,)), ValueError, "must be finite"),
        (spaces.Box(np.array([0.0, 1.0]), np.array([2.0, 2.0])), ValueError, "bounds of a Box must be alike"),
        (spaces.MultiDiscrete([3, 4]), ValueError, "must be alike"),
        (spaces.Tuple([spaces.Discrete(2)]), TypeError, "Tuple is none of"),
    ],
)
def test_what_is_no_space(space, error, message):
    with pytest.raises(error, match=message):
        dimensions(space)


def test_a_gymnasium_space_on_a_server(client):
    space = spaces.Dict({"height": spaces.Box(0, 3, shape=(), dtype=np.float32), "shape": spaces.Box(0, 4, shape=(2,))})
    task = client.curriculum("spaces", space=space).ask()
    assert isinstance(task.params["height"], float)
    assert len(task.params["shape"]) == 2
