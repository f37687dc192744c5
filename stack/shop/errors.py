"""What can go wrong in the shop.

ShopError
 ├─ UsageWrong                an argument or a file is wrong                 exit 2
 │   ├─ TooFewUsers           .producer, .users: a crowd that the profiles cannot carry
 │   ├─ UnknownDeploy         .name
 │   ├─ UnknownIncident       .name
 │   ├─ SpanInvalid           .text: an incident that ends before it begins
 │   ├─ TimeInvalid           .text
 │   ├─ MessageFileInvalid    .path, .line
 │   └─ OrdersFileInvalid     .path, .problem
 └─ BrokerError               Kafka did not do its part                      exit 3
     ├─ BrokerUnreachable     .bootstrap, .timeout_s                         retryable
     ├─ TopicMissing          .topic, .problem
     └─ DeliveryFailed        .failed, .first                                retryable
"""

from __future__ import annotations


class ShopError(Exception):
    """Anything the shop reports in one sentence; `exit_code` is what the command ends with."""

    exit_code = 2
    retryable = False


class UsageWrong(ShopError):
    """An argument or an input file is wrong."""


class TooFewUsers(UsageWrong):
    """Every user of a producer is busy: visits of one user must be more than 30 minutes apart."""

    def __init__(self, *, producer: str, users: int) -> None:
        self.producer, self.users = producer, users
        super().__init__(
            f"all {users} {producer} users are busy at one moment, and visits of one user are 30 minutes apart: "
            "spread the events over more --hours, or raise --users (and start the catalogue API with the same number)"
        )


class UnknownDeploy(UsageWrong):
    """No schema change of that name."""

    def __init__(self, *, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        super().__init__(f"no deploy is named {name!r}: choose one of {', '.join(known)} (see `shop deploys`)")


class UnknownIncident(UsageWrong):
    """No incident of that name."""

    def __init__(self, *, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        super().__init__(f"no incident is named {name!r}: choose one of {', '.join(known)} (see `shop incidents`)")


class SpanInvalid(UsageWrong):
    """A stretch of time that ends before it begins."""

    def __init__(self, *, text: str) -> None:
        self.text = text
        super().__init__(f"{text!r} ends before it begins: write NAME@FROM..UNTIL with the later moment last")


class TimeInvalid(UsageWrong):
    """A moment that is no ISO-8601 time."""

    def __init__(self, *, text: str) -> None:
        self.text = text
        super().__init__(f"{text!r} is no ISO-8601 time: write it as 2026-11-20T00:00:00Z")


class MessageFileInvalid(UsageWrong):
    """A line that is no message of ours."""

    def __init__(self, *, path: str, line: int) -> None:
        self.path, self.line = path, line
        super().__init__(f"{path}:{line} is no message line: make the file with `shop generate` or `shop replay`")


class OrdersFileInvalid(UsageWrong):
    """An order log that does not have the columns of the UCI Online Retail data."""

    def __init__(self, *, path: str, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path} cannot be replayed: {problem}; the layout is described in docs/shop.md")


class BrokerError(ShopError):
    """Kafka did not do its part."""

    exit_code = 3


class BrokerUnreachable(BrokerError):
    """No broker answered in time."""

    retryable = True

    def __init__(self, *, bootstrap: str, timeout_s: float) -> None:
        self.bootstrap, self.timeout_s = bootstrap, timeout_s
        super().__init__(f"no Kafka broker answered at {bootstrap} within {timeout_s:g} s: is it up? (`stack status`)")


class TopicMissing(BrokerError):
    """The broker answered, the topic does not exist and may not or cannot be created."""

    def __init__(self, *, topic: str, problem: str = "") -> None:
        self.topic, self.problem = topic, problem
        why = f" and was not created ({problem})" if problem else ""
        super().__init__(
            f"topic {topic} does not exist{why}: add --create-topic, or run the ingestion DAG's first task"
        )


class DeliveryFailed(BrokerError):
    """Some messages were not acknowledged."""

    retryable = True

    def __init__(self, *, failed: int, first: str) -> None:
        self.failed, self.first = failed, first
        super().__init__(f"{failed} messages were not acknowledged, the first because: {first}")
