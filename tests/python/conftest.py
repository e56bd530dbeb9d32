"""A running server, and a client that knows nothing of it but its address."""

import os
import signal
import subprocess
from pathlib import Path

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

SERVICE = "magister.v1.TeacherService"
GREETING = "magister listens at http://"
CALL_TIMEOUT_S = 20


class Server:
    """The binary, serving one folder; started again, it takes another port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder.with_suffix(".log")
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [os.environ["MAGISTER_BIN"], "serve", "--data", str(self.folder), "--listen", "127.0.0.1:0"],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        greeting = self.process.stdout.readline().strip()
        assert greeting.startswith(GREETING), f"{greeting!r}; the log says: {self.log.read_text()}"
        self.address = greeting.removeprefix(GREETING)

    def kill(self) -> None:
        """Ends it as a power cut would: it can clean up nothing."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self) -> int:
        """Asks it to end and gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=CALL_TIMEOUT_S)
        self.process.stdout.close()
        return code


class Refused(Exception):
    """A call that failed, with what the contract promises about it."""

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__(error.details())
        self.code = error.code()
        self.message = error.details()
        self.fields = []
        infos = []
        status = rpc_status.from_call(error)
        for detail in status.details if status else []:
            info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
            if detail.Unpack(info):
                infos.append(info)
            elif detail.Unpack(bad):
                self.fields += [violation.field for violation in bad.field_violations]
        assert len(infos) == 1, f"every error has exactly one ErrorInfo: {error!r}"
        assert infos[0].domain == "magister"
        self.reason = infos[0].reason


class Deadline(grpc.StreamStreamClientInterceptor):
    """Ends the reflection client's calls, which it makes without one: a server that is killed may leave them waiting."""

    def intercept_stream_stream(self, continuation, client_call_details, request_iterator):
        if client_call_details.timeout is None:
            client_call_details = client_call_details._replace(timeout=CALL_TIMEOUT_S)
        return continuation(client_call_details, request_iterator)


class Teacher:
    """A client made from the server's reflection alone: `teacher.GetCurriculum(name=...)`."""

    def __init__(self, address: str, like: "Teacher | None" = None) -> None:
        """`like` is a client of the same contract, whose description of it is taken over instead of asked for again."""
        self.channel = grpc.intercept_channel(grpc.insecure_channel(address), Deadline())
        if like is None:
            self.reflection = ProtoReflectionDescriptorDatabase(self.channel)
            self.pool = DescriptorPool(self.reflection)
            self.service = self.pool.FindServiceByName(SERVICE)
        else:
            self.reflection, self.pool, self.service = like.reflection, like.pool, like.service

    def message(self, name: str, **fields):
        """A message of the contract, as the server describes it."""
        descriptor = self.pool.FindMessageTypeByName(f"magister.v1.{name}")
        return message_factory.GetMessageClass(descriptor)(**fields)

    def __getattr__(self, name: str):
        method = self.service.methods_by_name.get(name)
        if method is None:
            raise AttributeError(name)
        request_class = message_factory.GetMessageClass(method.input_type)
        kinds = {
            (False, False): self.channel.unary_unary,
            (False, True): self.channel.unary_stream,
            (True, False): self.channel.stream_unary,
            (True, True): self.channel.stream_stream,
        }
        remote = kinds[method.client_streaming, method.server_streaming](
            f"/{SERVICE}/{name}",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )

        def call(**fields):
            request = request_class(**fields)
            try:
                sent = iter([request]) if method.client_streaming else request
                answer = remote(sent, timeout=CALL_TIMEOUT_S)
                return list(answer) if method.server_streaming else answer
            except grpc.RpcError as error:
                raise Refused(error) from None

        return call

    def close(self) -> None:
        self.channel.close()


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "data")
    yield server
    if server.process.poll() is None:
        server.kill()


@pytest.fixture
def teacher(server):
    teacher = Teacher(server.address)
    yield teacher
    teacher.close()
