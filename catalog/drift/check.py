"""Quality rules that came, went, or ask for more or less."""

from collections.abc import Iterator, Mapping

from catalog.drift.change import Change
from catalog.drift.shape import ROOT, Check

STRICTER: Mapping[str, int] = {
    "mostly": 1, "min_value": 1, "max_value": -1, "strict_min": 1, "strict_max": 1, "value": 0, "max_hours": -1,
}  # fmt: skip
"""Whether a greater number asks for more (1), for less (-1) or for something else (0)."""
SEVERITY = ("", "info", "warning", "critical")


def compare(before: tuple[Check, ...], after: tuple[Check, ...]) -> Iterator[Change]:
    """Changes of a suite; the same rule is the one of the same type and column, in order when there are several."""
    old, new = _numbered(before), _numbered(after)
    for at in [*new, *(at for at in old if at not in new)]:
        one, other = old.get(at), new.get(at)
        if one == other:
            continue
        rule = "added" if one is None else "removed" if other is None else _order(one, other)
        yield Change(
            rule=f"check.{rule}",
            path=at[1] or ROOT,
            before=_words(one, other),
            after=_words(other, one),
            check=other or one,
        )


def _numbered(checks: tuple[Check, ...]) -> dict[tuple[str, str | None, int], Check]:
    found: dict[tuple[str, str | None, int], Check] = {}
    for check in checks:
        n = 0
        while (check.type, check.column, n) in found:
            n += 1
        found[check.type, check.column, n] = check
    return found


def _order(before: Check, after: Check) -> str:
    """Weakened or strengthened when every difference goes the same way, else changed."""
    old, new = dict(before.kwargs), dict(after.kwargs)
    ways = {
        _way(name, old.get(name), new.get(name)) for name in old.keys() | new.keys() if old.get(name) != new.get(name)
    }
    if before.severity != after.severity:
        known = before.severity in SEVERITY and after.severity in SEVERITY
        ways.add(_sign(SEVERITY.index(after.severity) - SEVERITY.index(before.severity)) if known else 0)
    return {frozenset({-1}): "weakened", frozenset({1}): "strengthened"}.get(frozenset(ways), "changed")


def _way(name: str, before: object, after: object) -> int:
    """1 when the new value asks for more, -1 for less, 0 when neither can be said."""
    if name in {"value_set", "type_list"} and isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        one, other = {str(value) for value in before}, {str(value) for value in after}
        return 1 if other < one else -1 if one < other else 0
    if name == "mostly":  # absent is 1
        before, after = (1 if before is None else before), (1 if after is None else after)
    sense = STRICTER.get(name, 0)
    if before is None or after is None:
        return (1 if before is None else -1) if sense else 0
    if isinstance(before, (int, float)) and isinstance(after, (int, float)):
        return sense * _sign(after - before)
    return 0


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _words(check: Check | None, beside: Check | None) -> str | None:
    """The rule in words; beside another one only what is different. What a run fills in itself is left out."""
    if check is None:
        return None
    other = dict(beside.kwargs) if beside else {}
    told = [
        f"{name}={value}" for name, value in sorted(check.kwargs)
        if other.get(name, check) != value and not isinstance(value, Mapping)
    ]  # fmt: skip
    severity = check.severity if beside is None or beside.severity != check.severity else ""
    return f"{check.type}({', '.join(told)})" + (f" [{severity}]" if severity else "")
