"""Addresses: readable, different for different things, and safe as file names."""

import re

from hypothesis import given
from hypothesis import strategies as st

from catalog.dataset import Dataset
from catalog.entry import Job
from catalog.site import address

NODES = st.one_of(st.builds(Dataset, st.text(), st.text()), st.builds(Job, st.text(), st.text()))


@given(NODES, st.text())
def test_any_name_gives_an_address_that_is_a_file_name_everywhere(node: Dataset | Job, column: str) -> None:
    for path in (
        address.of(node),
        address.graph(node),
        f"column/{address.slug(node)}/{address.column_slug(column)}.html",
    ):
        assert re.fullmatch(r"[a-z0-9_.-]+(/[a-z0-9_.-]+)+\.html", path)
        assert not any(part.startswith(".") or len(part) > 100 for part in path.split("/"))


@given(st.lists(st.text(), unique=True))
def test_different_columns_have_different_addresses(columns: list[str]) -> None:
    assert len({address.column_slug(column).lower() for column in columns}) == len(columns)


def test_an_address_can_be_read() -> None:
    table = Dataset("postgres://127.0.0.1:5432", "warehouse.public.daily_summary")
    assert re.fullmatch(r"dataset/daily_summary-[0-9a-f]{8}\.html", address.of(table))
    assert address.column(table, "total_revenue").endswith("/total_revenue.html")
