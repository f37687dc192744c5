"""Templates to pages: one environment, strict about missing values, everything escaped."""

import hashlib
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from catalog.entry import Job, short
from catalog.observe.told import ruled
from catalog.site import address, drawing, wording

FOLDER = Path(__file__).parent


def page(template: str, *, path: str, **parts: object) -> str:
    """The page at this address; every link in it is relative to `path`."""
    return _environment().get_template(template).render(path=path, up=address.up(path), **parts)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    words = (
        wording.when, wording.span, wording.number, wording.counted, wording.changed, wording.how, wording.spark,
        wording.breakable, wording.coded,
    )  # fmt: skip
    ours = (*words, ruled, markdown, sql, short, address.label, drawing.shorten)
    made.filters |= {function.__name__: function for function in ours}
    made.globals |= {
        "address": address,
        "moods": wording.MOODS,
        "verdicts": wording.VERDICTS,
        "box": (drawing.WIDTH, drawing.HEIGHT),
    }
    made.tests["job"] = lambda node: isinstance(node, Job)
    return made


@lru_cache(maxsize=1)
def looks() -> str:
    """A word that is another one whenever a template or a static file is."""
    files = sorted(file for folder in ("templates", "static") for file in (FOLDER / folder).iterdir())
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def markdown(text: str) -> Markup:
    """A description's Markdown (CommonMark and tables) as HTML; HTML inside it is shown, not obeyed."""
    from markdown_it import MarkdownIt

    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))  # the renderer escapes


def sql(statement: str) -> Markup:
    """A statement with its words in classes of the style sheet."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import SqlLexer

    return Markup(highlight(statement, SqlLexer(), HtmlFormatter(nowrap=True)))  # the formatter escapes
