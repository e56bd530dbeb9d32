"""A server of its own for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import magister


@pytest.fixture
def server(tmp_path: Path) -> Iterator[magister.LocalTeacher]:
    with magister.LocalTeacher(tmp_path / "data") as server:
        yield server


@pytest.fixture
def client(server: magister.LocalTeacher) -> magister.Client:
    return server.connect()


@pytest.fixture
def curriculum(client: magister.Client) -> magister.Curriculum:
    return client.curriculum("walker", space={"height": (0.0, 3.0)})
