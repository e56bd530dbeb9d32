"""Every call of the blocking client against a real server."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import magister

SPACE = {
    "height": (0, 3),
    "rate": magister.LogScaled(1e-4, 1.0),
    "shape": magister.Continuous(0.0, 4.0, size=3, distance_scale=2.0),
    "legs": range(2, 5),
}


def test_ask_and_tell(client):
    curriculum = client.curriculum("every-kind", space=SPACE, seed=3, return_range=(-150, 350))
    task = curriculum.ask()
    assert task.name == "curricula/every-kind/tasks/1"
    assert task.number == 1
    assert 0 <= task.params["height"] <= 3
    assert 1e-4 <= task.params["rate"] <= 1
    assert len(task.params["shape"]) == 3
    assert all(isinstance(side, float) and 0 <= side <= 4 for side in task.params["shape"])
    assert isinstance(task.params["legs"], int)
    assert task.params["legs"] in (2, 3, 4)
    assert task.expires == pytest.approx(time.time() + 3600, abs=60)
    receipt = curriculum.tell(task, 12.5, length=100, terminated=True, success=True, student_step=1000)
    assert receipt == magister.Receipt(task.name, 1, 0.0, late=False, duplicate=False, refused=False)
    again = curriculum.tell(task, 99.0)
    assert again.duplicate
    assert again.episode == 1
    (episode,) = curriculum.episodes()
    assert (episode.episode_return, episode.length, episode.end) == (12.5, 100, "terminated")
    assert (episode.success, episode.student_step, episode.parameters) == (True, 1000, task.params)
    assert episode.worker == curriculum.worker


def test_the_same_seed_gives_the_same_tasks(client):
    spaces = ("one", "two")
    first, second = (client.curriculum(name, space=SPACE, seed=7).ask_many(5) for name in spaces)
    assert [task.params for task in first] == [task.params for task in second]


def test_outcomes_of_every_kind_in_one_batch(curriculum):
    tasks = curriculum.ask_many(4)
    receipts = curriculum.tell_many(
        [
            magister.Completed(tasks[0], 1.0, truncated=True),
            magister.Infeasible(tasks[1], "too steep"),
            magister.Abandoned(tasks[2].name),
            magister.Completed({"height": np.float32(1.5)}, np.float64(2.0), length=np.int64(7)),
        ]
    )
    assert [receipt.episode for receipt in receipts] == [1, 2, None, 3]
    episodes = curriculum.episodes()
    assert [episode.state for episode in episodes] == ["completed", "infeasible", "completed"]
    assert [episode.end for episode in episodes] == ["truncated", None, None]
    assert episodes[1].message == "too steep"
    assert episodes[2].parameters == {"height": 1.5}
    assert episodes[2].origin == {"kind": "unsolicited"}
    assert curriculum.info().open_tasks == 1
    curriculum.tell_abandoned(tasks[3], "enough")
    assert curriculum.info().open_tasks == 0
    curriculum.tell_infeasible(curriculum.ask())
    assert curriculum.info().episodes == 4


def test_the_same_request_id_gives_the_same_task(curriculum):
    task = curriculum.ask(request_id="episode-1")
    assert curriculum.ask(request_id="episode-1") == task
    assert curriculum.ask(request_id="episode-2") != task


def test_opening_what_exists(client, curriculum):
    curriculum.tell(curriculum.ask(), 1.0)
    assert client.curriculum("walker").info().episodes == 1
    assert client.curriculum("walker", space={"height": (0, 3)}, teacher="alp-gmm").info().episodes == 1
    with pytest.raises(magister.CurriculumDiffersError, match=r"height \[0, 3\].*height \[0, 2\]") as differs:
        client.curriculum("walker", space={"height": (0, 2)}, seed=4)
    assert len(differs.value.differences) == 2
    with pytest.raises(magister.RefusedError, match="no curriculum") as missing:
        client.curriculum("runner")
    assert missing.value.reason == "CURRICULUM_NOT_FOUND"
    with pytest.raises(ValueError, match="seed: give the space too"):
        client.curriculum("walker", seed=3)


def test_teachers(client):
    random = client.curriculum("random", space={"height": (0, 3)}, teacher="random")
    assert random.info().teacher == {"algorithm": "random"}
    assert random.distribution().kind == "uniform"
    teacher = magister.AlpGmm(
        fit_rate=50, criterion="bic", initial={"mean": {"height": np.float64(1)}, "covariance": [0.1]}
    )
    described = client.curriculum("gmm", space={"height": (0, 3)}, teacher=teacher).info().teacher
    assert described["fit_rate"] == 50
    assert described["criterion"] == "bic"
    assert described["initial"]["mean"] == {"height": 1.0}
    with pytest.raises(ValueError, match="'alp-gmm', 'covar-gmm', 'riac', 'currot', 'random'"):
        client.curriculum("other", space={"height": (0, 3)}, teacher="alp_gmm")
    with pytest.raises(ValueError, match=r"magister\.Riac"):
        client.curriculum("other", space={"height": (0, 3)}, teacher=magister.Riac)
    for name, teacher, expected in [
        ("covar", magister.CovarGmm(fit_rate=50), {"algorithm": "covar_gmm", "fit_rate": 50}),
        ("riac", magister.Riac(region_size=50), {"algorithm": "riac", "region_size": 50, "mutation_ratio": 0.1}),
        ("oracle", magister.Oracle([0.1], threshold=1), {"algorithm": "oracle", "window_step": [0.1], "threshold": 1}),
        (
            "currot",
            magister.Currot(performance_threshold=2, initial={"mean": {"height": 0.5}, "covariance": [0.01]}),
            {"algorithm": "currot", "particles": 100, "performance_threshold": 2},
        ),
    ]:
        described = client.curriculum(name, space={"height": (0, 3)}, teacher=teacher).info().teacher
        assert expected.items() <= described.items()
    with pytest.raises(magister.RefusedError, match="window_step") as refused:
        client.curriculum("other", space={"height": (0, 3)}, teacher=magister.Oracle([0.1, 0.2]))
    assert refused.value.fields[0].field == "curriculum.teacher.oracle.window_step"
    with pytest.raises(magister.RefusedError, match="without a return range it has no default") as refused:
        client.curriculum("other", space={"height": (0, 3)}, teacher="currot")
    assert refused.value.fields[0].field == "curriculum.teacher.currot.performance_threshold"
    with pytest.raises(ValueError, match=r"teacher: invalid type.*often.*expected u32"):
        client.curriculum("other", space={"height": (0, 3)}, teacher=magister.AlpGmm(fit_rate="often"))
    with pytest.raises(magister.RefusedError, match="must lie between 2 and 100000") as refused:
        client.curriculum("other", space={"height": (0, 3)}, teacher=magister.AlpGmm(fit_rate=1))
    assert refused.value.fields[0].field == "curriculum.teacher.alp_gmm.fit_rate"
    assert [info.id for info in client.list()] == ["covar", "currot", "gmm", "oracle", "random", "riac"]


def test_looking_at_what_was_learned(client):
    curriculum = client.curriculum("learned", space={"height": (0, 3)}, teacher=magister.AlpGmm(fit_rate=50))
    assert curriculum.distribution().exploration_probability == 1
    for round_ in range(6):
        tasks = curriculum.ask_many(50)
        curriculum.tell_many([magister.Completed(task, round_ * task.params["height"] ** 2) for task in tasks])
    distribution = curriculum.distribution()
    assert distribution.kind == "mixture"
    assert distribution.exploration_probability == pytest.approx(0.2)
    assert sum(component.odds for component in distribution.components) == pytest.approx(1)
    assert distribution.mean_alp > 0
    assert distribution.axes[0].dimension == "height"
    assert len(distribution.components[0].covariance) == 1
    fits = curriculum.fits()
    assert [fit.number for fit in fits] == [1, 2, 3, 4, 5, 6]
    assert curriculum.fits(after=5)[0].number == 6
    assert curriculum.distribution(fit=1) == fits[0].distribution
    assert len(curriculum.episodes(from_episode=11, before_episode=21)) == 10
    assert len(curriculum.episodes(limit=7)) == 7
    explanation = curriculum.explain(300)
    assert explanation.episode.number == 300
    assert explanation.nearest is not None
    assert explanation.summary.startswith(("Drawn from component", "Drawn uniformly", "Explor"))


def test_looking_at_regions_and_a_window(client):
    space = {"height": (0, 3), "rate": magister.LogScaled(1e-4, 1), "steps": magister.Integer(1, 6)}
    curriculum = client.curriculum("regions", space=space, teacher=magister.Riac(region_size=20))
    assert curriculum.distribution().kind == "uniform"
    for round_ in range(10):
        tasks = curriculum.ask_many(20)
        curriculum.tell_many([magister.Completed(task, round_ * (task.params["height"] > 2)) for task in tasks])
    distribution = curriculum.distribution()
    assert distribution.kind == "regions"
    assert (distribution.exploration_probability, distribution.mutation_probability) == (0.2, 0.1)
    assert distribution.mutation_deviations == pytest.approx([0.3, 0.1 * np.log(1e4), 0.6])
    space_itself, *halves = distribution.regions
    assert space_itself.parent is None
    assert space_itself.low == pytest.approx([0, 1e-4, 0.5])
    assert space_itself.high == pytest.approx([3, 1, 6.5])
    assert sum(region.odds for region in distribution.regions) == pytest.approx(1)
    assert halves
    for region in halves:
        parent = distribution.regions[region.parent]
        assert not parent.leaf
        assert all(low >= lowest for low, lowest in zip(region.low, parent.low, strict=True))
        assert all(high <= highest for high, highest in zip(region.high, parent.high, strict=True))
    # In the scale in which tasks are drawn the leaves fill the space.
    ends = np.array([[region.low, region.high] for region in distribution.regions if region.leaf])
    ends[:, :, 1] = np.log(ends[:, :, 1]) / np.log(1e4)
    assert np.prod(ends[:, 1] - ends[:, 0], axis=1).sum() == pytest.approx(3 * 1 * 6)
    assert distribution.mean_alp > 0
    assert curriculum.density("height").probabilities.sum() == pytest.approx(1)

    oracle = magister.Oracle([0.1, -0.1, 0], window_size=0.5)
    window = client.curriculum("window", space=space, teacher=oracle).distribution()
    assert (window.kind, window.regions, window.mean_alp) == ("window", [], 0)
    assert window.low == pytest.approx([0, 1e-2, 0.5])
    assert window.high == pytest.approx([1.5, 1, 6.5])

    teacher = magister.Currot(particles=20, update_rate=10, performance_threshold=2)
    curriculum = client.curriculum("particles", space=space, teacher=teacher)
    for _ in range(4):
        tasks = curriculum.ask_many(10)
        curriculum.tell_many([magister.Completed(task, 3 - task.params["height"]) for task in tasks])
    particles = curriculum.distribution()
    assert (particles.kind, len(particles.points), particles.mean_alp) == ("particles", 20, 0)
    assert particles.reach == pytest.approx([0.003, 0.001 * np.log(1e4), 0.006])
    assert all(0 <= height <= 3 and 1e-4 <= rate <= 1 for height, rate, _ in particles.points)
    assert curriculum.density("height").probabilities.sum() == pytest.approx(1)
    assert {episode.origin["kind"] for episode in curriculum.episodes()} >= {"particle"}


def test_evaluation(client):
    space = {"height": (0.0, 3.0)}
    fixed = [{"height": height} for height in (0.5, 1.0, 2.5)]
    curriculum = client.curriculum("tested", space=space, test_set=fixed, mastery_threshold=230.0)
    student = curriculum.on_behalf_of(student="ppo-1")
    opened = student.sample_test_tasks(student_step=500)
    assert [task.parameters for task in opened.tasks] == fixed
    partial = student.report_evaluations(opened, [magister.TestResult(2, 10.0, length=9, success=False)])
    assert partial.completed is None
    assert (partial.mastered_share, partial.mean_return) == (0.0, 10.0)
    evaluation = student.report_evaluations(opened.evaluation.round, [300.0, 250.0])
    assert evaluation.mastered_share == pytest.approx(2 / 3)
    assert evaluation == student.evaluation(1)
    assert sorted(result.episode_return for result in evaluation.results) == [10.0, 250.0, 300.0]
    mastery = student.mastery()
    assert [task.mastered for task in mastery.test_tasks] == [True, True, False]
    assert mastery.forgotten_share == 0
    assert curriculum.info().episodes == 0
    drawn = client.curriculum("drawn", space=space, test_set=8)
    assert len(drawn.sample_test_tasks().tasks) == 8
    with pytest.raises(magister.RefusedError, match="test set") as refused:
        client.curriculum("none", space=space).sample_test_tasks()
    assert refused.value.reason == "NO_TEST_SET"


def test_pausing_editing_forking_moving(client, curriculum, tmp_path):
    curriculum.tell_many([magister.Completed(task, 1.0) for task in curriculum.ask_many(10)])
    position = curriculum.info().position
    after = curriculum.ask()
    copy = curriculum.fork("copy", position=position)
    assert copy.ask().params == after.params
    other = curriculum.fork("other", position=position, seed=9)
    assert other.ask().params != after.params
    assert curriculum.pause().paused
    waiting = threading.Thread(target=curriculum.ask)
    waiting.start()
    assert not curriculum.resume().paused
    waiting.join(timeout=30)
    assert not waiting.is_alive()
    info = curriculum.edit(display_name="A walker", lease_s=5, alp_gmm={"random_task_ratio": 0.5})
    assert (info.display_name, info.lease_seconds, info.teacher["random_task_ratio"]) == ("A walker", 5, 0.5)
    with pytest.raises(ValueError, match=r"fitrate.*fit_rate"):
        curriculum.edit(alp_gmm={"fitrate": 3})
    with pytest.raises(magister.RefusedError, match="random_task_ratio"):
        curriculum.edit(display_name="Nothing of it", alp_gmm={"random_task_ratio": 2.0})
    assert curriculum.info().display_name == "A walker"
    file = tmp_path / "walker.jsonl"
    assert curriculum.export_to(file) == file.stat().st_size
    with pytest.raises(OSError, match="there is such a file already"):
        curriculum.export_to(file)
    assert client.import_from(file, "moved").info().episodes == 10
    client.delete("moved")
    assert [info.id for info in client.list()] == ["copy", "other", "walker"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda c: c.tell("curricula/walker/tasks/99", 1.0), magister.RefusedError, "there is no task"),
        (lambda c: c.tell(c.ask(), math.nan), magister.RefusedError, "must be a finite number"),
        (lambda c: c.tell({"height": 9.0}, 1.0), magister.RefusedError, "height"),
        (lambda c: c.tell({"width": 1.0}, 1.0), magister.RefusedError, "height.*missing"),
        (lambda c: c.tell({"height": {}}, 1.0), ValueError, "no parameters of a task"),
        (lambda c: c.ask_many(1001), magister.RefusedError, "count"),
        (lambda c: c.stream(0).ask(), magister.OptionsError, "1 to 1,000"),
        (lambda c: c.edit(lease_s=-1), ValueError, "lease_s"),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(curriculum, call, error, message):
    with pytest.raises(error, match=message):
        call(curriculum)
    assert curriculum.info().episodes == 0


def test_a_stream_brings_tasks_and_takes_outcomes(curriculum):
    with curriculum.stream(4) as stream:
        tasks = [stream.ask() for _ in range(4)]
        receipt = stream.tell(tasks[0], 1.0, length=10)
        stream.tell_infeasible(tasks[1], "no")
        stream.tell_abandoned(tasks[2])
        assert receipt.wait().episode == 1
        with pytest.raises(ValueError, match="was told of before"):
            stream.tell(tasks[0], 1.0)
        with pytest.raises(ValueError, match="not a task of this stream"):
            stream.tell("curricula/walker/tasks/999", 1.0)
        assert stream.ask().number == 5
    info = curriculum.info()
    # The fourth task and those on their way were told abandoned.
    assert (info.episodes, info.open_tasks) == (2, 0)
    with pytest.raises(magister.StreamError, match="closed"):
        stream.ask()


def test_a_stream_ends_when_it_is_told_to(curriculum):
    played = 0
    with curriculum.stream(2) as stream:
        for task in stream:
            played += 1
            if played == 10:
                stream.stop_asking()
            stream.tell(task, float(played))
    info = curriculum.info()
    assert played in (10, 11)
    assert (info.episodes, info.open_tasks) == (played, 0)


def test_a_refused_outcome_on_a_stream_is_heard_of(curriculum):
    with curriculum.stream(1) as stream:
        task = stream.ask()
        with pytest.raises(magister.RefusedError, match="finite"):
            stream.tell(task, math.inf).wait()
        other = stream.ask()
        stream.tell(other, 1.0)
    assert curriculum.info().episodes == 1


def ask_and_fail(curriculum):
    with curriculum.stream(1) as stream:
        stream.ask()
        raise KeyError("mine")


def test_the_exception_of_the_block_wins(curriculum):
    with pytest.raises(KeyError, match="mine"):
        ask_and_fail(curriculum)
    assert curriculum.info().open_tasks == 0


def test_an_interrupt_ends_a_waiting_call(server, curriculum, tmp_path):
    curriculum.pause()
    program = tmp_path / "ask.py"
    program.write_text(
        "import magister, signal\n"
        # Whoever started the tests, perhaps in the background, may have them ignore interrupts.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"curriculum = magister.connect({server.address!r}).curriculum('walker')\n"
        "print('asking', flush=True)\n"
        "try:\n"
        "    with curriculum.stream(1) as stream:\n"
        "        stream.ask()\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', flush=True)\n"
    )
    asking = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    assert asking.stdout.readline() == "asking\n"
    time.sleep(0.2)  # So that it waits within the call, most of the time; either way it must end.
    asking.send_signal(2)
    try:
        out, _ = asking.communicate(timeout=30)
    finally:
        asking.kill()
    assert "interrupted" in out or asking.returncode != 0


def test_importing_the_package_imports_nothing_heavy():
    program = (
        "import sys, magister; print(sorted({'gymnasium', 'torch', 'grpc', 'google.protobuf'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_command(tmp_path):
    run = lambda *arguments: subprocess.run(
        [sys.executable, "-m", "magister", *arguments], capture_output=True, text=True, cwd=tmp_path
    )
    assert run("--version").stdout.startswith("magister ")
    refused = run("serve", "--bogus")
    assert refused.returncode == 2
    assert "unexpected argument '--bogus'" in refused.stderr
    assert run("env", "show", "--track", "flat", "--out", str(Path(tmp_path) / "a.png")).returncode == 0
