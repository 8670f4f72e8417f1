"""What came in: from watched folders into the raw store, and which seasons that touches.

A folder is mirrored: a file that appears, changes or goes in it appears, changes or goes in the raw trees
(one per source), and what else is in them stays: other folders' files, and what was pulled from a live
source. Where two folders hold one path, the one that changed it last counts. A folder that is not there
says nothing.

`source_files` is the raw store seen by season: the files a season is made from, by content. Comparing what
it says with what the folders hold now is how the watchers know which seasons to make again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import dataframely as dy
import polars as pl

from formguide.asof import fingerprint
from formguide.formula1.folders import read_folder, seasons_of
from formguide.formula1.sample.league import TRUTH
from formguide.lake import Lake, Written
from formguide.schema import Table, dtypes

SPORT = "formula1"
Trees = dict[str, dict[str, str]]
"""Source → path → SHA-256 of the file's bytes."""


class SourceFiles(Table):
    """One row per file that a season is made from; a file that speaks of several seasons is part of each."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "source_files"
    description: ClassVar[str] = (
        "The files each season is made from, by content, as they lie in the raw store."
    )

    season = dy.Int32(nullable=False, primary_key=True, metadata={"doc": "Championship year"})
    source = dy.String(nullable=False, primary_key=True, metadata={"doc": "f1db, jolpica or ergast"})
    path = dy.String(nullable=False, primary_key=True, metadata={"doc": "Path below the source's folder"})
    sha256 = dy.String(nullable=False, metadata={"doc": "SHA-256 of the file's bytes, hex"})


@dataclass(frozen=True)
class Holdings:
    """What the folders and the raw store hold together: the trees, and each season's `source_files`.

    folders: each mirrored folder's own files; bodies: their bytes by SHA-256; passed_over: files in the
    folders that no reader takes, each with the reason.
    """

    trees: Trees
    seasons: dict[int, pl.DataFrame]
    folders: dict[str, dict[str, str]] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict, repr=False)
    passed_over: list[str] = field(default_factory=list)


def holdings(lake: Lake, folders: Iterable[str | Path] = ()) -> Holdings:
    """What the raw store would hold if the folders were mirrored now. Reads, and writes nothing."""
    kept = {source: lake.raw_tree(SPORT, source) for source in lake.raw_sources(SPORT)}
    trees: Trees = {source: tree for source, tree in kept.items() if not source.startswith(_FOLDER)}
    origins = {source: tree for source, tree in kept.items() if source.startswith(_FOLDER)}
    bodies: dict[str, bytes] = {}
    mirrored: dict[str, dict[str, str]] = {}
    passed_over: list[str] = []
    for folder in folders:
        if not Path(folder).is_dir():
            continue
        now: dict[str, str] = {}
        for source, found in read_folder(folder, passed_over).items():
            for path, body in found.items():
                sha = hashlib.sha256(body).hexdigest()
                bodies[sha] = body
                now[f"{source}/{path}"] = sha
        name = folder_name(folder)
        others = [tree for other, tree in {**origins, **mirrored}.items() if other != name]
        _mirror(trees, origins.get(name, {}), now, others)
        mirrored[name] = now
    return Holdings(trees, _by_season(trees, lake, bodies), mirrored, bodies, passed_over)


def changed_seasons(lake: Lake, held: Holdings) -> dict[int, str]:
    """The seasons whose files are not those the lake's tables were made from, each with its new
    fingerprint."""
    gone = {int(key) for key in lake.partitions(SPORT, SourceFiles.name)} - held.seasons.keys()
    now = {season: _fingerprint(frame) for season, frame in held.seasons.items()}
    now |= {season: _fingerprint(_frame(season, {})) for season in gone}
    return {season: made for season, made in sorted(now.items()) if _made_from(lake, season) != made}


def receive(lake: Lake, held: Holdings) -> dict[str, int]:
    """Puts what the folders hold into the raw store; how many files were added, changed and removed."""
    counts = {"added": 0, "changed": 0, "removed": 0}
    before = {name: lake.raw_tree(SPORT, name) for name in [*held.trees, *held.folders]}
    known = {sha for tree in before.values() for sha in tree.values()}
    for tree in held.folders.values():
        for name, sha in tree.items():
            if sha not in known:
                source, _, path = name.partition("/")
                lake.raw_put(SPORT, source, path, held.bodies[sha])
    for name, tree in [*held.trees.items(), *held.folders.items()]:
        if tree == before[name]:
            continue
        change = lake.raw_set_tree(SPORT, name, tree)
        if name in held.trees:
            counts["added"] += len(change.added)
            counts["changed"] += len(change.changed)
            counts["removed"] += len(change.removed)
    return counts


def write_source_files(lake: Lake, season: int, held: Holdings) -> Written:
    """Makes the season's `source_files` what the raw store holds of it."""
    frame = held.seasons.get(season, _frame(season, {}))
    return lake.write_table(SPORT, SourceFiles.name, str(season), frame, SourceFiles, _fingerprint(frame))


def season_bodies(lake: Lake, season: int) -> dict[str, dict[str, bytes]]:
    """The bytes of every file of a season, by source and path."""
    listed = lake.read_table(SPORT, SourceFiles.name, [str(season)], SourceFiles)
    found: dict[str, dict[str, bytes]] = {}
    for source, path, sha in listed.select("source", "path", "sha256").iter_rows():
        found.setdefault(source, {})[path] = lake.raw_get(SPORT, sha)
    return found


def is_sample_folder(folder: str | Path) -> bool:
    """Whether a folder holds the sample league, which says so by its `truth.json`."""
    return (Path(folder) / TRUTH).is_file()


def holds_sample(lake: Lake) -> bool:
    """Whether the lake holds the sample league, so that its scores are marked as such."""
    return bool(lake.raw_tree(SPORT, _SAMPLE))


def holds_real_data(lake: Lake) -> bool:
    """Whether the lake holds files that are not the sample league's."""
    sample = set(lake.raw_tree(SPORT, _SAMPLE))
    trees = [s for s in lake.raw_sources(SPORT) if not s.startswith(_FOLDER)]
    return any(f"{source}/{path}" not in sample for source in trees for path in lake.raw_tree(SPORT, source))


def folder_name(folder: str | Path) -> str:
    """Under which name a folder's own tree is kept: a hash of where it is; the sample league is one
    wherever it is."""
    if is_sample_folder(folder):
        return _SAMPLE
    place = Path(folder).expanduser().resolve()
    return f"{_FOLDER}{hashlib.sha256(str(place).encode()).hexdigest()[:12]}"


_FOLDER = "folder-"
_SAMPLE = f"{_FOLDER}sample"


def _mirror(
    trees: Trees, before: Mapping[str, str], now: Mapping[str, str], others: Iterable[Mapping[str, str]]
) -> None:
    """Applies to the trees what changed in a folder; a file that goes leaves what another folder says."""
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) == now.get(name):
            continue
        source, _, path = name.partition("/")
        tree = trees.setdefault(source, {})
        if name in now:
            tree[path] = now[name]
        elif tree.get(path) == before[name]:
            elsewhere = sorted(other[name] for other in others if name in other)
            if elsewhere:
                tree[path] = elsewhere[0]
            else:
                del tree[path]


class _Bodies(Mapping[str, bytes]):
    """A source's files by path; a body is read when somebody asks for it."""

    def __init__(self, lake: Lake, tree: Mapping[str, str], known: Mapping[str, bytes]) -> None:
        self._lake, self._tree, self._known = lake, tree, known

    def __getitem__(self, path: str) -> bytes:
        sha = self._tree[path]
        return self._known[sha] if sha in self._known else self._lake.raw_get(SPORT, sha)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree)

    def __len__(self) -> int:
        return len(self._tree)


def _by_season(trees: Trees, lake: Lake, bodies: Mapping[str, bytes]) -> dict[int, pl.DataFrame]:
    claimed = seasons_of({source: _Bodies(lake, tree, bodies) for source, tree in trees.items()})
    everything = {f"{source}/{path}": sha for source, tree in trees.items() for path, sha in tree.items()}
    return {
        season: _frame(season, {name: everything[name] for name in names})
        for season, names in claimed.items()
    }


def _frame(season: int, files: Mapping[str, str]) -> pl.DataFrame:
    rows = [(season, *name.split("/", 1), sha) for name, sha in files.items()]
    return pl.DataFrame(rows, schema=dtypes(SourceFiles), orient="row").sort("source", "path")


def _fingerprint(files: pl.DataFrame) -> str:
    return fingerprint(*files.select("source", "path", "sha256").rows())


def _made_from(lake: Lake, season: int) -> str | None:
    manifest = lake.manifest(SPORT, SourceFiles.name, str(season))
    return manifest.made_from if manifest else None
