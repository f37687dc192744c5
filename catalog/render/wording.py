"""Times, lengths and counts in words: the same on the terminal and in documents."""

from datetime import datetime, timedelta

from catalog.entry import DatasetEntry, Job, short


def moment(when: datetime | None) -> str:
    """Minute of a time, UTC; empty for none."""
    return f"{when:%Y-%m-%d %H:%M}" if when else ""


def length(span: timedelta | None) -> str:
    """A duration in its largest unit with three digits: `2 h`, `1.25 min`; empty for none."""
    if span is None:
        return ""
    seconds = span.total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def count(number: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def name_of(entry: DatasetEntry) -> str:
    """The name that commands take, and that tells tables of one name apart: the contract's id, else the short one."""
    return entry.contract.split("@")[0] if entry.contract else short(entry.dataset)


def task(job: Job) -> str:
    """A task without its DAG."""
    return job.name.rsplit(".", 1)[-1]
