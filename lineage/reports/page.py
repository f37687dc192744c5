"""One day's report as a page that needs nothing but itself, and as CSV. The same figures give the same bytes."""

import csv
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from catalog import contract
from catalog.contract import Contract
from lineage.reports.figures import Figures
from lineage.reports.plot import plots
from lineage.reports.words import Words, money, percent, said, whole

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"
LOW, FAIR = 1, 3  # orders per 100 sessions: below the first is bad, below the second so-so


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure with how it compares with the day before."""

    label: str
    value: str
    change: str
    mood: Literal["good", "bad", "even"]
    note: str = ""


def as_csv(figures: Figures, promised: Contract) -> bytes:
    """A header and one line, in the order of the contract object.business_report; empty where there is no figure."""
    text = io.StringIO()
    names = promised.schema.names()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([names, [figures.summary[name] for name in names]])
    return text.getvalue().encode()


def environment() -> "jinja2.Environment":
    """Templates of pages: what comes from the data cannot become markup."""
    import jinja2

    loader = jinja2.FileSystemLoader(TEMPLATES)
    return jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)


def as_html(figures: Figures) -> bytes:
    """The page."""
    template = environment().get_template("report.html")
    updated = f"{figures.summary['updated_at']:%Y-%m-%d %H:%M:%S} UTC"
    page = template.render(
        figures=figures, tiles=tiles(figures), conversions=conversions(figures), plots=plots(figures), updated=updated,
        money=", ".join(figures.currencies) or "no currency",
    )  # fmt: skip
    return page.encode()


def tiles(figures: Figures) -> tuple[Tile, ...]:
    """The figures at the top, most important first."""
    made = [
        ("Revenue", "total_revenue", money, 1, "purchases less cancellations"),
        ("Orders", "total_orders", whole, 1, f"{whole(figures.summary['cancelled_orders'])} cancelled"),
        ("Average order value", "average_order_value", money, 1, "revenue of purchases / purchases"),
        ("Conversion", "conversion_orders_per_session_pct", lambda value: f"{value:.2f} %", 1, _verdict(figures)),
        ("Active users", "unique_users", whole, 1, "known users with an event"),
        ("Sessions", "unique_sessions", whole, 1, "that started on the day"),
        ("Cart abandonment", "cart_abandonment_rate", percent, -1, "carts without an order"),
        ("Session length", "avg_session_duration_minutes", lambda value: f"{value:.1f} min", 1, "mean over sessions"),
        ("Expected revenue", "expected_revenue", money, 1, "10 % of what was put in carts; not in revenue"),
    ]
    return tuple(_tile(figures, *one) for one in made)


def conversions(figures: Figures) -> tuple[tuple[str, str, str, str], ...]:
    """(name, definition, the day's value, the value of the day before) of each definition, kept apart."""
    fields = contract.load("warehouse.daily_summary").schema.fields
    found = []
    for field in fields:
        if field.name.startswith("conversion_"):
            words: Words = (lambda value: f"{value:.2f} %") if field.name.endswith("_pct") else percent
            now, before = (said(row.get(field.name), words) for row in (figures.summary, figures.before))
            found.append((field.name, field.description, now, before))
    return tuple(found)


def _tile(figures: Figures, label: str, column: str, words: Words, better: int, note: str) -> Tile:
    """`better` is 1 where more is better, -1 where less is."""
    now, before = figures.summary[column], figures.before.get(column)
    if now is None or not before:
        return Tile(label=label, value=said(now, words), change="nothing to compare with", mood="even", note=note)
    change = 100 * (float(now) - float(before)) / abs(float(before))
    if abs(change) < 0.05:
        return Tile(label=label, value=words(now), change="as on the day before", mood="even", note=note)
    moved = f"{'▲' if change > 0 else '▼'} {abs(change):,.1f} % against the day before"
    return Tile(label=label, value=words(now), change=moved, mood="good" if change * better > 0 else "bad", note=note)


def _verdict(figures: Figures) -> str:
    value = figures.summary["conversion_orders_per_session_pct"]
    if value is None:
        return "orders / sessions"
    return f"orders / sessions: {'low' if value < LOW else 'fair' if value < FAIR else 'good'}"


def key(day: date, *, prefix: str, kind: str) -> str:
    """Where a day's report lies: `<prefix>/<day>/report.<kind>`."""
    return f"{prefix}/{day}/report.{kind}"
