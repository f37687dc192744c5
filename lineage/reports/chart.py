"""Plots as SVG for a page: colours and fonts are the page's, the same figures give the same bytes.

Matplotlib knows no CSS, so each colour is drawn as a mark of its own and replaced by a variable of the page afterwards:
that is what makes the plots follow a dark or light screen.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

INK, FAINT, ONE, TWO, QUIET = "#010101", "#020202", "#030303", "#040404", "#050505"
VARIABLES = {INK: "--ink", FAINT: "--line", ONE: "--one", TWO: "--two", QUIET: "--quiet"}
STYLE: Any = {
    "svg.hashsalt": "ecompulse", "svg.fonttype": "none", "font.size": 12, "figure.constrained_layout.use": True,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": FAINT, "axes.labelcolor": INK,
    "xtick.color": INK, "ytick.color": INK, "text.color": INK, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "axes.axisbelow": True, "grid.color": FAINT, "savefig.transparent": True,
}  # fmt: skip
WIDTH_IN = 5.5
Words = Callable[[float], str]


class Canvas:
    """One plot while it is drawn; `svg` holds the result afterwards."""

    def __init__(self, axes: Any) -> None:
        self.axes = axes
        self.svg = ""


@contextmanager
def _drawn(name: str, *, height_in: float, title: str) -> "Iterator[Canvas]":
    """Draw inside the block; `title` is what a screen reader says."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(rc=STYLE):
        figure = Figure(figsize=(WIDTH_IN, height_in))
        canvas = Canvas(figure.subplots())
        yield canvas
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    canvas.svg = _embedded(file.getvalue(), name=name, title=title)


def bars(
    name: str, labels: Sequence[str], values: Sequence[float | None], *, title: str, words: Words, strong: int = -1
) -> str:
    """Upright bars in the order given, none for None; all but the one at `strong` are quiet when it is named."""
    with _drawn(name, height_in=2.9, title=title) as canvas:
        colours = [ONE if strong in (-1, at) else QUIET for at in range(len(values))]
        canvas.axes.bar(range(len(values)), [value or 0 for value in values], color=colours, width=0.8)
        canvas.axes.yaxis.set_major_formatter(lambda value, _: words(value))
        canvas.axes.grid(axis="y", linewidth=0.6)
        canvas.axes.axhline(0, color=FAINT, linewidth=0.8)
        _label(canvas.axes, labels, last=strong > 0)
    return canvas.svg


def ranks(name: str, labels: Sequence[str], values: Sequence[float], *, title: str, words: Words) -> str:
    """Lying bars, the first on top, each with its amount beside it."""
    with _drawn(name, height_in=0.25 + 0.34 * max(len(values), 1), title=title) as canvas:
        axes = canvas.axes
        drawn = axes.barh(range(len(values)), values, color=ONE, height=0.72)
        axes.bar_label(drawn, [words(value) for value in values], padding=4)
        axes.set_yticks(range(len(values)), [_shortened(label) for label in labels])
        axes.set_ylim(max(len(values), 1) - 0.5, -0.5)
        axes.margins(x=0.28)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
    return canvas.svg


def lines(
    name: str, labels: Sequence[str], series: Mapping[str, Sequence[float | None]], *, title: str, words: Words,
    last: bool = True,
) -> str:  # fmt: skip
    """One or two lines over the same labels, named in a legend when there are two; None is a gap.

    `last`: whether the last point must have its label, else the first.
    """
    with _drawn(name, height_in=2.9, title=title) as canvas:
        axes = canvas.axes
        styles = [{"color": ONE, "linestyle": "-"}, {"color": TWO, "linestyle": "--"}]
        for (label, values), style in zip(series.items(), styles, strict=False):
            points = [float("nan") if value is None else value for value in values]
            axes.plot(range(len(points)), points, label=label, linewidth=2.2, marker="o", markersize=3.5, **style)
        axes.set_ylim(bottom=0, top=axes.get_ylim()[1] * 1.05)
        axes.set_xlim(-0.5, max(len(labels), 1) - 0.5)
        axes.yaxis.set_major_formatter(lambda value, _: words(value))
        axes.grid(axis="y", linewidth=0.6)
        if len(series) > 1:
            axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)
        _label(axes, labels, last=last)
    return canvas.svg


def _label(axes: Any, labels: Sequence[str], *, last: bool) -> None:
    """At most eight labels along the bottom, evenly spaced."""
    step = -(-len(labels) // 8) or 1
    first = (len(labels) - 1) % step if last else 0
    axes.set_xticks(range(first, len(labels), step), labels[first::step])
    axes.tick_params(length=0)


def _shortened(label: str) -> str:
    """A name that fits beside its bar: its end tells it from its neighbours as well as its beginning."""
    return label if len(label) <= 26 else f"{label[:15].rstrip()}…{label[-10:].lstrip()}"


def _embedded(document: str, *, name: str, title: str) -> str:
    """An SVG document as an element of a page: no prologue, ids of its own, the page's colours and font, a title."""
    element = document[document.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    element = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{name}-", element)
    element = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", element)
    element = re.sub(r' (?:width|height)="[\d.]+pt"', "", element, count=2)
    for mark, variable in VARIABLES.items():
        element = element.replace(mark, f"var({variable})")
    words = title.replace("&", "&amp;").replace("<", "&lt;")
    return element.replace("<svg ", f'<svg role="img" aria-labelledby="{name}-title" ', 1).replace(
        ">", f'><title id="{name}-title">{words}</title>', 1
    )
