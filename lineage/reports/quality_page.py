"""A quality report as a page that needs nothing but itself, and as JSON. The same figures give the same bytes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from lineage.reports import chart
from lineage.reports.page import environment
from lineage.reports.quality import Finding, Quality, Subject, Trend
from lineage.reports.words import short

SHOWN = ("row_count", "null_count", "distinct_count", "min", "mean", "max")
"""Metrics with a line of their own in a dataset's table; the JSON has all."""
MARK, GAP, TALL = 7, 2, 18
"""Width of one run's mark, the space between two, and the height of a strip, in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure at the top."""

    label: str
    value: str
    mood: str
    note: str


def as_json(quality: Quality) -> bytes:
    """Everything the page shows and the points behind its plots; the first keys are the contract's columns."""
    found = {
        "time": quality.time, "run_id": quality.run_id,
        "passed": len(quality.findings) - len(quality.failed()),
        "critical": len(quality.failed("critical")), "warnings": len(quality.failed("warning")),
        "anomalies": len(quality.anomalies), "messages_profiled": quality.profile.get("rows"),
        "messages_unreadable": quality.profile.get("unreadable"),
    }  # fmt: skip
    found |= {key: value for key, value in asdict(quality).items() if key not in found}
    return json.dumps(found, ensure_ascii=False, indent=1, default=_plain).encode()


def as_html(quality: Quality) -> bytes:
    """The page."""
    made = environment()
    made.filters |= {
        "strip": strip,
        "line": line,
        "short": _short,
        "share": _share,
        "cells": cells,
        "heading": heading,
    }
    page = made.get_template("quality.html").render(
        quality=quality, tiles=tiles(quality), verdict=verdict(quality), plots=plots(quality), shown=SHOWN,
        groups=_grouped, rows=_rows, most=max((_filled(one) for one in _columns(quality)), default=1),
    )  # fmt: skip
    return page.encode()


def verdict(quality: Quality) -> str:
    """The report in a sentence."""
    failed, critical = len(quality.failed()), len(quality.failed("critical"))
    if not quality.findings:
        return "Nothing was checked."
    if not failed:
        return f"All {len(quality.findings)} checks hold."
    worst = f"{critical} of them critical" if critical else "none of them critical"
    return f"{failed} of {len(quality.findings)} checks {'does' if failed == 1 else 'do'} not hold, {worst}."


def tiles(quality: Quality) -> tuple[Tile, ...]:
    """The figures at the top."""
    held, all_of_them = len(quality.findings) - len(quality.failed()), len(quality.findings)
    critical, warnings = len(quality.failed("critical")), len(quality.failed("warning"))
    learning = sum(one.anomaly and one.expected.startswith("not known") for one in quality.findings)
    unreadable, rows = quality.profile.get("unreadable", 0), quality.profile.get("rows", 0)
    changed = sum(len(quality.learned.get(word, ())) for word in ("new", "changed", "vanished"))
    care = sum(len(quality.learned.get(word, ())) for word in ("stale", "undocumented", "unowned"))
    return (
        Tile(label="Checks that hold", value=f"{held} of {all_of_them}", mood="even" if critical else "good",
             note=f"datasets checked: {len(quality.subjects)}"),
        Tile(label="Critical failures", value=str(critical), mood="bad" if critical else "good",
             note="they fail this run" if critical else "none"),
        Tile(label="Warnings", value=str(warnings), mood="warn" if warnings else "good", note="to look at"),
        Tile(label="Anomalies", value=str(len(quality.anomalies)), mood="warn" if quality.anomalies else "good",
             note=f"{learning} figures still learn what is normal" if learning else "against their own history"),
        Tile(label="Messages profiled", value=f"{rows:,}", mood="even", note=f"{unreadable:,} unreadable"),
        Tile(label="Catalog changes", value=str(changed), mood="even", note=f"need care: {care}"),
    )  # fmt: skip


def plots(quality: Quality) -> tuple[tuple[str, str, str], ...]:
    """(heading, caption, SVG): the checks of the last runs, then the volume of each dataset that has a history."""
    failed = any(not held for one in quality.findings for held in one.history)
    made = [("Checks that did not hold", "By run, this one last.", _failures(quality))] if failed else []
    for subject in quality.subjects:
        for trend in subject.trends:
            if trend.metric == "row_count" and len(trend.points) > 1:
                svg = _drawn(f"rows-{len(made)}", trend)
                made.append((f"Rows of {subject.name}", f"{subject.title}, run by run.", svg))
    return tuple(made)


def _failures(quality: Quality) -> str:
    runs = max(len(one.history) for one in quality.findings)
    series: dict[str, list[float | None]] = {}
    for severity, label in (("critical", "Critical"), ("warning", "Warnings")):
        mine = [one.history for one in quality.findings if one.severity == severity]
        series[label] = [float(sum(not past[-ago] for past in mine if len(past) >= ago)) for ago in range(runs, 0, -1)]
    labels = [f"-{ago}" for ago in range(runs - 1, 0, -1)] + ["now"]
    title = f"This run: {series['Critical'][-1]:.0f} critical, {series['Warnings'][-1]:.0f} warnings"
    return chart.lines("failures", labels, series, title=title, words=short)


def _drawn(name: str, trend: Trend) -> str:
    days = {at.date() for at, _ in trend.points}
    labels = [f"{at:%H:%M}" if len(days) == 1 else f"{at:%-d %b}" for at, _ in trend.points]
    values = [value for _, value in trend.points]
    title = f"{len(values)} runs, from {values[0]:,.0f} to {values[-1]:,.0f}"
    return chart.lines(name, labels, {"Rows": values}, title=title, words=short)


def strip(history: Sequence[bool]) -> str:
    """The last results as marks, oldest first: low and quiet where the check held, tall and red where it did not."""
    wide = len(history) * (MARK + GAP)
    marks = "".join(
        f'<rect x="{at * (MARK + GAP)}" y="{0 if not held else TALL - 6}" width="{MARK}" '
        f'height="{TALL if not held else 6}" rx="1" class="{"held" if held else "broke"}"/>'
        for at, held in enumerate(history)
    )
    failed = sum(not held for held in history)
    title = f"{failed} of the last {len(history)} results failed, the newest {'held' if history[-1] else 'failed'}"
    return (
        f'<svg class="strip" role="img" width="{wide}" height="{TALL}" viewBox="0 0 {wide} {TALL}">'
        f"<title>{title}</title>{marks}</svg>"
    )


def line(points: Sequence[tuple[datetime, float]]) -> str:
    """A line the size of a word."""
    values = [value for _, value in points]
    low, high = min(values), max(values)
    wide = 90
    spots = [
        (2 + at * (wide - 4) / max(1, len(values) - 1), TALL - 3 - (TALL - 6) * ((v - low) / (high - low or 1)))
        for at, v in enumerate(values)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    x, y = spots[-1]
    return (
        f'<svg class="word" role="img" width="{wide}" height="{TALL}" viewBox="0 0 {wide} {TALL}">'
        f"<title>{len(values)} runs, {_short(low)} to {_short(high)}, now {_short(values[-1])}</title>"
        f'<polyline points="{path}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2.2"/></svg>'
    )


def cells(examples: Sequence[str]) -> list[dict[str, Any]]:
    """Examples as rows of a table: columns of a row, or the value alone."""
    found = []
    for example in examples:
        try:
            row = json.loads(example)
        except ValueError:
            row = example
        found.append(row if isinstance(row, dict) else {"value": row})
    return found


def heading(finding: Finding) -> str:
    """What a failure is called: what should be, or how far a figure is off."""
    return finding.examples[0] if finding.anomaly and finding.examples else finding.expected or finding.title


def _grouped(findings: Sequence[Finding]) -> Mapping[str, list[Finding]]:
    """By the task that checked, in the order of the run."""
    found: dict[str, list[Finding]] = {}
    for one in findings:
        found.setdefault(one.task, []).append(one)
    return found


def _rows(subject: Subject) -> list[tuple[str, Mapping[str, Trend]]]:
    """Per column (the dataset itself first) the trends by metric."""
    found: dict[str, dict[str, Trend]] = {}
    for trend in subject.trends:
        if trend.metric in SHOWN:
            found.setdefault(trend.column or "", {})[trend.metric] = trend
    return sorted(found.items(), key=lambda item: item[0] != "")


def _columns(quality: Quality) -> Sequence[Mapping[str, Any]]:
    return quality.profile.get("columns") or ()


def _filled(column: Mapping[str, Any]) -> int:
    return int(column["rows"]) or 1


def _short(value: float | None) -> str:
    if value is None:
        return "–"
    return short(value) if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def _share(part: float, whole: float) -> str:
    """A width or an amount in percent, with one digit."""
    return f"{100 * part / whole:.1f}" if whole else "0"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
