"""What one change means to one consumer. Pure; every judgement gives its reason and the source of its rule."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, get_args

from catalog.drift import document, kind, made, query, reading, suite
from catalog.drift.change import Change, Judged
from catalog.drift.effect import effect
from catalog.drift.made import Made
from catalog.drift.promotion import SOURCE, cell
from catalog.drift.reading import Reading
from catalog.drift.rule import RULES
from catalog.drift.shape import Check, Part, within
from catalog.entry import Node
from catalog.wire import VERDICTS, Word

Direction = Literal["new_reads_old", "old_reads_new", "table"]
"""A new reader of old data, an old reader of new data, or the table that has to follow the change."""
Engine = Literal["json", "spark", "iceberg", "redshift", "postgres", "redis", "gx", "sql", "table"]
"""`table` is any SQL table of which nothing else is known; `sql` a statement, `gx` a suite."""
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
KEEPING = frozenset({"spark", "iceberg", "redis"})
"""Engines whose old files or entries stay as they were written."""
STIFF = frozenset({"redshift"})
"""Engines that change no column with a default or with unique values, however much wider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """Somebody who is affected by a dataset's shape: who, with what, in which direction, and how much of it."""

    name: str
    """What people call it: the task, the table, the suite, the report."""
    engine: Engine
    node: Node | None = None
    """The job or dataset that it is in the record; None for one that is only declared."""
    owner: str = ""
    tier: str = ""
    direction: Direction = "old_reads_new"
    reads: frozenset[str] | None = None
    """Paths that it reads; None when that is not known, then it reads everything."""
    reading: Reading | None = None
    """How it says itself that it reads; None: as strictly as its engine. Not asked of suites and statements."""
    made: tuple[Made, ...] = ()
    """Columns elsewhere that it makes of this dataset's, or keeps; of a suite, those that it asks about."""
    checks: tuple[Check, ...] = ()
    """The rules of a suite (`gx`)."""
    columns: frozenset[str] | None = None
    """What the dataset that a suite asks about has; None when that is not known."""
    sql: str = ""
    """The statements of a job (`sql`), which call the dataset `dataset`."""
    dataset: str = ""
    dialect: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A judgement: the word, why in words, and where the rule is written."""

    change: Change
    consumer: Consumer
    word: Word
    reason: str
    source: str


def classify(change: Change, consumer: Consumer) -> Verdict:
    """What a change means to a consumer; a change of something that it does not read is compatible."""
    word, reason, source = _judged(change, consumer)
    return Verdict(change=change, consumer=consumer, word=word, reason=reason, source=source)


def worst(verdicts: Iterable[Verdict]) -> Word:
    """The word for all of them: breaking, else cannot tell, else may break, else compatible."""
    return min((one.word for one in verdicts), key=VERDICTS.index, default="compatible")


def back(change: Change) -> Change:
    """The change that undoes it, by the mirror of its rule."""
    return replace(
        change, rule=RULES[change.rule].mirror or change.rule, path=change.former,
        before=change.after, after=change.before, old=change.new, new=change.old,
        open_before=change.open_after, open_after=change.open_before,
    )  # fmt: skip


def _judged(change: Change, consumer: Consumer) -> Judged:
    """By its engine, unless it says itself how it reads; and by what is made of what changed, if that is worse."""
    if consumer.reads is not None and not _read(change, consumer.reads):
        return "compatible", "does not read it", ""
    found = _by_engine(change, consumer)
    if consumer.reading and consumer.direction != "table" and consumer.engine not in {"gx", "sql"}:
        seen = back(change) if consumer.direction == "new_reads_old" else change
        found = reading.judge(seen, consumer.reading, found)
    made_of = _by_made(change, consumer)
    if made_of and consumer.engine == "table" and change.gone:
        return made_of  # such a table has no column of that name: only what is made of it counts
    return min((made_of or found, found), key=lambda one: VERDICTS.index(one[0]))


def _by_made(change: Change, consumer: Consumer) -> Judged | None:
    if not consumer.made or consumer.direction != "old_reads_new":
        return None
    return (made.behind if consumer.engine == "gx" else made.judge)(change, consumer.made)


def _by_engine(change: Change, consumer: Consumer) -> Judged:
    if change.rule == "column.perhaps_renamed" and consumer.engine not in {"gx", "sql"}:
        return "cannot tell", f"is it {change.before} by another name? likeness {change.score:.2f} of 1", ""
    if consumer.engine in {"json", "gx", "sql"}:
        return _by_content(change, consumer)
    if change.retyped and change.old and change.new:
        return _type(change.old, change.new, consumer)
    row, source = effect(consumer.engine, _key(change, consumer.engine))
    return row[DIRECTIONS.index(consumer.direction)], RULES[change.rule].words, source


def _read(change: Change, paths: frozenset[str]) -> bool:
    """Whether it concerns one of the paths, something in it or around it, or the dataset."""
    at = change.former
    if not at or change.rule.startswith("dataset."):
        return True
    return any(within(at, path) or within(path, at) for path in paths)


def _by_content(change: Change, consumer: Consumer) -> Judged:
    """Engines that are judged by what is written in a schema, a suite or a statement. They own no table."""
    if consumer.direction == "table":
        return "cannot tell", "is no table", ""
    seen = back(change) if consumer.direction == "new_reads_old" else change
    if consumer.engine == "gx":
        return suite.judge(seen, consumer.checks, consumer.columns)
    if consumer.engine == "sql":
        return query.judge(seen, consumer.sql, consumer.dataset, consumer.dialect)
    return document.judge(seen)


def _type(old: Part, new: Part, consumer: Consumer) -> Judged:
    before, after = old.type, new.type
    if consumer.direction == "old_reads_new" and consumer.engine not in KEEPING:
        return _value(before, after)
    if consumer.direction == "old_reads_new":
        found = cell(consumer.engine, after, before)
        return found.read, f"a reader of {before} meets {after}", SOURCE[found.source]
    found = cell(consumer.engine, before, after)
    if consumer.direction == "new_reads_old" and consumer.engine in KEEPING:
        return found.read, f"a reader of {after} meets {before}", SOURCE[found.source]
    if consumer.engine in STIFF and (old.default is not None or old.unique):
        return "breaking", f"a column with a default or unique values stays {before}", SOURCE[found.source]
    return found.alter, f"the column becomes {after} where it was {before}", SOURCE[found.source]


def _value(reader: str, writer: str) -> Judged:
    """Values that are handed over one by one, as rows: does the reader's type hold them?"""
    if kind.holds(reader, writer):
        return "compatible", f"every {writer} is a {reader}", SOURCE["sql"]
    if kind.holds(writer, reader):
        return "may break", f"not every {writer} fits a {reader}", SOURCE["sql"]
    return "breaking", f"a {writer} is no {reader}", SOURCE["sql"]


def _key(change: Change, engine: Engine) -> str:
    """The row of a change: a new column that must be filled has its own; a plain table only fears NOT NULL."""
    if change.rule == "column.added" and change.new and change.new.demanded:
        return "column.added!"
    if engine == "table" and change.rule in {"null.forbidden", "required.added"} and not _made_not_null(change):
        return "null.allowed"
    return change.rule


def _made_not_null(change: Change) -> bool:
    def always(part: Part | None) -> bool:
        return part is not None and part.required and not part.nullable

    return always(change.new) and not always(change.old)
