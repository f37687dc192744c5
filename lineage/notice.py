"""What people are told: what, since when, how many rows, who owns it, where to look, what to do next. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, Literal

from lineage.outcome import Check, Outcome, Read, Written

Level = Literal["failed", "warning", "done"]
SIGN: Mapping[Level, str] = {"failed": "🔴", "warning": "🟡", "done": "🟢"}
MOST_CHECKS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message, whatever the channel."""

    level: Level
    title: str
    what: tuple[str, ...]
    since: str
    rows: str
    owner: str
    links: tuple[tuple[str, str], ...]
    next_step: str
    table: tuple[tuple[str, ...], ...] = ()
    """Rows of words, the first one the header; empty when there is nothing to tabulate."""

    @property
    def subject(self) -> str:
        """The line that is seen first."""
        return f"{SIGN[self.level]} {self.title}"


def minute(at: datetime) -> str:
    """A moment as people are told it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def called(dataset: str) -> str:
    """A dataset's name without its place: `warehouse.public.events`, `enriched_events`."""
    return dataset.rstrip("/").rsplit("/", 1)[-1]


def sentence(check: Check, *, where: str = "") -> str:
    """One check in words, with the values that broke it; `where` names its dataset when there are several."""
    values = [one for one in check.examples if not one.startswith("{")]  # whole rows are for the page
    such = f", such as {', '.join(values)}" if values else ""
    title = f"{where}: {check.title}" if where else check.title
    return f"{title}: expected {check.expected}, found {check.actual}{such} [{check.severity}]"


def described(outcome: Outcome | None, *, error: str = "") -> tuple[str, ...]:
    """The failed checks of an outcome, critical first and bounded; else the error."""
    inputs = outcome.inputs if outcome else ()
    failed = [(check, called(str(read.dataset))) for read in inputs for check in read.checks if not check.success]
    failed.sort(key=lambda found: found[0].severity)
    several = len({where for _, where in failed}) > 1
    lines = [sentence(check, where=where if several else "") for check, where in failed[:MOST_CHECKS]]
    if len(failed) > MOST_CHECKS:
        lines.append(f"and {len(failed) - MOST_CHECKS} more")
    return tuple(lines) or (error or "No reason was given.",)


def counted(outcome: Outcome | None) -> str:
    """Rows in, out and rejected, as far as known."""
    if outcome is None:
        return "not known"
    parts = {"in": outcome.rows_in, "out": outcome.rows_out, "rejected": outcome.rows_rejected}
    return ", ".join(f"{count:,} {word}" for word, count in parts.items() if count is not None) or "not counted"


def owners(outcome: Outcome | None, *, fallback: str) -> str:
    """The teams that own the datasets whose checks failed, else of all it touched."""
    if outcome is None:
        return fallback
    troubled = [read for read in outcome.inputs if any(not check.success for check in read.checks)]
    touched: Sequence[Read | Written] = troubled or (*outcome.inputs, *outcome.outputs)
    return ", ".join(dict.fromkeys(each.contract.owner for each in touched if each.contract)) or fallback


def as_text(notice: Notice) -> str:
    """Plain text: the mail's body and Slack's fallback."""
    lines = [notice.title, "", *(f"- {line}" for line in notice.what), ""]
    facts = (("Since", notice.since), ("Rows", notice.rows), ("Owner", notice.owner), ("Next", notice.next_step))
    lines += [f"{word + ':':<8}{value}" for word, value in facts]
    lines += [f"{'Look:':<8}{label}: {url}" for label, url in notice.links]
    if notice.table:
        lines += ["", *_columns(notice.table)]
    return "\n".join(lines) + "\n"


def as_blocks(notice: Notice) -> list[dict[str, Any]]:
    """Slack's Block Kit (50 blocks, 3,000 characters each at most: Slack API reference), which reads <…> as its own."""
    facts = (("Since", notice.since), ("Rows", notice.rows), ("Owner", notice.owner), ("Next", notice.next_step))
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": notice.subject[:150]}},
        _section("\n".join(f"• {escaped(line)}" for line in notice.what)),
        {"type": "section", "fields": [_words(f"*{word}*\n{escaped(value)}"[:2000]) for word, value in facts]},
    ]
    if notice.table:
        blocks.append(_section("```" + escaped("\n".join(_columns(notice.table)))[:2900] + "```"))
    if notice.links:
        blocks.append(_section(" · ".join(f"<{url}|{label}>" for label, url in notice.links)))
    return blocks


def escaped(text: str) -> str:
    """Text in which nothing is markup: neither of HTML nor of Slack, where it could call a whole channel."""
    return escape(text, quote=False)


def _columns(table: tuple[tuple[str, ...], ...]) -> list[str]:
    """Aligned columns: the first to the left, the others to the right."""
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(at) for cell, at in zip(row[1:], widths[1:], strict=True))])
        for row in table
    ]


def _words(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _words(text[:3000])}
