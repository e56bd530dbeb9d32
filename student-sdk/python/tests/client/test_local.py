"""A server of one's own: it starts, says why if not, and never stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

import magister


def gone(address: str) -> bool:
    """Whether the server has ended, within a generous while."""
    for _ in range(300):
        try:
            magister.connect(address)
        except magister.ConnectError:
            return True
        time.sleep(0.1)
    return False


def test_its_folder_keeps_the_curricula(tmp_path):
    folder = tmp_path / "new" / "data"
    with magister.LocalTeacher(folder) as teacher:
        teacher.connect().curriculum("walker", space={"height": (0, 3)}).ask()
    assert gone(teacher.address)
    with magister.LocalTeacher(folder) as teacher:
        assert teacher.connect().curriculum("walker").info().tasks == 1


def test_a_temporary_folder_goes():
    with magister.LocalTeacher() as teacher:
        folder = teacher._data
        teacher.connect().curriculum("walker", space={"height": (0, 3)})
        assert list(folder.iterdir())
    assert not folder.exists()
    teacher.stop()


def test_killed_it_starts_again_where_it_was(tmp_path):
    with magister.LocalTeacher(tmp_path) as teacher:
        address = teacher.address
        curriculum = teacher.connect().curriculum("walker", space={"height": (0, 3)})
        task = curriculum.ask()
        teacher.kill()
        teacher.start()
        teacher.start()
        assert teacher.address == address
        assert curriculum.tell(task, 1.0).episode == 1


def test_its_dashboard_can_be_opened(tmp_path):
    with magister.LocalTeacher(tmp_path) as teacher:
        first = teacher.dashboard
        with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(first, timeout=30) as page:
            assert page.url == teacher.address + "/"
            assert "<title>Magister</title>" in page.read().decode()
        teacher.kill()
        teacher.start()
        assert teacher.dashboard == first
    with magister.LocalTeacher(flags=("--no-dashboard",)) as teacher:
        assert teacher.dashboard == ""


def test_why_it_did_not_start(tmp_path):
    file = tmp_path / "file"
    file.write_text("no folder")
    with pytest.raises(magister.MagisterError, match=r"did not start.*file"):
        magister.LocalTeacher(file)
    with magister.LocalTeacher() as teacher, pytest.raises(magister.MagisterError, match="in use"):
        magister.LocalTeacher(port=int(teacher.address.rsplit(":", 1)[1]))


@pytest.mark.parametrize("ending", ["raise SystemExit(3)", "import os; os.kill(os.getpid(), 9)", "teacher.start()"])
def test_it_ends_with_its_process(ending, tmp_path):
    program = tmp_path / "program.py"
    start = "import magister\nteacher = magister.LocalTeacher()\nprint(teacher.address, flush=True)\n"
    program.write_text(f"{start}{ending}\n")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("http://127.0.0.1:")
    assert gone(done.stdout.strip())


def test_a_child_that_ends_leaves_it_alone():
    with magister.LocalTeacher() as teacher:
        child = os.fork()
        if child == 0:
            try:
                teacher.stop()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert teacher.connect().list() == []


WORKERS = """
import multiprocessing, os, sys, time
import magister

if __name__ == "__main__":
    teacher = magister.LocalTeacher()
    worker = multiprocessing.get_context(sys.argv[1]).Process(target=time.sleep, args=(600,))
    worker.start()
    print(teacher.address, worker.pid, flush=True)
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_workers_that_outlive_a_killed_process_do_not_keep_it(method, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(WORKERS)
    # Not through pipes: the worker would hold them, and their end would never come.
    with (tmp_path / "said").open("w+") as said:
        code = subprocess.run([sys.executable, str(program), method], stdout=said, timeout=60).returncode
        said.seek(0)
        address, worker = said.read().split()
    assert code == -signal.SIGKILL
    try:
        os.kill(int(worker), 0)
        assert gone(address)
        os.kill(int(worker), 0)
    finally:
        os.kill(int(worker), signal.SIGKILL)


def test_reading_its_log_loses_nothing_of_it():
    with magister.LocalTeacher(flags=("--log", "trace")) as teacher:
        client = teacher.connect()
        making = threading.Thread(
            target=lambda: [client.curriculum(f"walker-{number}", space={"height": (0, 3)}) for number in range(20)],
            # Should the reading fail, it would go on calling a server that is gone.
            daemon=True,
        )
        making.start()
        seen = ""
        while making.is_alive():
            now = teacher.log()
            assert now.startswith(seen)
            seen = now
        making.join()
        assert seen


def test_the_command_says_with_its_code_what_happened():
    command = [sys.executable, "-m", "magister"]
    for arguments, code in [(["--version"], 0), (["serve", "--nonsense"], 2)]:
        assert subprocess.run([*command, *arguments], capture_output=True, timeout=60).returncode == code
    unreachable = [*command, "curriculum", "list", "--server", "http://127.0.0.1:1"]
    refused = subprocess.run(unreachable, capture_output=True, text=True, timeout=120)
    assert refused.returncode not in (0, 2), refused.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_on_signals(number, tmp_path):
    command = [sys.executable, "-m", "magister", "serve", "--listen", "127.0.0.1:0", "--data", str(tmp_path)]
    serving = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert serving.stdout.readline().startswith("magister listens")
    serving.send_signal(number)
    assert serving.wait(30) == 0


def test_an_interrupt_ends_a_command_that_computes(tmp_path):
    command = [sys.executable, "-m", "magister", "train", "--env", "hypercube", "--folder", str(tmp_path)]
    training = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert training.stdout.read(1)
    training.send_signal(signal.SIGINT)
    assert training.wait(30) == -signal.SIGINT


def test_a_token_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("MAGISTER_TOKEN", "sesame-sesame-sesame")
    with magister.LocalTeacher(tmp_path) as teacher:
        with pytest.raises(magister.ConnectError, match=r"token.*magister.connect as token="):
            teacher.connect()
        with pytest.raises(magister.ConnectError, match="token"):
            teacher.connect(token="wrong")
        assert teacher.connect(token="sesame-sesame-sesame").list() == []
