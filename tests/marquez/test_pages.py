"""Pages for people."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquez.drawing import draw
from tests.marquez.conftest import POSTGRES, PRODUCER, Api, dataset, event

RUN = "11111111-1111-4111-8111-111111111111"


def page(api: Api, path: str) -> str:
    answer = api.client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


def test_an_empty_backend_says_what_to_send(api: Api) -> None:
    assert "/api/v1/lineage" in page(api, "/")


def test_every_box_of_the_drawing_leads_to_a_page(api: Api) -> None:
    api.post(
        event(
            "COMPLETE", RUN, 1, job="clean", inputs=[dataset("raw", "a int")], outputs=[dataset("tidy/2026", "a int")]
        )
    )
    links = set(re.findall(r'href="(/(?:dataset|job|run)\?[^"]+)"', page(api, "/")))
    assert len(links) == 4
    for link in links:
        assert "<h1>" in page(api, link)


@pytest.mark.parametrize(("kind", "name"), [("dataset", "tidy/2026"), ("job", "clean")])
def test_a_link_to_the_lineage_page_of_the_real_web_ui_leads_to_the_same_thing_here(
    api: Api, kind: str, name: str
) -> None:
    api.post(event("COMPLETE", RUN, 1, job="clean", outputs=[dataset("tidy/2026", "a int")]))
    link = re.findall(rf'href="(/{kind}\?id=[^"]+)"', page(api, "/"))[0]
    namespace = unquote(link.partition("=")[2]).removesuffix(f":{name}")
    there = f"/lineage/{kind}/{quote(namespace, safe='')}/{quote(name, safe='')}"
    answer = api.client.get(there, follow_redirects=False)
    assert answer.headers["location"] == link


def test_a_dataset_page_shows_columns_checks_and_versions(api: Api) -> None:
    failed = {
        "assertion": "not_null",
        "name": "orders.id.not_null",
        "column": "id",
        "success": False,
        "severity": "critical",
    }
    checks = {"dataQualityAssertions": {"assertions": [failed]}}
    api.post(event("COMPLETE", RUN, 1, outputs=[dataset("orders", "id bigint")]))
    api.post(event("COMPLETE", RUN, 2, job="check", inputs=[dataset("orders", "id bigint", inputFacets=checks)]))
    shown = page(api, f"/dataset?id={quote(f'{POSTGRES}:orders', safe='')}")
    assert all(text in shown for text in ("bigint", "orders.id.not_null", "critical", "failed", RUN[:8]))


@pytest.mark.parametrize("facet", ["text", 5, None, [], {"assertions": "x"}, {"rowCount": "many"}])
def test_facets_of_any_form_break_no_page(api: Api, facet: Any) -> None:
    named = {"dataQualityAssertions": facet, "outputStatistics": facet}
    api.post(
        event(
            "COMPLETE",
            RUN,
            1,
            inputs=[dataset("t", "a int", inputFacets=named)],
            outputs=[dataset("u", outputFacets=named)],
        )
    )
    for path in ("/", f"/dataset?id={POSTGRES}:t", f"/dataset?id={POSTGRES}:u", "/job?id=shop:load", f"/run?id={RUN}"):
        page(api, path)


@pytest.mark.parametrize("path", ["/dataset?id=gone", "/job?id=shop:gone", f"/run?id={RUN}", "/run?id=no-uuid"])
def test_a_link_to_what_is_not_there_leads_to_a_page_that_says_so(api: Api, path: str) -> None:
    answer = api.client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>" in answer.text
    assert 'href="/"' in answer.text


def test_what_events_say_is_shown_and_never_run(api: Api) -> None:
    evil = "<script>alert(1)</script>"
    facets = {"documentation": {**PRODUCER, "description": evil}, "custom": {"x": evil}}
    code = {"sourceCodeLocation": {**PRODUCER, "type": "git", "url": "javascript:alert(1)"}}
    api.post(event("COMPLETE", RUN, 1, job=evil, job_facets=code, outputs=[dataset(evil, "a int", facets=facets)]))
    for path in (
        "/",
        f"/dataset?id={quote(f'{POSTGRES}:{evil}')}",
        f"/job?id={quote(f'shop:{evil}')}",
        f"/run?id={RUN}",
    ):
        shown = page(api, path)
        assert "<script" not in shown
        assert 'href="javascript' not in shown


def test_pages_ask_no_other_host_for_anything(api: Api) -> None:
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page(api, "/"))


EDGES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=25)


@given(EDGES)
def test_without_cycles_everything_flows_from_left_to_right(pairs: list[tuple[int, int]]) -> None:
    forward = [(f"n{min(p):02}", f"n{max(p):02}") for p in pairs if p[0] != p[1]]
    drawing = draw({end: end for edge in forward for end in edge}, forward)
    x = {box.id: box.x for box in drawing.boxes}
    assert all(x[origin] < x[destination] for origin, destination in forward)


@given(EDGES)
def test_every_node_is_drawn_once_inside_the_picture_and_on_no_other(pairs: list[tuple[int, int]]) -> None:
    edges = [(str(a), str(b)) for a, b in pairs]
    drawing = draw({end: end for edge in edges for end in edge}, edges)
    places = {(box.x, box.y) for box in drawing.boxes}
    assert len(places) == len(drawing.boxes) == len({end for edge in edges for end in edge})
    assert all(x < drawing.width and y < drawing.height for x, y in places)
