"""A server of its own for each test that asks for one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import magister

GREETING = "magister listens at "
PATIENCE_S = 30


class Server:
    """`magister serve` on one folder; started again, it keeps its port."""

    def __init__(self, folder: Path, *flags: str, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.flags = flags
        self.environment = {**os.environ, **(environment or {})}
        self.listen = "127.0.0.1:0"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "magister", "serve", "--data", str(self.folder), "--listen", self.listen]
        self.process = subprocess.Popen(
            [*command, *self.flags], stdout=subprocess.PIPE, text=True, env=self.environment
        )
        assert self.process.stdout is not None
        greeting = self.process.stdout.readline().strip()
        assert greeting.startswith(GREETING), greeting
        self.address = greeting.removeprefix(GREETING)
        self.listen = self.address.split("://")[1]

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(timeout=PATIENCE_S)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    yield server
    if server.process.poll() is None:
        server.kill()


@pytest.fixture
def client(server: Server) -> magister.Client:
    return magister.connect(server.address)


@pytest.fixture
def curriculum(client: magister.Client) -> magister.Curriculum:
    return client.curriculum("walker", space={"height": (0.0, 3.0)})
