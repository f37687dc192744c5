"""Bringing the data catalog up to date: index, tags and owners in the backend, pages in the lake; and what is new."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from catalog import contract as contracts
from lineage.hooks.mirror import Mirrored, mirror
from lineage.operators.base import RecordOperator
from lineage.outcome import Outcome, Read

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

    from catalog.index import Index
    from catalog.marquez import Marquez
    from catalog.writeback import WrittenBack

CATALOG = "object.catalog"
FIRST = datetime(1970, 1, 1, tzinfo=UTC)


class UpdateCatalogOperator(RecordOperator):
    """Read the record into the index, write the contracts' tags, owners and descriptions back, publish the pages.

    Rows in are datasets known, rows out are pages. The outcome's counts are what was learned since this task last
    succeeded: new, changed, vanished; and what needs care now: stale, undocumented, unowned.
    """

    ui_color = "#d9f2e3"

    def run(self, context: "Context") -> Outcome:
        """The same record gives the same index and the same pages."""
        with self.hook.reading() as (index, client):
            counts, done = self._learned(index), self._write_back(index, client)
            pages, known = self._publish(index), len(index.datasets())
        return Outcome(
            inputs=(self.record(), *(Read(dataset=at, contract=contract) for at, contract in done.undescribed)),
            outputs=(self.objects(CATALOG, rows=pages.files, size_bytes=pages.size_bytes, files=pages.files),),
            rows_in=known,
            rows_out=pages.files,
            counts=counts | {"tagged": done.tagged, "untagged": done.untagged, "described": len(done.undescribed)},
            links={"catalog": f"s3://{self.lake.bucket}/{self._prefix}/index.html"},
        )

    def expected(self) -> Outcome:
        """The record, and the pages."""
        return Outcome(inputs=(self.record(),), outputs=(self.objects(CATALOG),))

    @property
    def _prefix(self) -> str:
        return contracts.load(CATALOG).name

    def _learned(self, index: "Index") -> dict[str, int]:
        from catalog.learned import learned

        runs = index.runs(self.hook.job(f"{self.dag_id}.{self.task_id}"), limit=20)
        since = max((run.ended for run in runs if run.ended and run.state == "COMPLETE"), default=FIRST)
        answer = learned(index, since=since)
        for word, datasets in answer.value.groups().items():
            self.log.info("%d %s: %s", len(datasets), word, ", ".join(map(str, datasets)) or "none")
        for reason in answer.completeness.reasons:
            self.log.warning("the record may lack something: %s", reason)
        return {word: len(datasets) for word, datasets in answer.value.groups().items()}

    def _write_back(self, index: "Index", client: "Marquez") -> "WrittenBack":
        """Tags through the API; owners and descriptions that the backend lacks go with this task's own lineage."""
        from catalog import writeback

        told = ((entry.dataset, entry.contract) for entry in index.datasets() if not entry.vanished)
        promised = dict(writeback.promises(told, index.contracts))
        done = writeback.write(client, promised)
        self.log.info("wrote %d tags, took %d away", done.tagged, done.untagged)
        for at, _ in done.undescribed:
            self.log.info("describing %s", at)
        return done

    def _publish(self, index: "Index") -> Mirrored:
        """The site's files into the lake."""
        from catalog import site

        with tempfile.TemporaryDirectory(prefix="ecompulse-site-") as folder:
            published = site.build(index, Path(folder), settings=self.hook.settings)
            done = mirror(self.lake, Path(folder), prefix=self._prefix)
        self.log.info("published %d pages", published.pages)
        return done
