"""Every example runs as it is, with small sizes, and ends by saying what the curriculum learned."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name, *options, timeout_s=300):
    ran = subprocess.run(
        [sys.executable, EXAMPLES / name, *map(str, options)], stdout=subprocess.PIPE, text=True, timeout=timeout_s
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def test_cleanrl(server, client):
    said = run("cleanrl_ppo.py", "--server", server.address, "--updates", 2, "--rollout", 256)
    episodes = int(re.search(r"^(\d+) episodes; mean ALP", said, re.MULTILINE).group(1))
    assert 0 < episodes <= client.curriculum("walker-cleanrl").info().episodes


def test_sb3_trains_and_goes_on_from_its_checkpoint(tmp_path):
    options = ["--data", tmp_path / "data", "--checkpoints", tmp_path / "checkpoints", "--test-tasks", 3]
    sizes = ["--steps", 2_000, "--envs", 2, "--rollout", 256, "--eval-every", 1_500]
    assert re.search(
        r"^walker-sb3: \d+ episodes in 2048 steps, \d+% mastered$", run("sb3_ppo.py", *options, *sizes), re.M
    )
    assert re.search(r"^walker-sb3\S*: \d+ episodes in 4096 steps", run("sb3_ppo.py", *options, *sizes), re.M)


def test_ray_on_one_machine():
    said = run("ray_workers.py", "--workers", 2, "--updates", 10)
    assert int(re.search(r"^(\d+) episodes; mean ALP", said, re.MULTILINE).group(1)) >= 10


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_it_can_be_read_in_one_go(path):
    assert len(path.read_text().splitlines()) <= 60
