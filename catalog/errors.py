"""Everything that can go wrong in `catalog`, as one tree.

CatalogError
 └─ ConfigurationError      a setting or a contract file is wrong               exit 2
     ├─ ContractMissing     .contract_id
     └─ ContractInvalid     .path, .problem
"""

from pathlib import Path


class CatalogError(Exception):
    """The root: `retryable` says whether the same call may succeed later, `exit_code` what a command ends with."""

    retryable = False
    exit_code = 3


class ConfigurationError(CatalogError):
    """A setting or a file of ours is wrong: nothing gets better by trying again."""

    exit_code = 2


class ContractMissing(ConfigurationError):
    """No contract has this id."""

    def __init__(self, contract_id: str, known: tuple[str, ...]) -> None:
        self.contract_id = contract_id
        super().__init__(
            f"no contract named {contract_id!r}; add catalog/contracts/{contract_id}.yaml "
            f"or use one of {', '.join(known)}"
        )


class ContractInvalid(ConfigurationError):
    """A contract file cannot be read as ODCS v3, or breaks a rule of ours."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"contract {path.name}: {problem}")
