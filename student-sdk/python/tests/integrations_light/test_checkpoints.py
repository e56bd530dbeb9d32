"""Checkpoints: a learner that goes back takes its curriculum with it."""

import json

import pytest

import magister
from magister.integrations.checkpoints import CheckpointError, CurriculumCheckpoint

SPACE = {"height": (0.0, 3.0)}


def play(curriculum, episodes, begin=0):
    """Plays with request ids, and gives the tasks' parameters."""
    heights = []
    for number in range(begin, begin + episodes):
        task = curriculum.ask(request_id=f"play-{number}")
        curriculum.tell(task, task.params["height"])
        heights.append(task.params["height"])
    return heights


def make(client, name="walker"):
    teacher = magister.AlpGmm(fit_rate=20, fit_lag_episodes=0)
    return client.curriculum(name, space=SPACE, teacher=teacher, seed=3)


def test_it_is_saved_and_loaded_as_it_was(client, tmp_path):
    curriculum = make(client).on_behalf_of(student="ppo-1")
    play(curriculum, 5)
    checkpoint = CurriculumCheckpoint.capture(curriculum, student_step=1_000)
    checkpoint.save(tmp_path / "curriculum.json")
    assert CurriculumCheckpoint.load(tmp_path / "curriculum.json") == checkpoint
    assert (checkpoint.position, checkpoint.episodes, checkpoint.student) == (10, 5, "ppo-1")
    assert [file.name for file in tmp_path.glob("*curriculum*")] == ["curriculum.json"], "nothing unfinished is left"


def test_the_same_curriculum_goes_on_if_nothing_happened_since(client):
    curriculum = make(client).on_behalf_of(student="ppo-1")
    play(curriculum, 5)
    resumed = CurriculumCheckpoint.capture(curriculum).resume(client)
    assert (resumed.name, resumed.student) == ("walker", "ppo-1")
    assert [info.id for info in client.list()] == ["walker"]


def test_a_fork_goes_on_as_the_curriculum_did(client):
    curriculum = make(client)
    play(curriculum, 50)
    checkpoint = CurriculumCheckpoint.capture(curriculum)
    after = play(curriculum, 30, begin=50)
    resumed = checkpoint.resume(client)
    assert resumed.name == "walker-at-100"
    assert resumed.info().forked_from == {"curriculum": "walker", "position": 100}
    # New ids, since these are calls that the fork has not answered: the same calls in the same order bring the same
    # tasks.
    assert play(resumed, 30, begin=50) == after
    assert curriculum.info().episodes == 80, "the old one is as it was"
    assert checkpoint.resume(client).name == "walker-at-100-2", "a name that is taken is not taken again"
    assert checkpoint.resume(client, fork_name="second-try").name == "second-try"


def test_replayed_calls_bring_the_same_tasks_and_count_once(client):
    curriculum = make(client)
    first = play(curriculum, 30)
    assert play(curriculum, 30) == first
    assert curriculum.info().episodes == 30


def test_a_fork_of_a_long_name_has_a_valid_name(client):
    curriculum = make(client, "w" * 63)
    play(curriculum, 5)
    checkpoint = CurriculumCheckpoint.capture(curriculum)
    play(curriculum, 1, begin=5)
    assert len(checkpoint.resume(client).name) == 63


def test_another_curriculum_of_the_same_name_is_refused(client):
    curriculum = make(client)
    play(curriculum, 5)
    checkpoint = CurriculumCheckpoint.capture(curriculum)
    client.delete("walker")
    make(client)
    with pytest.raises(CheckpointError, match="another one of the same name"):
        checkpoint.resume(client)


def test_an_import_of_the_curriculum_is_taken(client, tmp_path):
    curriculum = make(client)
    play(curriculum, 5)
    checkpoint = CurriculumCheckpoint.capture(curriculum)
    curriculum.export_to(tmp_path / "walker.magister")
    client.delete("walker")
    client.import_from(tmp_path / "walker.magister", "walker")
    assert checkpoint.resume(client).info().episodes == 5


def test_data_that_are_older_than_the_checkpoint_are_refused(client, tmp_path):
    curriculum = make(client)
    curriculum.export_to(tmp_path / "backup")
    play(curriculum, 5)
    checkpoint = CurriculumCheckpoint.capture(curriculum)
    client.delete("walker")
    client.import_from(tmp_path / "backup", "walker")
    with pytest.raises(CheckpointError, match="older than the checkpoint"):
        checkpoint.resume(client)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 1, "position": "x"}', '"name"'])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, text):
    (tmp_path / "curriculum.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"curriculum\.json is no checkpoint"):
        CurriculumCheckpoint.load(tmp_path / "curriculum.json")


def test_fields_of_later_releases_are_passed_over(client, tmp_path):
    checkpoint = CurriculumCheckpoint.capture(make(client))
    checkpoint.save(tmp_path / "curriculum.json")
    written = json.loads((tmp_path / "curriculum.json").read_text())
    (tmp_path / "curriculum.json").write_text(json.dumps({**written, "mood": "good"}))
    assert CurriculumCheckpoint.load(tmp_path / "curriculum.json") == checkpoint
