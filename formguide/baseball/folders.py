"""Which files of a folder are ours, and which seasons they speak of.

    plate_appearances/<season>/<date>.parquet    archived days
    pitches/*.parquet, savant_csv/*.csv          Savant's tables of pitches
    feeds/<season>/<gamePk>.json[.gz]            game documents
    schedules/<date>.json[.gz]                   schedules
    mlb_api/feed_live_*.json, schedule_*.json    the same, under the names that people give them
    retrosheet_totals/*.csv                      team totals to check against

Whatever lies above these folders does not matter, so a part of a tree is placed like the whole. A source's
files are known as source → path → bytes; the bytes are read when somebody asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from formguide.arrivals import Files, FilesOnDisk, Layout
from formguide.baseball import savant
from formguide.baseball.feed import read_json

_GZ = r"\.json(?:\.gz)?"
_PATTERNS: dict[str, re.Pattern[str]] = {
    "plate_appearances": re.compile(r"\d{4}/[^/]+\.parquet"),
    "pitches": re.compile(r"[^/]+\.parquet"),
    "savant_csv": re.compile(r"[^/]+\.csv"),
    "feeds": re.compile(rf"\d{{4}}/\d+{_GZ}"),
    "schedules": re.compile(rf"\d{{4}}-\d\d-\d\d{_GZ}"),
    "mlb_api": re.compile(rf"(?:feed_live|schedule)_[^/]+{_GZ}"),
    "retrosheet_totals": re.compile(r"[^/]*\d{4}\.csv"),
}
SOURCES = tuple(_PATTERNS)
_YEAR = re.compile(r"(\d{4})")


def place(path: str) -> tuple[str, str] | None:
    """Source and path under which a file is kept, from its path; None if it is not ours."""
    parts = path.split("/")
    if any(part.startswith((".", "_")) for part in parts):
        return None
    for source, pattern in _PATTERNS.items():
        for depth in range(len(parts) - 1):
            rest = "/".join(parts[depth + 1 :])
            if parts[depth] == source and pattern.fullmatch(rest):
                return source, rest
    return None


def _above(root: Path) -> str:
    """The part of the folder's own path that says of which source its files are."""
    parts = root.resolve().parts
    for depth in (1, 2):
        if len(parts) > depth and parts[-depth] in _PATTERNS:
            return "/".join(parts[-depth:]) + "/"
    return ""


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
    found: dict[int, set[str]] = {}
    for source in SOURCES:
        bodies = files.get(source, {})
        for path in bodies:
            for season in _seasons(source, path, bodies):
                found.setdefault(season, set()).add(f"{source}/{path}")
    return {season: sorted(paths) for season, paths in sorted(found.items())}


def _seasons(source: str, path: str, bodies: Mapping[str, bytes]) -> list[int]:
    """A season is named by the year in which it is played, and most paths by the season."""
    if source in ("pitches", "savant_csv"):
        return savant.seasons(bodies[path], path)
    if source == "mlb_api":
        return _document_seasons(bodies[path])
    year = _YEAR.search(path)
    return [int(year.group(1))] if year else []


def _document_seasons(body: bytes) -> list[int]:
    """The seasons of a document whose name does not tell; none if it cannot be read."""
    try:
        document = read_json(body)
        if "gameData" in document:
            return [int(document["gameData"]["game"]["season"])]
        games = [game for day in document["dates"] for game in day["games"]]
        return sorted({int(game["season"]) for game in games})
    except (ValueError, LookupError, TypeError, RecursionError):
        return []


def unplaced(files: Files) -> list[str]:
    """The files (`source/path`) that speak of no season, so that no season's tables will ever report them."""
    placed = {path for paths in seasons_of(files).values() for path in paths}
    everything = (f"{source}/{path}" for source in SOURCES for path in files.get(source, {}))
    return sorted(path for path in everything if path not in placed)
