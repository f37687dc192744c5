"""Commands about drift: list what is open, show one dataset's, accept it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from catalog.cli.ask import Ask, asking, bring, completed, dataset_of
from catalog.wire import MAIN, VERDICTS

if TYPE_CHECKING:
    from catalog.drift import Finding
    from catalog.index import Index
    from catalog.observe import Observation


@click.group()
def drift() -> None:
    """Schema changes that nobody has accepted: what they are, whom they break, and the way to accept them.

    \b
    Datasets are compared with a baseline, which the record keeps. The first one is what schema_evolution_dag saw first;
    only `catalog drift accept` moves it.
    """


def baseline_option(command: click.decorators.FC) -> click.decorators.FC:
    """The option that names the baseline."""
    return click.option("--baseline", default=MAIN, show_default=True, help="The name of the baseline.")(command)


@drift.command("list")
@baseline_option
@asking
def list_(ask: Ask, baseline: str) -> None:
    """List open drift, the worst first; exits with 1 when something breaks somebody."""
    from catalog.entry import Completeness
    from catalog.observe import observe
    from catalog.render import drifting

    with ask.index() as index:
        told, known = index.completeness(), index.drifts()
        answers = [observe(index, one.dataset, baseline=baseline) for one in index.datasets()]
    found = [one for at in answers for one in drifting.drift(at.value, known.get(at.value.dataset)).open]
    found.sort(key=lambda one: (VERDICTS.index(one.verdict), one.dataset, one.path, one.rule))
    reasons = dict.fromkeys((*told.reasons, *(why for at in answers for why in at.completeness.reasons)))
    whole = Completeness(as_of=told.as_of, reasons=tuple(reasons))
    ask.answer("drift list", tuple(found), whole, lambda out: drifting.listed(out, found))
    if any(one.verdict == "breaking" for one in found):
        sys.exit(1)


@drift.command()
@click.argument("name", shell_complete=completed)
@baseline_option
@asking
def show(ask: Ask, name: str, baseline: str) -> None:
    """Show what became different of a dataset: the verdict for each who reads it, since when, and what to do."""
    from catalog.observe import observe
    from catalog.render import drifting
    from catalog.wire import SCHEMA_DRIFT

    with ask.index() as index:
        answer = observe(index, dataset_of(index, name), baseline=baseline)
        facet = index.facet(answer.value.dataset, SCHEMA_DRIFT)
    found = drifting.drift(answer.value, facet[0] if facet else None)
    ask.answer("drift show", found, answer.completeness, lambda out: drifting.shown(out, found))


@drift.command()
@click.argument("name", shell_complete=completed)
@click.option("--by", required=True, metavar="WHO", help="Who answers for it.")
@click.option("--reason", required=True, metavar="WHY", help="Why it is as it should be.")
@click.option("--only", metavar="FINGERPRINT", help="This change only, or the beginning of its fingerprint.")
@baseline_option
@asking
def accept(ask: Ask, name: str, by: str, reason: str, only: str | None, baseline: str) -> None:
    """Make a dataset as it is now the baseline, and tell the record who decided it and why.

    What is new in the backend is read first. With --only, one change is taken over: the whole column that it is about.
    Only the backend keeps it: when that does not answer, nothing is accepted, and the command ends with 3.
    """
    from catalog.observe import Baseline, acceptance, accepted, observe
    from catalog.observe.baseline import namespace_of
    from catalog.render import drifting

    with _told_or_not(), ask.index() as index:
        bring(index, ask.settings, rebuild=False)
        dataset = dataset_of(index, name)
        answer = observe(index, dataset, baseline=baseline)
        found, entry = answer.value, index.dataset(dataset)
        chosen = _chosen(found, only)
        kept = Baseline(
            name=baseline, accepted_by=by, reason=reason, since=datetime.now(UTC),
            columns=accepted(found.baseline.columns if found.baseline else (), found.columns,
                             chosen[0].change if only else None),
        )  # fmt: skip
        namespace = namespace_of((*entry.readers, *entry.writers))
        _tell(ask, index, acceptance(entry, kept, namespace=namespace, at=kept.since))
    told = drifting.Accepted(
        dataset=dataset, baseline=baseline, accepted_by=by, reason=reason, since=kept.since, columns=kept.columns,
        accepted=tuple(map(drifting.opened, chosen)),
    )  # fmt: skip
    ask.answer("drift accept", told, answer.completeness, lambda out: drifting.moved(out, told))


def _chosen(found: "Observation", only: str | None) -> "tuple[Finding, ...]":
    """All open findings, or the one that is named."""
    if not found.columns and found.baseline is None:
        raise click.UsageError(f"Nobody has told a schema of {found.dataset} yet: there is nothing to accept.")
    if only is None:
        return found.findings
    named = tuple(one for one in found.findings if one.fingerprint.startswith(only))
    if len(named) != 1:
        there = ", ".join(one.fingerprint for one in found.findings) or "none"
        raise click.UsageError(f"--only {only!r} is not the fingerprint of one open change; open: {there}.")
    return named


@contextmanager
def _told_or_not() -> Iterator[None]:
    """What an error of the backend means for what was to be accepted."""
    from catalog.errors import MarquezError

    try:
        yield
    except MarquezError:
        click.echo("catalog: not accepted, the backend has not confirmed it; repeat the command, twice does no harm.",
                   err=True)  # fmt: skip
        raise


def _tell(ask: Ask, index: "Index", event: dict[str, object]) -> None:
    """Send the event, then read it back: what follows is read from the record."""
    from catalog.errors import MarquezError
    from catalog.marquez import Marquez

    with Marquez.open(ask.settings) as client:
        client.tell(event)
    try:
        bring(index, ask.settings, rebuild=False)
    except MarquezError as problem:  # it is in the record; only this index does not know yet
        click.echo(f"catalog: {problem} It is accepted; `catalog sync` brings it here.", err=True)


COMMANDS = (drift,)
