"""What changed between two shapes of a dataset. Pure; the judgement of a change is in `classify`."""

from collections.abc import Iterator, Mapping

from catalog.drift import kind
from catalog.drift.bound import compare as compare_bounds
from catalog.drift.change import Change
from catalog.drift.check import compare as compare_checks
from catalog.drift.evidence import Evidence
from catalog.drift.match import around, matched, moved_parts, places
from catalog.drift.rename import probable
from catalog.drift.shape import ROOT, Part, Shape

PII = "pii"
Parts = Mapping[str, Part]
"""The parts of a shape by a path."""


def detect(before: Shape | None, after: Shape | None, evidence: Evidence | None = None) -> tuple[Change, ...]:
    """Every difference, the dataset's own first, then in `after`'s column order, removals last.

    Columns are the same by id, else by path, else by alias; a probable rename (catalog.drift.rename) stands beside the
    removal and the addition and replaces neither. Of a column that is new or gone with its members, only it is told; of
    members that a new type has and the old one cannot have, only the type.
    None is a dataset that is not there; `evidence` is for probable renames only. Laws (tests/catalog/drift):
    detect(s, s) == (); the rules of detect(b, a) are the mirrors of those of detect(a, b).
    """
    if before is None or after is None:
        gone = () if before is None else (Change(rule="dataset.dropped", path=ROOT),)
        return gone if after is None else (Change(rule="dataset.added", path=ROOT),)
    if before == after:
        return ()
    pairs = matched(before, after)
    olds, news = {part.path: part for part in before.parts}, {part.path: part for part in after.parts}
    back = {old.path: news[path] for path, old in pairs.items()}
    came = [part for part in after.parts if part.path not in pairs]
    went = [part for part in before.parts if part.path not in back]
    moved = moved_parts(before, after, pairs)
    found = list(_dataset(before, after))
    for part in after.parts:
        if part.path in pairs:
            found += _part(pairs[part.path], part, moved=part.path in moved)
        else:
            found += _one_sided(part, news, olds, pairs, came=True)
    for part in went:
        found += _one_sided(part, olds, news, back, came=False)
    if went and came:
        stay = (
            places(before, {path: new.path for path, new in back.items()}),
            places(after, {path: path for path in pairs}),
        )
        found += probable(went, came, stay, evidence)
    return tuple(found)


def _one_sided(part: Part, own: Parts, others: Parts, twins: Parts, *, came: bool) -> Iterator[Change]:
    """A part of one shape that the other one lacks, unless the type of its whole brought or took it.

    `twins` are the other shape's parts by the paths that they have in this one.
    """
    above = around(part, own)
    whole, twin = own.get(above), twins.get(above)
    if whole and not (twin and (kind.has(twin.type, part.name) or not kind.has(whole.type, part.name))):
        return
    wild = others.get(f"{twin.path}.*".removeprefix(".")) if twin else None  # of all members that are not declared
    here, there = (one is None or one.open for one in (whole, twin))
    if came:
        yield Change(
            rule="column.added", path=part.path, after=part.type, old=wild, new=part, open_before=there, open_after=here
        )
    else:
        yield Change(
            rule="column.dropped", path=part.path, before=part.type, old=part, new=wild,
            open_before=here, open_after=there,
        )  # fmt: skip


def _part(old: Part, new: Part, *, moved: bool) -> Iterator[Change]:
    """Everything that became different of one part."""
    if old == new and not moved:
        return

    def change(rule: str, before: str | None = None, after: str | None = None) -> Change:
        return Change(rule=rule, path=new.path, before=before, after=after, old=old, new=new)

    if old.path != new.path and (old.name != new.name or old.id is not None):
        yield change("column.renamed", old.path, new.path)
    if moved:
        yield change("column.moved")
    for rule in _type(old.type, new.type):
        yield change(rule, old.type, new.type)
    for rule, *words in (*_presence(old, new), *_enum(old, new), *compare_bounds(old, new), *_labels(old, new)):
        yield change(rule, *words)


def _type(old: str, new: str) -> Iterator[str]:
    """The rules of a change of type; of a decimal or a text, one for each number that is another."""
    order = kind.compare(old, new)
    if order == "same":
        return
    before, after = kind.bare(old), kind.bare(new)
    if {before, after} == {"timestamp", "timestamp_ntz"}:
        yield "zone.added" if after == "timestamp" else "zone.removed"
    elif before != after:
        yield {"wider": "type.widened", "narrower": "type.narrowed"}.get(order, "type.replaced")
    elif before == "decimal":
        yield from _numbers(kind.numbers(old) or kind.UNBOUNDED, kind.numbers(new) or kind.UNBOUNDED)
    elif before == "string":
        yield "length.raised" if order == "wider" else "length.lowered"
    else:
        yield "type.replaced"


def _numbers(old: tuple[int, ...], new: tuple[int, ...]) -> Iterator[str]:
    for word, before, after in zip(("precision", "scale"), old, new, strict=True):
        if before != after:
            yield f"{word}.{'raised' if after > before else 'lowered'}"


def _presence(old: Part, new: Part) -> Iterator[tuple[str, str | None, str | None]]:
    """Null, absence, default, openness. Where null and absence go together, as in a table, null says it."""
    together = old.required is not old.nullable and new.required is not new.nullable
    if old.nullable is not new.nullable:
        yield ("null.allowed" if new.nullable else "null.forbidden"), None, None
    if old.required is not new.required and not together:
        yield ("required.added" if new.required else "required.removed"), None, None
    if old.default != new.default:
        rule = "added" if old.default is None else "removed" if new.default is None else "changed"
        yield f"default.{rule}", old.default, new.default
    if old.open is not new.open:
        yield ("open.allowed" if new.open else "open.refused"), None, None


def _enum(old: Part, new: Part) -> Iterator[tuple[str, str | None, str | None]]:
    before, after = set(old.enum), set(new.enum)
    if before == after:
        return
    if not before or not after:
        yield ("enum.added" if after else "enum.removed"), ", ".join(old.enum) or None, ", ".join(new.enum) or None
        return
    for value in sorted(after - before):
        yield "enum.value_added", None, value
    for value in sorted(before - after):
        yield "enum.value_removed", value, None


def _labels(old: Part, new: Part) -> Iterator[tuple[str, str | None, str | None]]:
    """What is said about a part and does not bind its values."""
    if old.unique is not new.unique:
        yield ("unique.added" if new.unique else "unique.removed"), None, None
    yield from _told("description", old.description, new.description)
    for tag in sorted(new.tags - old.tags):
        yield ("pii.added" if tag == PII else "tag.added"), None, tag
    for tag in sorted(old.tags - new.tags):
        yield ("pii.removed" if tag == PII else "tag.removed"), tag, None


def _told(noun: str, before: str, after: str) -> Iterator[tuple[str, str | None, str | None]]:
    if before != after:
        rule = "added" if not before else "removed" if not after else "changed"
        yield f"{noun}.{rule}", before or None, after or None


def _dataset(old: Shape, new: Shape) -> Iterator[Change]:
    nouns = (
        ("key", ", ".join(old.key), ", ".join(new.key)),
        ("partition", ", ".join(old.partitions), ", ".join(new.partitions)),
        ("sort", ", ".join(old.sorted_by), ", ".join(new.sorted_by)),
        ("description", old.description, new.description),
        ("owner", old.owner, new.owner),
    )
    for noun, one, other in nouns:
        for rule, before, after in _told(noun, one, other):
            yield Change(rule=rule, path=ROOT, before=before, after=after)
    yield from compare_checks(old.checks, new.checks)
