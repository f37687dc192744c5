"""Reports of a review, each a pure function from the review to text: for people, for GitHub, for other machines."""

from typing import Literal, assert_never

from catalog.review.report.annotations import annotations
from catalog.review.report.junit import junit
from catalog.review.report.machine import machine
from catalog.review.report.markdown import Links, comment
from catalog.review.report.sarif import sarif
from catalog.review.report.text import text
from catalog.review.review import Review

Form = Literal["text", "markdown", "json", "sarif", "junit", "annotations"]

__all__ = ["Form", "Links", "annotations", "comment", "junit", "machine", "rendered", "sarif", "text"]


def rendered(review: Review, form: Form, *, links: Links | None = None) -> str:
    """The review in this form, with a line break at its end; `links` are for the form that people click in.

    Half letters (a suite's JSON may hold lone surrogates) become question marks: no file could hold them.
    """
    return _told(review, form, links).encode(errors="replace").decode()


def _told(review: Review, form: Form, links: Links | None) -> str:
    match form:
        case "text":
            return text(review)
        case "markdown":
            return comment(review, links=links)
        case "json":
            return machine(review)
        case "sarif":
            return sarif(review)
        case "junit":
            return junit(review)
        case "annotations":
            return annotations(review)
        case _:
            assert_never(form)
