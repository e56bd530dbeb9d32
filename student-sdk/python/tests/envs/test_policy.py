"""Learned policies, against what the learner itself makes of the same file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import magister

LEARNED = Path(__file__).parents[3] / "learner" / "tests" / "learned"


def test_a_policy_acts_as_the_learner_says():
    policy = magister.Policy.load(LEARNED / "policy.safetensors")
    assert (policy.walker, policy.environment) == ("default", "stump-tracks")
    assert policy.steps > 19_000_000
    expected = json.loads((LEARNED / "actions.json").read_text())
    rows = policy(expected["observations"])
    np.testing.assert_allclose(rows, expected["actions"], atol=1e-4)
    np.testing.assert_allclose(policy(expected["observations"][3]), expected["actions"][3], atol=1e-4)
    assert rows.dtype == np.float32


def test_a_policy_walks():
    gymnasium = pytest.importorskip("gymnasium")
    policy = magister.Policy.load(LEARNED / "policy.safetensors")
    env = gymnasium.make("magister/BipedalWalkerTracks-v0", walker=policy.walker, track="stump")
    observation, _ = env.reset(seed=1, options={"task": {"stump_height": 0.4, "obstacle_spacing": 4.0}})
    total, over = 0.0, False
    while not over:
        observation, reward, terminated, truncated, _ = env.step(policy(observation))
        total += reward
        over = terminated or truncated
    assert total > 230, "it is mastered"


@pytest.mark.parametrize("change", [b"", b"no policy", "truncated", "format", "other"])
def test_what_is_no_policy_is_refused(tmp_path, change):
    data = (LEARNED / "policy.safetensors").read_bytes()
    changed = {
        "truncated": data[:-4],
        "format": data.replace(b'format\\":1', b'format\\":2'),
        "other": data.replace(b"magister_policy", b"somebody_elses_"),
    }
    path = tmp_path / "policy.safetensors"
    path.write_bytes(changed.get(change, change) if isinstance(change, str) else change)
    with pytest.raises(ValueError, match="is no policy"):
        magister.Policy.load(path)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(FileNotFoundError):
        magister.Policy.load(tmp_path / "none.safetensors")
