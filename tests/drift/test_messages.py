"""What people are told of drift, word for word: when it is new, and when it is over."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from catalog.dataset import Dataset
from catalog.drift import Change, Consumer, judge
from catalog.drift.shape import Part
from catalog.entry import Answer, Completeness, DatasetEntry
from catalog.observe import Baseline, Observation, Reach, drift_facet
from catalog.site import address
from lineage import drift
from lineage.notice import as_text

AT = Dataset("kafka://h:9092", "orders")
NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)
ENTRY = DatasetEntry(dataset=AT, kind="kafka", owner="events-platform", contract="kafka.orders@1.0.0")
NUMBER, TEXT = Part(path="price", type="double"), Part(path="price", type="string")
PRICE = Change(rule="type.replaced", path="price", before="double", after="string", old=NUMBER, new=TEXT)
NEW = Change(rule="column.added", path="campaign", after="string", new=Part(path="campaign", type="string"))
LOAD = Consumer(name="etl.load", engine="json", owner="analytics")
KEPT = Baseline(name="main", columns=(), accepted_by="ada", reason="agreed", since=datetime(2026, 11, 1, tzinfo=UTC))


def observed(*changes: Change, complete: bool = True, kept: Baseline = KEPT) -> Observation:
    findings = tuple(
        replace(one, since=NOW, remedy="Send both." if one.word == "breaking" else "")
        for one in judge("kafka.orders", changes, [LOAD], complete=complete)
    )
    return Observation(dataset=AT, baseline=kept, columns=(), findings=findings, compared=True)


def told(found: Observation) -> dict[str, Any]:
    return drift_facet(found, complete=True)


def test_news_say_what_since_when_whom_it_breaks_and_what_to_do() -> None:
    (notice,) = drift.notices(ENTRY, observed(PRICE, NEW), {}, links=(("Lineage", "http://marquez/"),))
    assert notice.subject.startswith("🔴")
    assert as_text(notice) == (
        "Schema drift of kafka.orders: 1 breaking, 1 compatible\n"
        "\n"
        "- type.replaced price: double → string [breaking]: etl.load\n"
        "- column.added campaign: string [compatible]\n"
        "\n"
        "Since:  2026-11-20 13:00 UTC\n"
        "Rows:   not counted\n"
        "Owner:  events-platform, analytics\n"
        "Next:   Send both. Or accept it: catalog drift accept kafka.orders --by YOU --reason WHY\n"
        "Look:   Lineage: http://marquez/\n"
    )


def test_a_catalog_that_is_served_is_linked_with_its_page_about_this_dataset() -> None:
    ((word, url),) = drift.page("https://catalog.example/", AT)
    assert (word, url) == ("Drift", f"https://catalog.example/{address.drift(AT)}")
    assert drift.page(None, AT) == ()


def test_what_was_told_before_is_not_told_again() -> None:
    before = told(observed(PRICE))
    assert list(drift.notices(ENTRY, observed(PRICE), before, links=())) == []
    (notice,) = drift.notices(ENTRY, observed(PRICE, NEW), before, links=())
    assert (notice.level, notice.what) == ("done", ("column.added campaign: string [compatible]",))
    assert notice.next_step == "Accept it: catalog drift accept kafka.orders --by YOU --reason WHY"


def test_of_readers_that_are_not_all_known_nobody_says_that_nobody_is_concerned() -> None:
    (notice,) = drift.notices(ENTRY, observed(NEW, complete=False), {}, links=())
    assert notice.level == "warning"
    assert notice.what == ("column.added campaign: string [cannot tell]: not all readers are known",)


def test_what_is_over_says_whether_it_is_gone_or_who_accepted_it_and_why() -> None:
    before = told(observed(PRICE))
    (gone,) = drift.notices(ENTRY, observed(), before, links=())
    assert (gone.level, gone.what) == ("done", ("type.replaced price: gone: it is as accepted again",))
    kept = replace(KEPT, accepted_by="bob", reason="readers have moved", since=NOW)
    (accepted,) = drift.notices(ENTRY, observed(kept=kept), before, links=())
    assert accepted.title == "Schema drift of kafka.orders is over: 1 finding"
    assert accepted.what == ("type.replaced price: accepted by bob: readers have moved",)


def test_many_findings_are_bounded() -> None:
    many = [replace(NEW, path=f"c{n}", new=Part(path=f"c{n}", type="string")) for n in range(20)]
    (notice,) = drift.notices(ENTRY, observed(*many), {}, links=())
    assert len(notice.what) == drift.SHOWN + 1 and notice.what[-1] == "and 12 more"


def test_a_report_over_a_record_that_lacks_something_is_not_complete_and_says_what() -> None:
    reach = Reach(by="dataset", tables=("orders",), columns=(), tasks=("etl.load",), expectations=(), reports=(),
                  owners=("analytics",), tiers=("gold",), runs_24h=3)  # fmt: skip
    lacking = Completeness(as_of=NOW, reasons=("etl.load has not told anything for 3 days",))
    (finding,) = told(observed(PRICE))["open"]
    found = drift.report([(finding, Answer(value=reach, completeness=lacking))], Completeness(as_of=NOW),
                         run_id="r", whole=True)  # fmt: skip
    assert (found["complete"], found["reasons"]) == (False, ["etl.load has not told anything for 3 days"])
    assert found["findings"][0]["reach"]["complete"] is False
    assert drift.brief(found)["findings"][0]["tables"] == 1
