"""In which line something is written: properties of a contract, rules of a suite, names in a statement."""

import re
from functools import lru_cache

import yaml

from catalog.contract import LOADER
from catalog.drift import Change
from catalog.review.review import Place

NESTED = {"_element": "items", "key": "items", "value": "items"}
ABOUT = {"owner": "team", "description": "description", "key": "schema", "partition": "schema", "sort": "schema"}


def in_contract(path: str, text: str, change: Change, *, removed: bool = False) -> Place:
    """The line of the property that changed, else the nearest thing around it that is written; JSON is YAML too."""
    root = _composed(text)
    if not change.path:
        key = "schema" if change.noun == "dataset" and change.after else ABOUT.get(change.noun, "")
        return Place(path=path, line=_line(_key(root, key)), removed=removed)
    at = change.former if removed else change.path
    table = next(iter(_items(_value(root, "schema"))), None)
    return Place(path=path, line=_line(_property(table, at.split("."))), removed=removed)


def in_suite(path: str, text: str, change: Change, *, removed: bool = False) -> Place:
    """The line of the rule that came, went or changed."""
    for one in _items(_value(_composed(text), "expectations")):
        kwargs = _value(one, "kwargs")
        column = _scalar(_value(kwargs, "column"))
        if change.check and _scalar(_value(one, "type")) == change.check.type and column == change.check.column:
            return Place(path=path, line=_line(_key(one, "type")), removed=removed)
    return Place(path=path, removed=removed)


def in_statement(path: str, text: str, name: str, *, removed: bool = False) -> Place:
    """The first line, comments left out, that has this name."""
    word = re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE)
    lines = enumerate((line.partition("--")[0] for line in text.splitlines()), start=1)
    return Place(path=path, line=next((n for n, line in lines if word.search(line)), 1), removed=removed)


@lru_cache(maxsize=256)
def _composed(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError:
        return None


def _property(table: yaml.Node | None, names: list[str]) -> yaml.Node | None:
    """The deepest property on the way to this path that is written."""
    found, at = table, table
    for name in names:
        own = next((one for one in _items(_value(at, "properties")) if _scalar(_value(one, "name")) == name), None)
        at = own or _value(at, NESTED.get(name, ""))
        if at is None:
            return found
        found = at
    return found


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in pairs if _scalar(name) == key), None)


def _key(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((name for name, _ in pairs if _scalar(name) == key), None)


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _scalar(node: yaml.Node | None) -> str | None:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else None


def _line(node: yaml.Node | None) -> int:
    return node.start_mark.line + 1 if node else 1
