"""A folder in the lake: what changed is written, what is gone is deleted, what others put beside it stays."""

from pathlib import Path

import pytest

from lineage.hooks.lake import LakeHook
from lineage.hooks.mirror import mirror

SERVERS = ("s3",)
pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("platform")]


def test_only_what_differs_is_written_and_what_is_no_more_is_deleted(tmp_path: Path) -> None:
    hook = LakeHook()
    (tmp_path / "dataset").mkdir()
    for name in ("index.html", "dataset/a.html", "style.css"):
        (tmp_path / name).write_text(name)
    hook.put("sitemap.txt", b"not part of it", content_type="text/plain")
    first = mirror(hook, tmp_path, prefix="site")
    assert (first.files, first.written, first.deleted, first.size_bytes) == (3, 3, 0, 33)
    kind = hook.s3.head_object(Bucket=hook.bucket, Key="site/index.html")["ContentType"]
    assert kind.replace(" ", "") == "text/html;charset=utf-8"
    assert mirror(hook, tmp_path, prefix="site").written == 0
    (tmp_path / "dataset" / "a.html").unlink()
    (tmp_path / "index.html").write_text("other")
    last = mirror(hook, tmp_path, prefix="site")
    assert (last.files, last.written, last.deleted) == (2, 1, 1)
    assert set(hook.etags("site/")) == {"site/index.html", "site/style.css"}
    assert hook.get("site/index.html") == b"other"
    assert hook.get("sitemap.txt") == b"not part of it"
