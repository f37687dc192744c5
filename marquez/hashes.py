"""Name-based identifiers: the same inputs give the same UUID here and in the real Marquez (md5, UUID version 3)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A top-level column as the schema facet names it."""

    name: str
    type: str | None
    description: str | None


def named(*parts: str | None) -> str:
    """The UUID of the parts joined by colons; absent parts leave no trace."""
    digest = bytearray(
        hashlib.md5(":".join(p for p in parts if p is not None).encode(), usedforsecurity=False).digest()
    )
    digest[6] = digest[6] & 0x0F | 0x30
    digest[8] = digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))


def run_id(text: str) -> str:
    """The run's UUID in canonical form; a run id that is none gets a name-based one."""
    return uuid_or_none(text) or named(text)


def uuid_or_none(text: str) -> str | None:
    """The text as a canonical UUID, or None when it is none."""
    try:
        return str(uuid.UUID(text)) if text.count("-") == 4 else None
    except ValueError:
        return None


def schema_version(namespace: str, dataset: str, fields: Iterable[Field]) -> str:
    """Equal for equal sets of (name, type): blind to order, descriptions and nested fields."""
    pairs = sorted({(f.name, f.type or "") for f in fields})
    return named(namespace, dataset, ":".join(part for pair in pairs for part in pair if part))


def dataset_version(
    *,
    namespace: str,
    source: str,
    dataset: str,
    physical: str,
    fields: Iterable[Field],
    lifecycle: str,
    run: str | None,
) -> str:
    """One per run and schema: type names upper-cased, fields by name, descriptions included, the run last."""
    ordered = sorted(fields, key=lambda f: f.name)
    columns = ":".join(":".join(p for p in (f.name, (f.type or "").upper(), f.description) if p) for f in ordered)
    return named(namespace, source, dataset, physical, columns, lifecycle, run)


def job_version(
    *,
    namespace: str,
    job: str,
    inputs: Iterable[tuple[str, str]],
    outputs: Iterable[tuple[str, str]],
    location: str | None,
) -> str:
    """Changes when the set of datasets read or written, or the code location, changes."""
    return named(
        namespace, job, *(":".join(":".join(d) for d in sorted(set(ds))) for ds in (inputs, outputs)), location
    )
