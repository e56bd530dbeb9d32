"""The example of plain numpy runs as it is, and its student learns."""

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "numpy_student.py"


def test_it_learns(server, client):
    ran = subprocess.run(
        [sys.executable, EXAMPLE, "--server", server.address, "--steps", "300"],
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    )
    shares = [int(share) for share in re.findall(r"masters (\d+)% of the test set", ran.stdout)]
    assert len(shares) == 6
    assert shares[0] < 50 < shares[-1], "little of the test set at first, most of it in the end"
    assert "2400 episodes; the teacher now samples from" in ran.stdout
    curriculum = client.curriculum("numpy-cart")
    assert curriculum.mastery().mastered_share == shares[-1] / 100
    assert len(EXAMPLE.read_text().splitlines()) <= 60
