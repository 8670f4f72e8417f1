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
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import dataframely as dy
import polars as pl

from formguide.asof import fingerprint
from formguide.files import below
from formguide.lake import Lake, LakeError, Written
from formguide.schema import Table, dtypes

FIRST_SEASON = 2000
"""The first season that there is a partition for, in every sport."""

NOT_READ = "not a file of a source that is read"
"""What is noted of a file that is of no sport's business."""

Files = Mapping[str, Mapping[str, bytes]]
"""Source → path → bytes."""

Trees = dict[str, dict[str, str]]
"""Source → path → SHA-256 of the file's bytes."""


class SourceFiles(Table):
    """One row per file that a season is made from; a file that speaks of several seasons is part of each.

    Each sport has a table of its own with these columns.
    """

    name: ClassVar[str] = "source_files"
    description: ClassVar[str] = (
        "The files each season is made from, by content, as they lie in the raw store."
    )

    season = dy.Int32(nullable=False, primary_key=True, metadata={"doc": "Season"})
    source = dy.String(
        nullable=False, primary_key=True, metadata={"doc": "Where files of this kind come from"}
    )
    path = dy.String(nullable=False, primary_key=True, metadata={"doc": "Path below the source's folder"})
    sha256 = dy.String(nullable=False, metadata={"doc": "SHA-256 of the file's bytes, hex"})


@dataclass(frozen=True)
class Holdings:
    """What the folders and the raw store hold together: the trees, and each season's `source_files`.

    folders: each mirrored folder's own files; bodies: their bytes by SHA-256; passed_over: files in the
    folders that nothing is made from, each with the reason.
    """

    trees: Trees
    seasons: dict[int, pl.DataFrame]
    folders: dict[str, dict[str, str]] = field(default_factory=dict)
    bodies: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    passed_over: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Arrivals:
    """How files of one sport come in.

    table: its `SourceFiles`; read_folder: a folder's files by source and path (their bytes may be read when
    they are asked for), with what it passes over added to the list; seasons_of: the seasons that files speak
    of, with the files (`source/path`) of each; marker: the file by which the sample league's folder is known.
    """

    table: type[SourceFiles]
    read_folder: Callable[[str | Path, list[str]], Mapping[str, Mapping[str, bytes]]]
    seasons_of: Callable[[Files], dict[int, list[str]]]
    marker: str

    @property
    def sport(self) -> str:
        """The sport's name."""
        return self.table.sport

    def holdings(self, lake: Lake, folders: Iterable[str | Path] = ()) -> Holdings:
        """What the raw store would hold if the folders were mirrored now. Reads, and writes nothing."""
        kept = {source: lake.raw_tree(self.sport, source) for source in lake.raw_sources(self.sport)}
        trees: Trees = {source: tree for source, tree in kept.items() if not source.startswith(_FOLDER)}
        origins = {source: tree for source, tree in kept.items() if source.startswith(_FOLDER)}
        bodies = _Found()
        mirrored: dict[str, dict[str, str]] = {}
        passed_over: list[str] = []
        for folder in folders:
            if not Path(folder).is_dir():
                continue
            now: dict[str, str] = {}
            for source, found in self.read_folder(folder, passed_over).items():
                for path, body in found.items():
                    sha = hashlib.sha256(body).hexdigest()
                    bodies.add(sha, found, path)
                    now[f"{source}/{path}"] = sha
            name = self.folder_name(folder)
            others = [tree for other, tree in {**origins, **mirrored}.items() if other != name]
            _mirror(trees, origins.get(name, {}), now, others)
            mirrored[name] = now
        return Holdings(trees, self._by_season(trees, lake, bodies), mirrored, bodies, passed_over)

    def changed_seasons(self, lake: Lake, held: Holdings) -> dict[int, str]:
        """The seasons whose files are not those the lake's tables were made from, each with its new
        fingerprint."""
        gone = {int(key) for key in lake.partitions(self.sport, self.table.name)} - held.seasons.keys()
        now = {season: _fingerprint(frame) for season, frame in held.seasons.items()}
        now |= {season: _fingerprint(self._frame(season, {})) for season in gone}
        return {season: made for season, made in sorted(now.items()) if self._made_from(lake, season) != made}

    def receive(self, lake: Lake, held: Holdings) -> dict[str, int]:
        """Puts what the folders hold into the raw store; how many files were added, changed and removed."""
        counts = {"added": 0, "changed": 0, "removed": 0}
        before = {name: lake.raw_tree(self.sport, name) for name in [*held.trees, *held.folders]}
        known = {sha for tree in before.values() for sha in tree.values()}
        for tree in held.folders.values():
            for name, sha in tree.items():
                if sha not in known:
                    source, _, path = name.partition("/")
                    lake.raw_put(self.sport, source, path, held.bodies[sha])
        for name, tree in [*held.trees.items(), *held.folders.items()]:
            if tree == before[name]:
                continue
            change = lake.raw_set_tree(self.sport, name, tree)
            if name in held.trees:
                counts["added"] += len(change.added)
                counts["changed"] += len(change.changed)
                counts["removed"] += len(change.removed)
        return counts

    def write_source_files(self, lake: Lake, season: int, held: Holdings) -> Written:
        """Makes the season's `source_files` what the raw store holds of it."""
        frame = held.seasons.get(season, self._frame(season, {}))
        return lake.write_table(
            self.sport, self.table.name, str(season), frame, self.table, _fingerprint(frame)
        )

    def season_bodies(self, lake: Lake, season: int) -> dict[str, dict[str, bytes]]:
        """The bytes of every file of a season, by source and path."""
        files = self.season_files(lake, season)
        return {
            source: {path: lake.raw_get(self.sport, sha) for path, sha in tree.items()}
            for source, tree in files.items()
        }

    def season_reader(self, lake: Lake, season: int) -> dict[str, Mapping[str, bytes]]:
        """The same, each body read when somebody asks for it, and not kept."""
        return {
            source: _Bodies(self.sport, lake, tree, {})
            for source, tree in self.season_files(lake, season).items()
        }

    def season_files(self, lake: Lake, season: int) -> Trees:
        """What a season is made from, by source and path, as SHA-256."""
        listed = lake.read_table(self.sport, self.table.name, [str(season)], self.table)
        found: Trees = {}
        for source, path, sha in listed.select("source", "path", "sha256").iter_rows():
            found.setdefault(source, {})[path] = sha
        return found

    def is_sample_folder(self, folder: str | Path) -> bool:
        """Whether a folder holds the sample league, which says so by its `truth.json`."""
        return (Path(folder) / self.marker).is_file()

    def holds_sample(self, lake: Lake) -> bool:
        """Whether the lake holds the sample league, so that its scores are marked as such."""
        return bool(lake.raw_tree(self.sport, _SAMPLE))

    def holds_real_data(self, lake: Lake) -> bool:
        """Whether the lake holds files that are not the sample league's."""
        sample = set(lake.raw_tree(self.sport, _SAMPLE))
        trees = [s for s in lake.raw_sources(self.sport) if not s.startswith(_FOLDER)]
        return any(
            f"{source}/{path}" not in sample for source in trees for path in lake.raw_tree(self.sport, source)
        )

    def folder_name(self, folder: str | Path) -> str:
        """Under which name a folder's own tree is kept: a hash of where it is; the sample league is one
        wherever it is."""
        if self.is_sample_folder(folder):
            return _SAMPLE
        place = Path(folder).expanduser().resolve()
        return f"{_FOLDER}{hashlib.sha256(str(place).encode()).hexdigest()[:12]}"

    def _by_season(self, trees: Trees, lake: Lake, bodies: Mapping[str, bytes]) -> dict[int, pl.DataFrame]:
        claimed = self.seasons_of(
            {source: _Bodies(self.sport, lake, tree, bodies) for source, tree in trees.items()}
        )
        everything = {f"{source}/{path}": sha for source, tree in trees.items() for path, sha in tree.items()}
        return {
            season: self._frame(season, {name: everything[name] for name in names})
            for season, names in claimed.items()
        }

    def _frame(self, season: int, files: Mapping[str, str]) -> pl.DataFrame:
        rows = [(season, *name.split("/", 1), sha) for name, sha in files.items()]
        return pl.DataFrame(rows, schema=dtypes(self.table), orient="row").sort("source", "path")

    def _made_from(self, lake: Lake, season: int) -> str | None:
        manifest = lake.manifest(self.sport, self.table.name, str(season))
        return manifest.made_from if manifest else None


@dataclass(frozen=True)
class Layout:
    """How a sport's files lie in a folder.

    place: source and path under which a file is kept, from its path below the folder, None if it is not ours;
    above: the part of the folder's own path that says what its files are, so that a part of a tree is placed
    like the whole; refuses: why a file that has a place is none of ours after all, None if it is; refused:
    the source under which those are kept all the same, so that somebody hears of them (by default they are
    passed over); beside: names of files that lie beside ours and are passed over without a word.
    """

    sources: tuple[str, ...]
    place: Callable[[str], tuple[str, str] | None]
    above: Callable[[Path], str] = lambda root: ""
    refuses: Callable[[str, Path], str | None] = lambda source, file: None
    refused: str | None = None
    beside: tuple[str, ...] = ()

    def files(self, folder: str | Path, notes: list[str] | None = None) -> dict[str, dict[str, Path]]:
        """The folder's files by source and path; what is passed over is said in `notes`.

        Of a file that is there both gzip'd and not, the plain one is taken. Raises `FileNotFoundError` if
        there is no such folder.
        """
        root = Path(folder)
        if not root.is_dir():
            raise FileNotFoundError(f"no folder {root}")
        said = notes if notes is not None else []
        found: dict[str, dict[str, Path]] = {source: {} for source in self.sources}
        for relative, file, placed in self._walk(root):
            if placed is None:
                if file.name not in self.beside:
                    said.append(f"{relative}: {NOT_READ}")
                continue
            source, kept = placed
            if kept in found[source] or kept.removesuffix(".gz") in found[source]:
                said.append(f"{relative}: {source}/{kept} is already there, the first is read")
            elif (reason := self.refuses(source, file)) is not None:
                said.append(f"{relative}: {reason}")
                if self.refused is not None:
                    found[self.refused][relative] = file
            else:
                found[source][kept] = file
        return found

    def takes(self, folder: str | Path) -> bool:
        """Whether a folder has a file of any source."""
        root = Path(folder)
        return root.is_dir() and any(
            placed is not None and self.refuses(placed[0], file) is None
            for _, file, placed in self._walk(root)
        )

    def _walk(self, root: Path) -> Iterator[tuple[str, Path, tuple[str, str] | None]]:
        above = self.above(root)
        for relative, file in below(root):
            hidden = relative.startswith((".", "_"))
            yield relative, file, self.place(relative) or (None if hidden else self.place(above + relative))


class FilesOnDisk(Mapping[str, bytes]):
    """Files by the path under which they are kept; read when they are asked for."""

    def __init__(self, places: Mapping[str, Path]) -> None:
        self._places = dict(places)

    def __getitem__(self, path: str) -> bytes:
        return self._places[path].read_bytes()

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


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


class _Found(Mapping[str, bytes]):
    """Bodies of a folder's files by SHA-256; where a file's bytes were not kept, they are read again."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[Mapping[str, bytes], str]] = {}

    def add(self, sha: str, found: Mapping[str, bytes], path: str) -> None:
        """Says under which path a body was found."""
        self._places[sha] = (found, path)

    def __getitem__(self, sha: str) -> bytes:
        found, path = self._places[sha]
        body = found[path]
        if hashlib.sha256(body).hexdigest() != sha:
            raise LakeError(f"{path} was changed while it was taken in: look again")
        return body

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class _Bodies(Mapping[str, bytes]):
    """A source's files by path; a body is read when somebody asks for it."""

    def __init__(self, sport: str, lake: Lake, tree: Mapping[str, str], known: Mapping[str, bytes]) -> None:
        self._sport, self._lake, self._tree, self._known = sport, lake, tree, known

    def __getitem__(self, path: str) -> bytes:
        sha = self._tree[path]
        return self._known[sha] if sha in self._known else self._lake.raw_get(self._sport, sha)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree)

    def __len__(self) -> int:
        return len(self._tree)


def _fingerprint(files: pl.DataFrame) -> str:
    return fingerprint(*files.select("source", "path", "sha256").rows())
