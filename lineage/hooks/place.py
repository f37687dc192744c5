"""Where the dataset of a contract is, by the default connection of its kind."""

from typing import Any

from catalog.contract import Contract
from catalog.dataset import Dataset
from lineage.errors import ConfigurationError


def dataset(contract: Contract) -> Dataset:
    """The dataset's name in lineage.

    Raises:
        ConfigurationError: no connection leads to this kind of dataset.
    """
    if contract.kind == "object":
        from lineage.hooks.lake import LakeHook

        return LakeHook().object_dataset(contract.name)
    found: Dataset = hook(contract).dataset(contract.name)
    return found


def hook(contract: Contract, **conn_ids: str) -> Any:
    """The hook of the contract's kind of table, topic or cache; `conn_ids` by kind, else the default ones.

    Raises:
        ConfigurationError: there is none that holds rows (an API, objects).
    """
    from lineage.hooks.cache import CacheHook
    from lineage.hooks.kafka import KafkaHook
    from lineage.hooks.lake import LakeHook
    from lineage.hooks.warehouse import WarehouseHook

    kinds: dict[str, Any] = {"lake": LakeHook, "warehouse": WarehouseHook, "cache": CacheHook, "kafka": KafkaHook}
    if contract.kind not in kinds:
        raise ConfigurationError("contract_ids", f"{contract.id} is neither a table, nor a topic, nor a cache")
    return kinds[contract.kind](conn_ids.get(contract.kind))
