"""The comment of a pull request: the worst first, short, below GitHub's limit at any size."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from urllib.parse import quote

from catalog.review.report import graph
from catalog.review.report.sibling import NAMED, as_one, siblings
from catalog.review.report.wording import (
    NAME,
    OBSERVED,
    TITLE,
    Dialect,
    at,
    change,
    clipped,
    further,
    lines,
    open_ones,
    source,
    subject,
    values,
    verdict,
    what,
)
from catalog.review.review import Place, Review, Reviewed
from catalog.wire import VERDICTS

MARKER = "<!-- ecompulse-schema-review -->"
LIMIT = 65_000
"""Bytes, UTF-8: GitHub refuses more than 65,536 letters, and no letter is less than a byte."""
FULL, BRIEF, FOLDED = 15, 60, 40
"""Findings told in full, those told in a line each after them, and those of each other list."""
ROOM = 10_000
"""Bytes of each other list."""
INVISIBLE = "\u200b"
"""After what GitHub would read as a mention, a number of an issue or an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where a reader goes from here; "" where there is no such address: then a place is named and not linked."""

    repository: str = ""
    """The repository's page, such as https://github.com/ecompulse/pipeline."""
    report: str = ""
    """Where everything is that is left out here, such as the page of the workflow's run."""

    def of(self, place: Place, review: Review) -> str:
        """The line, in the commit in which it stands; "" without a repository's page."""
        if not self.repository:
            return ""
        commit = review.base if place.removed else review.head
        return f"{self.repository.rstrip('/')}/blob/{quote(commit)}/{quote(place.path)}#L{place.line}"


def comment(review: Review, *, links: Links | None = None) -> str:
    """The review as Markdown. What is left out is counted, and where it is found is said.

    Names and sentences come from files of the branch: nothing in them is read as Markdown, HTML, mention or address.
    """
    links = links or Links()
    review, still = _still(review)
    head = [MARKER, f"### Schema review: {verdict(review)}", _reasons(review)]
    foot = [_problems(review, links), _drawing(review), *_folded(review, links), _footer(review, still)]
    told = _open(review, links, LIMIT - sum(_bytes(part) + 2 for part in (*head, *foot)) - 300)
    return "\n\n".join(part for part in (*head, *told, *foot) if part) + "\n"


def name(text: str) -> str:
    """A name as code."""
    return f"`{clipped(text, NAME).replace('`', chr(39)) or 'unnamed'}`"


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


def _open(review: Review, links: Links, budget: int) -> Iterator[str]:
    """The findings that somebody has to look at, by verdict, until there is no more room."""
    ranked = [ones for word in VERDICTS[:3] for ones in siblings(open_ones(review, word))]
    told = _fitting(_items(ranked, review, links), FULL + BRIEF, budget)
    shown = ranked[: len(told)]
    for word in VERDICTS[:3]:
        of_word = [item for item, ones in zip(told, shown, strict=True) if ones[0].finding.word == word]
        if of_word:
            yield f"#### {TITLE[word]}\n\n" + "\n".join(of_word)
    left = sum(map(len, ranked)) - sum(map(len, shown))
    if left:
        yield f"And {left:,} more like these: {_elsewhere(review, links)}."


def _items(ranked: Iterable[tuple[Reviewed, ...]], review: Review, links: Links) -> Iterator[str]:
    """The first in full, with a way on where it is none that was given before."""
    given = set[str]()
    for number, ones in enumerate(ranked):
        one = as_one(ones)
        change = one.finding.change
        way = one.finding.remedy
        if way and way in given:
            one = replace(one, finding=replace(one.finding, remedy="as above."))
        given |= {way, *(_about(each.finding.dataset, each.finding.change.path) for each in ones)}
        if len(ones) > 1:
            yield _several(one, ones, review, links, full=number < FULL)
        elif change.rule == "column.perhaps_renamed" and _about(one.finding.dataset, change.former) in given:
            yield _asked(one, review, links)
        else:
            yield _item(one, review, links, full=number < FULL)


def _about(dataset: str, path: str) -> str:
    return f"{dataset}\0{path}"


def _asked(one: Reviewed, review: Review, links: Links) -> str:
    """A question about a column whose readers have been told."""
    who = f"Asked for the readers of {name(one.finding.change.former)}, above."
    return "\n".join([_head(one, review, links), *(f"  - {line}" for line in (who, *further(one, DIALECT)))])


def _several(one: Reviewed, ones: tuple[Reviewed, ...], review: Review, links: Links, *, full: bool) -> str:
    """What is the same of several columns, each of them with its values, line and fingerprint."""
    if not full:
        more = f" and {len(ones) - NAMED:,} more" if len(ones) > NAMED else ""
        paths = ", ".join(name(own.finding.change.path) for own in ones[:NAMED] if own.finding.change.path)
        return f"- {name(one.finding.dataset)} {f'{paths}{more}' if paths else f'{len(ones):,} times'}: {what(one)}"
    head = f"- **{name(one.finding.dataset)}**: {what(one)}, {len(ones):,} times"
    each = [f"  - {_own(own)}{_mark(own, review, links)}" for own in ones[:FOLDED]]
    rest = [f"  - and {len(ones) - FOLDED:,} more"] if len(ones) > FOLDED else []
    return "\n".join([head, *each, *rest, *(f"  - {line}" for line in lines(one, DIALECT))])


def _own(one: Reviewed) -> str:
    """What only one of several has."""
    path, told = one.finding.change.path, values(one, DIALECT)
    return f"{name(path)}{told}" if path else told.lstrip(" ,:")


def _fitting(items: Iterable[str], most: int, room: int) -> list[str]:
    """As many of the first as there is room for, in bytes."""
    told = list[str]()
    for item in islice(items, most):
        room -= _bytes(item) + 1
        if room < 0:
            break
        told.append(item)
    return told


def _item(one: Reviewed, review: Review, links: Links, *, full: bool = True) -> str:
    if not full:
        return f"- {subject(one, DIALECT)}: {change(one, DIALECT)}{_mark(one, review, links)}"
    return "\n".join([_head(one, review, links), *(f"  - {line}" for line in lines(one, DIALECT))])


def _head(one: Reviewed, review: Review, links: Links) -> str:
    return f"- **{subject(one, DIALECT)}**: {change(one, DIALECT)}{_mark(one, review, links)}"


def _mark(one: Reviewed, review: Review, links: Links) -> str:
    return f"{_place(one.place, review, links)} · `{one.finding.fingerprint}`"


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
    items = (f"- {prose(one.message)}{_place(one.place, review, links)}" for one in review.problems)
    return "#### Problems of the review itself\n\n" + _listed(items, len(review.problems))


def _drawing(review: Review) -> str:
    """Folded: of a few readers it says what the list says."""
    drawn = graph.drawing(review)
    if drawn.count(">") < 2:
        return ""
    return f"<details><summary>Who is affected, drawn</summary>\n\n```mermaid\n{drawn}\n```\n\n</details>"


def _folded(review: Review, links: Links) -> Iterator[str]:
    waived = [one for one in review.findings if one.waiver]
    yield _details("waived", (_item(one, review, links) for one in waived), len(waived))
    fine = open_ones(review, "compatible")
    yield _details("compatible", (_item(one, review, links, full=False) for one in fine), len(fine))


def _details(word: str, items: Iterable[str], count: int) -> str:
    if not count:
        return ""
    return f"<details><summary>{count:,} {word}</summary>\n\n{_listed(items, count)}\n\n</details>"


def _listed(items: Iterable[str], count: int) -> str:
    told = _fitting(items, FOLDED, ROOM)
    return "\n".join([*told, *([f"- and {count - len(told):,} more"] if count > len(told) else [])])


def _still(review: Review) -> tuple[Review, str]:
    """Where the data is as before all changes, that is said once."""
    if len(review.findings) < 2 or any(one.observed != "not yet" for one in review.findings):
        return review, ""
    findings = tuple(replace(one, observed="") for one in review.findings)
    return replace(review, findings=findings), f" Record: {OBSERVED['not yet']}."


def _footer(review: Review, still: str) -> str:
    waive = " To let one pass: `catalog review waive FINGERPRINT`." if _waivable(review) else ""
    return f"<sub>{source(review)}.{still}{waive}</sub>"


def _waivable(review: Review) -> bool:
    return any(open_ones(review, word) for word in VERDICTS[:2])


def _elsewhere(review: Review, links: Links) -> str:
    return f"[the whole report]({links.report})" if links.report else f"`catalog review --base {review.base[:10]}`"


def _bytes(text: str) -> int:
    return len(text.encode())
