"""Which files of a folder are workouts, and which months they speak of.

    <user>/…/*.fit, *.csv, …    one workout each, with .gz behind it or without; whose they are says the first
                                folder, and files in none are yours ("me")

A table that has neither a time nor a sensor in its header is no workout, and is passed over.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from formguide.arrivals import Files, FilesOnDisk
from formguide.heartrate import csv_files, readers
from formguide.heartrate.readings import ending

WORKOUTS = "workouts"
SOURCES = (WORKOUTS,)

MARKER = "truth.json"
"""What the sample league knows of itself, by which its folder is known."""

_BESIDE = (MARKER,)
_HEADER_BYTES = 4096


def place(path: str) -> tuple[str, str] | None:
    """Source and path under which a file is kept, from its path; None if it is not ours.

    Whether a table is a workout only its header says: see `read_folder`.
    """
    parts = path.split("/")
    if any(part.startswith((".", "_")) for part in parts) or parts[-1] in _BESIDE:
        return None
    return (WORKOUTS, path) if ending(path) in readers.ENDINGS else None


def read_folder(path: str | Path, notes: list[str] | None = None) -> dict[str, FilesOnDisk]:
    """The folder's files by source and path; what is passed over is said in `notes`. Raises
    `FileNotFoundError` if there is no such folder."""
    root = Path(path)
    if not root.is_dir():
        raise FileNotFoundError(f"no folder {root}")
    said = notes if notes is not None else []
    found: dict[str, dict[str, Path]] = {source: {} for source in SOURCES}
    for file in sorted(p for p in root.rglob("*") if p.is_file()):
        relative = file.relative_to(root).as_posix()
        placed = place(relative)
        if placed is None:
            if file.name not in _BESIDE:
                said.append(f"{relative}: not a file of a source that is read")
        elif ending(relative) == "csv" and not _is_workout(file):
            said.append(f"{relative}: neither a time nor a sensor among its columns")
        else:
            source, kept = placed
            found[source][kept] = file
    return {source: FilesOnDisk(places) for source, places in found.items()}


def takes(folder: str | Path) -> bool:
    """Whether a folder has a workout."""
    root = Path(folder)
    return root.is_dir() and any(
        place(file.relative_to(root).as_posix()) is not None
        and (ending(file.name) != "csv" or _is_workout(file))
        for file in root.rglob("*")
        if file.is_file()
    )


def seasons_of(files: Files) -> dict[int, list[str]]:
    """The months that the files speak of, and the files (`source/path`) that speak of each."""
    found: dict[int, list[str]] = {}
    workouts = files.get(WORKOUTS, {})
    for path in workouts:
        for month in readers.months_of(path, workouts[path]):
            found.setdefault(month, []).append(f"{WORKOUTS}/{path}")
    return {month: sorted(paths) for month, paths in sorted(found.items())}


def _is_workout(file: Path) -> bool:
    """Whether a table's header is one of a workout; what cannot be read at all is looked at later, and
    named."""
    with file.open("rb") as raw:
        head = raw.read(_HEADER_BYTES)
    if head[:2] == b"\x1f\x8b":
        try:
            with gzip.open(file) as packed:
                head = packed.read(_HEADER_BYTES)
        except (OSError, EOFError):
            return True
    if not head.strip():
        return True
    return csv_files.is_workout(head.split(b"\n", 1)[0].decode("utf-8-sig", "replace"))
