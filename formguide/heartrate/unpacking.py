"""A large gzip'd file of lines, unpacked once: any line of it is to be a seek away (`line_index`), and a gzip
knows no seeking.

The copy lies in a cache and is as good as the file that it was made of: made anew when that has changed,
removed when that is gone, and made again if somebody deletes it. It is written a block at a time under
another name. Whoever was killed on the way finds what was written still there: it is compared with what
comes out of the file, and only what is missing is written.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from upath import UPath

from formguide import files
from formguide.heartrate import line_index
from formguide.lake import LakeError

BLOCK = 2**20

MOST_UNFOLDING, FREELY_UNFOLDED = 100, 64 * 2**20
"""What unfolds to more than so many times its size is no file of workouts, small ones aside (bytes); FitRec's
unfolds to some five times."""

_COPIES = "unpacked"
_PROBE = 65536


@dataclass(frozen=True)
class Copy:
    """A file without the gzip around it.

    source: the file; path: where its copy lies; size: its bytes; damage: why the copy ends before the file
    does, None if it does not.
    """

    source: Path
    path: Path
    size: int
    damage: str | None


def unpacked_copy(path: Path, folder: Path) -> Copy:
    """The copy of a gzip'd file, kept in the folder of the indexes: found there, or made.

    Of a damaged file the copy holds what comes before the damage. Raises `LakeError` where the disk has no
    room for it.
    """
    place = folder / _COPIES
    place.mkdir(parents=True, exist_ok=True)
    name = _digest(str(path.resolve()).encode())
    with files.locked(UPath(place), name):
        whole = place / f"{name}-{_identity(path)}.jsonl"
        found = _noted(whole)
        if found is None:
            found = _make(path, place / f"{name}.part", whole)
        for other in copies(folder):
            gone = not other.source.is_file()
            if gone or (other.source == found.source and other.path != found.path):
                for of_it in (other.path, _note_of(other.path), *line_index.kept_as(other.path, folder)):
                    of_it.unlink(missing_ok=True)
    return found


def copies(folder: Path) -> list[Copy]:
    """The copies that a folder holds."""
    found = (_noted(path) for path in sorted((folder / _COPIES).glob("*-*.jsonl")))
    return [copy for copy in found if copy is not None]


def first_line(path: Path, most: int) -> bytes:
    """The first line of a file, gzip'd or not, of so many bytes at most; as much of it as can be read."""
    with path.open("rb") as raw:
        if path.suffix.lower() != ".gz":
            return raw.readline(most)
        head = b"".join(_until(raw, most))
    return head[: head.find(b"\n") + 1 or most][:most]


# -- inside ----------------------------------------------------------------------------------------


def _make(path: Path, part: Path, whole: Path) -> Copy:
    try:
        damage = _write(path, part)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        part.unlink(missing_ok=True)
        raise LakeError(f"{path.name}: the disk of {part.parent} has no room to unpack it") from error
    os.replace(part, whole)
    found = Copy(path.resolve(), whole, whole.stat().st_size, damage)
    said = {"file": str(found.source), "size": found.size, "damage": damage}
    files.put_json(UPath(_note_of(whole)), said)
    return found


def _write(path: Path, part: Path) -> str | None:
    """Unpacks a file into another, which may hold a beginning of it already; what is wrong with it, if
    anything."""
    most = max(FREELY_UNFOLDED, MOST_UNFOLDING * path.stat().st_size)
    damage = None
    part.touch()
    with path.open("rb") as raw, part.open("r+b") as out:
        written, known = 0, True
        try:
            for block in _blocks(raw):
                if written + len(block) > most:
                    damage = f"it unfolds to more than {MOST_UNFOLDING} times its size"
                    break
                if known and out.read(len(block)) != block:
                    known = False
                    out.seek(written)
                if not known:
                    out.write(block)
                written += len(block)
        except (OSError, EOFError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's, not the gzip's
            damage = f"the gzip is damaged: {error}"
            if not isinstance(error, EOFError):
                # One that breaks off is right as far as it goes; a checksum may fail for any of its lines.
                damage += ", so that any line may be another than was packed"
        out.truncate(written)
        out.flush()
        os.fsync(out.fileno())
    return damage


def _until(raw: BinaryIO, most: int) -> Iterator[bytes]:
    """Blocks of a gzip'd file up to so many bytes, or as far as they can be read."""
    got = 0
    try:
        for block in _blocks(raw):
            yield block
            got += len(block)
            if got >= most:
                return
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return


def _blocks(raw: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=raw) as packed:
        # Not `read`, which throws away what came before an error.
        while block := packed.read1(BLOCK):
            yield block


def _noted(whole: Path) -> Copy | None:
    """A copy that is complete, as it was noted."""
    said = files.read_json(UPath(_note_of(whole)))
    if said is None or not whole.is_file() or whole.stat().st_size != said["size"]:
        return None
    return Copy(Path(said["file"]), whole, said["size"], said["damage"])


def _note_of(whole: Path) -> Path:
    return whole.with_suffix(".json")


def _identity(path: Path) -> str:
    """What tells a file from what it was before: its size and time, how it begins, and the checksum at its
    end."""
    stat = path.stat()
    with path.open("rb") as raw:
        head = raw.read(_PROBE)
        raw.seek(max(0, stat.st_size - _PROBE))
        tail = raw.read()
    return _digest(f"{stat.st_size} {stat.st_mtime_ns}".encode() + head + tail)


def _digest(of: bytes) -> str:
    return hashlib.sha256(of).hexdigest()[:16]
