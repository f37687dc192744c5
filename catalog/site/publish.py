"""The same pages as files, for a web server without a program or for a folder opened in a browser."""

import json
import re
import shutil
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from posixpath import dirname, join, normpath

from catalog.entry import short
from catalog.index import Index
from catalog.settings import Settings
from catalog.site import address, render, routes
from catalog.site.pages import finding
from catalog.site.reading import NoSuchPage, Reading

LIST = "published.txt"
"""What a build wrote, so that the next one can take away what is no more."""
_LINK = re.compile(r'href="([^"#?:]+\.html)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """How many pages stand in the folder, and how many files of an earlier build were taken away."""

    folder: Path
    pages: int
    removed: int


def build(index: Index, folder: Path, *, settings: Settings | None = None) -> Published:
    """Write the site into a folder: every page that a link leads to. The same record gives the same bytes.

    Files of an earlier build that are no longer part of it are deleted; what others put there is left alone.
    """
    site = Reading(index=index, settings=settings or Settings(), live=False)
    shutil.copytree(render.FOLDER / "static", folder / "static", dirs_exist_ok=True)
    (folder / "search-index.js").write_text(searchable(site), encoding="utf-8")
    written = {"search-index.js", *(f"static/{file.name}" for file in (render.FOLDER / "static").iterdir())}
    for path, text in pages(site):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        written.add(path)
    removed = _tidy(folder, written)
    return Published(folder=folder, pages=sum(path.endswith(".html") for path in written), removed=removed)


def pages(site: Reading) -> Iterator[tuple[str, str]]:
    """Every page with its path: the first ones, each dataset and job, and whatever they link to, each once."""
    waiting = deque(routes.starts(site))
    known = set(waiting)
    while waiting:
        path = waiting.popleft()
        try:
            text = routes.render(site, path, {})
        except NoSuchPage as problem:
            text = finding.lost(site, problem)
        yield path, text
        for link in _LINK.findall(text):
            to = normpath(join(dirname(path), link))
            if to not in known:
                known.add(to)
                waiting.append(to)


def searchable(site: Reading) -> str:
    """The script that the search of the published site reads: kind, name, address, words, and what filters ask for."""
    rows = [*_datasets(site), *_jobs(site)]
    return "globalThis.CATALOG = " + json.dumps(rows, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + ";\n"


def _datasets(site: Reading) -> Iterator[dict[str, object]]:
    for dataset in sorted(site.datasets):
        entry = site.index.dataset(dataset)
        told = {"drifted": entry.drifted, "vanished": entry.vanished, "unowned": not entry.owner,
                "undocumented": not entry.description}  # fmt: skip
        states = [entry.health, entry.freshness, *(word for word, so in told.items() if so)]
        shared = {
            "namespace": dataset.namespace,
            "owner": entry.owner or "",
            "tier": entry.tier or "",
            "is": states,
            "of": f"{entry.contract or ''} {dataset}",
            "use": entry.reads_30d,
        }
        yield shared | {
            "kind": site.kind(dataset) if site.kind(dataset) == "report" else "dataset",
            "type": entry.kind,
            "icon": site.kind(dataset),
            "name": short(dataset),
            "to": address.of(dataset),
            "about": f"{entry.title}. {entry.description}",
            "tag": entry.tags,
        }
        for column in entry.columns:
            yield shared | {
                "kind": "column",
                "type": entry.kind,
                "icon": "column",
                "name": column.path,
                "to": address.column(dataset, column.path),
                "about": column.description,
                "tag": column.tags,
                "column": column.path,
            }


def _jobs(site: Reading) -> Iterator[dict[str, object]]:
    for job, entry in site.work.items():
        yield {
            "kind": "job",
            "type": entry.role,
            "icon": entry.role,
            "name": job.name,
            "to": address.of(job),
            "of": str(job),
            "tag": [],
            "about": entry.description[:300],
            "namespace": job.namespace,
            "owner": entry.owner or "",
            "tier": "",
            "is": [],
            "use": 0,
        }


def _tidy(folder: Path, written: set[str]) -> int:
    """Delete what an earlier build listed and this one did not write; list what this one wrote."""
    listing = folder / LIST
    before = set(listing.read_text(encoding="utf-8").splitlines()) if listing.exists() else set()
    gone = [
        file for name in sorted(before - written) if (file := folder / name).is_relative_to(folder) and file.is_file()
    ]
    for file in gone:
        file.unlink()
    listing.write_text("\n".join(sorted(written)) + "\n", encoding="utf-8")
    return len(gone)
