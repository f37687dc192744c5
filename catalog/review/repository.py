"""A git repository as a review sees it: files at the merge base, and files as they are now. Nothing is checked out."""

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog.errors import RepositoryUnusable
from catalog.review.declared import DECLARING, Declared


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """What is compared: two commits, and what the files of both sides declare."""

    top: Path
    base: str
    head: str
    before: Declared
    after: Declared


def branch(repository: Path, base: str) -> Branch:
    """The merge base of `base` and HEAD against the working tree.

    What git says is the same on both sides is read once; a file that a sparse checkout leaves out is as it was.

    Raises:
        RepositoryUnusable: no repository, no such commit, or no history in common.
    """
    top = Path(_git(repository, "rev-parse", "--show-toplevel", failed="is no git repository").strip())
    at = _merge_base(top, base)
    blobs, after = _blobs(top, at), _working(top)
    changed = {_shown(name) for name in _names(top, "diff", "--name-only", "--no-renames", "--no-ext-diff", at)}
    same = blobs.keys() - changed
    there = _contents(top, {name: blob for name, blob in blobs.items() if name in changed or name not in after})
    before = {name: after[name] if name in same and name in after else there[name] for name in blobs}
    after |= {name: there[name] for name in same - after.keys()}
    return Branch(
        top=top, base=at, head=_git(top, "rev-parse", "HEAD").strip(),
        before=Declared.of(before), after=Declared.of(after),
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


def _blobs(top: Path, commit: str) -> dict[str, str]:
    """The ids of a commit's plain files that declare something, by path."""
    told = (one.split("\t", 1) for one in _git(top, "ls-tree", "-r", "-z", commit).split("\0") if one)
    found = {name: entry.split() for entry, name in told if DECLARING.fullmatch(name)}
    return {_shown(name): blob for name, (mode, _, blob) in found.items() if mode in {"100644", "100755"}}


def _working(top: Path) -> dict[str, bytes]:
    """Files of the working tree that are tracked or would be; links are not followed."""
    names = sorted(set(_names(top, "ls-files", "--cached", "--others", "--exclude-standard")))
    paths = {_shown(name): top / name for name in names}
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file() and not path.is_symlink()}


def _names(top: Path, *words: str) -> list[str]:
    """The files that declare something, of those that a command of git names."""
    return [name for name in _git(top, *words, "-z", "--").split("\0") if DECLARING.fullmatch(name)]


def _shown(name: str) -> str:
    """A file's name as text: git's are bytes."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


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
        return subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *words], input=given, capture_output=True, check=False
        )
    except FileNotFoundError as problem:
        raise RepositoryUnusable("git is not on the PATH", "install it") from problem
