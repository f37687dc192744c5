"""A folder as objects of the lake: what changed is written, what is no more is deleted, the rest stays as it is."""

import hashlib
import logging
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from lineage.hooks.lake import LakeHook

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """What is there now, and what was done for it."""

    files: int
    size_bytes: int
    written: int
    deleted: int


def mirror(hook: LakeHook, folder: Path, *, prefix: str) -> Mirrored:
    """Make the objects below a prefix those of a folder. An object's ETag is its MD5 (S3, one part): equal, unchanged.

    Raises:
        ServiceUnavailable: the object store does not answer.
    """
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    there, written = hook.etags(f"{prefix}/"), 0
    for name, path in files.items():
        body, key = path.read_bytes(), f"{prefix}/{name}"
        if there.get(key) != hashlib.md5(body, usedforsecurity=False).hexdigest():
            hook.put(key, body, content_type=_kind(name), level=logging.DEBUG)
            written += 1
    gone = sorted(set(there) - {f"{prefix}/{name}" for name in files})
    hook.delete(gone)
    size = sum(path.stat().st_size for path in files.values())
    logger.info("s3://%s/%s: %d files, %d written, %d deleted", hook.bucket, prefix, len(files), written, len(gone))
    return Mirrored(files=len(files), size_bytes=size, written=written, deleted=len(gone))


def _kind(name: str) -> str:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    is_text = kind.startswith("text/") or kind.endswith(("javascript", "json"))
    return f"{kind}; charset=utf-8" if is_text else kind
