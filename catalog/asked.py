"""The rules by which jobs checked datasets, as the record tells them, in the words that drift is judged in."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from catalog.contract import Contract
from catalog.drift import Check, suite
from catalog.index import Index
from catalog.index.store import rows_in

SEVERITY = {"error": "critical", "warn": "warning"}
"""Words of a suite for those of the assertions facet (1-1-0)."""
CUT = "…"
"""The end of a parameter that was too long for the facet."""
SET, FIT = "expect_table_columns_to_match_set", "expect_text_to_fit"
ALIASES = "SELECT alias, dataset FROM alias WHERE dataset IN ({ids})"
ASKED = """SELECT u.job, u.id AS run, x.dataset, x.name, x."column" AS path, x.params, r.severity FROM run u
  JOIN result r ON r.run = u.id JOIN expectation x ON x.id = r.expectation WHERE u.job IN ({ids}) AND u.id IN
  (SELECT v.id FROM run v WHERE v.job = u.job ORDER BY v.first DESC LIMIT 10) AND x.dataset IN (%s)
  ORDER BY u.first DESC"""
"""Checks of datasets in the last runs of jobs, newest run first; several jobs may share a check."""


def checks(
    index: Index, datasets: Mapping[int, Contract | None], jobs: Iterable[int], *, derived: bool = True
) -> dict[tuple[int, int], tuple[Check, ...]]:
    """By dataset and job, the rules of the job's newest run that checked the dataset.

    Datasets by their number, with their contracts. Without `derived`, rules that follow from a contract are left out.
    """
    names = {at: at for at in datasets} | {row["alias"]: row["dataset"] for row in rows_in(index.db, ALIASES, datasets)}
    found: dict[tuple[int, int], tuple[int, list[Check]]] = {}
    for row in rows_in(index.db, ASKED.replace("%s", ",".join(map(str, names))), jobs):
        dataset = names[row["dataset"]]
        contract = datasets[dataset]
        run, rules = found.setdefault((dataset, row["job"]), (row["run"], []))
        params = json.loads(row["params"])
        if row["run"] == run and (derived or contract is None or "owner" in params):  # nobody owns what follows
            rules += _rules(row["name"], row["path"], row["severity"], params, contract)
    return {at: tuple(rules) for at, (_, rules) in found.items()}


def _rules(
    name: str, column: str | None, severity: str, params: Mapping[str, str], contract: Contract | None
) -> Iterator[Check]:
    """A check of the record as the rules it is made of.

    The record cuts long parameters; what such a rule asks is what the contract says, from which it was derived
    (lineage.expectations.schema).
    """
    kind, severity = name.partition("(")[0], SEVERITY.get(severity, severity)
    if contract and (derived := _derived(contract).get(kind)):
        yield from (replace(one, severity=severity) for one in derived)
        return
    told = {name: _value(text) for name, text in sorted(params.items()) if not text.endswith(CUT)}
    if contract and params.get("value_set", "").endswith(CUT):
        told["value_set"] = next((one.enum for path, one in contract.schema.walk() if path == column), ())
    yield Check(type=kind, column=column, kwargs=tuple(told.items()), severity=severity)


def _derived(contract: Contract) -> Mapping[str, tuple[Check, ...]]:
    """The rules on all columns at once that follow from a contract, by type; those on types and lengths as one each."""
    fields, names = contract.schema.fields, contract.schema.names()
    lengths = ((one.name, one.parameters[0]) for one in fields if one.base == "string" and one.parameters)
    return {
        SET: (Check(type=SET, kwargs=(("column_set", names), ("exact_match", False))),),
        suite.UNKNOWN: (Check(type=suite.UNKNOWN, kwargs=(("known", names),)),),
        suite.OF_CONTRACT: tuple(
            Check(type=suite.OF_CONTRACT, column=one.name, kwargs=(("type_", one.type),)) for one in fields
        ),
        FIT: tuple(Check(type=FIT, column=name, kwargs=(("max_value", most),)) for name, most in lengths),
    }


def _value(text: str) -> object:
    """A parameter as it was before it was written into the facet as text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return tuple(value) if isinstance(value, list) else value
