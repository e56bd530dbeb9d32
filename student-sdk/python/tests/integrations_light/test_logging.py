"""The bridge to TensorBoard and CSV: curves that training neither waits for nor fails by."""

import csv
import logging
import subprocess
import sys
import threading

import pytest

import magister
from magister.integrations.logging import CsvWriter, CurriculumLogger, TensorBoardWriter


class Scalars:
    """What `SummaryWriter.add_scalar` was called with."""

    def __init__(self):
        self.points = []

    def add_scalar(self, tag, scalar_value, global_step=None):
        self.points.append((tag, scalar_value, global_step))


class Signal:
    """A writer that says when it was written to."""

    def __init__(self):
        self.written = threading.Semaphore(0)

    def write(self, step, measurements):
        self.written.release()

    def close(self):
        pass


@pytest.fixture
def curriculum(client):
    teacher = magister.AlpGmm(fit_rate=20, fit_lag_episodes=0)
    space = {"height": (0.0, 3.0)}
    return client.curriculum("walker", space, teacher=teacher, test_set=4, mastery_threshold=1.0)


def play(curriculum, episodes):
    for _ in range(episodes):
        task = curriculum.ask()
        curriculum.tell(task, task.params["height"])


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_csv_has_a_line_for_each_step(curriculum, tmp_path):
    path = tmp_path / "runs" / "curriculum.csv"
    logger = CurriculumLogger(curriculum, CsvWriter(path))
    logger.log(step=7)
    play(curriculum, 30)
    round_ = curriculum.sample_test_tasks()
    curriculum.report_evaluations(round_, [2.0, 2.0, 2.0, 0.0])
    logger.log(step=8)
    logger.close()
    before, after = rows(path)
    assert (before["step"], before["episodes"], before["components"]) == ("7", "0", "0")
    assert before["mastered_share"] == before["mean_alp"] == ""
    assert (before["exploration_probability"], after["exploration_probability"]) == ("1.0", "0.2")
    assert (after["step"], after["episodes"], after["fits"]) == ("8", "30", "1")
    assert int(after["components"]) >= 2
    assert float(after["mean_alp"]) > 0
    assert (after["mastered_share"], after["forgotten_share"]) == ("0.75", "0.0")


def test_a_csv_is_continued(curriculum, tmp_path):
    for step in range(2):
        logger = CurriculumLogger(curriculum, CsvWriter(tmp_path / "curriculum.csv"))
        logger.log(step)
        logger.close()
    assert [row["step"] for row in rows(tmp_path / "curriculum.csv")] == ["0", "1"]


def test_scalars_go_to_the_writer_that_is_given(curriculum):
    scalars = Scalars()
    CurriculumLogger(curriculum, TensorBoardWriter(scalars)).log(step=5)
    assert ("curriculum/exploration_probability", 1.0, 5) in scalars.points
    assert all(tag != "curriculum/mastered_share" for tag, _, _ in scalars.points), "what is not known has no point"


def test_it_polls_by_itself_and_writes_the_end(curriculum, tmp_path):
    signal = Signal()
    with CurriculumLogger(curriculum, CsvWriter(tmp_path / "curriculum.csv"), signal, every_s=0.01):
        for _ in range(3):
            signal.written.acquire()
        play(curriculum, 4)
    lines = rows(tmp_path / "curriculum.csv")
    assert len(lines) >= 4
    assert (lines[0]["step"], lines[-1]["step"]) == ("0", "4"), "polled, the curriculum's episodes are the axis"


def test_a_server_away_is_a_gap_and_one_warning(curriculum, server, tmp_path, caplog):
    logger = CurriculumLogger(curriculum, CsvWriter(tmp_path / "curriculum.csv"))
    assert logger.log(step=1) is not None
    server.kill()
    with caplog.at_level(logging.WARNING, logger="magister"):
        assert logger.log(step=2) is None
        assert logger.log(step=3) is None
    assert len(caplog.records) == 1
    assert "gap" in caplog.text
    server.start()
    assert logger.log(step=4) is not None
    logger.close()
    assert [row["step"] for row in rows(tmp_path / "curriculum.csv")] == ["1", "4"]


def test_a_writer_that_fails_does_not_end_training(curriculum, caplog):
    class Full:
        def write(self, step, measurements):
            raise OSError("no space left on device")

        def close(self):
            raise OSError("no space left on device")

    with CurriculumLogger(curriculum, Full(), every_s=0.01):
        pass
    assert "no space left" in caplog.text


def test_a_process_that_forgets_to_close_it_ends_and_writes_the_end(curriculum, server, tmp_path):
    code = f"""
import magister
from magister.integrations.logging import CsvWriter, CurriculumLogger
curriculum = magister.connect({server.address!r}).curriculum("walker")
logger = CurriculumLogger(curriculum, CsvWriter({str(tmp_path / "curriculum.csv")!r}), every_s=3600).start()
curriculum.tell(curriculum.ask(), 1.0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert rows(tmp_path / "curriculum.csv")[-1]["episodes"] == "1"
