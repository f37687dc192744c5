"""Whether whole messages are missing and not only keys of them: one of those who send them has fallen silent. Pure.

Then several keys are gone at once and none has come in their place. What the others send has grown, from p to
p / (1 - gone) at most; where messages only lost keys, the shares of the others stay as they were. Where all who are
left send the same keys, messages that become like theirs look as if they were missing.
"""

from collections.abc import Mapping

SIGMAS = 6.0
"""Shares differ when they do by so many standard errors: not by the hour."""
Counts = Mapping[str, tuple[float, float]]
"""Of each key the rows that had a value, and all rows that were counted."""


def silent(before: Counts, after: Counts) -> bool:
    """Whether messages that were sent before are missing after."""
    gone = [_share(before[key]) for key in before.keys() - after.keys()]
    came = [_share(after[key]) for key in after.keys() - before.keys()]
    if len(gone) < 2 or max(came, default=0.0) > max(gone) / 2:
        return False
    grown = False
    for key in before.keys() & after.keys():
        (_, rows), (_, seen) = before[key], after[key]
        if rows and seen:
            was, now = _share(before[key]), _share(after[key])
            most = min(was / (1 - max(gone)), 1.0) if max(gone) < 1 else 1.0
            error = (most * (1 - most) * (1 / rows + 1 / seen)) ** 0.5
            if now - most > SIGMAS * error:
                return False  # more than those who are left can send
            grown |= now - (was + most) / 2 > SIGMAS * error
    return grown


def _share(counts: tuple[float, float]) -> float:
    """Of a key that nobody counts (a member of an array) nothing is known."""
    filled, rows = counts
    return filled / rows if rows else 0.0
