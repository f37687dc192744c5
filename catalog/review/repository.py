"""A git repository as a review sees it: files at the merge base, and files as they are now. Nothing is checked out."""

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from catalog.errors import RepositoryUnusable

CONTRACTS = "catalog/contracts"
SUITES = "great_expectations/expectations"
Files = Mapping[str, bytes]
"""Content by path, relative to the top of the repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """What is compared: two commits and the files of both sides that declare something."""

    top: Path
    base: str
    head: str
    before: Files
    after: Files


def declares(path: str) -> bool:
    """Whether a file is one that a review reads: a contract, a suite, or SQL."""
    at = PurePosixPath(path)
    folder = str(at.parent)
    return (
        (folder == CONTRACTS and at.suffix == ".yaml")
        or (folder == SUITES and at.suffix == ".json")
        or at.suffix == ".sql"
    )


def branch(repository: Path, base: str) -> Branch:
    """The merge base of `base` and HEAD against the working tree.

    Raises:
        RepositoryUnusable: no repository, no such commit, or no history in common.
    """
    top = Path(_git(repository, "rev-parse", "--show-toplevel", failed="is no git repository").strip())
    at = _merge_base(top, base)
    listed = _git(top, "ls-tree", "-r", "-z", at)
    blobs = {name: told.split() for told, name in (one.split("\t", 1) for one in listed.split("\0") if one)}
    plain = {name: told[2] for name, told in blobs.items() if told[0] in {"100644", "100755"} and declares(name)}
    return Branch(
        top=top, base=at, head=_git(top, "rev-parse", "HEAD").strip(),
        before=_contents(top, plain), after=_working(top),
    )  # fmt: skip


def _merge_base(top: Path, base: str) -> str:
    shallow = _git(top, "rev-parse", "--is-shallow-repository").strip() == "true"
    deepen = "fetch the whole history (fetch-depth: 0, or git fetch --unshallow)"
    remedy = deepen if shallow else "name a commit or branch that is there, such as origin/main, or fetch it"
    _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD^{commit}", failed="has no commit yet")
    commit = _git(
        top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}",
        failed=f"has no commit {base!r}", remedy=remedy,
    ).strip()  # fmt: skip
    return _git(
        top, "merge-base", commit, "HEAD", failed=f"has no commit that {base!r} and HEAD come from",
        remedy=deepen if shallow else "rebase the branch, or name another base",
    ).strip()  # fmt: skip


def _working(top: Path) -> dict[str, bytes]:
    """Files of the working tree that are tracked or would be; links are not followed."""
    listed = _git(top, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = sorted({name for name in listed.split("\0") if name and declares(name)})
    paths = {name: top / name for name in names}
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file() and not path.is_symlink()}


def _contents(top: Path, blobs: Mapping[str, str]) -> dict[str, bytes]:
    """Contents of blobs, asked for at once: each is told as `<id> blob <size>\\n<content>\\n`."""
    told = _run(top, ("cat-file", "--batch"), given="\n".join(blobs.values()).encode()).stdout
    found, at = {}, 0
    for name in blobs:
        end = told.index(b"\n", at)
        size = int(told[at:end].split()[2])
        found[name] = told[end + 1 : end + 1 + size]
        at = end + size + 2
    return found


def _git(folder: Path, *words: str, failed: str = "cannot be read", remedy: str = "") -> str:
    done = _run(folder, words)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise RepositoryUnusable(f"{folder} {failed}", remedy or said or "run it inside a clone with at least a commit")
    return done.stdout.decode(errors="surrogateescape")


def _run(folder: Path, words: Iterable[str], *, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(["git", "-C", str(folder), *words], input=given, capture_output=True, check=False)
    except FileNotFoundError as problem:
        raise RepositoryUnusable("git is not on the PATH", "install it") from problem
