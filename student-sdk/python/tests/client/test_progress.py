"""Looking at what was learned: against a real server, and with answers made by hand for what one seldom gives."""

from __future__ import annotations

import asyncio
from concurrent import futures
from dataclasses import fields

import grpc
import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

import magister
from magister.client import _curriculum
from magister.progress import Bucket
from magister.v1 import distribution_pb2, progress_pb2, task_pb2, teacher_service_pb2_grpc

SPACE = {"height": (0, 3), "rate": magister.LogScaled(1e-4, 1.0), "sizes": magister.Integer(1, 5, size=2)}


@pytest.fixture
def played(client):
    """A curriculum of 70 episodes, 3 fits, and outcomes of every kind."""
    teacher = magister.AlpGmm(fit_rate=20, fit_lag_episodes=0)
    settings = {"teacher": teacher, "seed": 7, "mastery_threshold": 30.0, "return_range": (0, 60)}
    curriculum = client.curriculum("played", space=SPACE, **settings).on_behalf_of("ppo", "w-1")
    for episode in range(1, 70):
        task = curriculum.ask()
        if episode == 5:
            curriculum.tell_infeasible(task, "too steep")
        elif episode == 6:
            curriculum.tell(task, 6.0)
        else:
            episode_return = float(episode) if task.params["height"] < 1.5 else 0.0
            curriculum.tell(task, episode_return, length=10, success=episode % 2 == 0, student_step=episode * 10)
    other = curriculum.on_behalf_of("sac", "w-2")
    other.tell({"height": 1.0, "rate": 0.5, "sizes": [2, 3]}, 1.0, terminated=True)
    curriculum.tell_abandoned(curriculum.ask())
    return curriculum


def test_episodes_as_columns_are_the_episodes(played):
    columns = played.episode_columns()
    episodes = played.episodes()
    assert len(episodes) == 70
    nan = lambda values: [float("nan") if value is None else float(value) for value in values]
    for name, expected in {
        "episode": [episode.number for episode in episodes],
        "task": [int(episode.task.rsplit("/")[-1]) for episode in episodes],
        "params_height": [episode.parameters["height"] for episode in episodes],
        "params_rate": [episode.parameters["rate"] for episode in episodes],
        "params_sizes[0]": [episode.parameters["sizes"][0] for episode in episodes],
        "params_sizes[1]": [episode.parameters["sizes"][1] for episode in episodes],
        "state": [episode.state for episode in episodes],
        "episode_return": nan(episode.episode_return for episode in episodes),
        "alp": nan(episode.alp for episode in episodes),
        "length": nan(episode.length for episode in episodes),
        "end": [episode.end for episode in episodes],
        "success": nan(episode.success for episode in episodes),
        "student": [episode.student for episode in episodes],
        "worker": [episode.worker for episode in episodes],
        "student_step": nan(episode.student_step for episode in episodes),
        "late": [episode.late for episode in episodes],
        "accept_time": [np.datetime64(episode.accept_time.removesuffix("Z"), "ms") for episode in episodes],
        "origin": [episode.origin["kind"] for episode in episodes],
        "exploration_reason": [episode.origin.get("reason") for episode in episodes],
        "fit": nan(episode.origin.get("fit") for episode in episodes),
        "component": nan(episode.origin.get("component") for episode in episodes),
        "message": [episode.message for episode in episodes],
    }.items():
        found = columns.pop(name)
        assert found.shape == (70,), name
        if name == "accept_time":
            assert found.dtype == "datetime64[us]"
            found = found.astype("datetime64[ms]")
        np.testing.assert_array_equal(found, np.array(expected, dtype=found.dtype), err_msg=name)
    assert not columns
    assert {episode.origin["kind"] for episode in episodes} == {"exploration", "component", "unsolicited"}


def test_columns_of_some_episodes(played):
    assert played.episode_columns(from_episode=10, before_episode=13)["episode"].tolist() == [10, 11, 12]
    assert played.episode_columns(student="sac")["episode"].tolist() == [70]
    nobody = played.episode_columns(student="nobody")
    assert {len(column) for column in nobody.values()} == {0}
    assert nobody.keys() == played.episode_columns().keys()


def test_columns_of_more_than_a_page(client):
    curriculum = client.curriculum("long", space={"height": (0, 3)}, teacher="random")
    for first in range(0, 10_100, 100):
        outcomes = [magister.Completed({"height": 1.0}, float(number)) for number in range(first, first + 100)]
        curriculum.tell_many(outcomes)
    np.testing.assert_array_equal(curriculum.episode_columns()["episode_return"], np.arange(10_100.0))


def test_fits_as_columns_have_a_row_for_each_component(played):
    columns = played.fit_columns()
    fits = played.fits()
    assert [fit.number for fit in fits] == [1, 2, 3]
    rows = [(fit, index, part) for fit in fits for index, part in enumerate(fit.distribution.components)]
    for name, expected in {
        "fit": [fit.number for fit, _, _ in rows],
        "due_episode": [fit.due_episode for fit, _, _ in rows],
        "effect_episode": [fit.effect_episode for fit, _, _ in rows],
        "fit_seconds": [fit.fit_seconds for fit, _, _ in rows],
        "criterion": [
            min(tried["criterion"] for tried in fit.candidates if tried["criterion"] is not None) for fit, _, _ in rows
        ],
        "exploration_probability": [fit.distribution.exploration_probability for fit, _, _ in rows],
        "component": [index for _, index, _ in rows],
        "weight": [part.weight for _, _, part in rows],
        "odds": [part.odds for _, _, part in rows],
        "mean_alp": [part.mean_alp for _, _, part in rows],
        "params_height": [part.mean["height"] for _, _, part in rows],
        "params_rate": [part.mean["rate"] for _, _, part in rows],
        "params_sizes[0]": [part.mean["sizes"][0] for _, _, part in rows],
        "params_sizes[1]": [part.mean["sizes"][1] for _, _, part in rows],
        "standard_deviation_height": [part.standard_deviations[0] for _, _, part in rows],
        "standard_deviation_rate": [part.standard_deviations[1] for _, _, part in rows],
        "standard_deviation_sizes[0]": [part.standard_deviations[2] for _, _, part in rows],
        "standard_deviation_sizes[1]": [part.standard_deviations[3] for _, _, part in rows],
    }.items():
        np.testing.assert_array_equal(columns.pop(name), expected, err_msg=name)
    assert columns.pop("create_time").dtype == "datetime64[us]"
    assert not columns
    assert set(played.fit_columns(after=2)["fit"]) == {3}


def test_a_density_along_an_unknown_axis_names_those_there_are(played):
    with pytest.raises(magister.OptionsError, match=r"no axis \"sizes\"; it has height, rate, sizes\[0\], sizes\[1\]"):
        played.density("height", "sizes")
    with pytest.raises(ValueError, match="stopped_after_s"):
        played.diagnose(stopped_after_s=-1)


def test_progress_covers_every_episode(played):
    progress = played.progress(10)
    assert progress.episodes == 70
    buckets = progress.buckets
    assert [bucket.first_episode for bucket in buckets] == [1, *(bucket.last_episode + 1 for bucket in buckets[:-1])]
    assert sum(bucket.completed for bucket in buckets) == 69
    assert sum(bucket.infeasible for bucket in buckets) == 1
    assert [(one.student, one.workers, one.episodes) for one in progress.students] == [("ppo", 1, 69), ("sac", 1, 1)]
    columns = played.episode_columns()
    curves = progress.columns()
    for row, (first, last) in enumerate(zip(curves["first_episode"], curves["last_episode"], strict=True)):
        returns = columns["episode_return"][first - 1 : last]
        assert curves["mean_return"][row] == pytest.approx(np.nanmean(returns))
        assert curves["mastered_share"][row] == pytest.approx((returns[~np.isnan(returns)] > 30).mean())
        assert curves["mean_alp"][row] == pytest.approx(np.nanmean(columns["alp"][first - 1 : last]))
    assert curves["end_time"][-1] == columns["accept_time"][-1]


def test_points_are_rows_of_the_episodes(played):
    points = played.points(from_episode=11, max_points=20)
    columns = played.episode_columns()
    assert points.every == 3
    assert points.episode.tolist() == list(range(12, 70, 3))
    for name, column in points.columns().items():
        np.testing.assert_array_equal(column, columns[name][points.episode - 1], err_msg=name)


def test_a_density_over_two_axes(played):
    density = played.density("sizes[1]", "height", cells=12)
    assert density.probabilities.shape == (5, 12)
    assert density.probabilities.sum() == pytest.approx(1)
    assert density.borders[0].tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert not np.array_equal(played.density("height", fit=1).probabilities, played.density("height").probabilities)
    with pytest.raises(magister.RefusedError, match="fit"):
        played.density("height", fit=9)
    with pytest.raises(magister.RefusedError):
        played.density()


def test_a_diagnosis_of_a_real_curriculum(played):
    played.pause()
    kinds = [finding.kind for finding in played.diagnose(stopped_after_s=3600).findings]
    assert "paused" in kinds
    assert "other" not in kinds


class ByHand(teacher_service_pb2_grpc.TeacherServiceServicer):
    """Answers that a test made; keeps what was asked."""

    def __init__(self):
        self.asked = None
        self.answer = None

    def _say(self, request, _):
        self.asked = request
        return self.answer

    GetProgress = ListEpisodePoints = GetDensity = Diagnose = _say

    def GetDistribution(self, request, _):  # noqa: N802 (the contract's name)
        axis = distribution_pb2.TaskDistribution.Axis
        return distribution_pb2.TaskDistribution(
            curriculum=request.curriculum,
            uniform=distribution_pb2.TaskDistribution.Uniform(),
            axes=[
                axis(dimension="height", low=0, high=3, distance_scale=1),
                axis(dimension="sizes", element=0, low=1, high=5, integer=True, distance_scale=1),
                axis(dimension="sizes", element=1, low=1, high=5, integer=True, distance_scale=1),
            ],
        )


@pytest.fixture
def by_hand():
    """A curriculum whose server answers what the test says."""
    service = ByHand()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    teacher_service_pb2_grpc.add_TeacherServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    settings = {
        "token": None,
        "ca_certificate": None,
        "client_certificate": None,
        "retry_for_s": 10.0,
        "call_timeout_s": 10.0,
    }
    # As in a process that was given a pickled one: it connects with the first call.
    yield _curriculum(f"http://127.0.0.1:{port}", settings, "walker", "", None), service
    server.stop(None).wait()


FULL = {
    "first_episode": 1,
    "last_episode": 25,
    "completed": 20,
    "infeasible": 5,
    "mean_return": 1.5,
    "lowest_return": -2.0,
    "highest_return": 3.0,
    "mean_alp": 0.25,
    "exploration_share": 0.2,
    "mastered_share": 0.75,
    "outside_range_share": 0.05,
    "student_step": 4000,
    "components": 4,
}


def test_progress_keeps_every_figure_and_what_is_absent(by_hand):
    curriculum, service = by_hand
    full = progress_pb2.Progress.Bucket(**FULL, end_time=Timestamp(seconds=60, nanos=500_000_000))
    empty = progress_pb2.Progress.Bucket(first_episode=26, last_episode=26, infeasible=1)
    student = progress_pb2.Progress.StudentActivity(student="one", workers=3, episodes=26)
    service.answer = progress_pb2.Progress(
        episodes=26, buckets=[full, empty], students=[student], episodes_per_second=0.5, recent=full
    )
    progress = curriculum.progress(2)
    assert (service.asked.curriculum, service.asked.max_buckets) == ("curricula/walker", 2)
    first = Bucket(**FULL, end_time="1970-01-01T00:01:00.500Z")
    absent = {field.name: None for field in fields(Bucket)}
    second = Bucket(**{**absent, "first_episode": 26, "last_episode": 26, "completed": 0, "infeasible": 1})
    assert progress.buckets == [first, second]
    assert (progress.episodes, progress.recent, progress.episodes_per_second) == (26, first, 0.5)
    assert [(one.student, one.workers, one.episodes) for one in progress.students] == [("one", 3, 26)]

    columns = progress.columns()
    assert list(columns) == [field.name for field in fields(Bucket)]
    end_time = columns.pop("end_time")
    np.testing.assert_array_equal(end_time, np.array(["1970-01-01T00:01:00.5", "NaT"], dtype="datetime64[us]"))
    for name, column in columns.items():
        whole = name in ("first_episode", "last_episode", "completed", "infeasible")
        assert column.dtype == (np.int64 if whole else np.float64), name
        values = [getattr(first, name), np.nan if getattr(second, name) is None else getattr(second, name)]
        np.testing.assert_array_equal(column, values, err_msg=name)

    service.answer = progress_pb2.Progress()
    nothing = curriculum.progress()
    assert service.asked.max_buckets == 0
    assert (nothing.buckets, nothing.recent) == ([], None)
    assert {len(column) for column in nothing.columns().values()} == {0}


def test_points_are_arrays(by_hand):
    curriculum, service = by_hand
    origin = task_pb2.Origin
    drawn = origin(component=origin.ComponentDraw(fit=2, component=3))
    explored = origin(exploration=origin.Exploration(reason=origin.Exploration.REASON_BOOTSTRAP))
    point = progress_pb2.EpisodePoint
    service.answer = progress_pb2.ListEpisodePointsResponse(
        points=[
            point(episode=4, task=5, values=[0.5, 1, 2], episode_return=7.0, alp=0.25, origin=drawn),
            point(episode=8, task=9, values=[1.5, 3, 4], origin=explored),
        ],
        every=4,
    )
    points = curriculum.points(2, 9, max_points=2)
    asked = service.asked
    assert (asked.from_episode, asked.before_episode, asked.max_points) == (2, 9, 2)
    assert (len(points), points.every) == (2, 4)
    assert [axis.name for axis in points.axes] == ["height", "sizes[0]", "sizes[1]"]
    np.testing.assert_array_equal(points.values, [[0.5, 1, 2], [1.5, 3, 4]])
    expected = {
        "episode": [4, 8],
        "task": [5, 9],
        "params_height": [0.5, 1.5],
        "params_sizes[0]": [1, 3],
        "params_sizes[1]": [2, 4],
        "episode_return": [7.0, np.nan],
        "alp": [0.25, np.nan],
        "origin": ["component", "exploration"],
        "exploration_reason": [None, "bootstrap"],
        "fit": [2, np.nan],
        "component": [3, np.nan],
    }
    columns = points.columns()
    assert list(columns) == list(expected)
    for name, column in columns.items():
        np.testing.assert_array_equal(column, np.array(expected[name], dtype=column.dtype), err_msg=name)

    service.answer = progress_pb2.ListEpisodePointsResponse(every=1)
    nothing = asyncio.run(_await(curriculum, "points"))
    assert nothing.values.shape == (0, 3)
    assert not service.asked.HasField("from_episode")
    assert {len(column) for column in nothing.columns().values()} == {0}


def test_a_density_is_a_grid(by_hand):
    curriculum, service = by_hand
    borders = distribution_pb2.Density.Borders
    across = borders(axis=2, values=[0.5, 1.5, 2.5])
    up = borders(axis=0, values=[0, 1, 2, 3])
    probabilities = [0.1, 0.2, 0.3, 0.0, 0.25, 0.15]
    service.answer = distribution_pb2.Density(episodes=300, borders=[across, up], probabilities=probabilities)
    density = curriculum.density("sizes[1]", "height", fit=2, cells=3)
    assert (list(service.asked.axes), service.asked.fit, service.asked.cells) == ([2, 0], 2, 3)
    assert (density.episodes, [axis.name for axis in density.axes]) == (300, ["sizes[1]", "height"])
    np.testing.assert_array_equal(density.probabilities, [[0.1, 0.2, 0.3], [0.0, 0.25, 0.15]])
    assert [along.tolist() for along in density.borders] == [[0.5, 1.5, 2.5], [0, 1, 2, 3]]

    service.answer = distribution_pb2.Density(borders=[up], probabilities=[0.5, 0.25, 0.25])
    assert curriculum.density("height").probabilities.tolist() == [0.5, 0.25, 0.25]
    assert (service.asked.fit, service.asked.cells) == (0, 0)
    service.answer = distribution_pb2.Density(borders=[up], probabilities=[1.0])
    with pytest.raises(magister.MagisterError, match="breaks the contract"):
        curriculum.density("height")


def test_a_diagnosis_says_what_to_do(by_hand):
    curriculum, service = by_hand
    wire = progress_pb2.Diagnosis
    stopped = wire.Finding(
        kind=wire.KIND_REPORTS_STOPPED, severity=wire.SEVERITY_PROBLEM, statement="it is so", advice="do this"
    )
    newer = wire.Finding(kind=999, severity=9, statement="new", advice="update")
    service.answer = wire(episodes=7, findings=[stopped, newer])
    diagnosis = curriculum.diagnose(stopped_after_s=2.5)
    assert (service.asked.stopped_after.seconds, service.asked.stopped_after.nanos) == (2, 500_000_000)
    assert diagnosis.episodes == 7
    found = [(one.kind, one.severity, one.statement, one.advice) for one in diagnosis.findings]
    assert found == [("reports_stopped", "problem", "it is so", "do this"), ("other", "other", "new", "update")]
    service.answer = wire()
    assert asyncio.run(_await(curriculum, "diagnose")).findings == []
    assert not service.asked.HasField("stopped_after")


async def _await(curriculum, call):
    return await getattr(magister.aio.Curriculum(curriculum._requests), call)()
