"""Flows: the way from the sources to a report, drawn and told step by step."""

from catalog import flow as flowing
from catalog.dataset import Dataset
from catalog.entry import DatasetEntry, short
from catalog.site import address, picture
from catalog.site.drawing import Line, draw
from catalog.site.reading import Reading


def listed(site: Reading) -> str:
    """Every dataset at which a flow ends: reports first, then what nothing else is made of."""
    ends = [entry for entry in site.entries if _is_end(site, entry)]
    return site.page(
        "flows.html",
        path=address.FLOWS,
        reports=sorted((e for e in ends if site.kind(e.dataset) == "report"), key=lambda e: short(e.dataset)),
        others=sorted((e for e in ends if site.kind(e.dataset) != "report"), key=lambda e: short(e.dataset)),
    )


def flow(site: Reading, which: Dataset) -> str:
    """Everything that leads to a dataset, as a picture and hop by hop."""
    found = flowing.flow(site.index, which).value
    nodes = {node for edge in found.edges for node in edge} | {which}
    drawn = draw(
        (picture.node(site, node, focus=node == which) for node in nodes),
        (Line(origin=picture.key(origin), target=picture.key(target)) for origin, target in found.edges),
    )
    return site.page("flow.html", path=address.flow(which), flow=found, picture=drawn)


def _is_end(site: Reading, entry: DatasetEntry) -> bool:
    """Somebody writes it, and no job that reads it writes anything else."""
    made_of_it = {out for job in entry.readers if job in site.work for out in site.work[job].outputs} - {entry.dataset}
    return bool(entry.writers) and not entry.vanished and (site.kind(entry.dataset) == "report" or not made_of_it)
