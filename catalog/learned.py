"""What the catalog knows now that it did not know before: new, changed and vanished datasets, and what needs care."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from catalog import history
from catalog.concern import concerns
from catalog.dataset import Dataset
from catalog.entry import Answer

if TYPE_CHECKING:
    from catalog.index import Index


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Datasets by what there is to know of each, by name. The first three since a moment, the others as it is now."""

    since: datetime
    new: tuple[Dataset, ...]
    changed: tuple[Dataset, ...]
    vanished: tuple[Dataset, ...]
    stale: tuple[Dataset, ...]
    undocumented: tuple[Dataset, ...]
    unowned: tuple[Dataset, ...]

    def groups(self) -> dict[str, tuple[Dataset, ...]]:
        """Each word with its datasets."""
        return {
            "new": self.new, "changed": self.changed, "vanished": self.vanished,
            "stale": self.stale, "undocumented": self.undocumented, "unowned": self.unowned,
        }  # fmt: skip


def learned(index: "Index", *, since: datetime) -> Answer[Learned]:
    """What became different from `since` on; a dataset that is new is not also told as changed."""
    changes = history.changes(index, since=since)
    care = concerns(index).value

    def of(*kinds: str) -> tuple[Dataset, ...]:
        return _sorted(one.subject for one in changes.value if one.kind in kinds and isinstance(one.subject, Dataset))

    def needing(kind: str) -> tuple[Dataset, ...]:
        return _sorted(one.dataset for one in care if one.kind == kind)

    new, vanished = of("dataset_new"), of("dataset_vanished")
    others = {one.kind for one in changes.value} - {"dataset_new", "dataset_vanished"}
    value = Learned(
        since=since,
        new=new,
        changed=tuple(dataset for dataset in of(*others) if dataset not in (*new, *vanished)),
        vanished=vanished,
        stale=needing("stale"),
        undocumented=needing("undocumented"),
        unowned=needing("unowned"),
    )
    return Answer(value=value, completeness=changes.completeness)


def _sorted(datasets: Iterable[Dataset]) -> tuple[Dataset, ...]:
    return tuple(sorted(set(datasets)))
