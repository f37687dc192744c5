"""The review as JUnit XML, as Jenkins, GitLab and others read it: a test case for each finding."""

import re
from xml.etree import ElementTree as Xml

from catalog.review.report.wording import PLAIN, at, counts, headline, lines
from catalog.review.review import Problem, Review, Reviewed

FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Letters that XML 1.0 cannot hold, not even as a reference."""


def junit(review: Review) -> str:
    """Breaking findings, questions and problems that break are failures; waived ones are skipped; the rest passes.

    As Jenkins' schema has it (junit-team/junit5, jenkins-junit.xsd): why one is skipped is text and no attribute.

    What the record lacks is one error. A review without findings is one case that passes: empty suites are warned of.
    """
    suite = Xml.Element("testsuite", name="schema review", time="0")
    for one in review.findings:
        _finding(suite, one)
    for problem in review.problems:
        _problem(suite, problem)
    record = _case(suite, "review", "the record is complete")
    if review.reasons:
        _under(record, "error", "incomplete", "; ".join(review.reasons))
    totals = {word: str(len(suite.findall(f"testcase/{tag}"))) for word, tag in TAGS}
    for name, value in {"tests": str(len(suite)), **totals}.items():
        suite.set(name, value)
    root = Xml.Element("testsuites", name=f"schema review: {counts(review)}")
    root.append(suite)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="utf-8"?>\n', "\n")
    )


TAGS = (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))


def _finding(suite: Xml.Element, one: Reviewed) -> None:
    finding = one.finding
    name = f"{finding.change.rule} {finding.change.path} [{finding.fingerprint}]"
    case = _case(suite, finding.dataset, " ".join(name.split()))
    text = "\n".join([headline(one, PLAIN), *lines(one, PLAIN), at(one.place)]).strip()
    if one.waiver:
        why = f"waived by {one.waiver.owner} until {one.waiver.expires}: {one.waiver.reason}"
        Xml.SubElement(case, "skipped").text = _fit(why)
    elif finding.word in {"breaking", "cannot tell"}:
        _under(case, "failure", finding.word, headline(one, PLAIN), text)
    else:
        Xml.SubElement(case, "system-out").text = _fit(text)


def _problem(suite: Xml.Element, one: Problem) -> None:
    case = _case(suite, "review", f"{one.kind} {at(one.place)}".strip())
    if one.breaking:
        _under(case, "failure", one.kind, one.message)
    else:
        Xml.SubElement(case, "system-out").text = _fit(one.message)


def _case(suite: Xml.Element, group: str, name: str) -> Xml.Element:
    return Xml.SubElement(suite, "testcase", classname=_fit(group), name=_fit(name), time="0")


def _under(case: Xml.Element, tag: str, kind: str, message: str, text: str = "") -> None:
    Xml.SubElement(case, tag, message=_fit(message), type=kind).text = _fit(text or message)


def _fit(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
