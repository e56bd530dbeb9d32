from magister.v1 import curriculum_pb2 as _curriculum_pb2
from magister.v1 import distribution_pb2 as _distribution_pb2
from magister.v1 import errors_pb2 as _errors_pb2
from magister.v1 import evaluation_pb2 as _evaluation_pb2
from magister.v1 import progress_pb2 as _progress_pb2
from magister.v1 import task_pb2 as _task_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor
