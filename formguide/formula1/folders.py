"""Which files of a folder are ours, and which seasons they speak of.

Accepted: a folder holding `f1db/`, `jolpica/` and `ergast_csv/`; an f1db tree itself; a bare
`2025/races/…`; a folder of JSON bodies; a folder of Ergast CSVs; or any mixture. Paths are brought to
one form, so that an upload of a few files overlays the tree it belongs to. A source's files are then
known as source → path → bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath

from formguide.files import below
from formguide.formula1 import ergast, f1db, jolpica
from formguide.formula1.ids import FOLDERS

Files = Mapping[str, Mapping[str, bytes]]

SOURCES = ("f1db", "jolpica", "ergast_csv")

_RACE = re.compile(r"(?:.*/)?(\d{4}/races/[^/]+/[^/]+\.ya?ml)")
_IDS = re.compile(rf"(?:.*/)?((?:{'|'.join(FOLDERS)})/[^/]+\.ya?ml)")
_JSON = re.compile(r"(?:.*/)?([^/]+\.json[^/]*)")
_MENTIONED = re.compile(rb"^\W*(driver|constructor|circuit|grandPrix)Id: *([^\s#]+)", re.MULTILINE)
_KEPT_APART = "arrivals"
_HIDDEN = re.compile(r"(?:.*/)?[._]")


def place(path: str) -> tuple[str, str] | None:
    """Source and path under which a file is kept, from its path below the folder; None if it is not ours.

    `f1db/seasons/2025/races/…`, `seasons/2025/races/…` and `2025/races/…` are all `seasons/2025/races/…`
    of f1db.
    """
    name = PurePosixPath(path).name
    if match := _RACE.fullmatch(path):
        return "f1db", f"seasons/{match.group(1)}"
    if match := _IDS.fullmatch(path):
        return "f1db", match.group(1)
    if name in ergast.FILES:
        return "ergast_csv", name
    if not _HIDDEN.fullmatch(name[:1]) and (match := _JSON.fullmatch(path)):
        return "jolpica", match.group(1)
    return None


def read_folder(path: str | Path, notes: list[str] | None = None) -> dict[str, dict[str, bytes]]:
    """The folder's files by source and path; what is passed over is said in `notes`.

    Upload folders kept in `arrivals/` below the root are passed over: they are a history, not a state. Raises
    `FileNotFoundError` if there is no such folder.
    """
    root = Path(path)
    if not root.is_dir():
        raise FileNotFoundError(f"no folder {root}")
    said = notes if notes is not None else []
    found: dict[str, dict[str, bytes]] = {source: {} for source in SOURCES}
    # The folder itself may be a part of a tree: `…/2025/races/05-x` and `…/2025` are placed by their own
    # names.
    prefix = _prefix(root)
    for relative, file in below(root):
        if relative.startswith(f"{_KEPT_APART}/"):
            continue
        placed = place(relative) or place(prefix + relative)
        if placed is None:
            said.append(f"{relative}: not a file of a source that is read")
            continue
        source, kept = placed
        if kept in found[source]:
            said.append(f"{relative}: {source}/{kept} is already there, the first is read")
            continue
        body = file.read_bytes()
        if source == "jolpica" and jolpica.is_foreign(kept, body):
            said.append(f"{relative}: JSON, but no body of Jolpica")
            continue
        found[source][kept] = body
    if (root / _KEPT_APART).is_dir():
        said.append(
            f"{_KEPT_APART}/: a history of uploads, not read with the rest; name it itself to read it"
        )
    return found


def _prefix(root: Path) -> str:
    parts = root.resolve().parts
    for depth in (3, 2, 1):
        if (
            len(parts) >= depth
            and re.fullmatch(r"\d{4}", parts[-depth])
            and (depth == 1 or parts[-depth + 1] == "races")
        ):
            return "/".join(parts[-depth:]) + "/"
    return f"{parts[-1]}/" if parts and parts[-1] in FOLDERS else ""


def seasons_of(files: Files) -> dict[int, list[str]]:
    """The seasons that the files speak of, and the files (`source/path`) that speak of each.

    A CSV table speaks of every season of its `races.csv`; a file of the id folders of those that mention
    its id.
    """
    tree = files.get("f1db", {})
    found: dict[int, set[str]] = {}
    mentioned: dict[tuple[str, str], set[int]] = {}
    for path, body in tree.items():
        for season in f1db.seasons(path):
            found.setdefault(season, set()).add(f"f1db/{path}")
            for key in _mentions(body):
                mentioned.setdefault(key, set()).add(season)
    kinds = {
        "drivers": "driver",
        "constructors": "constructor",
        "circuits": "circuit",
        "grands-prix": "grandPrix",
    }
    for path in tree:
        folder, _, name = path.partition("/")
        if folder in kinds:
            for season in mentioned.get((kinds[folder], PurePosixPath(name).stem), ()):
                found[season].add(f"f1db/{path}")
    for path, body in files.get("jolpica", {}).items():
        for season in jolpica.seasons(path, body):
            found.setdefault(season, set()).add(f"jolpica/{path}")
    tables = files.get("ergast_csv", {})
    for season in ergast.seasons(tables):
        found.setdefault(season, set()).update(f"ergast_csv/{path}" for path in tables)
    return {season: sorted(paths) for season, paths in sorted(found.items())}


@lru_cache(maxsize=4096)
def _mentions(body: bytes) -> frozenset[tuple[str, str]]:
    """The ids in a file of f1db. Who watches a folder asks again of files that stayed as they are."""
    return frozenset(
        (kind.decode(), name.decode("utf-8", "replace").strip("\"'"))
        for kind, name in set(_MENTIONED.findall(body))
    )


def unplaced(files: Files) -> list[str]:
    """The files (`source/path`) that speak of no season, so that no season's tables will ever report them."""
    placed = {path for paths in seasons_of(files).values() for path in paths}
    everything = (f"{source}/{path}" for source in SOURCES for path in files.get(source, {}))
    return sorted(path for path in everything if path not in placed)
