"""Everything in one process: the client, the stubs, and frameworks that bring protobuf and native code of their own."""

import grpc
import pytest
import ray
from hill import SPACE, Hill
from ray.core.generated import gcs_pb2
from stable_baselines3 import PPO

import magister
from magister.v1 import curriculum_pb2, teacher_service_pb2_grpc


def test_the_packages_share_a_process(server, client):
    curriculum = client.curriculum("hill", SPACE, seed=4)
    env = magister.CurriculumWrapper(Hill(), curriculum)
    PPO("MlpPolicy", env, n_steps=128, batch_size=64, n_epochs=1, seed=1, device="cpu").learn(128)
    env.close()
    with grpc.insecure_channel(server.address.removeprefix("http://")) as channel:
        teacher = teacher_service_pb2_grpc.TeacherServiceStub(channel)
        hill = teacher.GetCurriculum(curriculum_pb2.GetCurriculumRequest(name="curricula/hill"))
    assert hill.seed == 4
    assert hill == curriculum_pb2.Curriculum.FromString(hill.SerializeToString())
    assert curriculum.info().episodes > 0
    # Messages of Ray's, whose generator is another, in the same registry.
    job = gcs_pb2.JobTableData(job_id=b"1", is_dead=True)
    assert gcs_pb2.JobTableData.FromString(job.SerializeToString()) == job
    with pytest.raises(TypeError):
        hill.CopyFrom(job)
    assert not ray.is_initialized()
