"""Tells people, in Slack and by mail, what a whole run did."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from catalog import contract as contracts
from lineage.hooks.notice import NoticeHook
from lineage.notice import MOST_CHECKS, Notice, called
from lineage.notifier import links
from lineage.operators.base import ConnectedOperator
from lineage.outcome import Outcome, Read

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

HEADER = ("task", "in", "out", "rejected", "seconds")


class SlackNotificationOperator(ConnectedOperator):
    """Sends one summary of the tasks named, made from the outcomes they left as XCom.

    :param task_ids: in the order to be shown.
    :param about: contract ids of the lake's objects that the message points to.
    :param title: of the message, templated.
    :param hook: connection ids and addresses; a channel with an empty id is left out.
    """

    template_fields: Sequence[str] = (*ConnectedOperator.template_fields, "title", "task_ids")

    def __init__(
        self,
        *,
        task_ids: Sequence[str],
        about: Sequence[str] = (),
        title: str = "{{ dag.dag_id }}",
        hook: NoticeHook | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.about = list(about)
        self.task_ids = list(task_ids)
        self.title = title
        self.hook = hook or NoticeHook()

    def run(self, context: "Context") -> Outcome:
        """Outcome with the messages that were sent."""
        ti = context["ti"]
        done = {name: ti.xcom_pull(task_ids=name) or {} for name in self.task_ids}
        return replace(self.expected(), messages=self.hook.send(self._notice(ti, done)))

    def expected(self) -> Outcome:
        """What the message is about; the message itself is no dataset."""
        wanted = [contracts.load(each) for each in self.about]
        return Outcome(inputs=tuple(Read(dataset=self.lake.object_dataset(at.name), contract=at) for at in wanted))

    def _notice(self, ti: Any, done: Mapping[str, Mapping[str, Any]]) -> Notice:
        checks = [check for summary in done.values() for check in summary.get("checks", ())]
        failed = [check for check in checks if not check["success"]]
        extra = {label: url for summary in done.values() for label, url in (summary.get("links") or {}).items()}
        lines = [f"{len(done)} tasks, {len(checks)} checks, {len(failed)} with a warning"]
        lines += [_sentence(check) for check in failed[:MOST_CHECKS]]
        if len(failed) > MOST_CHECKS:
            lines.append(f"and {len(failed) - MOST_CHECKS} more")
        rejected = sum(int(summary.get("rows_rejected") or 0) for summary in done.values())
        return Notice(
            level="warning" if failed else "done",
            title=f"{self.title} is done" + (" with warnings" if failed else ""),
            what=tuple(lines),
            since=f"run {ti.run_id}",
            rows=f"{_figure(done[self.task_ids[0]].get('rows_in'))} new at the door, {rejected:,} rejected on the way",
            owner=str(self.owner),
            links=links(ti, Outcome(links=extra)),
            next_step="Look at the warnings." if failed else "Nothing.",
            table=(HEADER, *(self._row(name, summary) for name, summary in done.items())),
        )

    def _row(self, name: str, summary: Mapping[str, Any]) -> tuple[str, ...]:
        figures = [summary.get(key) for key in ("rows_in", "rows_out", "rows_rejected", "seconds")]
        return (name, *(_figure(value) for value in figures))


def _sentence(check: Mapping[str, Any]) -> str:
    where = f"{called(check['dataset'])}: " if "dataset" in check else ""
    return f"{where}{check['title']}: expected {check['expected']}, found {check['actual']}"


def _figure(value: object) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int | float) else str(value)
