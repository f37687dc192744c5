"""What is told of drift: news of one dataset for people, and the report of a run. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lineage.notice import Level, Notice, minute

if TYPE_CHECKING:
    from catalog.dataset import Dataset
    from catalog.drift import Finding
    from catalog.entry import Answer, Completeness, DatasetEntry
    from catalog.observe import Observation, Reach
    from catalog.observe.told import Drift, Standing

SHOWN = 8
"""Findings of one dataset that a message or check names."""
LEVEL: Mapping[str, Level] = {"breaking": "failed", "may break": "warning", "cannot tell": "warning"}
BROKEN = 3
"""Consumers that a line names."""
Told = Mapping[str, Any]


def turns(found: Sequence[tuple["Observation", Mapping[str, datetime | None]]]) -> dict[str, int]:
    """How many findings are new, and how many are over, against those told before."""
    pairs = [({one.fingerprint for one in each.findings}, set(known)) for each, known in found]
    return {"new": sum(len(now - was) for now, was in pairs), "over": sum(len(was - now) for now, was in pairs)}


def counted(findings: Sequence["Finding"]) -> str:
    """How many of each verdict: `2 breaking, 1 compatible`."""
    words = [one.word for one in findings]
    return ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words)) or "as accepted"


def page(catalog_url: str | None, dataset: "Dataset") -> tuple[tuple[str, str], ...]:
    """The catalog's page about a dataset's drift, where somebody serves a catalog."""
    if not catalog_url:
        return ()
    from catalog.site import address

    return (("Drift", f"{catalog_url.rstrip('/')}/{address.drift(dataset)}"),)


def notices(
    entry: "DatasetEntry", observation: "Observation", told: Told, *, links: tuple[tuple[str, str], ...]
) -> Iterator[Notice]:
    """One message for what is new of a dataset, one for what is over; none when nothing is. `told` is its facet."""
    from catalog.observe.told import standing

    former = standing(entry.dataset, told)
    new = [one for one in observation.findings if one.fingerprint not in former.known]
    still = {one.fingerprint for one in observation.findings}
    over = [one for one in former.open if one.fingerprint not in still]
    owner = entry.owner or "data-engineering"
    if new:
        yield _news(new, owner=owner, links=links)
    if over:
        yield _over(over, observation, former, owner=owner, links=links)


def _news(new: Sequence["Finding"], *, owner: str, links: tuple[tuple[str, str], ...]) -> Notice:
    worst = new[0]  # findings come the worst first
    level = LEVEL.get(worst.word, "done")
    lines = [_line(one) for one in new[:SHOWN]] + ([f"and {len(new) - SHOWN} more"] if len(new) > SHOWN else [])
    since = min((one.since for one in new if one.since), default=None)
    return Notice(
        level=level,
        title=f"Schema drift of {worst.dataset}: {counted(new)}",
        what=tuple(lines),
        since=minute(since) if since else "not known",
        rows="not counted",
        owner=", ".join(dict.fromkeys([owner, *_owners(new)])),
        links=links,
        next_step=f"{f'{worst.remedy} Or accept' if worst.remedy else 'Accept'} it: "
        f"catalog drift accept {worst.dataset} --by YOU --reason WHY",
    )


def _over(
    over: "Sequence[Drift]", observation: "Observation", former: "Standing", *, owner: str,
    links: tuple[tuple[str, str], ...],
) -> Notice:  # fmt: skip
    kept, since = observation.baseline, over[0].since
    accepted = kept is not None and kept.since != former.since
    why = f"accepted by {kept.accepted_by}: {kept.reason}" if kept and accepted else "gone: it is as accepted again"
    return Notice(
        level="done",
        title=f"Schema drift of {over[0].called} is over: {len(over)} finding{'s' * (len(over) > 1)}",
        what=tuple(f"{one.rule} {one.path or 'dataset'}: {why}" for one in over[:SHOWN]),
        since=minute(since) if since else "not known",
        rows="not counted",
        owner=owner,
        links=links,
        next_step="Nothing.",
    )


def _line(one: "Finding") -> str:
    """A finding in one line: what, the verdict, whom it concerns, or that nobody knows."""
    worst = [each.consumer.name for each in one.verdicts if each.word == one.word]
    shown = ", ".join(worst[:BROKEN]) + (f" and {len(worst) - BROKEN} more" if len(worst) > BROKEN else "")
    concerned = shown if worst and one.word != "compatible" else "" if one.complete else "not all readers are known"
    return f"{one.change} [{one.word}]" + (f": {concerned}" if concerned else "")


def _owners(findings: Sequence["Finding"]) -> Iterator[str]:
    for one in findings:
        yield from (each.consumer.owner for each in one.verdicts if each.word == "breaking" and each.consumer.owner)


def report(
    reached: Sequence[tuple[Told, "Answer[Reach]"]], told: "Completeness", *, run_id: str, whole: bool
) -> dict[str, Any]:
    """The drift report of a run (contract object.drift_report)."""
    reasons = dict.fromkeys((*told.reasons, *(why for _, answer in reached for why in answer.completeness.reasons)))
    return {
        "run_id": run_id,
        "as_of": told.as_of.isoformat() if told.as_of else None,
        "complete": told.complete and whole and not reasons,
        "reasons": list(reasons),
        "breaking": sum(one["verdict"] == "breaking" for one, _ in reached),
        "findings": [{**one, "reach": _reach(answer)} for one, answer in reached],
    }


def _reach(answer: "Answer[Reach]") -> dict[str, Any]:
    one = answer.value
    return {
        "complete": answer.completeness.complete, "by": one.by, "tables": list(one.tables),
        "columns": list(one.columns), "tasks": list(one.tasks), "expectations": list(one.expectations),
        "reports": list(one.reports), "owners": list(one.owners), "tiers": list(one.tiers), "runs_24h": one.runs_24h,
    }  # fmt: skip


def brief(found: Told) -> dict[str, Any]:
    """The report with numbers in place of what may be long, as XCom."""
    short = ("fingerprint", "dataset", "rule", "path", "verdict")
    return {key: found[key] for key in ("complete", "reasons", "breaking")} | {
        "findings": [
            {key: one[key] for key in short}
            | {key: len(value) if key in ("tables", "columns", "tasks", "expectations") else value
               for key, value in one["reach"].items()}
            for one in found["findings"]
        ]
    }  # fmt: skip


def file_name(text: str) -> str:
    """A name that every store takes."""
    return re.sub(r"[^\w.+-]+", "_", text).strip("_.")
