"""A server of one's own, for as long as a program runs."""

from __future__ import annotations

import atexit
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from typing import IO, Any

from magister.client import Client, connect
from magister.errors import MagisterError

_GREETING = "magister listens at "
_DASHBOARD = "see them at "
_STARTING_S = 60.0
_STOPPING_S = 30.0
_DASHBOARD_S = 5.0
_QUOTED_CHARACTERS = 2000


class LocalTeacher:
    """A `magister serve` of one's own on a free port of this machine.

    It is ready when the constructor returns, and ends with `stop`, the end of a `with` block, or this process, however
    that ends: it watches a pipe whose other end this process holds. Processes that Python forks let go of that end at
    once, and programs that are started do not get it, so workers that outlive this process do not keep the server.

        with magister.LocalTeacher() as teacher:
            curriculum = teacher.connect().curriculum("walker", space={"height": (0.0, 3.0)})

    Args:
        data: Folder that keeps the curricula; made if it is not there. None: a temporary one, which goes at the end.
        port: Where to listen on 127.0.0.1; 0 takes a free port.
        flags: Further flags of `magister serve`.

    Raises:
        MagisterError: If the server does not start; the message quotes what it said.
    """

    def __init__(self, data: str | Path | None = None, *, port: int = 0, flags: tuple[str, ...] = ()) -> None:
        self._owner = os.getpid()
        self._keeps_data = data is not None
        self._data = Path(tempfile.mkdtemp(prefix="magister-") if data is None else data)
        self._flags = flags
        self._port = port
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()
        self._dashboard: str | None = None
        self._held_end: int | None = None
        self._log = tempfile.TemporaryFile(prefix="magister-", suffix=".log")  # noqa: SIM115
        self.address = ""
        """Where it listens, such as `http://127.0.0.1:40123`."""
        _TEACHERS.add(self)
        try:
            self.start()
        except BaseException:
            self.kill()
            self._tidy_up()
            raise
        atexit.register(self.stop)

    def connect(self, **options: Any) -> Client:  # noqa: ANN401 (those of magister.connect)
        """Connect to it; options are those of `magister.connect`."""
        return connect(self.address, **options)

    @property
    def dashboard(self) -> str:
        """Address of its web page, with the token that opens it; empty where the settings leave the page out."""
        while self._dashboard is None:
            try:
                line = self._lines.get(timeout=_DASHBOARD_S)
            except queue.Empty:
                line = ""
            if not line or line.startswith(_DASHBOARD):
                self._dashboard = line.removeprefix(_DASHBOARD).strip()
        return self._dashboard

    def start(self) -> None:
        """Start it again after `kill`, on the same port and folder; nothing if it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        listen = f"127.0.0.1:{self._port}"
        command = [sys.executable, "-m", "magister", "serve", "--until-stdin-ends", "--listen", listen]
        # Not subprocess.PIPE: of a bare descriptor a forked child can let go, whatever other threads were doing.
        watched_end, self._held_end = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*command, "--data", str(self._data), *self._flags],
                stdin=watched_end,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
                # An interrupt at the keyboard is for this process, which may have something left to tell.
                start_new_session=True,
            )
        finally:
            os.close(watched_end)
        greeting = self._first_line(self._process)
        if not greeting.startswith(_GREETING):
            self.kill()
            said = self.log()[-_QUOTED_CHARACTERS:].strip() or "it said nothing"
            raise MagisterError(f"the server did not start ({' '.join(command)}): {said}")
        self.address = greeting.removeprefix(_GREETING).strip()
        self._port = int(self.address.rsplit(":", 1)[1])

    def stop(self) -> None:
        """Let it finish the calls under way and end it; nothing if it has ended, or was started by another process."""
        if os.getpid() != self._owner:
            return
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOPPING_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._reap()
        self._tidy_up()

    def kill(self) -> None:
        """End it as a power cut would. What it acknowledged is on disk; `start` goes on from there.

        Nothing if it has ended, or was started by another process.
        """
        if os.getpid() != self._owner:
            return
        if self._process is not None:
            self._process.kill()
        self._reap()

    def log(self) -> str:
        """What it has written to its log."""
        # Its place in the file is the server's too: reading by position leaves it where the server goes on writing.
        descriptor = self._log.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")

    def __enter__(self) -> LocalTeacher:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<magister.LocalTeacher {self.address}>"

    def _first_line(self, process: subprocess.Popen[str]) -> str:
        self._lines, self._dashboard = queue.Queue(), None
        # Whatever is printed later is read too, or the server would wait for room in the pipe.
        reading = threading.Thread(target=_read_lines, args=(process.stdout, self._lines), daemon=True)
        reading.start()
        try:
            return self._lines.get(timeout=_STARTING_S)
        except queue.Empty:
            return ""

    def _reap(self) -> None:
        if self._process is not None:
            self._process.wait()
            self._process = None
        self._let_go()

    def _let_go(self) -> None:
        """Close this process's end of the pipe that the server watches."""
        if self._held_end is not None:
            os.close(self._held_end)
            self._held_end = None

    def _tidy_up(self) -> None:
        atexit.unregister(self.stop)
        self._log.close()
        if not self._keeps_data:
            shutil.rmtree(self._data, ignore_errors=True)


_TEACHERS: weakref.WeakSet[LocalTeacher] = weakref.WeakSet()


def _let_go_in_child() -> None:
    for teacher in list(_TEACHERS):
        teacher._let_go()


os.register_at_fork(after_in_child=_let_go_in_child)


def _read_lines(stream: IO[str] | None, lines: queue.Queue[str]) -> None:
    if stream is not None:
        with stream:
            for line in stream:
                lines.put(line)
    lines.put("")
