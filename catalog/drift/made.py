"""What a change means to the columns that are made of it: what is made of a lost column alone is lost too.

Made directly: edges of type DIRECT, whatever their subtype (ColumnLineageDatasetFacet 1-2-0).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from catalog.drift import suite
from catalog.drift.change import Change, Judged
from catalog.drift.shape import Check, within
from catalog.wire import VERDICTS

ADDRESS = "https://openlineage.io/docs/spec/facets/dataset-facets/column_lineage_facet"
VALUES = ("enum.value_added", "enum.removed")
"""Rules after which there may be a value that a suite behind does not list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A column of another dataset, the paths here that it is made of, and the rules of suites that ask about it."""

    column: str
    dataset: str
    """What people call that dataset."""
    of: frozenset[str]
    alone: bool = True
    """Whether it is made of nothing else."""
    listed: tuple[str, ...] = ()
    """The values that its contract promises; empty for any."""
    asked: tuple[Check, ...] = ()

    @property
    def name(self) -> str:
        """What a sentence calls it."""
        return f"{self.column} of {self.dataset}"

    def lost(self, path: str) -> bool:
        """Whether nothing is left of it without this path and what is in it."""
        return self.alone and all(within(one, path) for one in self.of)


def judge(change: Change, made: tuple[Made, ...]) -> Judged | None:
    """For who makes these columns, or keeps them, as the data becomes; None where nothing is made of what changed."""
    touched = [one for one in made if any(within(path, change.former) for path in one.of)]
    if change.gone and touched:
        lost = [one for one in touched if one.lost(change.former)]
        if not lost:
            return "may break", f"one of several columns that make {_named(touched)}", ADDRESS
        return "breaking", f"nothing else makes {_named(lost)}", ADDRESS
    return next(_unlisted(change, touched), None)


def behind(change: Change, made: tuple[Made, ...]) -> Judged | None:
    """For a suite that asks about these columns."""
    touched = [one for one in made if any(within(path, change.former) for path in one.of)]
    if not change.gone:
        return next(_unlisted(change, touched), None)
    found = [
        (VERDICTS.index(word), len(suite.named(check)), f"{check.name} asks about {one.name}, which nothing else makes")
        for one in touched if one.lost(change.former)
        for check in one.asked if (word := suite.emptied(check)) != "compatible"
    ]  # fmt: skip
    worst = min(found, default=None)  # of several, the rule that asks about the fewest columns
    return (VERDICTS[worst[0]], worst[2], ADDRESS) if worst else None


def _unlisted(change: Change, touched: list[Made]) -> Iterator[Judged]:
    """A value that nobody expects behind: it gets there if the job in between passes it on."""
    for one in touched if change.rule in VALUES else ():
        word, why, _ = suite.judge(replace(change, path=one.column), one.asked)
        if word != "compatible":
            yield "may break", f"it makes {one.name}: {why}", ADDRESS
        elif one.listed and change.after not in one.listed:
            yield "may break", f"it makes {one.name}, whose contract lists other values", ADDRESS


def _named(made: list[Made]) -> str:
    return ", ".join(one.name for one in made[:2]) + (f" and {len(made) - 2} more" if made[2:] else "")
