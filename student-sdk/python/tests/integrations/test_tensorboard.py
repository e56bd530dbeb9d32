"""Curves in event files that TensorBoard reads."""

from magister.integrations.logging import CurriculumLogger, TensorBoardWriter


def test_a_folder_gets_event_files(curriculum, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with CurriculumLogger(curriculum, TensorBoardWriter(tmp_path / "events")) as logger:
        task = curriculum.ask()
        curriculum.tell(task, 1.0)
        logger.log(step=12)
    events = EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    points = events.Tensors("curriculum/episodes")
    assert [(point.step, float(point.tensor_proto.float_val[0])) for point in points if point.step == 12] == [(12, 1.0)]
