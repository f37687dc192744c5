"""What a lake row becomes on its way into the warehouse."""

import io
import json
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from lineage import staging

EVENTS, SESSIONS = staging.facts()
LOADED_AT = datetime(2026, 3, 9, tzinfo=UTC)


def staged(batch, stage):
    return staging.staged(batch, stage, loaded_at=LOADED_AT)


@pytest.mark.parametrize(("stage", "name"), [(EVENTS, "event"), (SESSIONS, "session")], ids=["events", "sessions"])
def test_a_staged_row_has_the_columns_of_the_warehouse_in_their_order(stage, name, batch, request):
    one = request.getfixturevalue(name)(1)
    row = staged(batch(stage.source.name, [one]), stage)
    assert tuple(row.schema.names) == stage.target.schema.names()
    assert row.to_pylist()[0]["updated_at"] == LOADED_AT


def test_the_export_for_redshift_keeps_order_and_rows(batch, event):
    rows = staged(batch("enriched_events", [event(seed) for seed in range(20)]), EVENTS)
    (file,) = staging.as_parquet([rows])
    read = pq.read_table(io.BytesIO(file))
    assert tuple(read.schema.names) == EVENTS.target.schema.names()
    assert read.to_pylist() == rows.to_pylist()


def test_items_become_json_with_numbers_as_numbers(batch, event):
    sent = event(3, event_type="purchase")
    (row,) = staged(batch("enriched_events", [sent]), EVENTS).to_pylist()
    (item,) = json.loads(row["items"])
    assert item == sent["items"][0] | {"price": float(sent["items"][0]["price"])}


def test_null_and_the_empty_text_differ_in_csv(batch, event):
    both = [event(1, brand=""), event(2, brand=None)]
    rows = staged(batch("enriched_events", both), EVENTS).select(["brand", "quantity"])
    assert b"".join(staging.as_csv([rows])) == b'"",\n,\n'
