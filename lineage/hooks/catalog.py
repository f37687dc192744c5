"""The data catalog for a task: its index brought up to date from the lineage backend, and errors in our words."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from catalog import dataset
from catalog.dataset import Dataset
from catalog.entry import Job
from catalog.errors import CatalogError
from catalog.settings import Settings
from lineage.errors import AnswerUnusable, ServiceUnavailable

if TYPE_CHECKING:
    from catalog.index import Index
    from catalog.marquez import Marquez

logger = logging.getLogger(__name__)
PATIENCE_S = 60.0
PAUSE_S = 0.5


class CatalogHook:
    """The index and the backend that MARQUEZ_URL and ECOMPULSE_CATALOG name."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings.from_environment()

    def dataset(self, path: str) -> Dataset:
        """A resource of the backend's API, by its name in lineage."""
        return dataset.endpoint(self.settings.marquez_url, path)

    def job(self, name: str) -> Job:
        """A job of this deployment, `<dag>.<task>`, by its name in lineage."""
        from airflow.providers.openlineage import conf

        return Job(conf.namespace(), name)

    @contextmanager
    def reading(self) -> "Iterator[tuple[Index, Marquez]]":
        """The index as the backend's record is now, and the backend.

        Raises:
            ServiceUnavailable: the backend does not answer. AnswerUnusable: it refuses, or answers nonsense.
        """
        from catalog.index import Index
        from catalog.marquez import Marquez

        self.settings.index.parent.mkdir(parents=True, exist_ok=True)
        with self._translated(), Index.open(self.settings.index) as index, Marquez.open(self.settings) as client:
            self.sync(index, client)
            yield index, client

    def sync(self, index: "Index", client: "Marquez") -> None:
        """Read what is new in the record."""
        from catalog.index.sync import sync

        done = sync(index, client)
        logger.info("read %d events of the record, %d of them new", done.read, done.new)

    def await_runs(self, index: "Index", client: "Marquez", jobs: Sequence[Job], *, since: datetime) -> bool:
        """Read on until each job has a run that began since then and ended; False when patience ends first.

        Events come a moment after their task ended, through the outbox: what the next task reads may not be there yet.
        """
        deadline = time.monotonic() + PATIENCE_S
        while lacking := [job for job in jobs if not _ended(index, job, since)]:
            if time.monotonic() > deadline:
                logger.warning("the record lacks the runs of %s since %s", ", ".join(map(str, lacking)), since)
                return False
            time.sleep(PAUSE_S)
            self.sync(index, client)
        return True

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except CatalogError as error:
            if error.retryable:
                raise ServiceUnavailable("The lineage backend", self.settings.marquez_url, str(error)) from error
            raise AnswerUnusable(self.settings.marquez_url, str(error)) from error


def _ended(index: "Index", job: Job, since: datetime) -> bool:
    return any(run.ended and run.started and run.started >= since for run in index.runs(job, limit=3))
