"""Clients that go to other processes, and servers that go away."""

from __future__ import annotations

import multiprocessing
import pickle
import threading

import pytest

import magister


def play(curriculum: magister.Curriculum, episodes: int) -> list[str]:
    names = []
    for _ in range(episodes):
        task = curriculum.ask()
        curriculum.tell(task, task.params["height"])
        names.append(task.name)
    return names


def play_stream(curriculum: magister.Curriculum, episodes: int) -> list[str]:
    names = []
    with curriculum.stream(1) as stream:
        for task in stream:
            stream.tell(task, task.params["height"])
            names.append(task.name)
            if len(names) == episodes:
                break
    return names


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("way", [play, play_stream])
def test_every_process_has_a_connection_of_its_own(curriculum, method, way):
    before = way(curriculum, 3)
    with multiprocessing.get_context(method).Pool(4) as pool:
        played = pool.starmap(way, [(curriculum, 25)] * 8)
    played = [*before, *way(curriculum, 3), *(name for names in played for name in names)]
    assert len(set(played)) == len(played) == 206
    episodes = curriculum.episodes()
    assert sorted(episode.task for episode in episodes) == sorted(played)
    assert all(episode.episode_return == episode.parameters["height"] for episode in episodes)
    assert curriculum.info().open_tasks == 0
    assert len({episode.worker for episode in episodes}) > 1


def nested(curriculum: magister.Curriculum) -> None:
    play(curriculum, 2)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.starmap(play, [(curriculum, 2)] * 2)


def test_a_child_may_fork_again(curriculum):
    play(curriculum, 1)
    child = multiprocessing.get_context("fork").Process(target=nested, args=(curriculum,))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert curriculum.info().episodes == 7


def use_parents_stream(stream: magister.Stream, said) -> None:
    try:
        stream.ask()
    except ValueError as error:
        said.send(str(error))


def test_a_stream_stays_in_its_process(curriculum):
    context = multiprocessing.get_context("fork")
    with curriculum.stream(1) as stream:
        task = stream.ask()
        here, there = context.Pipe()
        child = context.Process(target=use_parents_stream, args=(stream, there))
        child.start()
        assert here.poll(30)
        assert "open one in this process" in here.recv()
        child.join(30)
        assert child.exitcode == 0
        stream.tell(task, 1.0)
        with pytest.raises(TypeError, match="belongs to its process"):
            pickle.dumps(stream)
    assert curriculum.info().episodes == 1


def test_threads_share_a_client(curriculum):
    threads = [threading.Thread(target=play, args=(curriculum, 20)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert curriculum.info().episodes == 160


def test_copies_say_the_same(curriculum):
    copy = pickle.loads(pickle.dumps(curriculum.on_behalf_of(student="ppo", worker="w-1")))
    assert (copy.name, copy.student, copy.worker) == ("walker", "ppo", "w-1")
    assert copy.info() == curriculum.info()
    assert pickle.loads(pickle.dumps(curriculum.ask())).params


def test_calls_wait_for_a_server_that_comes_back(server, curriculum):
    played = play(curriculum, 2)
    server.kill()
    waiting = threading.Thread(target=lambda: played.extend(play(curriculum, 3)))
    waiting.start()
    server.start()
    waiting.join(60)
    assert not waiting.is_alive()
    assert sorted(episode.task for episode in curriculum.episodes()) == sorted(played)


def test_a_stream_waits_for_a_server_that_comes_back(server, curriculum):
    with curriculum.stream(2) as stream:
        for episode in range(30):
            if episode == 10:
                server.kill()
                threading.Timer(0.5, server.start).start()
            task = stream.ask()
            stream.tell(task, float(episode))
    episodes = curriculum.episodes()
    assert sorted(episode.episode_return for episode in episodes) == [float(episode) for episode in range(30)]


def test_giving_up(server):
    client = magister.connect(server.address, retry_for_s=0.2)
    curriculum = client.curriculum("walker", space={"height": (0, 3)})
    server.kill()
    with pytest.raises(magister.GaveUpError, match="gave up after") as gave_up:
        curriculum.ask()
    assert 0 < gave_up.value.tried_for_s < 30
    assert pickle.loads(pickle.dumps(gave_up.value)).tried_for_s == gave_up.value.tried_for_s
