"""A flow as one SVG file, and as one HTML page around it: nothing else is needed to show them."""

from html import escape

from catalog.entry import DatasetEntry, Job, short
from catalog.flow import Flow
from catalog.render.wording import name_of, task
from catalog.site.drawing import HEIGHT, WIDTH, Box, Drawing, Line, draw, shorten

STYLE = """
  svg { font: 13px system-ui, sans-serif; background: #fff } .box rect { fill: #ecfdf5; stroke: #059669 }
  .box.job rect { fill: #eef2ff; stroke: #4f46e5 } .box.failing rect { fill: #fef2f2; stroke: #dc2626; stroke-width: 2 }
  .box.stale rect { fill: #fffbeb; stroke: #d97706; stroke-width: 2 } .box.focus rect { stroke-width: 3 }
  .note { font-size: 11px; fill: #555 } path { fill: none; stroke: #777; stroke-width: 1.3 }
  path.back { stroke-dasharray: 4 3 } marker path { fill: #777; stroke: none }
""".strip("\n")
LETTERS = 31
"""That fit into a box at 13 px."""
ARROW = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 8 4 0 8z"/></marker></defs>'
)
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }}
  table {{ border-collapse: collapse; display: block; overflow-x: auto }}
  td, th {{ border: 1px solid #ccc; padding: .3rem .6rem; text-align: left; vertical-align: top }}
  pre {{ overflow-x: auto; background: #f6f6f6; padding: 1rem }} .drawing {{ overflow-x: auto }}
</style></head><body>
{body}</body></html>
"""


def svg(flow: Flow) -> str:
    """The drawing, sources to the left; equal flows give equal files."""
    drawing = draw(_boxes(flow), (Line(origin=str(a), target=str(b)) for a, b in flow.edges))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{drawing.width}" height="{drawing.height}" role="img"'
    title = f"<title>How data gets to {escape(flow.target.title or short(flow.target.dataset))}</title>"
    view = f'viewBox="0 0 {drawing.width} {drawing.height}">'
    return "\n".join([f"{head} {view}", title, f"<style>\n{STYLE}\n</style>", ARROW, *_shapes(drawing), "</svg>", ""])


LEGEND = (
    "Green boxes are datasets, blue ones jobs; a dashed line leads back: the job reads what it wrote. "
    "Red fails a check, yellow is late. The drawing goes on to the right."
)


def html(flow: Flow, document: str, mermaid: str, legend: str) -> str:
    """The Markdown document as a page, its Mermaid drawing and the legend of it replaced by ours."""
    from markdown_it import MarkdownIt

    source = document.replace(mermaid, "\n@drawing\n").replace(legend, LEGEND)
    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(source)
    picture = f'<div class="drawing">{svg(flow)}</div>'
    title = escape(flow.target.title or short(flow.target.dataset))
    return PAGE.format(title=f"How data gets to {title}", body=body.replace("<p>@drawing</p>", picture))


def _boxes(flow: Flow) -> list[Box]:
    boxes = [_dataset(entry, focus=entry == flow.target) for entry in flow.datasets]
    return boxes + [_job(hop.job.job) for hop in flow.hops]


def _dataset(entry: DatasetEntry, *, focus: bool) -> Box:
    mood = "failing" if entry.health == "failing" else "stale" if entry.freshness == "stale" else ""
    return Box(
        key=str(entry.dataset), label=name_of(entry), note=f"{entry.kind} · {entry.owner or 'nobody'}",
        kind="data", title=entry.description or str(entry.dataset), mood=mood, focus=focus,
    )  # fmt: skip


def _job(job: Job) -> Box:
    return Box(key=str(job), label=task(job), note=job.name.rpartition(".")[0], kind="job", title=job.name)


def _shapes(drawing: Drawing) -> list[str]:
    lines = [
        f'<path class="{"back" if curve.back else ""}" d="{curve.path}" marker-end="url(#tip)"/>'
        for curve in drawing.curves
    ]
    for placed in drawing.placed:
        box = placed.box
        lines.append(
            f'<g class="box {box.kind} {box.mood}{" focus" * box.focus}" transform="translate({placed.x} {placed.y})">'
            f'<title>{escape(box.title)}</title><rect width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
            f'<text x="10" y="20">{escape(shorten(box.label, LETTERS))}</text>'
            f'<text class="note" x="10" y="36">{escape(box.note)}</text></g>'
        )
    return lines
