"""The GX project folder: suites as files, runs of them on a batch, and data docs that hold no personal data.

The folder is `$GREAT_EXPECTATIONS_CONFIG_DIR`, else `great_expectations/` beside this package. What runs write goes to
its `uncommitted/`, or to `$ECOMPULSE_DATA_DOCS` where that is set (a folder that all workers share).
GX takes seconds to import: inside functions only.
"""

import fcntl
import importlib.util
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from catalog.contract import Contract
from lineage.errors import ConfigurationError
from lineage.expectations import schema
from lineage.expectations.batch import Batch, in_memory, measure
from lineage.expectations.result import check, mask
from lineage.expectations.schema import ASPECTS, Aspect
from lineage.outcome import Check, Read, TopicOffsets

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
    from great_expectations.datasource.fluent.interfaces import Batch as GxBatch

FOLDER = Path(__file__).resolve().parents[2] / "great_expectations"
EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What came of one suite on one batch."""

    read: Read
    rejected: int
    """Rows that break a critical rule, at least: the most that any single rule found."""
    page: str
    """Where the data docs say so."""
    offsets: tuple[TopicOffsets, ...] = ()
    """Of a topic, what was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A GX project: `folder` with its configuration and suites, `output` for what runs write."""

    folder: Path
    output: Path

    @classmethod
    def from_environment(cls) -> "Project":
        """Of `GREAT_EXPECTATIONS_CONFIG_DIR` and `ECOMPULSE_DATA_DOCS`.

        Raises:
            ConfigurationError: there is no project in that folder.
        """
        folder = Path(os.environ.get("GREAT_EXPECTATIONS_CONFIG_DIR") or FOLDER).resolve()
        if not (folder / "great_expectations.yml").is_file():
            raise ConfigurationError("GREAT_EXPECTATIONS_CONFIG_DIR", f"no great_expectations.yml in {folder}")
        output = os.environ.get("ECOMPULSE_DATA_DOCS")
        return cls(folder=folder, output=Path(output).resolve() if output else folder / "uncommitted")

    def suite(
        self, name: str, contract: Contract, *, aspects: Sequence[Aspect] = ASPECTS
    ) -> tuple[schema.Configuration, ...]:
        """The suite's expectations for one dataset: what its contract says, then the rules of the file.

        Each has one aspect (`meta.aspect`), so that tasks which each ask for another one share them out.

        Raises:
            ConfigurationError: no such suite.
        """
        path = self.folder / "expectations" / f"{name}.json"
        if not path.is_file():
            raise ConfigurationError("suite", f"no {path.name} in {path.parent}")
        rules = json.loads(path.read_text(encoding="utf-8"))["expectations"]
        mine = (rule for rule in rules if contract.id in rule["meta"].get("contracts", [contract.id]))
        return tuple(rule for rule in (*schema.from_contract(contract), *mine) if rule["meta"]["aspect"] in aspects)

    def validate(
        self, batch: Batch, *, suite: str, as_of: datetime, run: str, aspects: Sequence[Aspect] = ASPECTS
    ) -> Validation:
        """Run a suite on a batch, keep the result and its page; personal data is blanked before anything is kept."""
        context = self._context()
        rows, rules = _open(context, batch), self.suite(suite, batch.contract, aspects=aspects)
        found = _results(rows, batch, name=suite, rules=rules, as_of=as_of)
        count, metrics = measure(batch, _query(rows, batch))
        checks = tuple(check(one) for one in found.results)
        return Validation(
            read=Read(
                dataset=batch.dataset,
                contract=batch.contract,
                rows=count,
                newest=batch.newest,
                checks=checks,
                metrics=metrics,
            ),
            rejected=max((_rejected(one) for one in found.results), default=0),
            page=self._publish(context, found, batch=batch, at=as_of, run=run),
            offsets=batch.offsets,
        )

    def judge(self, batch: Batch, rules: Iterable[schema.Configuration], *, as_of: datetime) -> tuple[Check, ...]:
        """What these rules say of a batch; nothing is kept."""
        found = _results(_open(self._context(), batch), batch, name="rules", rules=rules, as_of=as_of)
        return tuple(check(one) for one in found.results)

    def _context(self) -> "AbstractDataContext":
        """The project as a context in memory: a file context would write each run's data source into the YAML."""
        logging.getLogger("great_expectations").setLevel(logging.WARNING)  # it tells dozens of things while importing
        _on_demand("scipy.stats")  # a quarter of GX's import, for an expectation that no suite has
        import great_expectations as gx

        # Importing them registers the domain's expectations with GX.
        from lineage.expectations import event, rule, session, table  # noqa: F401

        settings = yaml.safe_load((self.folder / "great_expectations.yml").read_text(encoding="utf-8"))
        settings["plugins_directory"] = str(self.folder / settings["plugins_directory"])
        for backend in _backends(settings):
            place = backend["base_directory"]
            inside = place.removeprefix("uncommitted/")
            backend["base_directory"] = str((self.folder if inside == place else self.output) / inside)
        return gx.get_context(mode="ephemeral", project_config=settings)

    def _publish(
        self,
        context: "AbstractDataContext",
        found: "ExpectationSuiteValidationResult",
        *,
        batch: Batch,
        at: datetime,
        run: str,
    ) -> str:
        """Keep the result, and write its page, its suite's page and the index: no other page is written again."""
        from great_expectations.core.run_identifier import RunIdentifier
        from great_expectations.data_context.types.resource_identifiers import (
            ExpectationSuiteIdentifier,
            ValidationResultIdentifier,
        )

        run_id = RunIdentifier(run_name=re.sub(r"[^\w.-]+", "_", run), run_time=at)
        found.meta |= {
            "run_id": run_id,
            "validation_time": at.isoformat(),
            "rows": batch.scope,
            "owner": batch.contract.owner,
        }
        suite = ExpectationSuiteIdentifier(name=str(found.suite_name))
        page = ValidationResultIdentifier(
            expectation_suite_identifier=suite, run_id=run_id, batch_identifier=batch.contract.id
        )
        with _one_at_a_time(self.output):
            context.validation_results_store.set(page, found)
            context.build_data_docs(resource_identifiers=[page, suite])  # type: ignore[arg-type]  # both kinds are fine
        (place,) = context.get_docs_sites_urls(resource_identifier=page)
        return str(place["site_url"])


def _on_demand(name: str) -> None:
    """Let a module be read when somebody asks it for something, not when it is imported (importlib.util.LazyLoader)."""
    spec = None if name in sys.modules else importlib.util.find_spec(name)
    if spec and spec.loader:
        spec.loader = importlib.util.LazyLoader(spec.loader)
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        parent, _, own = name.rpartition(".")
        setattr(sys.modules[parent], own, module)  # where `from parent import own` finds it without asking it


def _backends(settings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The store backends of stores and sites that keep files."""
    for holder in (*settings["stores"].values(), *settings["data_docs_sites"].values()):
        if "base_directory" in holder["store_backend"]:
            yield holder["store_backend"]


def _results(
    rows: "GxBatch", batch: Batch, *, name: str, rules: Iterable[schema.Configuration], as_of: datetime
) -> "ExpectationSuiteValidationResult":
    """The suite's results, with what is personal in them blanked."""
    from great_expectations.core import ExpectationSuiteValidationResult

    from great_expectations import ExpectationSuite

    found = rows.validate(
        ExpectationSuite(name=name, expectations=[dict(rule) for rule in rules]),
        result_format={"result_format": "SUMMARY", "partial_unexpected_count": EXAMPLES},
        expectation_parameters={
            "as_of": as_of,
            "newest": batch.newest,
            "rows_in_table": batch.rows_in_table,
            "held_rows": batch.held_rows,
            "seen_types": dict(batch.types),
        },
    )
    assert isinstance(found, ExpectationSuiteValidationResult)
    mask(found, batch.contract)
    return found


def _open(context: "AbstractDataContext", batch: Batch) -> "GxBatch":
    """The batch for GX: a data frame with Arrow's types (decimals stay exact), or a query in the warehouse."""
    name = batch.contract.id
    if batch.frame is None:
        assert batch.url is not None
        url = batch.url.render_as_string(hide_password=False)
        # Redshift asks for the package sqlalchemy-redshift on the worker.
        add = (
            context.data_sources.add_redshift if "redshift" in url.split(":")[0] else context.data_sources.add_postgres
        )
        table = add(name=name, connection_string=url).add_query_asset(name, query=batch.select)  # type: ignore[arg-type]
        return table.add_batch_definition_whole_table(name).get_batch()
    import pandas as pd  # type: ignore[import-untyped]  # its stubs are a package of their own

    frame = batch.frame.to_pandas(types_mapper=pd.ArrowDtype)
    asset = context.data_sources.add_pandas(name).add_dataframe_asset(name)
    return asset.add_batch_definition_whole_dataframe(name).get_batch(batch_parameters={"dataframe": frame})


def _query(rows: "GxBatch", batch: Batch) -> Callable[[str], list[tuple[Any, ...]]]:
    """Runs SQL over a relation named `batch`, where the rows are."""
    import sqlalchemy

    def on_frame(sql: str) -> list[tuple[Any, ...]]:
        with in_memory() as engine:
            engine.register("batch", batch.frame)
            return engine.execute(sql).fetchall()

    def in_warehouse(sql: str) -> list[tuple[Any, ...]]:
        assert batch.url is not None
        engine = sqlalchemy.create_engine(batch.url, poolclass=sqlalchemy.NullPool)
        with engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(f"with batch as ({batch.select}) {sql}")]

    return on_frame if batch.frame is not None else in_warehouse


def _rejected(result: Any) -> int:
    """Rows that one failed critical rule found wrong."""
    if result.success or result.expectation_config.severity.value != "critical":
        return 0
    return int(result.result.get("unexpected_count") or 0)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Tasks of one machine build the site in turn: they share its index."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
