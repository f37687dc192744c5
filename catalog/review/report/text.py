"""The review for a terminal."""

from collections.abc import Iterator

from catalog.review.report.sibling import as_one, siblings
from catalog.review.report.wording import PLAIN, TITLE, at, headline, lines, open_ones, source, verdict
from catalog.review.review import Review, Reviewed
from catalog.wire import VERDICTS


def text(review: Review) -> str:
    """Everything, the worst first; of compatible changes a line each, what is so of several columns below them all."""
    return "\n".join(_told(review)) + "\n"


def _told(review: Review) -> Iterator[str]:
    yield f"Schema review: {verdict(review)}"
    yield f"  {source(review)}"
    yield from (f"  the record may lack readers: {PLAIN.prose(reason)}" for reason in review.reasons)
    for word in VERDICTS:
        found = open_ones(review, word)
        if found:
            yield f"\n{TITLE[word]}"
        for ones in siblings(found):
            yield from _item(ones, full=word != "compatible")
    waived = [one for one in review.findings if one.waiver]
    if waived:
        yield "\nWaived"
    for one in waived:
        yield from _item((one,), full=True)
    if review.problems:
        yield "\nProblems of the review itself"
    for problem in review.problems:
        yield " ".join(word for word in (f"  {PLAIN.prose(problem.message)}", at(problem.place)) if word)


def _item(ones: tuple[Reviewed, ...], *, full: bool) -> Iterator[str]:
    for one in ones:
        where = f"{at(one.place)}: " if one.place else ""
        yield f"  {where}{headline(one, PLAIN)} [{one.finding.fingerprint}]"
    if full:
        yield from (f"      {line}" for line in lines(as_one(ones), PLAIN))
