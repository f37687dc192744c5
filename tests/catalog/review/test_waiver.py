"""Waivers hold for what they were given for, until their day, and for nothing else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.drift import Change, Check, Consumer, Finding, Part, Shape, Verdict
from catalog.review import Review, Reviewed, Waiver
from catalog.review.affected import Record
from catalog.review.waiver import FILE, apply, basis_of, read, written
from tests.catalog.review.branch import EVENTS, SUITE, TODAY, Work, one

USER = "{name: user_id, "
LAST = date(2026, 12, 31)
PART = Part(path="email", type="string(64)")
BASE = Shape(parts=(PART, Part(path="id", type="bigint")), key=("id",))
CHANGE = Change(rule="column.dropped", path="email", before="string(64)", old=PART)
READER = Consumer(name="report", engine="sql", owner="analytics")


def verdict(consumer: Consumer, change: Change = CHANGE) -> Verdict:
    return Verdict(change=change, consumer=consumer, word="breaking", reason="names it", source="")


FINDING = Finding(dataset="lake.users", change=CHANGE, verdicts=(verdict(READER),))


def found(finding: Finding = FINDING, base: Shape | None = BASE) -> Reviewed:
    return Reviewed(finding=finding, basis=basis_of(finding, base))


WAIVER = Waiver(fingerprint=FINDING.fingerprint, reason="moving", owner="analytics", expires=LAST, basis=found().basis)


def test_a_waiver_of_the_same_change_base_and_consumers_holds_through_its_last_day() -> None:
    (held,), problems = apply([found()], [WAIVER], LAST)
    assert (held.waiver, problems) == (WAIVER, ())


STALE: dict[str, tuple[Reviewed, date]] = {
    "the day after": (found(), LAST + timedelta(days=1)),
    "another column": (found(replace(FINDING, change=replace(CHANGE, path="id"))), LAST),
    "another rule": (found(replace(FINDING, change=replace(CHANGE, rule="type.narrowed"))), LAST),
    "another type before": (found(replace(FINDING, change=replace(CHANGE, before="string"))), LAST),
    "another value after": (found(replace(FINDING, change=replace(CHANGE, after="bigint"))), LAST),
    "the same words, another part": (
        found(replace(FINDING, change=replace(CHANGE, old=replace(PART, nullable=False)))), LAST,
    ),
    "another dataset": (found(replace(FINDING, dataset="lake.people")), LAST),
    "one more consumer": (
        found(replace(FINDING, verdicts=(*FINDING.verdicts, verdict(replace(READER, name="page"))))), LAST,
    ),
    "a consumer less": (found(replace(FINDING, verdicts=())), LAST),
    "another consumer": (found(replace(FINDING, verdicts=(verdict(replace(READER, name="page")),))), LAST),
    "another engine": (found(replace(FINDING, verdicts=(verdict(replace(READER, engine="spark")),))), LAST),
    "a worse verdict": (
        found(replace(FINDING, verdicts=(replace(FINDING.verdicts[0], word="may break"),))), LAST,
    ),
    "no base": (found(base=None), LAST),
    "a column more in the base": (found(base=replace(BASE, parts=(*BASE.parts, Part(path="n", type="int")))), LAST),
    "another order in the base": (found(base=replace(BASE, parts=BASE.parts[::-1])), LAST),
    "another type in the base": (
        found(base=replace(BASE, parts=(PART, Part(path="id", type="int")))), LAST,
    ),
    "another key in the base": (found(base=replace(BASE, key=())), LAST),
    "a rule more in the base": (found(base=replace(BASE, checks=(Check(type="expect_rows"),))), LAST),
}  # fmt: skip


@pytest.mark.parametrize("mutation", STALE)
def test_no_stale_waiver_is_honoured(mutation: str) -> None:
    finding, today = STALE[mutation]
    (held,), (problem,) = apply([finding], [WAIVER], today)
    assert held.waiver is None
    assert problem.kind in {"waiver_expired", "waiver_lapsed", "waiver_unused"}
    assert Review(base="b", head="h", basis="declared", as_of=None, findings=(held,)).outcome != "fine" or (
        held.finding.word != "breaking"
    )


parts = st.lists(
    st.builds(
        Part, path=st.sampled_from("abc"), type=st.sampled_from(["int", "bigint", "string"]), nullable=st.booleans(),
        tags=st.frozensets(st.sampled_from(["pii", "x", "y"])), enum=st.sampled_from([(), ("a",), ("a", "b")]),
    ),
    max_size=3,
).map(tuple)  # fmt: skip
readers = st.lists(
    st.builds(Consumer, name=st.sampled_from("pqr"), engine=st.sampled_from(["sql", "spark"])), max_size=3
)
cases = st.tuples(
    st.sampled_from(["column.dropped", "type.narrowed"]), st.sampled_from("ab"),
    st.sampled_from([None, "int", "bigint"]), parts, readers,
)  # fmt: skip


@given(cases, cases)
def test_the_basis_is_the_same_exactly_when_change_base_and_consumers_are(one: tuple, other: tuple) -> None:  # type: ignore[type-arg]
    def basis(case: tuple) -> str:  # type: ignore[type-arg]
        rule, path, before, columns, consumers = case
        change = Change(rule=rule, path=path, before=before)
        finding = Finding(dataset="d", change=change, verdicts=tuple(verdict(who, change) for who in consumers))
        return basis_of(finding, Shape(parts=columns))

    def sense(case: tuple) -> tuple:  # type: ignore[type-arg]
        return (*case[:4], {(who.name, who.engine) for who in case[4]})

    assert (basis(one) == basis(other)) is (sense(one) == sense(other))


EDITS: dict[str, Callable[[Work], object]] = {
    "the base gets another column": lambda work: work.edit(
        EVENTS, USER, "{name: extra, logicalType: string, physicalType: string}\n      - " + USER
    ),
    "the base gets another rule": lambda work: work.edit(SUITE, '"severity": "warning"', '"severity": "critical"'),
    "somebody else begins to read it": lambda work: work.write("sql/new.sql", "SELECT user_id FROM events\n"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_waiver_lapses_when_the_base_or_the_readers_change_in_the_repository(edit: str, work: Work) -> None:
    line = next(line for line in work.read(EVENTS).splitlines() if USER in line)
    work.edit(EVENTS, f"{line}\n", "")
    waived = _waive(work)
    assert waived.waiver is not None
    work.git("checkout", "-q", "HEAD", "--", EVENTS)
    EDITS[edit](work)
    work.commit(edit)
    work.edit(EVENTS, f"{line}\n", "")
    review = work.review()
    assert one(review, "column.dropped", "user_id", "warehouse.events").waiver is None
    assert [each.kind for each in review.problems] == ["waiver_lapsed"]
    assert review.exit_code == 1


def _waive(work: Work) -> Reviewed:
    finding = one(work.review(), "column.dropped", "user_id", "warehouse.events")
    told = Waiver(fingerprint=finding.finding.fingerprint, reason="moving: #7", owner="a", expires=LAST,
                  basis=finding.basis)  # fmt: skip
    work.write(FILE, written("", told))
    return one(work.review(), "column.dropped", "user_id", "warehouse.events")


def test_a_waiver_that_was_given_without_the_record_lapses_with_its_readers(work: Work, record: Record) -> None:
    work.without(EVENTS, USER)
    assert _waive(work).waiver is not None
    assert one(work.review(record=record), "column.dropped", "user_id").waiver is None


def test_a_waived_break_is_fine_until_it_expires(work: Work) -> None:
    work.without(EVENTS, USER)
    _waive(work)
    assert one(work.review(today=LAST), "column.dropped", "user_id").waiver is not None
    after = work.review(today=LAST + timedelta(days=1))
    assert ([each.kind for each in after.problems], after.exit_code) == (["waiver_expired"], 1)
    assert after.problems[0].place is not None
    assert after.problems[0].place.line == work.line(FILE, "- fingerprint")


def test_a_waiver_that_waives_nothing_is_told_and_breaks_nothing(work: Work) -> None:
    work.write(FILE, written("", WAIVER))
    found = work.review(today=TODAY)
    assert ([each.kind for each in found.problems], found.exit_code) == (["waiver_unused"], 0)


def test_what_is_written_is_read_and_what_was_there_stays() -> None:
    other = replace(WAIVER, fingerprint="0012345678901234", basis="12e4567890123456", reason='it\'s: "ok" #1\nreally')
    text = written(written("", WAIVER).replace("waivers:", "waivers:  # ours"), other)
    found, problems = read(FILE, text)
    assert ([replace(each, place=None) for each in found], problems) == ([WAIVER, other], ())
    assert "# ours" in text


def test_numbers_that_nobody_quoted_are_texts() -> None:
    text = (
        "waivers:\n- {fingerprint: 0012345678901234, basis: 12e4567890123456, reason: r, owner: o, expires: 2026-12-31}"
    )
    (found,), _ = read(FILE, text)
    assert (found.fingerprint, found.basis, found.expires) == ("0012345678901234", "12e4567890123456", LAST)


@pytest.mark.parametrize(
    "text",
    [
        "waivers: [x]", "waivers: {a: b}", "[]", "waivers:\n- {fingerprint: a}", ": :\n  - [",
        "waivers:\n- {fingerprint: a, reason: r, owner: o, expires: soon, basis: b}",
        "waivers:\n- {fingerprint: a, reason: '', owner: o, expires: 2026-12-31, basis: b}",
        "waivers:\n- {fingerprint: a, reason: r, owner: o, expires: 2026-12-31, basis: b, forever: yes}",
    ],
)  # fmt: skip
def test_what_is_no_waiver_is_a_problem(text: str) -> None:
    found, problems = read(FILE, text)
    assert (found, {each.kind for each in problems}) == ((), {"waiver_invalid"})


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "waivers:\n", "waivers: []\n"])
def test_a_file_without_waivers_is_no_problem(text: str) -> None:
    assert read(FILE, text) == ((), ())


def test_the_last_waiver_of_a_fingerprint_counts() -> None:
    old = replace(WAIVER, expires=TODAY - timedelta(days=1))
    (held,), problems = apply([found()], [old, WAIVER], TODAY)
    assert (held.waiver, problems) == (WAIVER, ())
