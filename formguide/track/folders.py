"""Which files of a folder are ours, and which seasons they speak of.

    *.html[.gz]                                TFRRS pages, pulled or saved by hand, under any folder
    openath_athletes/<athlete>.json            Open Athletics careers
    qnolan/athletes_{indoor,outdoor}.csv       tables of TFRRS marks, without a header
    lukejsd/*_results.csv                      tables of TFRRS marks, with one
    *.csv with an athlete, an event and a mark the marks that another scraper of TFRRS wrote

A page or a table speaks of every season in which one of its marks was made, and a career of many; which these
are is read off its dates alone, so that nothing is parsed before it is needed. Toplists end at their top N
and hold no history, and a pickle may run code when it is loaded: both are passed over, and said to be.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path, PurePosixPath

from formguide.arrivals import Files, FilesOnDisk
from formguide.files import below
from formguide.track.tables import FIRST_INDOOR_MONTH, INDOOR, OUTDOOR, season_of

PAGES, CAREERS, QNOLAN, LUKEJSD, MARKS_CSV = "tfrrs", "openath_athletes", "qnolan", "lukejsd", "csv"
SOURCES = (PAGES, CAREERS, QNOLAN, LUKEJSD, MARKS_CSV)

_PAGE = re.compile(r".+\.html?(?:\.gz)?", re.IGNORECASE)
_CAREER = re.compile(r"[^/]+\.json")
_QNOLAN = re.compile(r"athletes_(indoor|outdoor)\.csv")
_LUKEJSD = re.compile(r"[^/]*_results\.csv")
_PAGE_FOLDERS = ("tfrrs_html", "tfrrs")
_PICKLED = (".npy", ".pkl", ".pickle", ".pth", ".joblib")
_TOPLISTS = "world_athletics_alltime"
_BESIDE = ("truth.json", "urls.csv")
"""Files that lie beside pages and are none: what the sample league knows of itself, and what to pull."""

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, start=1)}
_MONTH = rb"([JFMASOND][A-Za-z]{2})[a-z]*\.?(?:\s|&nbsp;)+"
_WRITTEN = re.compile(
    _MONTH + rb"\d{1,2}(?:\s*(?:-|\xe2\x80\x93|&ndash;)\s*(?:[A-Z][a-z]+\.?\s+)?\d{1,2})?\s*,?\s*(\d{4})\b"
)
"""Feb 28, 2020; Feb 28-29, 2020; Feb 28 - Mar 1, 2020."""
_SLASHED = re.compile(rb"\b(\d{1,2})/\d{1,2}/(\d{4}|\d{2})\b")
_ISO = re.compile(rb"\b(\d{4})-(\d\d)-\d\d\b")
_WANTED = (
    {"athlete", "athletename", "name"},
    {"event", "eventname"},
    {"mark", "performance", "result", "time"},
)
"""What a table of marks must have a column for, one of each."""


def place(path: str) -> tuple[str, str] | None:
    """Source and path under which a file is kept, from its path; None if it is not ours.

    Whether a CSV that no source is known by is a table of marks only its header says: see `read_folder`.
    """
    parts = path.split("/")
    if any(part.startswith((".", "_")) for part in parts):
        return None
    folder, name = (parts[-2] if len(parts) > 1 else ""), parts[-1]
    if _PAGE.fullmatch(path):
        known = [depth for depth, part in enumerate(parts[:-1]) if part in _PAGE_FOLDERS]
        return PAGES, "/".join(parts[known[-1] + 1 :] if known else parts)
    if folder == CAREERS and _CAREER.fullmatch(name):
        return CAREERS, name
    if folder == QNOLAN and _QNOLAN.fullmatch(name):
        return QNOLAN, name
    if folder == LUKEJSD and _LUKEJSD.fullmatch(name):
        return LUKEJSD, name
    return None


def read_folder(path: str | Path, notes: list[str] | None = None) -> dict[str, FilesOnDisk]:
    """The folder's files by source and path; what is passed over is said in `notes`.

    Of a page that is there both gzip'd and not, the plain one is taken. Raises `FileNotFoundError` if there
    is no such folder.
    """
    root = Path(path)
    if not root.is_dir():
        raise FileNotFoundError(f"no folder {root}")
    said = notes if notes is not None else []
    found: dict[str, dict[str, Path]] = {source: {} for source in SOURCES}
    above = _above(root)
    for relative, file in below(root):
        placed = _placed(file, relative, above)
        if isinstance(placed, str):
            said.append(f"{relative}: {placed}")
        elif placed is not None:
            source, kept = placed
            if kept in found[source] or kept.removesuffix(".gz") in found[source]:
                said.append(f"{relative}: {source}/{kept} is already there, the first is read")
                continue
            found[source][kept] = file
    return {source: FilesOnDisk(places) for source, places in found.items()}


def takes(folder: str | Path) -> bool:
    """Whether a folder has a file of any source."""
    root = Path(folder)
    if not root.is_dir():
        return False
    above = _above(root)
    return any(isinstance(_placed(file, relative, above), tuple) for relative, file in below(root))


def _placed(file: Path, relative: str, above: str) -> tuple[str, str] | str | None:
    """Where a file of a folder is kept; or why it is passed over; or None if nothing need be said."""
    name = file.name.lower()
    if relative in _BESIDE or any(part.startswith(".") for part in relative.split("/")):
        return None
    if _TOPLISTS in f"{above}{relative}".split("/"):
        return "a toplist ends at its top N and holds no history, so no season can be told from it"
    if name.endswith(_PICKLED):
        return "pickled data may run code when it is loaded and is refused: save it as CSV"
    placed = place(relative) or (None if relative.startswith((".", "_")) else place(above + relative))
    if placed is None and name.endswith(".csv") and not relative.startswith((".", "_")) and _has_marks(file):
        return MARKS_CSV, relative
    return placed or "not a file of a source that is read"


def _above(root: Path) -> str:
    """The folder's own name, where it says of which source its files are."""
    name = root.resolve().name
    return f"{name}/" if name in (*_PAGE_FOLDERS, CAREERS, QNOLAN, LUKEJSD, _TOPLISTS) else ""


def _has_marks(file: Path) -> bool:
    """Whether a CSV's header names an athlete, an event and a mark."""
    with file.open("rb") as body:
        header = body.readline(10_000).decode("utf-8-sig", "replace")
    names = {re.sub(r"[^a-z]", "", name.lower()) for name in header.split(",")}
    return all(names & wanted for wanted in _WANTED)


def seasons_of(files: Files) -> dict[int, list[str]]:
    """The seasons that the files speak of, and the files (`source/path`) that speak of each."""
    found: dict[int, list[str]] = {}
    for source in SOURCES:
        bodies = files.get(source, {})
        for path in bodies:
            for season in seasons_in(source, path, bodies[path]):
                found.setdefault(season, []).append(f"{source}/{path}")
    return {season: sorted(paths) for season, paths in sorted(found.items())}


def unplaced(files: Files) -> list[str]:
    """The files (`source/path`) that speak of no season, so that no season's tables will ever report them."""
    placed = {path for paths in seasons_of(files).values() for path in paths}
    everything = (f"{source}/{path}" for source in SOURCES for path in files.get(source, {}))
    return sorted(path for path in everything if path not in placed)


def seasons_in(source: str, path: str, body: bytes) -> tuple[int, ...]:
    """The seasons that a file's dates fall into, in order; none if it cannot be read.

    Where dates do not tell indoors from outdoors, a day from November on counts for both years that it may
    belong to: a season claimed too much is an empty one, a season claimed too little would lose marks.
    """
    key = (source, PurePosixPath(path).name, hashlib.sha256(body).hexdigest())
    if key not in _KNOWN:
        _KNOWN[key] = tuple(sorted(set(_READ[source](path, body))))
        if len(_KNOWN) > _MOST_KNOWN:
            _KNOWN.popitem(last=False)
    return _KNOWN[key]


_MOST_KNOWN = 100_000
_KNOWN: OrderedDict[tuple[str, str, str], tuple[int, ...]] = OrderedDict()
"""What files said, by content: the watchers look at all of them whenever one has changed."""


def _of_page(path: str, body: bytes) -> Iterable[int]:
    return _either(_dates(unzipped(path, body), written=True, slashed=True))


def _of_career(path: str, body: bytes) -> Iterable[int]:
    try:
        results = json.loads(body)["results"]
        days = [(date.fromisoformat(r["date"]), r["IndoorOutdoor"]) for r in results if r.get("date")]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return _either(_dates(body, iso=True))
    return {season_of(day, INDOOR if where == INDOOR else OUTDOOR) for day, where in days}


def _of_qnolan(path: str, body: bytes) -> Iterable[int]:
    label = INDOOR if "indoor" in PurePosixPath(path).name else OUTDOOR
    return {season_of(date(year, month, 1), label) for year, month in _dates(body, slashed=True)}


def _of_csv(path: str, body: bytes) -> Iterable[int]:
    return _either(_dates(body, written=True, slashed=True, iso=True))


_READ: Mapping[str, Callable[[str, bytes], Iterable[int]]] = {
    PAGES: _of_page,
    CAREERS: _of_career,
    QNOLAN: _of_qnolan,
    LUKEJSD: _of_csv,
    MARKS_CSV: _of_csv,
}


def unzipped(path: str, body: bytes) -> bytes:
    """A file's bytes, unpacked where its name says that they are packed; empty where they are damaged."""
    import gzip
    import zlib

    if not path.lower().endswith(".gz"):
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return b""


def _either(months: Iterable[tuple[int, int]]) -> set[int]:
    """The seasons that days of some months may belong to, indoors or out."""
    days = [date(year, month, 1) for year, month in months]
    outdoors = {season_of(day, OUTDOOR) for day in days}
    return outdoors | {season_of(day, INDOOR) for day in days if day.month >= FIRST_INDOOR_MONTH}


def _dates(
    body: bytes, written: bool = False, slashed: bool = False, iso: bool = False
) -> set[tuple[int, int]]:
    """Year and month of every date of some notations: Feb 28 - Mar 1, 2020; 02/28/2020; 2020-02-28."""
    found: set[tuple[int, int]] = set()
    if written:
        named = ((int(year), name.decode().lower()) for name, year in _WRITTEN.findall(body))
        found |= {(year, _MONTHS[name]) for year, name in named if name in _MONTHS}
    if slashed:
        found |= {(_four_digits(int(year)), int(month)) for month, year in _SLASHED.findall(body)}
    if iso:
        found |= {(int(year), int(month)) for year, month in _ISO.findall(body)}
    return {(year, month) for year, month in found if 1890 <= year <= 2200 and 1 <= month <= 12}


def _four_digits(year: int) -> int:
    return year if year >= 100 else year + (2000 if year < 70 else 1900)
