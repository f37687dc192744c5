"""What comes first: how well an entry matches what was typed, weighed by how much it is used and trusted. Pure.

score = match x (1 + use + tier) x kind x state

match   100  the name, as it is written
         97  the name in another form (with its schema or namespace, the contract's id) or spelling
         90  the title, in full
      60-75  the name begins with what was typed: more, the more of it was typed; no use lifts it over the name itself
       0-55  words: 40 x the mean strength of the words typed (1 in the name, 0.8 in the title, 0.5 in the text; a fifth
             less where only a word's beginning was typed), and up to 15 for how much of the name they make up
use    0-0.2  reads in the last 30 days, on a logarithmic scale up to the most read dataset
tier   0-0.1  gold 0.1, silver 0.05
kind          datasets and reports before jobs and owners, before columns, before checks, where all else is equal
state         a little less for what fails or is late, half for what has vanished
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

EXACT, FORM, TITLE, PREFIX, PREFIX_SPAN, WORDS, COVER = 100.0, 97.0, 90.0, 60.0, 15.0, 40.0, 15.0
STRENGTH = {"name": 1.0, "title": 0.8, "description": 0.5}
BEGUN = 0.8
USE, TIER = 0.2, {"gold": 0.1, "silver": 0.05}
KIND = {"dataset": 1.1, "report": 1.1, "job": 1.05, "owner": 1.05, "column": 1.0, "check": 0.9}
STATE = {"failing": 0.95, "stale": 0.97}
GONE = 0.5
LETTERS = 6
"""Of a usual word."""
LISTED = 50.0
"""The match of everything in a list that only filters chose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an entry is worth before anything is typed; of a column or check, its dataset's."""

    kind: str
    reads: int = 0
    tier: str | None = None
    health: str = "unchecked"
    freshness: str = "unknown"
    vanished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What can match: the name as written, all its forms as keys (`catalog.word`), and the words of each field."""

    written: str
    keys: tuple[str, ...]
    name: tuple[str, ...]
    title: tuple[str, ...]
    description: tuple[str, ...]


def match(typed: Sequence[str], text: Text, *, written: str = "") -> tuple[float, str]:
    """How well the typed words (stems, in order) fit, and why in words; `written` is the query as typed."""
    if not typed:
        return LISTED, "fits the filters"
    key = "".join(typed)
    if key in text.keys:
        return EXACT if written == text.written else FORM, "exact name"
    if key == "".join(text.title):
        return TITLE, "exact title"
    beginnings = [PREFIX + PREFIX_SPAN * len(key) / len(name) for name in text.keys if name.startswith(key)]
    if beginnings:
        return max(beginnings), "name begins so"
    found = [_strength(word, text) for word in typed]
    named = sum(any(part.startswith(word) for word in typed) for part in text.name)
    where = sorted({field for strength, field in found if strength}, key=list(STRENGTH).index)
    score = WORDS * sum(strength for strength, _ in found) / len(found) + COVER * named / max(len(text.name), 1)
    return score, f"words in {' and '.join(where)}" if where else "related"


def _strength(word: str, text: Text) -> tuple[float, str]:
    best = (0.0, "")
    for field, strength in STRENGTH.items():
        parts: tuple[str, ...] = getattr(text, field)
        if word in parts:
            best = max(best, (strength, field))
        elif any(part.startswith(word) for part in parts):
            best = max(best, (strength * BEGUN, field))
    return best


def worth(standing: Standing, *, most_reads: int) -> float:
    """The factor by which use, tier, kind and state change a match."""
    use = math.log1p(standing.reads) / math.log1p(most_reads) if most_reads else 0.0
    state = STATE.get(standing.health, 1.0) * STATE.get(standing.freshness, 1.0) * (GONE if standing.vanished else 1.0)
    return (1 + USE * min(use, 1.0) + TIER.get(standing.tier or "", 0.0)) * KIND.get(standing.kind, 1.0) * state


def promise(name: str) -> float:
    """About what one word in this name matches; a word is taken to have LETTERS letters."""
    return WORDS + COVER * min(1.0, LETTERS / max(len(name), 1))


def mend(word: str, vocabulary: Sequence[str], *, weight: Callable[[str], int]) -> str | None:
    """The known word nearest to one that nobody uses; None when all are too far.

    One edit (a letter more, less, other, or two exchanged) for words of 4 and 5 letters, two for longer ones; shorter
    words are not mended. Of equally near ones the more frequent, then the first by alphabet.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    allowed = 0 if len(word) < 4 else 1 if len(word) < 6 else 2
    if not allowed:
        return None
    near = process.extract(word, vocabulary, scorer=OSA.distance, score_cutoff=allowed, limit=50)
    return min(near, key=lambda one: (one[1], one[0][0] != word[0], -weight(one[0]), one[0]))[0] if near else None
