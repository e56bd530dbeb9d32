"""A folder for the records of played episodes, and a port at which a server can come back."""

import random
import socket

import pytest


@pytest.fixture
def records(tmp_path):
    folder = tmp_path / "records"
    folder.mkdir()
    return folder


@pytest.fixture
def port():
    """Outside the range from which clients get theirs: while the server is away none of them may connect to itself."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
