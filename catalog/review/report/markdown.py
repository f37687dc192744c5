"""The comment of a pull request: the worst first, short, below GitHub's limit at any size."""

import re
from collections.abc import Iterable

from catalog.review.report import graph
from catalog.review.report.link import Links
from catalog.review.report.wording import (
    NAME,
    ORDER,
    TITLE,
    Dialect,
    at,
    clipped,
    headline,
    lines,
    open_ones,
    source,
    verdict,
)
from catalog.review.review import Place, Review, Reviewed

MARKER = "<!-- ecompulse-schema-review -->"
LIMIT = 65_000
"""Bytes, UTF-8: GitHub refuses more than 65,536 letters, and no letter is less than a byte."""
FULL, BRIEF, FOLDED = 15, 60, 40
"""Findings told in full, those told in a line each after them, and those of each folded list."""
INVISIBLE = "\u200b"
"""After what GitHub would read as a mention, a number of an issue or an address."""


def comment(review: Review, *, links: Links | None = None) -> str:
    """The review as Markdown. What is left out is counted, and where it is found is said.

    Names and sentences come from files of the branch: nothing in them is read as Markdown, HTML, mention or address.
    """
    links = links or Links()
    head = [MARKER, f"### Schema review: {verdict(review)}", _reasons(review)]
    foot = [_problems(review, links), _drawing(review), *_folded(review, links), _footer(review)]
    told = _open(review, links, LIMIT - sum(_bytes(part) + 2 for part in (*head, *foot)) - 300)
    return "\n\n".join(part for part in (*head, *told, *foot) if part) + "\n"


def name(text: str) -> str:
    """A name as code."""
    return f"`{clipped(text, NAME).replace('`', chr(39))}`"


def prose(text: str) -> str:
    """A sentence from outside: what stands between backticks is a name, no other letter has a meaning of its own."""
    parts = clipped(text).split("`")
    if len(parts) % 2 == 0:
        parts[-2:] = ["'".join(parts[-2:])]
    return "".join(name(part) if number % 2 else _escaped(part) for number, part in enumerate(parts))


def _escaped(text: str) -> str:
    shown = "".join(f"\\{letter}" if letter in "\\*_[]<>|~!" else letter for letter in text.replace("&", "&amp;"))
    shown = re.sub("[@#]|www(?=[.])|:(?=//)", lambda found: found[0] + INVISIBLE, shown)
    return shown.replace("$", "&#36;")


DIALECT = Dialect(name=name, prose=prose, strong=lambda text: f"**{text}**")


def _open(review: Review, links: Links, budget: int) -> Iterable[str]:
    """The findings that somebody has to look at, by verdict, until there is no more room."""
    shown = 0
    ranked = [(word, one) for word in ORDER[:3] for one in open_ones(review, word)]
    for word in ORDER[:3]:
        items = list[str]()
        for one in (one for of, one in ranked if of == word):
            item = _item(one, review, links, full=shown < FULL)
            if shown >= FULL + BRIEF or budget < _bytes(item) + 40:
                break
            items.append(item)
            budget -= _bytes(item) + 1
            shown += 1
        if items:
            yield f"#### {TITLE[word]}\n\n" + "\n".join(items)
    if len(ranked) > shown:
        yield f"And {len(ranked) - shown:,} more like these: {_elsewhere(review, links)}."


def _item(one: Reviewed, review: Review, links: Links, *, full: bool = True) -> str:
    head = f"{headline(one, DIALECT)}{_place(one.place, review, links)} · `{one.finding.fingerprint}`"
    if not full:
        return f"- {head}"
    return "\n".join([f"- **{_bold(head)}", *(f"  - {line}" for line in lines(one, DIALECT))])


def _bold(head: str) -> str:
    """The part before the colon in bold; the bold has begun already."""
    at, colon, rest = head.partition(": ")
    return f"{at}**{colon}{rest}"


def _place(place: Place | None, review: Review, links: Links) -> str:
    if place is None:
        return ""
    label = name(at(Place(path=place.path.rsplit("/", 1)[-1], line=place.line, removed=place.removed)))
    url = links.of(place, review)
    return f" ({f'[{label}]({url})' if url else label})"


def _reasons(review: Review) -> str:
    if not review.reasons:
        return ""
    more = f" And {len(review.reasons) - 3:,} more reasons." if len(review.reasons) > 3 else ""
    told = "; ".join(prose(reason) for reason in review.reasons[:3])
    return f"> The record may lack readers: {told}.{more} What is not listed here is not proved safe."


def _problems(review: Review, links: Links) -> str:
    if not review.problems:
        return ""
    told = [f"- {prose(one.message)}{_place(one.place, review, links)}" for one in review.problems[:FOLDED]]
    more = [f"- and {len(review.problems) - FOLDED:,} more"] if len(review.problems) > FOLDED else []
    return "\n".join(["#### Problems of the review itself", "", *told, *more])


def _drawing(review: Review) -> str:
    drawn = graph.drawing(review)
    return f"```mermaid\n{drawn}\n```" if drawn.count(">") > 1 else ""


def _folded(review: Review, links: Links) -> Iterable[str]:
    waived = [one for one in review.findings if one.waiver]
    yield _details("waived", [_item(one, review, links) for one in waived[:FOLDED]], len(waived))
    fine = open_ones(review, "compatible")
    yield _details("compatible", [_item(one, review, links, full=False) for one in fine[:FOLDED]], len(fine))


def _details(word: str, items: list[str], count: int) -> str:
    if not count:
        return ""
    more = f"\n- and {count - len(items):,} more" if count > len(items) else ""
    body = "\n".join(items) + more
    return f"<details><summary>{count:,} {word}</summary>\n\n{body}\n\n</details>"


def _footer(review: Review) -> str:
    waive = " To let one pass: `catalog review waive FINGERPRINT`." if _waivable(review) else ""
    return f"<sub>{source(review)}.{waive}</sub>"


def _waivable(review: Review) -> bool:
    return any(open_ones(review, word) for word in ORDER[:2])


def _elsewhere(review: Review, links: Links) -> str:
    return f"[the whole report]({links.report})" if links.report else f"`catalog review --base {review.base[:10]}`"


def _bytes(text: str) -> int:
    return len(text.encode())
