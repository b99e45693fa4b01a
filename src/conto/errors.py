"""The errors a use case may raise, each with one meaning in the API (chapter 01 §3).

A use case raises one of these; `conto.api.errors` turns it into status and body. Anything else that
escapes is a bug and becomes a 500.
"""

from collections.abc import Mapping, Sequence


class ContoError(Exception):
    """An answer other than success that the caller brought about."""


class BadRequest(ContoError):
    """400: the body is no JSON, or its envelope is missing, empty or of the wrong type."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unauthorized(ContoError):
    """401: no key, an unknown key, or one that has expired."""


class Forbidden(ContoError):
    """403: the key lacks the permission, or the state forbids the action."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotFound(ContoError):
    """404: `NotFound("plan")` answers the code `plan_not_found`."""

    def __init__(self, resource: str) -> None:
        super().__init__(resource)
        self.resource = resource


class NotAllowed(ContoError):
    """405: the object's state does not allow the action."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TooLarge(ContoError):
    """413: the body is larger than the server reads."""


class Invalid(ContoError):
    """422: validation failed. `details` maps each field to its codes, all of them together."""

    def __init__(self, details: Mapping[str, Sequence[str] | Mapping[str, Sequence[str]]]) -> None:
        super().__init__(dict(details))
        self.details = dict(details)


class Locked(ContoError):
    """422 `lock_acquisition_failed`: another request holds the lock; safe to send again."""


class TimedOut(ContoError):
    """503 `timed_out`: the database took too long, and nothing has happened; safe to send again."""
