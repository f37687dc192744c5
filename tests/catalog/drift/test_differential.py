"""Verdicts on JSON readers against the JSON Schema validator itself: random schemas, random edits, random documents.

Nobody writes members that are declared on the other side only: `docs/drift.md` calls that "may break".
"""

import random
from collections.abc import Iterator
from copy import deepcopy
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator as Validator

from bench.drift_score import answer

Node = dict[str, Any]
"""A schema as a tree: `types`, `null`, its limits, and what is in it: `members` by name, `element`, `wild`."""
LIMITS = (
    "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
    "pattern", "format", "minItems", "maxItems", "uniqueItems",
)  # fmt: skip
FORMATS = {
    "date-time": ["2020-01-02T03:04:05Z", "2020-01-02T03:04:05.123456789Z"], "date": ["2020-01-02", "2024-02-29"],
    "time": ["10:20:30Z"], "uuid": ["123e4567-e89b-42d3-a456-426614174000"], "ipv4": ["127.0.0.1", "255.255.255.255"],
    "ipv6": ["::", "2001:db8::1"], "email": ["a@b", f"{'a' * 40}@b"], "a word that no validator knows": ["", "a"],
}  # fmt: skip
PATTERNS = {"^a": ["a", "abc"], "^[a-z]+$": ["b", "zzzz"], "^[0-9]{2}$": ["12"], "x|y": ["x", "yy"], "": ["", "q"]}
TYPES = ["integer", "number", "string", "boolean", "object", "array"]
VALUES = [None, True, False, 0, 1, 1.0, -3, 0.5, 2, "", "a", "abc", "12", "1", "true", "null", "2020-01-02", "a@b"]
ANYTHING = [*VALUES, [], [1], {}, {"x": 1}]
WORDS = {"date-time": "timestamp", "date": "date"}


# ------------------------------------------------------------------ schemas
def grown(chance: random.Random, depth: int = 0) -> Node:
    """A schema of any kind; the outermost one is of objects."""
    likely, pick = (lambda share: chance.random() < share), chance.choice
    types = set(chance.sample(TYPES if depth < 3 else TYPES[:4], 2 if likely(0.15) else 1))
    types = {"object"} if depth == 0 else {"any"} if likely(0.06) else types
    node: Node = {"types": sorted(types), "null": depth > 0 and types != {"any"} and likely(0.25)}
    if types & {"integer", "number"}:
        node |= {name: pick([-1, 0, 0.5, 1, 2]) for name in ("minimum", "exclusiveMinimum") if likely(0.2)}
        node |= {name: pick([3, 4, 5, 5.5, 7]) for name in ("maximum", "exclusiveMaximum") if likely(0.2)}
        node |= {"multipleOf": pick([0.1, 0.25, 0.5, 1, 1.0, 1.5, 2, 2.5, 3])} if likely(0.2) else {}
    if "string" in types:
        node |= {"format": pick(list(FORMATS))} if likely(0.3) else {}
        node |= {"pattern": pick(list(PATTERNS))} if "format" not in node and likely(0.25) else {}
        free = not node.keys() & {"format", "pattern"}
        node |= {"minLength": pick([0, 1, 2, 3, 8] if free else [0, 1, 2])} if likely(0.2) else {}
        node |= {"maxLength": pick([8, 10, 64] if free else [64, 80])} if likely(0.2) else {}
    if "array" in types:
        node |= {"minItems": pick([0, 1, 2])} if likely(0.25) else {}
        node |= {"maxItems": pick([2, 3])} if likely(0.25) else {}
        node |= {"uniqueItems": pick([True, False])} if likely(0.2) else {}
        node |= {"element": grown(chance, depth + 1)} if likely(0.8) else {}
    if "object" in types:
        node["members"] = {name: member(chance, depth) for name in "abc" if likely(0.5)}
        node |= {"open": likely(0.6)}
        node |= {"open": True, "wild": grown(chance, depth + 1)} if likely(0.15) else {}
    if depth and likely(0.05 if types & {"object", "array"} else 0.2):
        relist(chance, node, 3)
    return node


def member(chance: random.Random, depth: int) -> Node:
    return {**grown(chance, depth + 1), "required": chance.random() < 0.4}


def relist(chance: random.Random, node: Node, many: int) -> None:
    """Lists values that its limits admit, beside those that are listed already."""
    free = Validator(schema({**node, "null": True}, but="enum"), format_checker=Validator.FORMAT_CHECKER)
    known = node.get("enum", [])
    new = [one for one in VALUES if free.is_valid(one) and not any(same(one, other) for other in known)]
    distinct = [one for n, one in enumerate(new) if not any(same(one, other) for other in new[:n])]
    if distinct or known:
        node["enum"] = known + chance.sample(distinct, min(many, len(distinct)))
        node["null"] = None in node["enum"] and node["types"] != ["any"]


def same(one: object, other: object) -> bool:
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def schema(node: Node, but: str = "") -> dict[str, Any]:
    """As JSON Schema."""
    told = {name: node[name] for name in LIMITS if name in node and name != but}
    if node["types"] != ["any"]:
        told["type"] = node["types"] + ["null"] * node["null"]
    if "element" in node:
        told["items"] = schema(node["element"])
    if "members" in node:
        told["properties"] = {name: schema(one) for name, one in node["members"].items()}
        told["required"] = [name for name, one in node["members"].items() if one["required"]]
        told["additionalProperties"] = schema(node["wild"]) if "wild" in node else node["open"]
    return told


def flat(node: Node, path: str = "$", required: bool = True) -> dict[str, Any]:
    """As the questions have it."""
    types = {WORDS.get(node.get("format", ""), one) if one == "string" else one for one in node["types"]}
    field = {"type": "|".join(sorted(types)), "nullable": node["null"], "required": required}
    field |= {name: node[name] for name in (*LIMITS, "open") if name in node}
    base = "" if path == "$" else path
    found = {path: field}
    for name, one in inside(node):
        found |= flat(one, f"{base}[]" if name == "[]" else f"{base}.{name}".lstrip("."), one.get("required", False))
    return found


def inside(node: Node) -> list[tuple[str, Node]]:
    others = [(name, node[key]) for name, key in (("[]", "element"), ("*", "wild")) if key in node]
    return [*node.get("members", {}).items(), *others]


def every(node: Node) -> Iterator[Node]:
    yield node
    for _, one in inside(node):
        yield from every(one)


# ------------------------------------------------------------------ edits
def loosen(chance: random.Random, root: Node) -> None:
    """One edit after which a schema admits all that it admitted before; none where none fits."""
    node, pick = chance.choice(list(every(root))), chance.choice
    types, open = set(node["types"]), node.get("open", False) and "wild" not in node
    edits = [{name: None} for name in LIMITS if name in node and name != "enum"]
    edits += [{name: node[name] + more} for name in node if name.startswith("max") for more in (1, 30)]
    edits += [{name: max(node[name] - 1, 0)} for name in node if name in ("minLength", "minItems")]
    edits += [{name: node[name] - pick([0, 0.5, 1])} for name in node if name in ("minimum", "exclusiveMinimum")]
    if "multipleOf" in node:
        edits.append({"multipleOf": float(Fraction(str(node["multipleOf"])) / 2)})
    if "exclusiveMinimum" in node and "minimum" not in node:
        low = node["exclusiveMinimum"]
        edits.append({"exclusiveMinimum": None, "minimum": low + (types == {"integer"} and low == int(low))})
    if node.get("format") in {"date", "date-time", "uuid", "ipv4"}:
        edits += [{"minLength": pick([1, 7])}, {"maxLength": node.get("maxLength", 64)}][
            : 1 + (node["format"] != "date-time")
        ]
    if types == {"integer"} and "multipleOf" not in node:
        edits += [{"multipleOf": pick([0.25, 0.5, 1])}, {"types": ["number"], "multipleOf": 1}]
    if types == {"number"} and node.get("multipleOf") in (1, 2, 3):
        edits.append({"types": ["integer"]})
    if "integer" in types:
        edits.append({"types": sorted(types - {"integer"} | {"number"})})
    if node is not root and types != {"any"}:
        edits += [{"types": sorted(types | {"boolean"})}, *([{"null": True}] if "enum" not in node else [])]
        edits += [{"types": sorted(types | {"object"}), "open": False, "members": {}}] if "object" not in types else []
    if "enum" in node:
        edits += [{"enum": None}, {"more": 1}]
    edits += [{name: None} for name in ("element", "wild") if name in node]
    edits += [{"open": True}] if "members" in node else []
    if open:
        names = [name for name, one in node["members"].items() if not one["required"]]
        edits += [{"members": {key: one for key, one in node["members"].items() if key != name}} for name in names]
        edits += [{"members": node["members"] | {"d": {**grown(chance, 2), "required": False}}}]
    for name, one in node.get("members", {}).items():
        edits += [{"members": node["members"] | {name: one | {"required": False}}}] if one["required"] else []
    apply(chance, node, pick(edits) if edits else {})


def replace(chance: random.Random, root: Node) -> None:
    """Any edit: another schema in the place of one, a member more or less, another schema of all other members."""
    parents = [node for node in every(root) if "members" in node]
    node, name = chance.choice(parents), chance.choice("abcd")
    if chance.random() < 0.3:
        apply(chance, node, {"open": True, "wild": grown(chance, 2)})
    elif chance.random() < 0.3:
        node["members"].pop(name, None)
    else:
        node["members"][name] = member(chance, 1)


def apply(chance: random.Random, node: Node, edit: dict[str, Any]) -> None:
    for name, value in edit.items():
        if name == "more":
            relist(chance, node, value)
        elif value is None:
            del node[name]
        else:
            node[name] = value


# ------------------------------------------------------------------ documents
def written(chance: random.Random, node: Node) -> Any:
    """A value that may well be valid."""
    pick = chance.choice
    if "enum" in node:
        return pick(node["enum"])
    if node["null"] and chance.random() < 0.2:
        return None
    kind = pick(node["types"])
    if kind == "string":
        if options := FORMATS.get(node.get("format", "")) or PATTERNS.get(node.get("pattern", "none")):
            return pick(options)
        near = pick([node.get("minLength", 0), node.get("maxLength", 2)]) + pick([-1, 0, 0, 1, 40])
        return pick("ab12é") * max(0, near)
    if kind in {"integer", "number"}:
        return number(chance, node, whole=kind == "integer")
    if kind == "array":
        size = max(0, pick([node.get("minItems", 0), node.get("maxItems", 2)]) + pick([0, 0, 1, 3]))
        return [written(chance, node["element"]) if "element" in node else pick(ANYTHING) for _ in range(size)]
    if kind == "object":
        some = {name: one for name, one in node["members"].items() if one["required"] or chance.random() < 0.6}
        found = {name: written(chance, one) for name, one in some.items()}
        more = {"undeclared": written(chance, node["wild"]) if "wild" in node else pick(ANYTHING)}
        return found | (more if node["open"] and chance.random() < 0.3 else {})
    return chance.random() < 0.5 if kind == "boolean" else pick(ANYTHING)


def number(chance: random.Random, node: Node, *, whole: bool) -> float:
    ends = [node[name] for name in LIMITS if name in node and "imum" in name]
    near = chance.choice([0, *ends]) + chance.choice([0, 1, -1, 2, 100, -100] + [0.5, -0.5, 0.1, 0.25] * (not whole))
    if "multipleOf" in node and chance.random() < 0.7:
        near = float(round(near / node["multipleOf"]) * Fraction(str(node["multipleOf"])))
    return int(near) if whole or (near == int(near) and chance.random() < 0.5) else near


# ------------------------------------------------------------------ the questions
def said(writer: Node, reader: Node) -> bool | None:
    """The verdict, asked both ways: they have to agree."""
    old, new = flat(writer), flat(reader)
    question = {"ask": "drift", "format": "fields", "settings": {}}
    there = answer(question | {"direction": "new_reads_old", "before": old, "after": new})["breaking"]
    back = answer(question | {"direction": "old_reads_new", "before": new, "after": old})["breaking"]
    assert there is back
    return there


def refused(chance: random.Random, writer: Node, reader: Node, tries: int = 40) -> Any:
    """A document that the writer may write and the reader refuses, in a list; empty where none was found."""
    one, other = (Validator(schema(node), format_checker=Validator.FORMAT_CHECKER) for node in (writer, reader))
    documents = (written(chance, writer) for _ in range(tries))
    return next(([document] for document in documents if one.is_valid(document) and not other.is_valid(document)), [])


def pair(chance: random.Random, edit: Any) -> tuple[Node, Node]:
    one = grown(chance)
    other = deepcopy(one)
    for _ in range(chance.choice([1, 1, 2, 3])):
        edit(chance, other)
    return one, other


CHANCES = st.integers(0, 2**64).map(random.Random)
FEW = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(CHANCES)
@pytest.mark.parametrize("edit", [loosen, replace])
def test_who_refuses_is_never_said_to_bear_it_and_who_admits_more_never_to_break(
    edit: Any, chance: random.Random
) -> None:  # fmt: skip
    """Both ways; after an edit that loosens, the new reader admits all that it admitted before."""
    for writer, reader in (ways := pair(chance, edit)), ways[::-1]:
        verdict = said(writer, reader)
        if edit is loosen and reader is ways[1]:
            assert not refused(chance, writer, reader, tries=5)  # else the edit is not what it is meant to be
            assert verdict is not True, (flat(writer), flat(reader))
        found = verdict is False and refused(chance, writer, reader)
        assert not found, (found, flat(writer), flat(reader))


# ------------------------------------------------------------------ what such pairs found, one by one
def field(type: str, required: bool = False, **more: Any) -> dict[str, Any]:
    return {"type": type, "nullable": False, "required": required, **more}


OBJECT, TEXT, NUMBER = field("object", True, open=True), field("string"), field("number")
MAP, TREE, TEXTS = {"*": NUMBER}, {"*": field("object", open=True)}, {"a": field("object|string")}
FOUND = [
    ("a text among numbers of any name, outermost", MAP, MAP | {"a": TEXT}, (False, True)),
    ("elements where no lists were before", {"a": TEXT}, {"a": field("array|string"), "a[]": NUMBER}, (False, True)),
    ("members that only objects need", {"a": TEXT}, TEXTS | {"a.b": field("string", True)}, (False, True)),
    ("anything, but it has to be there", {"a": NUMBER | {"nullable": True}}, {"a": field("any", True)}, (True, True)),
    ("others of any type", {}, {"*": field("any")}, (False, False)),
    ("closed objects where only texts came", {"a": TEXT}, {"a": field("object|string", open=False)}, (False, True)),
    ("an object among objects of any name", TREE, TREE | {"a": field("object", open=True)}, (False, None)),
]  # fmt: skip


def test_members_that_nobody_tells_are_not_those_of_the_whole() -> None:
    closed = {"$": OBJECT | {"open": False}}
    question = {"ask": "drift", "format": "fields", "direction": "old_reads_new"}
    assert answer(question | {"before": closed, "after": closed | {"a.b": TEXT}}) == {"breaking": False}
    assert answer(question | {"before": closed, "after": closed | {"a": OBJECT}}) == {"breaking": True}


@pytest.mark.parametrize(("case", "before", "after", "expected"), FOUND, ids=[one[0] for one in FOUND])
def test_found(case: str, before: dict[str, Any], after: dict[str, Any], expected: tuple[bool | None, ...]) -> None:
    question = {"ask": "drift", "format": "fields", "before": {"$": OBJECT, **before}, "after": {"$": OBJECT, **after}}
    told = (answer(question | {"direction": to})["breaking"] for to in ("new_reads_old", "old_reads_new"))
    assert tuple(told) == expected
