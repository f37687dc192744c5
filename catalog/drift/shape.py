"""What a dataset looks like, as far as drift can tell: the same value from a contract, a record or a file's schema.

None and empty mean "not told": a part that says nothing of its default has no default that anybody can rely on.
Paths are those of `Schema.walk`: `a.b`, members of an array `a._element`, of a map `a.key` and `a.value`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from catalog.drift import kind
from catalog.entry import Column
from catalog.schema import Field, Schema

if TYPE_CHECKING:
    from catalog.contract import Contract

ROOT = ""
"""Path of the part that stands for a whole document; tables have none."""
Bounds = tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One column or nested member. `required`: its key must be there; `nullable`: its value may be null."""

    path: str
    type: str
    nullable: bool = True
    required: bool = False
    open: bool = True
    """Whether members that are not declared may be there (JSON Schema's additionalProperties, true unless told)."""
    default: str | None = None
    enum: tuple[str, ...] = ()
    bounds: Bounds = ()
    """JSON Schema's limits of values: minimum, maxLength, pattern, ..., and `variants` (its oneOf, as marks)."""
    unique: bool = False
    description: str = ""
    tags: frozenset[str] = frozenset()
    id: int | None = None
    """The field id of Iceberg or of a registry: the same id is the same column, whatever its name."""
    aliases: frozenset[str] = frozenset()
    values: tuple[str, ...] = ()
    """Examples or frequent values: evidence for a rename only."""

    @property
    def name(self) -> str:
        """The last word of the path."""
        return self.path.rsplit(".", 1)[-1]

    @property
    def parent(self) -> str:
        """Path of what it is a member of; ROOT for a column."""
        return self.path.rpartition(".")[0]

    @property
    def demanded(self) -> bool:
        """Whether a writer must fill it: no null, no absence, no default that stands in."""
        return (self.required or not self.nullable) and self.default is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A quality rule: what it is, of which column (None: of the dataset), and its numbers."""

    type: str
    column: str | None = None
    kwargs: tuple[tuple[str, object], ...] = ()
    severity: str = ""

    @property
    def name(self) -> str:
        """What it is called: type and column."""
        return f"{self.type}({self.column or ''})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Everything about one dataset that can drift: its parts in order, parents before members, and itself."""

    parts: tuple[Part, ...]
    key: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    sorted_by: tuple[str, ...] = ()
    description: str = ""
    owner: str = ""
    checks: tuple[Check, ...] = ()


def within(path: str, above: str) -> bool:
    """Whether a path is another one, or is inside it."""
    return path == above or path.startswith(f"{above}.")


def of_suite(suite: Mapping[str, Any]) -> tuple[Check, ...]:
    """The rules of a Great Expectations suite file, in its order, without what only documents them (notes, reasons).

    `columns` in a rule's meta are those that its own SQL asks about, where it names none in its parameters.
    """
    return tuple(
        Check(
            type=str(one["type"]),
            column=one.get("kwargs", {}).get("column"),
            kwargs=tuple(
                (name, tuple(value) if isinstance(value, list) else value)
                for name, value in sorted((one.get("kwargs", {}) | _asked(one.get("meta") or {})).items())
                if name != "column"
            ),
            severity=str(one.get("severity", "")),
        )
        for one in suite.get("expectations", ())
    )


def _asked(meta: Mapping[str, Any]) -> dict[str, Any]:
    return {"columns": meta["columns"]} if "columns" in meta else {}


def of_schema(schema: Schema) -> Shape:
    """The shape of a schema of ours; a column that may not be null must also be there."""
    parts = tuple(_part(path, one) for path, one in schema.walk())
    return Shape(parts=parts, key=schema.key(), partitions=schema.partitions())


def of_contract(contract: "Contract", *, checks: Iterable[Check] = ()) -> Shape:
    """The shape that a contract promises, perhaps with the rules of its suite."""
    plain = of_schema(contract.schema)
    return replace(plain, description=contract.description, owner=contract.owner, checks=tuple(checks))


def of_columns(columns: Iterable[Column], *, untold: Shape | None = None) -> Shape:
    """The shape of a recorded schema version.

    A witness may know names and types only (a Spark step). Where no column has a detail, what is not told is as in
    `untold`, most often the shape it is compared with: silence is no drift.
    """
    told = sorted(columns, key=lambda one: one.ordinal)
    if untold and not any(one.details for one in told):
        known = {part.path: part for part in untold.parts}
        parts = tuple(_filled(_recorded(one), known.get(one.path), one.nullable is None) for one in told)
        return replace(untold, parts=parts)
    parts = tuple(map(_recorded, told))
    return Shape(parts=parts, key=_ranked(told, "primaryKey"), partitions=_ranked(told, "partition"))


def _part(path: str, one: Field) -> Part:
    return Part(
        path=path, type=one.type, nullable=one.nullable, required=not one.nullable, default=one.default,
        enum=one.enum, unique=one.unique, description=one.description, tags=frozenset(one.tags),
    )  # fmt: skip


def _recorded(one: Column) -> Part:
    details = one.details
    default, values = details.get("default"), details.get("enum")
    sizes = [str(details[name]) for name in ("length", "precision", "scale") if name in details]
    return Part(
        path=one.path, type=f"{one.type}({','.join(sizes)})" if sizes and "(" not in one.type else one.type,
        nullable=one.nullable is not False, required=one.nullable is False,
        default=None if default is None else str(default),
        enum=tuple(str(value) for value in values) if isinstance(values, (list, tuple)) else (),
        unique=bool(details.get("unique")), description=one.description, tags=frozenset(one.tags),
    )  # fmt: skip


def _filled(part: Part, known: Part | None, silent: bool) -> Part:
    """What a witness of names and types tells, over what is known; a type without numbers is the known one's."""
    if known is None:
        return part
    same = "(" not in part.type and kind.bare(part.type) == kind.bare(known.type)
    return replace(
        known, type=known.type if same else part.type,
        nullable=known.nullable if silent else part.nullable, required=known.required if silent else part.required,
        description=part.description or known.description, tags=part.tags or known.tags,
    )  # fmt: skip


def _ranked(columns: Iterable[Column], detail: str) -> tuple[str, ...]:
    ranks = ((one.details.get(detail), one.path) for one in columns)
    return tuple(path for _, path in sorted((rank, path) for rank, path in ranks if isinstance(rank, int)))
