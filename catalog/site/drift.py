"""Open drift as pages show it: how it looks, and in which order."""

from collections.abc import Mapping

from catalog.dataset import Dataset
from catalog.observe.told import Drift, Standing, urgency, word_of
from catalog.wire import VERDICTS

MOODS: Mapping[str, str] = {
    "breaking": "failing",
    "cannot tell": "busy",
    "may break": "warning",
    "compatible": "healthy",
}
"""The badge of each word, as the style sheet calls it."""


def urgent(standings: Mapping[Dataset, Standing]) -> list[Drift]:
    """All open drift of all datasets, the worst first, then what breaks most, then the oldest."""
    return sorted((one for each in standings.values() for one in each.open), key=urgency)


def worst_first(word: str | None) -> int:
    """What to sort by; what is only not as its contract promises, and no drift that anybody judged, comes last."""
    return VERDICTS.index(word_of(word)) if word else len(VERDICTS)
