"""What can go wrong in the embedded backend, as one tree.

BackendError
 ├─ StartRefused             the server cannot or must not start         exit 2
 │   ├─ StoreBusy            .path                                       retryable
 │   └─ StoreUnreadable      .path, .problem
 └─ RequestRefused           .status, .document: what the caller reads
     ├─ MalformedRequest     .problem                                    400
     ├─ InvalidParameter     .parameter, .problem                        400
     ├─ ResourceNotFound     .kind, .name                                404
     ├─ PageNotFound         (no such address)                           404
     ├─ WrongMediaType       .media_type                                 415
     └─ InvalidEvent         .problems                                   422
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


class BackendError(Exception):
    """Anything the backend says no to."""

    retryable = False


class StartRefused(BackendError):
    """The server cannot start; the sentence names the remedy."""


class StoreBusy(StartRefused):
    """Another server has the store open."""

    retryable = True

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} is in use by another marquez server: stop that one, or choose another --data")


class StoreUnreadable(StartRefused):
    """The file is no store of this program, or of another version of it."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path} is no store for this program ({problem}): use the program that wrote it, or a new --data"
        )


class RequestRefused(BackendError):
    """A request that gets an answer other than 2xx."""

    status = 400

    @property
    def document(self) -> dict[str, Any]:
        """The JSON body of the answer, in Marquez's form."""
        return {"code": self.status, "message": str(self)}


class MalformedRequest(RequestRefused):
    """The body cannot be read. Marquez answers 500 here, which clients retry for ever (facts: poison events)."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"Unable to process JSON: {problem}")


class InvalidParameter(RequestRefused):
    """A query parameter breaks a constraint."""

    def __init__(self, parameter: str, problem: str) -> None:
        self.parameter, self.problem = parameter, problem
        super().__init__(f"query param {parameter} {problem}")

    @property
    def document(self) -> dict[str, Any]:
        """Constraint violations come as a list."""
        return {"errors": [str(self)]}


class ResourceNotFound(RequestRefused):
    """The address is right, the thing is not there."""

    status = 404

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"{kind} '{name}' not found.")


class PageNotFound(RequestRefused):
    """No such address."""

    status = 404

    def __init__(self, problem: str = "HTTP 404 Not Found") -> None:
        self.problem = problem
        super().__init__(problem)


class WrongMediaType(RequestRefused):
    """The body is not JSON."""

    status = 415

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type
        super().__init__("HTTP 415 Unsupported Media Type")


class InvalidEvent(RequestRefused):
    """The event lacks something that Marquez insists on."""

    status = 422

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))

    @property
    def document(self) -> dict[str, Any]:
        """Every violated constraint, one sentence each."""
        return {"errors": list(self.problems)}
