"""A real order log comes out with the rows, revenue, null customers and cancellations that went in."""

import json
from collections import Counter
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from stack.shop.cli import shop
from stack.shop.errors import OrdersFileInvalid

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
LINE = "536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850,UK\n"
GOOD = f"{HEADER}\n{LINE}"
CSV = f"""{HEADER}
536365,85123A,"HOLDER, WHITE",6,2010-12-01 08:26:00,2.55,17850,United Kingdom
536365,71053,,6,2010-12-01 08:27:00,3.39,17850,United Kingdom
536365,71053,,6,2010-12-01 08:27:00,3.39,17850,United Kingdom
C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,14527,United Kingdom
536589,21777,damaged,-10,2010-12-01 16:50:00,0,,United Kingdom
A563185,B,Adjust bad debt,1,2010-12-01 17:00:00,-11062.06,,United Kingdom
536544,21773,BATHROOM SET,1,2010-12-02 09:32:00,2.51,,France
536544,21774,BATHROOM SET,1,2010-12-02 09:32:00,2.51,13000,France
"""


@pytest.fixture
def replay(run_shop, tmp_path):
    """Replay an order log: the events, the manifest and the bytes."""

    def run(orders, *arguments):
        out, manifest = tmp_path / "out.jsonl", tmp_path / "manifest.json"
        run_shop("replay", "--orders", orders, "--out", out, "--manifest", manifest, *arguments)
        events = [json.loads(json.loads(line)["value"]) for line in out.read_text().splitlines()]
        return events, json.loads(manifest.read_text()), out.read_bytes()

    return run


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(CSV)
    return path


def _summary(events):
    return [
        (
            e["event_type"],
            e["properties"]["order_id"],
            e["user_id"],
            len(e["properties"]["items"]),
            e["properties"]["total_amount"],
        )
        for e in events
    ]


def test_rows_become_purchases_cancellations_and_adjustments(replay, orders):
    assert _summary(replay(orders)[0]) == [
        ("purchase", "536365", "user_17850", 3, 55.98),
        ("order_cancelled", "C536379", "user_14527", 1, -27.5),
        ("order_adjusted", "536589", None, 1, 0.0),
        ("order_adjusted", "A563185", None, 1, -11062.06),
        ("purchase", "536544", None, 1, 2.51),
        ("purchase", "536544", "user_13000", 1, 2.51),
    ]


def test_adjustments_say_which_kind_they_are(replay, orders):
    events, _, _ = replay(orders)
    kinds = [event["properties"].get("adjustment") for event in events]
    assert kinds == [None, None, "stock", "account", None, None]


def test_an_event_has_the_web_envelope_at_the_time_of_its_first_row(replay, orders):
    first = replay(orders)[0][0]
    assert first.keys() == {
        "event_id", "event_type", "timestamp", "user_id", "session_id", "source", "properties", "metadata"
    }  # fmt: skip
    assert first["timestamp"] == "2010-12-01T08:26:00.000Z"
    assert first["properties"]["items"][0] == {
        "product_id": "85123A", "product_name": "HOLDER, WHITE", "price": 2.55, "quantity": 6
    }  # fmt: skip
    assert first["properties"]["items"][1]["product_name"] is None


def test_a_replay_gives_the_same_bytes_and_an_event_the_same_id_whatever_days_go_with_it(replay, orders):
    events, _, content = replay(orders)
    assert replay(orders)[2] == content
    second_day, _, _ = replay(orders, "--start", "2010-12-02", "--days", 1)
    assert second_day == events[4:]
    assert len({event["event_id"] for event in events}) == len(events)


def test_the_days_asked_for_are_replayed(replay, orders):
    assert replay(orders, "--days", 1)[1]["rows"] == 6
    assert replay(orders, "--start", "2011-01-01", "--days", 1)[1]["rows"] == 0


@pytest.mark.parametrize(
    "written",
    ["12/1/2010 8:26", "12/1/2010 8:26:00", "2010-12-01 08:26", "2010-12-01T08:26:00Z", "2010-12-01T09:26+01:00"],
)
def test_dates_are_read_as_the_original_file_and_its_copies_write_them(replay, tmp_path, written):
    path = tmp_path / "uci.csv"
    path.write_text(f"{HEADER}\n536365,85123A,HOLDER,6,{written},2.55,17850,United Kingdom\n")
    assert replay(path)[0][0]["timestamp"] == "2010-12-01T08:26:00.000Z"


def test_other_columns_another_order_latin_1_and_text_in_parquet_make_no_difference(replay, orders, tmp_path):
    expected = replay(orders)[2]
    frame = pd.read_csv(orders, dtype=str, keep_default_na=False)
    frame = frame.assign(Note="no column of ours")[[*reversed(frame.columns), "Note"]]
    frame.to_csv(tmp_path / "shuffled.csv", index=False)
    frame.replace("", None).to_parquet(tmp_path / "all_text")
    assert replay(tmp_path / "shuffled.csv")[2] == replay(tmp_path / "all_text")[2] == expected
    latin = tmp_path / "latin.csv"
    latin.write_bytes(GOOD.replace("HOLDER", "CAFÉ £1").encode("latin-1"))
    assert replay(latin)[0][0]["properties"]["items"][0]["product_name"] == "CAFÉ £1"


def test_a_small_c_cancels_too_and_a_customer_that_is_no_number_in_parquet_is_nobody(replay, tmp_path):
    frame = pd.DataFrame(
        {
            "InvoiceNo": ["c1", "2"], "StockCode": ["POST", "D"], "Description": [None, "x"], "Quantity": [-1, 2],
            "InvoiceDate": pd.to_datetime(["2010-12-01", "2010-12-02"], utc=True), "UnitPrice": [18.0, 0.5],
            "CustomerID": [float("nan"), 17850], "Country": ["France", None],
        }
    )  # fmt: skip
    table = pa.Table.from_pandas(frame).drop_columns("CustomerID").append_column(
        "CustomerID", pa.array([float("nan"), 17850.0])
    )  # fmt: skip
    pq.write_table(table, tmp_path / "orders.parquet")
    assert _summary(replay(tmp_path / "orders.parquet")[0]) == [
        ("order_cancelled", "c1", None, 1, -18.0),
        ("purchase", "2", "user_17850", 1, 1.0),
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("a,b\n1,2\n", "the columns InvoiceNo, StockCode"),
        ("Invoice,Price\n", "the columns InvoiceNo, StockCode"),
        (f"{HEADER},Quantity\n", "the columns Quantity are there more than once"),
        (f"{GOOD}1,A,X,many,2010-12-01,1,1,UK\n", "Quantity has the invalid value 'many' in row 2"),
        (f"{GOOD}1,A,X,nan,2010-12-01,1,1,UK\n", "Quantity has the invalid value 'nan' in row 2"),
        (f"{GOOD}1,A,X,6,2010-12-01,1,guest,UK\n", "CustomerID has the invalid value 'guest' in row 2"),
        (f"{GOOD}1,A,X,6,soon,1,1,UK\n", "InvoiceDate has the invalid value 'soon' in row 2"),
        (f"{GOOD}1,A,X,6,2010-12-01,,1,UK\n", "UnitPrice is empty in row 2"),
        (f"{GOOD}1,A,X\n", "Row #3: Expected 8 columns, got 3"),
        ("", "Empty CSV file"),
        ("PK\x03\x04", "an Excel workbook: save its sheet as CSV first"),
        ("PAR1 and no more", "not a parquet file"),
    ],
)  # fmt: skip
def test_a_file_of_another_layout_is_refused_in_one_sentence_that_names_the_place(tmp_path, content, problem):
    path = tmp_path / "orders.csv"
    path.write_text(content)
    error = CliRunner().invoke(shop, ["replay", "--orders", str(path)]).exception
    assert isinstance(error, OrdersFileInvalid)
    assert problem in str(error)
    assert "\n" not in str(error)


def test_three_days_of_the_real_log_keep_their_totals(replay, shared):
    path = shared / "data" / "retail" / "online_retail_cc0.parquet"
    frame = pd.read_parquet(path)
    frame = frame[(frame.InvoiceDate >= "2010-12-01") & (frame.InvoiceDate < "2010-12-04")]
    amounts = [Decimal(str(q)) * Decimal(str(p)) for q, p in zip(frame.Quantity, frame.UnitPrice, strict=True)]
    cancelled = frame.InvoiceNo.str.startswith("C")
    events, manifest, _ = replay(path, "--start", "2010-12-01", "--days", 3)

    items = Counter()
    for event in events:
        items[event["event_type"], event["user_id"] is None] += len(event["properties"]["items"])
    assert items.total() == manifest["rows"] == len(frame) == 7_419
    null_rows = sum(count for (_, nobody), count in items.items() if nobody)
    assert null_rows == manifest["null_customer_rows"] == frame.CustomerID.isna().sum()
    assert sum(count for (kind, _), count in items.items() if kind == "order_cancelled") == cancelled.sum()
    assert manifest["by_event_type"]["order_cancelled"] == frame[cancelled].InvoiceNo.nunique()
    assert len({event["properties"]["order_id"] for event in events}) == frame.InvoiceNo.nunique()
    total = sum(Decimal(str(event["properties"]["total_amount"])) for event in events)
    assert total == Decimal(manifest["net_revenue"]) == sum(amounts)
    customers = {int(event["user_id"].removeprefix("user_")) for event in events if event["user_id"]}
    assert customers == set(frame.CustomerID.dropna().astype(int))
