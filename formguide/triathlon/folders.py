"""Which files of a folder are ours, and which seasons they speak of.

    <year>/<race>/default.tsv          a race's results
    <year>/<race>/weather-data.json    the race day and its weather
    athlete_race.csv                   results in the reference system's form

Whatever lies above these folders does not matter, so a part of a tree is placed like the whole. Files are
known as source → path → bytes; the bytes are read when somebody asks for them.
"""

from __future__ import annotations

import re
from pathlib import Path

from formguide.arrivals import Files, FilesOnDisk, Layout
from formguide.triathlon import race_page, reference_csv, weather

RACES, REFERENCE = "races", "reference"
SOURCES = (RACES, REFERENCE)

_RACE_FILE = re.compile(rf"\d{{4}}/[^/]+/(?:{re.escape(race_page.FILE)}|{re.escape(weather.FILE)})")


def place(path: str) -> tuple[str, str] | None:
    """Source and path under which a file is kept, from its path; None if it is not ours."""
    parts = path.split("/")
    if any(part.startswith((".", "_")) for part in parts):
        return None
    if parts[-1] == reference_csv.FILE:
        return REFERENCE, parts[-1]
    kept = "/".join(parts[-3:])
    return (RACES, kept) if _RACE_FILE.fullmatch(kept) else None


def _above(root: Path) -> str:
    """The part of the folder's own path that says of which race or year its files are."""
    parts = root.resolve().parts
    return "".join(f"{part}/" for part in parts[-2:] if part != "/")


LAYOUT = Layout(SOURCES, place, _above)


def read_folder(path: str | Path, notes: list[str] | None = None) -> dict[str, FilesOnDisk]:
    """The folder's files by source and path; what is passed over is said in `notes`. Raises
    `FileNotFoundError` if there is no such folder."""
    return {source: FilesOnDisk(places) for source, places in LAYOUT.files(path, notes).items()}


def takes(folder: str | Path) -> bool:
    """Whether a folder has a file of any source."""
    return LAYOUT.takes(folder)


def seasons_of(files: Files) -> dict[int, list[str]]:
    """The seasons that the files speak of, and the files (`source/path`) that speak of each."""
    found: dict[int, list[str]] = {}
    for path in files.get(RACES, {}):
        found.setdefault(int(path[:4]), []).append(f"{RACES}/{path}")
    tables = files.get(REFERENCE, {})
    for path in tables:
        for season in reference_csv.seasons(tables[path]):
            found.setdefault(season, []).append(f"{REFERENCE}/{path}")
    return {season: sorted(paths) for season, paths in sorted(found.items())}
