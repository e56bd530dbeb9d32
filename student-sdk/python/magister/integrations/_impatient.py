"""A curriculum for calls that are not worth waiting for."""

from __future__ import annotations

from magister._requests import CurriculumRequests, Requests
from magister.client import Curriculum

_CALL_TIMEOUT_S = 5.0


def impatient(curriculum: Curriculum) -> Curriculum:
    """The same curriculum over a connection of its own that tries each call once, for a few seconds."""
    address, settings, name, student, worker = curriculum._requests.pickled()
    timeout_s = min(_CALL_TIMEOUT_S, settings["call_timeout_s"])
    requests = Requests.lazily(address, {**settings, "retry_for_s": 0.0, "call_timeout_s": timeout_s})
    return Curriculum(CurriculumRequests(requests, name, student, worker))
