"""How the pages say times, sizes, counts and changes: filters of the templates."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from markupsafe import Markup, escape

from catalog.entry import Change, ColumnEdge, Point
from catalog.flow import WAYS

CHANGES = {
    "dataset_new": "seen for the first time",
    "dataset_vanished": "gone",
    "column_added": "new column",
    "column_removed": "column gone",
    "column_changed": "column changed",
    "owner_changed": "owner changed",
    "described": "description changed",
    "moved": "place in the order changed",
}
MOODS = {"dataset_new": "good", "column_added": "good", "dataset_vanished": "bad", "column_removed": "bad"}
VERDICTS = {"breaking": "failing", "cannot tell": "busy", "may break": "warning", "compatible": "healthy"}
"""The badge of each verdict on drift, as the style sheet calls it; the worst first."""
_UNITS = (("day", 86400), ("h", 3600), ("min", 60))


def when(time: datetime | None, *, none: str = "never") -> Markup:
    """A time in UTC as an element that a script may turn into "3 h ago"."""
    if time is None:
        return Markup("<span class=soft>{}</span>").format(none)
    time = time.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        time.isoformat(), f"{time:%A %-d %B %Y, %H:%M:%S} UTC", f"{time:%-d %b %Y, %H:%M}"
    )


def span(length: timedelta | None) -> str:
    """A length of time in one or two units: `45 ms`, `4.7 s`, `3 min`, `2 h`, `1 day 6 h`; – when unknown."""
    if length is None:
        return "–"
    seconds = length.total_seconds()
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    for at, (unit, size) in enumerate(_UNITS):
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            first = f"{whole:.0f} {unit}{'s' if unit == 'day' and whole != 1 else ''}"
            smaller = _UNITS[at + 1 : at + 2]
            more = f" {rest // smaller[0][1]:.0f} {smaller[0][0]}" if smaller and rest >= smaller[0][1] else ""
            return first + more
    return f"{seconds:.0f} s"


def number(value: float | None) -> str:
    """A count with thin spaces between thousands, a measure with up to four digits that matter; – when unknown."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == round(value):
        return f"{round(value):,}".replace(",", "\u202f")
    return f"{value:,.2f}".replace(",", "\u202f") if abs(value) >= 100 else f"{value:.4g}"


def how(edge: ColumnEdge) -> str:
    """What a job does to a column, in the words of the flow documents: copied, computed, aggregated..."""
    told = f"{edge.type} {edge.subtype}".strip().lower().replace("_", " ")
    return WAYS.get((edge.type, edge.subtype), told)


def breakable(text: str) -> Markup:
    """A name that may be broken after each underscore, dot and slash, and nowhere else."""
    return Markup(re.sub(r"([_./])(?=[^\s<])", r"\1<wbr>", str(escape(text))))


def coded(text: str) -> Markup:
    """A sentence in which what stands between backticks is code."""
    return Markup(re.sub(r"`([^`<]+)`", r"<code>\1</code>", str(escape(text))))


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: `1 check`, `3 checks`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def changed(change: Change) -> str:
    """A change's kind in words."""
    return CHANGES.get(change.kind, change.kind.replace("_", " "))


def spark(points: Sequence[Point], *, width: int = 132, height: int = 30) -> str:
    """The SVG path of a trend over equally wide steps, oldest left; "" for fewer than two points."""
    if len(points) < 2:
        return ""
    values = [point.value for point in points]
    low, high = min(values), max(values)
    reach = (high - low) or 1.0
    step = (width - 4) / (len(values) - 1)
    spots = [
        f"{2 + at * step:.1f} {height - 3 - (value - low) / reach * (height - 6) if high > low else height / 2:.1f}"
        for at, value in enumerate(values)
    ]
    return "M" + "L".join(spots)
