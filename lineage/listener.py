"""What Spark's listener says, in the words of our record: one name for each dataset, and whose it is."""

from collections.abc import Mapping
from typing import Any

from openlineage.client.serde import Serde

from catalog.contract import Contract
from catalog.dataset import Dataset
from lineage.extraction import promises


def retold(event: Mapping[str, Any], *, contracts: Mapping[Dataset, Contract]) -> dict[str, Any]:
    """The event with owner, description and tags of each dataset that has a contract, and without what misleads.

    That is `symlinks`, a table's name in Glue: the backend lists each as one more dataset; and the schema of a topic,
    which Kafka's connector gives as key, value and offset whatever is in it: the payload's is told by the task.
    """

    def dataset(one: Mapping[str, Any]) -> dict[str, Any]:
        known = Dataset(one["namespace"], one["name"])
        misleading = {"symlinks"} | ({"schema"} if known.namespace.startswith("kafka://") else set())
        facets = {key: value for key, value in (one.get("facets") or {}).items() if key not in misleading}
        if known in contracts:
            facets |= {key: Serde.to_dict(facet) for key, facet in promises(contracts[known]).items()}
        return {**one, "facets": facets}

    sides = {side: [dataset(one) for one in event.get(side) or ()] for side in ("inputs", "outputs")}
    return {**event, **sides}
