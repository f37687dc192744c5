"""The shape of the messages that were really sent, from Spark's `schema_of_variant_agg` to our Schema.

The topic's contract says what is promised, Spark's listener only says key and value; this says what came, unknown keys
included. JSON numbers have no precision, so any number with a fraction is a double.
"""

import re
from collections.abc import Iterator

from catalog.schema import Field, Schema

_TOKEN = re.compile(r"`((?:[^`]|``)*)`|([<>:,])|([^<>:,`\s][^<>:,`]*)")
_SCALARS = {
    "STRING": "string",
    "BOOLEAN": "boolean",
    "BIGINT": "bigint",
    "DOUBLE": "double",
    "DATE": "date",
    "VOID": "void",
}


def schema(texts: tuple[str, ...]) -> Schema | None:
    """What `OBJECT<name: TYPE, ...>` texts describe together; None when no batch had a usable message.

    A member whose type differs within or between them is a string: several types were sent.
    """
    found: tuple[Field, ...] = ()
    for text in texts:
        if text.startswith("OBJECT"):
            found = _merged(found, _type("", _tokens(text)).fields)
    return Schema(fields=tuple(map(_settled, found))) if found else None


def _tokens(text: str) -> Iterator[str]:
    for quoted, mark, word in _TOKEN.findall(re.sub(r"\((\d+),\s*(\d+)\)", r"(\1.\2)", text)):
        yield mark or word.strip() or quoted.replace("``", "`")


def _type(name: str, tokens: Iterator[str]) -> Field:
    word = next(tokens)
    if word == "OBJECT":
        return Field(name=name, type="struct", fields=tuple(_members(tokens)))
    if word == "ARRAY":
        next(tokens)
        element = _type("_element", tokens)
        next(tokens)
        return Field(name=name, type="array", fields=(element,))
    if word.startswith(("DECIMAL", "FLOAT")):
        return Field(name=name, type="double")
    return Field(name=name, type=_SCALARS.get(word, "string"))


def _members(tokens: Iterator[str]) -> Iterator[Field]:
    if next(tokens) != "<":
        return
    for name in tokens:
        if name == ">":
            return
        next(tokens)
        yield _type(name, tokens)
        if next(tokens) == ">":
            return


def _merged(one: tuple[Field, ...], other: tuple[Field, ...]) -> tuple[Field, ...]:
    later = {field.name: field for field in other}
    both = tuple(_either(field, later.pop(field.name)) if field.name in later else field for field in one)
    return (*both, *later.values())


def _either(one: Field, other: Field) -> Field:
    types = {one.type, other.type} - {"void"}
    if types <= {"bigint", "double"} and types:
        return Field(name=one.name, type="double" if "double" in types else "bigint")
    if len(types) > 1:
        return Field(name=one.name, type="string")
    return Field(name=one.name, type=next(iter(types), "void"), fields=_merged(one.fields, other.fields))


def _settled(field: Field) -> Field:
    """A member of which only nulls were sent is called a string."""
    kind = "string" if field.type == "void" else field.type
    return Field(name=field.name, type=kind, fields=tuple(map(_settled, field.fields)))
