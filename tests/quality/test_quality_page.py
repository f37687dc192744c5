"""The quality report's page and JSON: what they say, and that nothing personal or foreign is in them."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from catalog import contract
from lineage import profile
from lineage.reports import quality_page
from lineage.reports.quality import Downstream, Finding, Quality, Subject, Trend

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
RAW = contract.load("kafka.ecommerce-events-raw")


def finding(**other: Any) -> Finding:
    told: dict[str, Any] = {
        "dataset": "s3://lake/warehouse/ecom.db/enriched_events", "task": "validate_business_rules",
        "title": "expect_revenue_to_follow_event_type", "name": "expect_revenue_to_follow_event_type", "column": None,
        "severity": "critical", "success": True, "expected": "revenue >= 0", "actual": "0 of 10 rows",
        "examples": (), "owner": "data-engineering", "history": (True, True),
    }  # fmt: skip
    return Finding(**(told | other))


def report(*findings: Finding, **other: Any) -> Quality:
    points = tuple((NOW - timedelta(hours=5 - at), 100.0 + at) for at in range(6))
    trends = (
        Trend(column=None, metric="row_count", points=points),
        Trend(column="user_id", metric="null_count", points=points),
    )
    subject = Subject(
        dataset="s3://lake/warehouse/ecom.db/enriched_events", name="enriched_events", title="Enriched events",
        kind="lake", owner="data-engineering", tier="gold", findings=findings, trends=trends,
        downstream=Downstream(datasets=("daily_summary",), jobs=("load",), owners=("analytics",)),
    )  # fmt: skip
    sent = [
        json.dumps({"event_type": "page_view", "user_id": "jane", "properties": {"price": price}}).encode()
        for price in (1, 2, "3", None)
    ]
    told = profile.told(profile.of_messages([*sent, b"x"], RAW))
    return replace(
        Quality(time=NOW, run_id="manual__1", interval=(NOW - timedelta(hours=1), NOW), subjects=(subject,),
                profile=told, learned={"new": ("kafka://a/b",), "stale": ()}, as_of=NOW), **other)  # fmt: skip


BROKEN = finding(
    success=False, actual="2 of 10 rows (20 %)", history=(True, True, False),
    examples=('{"event_id": "e1", "event_revenue": "-1.00"}', '{"event_id": "<b>", "event_revenue": "-2.00"}'),
)  # fmt: skip


def text(page: bytes) -> str:
    class Words(HTMLParser):
        words: list[str] = []  # noqa: RUF012

        def handle_data(self, data: str) -> None:
            self.words.append(data)

    parser = Words()
    parser.words = []
    parser.feed(page.decode())
    return " ".join(" ".join(parser.words).split())


def test_the_first_sentence_says_whether_everything_holds() -> None:
    assert quality_page.verdict(report(finding())) == "All 1 checks hold."
    assert quality_page.verdict(report(finding(), BROKEN)) == "1 of 2 checks does not hold, 1 of them critical."
    warning = finding(success=False, severity="warning")
    assert quality_page.verdict(report(warning, warning)).endswith("2 checks do not hold, none of them critical.")
    assert quality_page.verdict(report()) == "Nothing was checked."


def test_a_failure_shows_its_rows_its_owner_and_what_is_downstream() -> None:
    shown = text(quality_page.as_html(report(finding(), BROKEN)))
    for words in ("2 of 10 rows (20 %)", "e1", "-1.00", "data-engineering", "daily_summary", "tell analytics"):
        assert words in shown, words


def test_what_failed_is_escaped_and_no_value_of_a_personal_column_is_shown() -> None:
    page = quality_page.as_html(report(BROKEN)).decode()
    assert "<b></code>" not in page and "&lt;b&gt;" in page
    assert "jane" not in page and "jane" not in quality_page.as_json(report(BROKEN)).decode()
    assert "not shown" in page


def test_every_check_has_a_mark_per_run_and_every_figure_a_line() -> None:
    page = quality_page.as_html(report(BROKEN)).decode()
    marks = re.findall(r'class="(held|broke)"', page.split('id="datasets"')[1].split('id="profile"')[0])
    assert marks == ["held", "held", "broke"]
    assert page.count('<svg class="word"') == 2


def test_the_page_needs_no_other_host_and_has_no_script() -> None:
    page = quality_page.as_html(report(BROKEN)).decode()
    without_names = page.replace("http://www.w3.org/", "")
    assert re.findall(r'(?:src|href)="(?:https?:)?//', without_names) == []
    assert "<script" not in page and "@import" not in page and "url(http" not in page


def test_ids_are_unique_and_links_within_the_page_lead_somewhere() -> None:
    page = quality_page.as_html(report(BROKEN)).decode()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_the_same_figures_give_the_same_bytes() -> None:
    assert quality_page.as_html(report(BROKEN)) == quality_page.as_html(report(BROKEN))
    assert quality_page.as_json(report(BROKEN)) == quality_page.as_json(report(BROKEN))


def test_the_json_begins_with_the_columns_of_its_contract() -> None:
    told = json.loads(quality_page.as_json(report(finding(), BROKEN)))
    promised = contract.load("object.quality_report").schema
    assert list(told)[: len(promised.names())] == list(promised.names())
    assert (told["passed"], told["critical"], told["warnings"], told["anomalies"]) == (1, 1, 0, 0)
    assert (told["messages_profiled"], told["messages_unreadable"]) == (5, 1)


@pytest.mark.parametrize("empty", [{"profile": {}}, {"learned": {}}, {"interval": None}, {"subjects": ()}])
def test_what_is_not_known_leaves_a_gap_and_no_error(empty: dict[str, Any]) -> None:
    assert b"Quality report" in quality_page.as_html(report(finding(), **empty))


def test_a_reader_is_told_when_the_record_may_lack_something() -> None:
    shown = text(quality_page.as_html(report(finding(), lacks=("the backend did not answer",))))
    assert "The record may not tell everything: the backend did not answer" in shown
