"""The errors of the Spark jobs; each ends the job with exit code 3 and its sentence as the last line of the log.

JobError
 ├─ LeaseHeld      another process writes: .name, .holder
 ├─ LeaseLost      the lease ran out under us: .name
 └─ TopicMissing   the topic is not there: .topic, .bootstrap
"""


class JobError(Exception):
    """Anything of ours that ends a job."""


class LeaseHeld(JobError):
    """Another process writes."""

    def __init__(self, name: str, holder: str) -> None:
        super().__init__(
            f"{name} is being written by {holder}. Stop it (`lineage stream stop`), or wait until it has ended."
        )
        self.name, self.holder = name, holder


class LeaseLost(JobError):
    """The process stood still so long that the lease ran out."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The lease on {name} ran out while this job held it, so it committed nothing more. Run it again."
        )
        self.name = name


class TopicMissing(JobError):
    """The topic is not there."""

    def __init__(self, topic: str, bootstrap: str) -> None:
        super().__init__(
            f"There is no topic {topic} at {bootstrap}. validate_kafka_connectivity creates it: run that first."
        )
        self.topic, self.bootstrap = topic, bootstrap
