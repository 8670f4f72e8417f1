"""Files that are whole or not there: atomic writes, locks and names, on a local folder or an fsspec URL.

A local file is written under a temporary name, flushed to the disk and renamed over the old one, so that
a reader sees the old bytes or the new ones and a killed process leaves at worst a temporary file. Object
stores replace a whole object at once, so there a plain write does the same.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from upath import UPath

TEMPORARY_PREFIX = ".tmp-"
_HASH_CHARS = 16
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.=@+-]*")


def is_local(path: UPath) -> bool:
    """Whether the path is on this machine's file system."""
    return isinstance(path, Path)


def content_hash(data: bytes) -> str:
    """The first 16 hex digits of the SHA-256 of `data`: what files are named by."""
    return hashlib.sha256(data).hexdigest()[:_HASH_CHARS]


def safe_name(name: str, what: str) -> str:
    """`name` if it can be one component of a path; raises ValueError naming `what` if not."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{what} {name!r} is not a plain name (letters, digits, . _ = @ + -)")
    return name


def slug(text: str) -> str:
    """`text` as one readable component of a path: what is not a letter, digit or dot becomes a dash."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[-80:] or "unnamed"


def put(path: UPath, data: bytes) -> None:
    """Writes `data` to `path`, all or nothing, making the folders on the way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not is_local(path):
        path.write_bytes(data)
        return
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with open(str(temporary), "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(str(temporary), str(path))
    except BaseException:
        Path(str(temporary)).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def read(path: UPath) -> bytes | None:
    """The bytes of a file, or None where there is none."""
    try:
        return bytes(path.read_bytes())
    except FileNotFoundError:
        return None


def put_json(path: UPath, value: Any) -> None:
    """Writes `value` as JSON whose bytes depend on the value alone (keys in order)."""
    put(path, (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode())


def read_json(path: UPath) -> Any:
    """The JSON value of a file, or None where there is none."""
    data = read(path)
    return None if data is None else json.loads(data)


def zipped(data: bytes, level: int = 9) -> bytes:
    """gzip whose bytes depend on `data` (and the level, 1 to 9) alone: no time, no file name."""
    return gzip.compress(data, level, mtime=0)


def remove(path: UPath) -> bool:
    """Removes a file; whether there was one."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    if is_local(path):
        _sync_folder(path.parent)
    return True


def folders(path: UPath) -> list[str]:
    """The names of the folders in a folder, in order, without hidden ones; none if it is not there."""
    return sorted(p.name for p in _entries(path) if not p.name.startswith(".") and p.is_dir())


def plain_files(path: UPath) -> list[UPath]:
    """The files in a folder, in order of their names, temporary ones included."""
    return sorted((p for p in _entries(path) if p.is_file()), key=lambda p: p.name)


def below(folder: str | Path) -> list[tuple[str, Path]]:
    """Every file below a local folder, with its path from there (forward slashes), in the order of the paths.

    What the operating system says while it lists a folder is enough: to ask for every file whether it is one
    takes several times as long.
    """
    found: list[tuple[str, ...]] = []
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(os.path.join(folder, *here)) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((*here, entry.name))
                    elif entry.is_file():
                        found.append((*here, entry.name))
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue  # it went while we looked, or is not ours to look into
    return [("/".join(parts), Path(folder, *parts)) for parts in sorted(found)]


def modified_at(path: UPath) -> float:
    """When a file or folder was last changed, in seconds since 1970; 0 where the store does not say."""
    try:
        return float(path.stat().st_mtime)
    except (FileNotFoundError, NotImplementedError):
        return 0.0


@contextmanager
def locked(root: UPath, name: str) -> Iterator[None]:
    """Holds the lock `name` of the tree at `root` against every other process and thread.

    The operating system lets go of it when its holder dies. Object stores have no such lock: there, one
    writer at a time is the deployment's to see to.
    """
    if not is_local(root):
        yield
        return
    folder = Path(str(root)) / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(str(folder / f"{name}.lock")):
        yield


def check_tree_path(path: str) -> str:
    """`path` if it is relative, with forward slashes, and stays below its root; else raises ValueError."""
    parts = path.split("/")
    if not path or "\\" in path or "\0" in path or any(p in ("", ".", "..") for p in parts):
        raise ValueError(f"{path!r} is not a relative path below its folder")
    return path


def sorted_mapping(mapping: Mapping[str, str]) -> dict[str, str]:
    """The mapping in the order of its keys."""
    return {key: mapping[key] for key in sorted(mapping)}


def _entries(path: UPath) -> list[UPath]:
    try:
        return list(path.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _sync_folder(folder: UPath) -> None:
    descriptor = os.open(str(folder), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
