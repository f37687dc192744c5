"""What people are told, word for word; and that it arrives."""

import email
import email.policy
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from lazy_object_proxy import Proxy

from catalog.contract import load
from catalog.dataset import Dataset
from lineage.errors import ChecksFailed
from lineage.hooks.notice import NoticeHook
from lineage.notice import as_blocks, as_text
from lineage.notifier import AlertNotifier, compose
from lineage.operators.slack import SlackNotificationOperator
from lineage.outcome import Check, Outcome, Read

SERVERS = ("slack", "mail")
CRITICAL = Check(
    name="event_id_unique", success=False, severity="critical", column="event_id", expected="unique", actual="3 twice"
)
MILD = Check(
    name="user_known", success=False, severity="warning", column="user_id", expected="at most 5 % null", actual="7 %"
)
GOOD = Check(name="has_rows", success=True, severity="critical")


def outcome(*checks: Check) -> Outcome:
    table = Dataset("s3://lake", "warehouse/ecom.db/enriched_events")
    other = Read(dataset=table, contract=load("lake.products"), checks=(GOOD,))
    read = Read(dataset=table, contract=load("lake.enriched_events"), checks=checks)
    return Outcome(inputs=(other, read), rows_in=1200, rows_rejected=3, links={"Data docs": "file:///docs/index.html"})


def context(found: Outcome | None, error: Exception | None = None, **more: Any) -> Any:
    ti = SimpleNamespace(
        dag_id="data_ingestion_dag", task_id="validate_enriched_data_quality", log_url="http://airflow/log", run_id="r1"
    )
    run = SimpleNamespace(start_date=datetime(2026, 11, 2, 10, 5, tzinfo=UTC))
    task = SimpleNamespace(outcome=found, owner="data-engineering")
    return {"ti": ti, "dag_run": run, "task": task, "exception": error, **more}


def test_a_failed_critical_check_says_what_since_when_rows_owner_where_and_what_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MARQUEZ_URL", "http://127.0.0.1:5000")
    found = outcome(MILD, CRITICAL)
    notice = compose(
        context(found, ChecksFailed(found, where="x"), prev_end_date_success=datetime(2026, 11, 2, 9, 7, tzinfo=UTC))
    )
    assert notice is not None
    assert as_text(notice) == (
        "data_ingestion_dag.validate_enriched_data_quality failed\n"
        "\n"
        "- event_id_unique(event_id): expected unique, found 3 twice [critical]\n"
        "- user_known(user_id): expected at most 5 % null, found 7 % [warning]\n"
        "\n"
        "Since:  after 2026-11-02 09:07 UTC (the last good run)\n"
        "Rows:   1,200 in, 3 rejected\n"
        "Owner:  data-engineering\n"
        "Next:   Read the task's log, repair the cause, then clear the task: a rerun loads nothing twice.\n"
        "Look:   Airflow log: http://airflow/log\n"
        "Look:   Lineage: http://127.0.0.1:5000/\n"
        "Look:   Data docs: file:///docs/index.html\n"
    )
    assert notice.subject.startswith("🔴")


def test_a_warning_is_told_and_says_that_the_run_went_on() -> None:
    nothing = Proxy(lambda: None)  # what Airflow gives for "no good run before"
    notice = compose(context(outcome(GOOD, MILD), prev_end_date_success=nothing))
    assert notice is not None
    assert (notice.level, notice.title) == ("warning", "data_ingestion_dag.validate_enriched_data_quality has warnings")
    assert notice.next_step.startswith("The run went on.")
    assert notice.since == "2026-11-02 10:05 UTC (no good run before)"


@pytest.mark.parametrize("found", [None, Outcome(), outcome(GOOD)], ids=["no outcome", "nothing checked", "all hold"])
def test_a_good_task_tells_nothing(found: Outcome | None) -> None:
    assert compose(context(found)) is None


def test_a_crash_without_an_outcome_still_tells_the_error_and_the_owner() -> None:
    notice = compose(context(None, RuntimeError("Kafka at 127.0.0.1:9092 does not answer")))
    assert notice is not None
    assert notice.what == ("Kafka at 127.0.0.1:9092 does not answer",)
    assert (notice.rows, notice.owner) == ("not known", "data-engineering")


def test_many_failed_checks_are_bounded_and_counted() -> None:
    notice = compose(context(outcome(*[MILD] * 30)))
    assert notice is not None
    assert (len(notice.what), notice.what[-1]) == (9, "and 22 more")
    assert all(len(json.dumps(block)) < 3200 for block in as_blocks(notice))


def summaries() -> dict[str, dict[str, Any]]:
    check = {
        "title": "user_known(user_id)",
        "success": False,
        "severity": "warning",
        "expected": "≤ 5 %",
        "actual": "7 %",
    }
    return {
        "load": {"rows_in": 1200, "rows_out": 1190, "rows_rejected": 10, "seconds": 3.5, "checks": []},
        "check": {
            "rows_in": 1190,
            "rows_out": None,
            "rows_rejected": 0,
            "seconds": 1.25,
            "checks": [check, {**check, "success": True}],
        },
    }


@pytest.mark.integration
def test_the_summary_arrives_in_slack_and_by_mail(platform: Any) -> None:
    done = summaries()
    ti = SimpleNamespace(xcom_pull=lambda task_ids: done[task_ids], run_id="manual__1", log_url="http://airflow/log")
    operator = SlackNotificationOperator(
        task_id="tell", task_ids=["load", "check"], title="data_ingestion_dag", owner="data-engineering"
    )
    told = operator.run({"ti": ti})  # type: ignore[arg-type]
    assert [message.channel for message in told.messages] == ["slack", "mail"]
    (slack,) = (platform.home.root / "data" / "slack").glob("*.json")
    message = json.loads(slack.read_text())
    assert message["text"].startswith("data_ingestion_dag is done with warnings\n")
    assert "load   1,200  1,190        10      3.5" in message["text"]
    assert message["blocks"][0]["type"] == "header"
    (mail,) = (platform.home.root / "data" / "mail" / "new").iterdir()
    parsed = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    assert parsed["subject"] == "🟡 data_ingestion_dag is done with warnings"
    body = parsed.get_body(("html",))
    assert body is not None and "user_known(user_id): expected ≤ 5 %, found 7 %" in body.get_content()


@pytest.mark.integration
def test_a_dead_channel_does_not_silence_the_other_and_planted_secrets_stay_out(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_SMTP_DEFAULT",
        '{"conn_type":"smtp","host":"127.0.0.1","port":1,"extra":{"disable_ssl":true,"disable_tls":true,"retry_limit":1}}',
    )
    before = set((platform.home.root / "data" / "slack").glob("*.json"))
    error = RuntimeError("connect to postgresql://loader:hunter2@db:5432/warehouse failed, password=hunter2")
    AlertNotifier(hook=NoticeHook()).notify(context(None, error))
    (new,) = set((platform.home.root / "data" / "slack").glob("*.json")) - before
    assert "hunter2" not in new.read_text()
    assert "db:5432/warehouse failed" in json.loads(new.read_text())["text"]


@pytest.mark.integration
def test_when_no_channel_takes_it_the_task_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_SMTP_DEFAULT",
        '{"conn_type":"smtp","host":"127.0.0.1","port":1,"extra":{"disable_ssl":true,"disable_tls":true,"retry_limit":1}}',
    )
    with pytest.raises(OSError):
        AlertNotifier(hook=NoticeHook(slack_conn_id="")).notify(context(None, RuntimeError("x")))
