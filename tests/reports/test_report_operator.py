"""Reports in the lake, from a real warehouse."""

from datetime import UTC, date, datetime, timedelta

import pytest

from catalog.contract import load
from lineage.hooks.lake import LakeHook
from lineage.hooks.warehouse import WarehouseHook
from lineage.operators.report import GenerateReportsOperator

SERVERS = ("postgres", "s3")
pytestmark = pytest.mark.integration
FIRST = date(2026, 3, 1)


def generate():
    return GenerateReportsOperator(task_id="generate_business_reports").run({})


def objects():
    """Key → (bytes, time of writing) of everything under reports/."""
    hook = LakeHook()
    listed = hook.s3.list_objects_v2(Bucket=hook.bucket, Prefix="reports/business/").get("Contents", [])
    return {one["Key"]: (hook.get(one["Key"]), one["LastModified"]) for one in listed}


@pytest.fixture
def warehouse(platform):
    """Three summarised days with sessions and events; emptied afterwards, the reports too."""
    hook, lake = WarehouseHook(), LakeHook()
    with hook.transaction() as session:
        hook.prepare(
            session, [load(f"warehouse.{t}") for t in ("daily_summary", "events", "user_sessions", "dim_products")]
        )
        for number in range(3):
            recompute(session, FIRST + timedelta(days=number), orders=number + 1)
    yield hook
    with hook.transaction() as session:
        session.execute("DROP SCHEMA public CASCADE")
        session.execute("CREATE SCHEMA public")
    for key in objects():
        lake.s3.delete_object(Bucket=lake.bucket, Key=key)


def recompute(session, day, *, orders):
    fields = load("warehouse.daily_summary").schema.fields
    values = ["%s" if field.name in ("report_date", "updated_at", "total_orders") else "7" for field in fields]
    session.execute("DELETE FROM daily_summary WHERE report_date = %s", (day,))
    when = datetime(2026, 3, 9, tzinfo=UTC) + timedelta(seconds=orders)
    session.execute(f"INSERT INTO daily_summary VALUES ({', '.join(values)})", (day, orders, when))


def test_every_day_gets_a_page_and_a_table_and_the_newest_is_the_latest(warehouse):
    outcome = generate()
    found = objects()
    days = [f"reports/business/{FIRST + timedelta(days=number)}/report" for number in range(3)]
    assert set(found) == {f"{day}.{kind}" for day in days for kind in ("html", "csv")} | {
        "reports/business/latest.html"
    }
    assert b"Tuesday 3 March 2026" in found["reports/business/latest.html"][0]
    assert b'href="2026-03-03/report.csv"' in found["reports/business/latest.html"][0]
    assert found[f"{days[2]}.csv"][0].decode().splitlines()[1].startswith("2026-03-03,7,7,7,3,")
    assert outcome.links == {"report": "s3://lake/reports/business/latest.html"}
    (written,) = outcome.outputs
    assert (written.dataset.name, written.rows, written.files) == ("reports/business", 3, 7)
    assert written.size_bytes == sum(len(body) for body, _ in found.values())


def test_a_rerun_writes_nothing(warehouse):
    generate()
    before = objects()
    outcome = generate()
    assert objects() == before
    assert outcome.rows_out == 0
    assert outcome.links["report"].endswith("latest.html")


def test_what_was_lost_is_written_again_with_the_same_bytes(warehouse):
    generate()
    before = objects()
    hook = LakeHook()
    for key in (f"reports/business/{FIRST}/report.html", "reports/business/latest.html"):
        hook.s3.delete_object(Bucket=hook.bucket, Key=key)
    generate()
    assert {key: body for key, (body, _) in objects().items()} == {key: body for key, (body, _) in before.items()}


def test_a_day_that_was_recomputed_and_those_after_it_are_reported_anew(warehouse):
    generate()
    before = objects()
    with warehouse.transaction() as session:
        recompute(session, FIRST + timedelta(days=1), orders=40)
    assert generate().rows_out == 2
    changed = {key for key, (body, _) in objects().items() if body != before[key][0]}
    assert "reports/business/2026-03-01/report.html" not in changed
    assert {"reports/business/2026-03-02/report.csv", "reports/business/latest.html"} <= changed


def test_an_empty_warehouse_has_no_report_and_that_is_no_error(platform):
    outcome = generate()
    assert (outcome.rows_out, outcome.links, objects()) == (0, {}, {})
