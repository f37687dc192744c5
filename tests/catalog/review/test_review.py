"""What a branch changes, whom it breaks, where it is written: on a small repository, with a record and without."""

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.drift import Change
from catalog.errors import RepositoryUnusable
from catalog.index import Index
from catalog.review import Place, Review
from catalog.review.affected import Record
from catalog.review.compare import review
from catalog.review.place import in_contract
from catalog.review.report import rendered
from catalog.review.repository import branch
from catalog.review.snapshot import opened
from tests.catalog.events import at, dataset, event, facet
from tests.catalog.review.branch import EVENTS, REPORT, SUITE, SUMMARY, TODAY, Work, one, words

USER = "{name: user_id, "
USERS = "COUNT(DISTINCT events.user_id) AS unique_users"


def test_a_branch_that_changes_nothing_is_fine(work: Work) -> None:
    work.write("README.md", "other words")
    found = work.review()
    assert (found.outcome, found.exit_code, found.findings, found.problems) == ("fine", 0, (), ())
    assert (found.basis, found.as_of, found.base) == ("declared", None, work.git("rev-parse", "HEAD"))


def test_a_dropped_column_breaks_the_statement_that_names_it_and_points_to_the_line_that_is_gone(work: Work) -> None:
    line = work.without(EVENTS, USER)
    found = one(work.review(), "column.dropped", "user_id")
    assert words(found.finding)[REPORT] == "breaking"
    assert found.place is not None
    assert (found.place.path, found.place.line, found.place.removed) == (EVENTS, line, True)
    assert found.place.near == work.line(EVENTS, "- name: events")
    assert found.finding.dataset == "warehouse.events"
    assert "user_id" in found.finding.remedy


def test_a_reader_that_is_repaired_in_the_same_branch_does_not_break(work: Work) -> None:
    work.without(EVENTS, USER)
    work.edit(REPORT, USERS, "0 AS unique_users")
    found = one(work.review(), "column.dropped", "user_id")
    assert words(found.finding)[REPORT] == "compatible"
    (told,) = [each.reason for each in found.finding.verdicts if each.consumer.name == REPORT]
    assert "as this branch has it" in told


def test_a_statement_that_names_a_column_that_nobody_has_breaks_with_its_line(work: Work) -> None:
    work.edit(REPORT, "events.user_id", "events.customer_id")
    review = work.review()
    found = one(review, "column.added", "customer_id")
    assert (found.finding.dataset, found.finding.word) == ("warehouse.events", "breaking")
    assert found.place is not None
    assert found.place.line == work.line(REPORT, "customer_id")
    assert review.exit_code == 1


def test_a_column_that_contract_and_statement_get_together_is_there(work: Work) -> None:
    work.edit(EVENTS, USER, "{name: customer_id, logicalType: string, physicalType: string}\n      - " + USER)
    work.edit(REPORT, "events.user_id", "events.customer_id")
    found = work.review()
    assert one(found, "column.added", "customer_id").finding.change.after == "string"
    assert not [each for each in found.findings if each.finding.word == "breaking"]


def test_a_column_that_a_report_no_longer_gives_breaks_its_readers(work: Work) -> None:
    work.edit(REPORT, "  COALESCE(happened.unique_users, 0) AS unique_users,\n", "")
    found = one(work.review(), "column.dropped", "unique_users")
    assert (found.finding.dataset, found.finding.word) == ("warehouse.daily_summary", "breaking")
    assert found.place is not None
    assert (found.place.path, found.place.removed) == (REPORT, True)


def test_since_when_the_data_lacks_what_a_report_no_longer_gives_is_said(work: Work) -> None:
    def told(hour: int, *columns: str) -> dict[str, object]:
        table = dataset("warehouse.public.daily_summary", columns, namespace="postgres://127.0.0.1:15432")
        return event("report", hour, outputs=[table])

    work.edit(REPORT, "  COALESCE(happened.unique_users, 0) AS unique_users,\n", "")
    with Index.open(":memory:", branch(work.folder, "HEAD").before.contracts) as index:
        index.add([told(1, "event_date", "unique_users"), told(2, "event_date")])
        found = one(work.review(record=Record(index=index, basis="backend")), "column.dropped", "unique_users")
    assert found.observed == "already so"
    assert found.finding.since == at(2)


def test_a_statement_that_goes_leaves_nothing_of_the_table_that_it_gives(work: Work) -> None:
    (work.folder / REPORT).unlink()
    (found,) = work.review().findings
    assert (found.finding.dataset, found.finding.change.rule, found.finding.word) == (
        "warehouse.daily_summary", "dataset.dropped", "breaking",
    )  # fmt: skip
    assert found.place == Place(path=REPORT, line=3, removed=True)
    (work.folder / SUMMARY).unlink()
    (found,) = work.review().findings
    assert found.place is not None
    assert found.place.path == SUMMARY


def test_the_same_removal_in_contract_and_report_is_one_finding(work: Work) -> None:
    work.edit(REPORT, "  COALESCE(happened.unique_users, 0) AS unique_users,\n", "")
    work.without(SUMMARY, "{name: unique_users")
    found = one(work.review(), "column.dropped", "unique_users")
    assert found.place is not None
    assert found.place.path == SUMMARY


def test_a_dropped_contract_and_a_new_one_are_told(work: Work) -> None:
    (work.folder / "catalog/contracts/lake.users.yaml").unlink()
    work.write("catalog/contracts/lake.people.yaml",
               work.git("show", "HEAD:catalog/contracts/lake.users.yaml").replace("lake.users", "lake.people")
               .replace("physicalName: users", "physicalName: people"))  # fmt: skip
    found = work.review()
    dropped = one(found, "dataset.dropped")
    assert (dropped.finding.dataset, dropped.finding.word) == ("lake.users", "breaking")
    assert dropped.place is not None
    assert dropped.place.removed
    assert one(found, "dataset.added").finding.dataset == "lake.people"


def test_the_same_dataset_under_another_contract_id_is_neither_dropped_nor_new(work: Work) -> None:
    text = work.read("catalog/contracts/lake.users.yaml")
    (work.folder / "catalog/contracts/lake.users.yaml").unlink()
    work.write("catalog/contracts/lake.people.yaml", text.replace("id: lake.users", "id: lake.people"))
    assert work.review().findings == ()


def test_a_contract_that_gets_another_id_and_loses_a_column_has_lost_the_column_only(work: Work) -> None:
    text = work.read("catalog/contracts/lake.users.yaml").replace("id: lake.users", "id: lake.people")
    (work.folder / "catalog/contracts/lake.users.yaml").unlink()
    work.write("catalog/contracts/lake.people.yaml", text)
    work.without("catalog/contracts/lake.people.yaml", "{name: email, ")
    (found,) = work.review().findings
    assert (found.finding.dataset, found.finding.change.rule, found.finding.change.path) == (
        "lake.people", "column.dropped", "email",
    )  # fmt: skip


def test_a_contract_that_names_another_table_leaves_the_readers_of_the_former_one(work: Work) -> None:
    work.edit(EVENTS, "physicalName: events\n", "physicalName: events_v2\n")
    work.without(EVENTS, USER)
    found = work.review()
    gone = one(found, "dataset.dropped")
    assert (gone.finding.change.before, gone.finding.change.after) == ("events", "events_v2")
    assert words(gone.finding)[REPORT] == "breaking"
    assert gone.place == Place(path=EVENTS, line=work.line(EVENTS, "schema:"))
    assert one(found, "column.dropped", "user_id").finding.word == "breaking"


def test_a_suite_that_a_contract_names_no_longer_is_where_the_rules_were(work: Work) -> None:
    work.edit(EVENTS, "value: data_warehouse_suite", "value: other_suite")
    work.write(SUITE.replace("data_warehouse", "other"), '{"name": "other_suite", "expectations": []}')
    found = work.review()
    assert {each.finding.change.rule for each in found.findings} == {"check.removed"}
    assert {each.place and (each.place.path, each.place.removed) for each in found.findings} == {(SUITE, True)}
    text = rendered(found, "markdown")
    assert "- **`warehouse.events`**: a quality rule is gone, 5 times" in text and "`unnamed`" not in text


def test_a_rule_taken_out_of_a_suite_is_a_finding_of_the_datasets_that_it_is_about(work: Work) -> None:
    text = work.read(SUITE)
    work.write(SUITE, text.replace("expect_currency_to_be_known", "expect_currency_to_be_any"))
    found = work.review()
    removed = [each for each in found.findings if each.finding.change.rule == "check.removed"]
    assert {each.finding.dataset for each in removed} == {"warehouse.events"}
    assert removed[0].place is not None
    assert (removed[0].place.path, removed[0].place.removed) == (SUITE, True)
    assert removed[0].place.line == text[: text.index("expect_currency_to_be_known")].count("\n") + 1


@pytest.mark.parametrize(
    ("path", "old", "new", "line"),
    [
        (EVENTS, "      - {name: user_id, ", "      - {name: user_id ", 28),
        (EVENTS, "schema:\n", "scheme:\n", 1),  # no mark of YAML's: it is no contract
        (SUITE, '"expectations": [', '"expectations" [', 4),
        (REPORT, "happened.total_orders, 0) AS", "happened.total_orders, 0 AS AS", 8),
    ],
)
def test_a_file_that_cannot_be_read_any_more_breaks_and_takes_nothing_else_along(
    path: str, old: str, new: str, line: int, work: Work
) -> None:
    work.edit(path, old, new)
    found = work.review()
    (problem,) = found.problems
    assert (problem.kind, problem.breaking, problem.message.startswith(f"{path} cannot be read: ")) == (
        "file_unreadable", True, True,
    )  # fmt: skip
    assert problem.place == Place(path=path, line=line)
    assert "<unicode string>" not in problem.message
    assert (found.findings, found.exit_code) == ((), 1)


def test_lines_count_from_the_top_of_the_file(work: Work) -> None:
    work.write(REPORT, "\n\n" + work.read(REPORT).replace("events.user_id)", "events.customer_id)"))
    found = one(work.review(), "column.added", "customer_id")
    assert found.place is not None
    assert found.place.line == work.line(REPORT, "customer_id")


def test_names_that_are_no_text_are_reviewed_and_reported(work: Work) -> None:
    """Git's names are bytes, and JSON may hold half letters."""
    for name in ("id", "other"):
        work.write(os.fsdecode(b"lineage/reports/caf\xe9.sql"), f"CREATE TABLE visits ({name} BIGINT)")
        work.commit(name)
    work.write(SUITE, work.read(SUITE).replace("expect_currency_to_be_known", "expect_\\ud800"))
    found = work.review("HEAD~1")
    (problem,) = found.problems
    assert (problem.place and problem.place.path, "surrogates" in problem.message) == (SUITE, True)
    dropped = one(found, "column.dropped", "id")
    assert dropped.finding.dataset == "lineage/reports/caf\\xe9.sql:visits"
    for form in ("text", "markdown", "json", "sarif", "junit", "annotations"):
        assert rendered(found, form).encode()  # type: ignore[arg-type]


def test_what_could_not_be_read_in_the_base_is_told_and_breaks_nobody(work: Work) -> None:
    work.write(EVENTS, "{ this is: [ nothing")
    work.commit("broken already")
    work.write(EVENTS, "{ neither is: [ this")
    found = work.review()
    assert [(each.kind, each.breaking) for each in found.problems] == [("file_unreadable", False)]


@pytest.mark.parametrize(("path", "old", "new"), [
    (EVENTS, "schema:\n", "schema: [\n"), (SUITE, '"expectations": [', '"expectations" ['),
    (REPORT, "happened.total_orders, 0) AS", "happened.total_orders, 0 AS AS"),
])  # fmt: skip
def test_what_changes_in_a_file_that_is_repaired_is_said_not_to_be_judged(
    path: str, old: str, new: str, work: Work
) -> None:
    sound = work.read(path)
    work.edit(path, old, new)
    work.commit("broken")
    work.write(path, sound)
    found = work.review()
    (problem,) = found.problems
    assert (problem.message, problem.breaking, found.exit_code) == (
        f"{path} could not be read in the base: what changes in it is not judged", False, 0,
    )  # fmt: skip
    assert found.findings == ()


def test_tables_that_files_create_are_judged_for_the_statements_that_name_them(work: Work) -> None:
    work.write("sql/table.sql", "CREATE TABLE visits (\n  id BIGINT PRIMARY KEY,\n  page TEXT NOT NULL\n);\n")
    work.write("sql/read.sql", "SELECT page FROM visits\n")
    work.commit("tables")
    work.write("sql/table.sql", "CREATE TABLE visits (\n  id BIGINT PRIMARY KEY\n);\n")
    found = one(work.review(), "column.dropped", "page")
    assert (found.finding.dataset, words(found.finding)) == ("sql/table.sql:visits", {"sql/read.sql": "breaking"})
    assert found.place is not None
    assert found.place.line == 3


TABLE = {"namespace": "postgres://wh:5432", "name": "warehouse.public.events"}


@pytest.fixture
def reporting(work: Work) -> Iterator[Record]:
    """A record of one job, which runs the report's statement on the events, and told so with the text of its file."""
    sql = {"sql": facet(query=work.read(REPORT).strip())}
    with Index.open(":memory:", branch(work.folder, "HEAD").before.contracts) as index:
        events = dataset("warehouse.public.events", ["user_id"], namespace=TABLE["namespace"])
        index.add([event("load", 1, outputs=[events]), event("nightly", 2, inputs=[events], job_facets=sql)])
        yield Record(index=index, basis="backend")


def nightly(found: Review) -> str:
    """What a review says of the recorded job; the file of its statement is the same reader."""
    told = words(one(found, "column.dropped", "user_id").finding)
    assert not any(name.endswith(".sql") for name in told), told
    return told["nightly"]


def test_a_recorded_reader_is_judged_by_its_file_in_the_branch(work: Work, reporting: Record) -> None:
    work.without(EVENTS, USER)
    assert nightly(work.review(record=reporting)) == "breaking"
    work.edit(REPORT, USERS, "1 AS unique_users")
    assert nightly(work.review(record=reporting)) == "compatible"


@pytest.mark.parametrize("path", ["lineage/daily_summary.sql", "sql/summary_of_days.sql"])
@pytest.mark.parametrize(("text", "word"), [("events.user_id)", "breaking"), ("1)", "compatible")])
def test_a_recorded_reader_whose_file_moves_is_judged_by_it(
    path: str, text: str, word: str, work: Work, reporting: Record
) -> None:
    work.without(EVENTS, USER)
    work.write(path, work.read(REPORT).replace("events.user_id)", text) + "-- moved\n")
    (work.folder / REPORT).unlink()
    assert nightly(work.review(record=reporting)) == word


def test_a_file_of_tables_that_moves_with_a_change_is_the_same_tables(work: Work) -> None:
    work.write("sql/table.sql", "CREATE TABLE visits (\n  id BIGINT PRIMARY KEY,\n  page TEXT NOT NULL\n);\n")
    work.commit("tables")
    work.write("ddl/visits.sql", "CREATE TABLE visits (\n  id BIGINT PRIMARY KEY\n);\n")
    (work.folder / "sql/table.sql").unlink()
    (found,) = work.review().findings
    assert (found.finding.dataset, found.finding.change.rule) == ("ddl/visits.sql:visits", "column.dropped")
    assert found.place is not None
    assert (found.place.path, found.place.line, found.place.removed) == ("sql/table.sql", 3, True)


def test_hundreds_of_statements_that_move_are_found_by_their_names_in_no_time(work: Work) -> None:
    text = "\n".join(f"  visits.c{n} AS c{n}," for n in range(200))
    for n in range(300):
        work.write(f"sql/{n}.sql", f"SELECT\n{text}\n  {n} AS n\nFROM visits\n")
    work.commit("statements")
    (work.folder / "sql").rename(work.folder / "queries")
    began = time.monotonic()
    assert work.review().findings == ()
    assert time.monotonic() - began < 10


def test_a_statement_that_moves_reads_no_more_than_before(work: Work) -> None:
    work.edit(REPORT, "events.user_id", "events.customer_id")
    work.commit("broken before")
    work.write("lineage/sql/daily_summary.sql", work.read(REPORT) + "-- moved\n")
    (work.folder / REPORT).unlink()
    assert work.review().findings == ()


def test_what_the_base_did_after_the_branch_left_is_not_the_branchs(work: Work) -> None:
    work.git("checkout", "-q", "-b", "feature")
    work.without(EVENTS, USER)
    work.commit("mine")
    work.git("checkout", "-q", "main")
    work.without(SUMMARY, "{name: unique_users")
    work.commit("theirs")
    work.git("checkout", "-q", "feature")
    assert {each.finding.dataset for each in work.review("main").findings} == {"warehouse.events"}


def test_the_working_tree_is_read_and_not_touched(work: Work) -> None:
    work.without(EVENTS, USER)
    before = work.git("status", "--porcelain"), work.read(EVENTS)
    work.review()
    assert (work.git("status", "--porcelain"), work.read(EVENTS)) == before


def test_files_that_a_sparse_checkout_leaves_out_are_as_they_were(work: Work) -> None:
    work.git("sparse-checkout", "set", "--no-cone", "/*", "!/great_expectations/", f"!/{SUMMARY}")
    assert not (work.folder / SUMMARY).exists()
    work.without(EVENTS, USER)
    found = work.review()
    assert {(each.finding.dataset, each.finding.change.rule) for each in found.findings} == {
        ("warehouse.events", "column.dropped")
    }


def test_line_ends_that_git_converts_are_no_change(work: Work) -> None:
    work.git("config", "core.autocrlf", "input")
    (work.folder / EVENTS).write_bytes((work.folder / EVENTS).read_bytes().replace(b"\n", b"\r\n"))
    found = work.review()
    assert (found.findings, found.problems) == ((), ())


@pytest.mark.parametrize("setting", ["diff.relative", "diff.noprefix", "diff.mnemonicPrefix"])
def test_what_somebody_likes_of_git_diff_changes_nothing(setting: str, work: Work) -> None:
    work.git("config", setting, "true")
    work.without(EVENTS, USER)
    work.git("rm", "-q", "--cached", SUMMARY)  # still in the working tree
    found = review(branch(work.folder / "catalog", "HEAD"), record=None, today=TODAY)
    assert {each.finding.dataset for each in found.findings} == {"warehouse.events"}


def test_links_out_of_the_repository_are_not_followed(work: Work, tmp_path: Path) -> None:
    (tmp_path / "secret.sql").write_text("CREATE TABLE secret (a INT)", encoding="utf-8")
    (work.folder / "linked.sql").symlink_to(tmp_path / "secret.sql")
    assert work.review().findings == ()


@pytest.mark.parametrize("base", ["nowhere", "--output=x", "-h"])
def test_an_unknown_base_is_told(base: str, work: Work) -> None:
    with pytest.raises(RepositoryUnusable, match="has no commit"):
        work.review(base)


def test_what_is_no_repository_is_told(tmp_path: Path) -> None:
    with pytest.raises(RepositoryUnusable, match="is no git repository"):
        branch(tmp_path, "HEAD")


def test_a_shallow_clone_without_the_base_says_how_to_deepen_it(work: Work, tmp_path: Path) -> None:
    base = work.git("rev-parse", "HEAD")
    work.write("README.md", "more")
    work.commit("second")
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", work.folder.as_uri(), str(tmp_path / "shallow")], check=True,
        capture_output=True,
    )  # fmt: skip
    with pytest.raises(RepositoryUnusable, match="fetch-depth: 0"):
        branch(tmp_path / "shallow", base)


def test_a_shallow_clone_without_a_common_commit_says_so_too(work: Work, tmp_path: Path) -> None:
    work.git("checkout", "-q", "-b", "feature")
    work.without(EVENTS, USER)
    work.commit("mine")
    work.git("checkout", "-q", "main")
    work.write("README.md", "more")
    work.commit("theirs")
    shallow = tmp_path / "shallow"
    both = ("clone", "-q", "--depth", "1", "--no-single-branch", "-b", "feature", work.folder.as_uri(), str(shallow))
    work.git(*both)
    with pytest.raises(RepositoryUnusable, match=r"no commit that 'origin/main' and HEAD come from; .*fetch-depth: 0"):
        branch(shallow, "origin/main")


def test_with_a_record_the_readers_have_names_and_nobody_is_anonymous(work: Work, record: Record) -> None:
    work.without(EVENTS, USER)
    found = work.review(record=record)
    told = words(one(found, "column.dropped", "user_id").finding)
    assert "data_ingestion_dag.generate_business_reports" in told
    assert not any(name.startswith("readers of") for name in told)
    assert (found.basis, found.as_of) == ("snapshot", record.index.completeness().as_of)


def test_the_record_says_what_is_so_already_and_since_when(work: Work, record: Record) -> None:
    raw = "catalog/contracts/kafka.ecommerce-events-raw.yaml"
    text = work.read(raw).rstrip("\n")
    work.write(raw, f"{text}\n      - {{name: coupon_code, logicalType: string, physicalType: string}}\n")
    work.without(EVENTS, USER)
    found = work.review(record=record)
    coupon = one(found, "column.added", "coupon_code")
    assert coupon.observed == "already so"
    assert coupon.finding.since is not None
    assert coupon.finding.since.day == 20
    assert one(found, "column.dropped", "user_id").observed == "not yet"


def test_a_record_that_lacks_something_makes_it_unknown_and_never_fine(
    work: Work, snapshot_file: Path, tmp_path: Path
) -> None:
    lacking = tmp_path / "lacking.sqlite"
    lacking.write_bytes(snapshot_file.read_bytes())
    with sqlite3.connect(lacking) as db:
        db.execute("DELETE FROM meta WHERE key = 'as_of'")
    db.close()
    work.edit(EVENTS, "purpose: ", "purpose: Really ")
    for file, outcome in ((snapshot_file, "fine"), (lacking, "unknown")):
        with opened(file, branch(work.folder, "HEAD").before.contracts) as index:
            found = work.review(record=Record(index=index, basis="snapshot"))
        assert found.outcome == outcome, (found.reasons, [str(each.finding.change) for each in found.findings])
    assert (found.exit_code, found.as_of) == (3, None)
    assert "never been read in full" in found.reasons[0]


def test_lines_of_nested_members_are_those_of_the_member(work: Work) -> None:
    text = """schema:
  - name: t
    properties:
      - name: items
        logicalType: array
        items:
          logicalType: object
          properties:
            - name: price
              logicalType: number
"""
    assert in_contract("x", text, Change(rule="type.widened", path="items._element.price")).line == 9
    assert in_contract("x", text, Change(rule="column.dropped", path="items._element.gone")).line == 7
