"""Typical pull requests on a copy of this repository, and the comment that each gets, word for word.

    pytest tests/catalog/review/test_pulls.py --update-golden

writes the comments anew: read them as a reviewer would.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from catalog.review import Waiver, waiver
from catalog.review.affected import Record
from catalog.review.report import rendered
from tests.catalog.review.branch import EVENTS, REPORT, SUITE, SUMMARY, Work

PULLS = Path(__file__).parent / "pulls"
LAKE = "catalog/contracts/lake.enriched_events.yaml"
RAW = "catalog/contracts/kafka.ecommerce-events-raw.yaml"
PRICE = '{name: price, logicalType: number, physicalType: "decimal(12,2)"'
USER = "{name: user_id, "


def _rename(work: Work) -> None:
    work.edit(EVENTS, USER, "{name: customer_user_id, ")


def _reader_follows(work: Work) -> None:
    _rename(work)
    work.edit(REPORT, "events.user_id", "events.customer_user_id")


def _columns_dropped(work: Work) -> None:
    for column in ("product_category", "brand", "quantity", "discount_amount"):
        work.without(EVENTS, f"{{name: {column}, ")


def _waived(work: Work) -> None:
    work.without(EVENTS, USER)
    for one in work.review().findings:
        if one.finding.word not in ("compatible", "may break"):
            told = Waiver(
                fingerprint=one.finding.fingerprint, reason="nobody opens the report before Monday",
                owner="analytics", expires=date(2026, 12, 24), basis=one.basis,
            )  # fmt: skip
            file = work.folder / waiver.FILE
            work.write(waiver.FILE, waiver.written(file.read_text() if file.exists() else "", told))


EDITS: dict[str, tuple[Callable[[Work], object], int]] = {
    "column-added": (
        lambda work: work.edit(LAKE, "- " + PRICE, "- {name: coupon_code, logicalType: string}\n      - " + PRICE),
        0,
    ),
    "column-dropped": (lambda work: work.without(EVENTS, USER), 1),
    "columns-dropped": (_columns_dropped, 1),
    "column-renamed": (_rename, 1),
    "column-renamed-with-its-reader": (_reader_follows, 1),
    "type-widened": (lambda work: work.edit(LAKE, PRICE, PRICE.replace("12", "14")), 1),
    "type-replaced": (
        lambda work: work.edit(LAKE, PRICE, '{name: price, logicalType: string, physicalType: "string(20)"'),
        1,
    ),
    "enum-value-removed": (lambda work: work.edit(LAKE, "{value: paypal}, ", ""), 0),
    "not-null-added": (
        lambda work: work.edit(EVENTS, USER, "{name: user_id, required: true, "),
        0,
    ),
    "key-changed": (
        lambda work: work.edit(SUMMARY, "required: true, primaryKey: true, primaryKeyPosition: 1", "required: true"),
        0,
    ),
    "suite-weakened": (lambda work: work.edit(SUITE, '"severity": "critical"', '"severity": "warning"'), 0),
    "sql-reads-a-missing-column": (lambda work: work.edit(REPORT, "events.user_id", "events.customer_id"), 1),
    "description-only": (lambda work: work.edit(SUMMARY, "description: Known users", "description: Users known"), 0),
    "contract-dropped": (lambda work: (work.folder / SUMMARY).unlink(), 1),
    "waived": (_waived, 0),
}
"""What is edited, and the exit code: 1 where something breaks or is a question, 0 where values decide (may break)."""
WITH_RECORD = {"column-dropped", "type-replaced"}


@pytest.fixture
def known(request: pytest.FixtureRequest, name: str) -> Iterator[Record | None]:
    yield request.getfixturevalue("record") if name in WITH_RECORD else None


@pytest.mark.parametrize("name", EDITS)
def test_the_comment_is_what_a_reviewer_agreed_to(
    name: str, work: Work, known: Record | None, request: pytest.FixtureRequest
) -> None:
    edit, code = EDITS[name]
    edit(work)
    found = work.review(record=known)
    comment = re.sub(r"[0-9a-f]{10}\.\.the working tree", "BASE..HEAD", rendered(found, "markdown"))
    file = PULLS / f"{name}.md"
    if request.config.getoption("--update-golden"):
        file.write_text(comment, encoding="utf-8")
        pytest.skip(f"wrote {file.name}")
    assert comment == file.read_text(encoding="utf-8")
    assert found.exit_code == code, found.outcome
