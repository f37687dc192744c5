"""What is in a dataset that has no schema of its own (a topic), from looking at its values run after run.

Each look tells what it met, and rare keys come and go: that one is missing is news only when it is improbable to be
chance. With the share p of the rows that had it and n rows without it since, chance is (1 - p)^n; below CHANCE it is
gone. Types are those of the newest rows that had a value: one look at few rows may meet one producer only.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.drift import kind
from catalog.entry import Column, Point, SchemaVersion
from catalog.observe.silence import SIGMAS, silent

if TYPE_CHECKING:
    from catalog.index import Index

CHANCE = 1e-6
TYPED = 1_400
"""So many values: a type that one in a hundred has is among them, but for a chance of 1e-6."""
RECENT = 5_000
"""So many rows tell whether somebody is silent who sent a tenth of them, or is back."""
FALLEN = 0.75
"""A share has fallen when it is less than so much of what it was, and by SIGMAS."""
MANY = 5
"""With more values that are not listed, the list does not hold any more: one change, and not one for each of them."""
VOID = "void"
"""The type of a key that came with nulls only."""
NUMBERS = frozenset({"int", "bigint", "double"})
COUNT = "count:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One run that looked: the rows that it saw, and the columns that it met in them."""

    time: datetime
    rows: float
    columns: Mapping[str, Column]


class Sampled:
    """The looks at one dataset up to now, and what they say together."""

    def __init__(
        self, index: "Index", dataset: Dataset, versions: Sequence[SchemaVersion], contract: Contract | None
    ) -> None:
        self.index, self.dataset = index, dataset
        self.versions = sorted((one for one in versions if one.seen), key=lambda one: one.since.time)
        declared = dict(contract.schema.walk()) if contract else {}
        self.listed = {path: field.enum for path, field in declared.items() if field.enum}
        self.decimal = {path for path, field in declared.items() if field.type == "double"}
        self.held: dict[tuple[str, str], tuple[Point, ...]] = {}
        self.silences: dict[int, bool] = {}
        self.spared: list[str] = []
        """What is missing and no drift, with the reason."""

    @cached_property
    def looks(self) -> tuple[Look, ...]:
        """Oldest first, those that saw rows; where nobody counted rows, each version is a look at one row."""
        jobs = {job for one in self.versions for job in one.witnesses}
        points = [at for job in jobs for at in self.index.series(self.dataset, None, "row_count", job=job)]
        columns = [{one.path: one for one in version.columns} for version in self.versions]
        starts = [version.since.time for version in self.versions]
        found = []
        for point in sorted(points, key=lambda at: at.time):
            at = bisect_left(starts, point.time, hi=len(starts)) if point.value else 0
            at += at < len(starts) and starts[at] == point.time
            if at:
                found.append(Look(time=point.time, rows=point.value, columns=columns[at - 1]))
        if not found:
            found = [Look(time=at, rows=1, columns=one) for at, one in zip(starts, columns, strict=True)]
        return tuple(found)

    def columns(self, kept: Sequence[Column] = (), *, since: datetime | None = None) -> tuple[Column, ...]:
        """What there is now, in the order of `kept`, new ones behind their siblings; what is gone is left out.

        `kept` is the baseline of `since`; without one, everything that was ever met and is not gone.
        """
        known = {one.path: one for one in kept}
        met = {path for look in self.looks if since is None or look.time > since for path in look.columns}
        last = self.looks[-1].columns if self.looks else {}
        there: dict[str, Column] = {}
        for path in _ordered(known, met):
            parent = path.rpartition(".")[0]
            if (not parent or parent in there) and (path in last or not self.gone(path)):
                there[path] = self._column(path, known.get(path), len(there) + 1, since)
        return tuple(there.values())

    def gone(self, path: str) -> bool:
        """Whether its absence is improbable to be chance; why it is not, is kept in `spared`."""
        without = self._without(path)
        had = len(self.looks) - without
        if not without or not had:
            return False
        share, rows = self._share(path, until=self.looks[had].time), sum(one.rows for one in self.looks[had:])
        if share is None:  # nobody counted it (a member of an array): by looks instead of rows
            share = sum(path in one.columns for one in self.looks[:had]) / (had + 1)
            rows = sum(not self._blank(_around(path), at) for at in range(had, len(self.looks)))
        chance = (1 - share) ** rows
        if chance >= CHANCE:
            self.spared.append(f"{path}: absent by chance {chance:.2g}; {share:.2%} had it before, {rows:,.0f} since")
        elif self._silent(had):
            self.spared.append(f"{path}: absent with all who sent it ({share:.2%}): what others send has grown alike")
        return chance < CHANCE and not self._silent(had)

    def met(self, path: str, *, since: datetime, but: str | None = None) -> datetime | None:
        """When it was first met after `since`; with a type, when another one than that was."""
        told = ((at, one) for at, one in enumerate(self.looks) if one.time > since and path in one.columns)
        other = (one.time for at, one in told if but is None or _other(but, self._word(path, at, but)))
        return next(other, None)

    def missed(self, path: str) -> datetime | None:
        """Since when it has not been met."""
        without = self._without(path)
        return self.looks[-without].time if without else None

    def fell(self, path: str, *, at: datetime) -> bool:
        """Whether it comes much less often from a moment on: some of those who send it have stopped."""
        then, now = self._counts(path, until=at), self._counts(path, since=at)
        if not (then[1] and now[1]):
            return False
        before, after = then[0] / then[1], now[0] / now[1]
        both = (then[0] + now[0]) / (then[1] + now[1])
        error = (both * (1 - both) * (1 / then[1] + 1 / now[1])) ** 0.5
        return after < FALLEN * before and before - after > SIGMAS * error

    def listing(self, path: str, *, value: str | None, since: datetime) -> datetime | None:
        """When a value, or any that the contract does not list, was first counted after `since`."""
        counted = self._counted(path)
        values = [value] if value else counted.keys() - set(self.listed.get(path, ()))
        return min((at.time for one in values for at in counted.get(one, ()) if at.time > since), default=None)

    def _silent(self, since: int) -> bool:
        """Whether somebody fell silent at a look: the RECENT rows before it against the newest ones."""
        if since not in self.silences:
            begin = self.looks[since].time
            before, after = self._newest(0, since), self._newest(since, len(self.looks))
            self.silences[since] = silent(self._counted_in(before, until=begin), self._counted_in(after))
        return self.silences[since]

    def _newest(self, first: int, end: int) -> Sequence[Look]:
        """Of some looks the newest that have RECENT rows together."""
        rows, at = 0.0, end
        while at > first and rows < RECENT:
            at -= 1
            rows += self.looks[at].rows
        return self.looks[at:end]

    def _counted_in(self, looks: Sequence[Look], *, until: datetime | None = None) -> dict[str, tuple[float, float]]:
        met = {path for one in looks for path in one.columns}
        return {path: self._counts(path, since=looks[0].time, until=until) for path in met}

    def _column(self, path: str, known: Column | None, ordinal: int, since: datetime | None) -> Column:
        """As accepted, but for news; decimals, as the contract declares them, are none where whole ones had come."""
        found = self._type(path, known.type if known else VOID)
        if known is not None:
            declared = found == "double" and path in self.decimal and known.type in NUMBERS
            found = found if found and _other(known.type, found) and not declared else known.type
        values = self._values(path, known, since)
        details = {} if values is None else {"enum": values}
        return Column(path=path, ordinal=ordinal, type=found or VOID, details=details)

    def _type(self, path: str, known: str) -> str:
        """All types of the newest TYPED values together: several that do not fit are text; "" when none was met.

        A key that came with nulls only is told as text (lineage.jobs.observed): it is none where the profile of the
        same time counted no value, else it is believed to be one when it is improbable that there was no value.
        """
        told = [(at, look) for at, look in enumerate(self.looks) if path in look.columns]
        words = {look.columns[path].type for _, look in told}
        if len(words) == 1 and (known == VOID or known in words):
            return words.pop().replace(VOID, "")
        share = self._share(path, until=None)
        rows: dict[str, float] = {}
        for at, look in reversed(told):
            word = self._word(path, at, known)
            rows[word] = rows.get(word, 0) + look.rows
            if sum(seen for word, seen in rows.items() if word != VOID) * (share or 1) >= TYPED:
                break
        types = set(rows) - {VOID}
        if "string" in types and known != "string" and share is not None and (1 - share) ** rows["string"] >= CHANCE:
            self.spared.append(f"{path}: text, or nulls only; {share:.2%} had a value, {rows['string']:,.0f} rows")
            types -= {"string"}
        return together(types)

    def _word(self, path: str, at: int, known: str) -> str:
        """The type that a look told, where it is not the known one: of nulls only it is none."""
        word = self.looks[at].columns[path].type
        return VOID if word == "string" != known and self._blank(path, at) else word

    def _blank(self, path: str, at: int) -> bool:
        """Whether the profiles between a look and the next one counted rows, and no value among them."""
        until = self.looks[at + 1].time if at + 1 < len(self.looks) else None
        filled, rows = self._counts(path, since=self.looks[at].time, until=until)
        return bool(rows) and not filled

    def _values(self, path: str, known: Column | None, since: datetime | None) -> list[str] | None:
        """Of a column of which the contract lists the values: those that are listed, kept, or counted since.

        None of other columns; an empty list where so many came, or were accepted, that there is no list any more.
        """
        if path not in self.listed:
            return None
        held = known.details.get("enum") if known else None
        listed = [str(one) for one in held] if isinstance(held, list | tuple) else list(self.listed[path])
        counted = self._counted(path)
        new = (one for one, at in counted.items() if any(since is None or each.time > since for each in at))
        came = sorted(one for one in new if one not in listed and self._still(path, counted[one]))
        return [*listed, *came] if listed and len(came) <= MANY else []

    def _still(self, path: str, points: Sequence[Point]) -> bool:
        """Whether a value that was counted is not gone again, by the rule for columns."""
        last, counts = points[-1].time, self._series(path, "count")
        rows = sum(one.value for one in counts if points[0].time <= one.time <= last)
        share = sum(one.value for one in points) / (rows + 1)
        return bool((1 - min(share, 1.0)) ** sum(one.value for one in counts if one.time > last) >= CHANCE)

    def _counted(self, path: str) -> dict[str, tuple[Point, ...]]:
        return {
            metric.removeprefix(COUNT): self._series(path, metric)
            for at, metric in self._metrics
            if at == path and metric.startswith(COUNT)
        }

    def _series(self, path: str, metric: str) -> tuple[Point, ...]:
        if (path, metric) not in self.held:
            self.held[path, metric] = self.index.series(self.dataset, path, metric)
        return self.held[path, metric]

    @cached_property
    def _metrics(self) -> tuple[tuple[str | None, str], ...]:
        return self.index.metrics(self.dataset)

    def _without(self, path: str) -> int:
        """How many of the last looks did not meet it."""
        return next((n for n, look in enumerate(reversed(self.looks)) if path in look.columns), len(self.looks))

    def _share(self, path: str, *, until: datetime | None) -> float | None:
        """The share of rows that had a value, by all profiles before; None when it was never profiled."""
        filled, rows = self._counts(path, until=until)
        return filled / (rows + 1) if rows else None

    def _counts(
        self, path: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[float, float]:
        """Rows that had a value and all rows, by the profiles of a time, the end left out."""
        filled, empty = (self._sum(path, metric, since, until) for metric in ("count", "null_count"))
        return filled, filled + empty

    def _sum(self, path: str, metric: str, since: datetime | None, until: datetime | None) -> float:
        points = self._series(path, metric)
        first = bisect_left(points, since, key=_time) if since else 0
        last = bisect_left(points, until, key=_time) if until else len(points)
        return sum(one.value for one in points[first:last])


def _time(point: Point) -> datetime:
    return point.time


def together(types: Iterable[str]) -> str:
    """The one type of values that came with several: a number for numbers, else text; "" of none."""
    found = set(types)
    if found <= NUMBERS and len(found) > 1:
        return "double" if "double" in found else "bigint"
    return found.pop() if len(found) == 1 else "string" if found else ""


def _other(before: str, after: str) -> bool:
    """Whether a type is news: whole numbers among numbers with fractions are not, nor is a first value."""
    if VOID in (before, after):
        return False
    return kind.compare(before, after) != "same" and not (before in NUMBERS and kind.holds(before, after))


def _around(path: str) -> str:
    """The array that a path is a member of, as far as profiles count; without one, the object around it."""
    return path.partition("._element")[0] if "._element" in path else path.rpartition(".")[0]


def _ordered(known: Mapping[str, Column], met: Iterable[str]) -> Iterator[str]:
    """Known paths in their order, new ones by name behind the last one below their parent."""
    order = list(known)
    for path in sorted(set(met) - known.keys()):
        above = path.rpartition(".")[0]
        below = [at for at, one in enumerate(order) if not above or one == above or one.startswith(f"{above}.")]
        order.insert(below[-1] + 1 if below else len(order), path)
    return iter(order)
