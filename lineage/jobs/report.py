"""What a job did, as JSON for the operator that started it: written to a file or to S3, batches added up."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The half-open range [start, end) read from one partition."""

    topic: str
    partition: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Counts of one batch, or of several added up. Keys of `inputs` and `outputs` are contract ids, values are rows.

    `sizes` and `files`: bytes and files that were written, of lake tables; a merge writes the rows beside its own anew.
    `rejected` counts by reason, `duplicates` rows left out because their event_id is there already, `skipped` messages
    that the topic had deleted before they were read; `stamps` are the first and last batch's timestamp (ISO, UTC).
    """

    job: str
    batches: int = 0
    inputs: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    duplicates: int = 0
    skipped: int = 0
    offsets: tuple[Range, ...] = ()
    stamps: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()
    seconds: float = 0.0

    def plus(self, other: "Report") -> "Report":
        """This report and the one of a later batch as one."""
        return Report(
            job=self.job,
            batches=self.batches + other.batches,
            inputs=_added(self.inputs, other.inputs),
            outputs=_added(self.outputs, other.outputs),
            sizes=_added(self.sizes, other.sizes),
            files=_added(self.files, other.files),
            rejected=_added(self.rejected, other.rejected),
            duplicates=self.duplicates + other.duplicates,
            skipped=self.skipped + other.skipped,
            offsets=_joined(self.offsets, other.offsets),
            stamps=tuple(sorted({*self.stamps, *other.stamps}))[:: max(1, len({*self.stamps, *other.stamps}) - 1)],
            observed=tuple(dict.fromkeys((*self.observed, *other.observed))),
            seconds=round(self.seconds + other.seconds, 3),
        )

    def save(self, where: str) -> None:
        """Write it to a path or to s3://bucket/key."""
        body = json.dumps(asdict(self), indent=1)
        target = urlsplit(where)
        if target.scheme == "s3":
            import boto3

            boto3.client("s3").put_object(Bucket=target.netloc, Key=target.path.lstrip("/"), Body=body.encode())
        else:
            path = Path(where)
            partial = path.with_name(path.name + ".tmp")
            partial.write_text(body, encoding="utf-8")
            partial.replace(path)

    @classmethod
    def read(cls, body: str) -> "Report":
        """The report of a JSON text that `save` wrote."""
        found = json.loads(body)
        found["offsets"] = tuple(Range(**one) for one in found["offsets"])
        return cls(**found | {name: tuple(found[name]) for name in ("stamps", "observed")})


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in (*one, *(key for key in other if key not in one))}


def _joined(earlier: tuple[Range, ...], later: tuple[Range, ...]) -> tuple[Range, ...]:
    """Ranges of the same partition as one from the first start to the last end."""
    found = {(one.topic, one.partition): one for one in earlier}
    for one in later:
        before = found.get((one.topic, one.partition), one)
        found[one.topic, one.partition] = Range(
            topic=one.topic, partition=one.partition, start=before.start, end=one.end
        )
    return tuple(found.values())
