"""What the files of one side of a branch declare: contracts, suites and statements, each read once, when asked for."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from catalog.contract import Contract, parse_bytes
from catalog.drift import Check, Shape
from catalog.drift.shape import of_contract, of_suite
from catalog.errors import ContractInvalid

CONTRACTS = "catalog/contracts"
SUITES = "great_expectations/expectations"
DECLARING = re.compile(rf"{CONTRACTS}/[^/]+\.yaml|{SUITES}/[^/]+\.json|.*\.sql")
"""Files that a review reads: contracts, suites, and SQL anywhere."""
Files = Mapping[str, bytes]
"""Content by path, relative to the top of the repository."""
Json = Mapping[str, Any]


class Contracts(Mapping[str, Contract]):
    """Contracts by id, parsed once each when asked for: a review of thousands reads few of them."""

    def __init__(self, files: Files) -> None:
        self.files = {PurePosixPath(path).stem: path for path in files if path.startswith(f"{CONTRACTS}/")}
        self._texts = files
        self._read: dict[str, Contract] = {}

    def __getitem__(self, contract_id: str) -> Contract:
        if contract_id not in self._read:
            path = self.files[contract_id]
            self._read[contract_id] = parse_bytes(Path(path), self._texts[path])
        return self._read[contract_id]

    def get(self, contract_id: str, default: Any = None) -> Any:
        """A contract; `default` when there is none, or it cannot be read."""
        try:
            return self[contract_id]
        except (KeyError, ContractInvalid):
            return default

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.files))

    def __len__(self) -> int:
        return len(self.files)


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a file cannot be read, and in which line."""

    why: str
    line: int = 1


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One side of a branch."""

    files: Files
    contracts: Contracts
    problems: dict[str, Unread] = field(default_factory=dict)
    """Files that cannot be read; filled while they are."""
    _suites: dict[str, Json | None] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Files) -> "Declared":
        """What these files declare."""
        return cls(files=files, contracts=Contracts(files))

    def text(self, path: str) -> str:
        """A file's text; of one that is not there it is empty."""
        return self.files.get(path, b"").decode(errors="replace")

    def contract(self, contract_id: str) -> Contract | None:
        """A contract, None when there is none or it cannot be read."""
        if contract_id not in self.contracts.files:
            return None
        try:
            return self.contracts[contract_id]
        except ContractInvalid as problem:
            self.problems[self.contracts.files[contract_id]] = _unread(problem)
            return None

    def suite(self, name: str) -> Json | None:
        """A suite's document, None when there is none or it cannot be read."""
        path = f"{SUITES}/{name}.json"
        if path in self.files and name not in self._suites:
            self._suites[name] = self._suite(path)
        return self._suites.get(name)

    def _suite(self, path: str) -> Json | None:
        try:
            found = json.loads(self.files[path])
            json.dumps(found, ensure_ascii=False).encode()  # half letters are none
            of_suite(found)
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            line = problem.lineno if isinstance(problem, json.JSONDecodeError) else 1
            self.problems[path] = Unread(f"is no suite: {type(problem).__name__} {problem}", line)
            return None
        return found if isinstance(found, dict) else None

    def rules(self, contract: Contract) -> Json | None:
        """The suite of a contract without the rules that are about other datasets only."""
        found = self.suite(contract.suite) if contract.suite else None
        if found is None:
            return None
        mine = [one for one in found.get("expectations", ()) if contract.id in _about(one, contract.id)]
        return {**found, "expectations": mine}

    def checks(self, contract: Contract) -> tuple[Check, ...]:
        """The rules of its suite that are about this dataset."""
        return of_suite(self.rules(contract) or {})

    def shape(self, contract_id: str) -> Shape | None:
        """What is promised of a dataset, with its rules; None without a contract."""
        contract = self.contract(contract_id)
        return of_contract(contract, checks=self.checks(contract)) if contract else None

    @cached_property
    def statements(self) -> dict[str, str]:
        """Every file of SQL by its path."""
        return {path: self.text(path).strip() for path in self.files if path.endswith(".sql")}


def _unread(problem: ContractInvalid) -> Unread:
    cause = problem.__cause__
    mark = cause.problem_mark if isinstance(cause, yaml.MarkedYAMLError) else None
    if isinstance(cause, yaml.MarkedYAMLError) and mark:
        return Unread(" ".join(f"{word}" for word in (cause.context, cause.problem) if word), mark.line + 1)
    return Unread(problem.problem)


def _about(rule: Json, contract_id: str) -> list[str]:
    meta = rule.get("meta") or {}
    return meta.get("contracts") or [contract_id]
