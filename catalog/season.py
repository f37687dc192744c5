"""What a figure should be next and how far it may stray: a robust seasonal regression on its history (statsmodels).

Arrays are as in `catalog.figure`; docs/decisions/0009-anomalies.md tells why each step is as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from catalog.figure import Expected, Record, Verdict, verdicts

if TYPE_CHECKING:
    from catalog.figure import Floats

DAY_S = 86_400
#: Shorter history shows no difference between the hours of a working day and of a weekend.
WEEKEND_HOURS_AFTER_S = 28 * DAY_S
#: Days (longer intervals: intervals) that show a growth.
GROWTH_BLOCKS = 21
ROUNDS = 3
#: Hampel's three parts, in standard deviations: full weight up to 2.5, none from 9.5 on.
HAMPEL = (2.5, 4.5, 9.5)
#: Intervals of less weight than this (from about 5 standard deviations on) tell nothing about the spread.
CREDIBLE = 0.5
#: Spread is read at this quantile of the absolute residuals: tails count, and a tenth of the history may be poisoned.
SPREAD_QUANTILE = 0.9
#: Days (sub-daily intervals) or intervals whose middle ratio to the season is the present level.
LEVEL_DAYS, LEVEL_INTERVALS = 7, 14
#: Rows, or the relative part of a figure, below which a ratio says nothing.
LEVEL_PRIOR = 10.0
#: No figure of a pipeline is steadier than one per cent: a constant history must not make every change an anomaly.
STEADIEST = 0.01
#: Share of the overall mean added to each interval, so that an hour without any rows has a logarithm.
PRIOR_SHARE = 0.002


def judge(history: Record, ahead: Record, *, threshold: float, margin: float = 0.0) -> tuple[Verdict, ...]:
    """The verdict on each interval of `ahead`; rates are given as fractions, less than `margin` does not matter.

    Of a rate above one half the other rows are looked at, because the rare side is what chance is told by.
    """
    import numpy as np

    known = np.isfinite(history.values)
    mirrored = history.nature == "rate" and history.values[known].sum() > history.sizes[known].sum() / 2
    if mirrored:
        history, ahead = (replace(side, values=side.sizes - side.values) for side in (history, ahead))
    found = verdicts(expect(history, ahead), ahead.values, threshold=threshold, margin=margin)
    if history.nature != "rate":
        return found
    sizes = ahead.sizes.tolist()
    return tuple(_as_rate(verdict, size, mirrored=mirrored) for verdict, size in zip(found, sizes, strict=True))


def _as_rate(verdict: Verdict, size: float, *, mirrored: bool) -> Verdict:
    rates = [None if rows is None else rows / size for rows in verdict[:4]]
    if not mirrored:
        return verdict._replace(actual=rates[0], expected=rates[1], low=rates[2], high=rates[3])
    actual, expected, low, high = (None if rate is None else 1 - rate for rate in rates)
    return verdict._replace(actual=actual, expected=expected, low=high, high=low, score=-verdict.score)


def expect(history: Record, ahead: Record) -> Expected:
    """What the intervals `ahead` (their values are not looked at) should hold, after `history`.

    Three rounds of a generalised linear model, each with Hampel weights by the residuals of the one before, so that
    earlier incidents neither move nor widen what is expected. Then the level of the last week, and the spread.
    """
    import numpy as np

    told = _told(history)
    shape = design(told.times, told)
    mean, fit, steady = _first_guess(told), None, told
    for _ in range(ROUNDS):
        factors = Spread.of(steady, mean, quantile=0.5)
        weights = weigh((steady.values - mean) / np.sqrt(factors.variance(steady, mean)))
        fit = _Fit.of(steady, shape, weights, after=fit)
        mean = fit.mean(told, shape)
        levels = _Levels.of(told, mean)
        steady = replace(told, values=told.values / levels.around)
    assert fit is not None
    kept = (weights > CREDIBLE) & np.isfinite(levels.before)
    parameters = shape.shape[1]
    factors = Spread.of(told.at(kept), (mean * levels.before)[kept], quantile=SPREAD_QUANTILE, parameters=parameters)
    rows = design(ahead.times, told)
    coming = fit.mean(ahead, rows) * levels.now
    if told.nature == "rate":
        coming = np.minimum(coming, ahead.sizes)
    single = factors.variance(ahead, coming)
    unsure = fit.uncertainty(ahead, rows, coming, single)
    return Expected(nature=told.nature, mean=coming, variance=single + unsure, sizes=ahead.sizes)


def design(times: Floats, history: Record) -> Floats:
    """Columns of the regression: hour of day, weekday, how weekends differ by hour.

    Daily intervals have the weekday only, longer ones nothing. `history` tells the span and which hours and days exist.
    """
    import numpy as np

    span = history.times[-1] - history.times[0] + history.every_s
    hours, weekday = times // 3600 % 24, (times // DAY_S + 3) % 7
    columns = [np.ones(len(times))]
    if history.every_s < DAY_S:
        columns = [hours == hour for hour in np.unique(history.times // 3600 % 24)]
    if history.every_s <= DAY_S:
        columns += [weekday == day for day in np.unique((history.times // DAY_S + 3) % 7)[1:]]
    if history.every_s < DAY_S and span >= WEEKEND_HOURS_AFTER_S:
        turn = times / DAY_S * 2 * np.pi
        columns += [wave(turn * k) * (weekday >= 5) for k in (1, 2) for wave in (np.sin, np.cos)]
    return np.column_stack(columns).astype(float)


def _told(history: Record) -> Record:
    """The intervals where something is known, with the floor that an hour without any rows needs."""
    import numpy as np

    told = history.at(np.isfinite(history.values))
    if told.nature == "rate":
        share = (told.values.sum() + 0.5) / (told.sizes.sum() + 1)
        return replace(told, values=told.values + share, sizes=told.sizes + 1)
    if told.nature == "signed":
        return told
    return replace(told, values=told.values + PRIOR_SHARE * (told.values.mean() or 1.0))


def _first_guess(told: Record) -> Floats:
    """The median of the same hour on the same side of the week (daily intervals: of the weekday)."""
    import numpy as np

    if told.nature == "rate":
        guess: Floats = told.sizes * told.values.sum() / told.sizes.sum()
        return guess
    weekday = (told.times // DAY_S + 3) % 7
    slot = told.times // 3600 % 24 * 2 + (weekday >= 5) if told.every_s < DAY_S else weekday
    slot = slot if told.every_s <= DAY_S else np.zeros(len(slot))
    guess = np.empty(len(slot))
    for one in np.unique(slot):
        guess[slot == one] = np.median(told.values[slot == one])
    return guess if told.nature == "signed" else np.maximum(guess, PRIOR_SHARE * told.values.mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """One fitted model: a log link for figures that cannot be negative, logit for rates, else none."""

    beta: Floats
    covariance: Floats
    """Of `beta`, for observations of the model's own variance."""
    unit: float
    """What figures were divided by."""
    size: float
    """The mean size; an observation weighs in proportion to its own."""

    @classmethod
    def of(cls, told: Record, shape: Floats, weights: Floats, *, after: _Fit | None) -> _Fit:
        from warnings import catch_warnings, simplefilter

        import statsmodels.api as sm
        from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

        unit, size = 1.0, told.sizes.mean()
        values, family = told.values, sm.families.Poisson()
        if told.nature == "rate":
            values, family = values / told.sizes, sm.families.Binomial()
        elif told.nature == "signed":
            family = sm.families.Gaussian()
        else:
            unit = values.mean() or 1.0
            values = values / unit
        model = sm.GLM(values, shape, family=family, var_weights=weights * told.sizes / size + 1e-9, hasconst=False)
        with catch_warnings():
            # A constant series is predicted perfectly, and that is all right.
            simplefilter("ignore", PerfectSeparationWarning)
            fitted = model.fit(start_params=None if after is None else after.beta, maxiter=25)
        return cls(beta=fitted.params, covariance=fitted.normalized_cov_params, unit=unit, size=size)

    def mean(self, record: Record, rows: Floats) -> Floats:
        """What the model expects in each interval; of a rate the number of rows."""
        import numpy as np

        mean: Floats = rows @ self.beta
        if record.nature == "rate":
            mean = record.sizes / (1 + np.exp(-mean))
        elif record.nature != "signed":
            mean = self.unit * np.exp(mean)
        return mean

    def uncertainty(self, record: Record, rows: Floats, mean: Floats, variance: Floats) -> Floats:
        """The variance of `mean` itself, when single observations have `variance`."""
        import numpy as np

        leverage = np.einsum("ij,jk,ik->i", rows, self.covariance, rows)
        if record.nature == "rate":
            slope = mean * (1 - mean / record.sizes)
            own = slope * self.size
        elif record.nature == "signed":
            slope, own = np.ones(len(mean)), self.size / record.sizes
        else:
            slope, own = mean, self.unit * mean * self.size / record.sizes
        unsure: Floats = slope**2 * leverage * variance / np.maximum(own, 1e-300)
        return unsure


def weigh(distances: Floats) -> Floats:
    """Hampel's weights of distances in standard deviations."""
    import numpy as np
    import statsmodels.api as sm

    # The norm divides by the distance before it looks whether that is 0 (statsmodels 0.15).
    weights: Floats = sm.robust.norms.Hampel(*HAMPEL).weights(np.maximum(np.abs(distances), 1e-9))
    return weights


@dataclass(frozen=True, slots=True, kw_only=True)
class _Levels:
    """By what factor a figure stands above its season: the middle one of the ratios of a week, so that what holds for
    more than half of it is the new level, and an incident is not. `before` and `now` know only the past and add growth
    (Theil-Sen slope of the ratios); `around` looks both ways. NaN in `before`: too early to tell.
    """

    around: Floats
    before: Floats
    now: float

    @classmethod
    def of(cls, told: Record, mean: Floats) -> _Levels:
        import numpy as np

        if told.nature == "signed":
            return cls(around=np.ones(len(mean)), before=np.ones(len(mean)), now=1.0)
        block = (told.times // max(DAY_S, told.every_s)).astype(int)
        reach = LEVEL_DAYS if told.every_s < DAY_S else LEVEL_INTERVALS
        blocks, place = np.unique(block, return_inverse=True)
        prior = LEVEL_PRIOR if told.nature in ("count", "rate") else 0.0
        measured, modelled = np.bincount(place, told.values), np.bincount(place, mean)
        some = measured > modelled * 0.05  # a day of nothing is an outage, not a level
        ratios = np.log(np.where(some, measured + prior, np.nan) / (modelled + prior))
        growth = _slope(blocks, ratios)

        def level(at: int, first: int, last: int) -> float:
            part = slice(max(first, 0), last)
            said = ratios[part] + growth * (at - blocks[part])
            said = said[np.isfinite(said)]
            return float(np.exp(np.median(said))) if len(said) > reach // 2 else np.nan

        ends = [*blocks, blocks[-1] + 1]
        before = [level(end, number - reach, number) for number, end in enumerate(ends)]
        half = reach // 2
        around = [level(end, number - half, number + half + 1) for number, end in enumerate(blocks)]
        steady = np.ones(len(mean)) if told.nature == "rate" else np.nan_to_num(around, nan=1.0)[place]
        past = np.array(before[:-1]) if np.isfinite(before[:-1]).any() else np.ones(len(blocks))
        return cls(around=steady, before=past[place], now=before[-1] if np.isfinite(before[-1]) else 1.0)


def _slope(blocks: Floats, ratios: Floats) -> float:
    """Growth of the log ratios per block; 0 where history is too short to tell."""
    import numpy as np
    from scipy.stats import theilslopes

    told = np.isfinite(ratios)
    return float(theilslopes(ratios[told], blocks[told])[0]) if told.sum() >= GROWTH_BLOCKS else 0.0


def _terms(record: Record, mean: Floats) -> tuple[Floats, Floats]:
    """The two parts of a variance: chance in drawing rows, and what the world adds in proportion."""
    import numpy as np

    if record.nature == "rate":
        drawn = mean * (1 - np.minimum(mean / record.sizes, 1 - 1e-9))
        return drawn, drawn * record.sizes
    if record.nature == "signed":
        return 1 / record.sizes, np.ones(len(mean))
    if record.sized:
        return mean**2 / record.sizes, mean**2
    return mean, mean**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How far figures stray: factors of the two parts, and by how much groups of one size stray more than these say."""

    by_chance: float
    by_world: float
    sizes: Floats
    excess: Floats

    @classmethod
    def of(cls, told: Record, mean: Floats, *, quantile: float, parameters: int | None = None) -> Spread:
        """From the residuals of groups of like size, by non-negative least squares.

        `parameters` of the model behind `mean`; None while it is still being found: an incident would widen its group.
        """
        import numpy as np
        from scipy.optimize import nnls
        from scipy.stats import norm

        drawn, added = _terms(told, mean)
        drawn = np.maximum(drawn, 1e-300)
        freedom = max(1 - (parameters or 0) / len(mean), 0.25)
        groups = np.array_split(np.argsort(drawn), int(np.clip(len(mean) // 25, 1, 6)))
        off = np.abs(told.values - mean) / np.sqrt(drawn)
        reach = norm.ppf((1 + quantile) / 2)
        squares = np.array([(np.quantile(off[group], quantile) / reach) ** 2 / freedom for group in groups])
        slopes = np.array([np.mean(added[group] / drawn[group]) for group in groups])
        least = 1.0 if told.nature in ("count", "rate") else 0.0
        squares = np.maximum(squares, max(least, 1e-12))
        (by_chance, by_world), _ = nnls(np.column_stack([1 / squares, slopes / squares]), np.ones(len(squares)))
        by_chance = max(by_chance, least)
        excess = np.maximum(squares / np.maximum(by_chance + by_world * slopes, 1e-300), 1.0)
        return cls(
            by_chance=by_chance,
            by_world=by_world,
            sizes=np.log([np.median(drawn[group]) for group in groups]),
            excess=np.ones(len(groups)) if parameters is None else excess,
        )

    def variance(self, record: Record, mean: Floats) -> Floats:
        """The variance of one interval's figure around its mean."""
        import numpy as np

        drawn, added = _terms(record, mean)
        excess = np.interp(np.log(np.maximum(drawn, 1e-300)), self.sizes, self.excess)
        own = self.by_chance * drawn + self.by_world * added
        return own * excess + np.maximum((STEADIEST * mean) ** 2, 1e-18)
