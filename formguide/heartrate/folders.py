"""Which files of a folder are workouts, and which months they speak of.

    <user>/…/*.fit, .csv, .gpx, .tcx    a workout (or few) each, with .gz behind it or without; whose they are
                                        says the first folder, and files in none are yours ("me")
    …/*.json, *.jsonl                   FitRec: a workout a line, whose it is says the line; .gz or not

What has the name of a format that is read, and no workout in it (a table that has neither a time nor a sensor
in its header, JSON that is not FitRec's, a zip archive), is kept as what it is, so that its owner hears of
it. In a folder that every sport looks through it is passed over: it may be another's.

A FitRec file may have ten gigabytes: it is indexed once (`line_index`), beside the lake, and comes in by
month, as files of a thousand lines whose bytes are made when they are asked for. One that is gzip'd is
unpacked first (`unpacking`), and goes by its name without the .gz: they are the same lines.
"""

from __future__ import annotations

import gzip
import os
import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from formguide.arrivals import Files, FilesOnDisk, Layout
from formguide.files import is_local
from formguide.heartrate import csv_files, line_index, readers, unpacking
from formguide.heartrate.readers import FITREC, NOT_WORKOUTS, SOURCES, WORKOUTS
from formguide.heartrate.readings import ending
from formguide.lake import Lake
from formguide.records import LONGEST_PAYLOAD
from formguide.watch import is_shared

MARKER = "truth.json"
"""What the sample league knows of itself, by which its folder is known."""

_BESIDE = (MARKER,)
_LINES = (".json", ".jsonl")
_FIRST_KEY = re.compile(
    rb"""\s*\{\s*['"](?:longitude|latitude|altitude|sport|id|heart_rate|gender|timestamp|url|userId|speed)['"]"""
)
_LINE_BYTES = 2**18
_HEADER_BYTES = 2**16


def place(path: str) -> tuple[str, str] | None:
    """Source and path under which a file is kept, from its path; None if it is not ours.

    Whether a table is a workout only its header says: see `read_folder`.
    """
    parts = path.split("/")
    if any(part.startswith((".", "_")) for part in parts) or parts[-1] in _BESIDE:
        return None
    if parts[-1].lower().removesuffix(".gz").endswith(_LINES):
        return FITREC, path[:-3] if _is_packed(path) else path
    if ending(path) == "zip":
        return NOT_WORKOUTS, path
    return (WORKOUTS, path) if ending(path) in readers.ENDINGS else None


def _refuses(source: str, file: Path) -> str | None:
    """Why a file that has a place is no workout after all."""
    if source == NOT_WORKOUTS:
        return readers.ZIPPED
    if source == FITREC:
        line = unpacking.first_line(file, _LINE_BYTES)
        if not line and _is_packed(file.name):
            return "its name says gzip, and nothing of it can be unpacked"
        return None if _is_fitrec(line) else "no workout a line, as FitRec has them"
    return None if _is_workout(file) else f"no workout by its columns: {csv_files.WANTED}"


LAYOUT = Layout((*SOURCES, NOT_WORKOUTS), place, refuses=_refuses, refused=NOT_WORKOUTS, beside=_BESIDE)


def read_folder(path: str | Path, notes: list[str] | None = None) -> dict[str, Mapping[str, bytes]]:
    """The folder's files by source and path; what is passed over is said in `notes`. Raises
    `FileNotFoundError` if there is no such folder."""
    found = LAYOUT.files(path, notes)
    watched = [entry for entry in os.environ.get("FORMGUIDE_WATCH", "").split(os.pathsep) if entry]
    return {
        WORKOUTS: FilesOnDisk(found[WORKOUTS]),
        FITREC: _Together(_parts(found[FITREC])),
        NOT_WORKOUTS: _Beginnings({} if is_shared(path, watched) else found[NOT_WORKOUTS]),
    }


def takes(folder: str | Path) -> bool:
    """Whether a folder has a workout."""
    return LAYOUT.takes(folder)


def seasons_of(files: Files) -> dict[int, list[str]]:
    """The months that the files speak of, and the files (`source/path`) that speak of each."""
    found: dict[int, list[str]] = {}
    for source in SOURCES:
        for path in files.get(source, {}):
            for month in readers.months_of(source, path, files[source]):
                found.setdefault(month, []).append(f"{source}/{path}")
    return {month: sorted(paths) for month, paths in sorted(found.items())}


def index_folder() -> Path:
    """Where the indexes of large files are kept: in the cache of the lake that is in use, or, where that is
    not on this machine, among its temporary files."""
    lake = Lake.from_env()
    if not is_local(lake.root):
        return Path(tempfile.gettempdir()) / "formguide-line-index"
    return Path(str(lake.root)) / "cache" / "line-index"


class _Beginnings(FilesOnDisk):
    """As much of each file as is kept of what is refused."""

    def __getitem__(self, path: str) -> bytes:
        with self._places[path].open("rb") as file:
            return file.read(LONGEST_PAYLOAD)


class _Together(Mapping[str, bytes]):
    """The files of several mappings."""

    def __init__(self, parts: Iterable[Mapping[str, bytes]]) -> None:
        self._of = {path: part for part in parts for path in part}

    def __getitem__(self, path: str) -> bytes:
        return self._of[path][path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)


def _parts(places: Mapping[str, Path]) -> Iterator[line_index.Parts]:
    folder = index_folder()
    for name, file in places.items():
        if not _is_packed(file.name):
            yield line_index.Parts(name, line_index.indexed(file, folder))
            continue
        copy = unpacking.unpacked_copy(file, folder)
        index = line_index.indexed(copy.path, folder)
        cut = f"{copy.damage}; {len(index):,} lines of it are read"
        yield line_index.Parts(name, index, cut if copy.damage else None)


def _is_packed(path: str) -> bool:
    return path.lower().endswith(".gz")


def _is_fitrec(line: bytes) -> bool:
    """Whether the first line of a file is a workout of FitRec's."""
    return _FIRST_KEY.match(line) is not None and b"timestamp" in line and b"userId" in line


def _is_workout(file: Path) -> bool:
    """Whether a table's header is one of a workout; what cannot be read at all is looked at later, and
    named."""
    if ending(file.name) != "csv":
        return True
    with file.open("rb") as raw:
        head = raw.read(_HEADER_BYTES)
    if head[:2] == b"\x1f\x8b":
        try:
            with gzip.open(file) as packed:
                head = packed.read(_HEADER_BYTES)
        except (OSError, EOFError, zlib.error):
            return True
    if not head.strip():
        return True
    return csv_files.is_workout(head.split(b"\n", 1)[0].decode("utf-8-sig", "replace"))
