"""Everything that can go wrong in `catalog`, as one tree.

CatalogError
 ├─ ConfigurationError      a setting or a contract file is wrong               exit 2
 │   ├─ ContractMissing     .contract_id
 │   ├─ ContractInvalid     .path, .problem
 │   ├─ RepositoryUnusable  .problem
 │   ├─ SnapshotUnusable    .path
 │   └─ SettingInvalid      .name, .problem
 ├─ QuestionError           what was asked about is not one thing               exit 2
 │   ├─ NotFound            .text, .alike
 │   └─ Ambiguous           .text, .candidates
 ├─ GitHubError             posting a review's comment: .call                   exit 3
 │   ├─ GitHubUnavailable   no answer, or "later": .problem                     retryable
 │   └─ GitHubRefused       it answered no: .status, .body
 └─ MarquezError            talking to the backend: .call                       exit 3
     ├─ MarquezUnavailable  no answer, or "later": .address, .problem           retryable
     ├─ MarquezRefused      it answered no: .status, .body                      retryable from 500 on
     │   └─ MarquezNotFound     it has no such thing
     │       └─ DatasetNotFound     .dataset
     └─ AnswerInvalid       not what its API promises: .problem
"""

from pathlib import Path

from catalog.dataset import Dataset


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


class RepositoryUnusable(ConfigurationError):
    """A branch cannot be compared: no repository, no such commit, no common history."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        super().__init__(f"{problem}; {remedy}")


class SnapshotUnusable(ConfigurationError):
    """A file is no snapshot of the record, or one of another version of the catalog."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"snapshot {path}: {problem}; write a new one with `catalog snapshot export`")


class SettingInvalid(ConfigurationError):
    """A setting cannot be what it says; its value is not shown, it may be a secret."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self.problem = problem
        super().__init__(f"setting {name}: {problem}")


class MarquezError(CatalogError):
    """A call to the backend did not bring what it was made for; `call` is its method and path."""

    def __init__(self, call: str, sentence: str) -> None:
        self.call = call
        super().__init__(f"{call}: {sentence}")


class MarquezUnavailable(MarquezError):
    """No answer in time, or one that says to come later (429, 502, 503, 504), perhaps after so many seconds."""

    retryable = True

    def __init__(self, call: str, address: str, problem: str, *, retry_after_s: float = 0.0) -> None:
        self.address = address
        self.problem = problem
        self.retry_after_s = retry_after_s
        super().__init__(call, f"no answer from Marquez at {address} ({problem}); is it up, is MARQUEZ_URL right?")


class MarquezRefused(MarquezError):
    """It answered, and the answer is no. `body` is an excerpt of what it said."""

    def __init__(self, call: str, status: int, body: str) -> None:
        self.status = status
        self.body = body
        self.retryable = status >= 500
        super().__init__(call, f"Marquez answered {status}: {body or 'no reason given'}")


class MarquezNotFound(MarquezRefused):
    """It answered that it has no such thing, or never heard of it."""


class DatasetNotFound(MarquezNotFound):
    """It answered that it has no such dataset: no event spoke of it yet, or it was deleted."""

    def __init__(self, dataset: Dataset, refusal: MarquezNotFound) -> None:
        self.dataset = dataset
        super().__init__(refusal.call, refusal.status, refusal.body)


class AnswerInvalid(MarquezError):
    """The answer is not what Marquez's API promises; most often MARQUEZ_URL names another server."""

    def __init__(self, call: str, problem: str) -> None:
        self.problem = problem
        super().__init__(call, f"the answer is not Marquez's ({problem}); is MARQUEZ_URL right?")


class GitHubError(CatalogError):
    """A call to GitHub did not bring what it was made for; `call` is its method and path."""

    def __init__(self, call: str, sentence: str) -> None:
        self.call = call
        super().__init__(f"{call}: {sentence}")


class GitHubUnavailable(GitHubError):
    """No answer in time, or one that says to come later (a limit of calls, 5xx), perhaps after so many seconds."""

    retryable = True

    def __init__(self, call: str, problem: str, *, retry_after_s: float = 0.0) -> None:
        self.problem = problem
        self.retry_after_s = retry_after_s
        super().__init__(call, f"no answer from GitHub ({problem}); is GITHUB_API_URL right?")


class GitHubRefused(GitHubError):
    """It answered, and the answer is no: the token may not write comments here, or there is no such pull request."""

    def __init__(self, call: str, status: int, body: str) -> None:
        self.status = status
        self.body = body
        super().__init__(
            call, f"GitHub answered {status}: {body or 'no reason given'}; the token needs `pull-requests: write`"
        )


class QuestionError(CatalogError):
    """What was asked about does not name one thing of the record."""

    exit_code = 2


class NotFound(QuestionError):
    """Nothing in the record is called so; `alike` are names that come near."""

    def __init__(self, text: str, alike: tuple[str, ...]) -> None:
        self.text = text
        self.alike = alike
        near = f"; did you mean {', '.join(alike)}?" if alike else "; search for it, or bring the index up to date"
        super().__init__(f"nothing is called {text!r}{near}")


class Ambiguous(QuestionError):
    """Several things are called so."""

    def __init__(self, text: str, candidates: tuple[str, ...]) -> None:
        self.text = text
        self.candidates = candidates
        super().__init__(f"{text!r} is the name of several things; give one of {', '.join(candidates)}")
