"""Figures of equal intervals: what was measured, what was expected, and how far the two may be apart.

Everything here speaks in arrays with one entry per interval, oldest first; times are seconds since 1970 in UTC.
docs/decisions/0009-anomalies.md tells why each step is as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]

Nature = Literal["count", "rate", "level", "signed"]
"""count: rows, distinct values, bytes. rate: so many of `sizes` rows. level: a mean, sum or age, never negative."""
#: Less than this part of what is expected does not matter, however unlikely it is.
MATERIAL_ROWS, MATERIAL_FIGURE = 0.10, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Measurements of equal intervals: `values` (NaN: unknown), and the rows behind each in `sizes` (1: not told)."""

    times: Floats
    values: Floats
    sizes: Floats
    every_s: float
    nature: Nature
    sized: bool

    def at(self, part: slice | NDArray[Any]) -> Record:
        """Some of the intervals."""
        return replace(self, times=self.times[part], values=self.values[part], sizes=self.sizes[part])

    def known(self) -> int:
        """In how many intervals something was measured."""
        return int((self.values == self.values).sum())

    def told(self) -> list[float | None]:
        """What was measured in each interval; rates as fractions."""
        rates = self.values / self.sizes if self.nature == "rate" else self.values
        return [None if value != value else value for value in rates.tolist()]


class Verdict(NamedTuple):
    """What was measured, what was expected, the range that is no anomaly, and the distance in standard normal units."""

    actual: float | None
    expected: float | None
    low: float | None
    high: float | None
    score: float
    category: str | None = None
    detail: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The predictive distribution of each interval: its mean and variance, in the unit of the values (rates: rows)."""

    nature: Nature
    mean: Floats
    variance: Floats
    sizes: Floats

    def scores(self, values: Floats) -> Floats:
        """How far each value is off, in standard normal units of equal tail probability; at most 38 either way."""
        import numpy as np
        from scipy.stats import norm

        law, shape = self._law()
        step = 1.0 if self.nature in ("count", "rate") else 0.0
        below = np.maximum(law.cdf(values, *shape), self._emptiness())
        above = law.sf(values - step, *shape)
        distance = norm.isf(np.clip(np.minimum(below, above), 1e-315, 0.5))
        scores: Floats = np.where(values < self.mean, -distance, distance)
        return scores

    def range(self, threshold: float) -> tuple[Floats, Floats]:
        """The lowest and highest value that are no further off than `threshold`."""
        import numpy as np
        from scipy.stats import norm

        law, shape = self._law()
        tail = norm.sf(threshold)
        low = np.where(self._emptiness() >= tail, 0.0, law.ppf(tail, *shape))
        high = law.isf(tail, *shape)
        if self.nature == "signed":
            return law.ppf(tail, *shape), high
        if self.nature == "rate":
            high = np.minimum(high, self.sizes)
        return low, high

    def _emptiness(self) -> Floats:
        """How likely nothing at all is, when rows come in bunches: visits of several events, orders of several items.

        Exact for a Poisson number of geometric bunches (Pólya-Aeppli) of this mean and variance. Negative binomial and
        gamma have no such mass at nothing and would call a quiet night an outage.
        """
        import numpy as np

        if self.nature == "signed":
            return np.zeros(len(self.mean))
        more = self.mean if self.nature in ("count", "rate") else 0.0
        return np.exp(-2 * self.mean**2 / np.maximum(self.variance + more, 1e-300))

    def _law(self) -> tuple[Any, tuple[Any, ...]]:
        """Negative binomial for rows, gamma for figures that cannot be negative, else normal; with its parameters."""
        import numpy as np
        from scipy.stats import gamma, nbinom, norm

        mean, variance = np.maximum(self.mean, 1e-12), self.variance
        if self.nature in ("count", "rate"):
            variance = np.maximum(variance, mean * (1 + 1e-6))
            return nbinom, (mean**2 / (variance - mean), mean / variance)
        if self.nature == "level":
            return gamma, (mean**2 / variance, 0.0, variance / mean)
        return norm, (self.mean, np.sqrt(variance))


def verdicts(expected: Expected, values: Floats, *, threshold: float, margin: float = 0.0) -> tuple[Verdict, ...]:
    """What each value is worth against what was expected of it; a range holds all that is too little to matter."""
    import numpy as np

    low, high = expected.range(threshold)
    too_little = np.maximum(_margin(expected), margin)
    low, high = np.minimum(low, expected.mean - too_little), np.maximum(high, expected.mean + too_little)
    if expected.nature != "signed":
        low = np.maximum(low, 0.0)
    known = np.isfinite(values)
    scores = np.where(known, expected.scores(np.where(known, values, expected.mean)), 0.0)
    table = np.column_stack([expected.mean, low, high, scores]).tolist()
    return tuple(
        Verdict(value if told else None, *row)
        for value, told, row in zip(values.tolist(), known.tolist(), table, strict=True)
    )


def _margin(expected: Expected) -> Floats:
    """What is too little to matter however unlikely it is: one row, a tenth of the rows, a twentieth of a figure."""
    import numpy as np

    if expected.nature in ("count", "rate"):
        return np.maximum(1.0, MATERIAL_ROWS * expected.mean)
    return MATERIAL_FIGURE * np.abs(expected.mean)
