"""The pictures of a report: which figures each one shows, and the same figures as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lineage.reports import chart
from lineage.reports.figures import Figures, Ranked
from lineage.reports.words import Words, money, percent, said, short, whole

NOTHING = "Nothing to show."
WORTH = "Price times quantity of what was bought, before discounts."


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One picture, with the same figures as a table for those who do not see it."""

    heading: str
    caption: str
    svg: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def plots(figures: Figures) -> tuple[Plot, ...]:
    """The pictures, in the order of the page."""
    return (
        revenue_by_hour(figures),
        revenue_by_day(figures),
        _ranking(
            "funnel", "Funnel", "Sessions that came at least this far.", figures.funnel, words=_share(figures.funnel)
        ),
        _ranking("carts", "Carts", "Sessions with a cart: did they end in an order?", figures.carts, words=whole),
        _ranking("categories", "Top 5 categories", WORTH, figures.categories, words=money),
        _ranking("products", "Top 10 products", WORTH, figures.products, words=money),
        _ranking("channels", "Traffic sources", "Sessions by platform.", figures.channels, words=whole),
        active_by_hour(figures),
        order_value_by_day(figures),
    )


def revenue_by_hour(figures: Figures) -> Plot:
    """24 bars."""
    labels, values = _hours(figures), [float(hour.revenue) for hour in figures.hours]
    svg = chart.bars("hours", labels, values, title=_summary(labels, values), words=short)
    caption = "Purchases less cancellations, by hour of the day (UTC)."
    return _series("Revenue by hour", caption, svg, "Hour", labels, {"Revenue": values}, words=money)


def revenue_by_day(figures: Figures) -> Plot:
    """14 bars, the report's day the strong one."""
    labels, values = _days(figures, "total_revenue")
    svg = chart.bars("days", labels, values, title=_summary(labels, values), words=short, strong=len(values) - 1)
    caption = "The last two weeks; the day of this report stands out."
    return _series("Revenue by day", caption, svg, "Day", labels, {"Revenue": values}, words=money)


def active_by_hour(figures: Figures) -> Plot:
    """Two lines over 24 hours."""
    labels, sessions = _hours(figures), [float(hour.sessions) for hour in figures.hours]
    series = {"Sessions": sessions, "Users": [float(hour.users) for hour in figures.hours]}
    svg = chart.lines("active", labels, series, title=_summary(labels, sessions), words=short, last=False)
    caption = "With at least one event in the hour (UTC); users are those that are known."
    return _series("Active users and sessions", caption, svg, "Hour", labels, series, words=whole)


def order_value_by_day(figures: Figures) -> Plot:
    """One line over 14 days, with gaps where nothing was sold."""
    labels, values = _days(figures, "average_order_value")
    svg = chart.lines("values", labels, {"Value": values}, title=_summary(labels, values), words=short)
    caption = "Revenue of purchases / purchases."
    return _series("Average order value by day", caption, svg, "Day", labels, {"Value": values}, words=money)


def _hours(figures: Figures) -> list[str]:
    return [f"{hour.hour:02}" for hour in figures.hours]


def _days(figures: Figures, column: str) -> tuple[list[str], list[float | None]]:
    """The days of two weeks, and a figure of each."""
    values = [row.get(column) for _, row in figures.trend]
    return [f"{day:%-d %b}" for day, _ in figures.trend], [None if value is None else float(value) for value in values]


def _share(ranked: Sequence[Ranked]) -> Words:
    """Amounts with their share of the first."""
    first = float(ranked[0].amount) if ranked else 0
    return lambda value: f"{whole(value)}  ({percent(value / first)})" if first else whole(value)


def _summary(labels: Sequence[str], values: Sequence[float | None]) -> str:
    """What a picture shows, in a sentence."""
    known = [(value, label) for label, value in zip(labels, values, strict=True) if value is not None]
    if not known:
        return NOTHING
    (most, at), (least, low) = max(known), min(known)
    return f"{len(known)} values, the highest {money(most)} at {at}, the lowest {money(least)} at {low}."


def _ranking(name: str, heading: str, caption: str, ranked: Sequence[Ranked], *, words: Words) -> Plot:
    labels, values = [one.name for one in ranked], [float(one.amount) for one in ranked]
    rows = tuple((label, words(value)) for label, value in zip(labels, values, strict=True))
    title = "; ".join(f"{label}: {amount}" for label, amount in rows) or NOTHING
    svg = chart.ranks(name, labels, values, title=title, words=words)
    return Plot(heading=heading, caption=caption, svg=svg, header=("", "Amount"), rows=rows)


def _series(
    heading: str, caption: str, svg: str, axis: str, labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]], *, words: Words,
) -> Plot:  # fmt: skip
    columns = [[said(value, words) for value in values] for values in series.values()]
    rows = tuple(zip(labels, *columns, strict=True))
    return Plot(heading=heading, caption=caption, svg=svg, header=(axis, *series), rows=rows)
