"""The promises about data: one ODCS v3 file per dataset, read into one frozen value.

Everything that needs a column list derives it from here: the Spark read schemas, the warehouse's and the lake's DDL,
the schema part of the GX suites, and the schema, ownership and documentation facets.
Standard: bitol.io, Open Data Contract Standard 3.2. What it has no word for are customProperties: tier, suite,
driftPolicy, settings.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast

import pydantic
import yaml
from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject, SchemaProperty, Team

from catalog.errors import ContractInvalid, ContractMissing
from catalog.schema import TYPE, Field, Schema

Kind = Literal["kafka", "lake", "warehouse", "cache", "api", "object"]
FOLDER = Path(__file__).parent / "contracts"
LOGICAL = {
    "string": "string", "integer": "bigint", "number": "double", "boolean": "boolean",
    "date": "date", "timestamp": "timestamp", "object": "struct", "array": "array",
}  # fmt: skip
UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where it is there: several times faster, and the same values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What is promised about one dataset, and by whom."""

    id: str
    kind: Kind
    name: str
    version: str
    title: str
    description: str
    owner: str
    tier: str
    tags: tuple[str, ...]
    schema: Schema
    suite: str | None
    freshness: timedelta | None
    drift_policy: str
    settings: tuple[tuple[str, str], ...] = ()
    """What the engine must be told: a topic's partitions and configuration (domain table of topics)."""

    @property
    def pii(self) -> tuple[str, ...]:
        """Paths of the columns that hold personal data."""
        return tuple(path for path, field in self.schema.walk() if "pii" in field.tags)


def load(contract_id: str) -> Contract:
    """The contract of this id, e.g. `lake.enriched_events`.

    Raises:
        ContractMissing: there is no such file.
        ContractInvalid: the file is no ODCS v3, or breaks a rule of ours.
    """
    contracts = load_all()
    if contract_id not in contracts:
        raise ContractMissing(contract_id, tuple(contracts))
    return contracts[contract_id]


@lru_cache(maxsize=4)
def load_all(folder: Path = FOLDER) -> dict[str, Contract]:
    """Every contract of a folder by id, in alphabetical order. Read once per process."""
    return {path.stem: parse(path) for path in sorted(folder.glob("*.yaml"))}


def parse(path: Path) -> Contract:
    """One contract file as a value.

    Raises:
        ContractInvalid: not YAML, not ODCS, or a type word that `catalog.schema` does not know.
    """
    return parse_bytes(path, path.read_bytes())


def parse_bytes(path: Path, body: bytes) -> Contract:
    """A contract file's content as a value, such as it stood in another commit; only the name of `path` is used.

    Raises:
        ContractInvalid: as `parse`.
    """
    try:
        return _contract(path.stem, OpenDataContractStandard(**yaml.load(body.decode(), Loader=LOADER)))
    except (yaml.YAMLError, pydantic.ValidationError, LookupError, TypeError, ValueError) as problem:
        raise ContractInvalid(path, str(problem)) from problem


def _contract(contract_id: str, document: OpenDataContractStandard) -> Contract:
    custom = {item.property: item.value for item in document.customProperties or ()}
    if document.id != contract_id:
        raise ValueError(f"its id is {document.id!r}, its file name says {contract_id!r}")
    tables = document.schema_ or []
    if len(tables) != 1:
        raise ValueError(f"one dataset per contract, found {len(tables)}")
    table = tables[0]
    return Contract(
        id=contract_id,
        kind=cast(Kind, contract_id.split(".", maxsplit=1)[0]),
        name=table.physicalName or table.name or "",
        version=document.version or "",
        title=document.name or contract_id,
        description=" ".join(((document.description.purpose if document.description else "") or "").split()),
        owner=document.team.name or "" if isinstance(document.team, Team) else "",
        tier=str(custom["tier"]),
        tags=tuple(document.tags or ()),
        schema=_schema(table),
        suite=custom.get("suite"),
        freshness=_freshness(document),
        drift_policy=str(custom.get("driftPolicy", "review")),
        settings=tuple((str(key), str(value)) for key, value in (custom.get("settings") or {}).items()),
    )


def _schema(table: SchemaObject) -> Schema:
    return Schema(fields=tuple(_field(item) for item in table.properties or ()))


def _freshness(document: OpenDataContractStandard) -> timedelta | None:
    for item in document.slaProperties or ():
        if item.property == "latency":
            return timedelta(seconds=float(str(item.value)) * UNIT[str(item.unit)[0]])
    return None


def _field(item: SchemaProperty) -> Field:
    """A property of the standard as a Field: physicalType when given, else the widest type of its logicalType."""
    word = (item.physicalType or LOGICAL[str(item.logicalType)]).lower()
    if not TYPE.fullmatch(word):
        raise ValueError(f"column {item.name!r}: unknown physicalType {word!r}")
    children = tuple(_field(child) for child in item.properties or ())
    if word == "array" and item.items is not None:
        children = (_field(item.items.model_copy(update={"name": "_element"})),)
    return Field(
        name=str(item.name),
        type=word,
        nullable=not item.required,
        description=" ".join((item.description or "").split()),
        enum=tuple(str(value.value) for value in item.enum or ()),
        primary_key=(item.primaryKeyPosition or 1) if item.primaryKey else None,
        unique=bool(item.unique),
        partition=(item.partitionKeyPosition or 1) if item.partitioned else None,
        default=next((str(c.value) for c in item.customProperties or () if c.property == "default"), None),
        tags=tuple(item.tags or ()),
        fields=children,
    )
