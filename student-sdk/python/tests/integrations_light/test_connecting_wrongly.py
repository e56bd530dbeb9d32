"""Whoever connects wrongly learns within 5 s what to do.

The bound that is asserted is a guard against hanging, and generous, since the machine may be busy.
"""

import http.server
import socket
import threading
import time
from contextlib import contextmanager

import pytest

import magister

HANGING_S = 8.0


@contextmanager
def raises_soon(kind, match):
    started = time.monotonic()
    with pytest.raises(kind, match=match) as caught:
        yield caught
    assert time.monotonic() - started < HANGING_S


def test_no_server_listens():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with raises_soon(magister.ConnectError, r"nothing answers there .*`magister serve`, or mend the address"):
        magister.connect(f"127.0.0.1:{port}")


def test_somebody_accepts_and_never_answers():
    message = "no answer within 5 s; mend the address, or look for a firewall"
    with socket.create_server(("127.0.0.1", 0)) as mute, raises_soon(magister.ConnectError, message):
        magister.connect(f"127.0.0.1:{mute.getsockname()[1]}")


def test_nobody_accepts():
    """A full backlog swallows the first packet of a connection, as a firewall does."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        filling = []
        for _ in range(4):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex(full.getsockname())
            filling.append(connection)
        with raises_soon(magister.ConnectError, "mend the address"):
            magister.connect(f"127.0.0.1:{full.getsockname()[1]}")
        for connection in filling:
            connection.close()


def test_something_else_answers():
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with raises_soon(magister.ConnectError, "something else than Magister answers there .*mend the address"):
            magister.connect(f"127.0.0.1:{other.server_address[1]}")
        other.shutdown()


def test_a_host_that_does_not_exist():
    with raises_soon(magister.ConnectError, "mend the address"):
        magister.connect("no-such-host.invalid:50551")


@pytest.mark.parametrize("address", ["", "http://", "ftp://127.0.0.1:1", "not an address"])
def test_no_address(address):
    with raises_soon(magister.OptionsError, "address"):
        magister.connect(address)


@pytest.mark.parametrize("token", [None, "guessed"])
def test_a_wrong_token(tmp_path, token):
    right = "the-right-token-of-this-test-0123456789"
    (tmp_path / "token").write_text(right)
    with magister.LocalTeacher(tmp_path / "data", flags=("--token-file", str(tmp_path / "token"))) as server:
        with raises_soon(magister.ConnectError, r"token.*; give it to magister\.connect as token=\.\.\."):
            magister.connect(server.address, token=token)
        assert server.connect(token=right).list() == []


def test_encryption_where_there_is_none(server):
    with raises_soon(magister.ConnectError, "the server does not encrypt: write http://"):
        magister.connect(server.address.replace("http://", "https://"))


def test_another_space(client):
    client.curriculum("walker", space={"height": (0.0, 3.0)})
    with raises_soon(magister.CurriculumDiffersError, "exists with other settings") as caught:
        client.curriculum("walker", space={"height": (0.0, 4.0)})
    assert any("height" in line or "space" in line for line in caught.value.differences)
    assert client.curriculum("walker").info().dimensions[0]["high"] == 3.0, "nothing was changed"


@pytest.mark.parametrize("name", ["", "a b", "-begins-with-a-dash", "n" * 64, "a/b"])
def test_an_invalid_name(client, name):
    with raises_soon(magister.RefusedError, r"curriculum_id|1 to 63") as caught:
        client.curriculum(name, space={"height": (0.0, 3.0)})
    assert caught.value.fields


def test_an_invalid_space(client):
    with raises_soon((magister.RefusedError, ValueError), "height"):
        client.curriculum("walker", space={"height": (3.0, 0.0)})


def test_a_curriculum_that_is_not_there(client):
    with raises_soon(magister.RefusedError, "walker") as caught:
        client.curriculum("walker")
    assert caught.value.reason == "CURRICULUM_NOT_FOUND"
