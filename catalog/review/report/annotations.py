"""The review as workflow commands, which GitHub shows beside the lines: all that the token of a fork may do."""

from catalog.review.report.wording import PLAIN, headline, lines, open_ones, verdict
from catalog.review.review import Place, Review, Reviewed
from catalog.wire import VERDICTS

MOST = 10
"""GitHub shows ten errors, ten warnings and ten notices of a step, and drops the others without a word."""


def annotations(review: Review) -> str:
    """A line for each finding to look at and each problem, ten of a kind, and one with all counts."""
    errors = [_finding(one, "error") for one in open_ones(review, "breaking")]
    errors += [_command("error", one.message, place=one.place) for one in review.problems if one.breaking]
    warnings = [_finding(one, "warning") for word in VERDICTS[1:3] for one in open_ones(review, word)]
    warnings += [_command("warning", one.message, place=one.place) for one in review.problems if not one.breaking]
    warnings += [_command("warning", reason, title="The record is incomplete") for reason in review.reasons]
    left = len(errors[MOST:]) + len(warnings[MOST:])
    more = f"; {left:,} more are in the job's summary" if left else ""
    total = _command("notice", f"{verdict(review)}{more}", title="Schema review")
    return "\n".join([*errors[:MOST], *warnings[:MOST], total]) + "\n"


def _finding(one: Reviewed, level: str) -> str:
    return _command(level, "\n".join(lines(one, PLAIN)), title=headline(one, PLAIN), place=one.place)


def _command(level: str, message: str, *, title: str = "", place: Place | None = None) -> str:
    """As actions/toolkit writes it."""
    told = {"file": place.path, "line": str(place.now)} if place else {}
    told["title"] = title
    properties = ",".join(f"{name}={_property(value)}" for name, value in told.items() if value)
    return f"::{level} {properties}::{_data(message)}" if properties else f"::{level}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
