"""Drives the service as somebody would who has only its address and gRPC's own packages."""

import math

import grpc
import pytest
from conftest import SERVICE, Refused, Server, Teacher
from grpc_health.v1 import health_pb2, health_pb2_grpc

NAME = "curricula/cube"
EPISODES = 600
BATCH = 12
CELLS = 10


def dimension(name, low=0.0, high=1.0):
    return {"name": name, "continuous": {"low": low, "high": high}}


def curriculum(**changes):
    teacher = {"alp_gmm": {"fit_rate": 100, "fit_lag_episodes": 20}}
    space = {"dimensions": [dimension("x"), dimension("y")]}
    return {"space": space, "teacher": teacher, "seed": 17, **changes}


class Cube:
    """A student whose cells of the unit square unlock their neighbours when they have been practised."""

    def __init__(self):
        self.practice = {(0, 0): 0}

    def play(self, task):
        values = task.parameters.values
        cell = tuple(min(int(values[name].number * CELLS), CELLS - 1) for name in ("x", "y"))
        if cell not in self.practice:
            return 0.0
        self.practice[cell] = min(self.practice[cell] + 1, 8)
        if self.practice[cell] == 4:
            for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                neighbour = (cell[0] + x, cell[1] + y)
                if all(0 <= index < CELLS for index in neighbour):
                    self.practice.setdefault(neighbour, 0)
        return 12.5 * self.practice[cell]


def ask(teacher, count=BATCH, **fields):
    return list(teacher.SampleTasks(curriculum=NAME, count=count, student="cube", **fields).tasks)


def report(teacher, student, tasks):
    outcomes = [{"task": task.name, "completed": {"episode_return": student.play(task)}} for task in tasks]
    return list(teacher.ReportEpisodes(curriculum=NAME, outcomes=outcomes).receipts)


def what_was_asked(tasks):
    values = [task.parameters.values for task in tasks]
    return [(task.name, at["x"].number, at["y"].number) for task, at in zip(tasks, values, strict=True)]


def test_the_server_describes_itself(teacher):
    services = teacher.reflection.get_services()
    assert SERVICE in services
    assert "grpc.health.v1.Health" in services
    assert len(teacher.service.methods) == 25
    reasons = teacher.pool.FindEnumTypeByName("magister.v1.ErrorReason")
    assert "ERROR_REASON_INVALID_SPACE" in reasons.values_by_name


def test_the_server_says_that_it_is_well(teacher):
    health = health_pb2_grpc.HealthStub(teacher.channel)
    for service in ("", SERVICE):
        answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as refused:
        health.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=10)
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_whole_curriculum(teacher):
    created = teacher.CreateCurriculum(curriculum_id="cube", curriculum=curriculum())
    assert created.name == NAME
    assert created.teacher.alp_gmm.random_task_ratio == 0.2, "defaults are filled in"
    assert teacher.GetDistribution(curriculum=NAME).WhichOneof("distribution") == "uniform"

    student = Cube()
    numbers = []
    for _ in range(EPISODES // BATCH):
        tasks = ask(teacher)
        assert all(0 <= value.number <= 1 for task in tasks for value in task.parameters.values.values())
        receipts = report(teacher, student, tasks)
        assert [receipt.task for receipt in receipts] == [task.name for task in tasks]
        numbers += [receipt.episode for receipt in receipts]
    assert numbers == list(range(1, EPISODES + 1))

    described = teacher.GetCurriculum(name=NAME)
    counters = (described.tasks, described.episodes, described.open_tasks, described.fits)
    assert counters[:3] == (EPISODES, EPISODES, 0)
    assert counters[3] in (5, 6), "the sixth fell due with the last episode and may be under way"
    assert described.position == 2 * EPISODES

    now = teacher.GetDistribution(curriculum=NAME)
    assert now.WhichOneof("distribution") == "mixture"
    assert now.mixture.fit == 5, "the sixth fit has not taken effect"
    assert math.isclose(sum(component.odds for component in now.mixture.components), 1)
    assert math.isclose(now.exploration_probability, 0.2)
    assert [axis.dimension for axis in now.axes] == ["x", "y"]
    assert all(len(component.covariance) == 4 for component in now.mixture.components)
    origins = {task.origin.WhichOneof("source") for task in ask(teacher, count=100)}
    assert origins == {"component", "exploration"}


def test_a_report_counts_once(teacher):
    teacher.CreateCurriculum(curriculum_id="cube", curriculum=curriculum())
    tasks = ask(teacher, count=2)
    student = Cube()
    first = report(teacher, student, [tasks[0], tasks[0], tasks[1]])
    assert [receipt.duplicate for receipt in first] == [False, True, False]
    again = report(teacher, student, tasks)
    assert [receipt.duplicate for receipt in again] == [True, True]
    assert [receipt.episode for receipt in again] == [1, 2]
    assert again[1].alp == first[2].alp
    assert teacher.GetCurriculum(name=NAME).episodes == 2


def test_a_repeated_request_gives_the_same_tasks(teacher):
    teacher.CreateCurriculum(curriculum_id="cube", curriculum=curriculum())
    first = ask(teacher, request_id="ask 1")
    assert what_was_asked(ask(teacher, request_id="ask 1")) == what_was_asked(first)
    with pytest.raises(Refused) as refused:
        ask(teacher, count=BATCH + 1, request_id="ask 1")
    assert refused.value.reason == "REQUEST_ID_REUSED"


def outcome(task="", **completed):
    return {"curriculum": NAME, "outcomes": [{"task": task, "completed": completed}]}


two_of_a_name = {"dimensions": [dimension("x"), dimension("x")]}
upside_down = {"dimensions": [dimension("x", 1.0, 0.0)]}
less_than_never = {"alp_gmm": {"random_task_ratio": -1}}
FIRST_TASK = f"{NAME}/tasks/1"
INVALID = grpc.StatusCode.INVALID_ARGUMENT
MISSING = grpc.StatusCode.NOT_FOUND
TAKEN = grpc.StatusCode.ALREADY_EXISTS

MISTAKES = [
    ("GetCurriculum", {"name": "cube"}, INVALID, "INVALID_NAME", ["name"]),
    ("GetCurriculum", {"name": "curricula/nobody"}, MISSING, "CURRICULUM_NOT_FOUND", []),
    (
        "CreateCurriculum",
        {"curriculum_id": "cube", "curriculum": curriculum()},
        TAKEN,
        "CURRICULUM_EXISTS",
        [],
    ),
    ("CreateCurriculum", {"curriculum_id": "new"}, INVALID, "INVALID_REQUEST", ["curriculum"]),
    (
        "CreateCurriculum",
        {"curriculum_id": "new", "curriculum": curriculum(space=two_of_a_name)},
        INVALID,
        "INVALID_SPACE",
        ["curriculum.space.dimensions[1].name"],
    ),
    (
        "CreateCurriculum",
        {"curriculum_id": "new", "curriculum": curriculum(space=upside_down)},
        INVALID,
        "INVALID_SPACE",
        ["curriculum.space.dimensions[0].continuous.high"],
    ),
    (
        "CreateCurriculum",
        {"curriculum_id": "new", "curriculum": curriculum(teacher=less_than_never)},
        INVALID,
        "INVALID_TEACHER",
        ["curriculum.teacher.alp_gmm.random_task_ratio"],
    ),
    ("SampleTasks", {"curriculum": NAME, "count": 1001}, INVALID, "INVALID_REQUEST", ["count"]),
    (
        "ReportEpisodes",
        outcome(FIRST_TASK, episode_return=math.nan),
        INVALID,
        "INVALID_OUTCOME",
        ["outcomes[0].completed.episode_return"],
    ),
    ("ReportEpisodes", outcome(f"{NAME}/tasks/9"), MISSING, "TASK_NOT_FOUND", ["outcomes[0].task"]),
    ("ReportEpisodes", outcome("x" * 100_000), INVALID, "INVALID_NAME", ["outcomes[0].task"]),
    ("ReportEpisodes", outcome("\U0001f9bf" * 10_000), INVALID, "INVALID_NAME", ["outcomes[0].task"]),
    ("ListCurricula", {"page_token": "\x01" * 100_000}, INVALID, "INVALID_PAGE_TOKEN", ["page_token"]),
    ("ExportCurriculum", {}, INVALID, "INVALID_NAME", ["name"]),
]


def test_mistakes_are_explained(teacher):
    teacher.CreateCurriculum(curriculum_id="cube", curriculum=curriculum())
    ask(teacher, count=1)
    before = teacher.GetCurriculum(name=NAME)
    for call, fields, code, reason, blamed in MISTAKES:
        with pytest.raises(Refused) as refused:
            getattr(teacher, call)(**fields)
        told = (refused.value.code, refused.value.reason, refused.value.fields)
        assert told == (code, reason, blamed), (call, refused.value.message)
    assert teacher.GetCurriculum(name=NAME) == before
    many = [{"task": "x" * 2000}] * 1000
    with pytest.raises(Refused) as refused:
        teacher.ReportEpisodes(curriculum=NAME, outcomes=many)
    assert refused.value.fields[0].startswith("outcomes[0].")


def play_through(server, kill_before):
    """Plays all episodes, killing the server before some of the calls; gives all that was answered."""
    teacher = Teacher(server.address)
    teacher.CreateCurriculum(curriculum_id="cube", curriculum=curriculum())
    student = Cube()
    seen = []
    calls = 0

    def maybe_kill():
        nonlocal teacher, calls
        calls += 1
        if calls in kill_before:
            teacher.close()
            server.kill()
            server.start()
            teacher = Teacher(server.address)

    for _ in range(EPISODES // BATCH):
        maybe_kill()
        tasks = ask(teacher)
        seen.append(what_was_asked(tasks))
        maybe_kill()
        receipts = report(teacher, student, tasks)
        seen.append([(receipt.task, receipt.episode, receipt.alp, receipt.duplicate) for receipt in receipts])
    maybe_kill()
    seen.append(teacher.GetDistribution(curriculum=NAME))
    seen.append(teacher.GetCurriculum(name=NAME).position)
    teacher.close()
    return seen


def test_killed_and_started_again_it_goes_on_exactly(tmp_path):
    # Episode 100 is in the 9th batch: calls 18 and 19 come before and after the report that makes the first
    # fit
    # due, and so on.
    kill_before = {2, 3, 18, 19, 20, 35, 36, 50, 51, 67, 68, 101}
    unbroken, killed = Server(tmp_path / "unbroken"), Server(tmp_path / "killed")
    try:
        expected = play_through(unbroken, set())
        seen = play_through(killed, kill_before)
        assert len(seen) == len(expected)
        for call, (mine, theirs) in enumerate(zip(seen, expected, strict=True)):
            assert str(mine) == str(theirs), f"answer {call}"
    finally:
        unbroken.kill()
        killed.kill()


def test_open_tasks_survive_a_kill(server, teacher):
    teacher.CreateCurriculum(curriculum_id="cube", curriculum=curriculum())
    tasks = ask(teacher)
    student = Cube()
    first = report(teacher, student, tasks[:5])
    server.kill()
    server.start()
    again = Teacher(server.address)
    assert again.GetCurriculum(name=NAME).open_tasks == BATCH - 5
    receipts = report(again, student, tasks)
    assert [receipt.duplicate for receipt in receipts] == [True] * 5 + [False] * (BATCH - 5)
    assert [receipt.alp for receipt in receipts[:5]] == [receipt.alp for receipt in first]
    again.close()


def test_curricula_are_listed_and_deleted(teacher):
    for number in range(7):
        named = curriculum(display_name=f"number {number}")
        teacher.CreateCurriculum(curriculum_id=f"c{number}", curriculum=named)
    names, token, pages = [], "", 0
    while pages == 0 or token:
        page = teacher.ListCurricula(page_size=3, page_token=token)
        names += [found.name for found in page.curricula]
        token, pages = page.next_page_token, pages + 1
    assert names == [f"curricula/c{number}" for number in range(7)]
    assert pages == 3

    teacher.DeleteCurriculum(name="curricula/c3")
    with pytest.raises(Refused) as refused:
        teacher.DeleteCurriculum(name="curricula/c3")
    assert refused.value.reason == "CURRICULUM_NOT_FOUND"
    assert len(teacher.ListCurricula().curricula) == 6
    assert teacher.CreateCurriculum(curriculum_id="c3", curriculum=curriculum()).tasks == 0


def test_it_stops_when_it_is_asked_to(server, teacher):
    teacher.CreateCurriculum(curriculum_id="cube", curriculum=curriculum())
    assert server.stop() == 0
