"""Reviews made by hand, for the tests of what is written about them."""

from datetime import UTC, date, datetime
from typing import Any

from catalog.drift import Change, Consumer, Finding, Verdict
from catalog.review import Place, Problem, Review, Reviewed, Waiver
from catalog.wire import Word

AS_OF = datetime(2026, 11, 25, 7, 0, tzinfo=UTC)
BASE, HEAD = "a" * 40, "b" * 40
WAIVER = Waiver(
    fingerprint="0" * 16, reason="the report is rebuilt this week", owner="analytics", expires=date(2026, 12, 24)
)
CONTRACT = "catalog/contracts/lake.users.yaml"


def finding(
    rule: str = "column.dropped", path: str = "email", *, verdicts: tuple[tuple[str, Word, str], ...] = (),
    before: str | None = "string", after: str | None = None, dataset: str = "lake.users", **more: Any,
) -> Finding:  # fmt: skip
    """A change of lake.users with verdicts of (consumer, word, reason)."""
    change = Change(rule=rule, path=path, before=before, after=after)
    judged = tuple(
        Verdict(
            change=change, consumer=Consumer(name=name, engine="sql", owner="analytics", tier="gold"), word=word,
            reason=reason, source="",
        )
        for name, word, reason in verdicts
    )  # fmt: skip
    return Finding(dataset=dataset, change=change, verdicts=judged, **more)


def reviewed(word: Word = "breaking", path: str = "email", *, line: int = 7, **more: Any) -> Reviewed:
    """One finding with one consumer and this verdict."""
    waiver = more.pop("waiver", None)
    told = finding(path=path, verdicts=(("daily report", word, f"names the column {path}"),), **more)
    return Reviewed(finding=told, place=Place(path=CONTRACT, line=line), waiver=waiver)


def review(*findings: Reviewed, **more: Any) -> Review:
    """A review of these findings, from a snapshot."""
    told = {"base": BASE, "head": HEAD, "basis": "snapshot", "as_of": AS_OF, **more}
    return Review(findings=findings, **told)


def mixed() -> Review:
    """One of each: what breaks, a question, what may break, compatible, waived, a problem, and a record that lacks."""
    breaking = Reviewed(
        finding=finding(
            verdicts=(
                ("load_user_dimension", "breaking", "names the column email"),
                ("business_report", "breaking", "names the column email"),
                ("lookup cache.user", "may break", "a missing field reads as null"),
                ("Spark: sessions", "compatible", "does not read it"),
            ),
            since=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
            remedy="Keep filling `email` until every reader named here has moved, then drop it.",
        ),
        place=Place(path=CONTRACT, line=31, removed=True), observed="not yet", basis="1" * 16,
    )  # fmt: skip
    return review(
        breaking,
        reviewed("cannot tell", "mail", rule="column.perhaps_renamed", before="email", after="mail"),
        reviewed("may break", "country", rule="enum.value_added", before=None, after="NL", line=12),
        reviewed("compatible", "city", rule="description.changed", before="town", after="city", line=14),
        reviewed("breaking", "phone", waiver=WAIVER, line=18),
        problems=(Problem(kind="waiver_expired", message="the waiver of 0123 by analytics expired on 2026-11-01",
                          place=Place(path="catalog/waivers.yaml", line=3), breaking=True),),
        reasons=("2 jobs did not end",),
    )  # fmt: skip
