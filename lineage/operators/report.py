"""The business report of each day whose figures changed: a page and CSV in the lake."""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from catalog import contract
from lineage.hooks.warehouse import Session
from lineage.operators.base import ConnectedOperator
from lineage.outcome import ColumnSource, Outcome, Read, Written
from lineage.reports import figures, page

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

READ = ("daily_summary", "events", "user_sessions", "dim_products")
MOST_DAYS = 31
MARK = "figures"  # the objects' metadata that says which state of the warehouse they show


class GenerateReportsOperator(ConnectedOperator):
    """Write `reports/business/<day>/report.{html,csv}` for the days whose figures changed, and `latest.html`.

    A report shows two weeks, so a day is due again when any of its two weeks' summaries was recomputed since. At most
    the newest 31 due days are written at once; the others follow with the next run. Same warehouse, same bytes.
    """

    def run(self, context: "Context") -> Outcome:
        """Rows in and out are days reported."""
        sizes: list[int] = []
        with self.warehouse.transaction() as session:
            self.warehouse.prepare(session, [contract.load(f"warehouse.{table}") for table in READ])
            changes: dict[date, datetime] = dict(session.fetch(figures.QUERIES["changes"]))
            due = sorted(self._due(changes))[-MOST_DAYS:]
            for day, mark in due:
                sizes += self._write(session, day, mark=mark, newest=day == max(changes))
        self.log.info("reported %d of %d days", len(due), len(changes))
        return Outcome(
            inputs=self._inputs(),
            outputs=(self._written(rows=len(due), size_bytes=sum(sizes), files=len(sizes)),),
            rows_in=len(due),
            rows_out=len(due),
            sql=tuple(figures.QUERIES.values()),
            links={"report": f"s3://{self.lake.bucket}/{self._latest}"} if changes else {},
        )

    def expected(self) -> Outcome:
        """The tables read, the folder written."""
        return Outcome(inputs=self._inputs(), outputs=(self._written(),), sql=tuple(figures.QUERIES.values()))

    @property
    def _prefix(self) -> str:
        return contract.load("object.business_report").name

    @property
    def _latest(self) -> str:
        return f"{self._prefix}/latest.html"

    def _due(self, changes: dict[date, datetime]) -> Iterator[tuple[date, str]]:
        """Days whose page does not show their two weeks as they are now, with the mark of what it should show."""
        for day in changes:
            shown = [(at, when) for at, when in changes.items() if timedelta() <= day - at < TREND]
            mark = hashlib.sha256(repr(sorted(shown)).encode()).hexdigest()[:16]
            places = [page.key(day, prefix=self._prefix, kind="html"), *([self._latest] if day == max(changes) else [])]
            if any((self.lake.metadata(place) or {}).get(MARK) != mark for place in places):
                yield day, mark

    def _write(self, session: Session, day: date, *, mark: str, newest: bool) -> list[int]:
        """The day's objects, the page last: its mark says that all are there; their sizes in bytes."""
        shown = figures.gather(session.fetch, day)
        html = page.as_html(shown)
        table = page.as_csv(shown, contract.load("object.business_report"))
        objects = [(page.key(day, prefix=self._prefix, kind="csv"), table, "text/csv; charset=utf-8")]
        objects += [(page.key(day, prefix=self._prefix, kind="html"), html, "text/html; charset=utf-8")]
        if newest:  # it lies one folder higher than the day's CSV
            latest = html.replace(b'href="report.csv"', f'href="{day}/report.csv"'.encode())
            objects.append((self._latest, latest, "text/html; charset=utf-8"))
        return [self.lake.put(at, body, content_type=kind, metadata={MARK: mark}) for at, body, kind in objects]

    def _inputs(self) -> tuple[Read, ...]:
        return tuple(
            Read(dataset=self.warehouse.dataset(table), contract=contract.load(f"warehouse.{table}")) for table in READ
        )

    def _written(self, *, rows: int | None = None, size_bytes: int | None = None, files: int | None = None) -> Written:
        promised, summary = contract.load("object.business_report"), self.warehouse.dataset("daily_summary")
        return Written(
            dataset=self.lake.object_dataset(promised.name),
            contract=promised,
            rows=rows,
            size_bytes=size_bytes,
            files=files,
            columns={name: (ColumnSource(dataset=summary, column=name),) for name in promised.schema.names()},
        )


TREND = timedelta(days=figures.TREND_DAYS)
