"""The quality report of a run: a page and JSON in the lake; and the run's verdict."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from catalog import contract as contracts
from lineage import trigger
from lineage.errors import QualityFailed
from lineage.hooks import place
from lineage.operators.base import RecordOperator
from lineage.outcome import Outcome
from lineage.reports import quality, quality_page

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

    from catalog.index import Index
    from lineage.reports.quality import Quality

REPORT = "object.quality_report"
FIRST = datetime(1970, 1, 1, tzinfo=UTC)


class GenerateQualityReportOperator(RecordOperator):
    """Write `reports/quality/<day>/<time>/report.{html,json}` and `latest.html`; then fail if a critical check did.

    The run's own results come from what its tasks left as XCom, their history, owners and what is downstream from the
    lineage backend's record. A rerun writes the same objects again.

    Args:
        task_ids: the tasks whose checks are told, in the order of the run.
        contract_ids: the datasets that they check.
        profiled_by: the task whose profile is drawn.
    """

    ui_color = "#f3e1c0"

    def __init__(
        self,
        *,
        task_ids: Sequence[str],
        contract_ids: Sequence[str],
        profiled_by: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.task_ids, self.contract_ids = list(task_ids), list(contract_ids)
        self.profiled_by = profiled_by

    def run(self, context: "Context") -> Outcome:
        """Rows in are checks, rows out those that hold, rejected the others.

        Raises:
            QualityFailed: a critical check of the run failed; the report is written.
        """
        told = {task_id: context["ti"].xcom_pull(task_ids=task_id) or {} for task_id in self.task_ids}
        profile = context["ti"].xcom_pull(task_ids=self.profiled_by, key="profile") or {}
        with self.hook.reading() as (index, _):
            report = self._gather(index, context, told=told, profile=profile)
        sizes = self._write(report)
        failed = report.failed()
        outcome = Outcome(
            inputs=(self.record(),),
            outputs=(self.objects(REPORT, rows=1, size_bytes=sum(sizes), files=len(sizes)),),
            rows_in=len(report.findings),
            rows_out=len(report.findings) - len(failed),
            rows_rejected=len(failed),
            counts={"critical": len(report.failed("critical")), "anomalies": len(report.anomalies)},
            links={"quality report": f"s3://{self.lake.bucket}/{self._prefix}/latest.html"},
        )
        self.log.info("%s %s", quality_page.verdict(report), outcome.links["quality report"])
        if report.failed("critical"):
            titles = [f"{one.title} of {one.dataset}" for one in report.failed("critical")]
            raise QualityFailed(outcome, titles=titles, report=outcome.links["quality report"])
        return outcome

    def expected(self) -> Outcome:
        """The record, and the folder of reports."""
        return Outcome(inputs=(self.record(),), outputs=(self.objects(REPORT),))

    def _gather(
        self, index: "Index", context: "Context", *, told: Mapping[str, Mapping[str, Any]], profile: Mapping[str, Any]
    ) -> "Quality":
        from catalog.learned import learned

        interval, run = trigger.interval(context), context["dag_run"]
        began = run.start_date or datetime.now(UTC)
        promised = {place.dataset(one): one for one in map(contracts.load, self.contract_ids)}
        jobs = [self.hook.job(f"{self.dag_id}.{name}") for name in (self.profiled_by, *self.task_ids)]
        since = _before(index, self.hook.job(f"{self.dag_id}.{self.task_id}"))
        known = learned(index, since=since)
        return quality.Quality(
            time=interval[1] if interval else began,
            run_id=run.run_id,
            interval=interval,
            subjects=tuple(quality.subjects(index, told, promised, measured_by=jobs)),
            profile=profile,
            learned=quality.words(known.value),
            as_of=known.completeness.as_of,
            lacks=known.completeness.reasons,
        )

    def _write(self, report: "Quality") -> list[int]:
        """The report's objects; their sizes in bytes."""
        html, told = quality_page.as_html(report), quality_page.as_json(report)
        folder = f"{self._prefix}/{report.time:%Y-%m-%d/%H%M%S}"
        latest = html.replace(b'href="report.json"', f'href="{report.time:%Y-%m-%d/%H%M%S}/report.json"'.encode())
        return [
            self.lake.put(f"{folder}/report.json", told, content_type="application/json"),
            self.lake.put(f"{folder}/report.html", html, content_type="text/html; charset=utf-8"),
            self.lake.put(f"{self._prefix}/latest.html", latest, content_type="text/html; charset=utf-8"),
        ]

    @property
    def _prefix(self) -> str:
        return contracts.load(REPORT).name


def _before(index: "Index", job: Any) -> datetime:
    """When the last report was made, whatever its verdict."""
    return max((run.ended for run in index.runs(job, limit=20) if run.ended), default=FIRST)
