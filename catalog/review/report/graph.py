"""Which dataset's change harms whom, as a small Mermaid drawing that GitHub shows in a comment."""

from catalog.review.report.wording import clipped
from catalog.review.review import Review
from catalog.wire import Word

NODES = 12
ARROW: dict[Word, str] = {"breaking": "==>", "cannot tell": "-.->|?|", "may break": "-.->"}
STYLES = (
    "classDef data fill:#ecfdf5,stroke:#059669,color:#022c22",
    "classDef bad fill:#fef2f2,stroke:#dc2626,color:#450a0a",
)
LABEL = 40


def drawing(review: Review) -> str:
    """From left to right, at most 12 boxes, who is not drawn is counted in the last; "" when nobody is harmed.

    What changes and is harmed by another change is one box: so far goes the harm.
    """
    edges = _edges(review)
    drawn: dict[str, str] = {}
    arrows = list[str]()
    left = set[str]()
    for ends, word in edges.items():
        missing = [end for end in ends if end not in drawn]
        if len(drawn) + len(missing) > NODES - 1:
            left |= {*missing}
            continue
        for end in missing:
            drawn[end] = f"n{len(drawn)}"
        arrows.append(f"  {drawn[ends[0]]} {ARROW[word]} {drawn[ends[1]]}")
    if not arrows:
        return ""
    changed = {dataset for dataset, _ in edges}
    broken = {consumer for (_, consumer), word in edges.items() if word == "breaking"}
    boxes = [f"  {id_}{_box(name, changed=name in changed, broken=name in broken)}" for name, id_ in drawn.items()]
    left -= drawn.keys()
    more = [f'  more["and {len(left):,} more"]'] if left else []
    return "\n".join(["flowchart LR", *boxes, *more, *arrows, *(f"  {style}" for style in STYLES)])


def _edges(review: Review) -> dict[tuple[str, str], Word]:
    """(dataset, consumer) and the worst that it suffers, the worst first."""
    found: dict[tuple[str, str], Word] = {}
    ranked = tuple(ARROW)
    for one in review.findings:
        for verdict in one.finding.verdicts if one.waiver is None else ():
            pair = one.finding.dataset, verdict.consumer.name
            if pair[0] != pair[1] and verdict.word in ranked:  # the same: the table itself
                found[pair] = min(found.get(pair, verdict.word), verdict.word, key=ranked.index)
    return dict(sorted(found.items(), key=lambda pair: ranked.index(pair[1])))


def _box(name: str, *, changed: bool, broken: bool) -> str:
    label = f'"{_safe(clipped(name, LABEL))}"'
    return (f"[({label})]" if changed else f"[{label}]") + (":::bad" if broken else ":::data" * changed)


def _safe(text: str) -> str:
    """Text inside a quoted label: what Mermaid or HTML would read as its own is written as a character code."""
    return "".join(f"#{ord(one)};" if one in '"#<>&;`\\@' or not one.isprintable() else one for one in text)
