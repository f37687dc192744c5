"""Schema drift in the record: read the history, compare with the baseline, tell what is new, say what it reaches."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from catalog import contract as contracts
from catalog.dataset import Dataset
from catalog.wire import MAIN
from lineage import drift
from lineage.hooks.notice import NoticeHook
from lineage.notifier import links
from lineage.operators.base import RecordOperator
from lineage.outcome import Check, Compared, Message, Outcome, Read

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

    from catalog.entry import DatasetEntry
    from catalog.index import Index
    from catalog.observe import Observation, Reach

REPORT, DOCUMENTS = "object.drift_report", "object.flow_documents"


class ReadSchemaHistoryOperator(RecordOperator):
    """Read the schemas that the lineage backend recorded, of topics and other datasets that are only read, too.

    Its XCom `datasets` names those to compare, so that every later task of the run is about the same ones. Rows in are
    schema versions.
    """

    ui_color = "#d9e8f5"

    def run(self, context: "Context") -> Outcome:
        """The same record gives the same datasets and versions."""
        from catalog import history

        with self.hook.reading() as (index, _):
            present = [entry.dataset for entry in index.datasets()]
            versions = {at: history.versions(index, at).value for at in present}
            told = index.completeness()
        known = [[at.namespace, at.name] for at, found in versions.items() if found]
        context["ti"].xcom_push(key="datasets", value=known)
        for reason in told.reasons:
            self.log.warning("the record may lack something: %s", reason)
        return Outcome(
            inputs=(self.record(),),
            rows_in=sum(map(len, versions.values())),
            counts={"datasets": len(known), "without a schema": len(present) - len(known)},
        )

    def expected(self) -> Outcome:
        """The record."""
        return Outcome(inputs=(self.record(),))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One dataset, compared."""

    entry: "DatasetEntry"
    observation: "Observation"
    complete: bool
    told: Mapping[str, Any] | None
    """Its former drift facet."""
    first: bool
    """Whether its baseline is told now, by this task."""

    @property
    def known(self) -> "dict[str, datetime | None]":
        """Since when findings are open, by fingerprint, as told before."""
        from catalog.observe.told import standing

        return standing(self.entry.dataset, self.told or {}).known


class DetectSchemaDriftOperator(RecordOperator):
    """Compare each dataset with its baseline and tell what nobody has accepted: a facet, a check, and news once.

    A dataset without a baseline gets one from what was observed until then; it never moves by itself after that
    (`catalog drift accept` moves it). People are told of a finding when it is new, and when it is over. Rows in are
    datasets compared; those with a breaking finding are rejected.

    Args:
        baseline: the name of the baseline to compare with.
        read_by: the task whose XCom names the datasets.
    """

    ui_color = "#f7e3d0"

    def __init__(
        self, *, baseline: str = MAIN, read_by: str = "read_schema_history", notices: NoticeHook | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.baseline, self.read_by = baseline, read_by
        self.notices = notices or NoticeHook()

    def run(self, context: "Context") -> Outcome:
        """The same record tells the same findings; only new ones, and ones that are over, are sent."""
        names = context["ti"].xcom_pull(task_ids=self.read_by, key="datasets") or []
        with self.hook.reading() as (index, client):
            began: Any = context["dag_run"].start_date
            self.hook.await_runs(index, client, [self.hook.job(f"{self.dag_id}.{self.read_by}")], since=began)
            found = [one for name in names if (one := self._compared(index, Dataset(*name)))]
        facets = {str(one.entry.dataset): self._facet(one) for one in found}
        context["ti"].xcom_push(key="drift", value=facets)
        messages = self._tell(context, found)
        reads = [self._read(one, facets[str(one.entry.dataset)]) for one in found]
        record = self.record()  # a dataset like any other: it is told once
        broken = sum(bool(one.observation.breaking) for one in found)
        opened = sum(len(one.observation.findings) for one in found)
        return Outcome(
            inputs=(*([] if record.dataset in [one.dataset for one in reads] else [record]), *reads),
            rows_in=len(found), rows_rejected=broken, rejected={"breaking drift": broken} if broken else {},
            counts={"open": opened, **drift.turns([(one.observation, one.known) for one in found]),
                    "first baselines": sum(one.first for one in found)},
            messages=messages, alerted=True,
        )  # fmt: skip

    def expected(self) -> Outcome:
        """The record; which datasets is in it."""
        return Outcome(inputs=(self.record(),))

    def _compared(self, index: "Index", dataset: Dataset) -> _Found | None:
        """None where there is nothing to compare, or nobody looked since: what was told before stays."""
        from catalog.observe import Baseline, observe
        from catalog.wire import SCHEMA_DRIFT

        answer = observe(index, dataset, baseline=self.baseline)
        one, entry = answer.value, index.dataset(dataset)
        for line in one.spared:
            self.log.info("%s: %s", dataset, line)
        first = one.baseline is None
        if first:
            me = f"{self.dag_id}.{self.task_id}"
            at = answer.completeness.as_of or datetime.now(UTC)
            one = replace(one, baseline=Baseline(
                name=self.baseline, columns=one.columns, accepted_by=me, reason="first seen", since=at))  # fmt: skip
        if not (one.columns if first else one.compared):
            return None
        told = index.facet(dataset, SCHEMA_DRIFT)
        complete = answer.completeness.complete
        return _Found(entry=entry, observation=one, complete=complete, told=told and told[0], first=first)

    def _facet(self, one: _Found) -> dict[str, Any]:
        from catalog.observe import drift_facet

        return drift_facet(one.observation, complete=one.complete, known=one.known)

    def _read(self, one: _Found, facet: Mapping[str, Any]) -> Read:
        from catalog.observe import baseline_facet, called
        from catalog.observe.reach import OWN

        kept = one.observation.baseline
        assert kept is not None
        check = Check(
            name=OWN, success=not one.observation.findings, severity="warning",
            expected=f"as {kept.accepted_by} accepted it on {kept.since:%Y-%m-%d}",
            actual=drift.counted(one.observation.findings), params={"baseline": kept.name},
            examples=tuple(str(each.change) for each in one.observation.findings[: drift.SHOWN]),
        )  # fmt: skip
        compared = Compared(
            drift=facet, baseline=baseline_facet(kept) if one.first else None, description=one.entry.description
        )
        promised = contracts.load_all().get(called(one.entry))
        return Read(dataset=one.entry.dataset, contract=promised, checks=(check,), compared=compared)

    def _tell(self, context: "Context", found: Sequence[_Found]) -> tuple[Message, ...]:
        """Send what is new and what is over; a message that no channel takes fails the task, which tells it again."""
        places = links(context["ti"], None)
        sent: list[Message] = []
        for one in found:
            page = drift.page(self.hook.settings.catalog_url, one.entry.dataset)
            for notice in drift.notices(one.entry, one.observation, one.told or {}, links=(*page, *places)):
                self.log.info("%s: %s", notice.title, "; ".join(notice.what))
                sent += self.notices.send(notice)
        return tuple(sent)


class AssessImpactOperator(RecordOperator):
    """Follow each open finding through the record to everything it can reach, and leave the report in the lake.

    `reports/drift/<run>.json` and `latest.json`: tables, columns, tasks, expectations, reports, owners, tiers and runs
    of the last day, to full depth, with how complete the record is. Rows in are findings. A rerun writes them again.

    Args:
        found_by: the task whose XCom has the findings.
    """

    ui_color = "#f3e1c0"

    def __init__(self, *, found_by: str = "detect_schema_drift", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.found_by = found_by

    def run(self, context: "Context") -> Outcome:
        """What nobody knows is told as unknown, never as none."""
        from catalog.observe import reach

        facets = context["ti"].xcom_pull(task_ids=self.found_by, key="drift") or {}
        with self.hook.reading() as (index, _):
            reached = [
                (one, reach(index, dataset, str(one["path"])))
                for dataset, facet in _by_dataset(index, facets)
                for one in facet["open"]
            ]
            told = index.completeness()
        whole = all(facet["complete"] for facet in facets.values())
        run_id = str(context["dag_run"].run_id)
        report = drift.report(reached, told, run_id=run_id, whole=whole)
        sizes = self._write(report, run_id)
        context["ti"].xcom_push(key="impact", value=drift.brief(report))
        context["ti"].xcom_push(key="ends", value=_ends([answer.value for _, answer in reached]))
        return Outcome(
            inputs=(self.record(),),
            outputs=(self.objects(REPORT, rows=1, size_bytes=sum(sizes), files=len(sizes)),),
            rows_in=len(reached), rows_out=len(reached), counts={"breaking": report["breaking"]},
            links={"drift report": f"s3://{self.lake.bucket}/{self._prefix}/latest.json"},
        )  # fmt: skip

    def expected(self) -> Outcome:
        """The record, and the folder of reports."""
        return Outcome(inputs=(self.record(),), outputs=(self.objects(REPORT),))

    @property
    def _prefix(self) -> str:
        return contracts.load(REPORT).name

    def _write(self, report: Mapping[str, Any], run_id: str) -> list[int]:
        body = json.dumps(report, indent=1, ensure_ascii=False).encode()
        keys = (f"{drift.file_name(run_id)}.json", "latest.json")
        return [self.lake.put(f"{self._prefix}/{key}", body, content_type="application/json") for key in keys]


class DocumentFlowOperator(RecordOperator):
    """Write how data gets to each report, and to every end of a flow that an open finding reaches, into the lake.

    `docs/flows/<dataset>.md`, drawn from what ran. Rows are documents; the same record gives the same bytes.

    Args:
        reached_by: the task whose XCom names the ends that are reached.
    """

    ui_color = "#d9f2e3"

    def __init__(self, *, reached_by: str = "assess_impact", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reached_by = reached_by

    def run(self, context: "Context") -> Outcome:
        """Documents of ends that are not reached any more stay as they were."""
        reached = [Dataset(*name) for name in context["ti"].xcom_pull(task_ids=self.reached_by, key="ends") or ()]
        with self.hook.reading() as (index, _):
            sizes = [self.lake.put(key, body, content_type="text/markdown; charset=utf-8")
                     for key, body in self._documents(index, reached)]  # fmt: skip
        written = self.objects(DOCUMENTS, rows=len(sizes), size_bytes=sum(sizes), files=len(sizes))
        links = {"flow documents": f"s3://{self.lake.bucket}/{contracts.load(DOCUMENTS).name}/"}
        return Outcome(
            inputs=(self.record(),), outputs=(written,), rows_in=len(sizes), rows_out=len(sizes), links=links
        )

    def expected(self) -> Outcome:
        """The record, and the documents."""
        return Outcome(inputs=(self.record(),), outputs=(self.objects(DOCUMENTS),))

    def _documents(self, index: "Index", reached: Sequence[Dataset]) -> Iterator[tuple[str, bytes]]:
        from catalog import flow
        from catalog.observe import called
        from catalog.observe.reach import REPORT as TAG
        from catalog.render import markdown

        reports = [entry.dataset for entry in index.datasets() if TAG in entry.tags and not entry.vanished]
        for dataset in sorted({*reached, *reports}):
            found = flow.flow(index, dataset)
            name = drift.file_name(called(found.value.target))
            text = markdown.flow(found.value, found.completeness)
            yield f"{contracts.load(DOCUMENTS).name}/{name}.md", text.encode()


def _by_dataset(index: "Index", facets: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[Dataset, Mapping[str, Any]]]:
    """The datasets with open findings, by name."""
    named = {str(entry.dataset): entry.dataset for entry in index.datasets()}
    return ((named[name], facet) for name, facet in sorted(facets.items()) if name in named and facet["open"])


def _ends(reached: Sequence["Reach"]) -> list[list[str]]:
    return [[at.namespace, at.name] for at in sorted({end for one in reached for end in one.ends})]
