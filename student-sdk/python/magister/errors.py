"""What can go wrong, as exceptions that say what to mend."""

from __future__ import annotations

from typing import NamedTuple


class FieldViolation(NamedTuple):
    """A field of a request and what to mend in it."""

    field: str
    problem: str


class MagisterError(Exception):
    """Anything that this package raises for a server's or a setting's sake."""


class OptionsError(MagisterError, ValueError):
    """An address or option that cannot be used: mend it."""


class ConnectError(MagisterError, ConnectionError):
    """The first connect failed; the message says what to check."""


class RefusedError(MagisterError):
    """The server refused the call for good. Nothing has changed there.

    Attributes:
        reason: The contract's reason such as `CURRICULUM_NOT_FOUND`; None if something else than Magister answered.
        code: The gRPC code such as `NotFound`.
        fields: Which fields of the request to mend, and why.
    """

    def __init__(
        self,
        message: str,
        reason: str | None = None,
        code: str = "Unknown",
        fields: list[tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.code = code
        self.fields = [FieldViolation(*field) for field in fields or []]

    def __str__(self) -> str:
        message = super().__str__()
        unsaid = [f"{field}: {problem}" for field, problem in self.fields if problem not in message]
        return "; ".join([message, *unsaid])

    def __reduce__(self) -> tuple[object, ...]:
        fields = [tuple(field) for field in self.fields]
        return type(self), (self.args[0], self.reason, self.code, fields)


class GaveUpError(MagisterError):
    """The server stayed away, or the curriculum paused, for as long as the client was to try.

    Attributes:
        tried_for_s: How long it tried, in seconds.
        reason: The contract's reason of the last failure, if it had one.
    """

    def __init__(self, message: str, tried_for_s: float = 0.0, reason: str | None = None) -> None:
        super().__init__(message)
        self.tried_for_s = tried_for_s
        self.reason = reason

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.args[0], self.tried_for_s, self.reason)


class CurriculumDiffersError(MagisterError):
    """A curriculum of this name exists with other settings: take another name, or the same settings.

    Attributes:
        name: The curriculum's name.
        differences: One line for each setting that differs.
    """

    def __init__(self, name: str, differences: list[str]) -> None:
        super().__init__(f"curriculum {name!r} exists with other settings: {'; '.join(differences)}")
        self.name = name
        self.differences = differences

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.name, self.differences)


class StreamError(MagisterError):
    """A stream was used after its end, or ended with outcomes that the server did not acknowledge."""


class InfeasibleTaskError(ValueError):
    """An environment cannot be built with a task's parameters, though they lie in the task space.

    Environments raise it in `reset`; the curriculum's wrapper reports the task infeasible and asks for another.
    """
