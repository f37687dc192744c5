"""What the Glue catalog registers when it starts."""

from hypothesis import given
from hypothesis import strategies as st

from stack import glue


def metadata(lake, table, *names):
    folder = lake / "warehouse" / table / "metadata"
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()


def location(record, database, table):
    return record[database][table]["Parameters"]["metadata_location"]


def test_a_table_on_disk_is_found_with_its_newest_metadata_by_number_not_by_name(tmp_path):
    metadata(tmp_path, "ecom.db/events", "00009-a.metadata.json", "00010-b.metadata.json", "snap-1.avro", "v.json")
    record = glue.found_on_disk(tmp_path, "lake")
    assert location(record, "ecom", "events") == "s3://lake/warehouse/ecom.db/events/metadata/00010-b.metadata.json"


def test_a_hundred_thousandth_commit_is_still_the_newest(tmp_path):
    metadata(tmp_path, "ecom.db/events", "99999-a.metadata.json", "100000-b.metadata.json")
    assert location(glue.found_on_disk(tmp_path, "lake"), "ecom", "events").endswith("/100000-b.metadata.json")


def test_folders_without_metadata_are_no_tables_and_no_lake_is_no_table(tmp_path):
    metadata(tmp_path, "ecom.db/half")
    assert glue.found_on_disk(tmp_path, "lake") == {}
    assert glue.found_on_disk(tmp_path / "nowhere", "lake") == {}


entries = st.dictionaries(st.sampled_from("abc"), st.fixed_dictionaries({"Name": st.text(max_size=3)}), max_size=3)
records = st.dictionaries(st.sampled_from(["ecom", "ops"]), entries, max_size=2)


@given(records, records)
def test_the_record_of_what_was_acknowledged_wins_over_the_disk(record, disk):
    merged = glue.merge(record, disk)
    assert {name: merged[name] for name in record} == record
    assert merged.keys() == record.keys() | disk.keys()
