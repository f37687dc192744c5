"""Flows: the way from the sources to a report, drawn and told step by step."""

from catalog import flow as flowing
from catalog.dataset import Dataset
from catalog.entry import short
from catalog.index import glance
from catalog.site import address, picture
from catalog.site.drawing import Line, draw
from catalog.site.reading import Reading

SHOWN = 200
"""Ends in the list; every dataset's page leads to its flow."""


def listed(site: Reading) -> str:
    """Every dataset at which a flow ends: reports first, then what nothing else is made of."""
    ends = sorted(glance.ends(site.index), key=lambda one: (short(one), one))
    reports = [one for one in site.datasets if site.kind(one) == "report"]
    others = [one for one in ends if one not in reports]
    return site.page(
        "flows.html", path=address.FLOWS, reports=reports, others=others[:SHOWN], hidden=len(others[SHOWN:])
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
