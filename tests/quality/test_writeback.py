"""What the contracts say is brought into the backend, nothing else is touched, and a second time writes nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest

from catalog import contract, writeback
from catalog.dataset import Dataset
from catalog.stored import StoredDataset
from catalog.writeback import PII, Tag

NOW = datetime(2026, 11, 20, tzinfo=UTC)
USERS = contract.load("cache.user")
AT = Dataset("redis://127.0.0.1:6379", "db0.lookup:user:*")


def stored(**other: Any) -> StoredDataset:
    import pydantic

    fields = [{"name": name, "type": "string", "tags": []} for name in USERS.schema.names()]
    told = {
        "id": {"namespace": AT.namespace, "name": AT.name}, "createdAt": NOW, "updatedAt": NOW, "fields": fields,
    }  # fmt: skip
    return pydantic.TypeAdapter(StoredDataset).validate_python(told | other)


def test_personal_columns_are_tagged_and_so_is_their_dataset() -> None:
    wanted = writeback.wanted(USERS)
    assert {tag.column for tag in wanted if tag.name == PII} == {None, *USERS.pii}
    assert Tag(name=USERS.tier) in wanted


def test_a_member_of_a_struct_counts_for_its_column() -> None:
    wanted = writeback.wanted(contract.load("kafka.ecommerce-events-raw"))
    assert Tag(name=PII, column="properties") in wanted


def test_what_is_lacking_is_added_and_what_no_contract_says_any_more_is_taken_away() -> None:
    there = stored(tags=["bronze", "somebodys own"])
    step = writeback.plan(there, USERS, managed=frozenset({"bronze", PII, *USERS.tags, USERS.tier}))
    assert set(step.add) == writeback.wanted(USERS)
    assert step.remove == (Tag(name="bronze"),)


def test_nothing_is_to_do_where_everything_is_as_promised() -> None:
    fields = [
        {"name": name, "type": "string", "tags": [PII] if name in USERS.pii else []} for name in USERS.schema.names()
    ]
    there = stored(
        tags=[*USERS.tags, USERS.tier, PII], fields=fields, description=USERS.description, currentVersion="v",
        facets={"ownership": {"owners": [{"name": f"team:{USERS.owner}"}]}},
    )  # fmt: skip
    step = writeback.plan(there, USERS, managed=frozenset({PII}))
    assert (step.add, step.remove, step.describe) == ((), (), False)


@pytest.mark.parametrize("column", USERS.pii)
def test_a_column_that_the_backend_does_not_know_is_not_tagged(column: str) -> None:
    there = stored(fields=[])
    assert all(tag.column is None for tag in writeback.plan(there, USERS, managed=frozenset()).add), column


def test_a_dataset_whose_first_run_goes_on_is_not_described_by_somebody_else() -> None:
    assert not writeback.plan(stored(), USERS, managed=frozenset()).describe
    assert writeback.plan(stored(currentVersion="v"), USERS, managed=frozenset()).describe
