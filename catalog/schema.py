"""What a dataset's columns are: one value for every engine, compared, rendered and derived from.

Types are lower-case words: string, string(n), boolean, int, bigint, double, decimal(p,s), date, timestamp, struct,
array, map.
A timestamp is an instant (UTC). A struct has its members in `fields`; an array has one member named `_element`,
a map two named `key` and `value`: the convention of openlineage-spark for nested schema facets.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

TYPE = re.compile(
    r"(string|boolean|int|bigint|double|decimal|date|timestamp|struct|array|map)(?:\((\d+)(?:,\s*(\d+))?\))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column or nested member, with everything the standard schema facet has no room for."""

    name: str
    type: str
    nullable: bool = True
    description: str = ""
    enum: tuple[str, ...] = ()
    primary_key: int | None = None
    unique: bool = False
    partition: int | None = None
    default: str | None = None
    tags: tuple[str, ...] = ()
    fields: tuple["Field", ...] = ()

    @property
    def base(self) -> str:
        """The type without its parameters: `decimal` of `decimal(12,2)`."""
        return self.type.split("(")[0]

    @property
    def parameters(self) -> tuple[int, ...]:
        """(length) of a string, (precision, scale) of a decimal, else ()."""
        found = TYPE.fullmatch(self.type)
        return tuple(int(part) for part in found.groups()[1:] if part) if found else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The columns of a dataset, in order."""

    fields: tuple[Field, ...]

    def names(self) -> tuple[str, ...]:
        """Top-level column names, in order."""
        return tuple(field.name for field in self.fields)

    def key(self) -> tuple[str, ...]:
        """The primary key's columns, in key order; empty when there is none."""
        keyed = [(field.primary_key, field.name) for field in self.fields if field.primary_key is not None]
        return tuple(name for _, name in sorted(keyed))

    def partitions(self) -> tuple[str, ...]:
        """The partition columns, in partition order."""
        parted = [(field.partition, field.name) for field in self.fields if field.partition is not None]
        return tuple(name for _, name in sorted(parted))

    def walk(self) -> Iterator[tuple[str, Field]]:
        """Every field with its dotted path, parents first."""
        stack = [(field.name, field) for field in reversed(self.fields)]
        while stack:
            path, field = stack.pop()
            yield path, field
            stack.extend((f"{path}.{child.name}", child) for child in reversed(field.fields))

    def __getitem__(self, path: str) -> Field:
        for at, field in self.walk():
            if at == path:
                return field
        raise KeyError(path)
