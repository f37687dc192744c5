"""The comment: short, the worst first, within GitHub's limit at any size, and nothing in a name is more than a name."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from catalog.drift import Consumer, Verdict
from catalog.drift.rule import RULES
from catalog.review import Place, Review, Reviewed
from catalog.review.report import Links, comment, graph
from catalog.review.report.markdown import LIMIT, MARKER
from tests.catalog.review.report.reviews import AS_OF, BASE, WAIVER, finding, mixed, review, reviewed

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})
LINKS = Links(repository="https://github.com/ecompulse/pipeline", report="https://github.com/ecompulse/run/1")
MISCHIEF = st.lists(
    st.sampled_from(
        [*"`*_[]()<>|#~!&@$\"'\\:;,.-\n\r\t ab1é😀\u202e\0", "@team", "</details>", "<script>", "```", "://"]
    ),
    max_size=12,
).map("".join)


def test_the_title_counts_and_the_worst_comes_first() -> None:
    lines = comment(mixed(), links=LINKS).splitlines()
    assert lines[0] == MARKER
    assert lines[2] == (
        "### Schema review: 1 breaking, 1 question, 1 may break, 1 compatible, 1 waived, 1 problem of the review"
    )
    headings = [line for line in lines if line.startswith("####")]
    assert headings == ["#### Breaking", "#### Questions", "#### May break", "#### Problems of the review itself"]


def test_a_finding_says_what_whom_why_the_record_and_the_way_on() -> None:
    text = comment(mixed(), links=LINKS)
    item = text[text.index("- **`lake.users` `email`**") : text.index("#### Questions")]
    assert "a column or member is gone (was `string`)" in item
    assert f"blob/{'a' * 40}/catalog/contracts/lake.users.yaml#L31" in item  # removed: in the base
    assert "  - **Breaks** `load_user_dimension`, `business_report` (analytics, gold): names the column email" in item
    assert "Spark: sessions" not in item  # nothing happens to it
    assert "Record: the data is still as before." in item
    assert "**Way on:** Keep filling `email` until" in item


def test_what_the_record_lacks_stands_right_under_the_title() -> None:
    lines = comment(review(reasons=("2 jobs did not end",))).splitlines()
    assert lines[2] == "### Schema review: unknown, nothing changes"
    assert lines[4].startswith("> The record may lack readers: 2 jobs did not end.")


def test_what_is_not_committed_is_called_the_working_tree() -> None:
    same = review(reviewed(), head=BASE)
    assert f"<sub>{BASE[:10]}..the working tree, judged by" in comment(same)


def test_waived_and_compatible_findings_are_folded() -> None:
    text = comment(mixed())
    folded = text[text.index("<details>") :]
    assert "`phone`" in folded and "Waived by `analytics` until 2026-12-24" in folded and "`city`" in folded
    assert "`phone`" not in text[: text.index("<details>")]
    assert text.count("<details>") == text.count("</details>") == 3  # and the drawing


def test_a_branch_without_schema_changes_has_three_lines() -> None:
    assert comment(review()).split("\n\n")[1:] == [
        "### Schema review: nothing changes",
        "<sub>aaaaaaaaaa..bbbbbbbbbb, judged by a snapshot of the record, as of 2026-11-25 07:00 UTC.</sub>\n",
    ]


def sized(count: int, *, wide: int = 1) -> Review:
    """A review of many findings, each with ten consumers of long names."""
    findings = []
    for number in range(count):
        word = ("breaking", "cannot tell", "may break", "compatible")[number % 4]
        verdicts = tuple((f"{'é😀' * wide}{number}-{at}", word, "reason " * wide + str(at)) for at in range(10))
        one = reviewed(word, path=f"{'wide_' * wide}{number}")  # type: ignore[arg-type]
        told = finding(path=f"{'wide_' * wide}{number}", verdicts=verdicts, remedy="x " * wide)
        findings.append(type(one)(finding=told, place=one.place, waiver=WAIVER if number % 7 == 0 else None))
    return review(*findings, reasons=tuple(f"{'reason ' * wide}{n}" for n in range(count // 10)))


@pytest.mark.parametrize(("count", "wide"), [(5_000, 1), (5_000, 400), (40, 4_000), (1, 100_000)])
def test_the_comment_stays_below_githubs_limit_and_counts_what_it_leaves_out(count: int, wide: int) -> None:
    whole = sized(count, wide=wide)
    text = comment(whole, links=LINKS)
    assert len(text.encode()) < 65_536 and len(text.encode("utf-16-le")) // 2 < 65_536
    assert text.endswith("</sub>\n") and text.count("<details>") == text.count("</details>")
    bodies = text.split("<details>")
    shown = len(re.findall(r"^- \*\*|^- `", bodies[0], re.M))
    left = sum(int(found.replace(",", "")) for found in re.findall(r"And ([\d,]+) more like these", text))
    assert shown + left == sum(one.waiver is None and one.finding.word != "compatible" for one in whole.findings)
    assert (left > 0) is ("[the whole report](https://github.com/ecompulse/run/1)" in text)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 300), st.integers(1, 300))
def test_at_any_size_it_stays_below_the_limit(count: int, wide: int) -> None:
    assert len(comment(sized(count, wide=wide)).encode()) <= LIMIT + 536


@settings(max_examples=200, deadline=None)
@given(MISCHIEF, MISCHIEF, MISCHIEF, MISCHIEF)
def test_nothing_in_a_name_or_sentence_is_markdown_html_or_a_mention(a: str, b: str, c: str, d: str) -> None:
    a, b, c, d = (f"{one}z" for one in (a, b, c, d))  # an empty sentence is left out
    told = finding(path=a, before=b, dataset=c, verdicts=((d, "breaking", a),), remedy=b, complete=False)
    one = reviewed()
    whole = review(type(one)(finding=told, place=one.place), reasons=(d,))
    plain = comment(review(type(one)(finding=finding(verdicts=(("a", "breaking", "b"),), remedy="c", complete=False),
                                     place=one.place), reasons=("d",)))  # fmt: skip
    assert _structure(comment(whole)) == _structure(plain)
    rendered = _texts(comment(whole))
    assert not re.search(r"(^|[^\w`])@\w|#\d|\w://", rendered), rendered


@settings(max_examples=200, deadline=None)
@given(MISCHIEF, MISCHIEF)
def test_nor_is_it_where_several_are_told_at_once(a: str, owner: str) -> None:
    def told(path: str, owner: str, why: str) -> Reviewed:
        one = finding(path=path, verdicts=(("r", "breaking", why),), remedy=f"Keep `{path}` for now.")
        who = replace(one.verdicts[0].consumer, owner=owner)
        return replace(reviewed(), finding=replace(one, verdicts=(replace(one.verdicts[0], consumer=who),)))

    text = comment(review(told(f"{a}x", f"{owner}z", "b"), told(f"{a}y", f"{owner}z", "b")))
    apart = "" if "2 times" in text else "c"
    plain = comment(review(told("x", "z", "b"), told("y", "z", f"b{apart}")))
    assert _structure(text) == _structure(plain)
    assert not re.search(r"(^|[^\w`])@\w|#\d|\w://", _texts(text)), _texts(text)


def _structure(text: str) -> list[str]:
    """Every block and inline of GitHub's Markdown that is not text, code or a line break."""
    tokens = MARKDOWN.parse(text)
    kinds = []
    for token in tokens:
        inline = [one.type for one in token.children or () if one.type not in {"text", "code_inline", "softbreak"}]
        kinds += [token.type if token.type != "html_block" else token.content, *inline]
    return kinds


def _texts(text: str) -> str:
    """What is shown as prose: where GitHub looks for mentions, numbers of issues and addresses."""
    tokens = MARKDOWN.parse(text)
    return " ".join(one.content for token in tokens for one in token.children or () if one.type == "text")


def test_what_differs_in_its_column_only_is_told_once() -> None:
    def dropped(path: str, who: str = "report") -> Reviewed:
        told = finding(
            path=path, before=f"string({len(path)})", verdicts=((who, "breaking", f"names the column {path}"),),
            remedy=f"Keep filling `{path}` until every reader named here has moved.",
        )  # fmt: skip
        return replace(reviewed(), finding=told, place=Place(path="a.yaml", line=len(path)))

    made = review(dropped("email"), dropped("a", who="page"), dropped("name"), dropped("a.email"), dropped("zip"))
    items = re.split(r"^- ", comment(made), flags=re.M)[1:]
    assert items[0].splitlines()[:7] == [
        "**`lake.users`**: a column or member is gone, 4 times",
        f"  - `email` (was `string(5)`) (`a.yaml:5`) · `{made.findings[0].finding.fingerprint}`",
        f"  - `name` (was `string(4)`) (`a.yaml:4`) · `{made.findings[2].finding.fingerprint}`",
        f"  - `a.email` (was `string(7)`) (`a.yaml:7`) · `{made.findings[3].finding.fingerprint}`",
        f"  - `zip` (was `string(3)`) (`a.yaml:3`) · `{made.findings[4].finding.fingerprint}`",
        "  - **Breaks** `report` (analytics, gold): names the column email, name, a.email, zip",
        "  - **Way on:** Keep filling `email`, `name`, `a.email`, `zip` until every reader named here has moved.",
    ]
    assert items[1].startswith("**`lake.users` `a`**") and "`page`" in items[1]


def test_of_columns_without_end_forty_are_listed_and_all_are_counted() -> None:
    made = review(*(reviewed(path=f"c{n}") for n in range(100)))
    text = comment(made)
    assert "a column or member is gone, 100 times" in text and "  - and 60 more\n" in text
    assert "c11 and 88 more\n" in text and "more like these" not in text


def test_five_thousand_columns_of_five_datasets_fit_and_each_dataset_is_told() -> None:
    made = review(*(
        replace(reviewed(), finding=finding(path=f"column_{n:04}", dataset=f"dataset_{n % 5}", verdicts=((
            f"reader of {n % 5}", "breaking", f"names the column column_{n:04}"),)))
        for n in range(5_000)
    ))  # fmt: skip
    text = comment(made, links=LINKS)
    assert len(text.encode()) < 65_536 and "more like these" not in text
    assert text.startswith(f"{MARKER}\n\n### Schema review: 5,000 breaking")
    assert re.findall(r"^- \*\*`(\w+)`\*\*.*, 1,000 times$", text, re.M) == [f"dataset_{n}" for n in range(5)]


def test_a_rename_that_is_asked_about_does_not_name_the_readers_of_the_former_column_again() -> None:
    readers = (("report", "breaking", "names the column mail"),)
    asked = finding(
        "column.perhaps_renamed", "email", before="mail", after="email", remedy="Say so.",
        verdicts=(("report", "cannot tell", "names mail: is it the new column?"),),
    )  # fmt: skip
    gone = replace(reviewed(), finding=finding(path="mail", verdicts=readers))
    text = comment(review(gone, replace(reviewed(), finding=asked)))
    assert "  - Asked for the readers of `mail`, above.\n  - **Way on:** Say so.\n" in text
    assert text.count("`report`") == 1
    alone = comment(review(replace(reviewed(), finding=asked)))
    assert "**Cannot tell for** `report` (analytics, gold): names mail: is it the new column?" in alone


def test_a_way_on_is_given_once() -> None:
    def found(dataset: str, way: str) -> Reviewed:
        told = finding(dataset=dataset, verdicts=((f"reader of {dataset}", "breaking", "names it"),), remedy=way)
        return replace(reviewed(), finding=told)

    text = comment(
        review(*(found(*one) for one in (("a", "Wait."), ("b", "Ask."), ("c", "Wait."), ("d", ""), ("e", ""))))
    )
    assert re.findall(r"Way on:\*\* (.*)", text) == ["Wait.", "Ask.", "as above."]


def test_a_reason_that_only_repeats_the_change_is_left_out_and_who_has_no_name_is_described() -> None:
    gone = RULES["column.dropped"].words
    change = finding().change
    readers = (
        Consumer(name="lake.users", engine="iceberg", direction="table", owner="crm", tier="gold"),
        Consumer(name="readers of lake.users", engine="iceberg", owner="crm", tier="gold"),
        Consumer(name="report", engine="sql", owner="bi"),
    )
    told = tuple(Verdict(change=change, consumer=one, word="breaking", reason=gone, source="") for one in readers)
    text = comment(review(replace(reviewed(), finding=replace(finding(), verdicts=told))))
    assert "  - **Breaks** the table itself, whoever reads it (crm, gold); `report` (bi)\n" in text


def test_the_drawing_has_twelve_boxes_at_most_and_counts_the_rest() -> None:
    told = finding(verdicts=tuple((f"job {n}", "breaking", "r") for n in range(30)))
    drawn = graph.drawing(review(type(reviewed())(finding=told)))
    assert len(re.findall(r"^  (n\d+|more)[\[]", drawn, re.M)) == 12
    assert '["and 20 more"]' in drawn
    assert graph.drawing(review(reviewed("compatible"), reviewed(waiver=WAIVER))) == ""


def test_what_changes_and_is_harmed_is_one_box() -> None:
    made = review(
        replace(
            reviewed(), finding=finding(dataset="lake", verdicts=(("load", "may break", "r"), ("wh", "breaking", "r")))
        ),
        replace(
            reviewed(), finding=finding(dataset="wh", verdicts=(("load", "breaking", "r"), ("wh", "breaking", "r")))
        ),
    )
    assert graph.drawing(made).splitlines()[1:7] == [
        '  n0[("lake")]:::data', '  n1[("wh")]:::bad', '  n2["load"]:::bad',
        "  n0 ==> n1", "  n1 ==> n2", "  n0 -.-> n2",
    ]  # fmt: skip


def test_that_the_data_is_as_before_all_changes_is_said_once() -> None:
    def seen(*told: str) -> str:
        found = (replace(reviewed(path=f"c{n}"), observed=one) for n, one in enumerate(told))  # type: ignore[arg-type]
        return comment(review(*found))

    once = seen("not yet", "not yet")
    assert once.count("still as before") == 1 and "Record: the data is still as before." in once.splitlines()[-1]
    for told in (("not yet",), ("not yet", "already so"), ("not yet", "")):
        assert "  - Record: the data is still as before." in seen(*told)


@given(MISCHIEF)
def test_a_label_of_the_drawing_is_one_quoted_text(name: str) -> None:
    drawn = graph.drawing(review(type(reviewed())(finding=finding(verdicts=((name, "breaking", "r"),)))))
    (line,) = (line for line in drawn.splitlines() if line.startswith("  n1["))
    assert re.fullmatch(r'  n1\["[^"<>`\\@&]*"\]:::bad', line)
    assert len(drawn.splitlines()) == 6


def test_the_record_line_gives_the_time_only_when_the_data_changed() -> None:
    one = reviewed()
    told = type(one)(finding=finding(since=AS_OF, verdicts=(("a", "breaking", "b"),)), observed="already so")
    assert "Record: the data is so already, since 2026-11-25 07:00 UTC." in comment(review(told))
