"""The generated stubs, with whichever protobuf is installed: a round trip without the client."""

from __future__ import annotations

import pytest

grpc = pytest.importorskip("grpc")


def test_a_call_without_the_client(server):
    from google.rpc import error_details_pb2, status_pb2

    from magister.v1 import curriculum_pb2, teacher_service_pb2_grpc

    with grpc.insecure_channel(server.address.removeprefix("http://")) as channel:
        teacher = teacher_service_pb2_grpc.TeacherServiceStub(channel)
        server.connect().curriculum("walker", space={"height": (0, 3)}, seed=4)
        walker = teacher.GetCurriculum(curriculum_pb2.GetCurriculumRequest(name="curricula/walker"))
        assert (walker.seed, walker.space.dimensions[0].continuous.high) == (4, 3.0)
        with pytest.raises(grpc.RpcError) as refused:
            teacher.GetCurriculum(curriculum_pb2.GetCurriculumRequest(name="curricula/runner"))
        trailers = dict(refused.value.trailing_metadata())
        status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
        reason = error_details_pb2.ErrorInfo()
        assert any(detail.Unpack(reason) for detail in status.details)
        assert reason.reason == "CURRICULUM_NOT_FOUND"
