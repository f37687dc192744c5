"""Whether a column's values are mixed as usual at this hour: Jensen-Shannon divergence, and each category's rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from catalog import season
from catalog.figure import Expected, Record, Verdict, verdicts
from catalog.season import DAY_S, SPREAD_QUANTILE, WEEKEND_HOURS_AFTER_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.figure import Floats

#: A shift below this many bits does not matter; the usual "no change" of a population stability index, 0.1, is 0.018.
MATERIAL_BITS = 0.003
#: Rows of the overall mix that every hour's own is filled up with.
PRIOR_ROWS = 100.0
ROUNDS = 2
#: Stands for all categories that the history never had.
NEW = "(new)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """Rows by category in equal intervals: `counts` has a line for each interval, all zero where nothing is known."""

    times: Floats
    counts: Floats
    names: tuple[str, ...]
    every_s: float

    def at(self, part: slice | NDArray[Any]) -> Composition:
        """Some of the intervals."""
        return replace(self, times=self.times[part], counts=self.counts[part])

    def known(self) -> int:
        """In how many intervals there were rows."""
        return int((self.sizes > 0).sum())

    def told(self) -> list[float | None]:
        """Nothing can be said about a mix before there is a usual one."""
        return [None] * len(self.times)

    @property
    def sizes(self) -> Floats:
        """Rows in each interval."""
        sizes: Floats = self.counts.sum(axis=1)
        return sizes


def judge(history: Composition, ahead: Composition, *, threshold: float) -> tuple[Verdict, ...]:
    """The verdict on each interval of `ahead`: how many bits its mix is from the usual, or which category stands out.

    The divergence sees the whole mix shift; rare and never seen categories are seen only by counting their rows, where
    the most unlikely of all categories is judged (Bonferroni).
    """
    strange = history.counts.sum(axis=0) == 0
    told, coming = (_folded(side, strange) for side in (history.at(history.sizes > 0), ahead))
    usual = _Usual.of(told)
    shifts = _shifts(usual, coming, threshold=threshold)
    rows = _rows(usual, told, coming, threshold=threshold)
    chosen = (
        shift if shift.actual is None or abs(shift.score) >= abs(row.score) else row
        for shift, row in zip(shifts, rows, strict=True)
    )
    return tuple(_named(verdict, ahead, at, strange) for at, verdict in enumerate(chosen))


def _folded(composition: Composition, strange: NDArray[Any]) -> Composition:
    """All categories that the history never had as one, the last."""
    import numpy as np

    names = (*(name for name, odd in zip(composition.names, strange, strict=True) if not odd), NEW)
    new = composition.counts[:, strange].sum(axis=1)
    return replace(composition, counts=np.column_stack([composition.counts[:, ~strange], new]), names=names)


def _named(verdict: Verdict, ahead: Composition, at: int, strange: NDArray[Any]) -> Verdict:
    """A new category by its own name: the one with the most rows."""
    import numpy as np

    if verdict.category != NEW or not strange.any():
        return verdict
    name = ahead.names[int(np.argmax(np.where(strange, ahead.counts[at], -1)))]
    return verdict._replace(category=name, detail=verdict.detail.replace(NEW, f"new value {name}"))


def divergence(counts: Floats, shares: Floats) -> Floats:
    """Jensen-Shannon divergence in bits (0 to 1) of each line's proportions from `shares`."""
    import numpy as np
    from scipy.special import rel_entr

    seen = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-300)
    middle = (seen + shares) / 2
    bits: Floats = (rel_entr(seen, middle) + rel_entr(shares, middle)).sum(axis=1) / 2 / np.log(2)
    return np.maximum(bits, 0.0)


def _distance(counts: Floats, shares: Floats) -> Floats:
    """Cube root of rows times divergence: nearly normal, as of anything nearly chi-squared (Wilson-Hilferty)."""
    import numpy as np

    distance: Floats = np.cbrt(counts.sum(axis=1) * divergence(counts, shares))
    return distance


@dataclass(frozen=True, slots=True, kw_only=True)
class _Usual:
    """The history's mix by hour of day and side of the week, and how far single intervals are from it."""

    by_slot: Floats
    with_weekend: bool
    beta: Floats
    scale: float
    rows: float

    @classmethod
    def of(cls, told: Composition) -> _Usual:
        import numpy as np
        import statsmodels.api as sm

        with_weekend = told.times[-1] - told.times[0] + told.every_s >= WEEKEND_HOURS_AFTER_S
        weights = np.ones(len(told.times))
        size = _size_columns(told)
        for _ in range(ROUNDS):
            by_slot = _by_slot(told, weights, with_weekend=with_weekend)
            found = _distance(told.counts, by_slot[_slot(told, with_weekend=with_weekend)])
            fitted = sm.RLM(found, size).fit()
            off = np.abs(fitted.resid)
            weights = season.weigh(off / max(fitted.scale, 1e-9))
        from scipy.stats import norm

        scale = np.quantile(off[weights > 0], SPREAD_QUANTILE) / norm.ppf((1 + SPREAD_QUANTILE) / 2)
        return cls(
            by_slot=by_slot,
            with_weekend=with_weekend,
            beta=fitted.params,
            scale=max(float(scale), 1e-9),
            rows=float(told.sizes @ (weights > 0)),
        )

    def shares(self, composition: Composition) -> Floats:
        """What is usual at each interval's hour."""
        shares: Floats = self.by_slot[_slot(composition, with_weekend=self.with_weekend)]
        return shares


def _slot(composition: Composition, *, with_weekend: bool) -> NDArray[Any]:
    import numpy as np

    hour = composition.times // 3600 % 24 if composition.every_s < DAY_S else np.zeros(len(composition.times))
    weekend = (composition.times // DAY_S + 3) % 7 >= 5
    return (hour + 24 * (weekend & with_weekend)).astype(int)


def _size_columns(composition: Composition) -> Floats:
    import numpy as np

    return np.column_stack([np.ones(len(composition.times)), np.log(np.maximum(composition.sizes, 1))])


def _by_slot(told: Composition, weights: Floats, *, with_weekend: bool) -> Floats:
    """Shares by slot: the hour with its two neighbours, filled up with rows of the overall mix."""
    import numpy as np

    pooled = np.zeros((48, len(told.names)))
    np.add.at(pooled, _slot(told, with_weekend=with_weekend), told.counts * weights[:, None])
    days = pooled.reshape(2, 24, -1)
    near = (np.roll(days, 1, axis=1) + days + np.roll(days, -1, axis=1)).reshape(48, -1)
    overall = pooled.sum(axis=0) + 0.5
    overall = overall / overall.sum()
    shares: Floats = (near + PRIOR_ROWS * overall) / (near.sum(axis=1, keepdims=True) + PRIOR_ROWS)
    return shares


def _shifts(usual: _Usual, ahead: Composition, *, threshold: float) -> list[Verdict]:
    import numpy as np

    shares, sizes = usual.shares(ahead), np.maximum(ahead.sizes, 1)
    bits = divergence(ahead.counts, shares)
    centre = _size_columns(ahead) @ usual.beta
    scores = (np.cbrt(sizes * bits) - centre) / usual.scale
    expected = np.maximum(centre, 0) ** 3 / sizes
    high = np.maximum(np.maximum(centre + threshold * usual.scale, 0) ** 3 / sizes, MATERIAL_BITS)
    return [
        Verdict(
            actual=float(bits[at]) if ahead.sizes[at] else None,
            expected=float(expected[at]),
            low=0.0,
            high=float(high[at]),
            score=float(scores[at]) if ahead.sizes[at] else 0.0,
            unit="bits off",
            **_furthest(ahead, shares, at),
        )
        for at in range(len(sizes))
    ]


def _furthest(ahead: Composition, shares: Floats, at: int) -> dict[str, str]:
    """The category whose share moved most, and the move in words."""
    import numpy as np

    seen = ahead.counts[at] / max(ahead.counts[at].sum(), 1)
    most = int(np.argmax(np.abs(seen - shares[at])))
    return {
        "category": ahead.names[most],
        "detail": f"{ahead.names[most]} {seen[most]:.1%} instead of {shares[at, most]:.1%}",
    }


def _rows(usual: _Usual, told: Composition, ahead: Composition, *, threshold: float) -> list[Verdict]:
    """For each interval the category whose rows are least likely; scores are corrected for having chosen it."""
    from scipy.stats import norm

    number = int((told.counts.sum(axis=0) > 0).sum()) + 1
    stricter = float(norm.isf(norm.sf(threshold) / number))
    by_category = [
        verdicts(_expected_rows(usual, told, ahead, place), ahead.counts[:, place], threshold=stricter)
        for place in range(len(told.names))
    ]
    chosen = []
    for each in zip(*by_category, strict=True):
        place = max(range(len(each)), key=lambda place: abs(each[place].score))
        verdict, name = each[place], told.names[place]
        score = float(norm.isf(min(norm.sf(abs(verdict.score)) * number, 0.5)))
        score = score if verdict.score > 0 else -score
        detail = f"{name} {verdict.actual:,.0f} rows instead of {verdict.low:,.0f} to {verdict.high:,.0f}"
        chosen.append(verdict._replace(score=score, category=name, detail=detail, unit="rows"))
    return chosen


def _expected_rows(usual: _Usual, told: Composition, ahead: Composition, place: int) -> Expected:
    """How many rows of one category the size and hour of each interval of `ahead` make expect."""
    import numpy as np

    def record(composition: Composition) -> tuple[Record, Floats]:
        sizes = np.maximum(composition.sizes, 1)
        mean = sizes * np.maximum(usual.shares(composition)[:, place], 0.5 / (usual.rows + 1))
        values = composition.counts[:, place]
        return Record(
            times=composition.times, values=values, sizes=sizes, every_s=told.every_s, nature="rate", sized=True
        ), mean

    past, modelled = record(told)
    coming, mean = record(ahead)
    factors = season.Spread.of(past, modelled, quantile=SPREAD_QUANTILE, parameters=0)
    single = factors.variance(coming, mean)
    return Expected(
        nature="rate", mean=mean, variance=single * (1 + coming.sizes / (usual.rows + 1)), sizes=coming.sizes
    )
