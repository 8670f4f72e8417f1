"""Files read one by one, each once per content.

What a file says depends on nothing but its bytes and its name, so it is kept in the lake's cache under a hash
of both: a new meet costs reading the pages that tell of it, and a season is put together from what is there.

    <lake>/cache/track/readings/<ab>/<hash>.parquet    the file's performances
    <lake>/cache/track/readings/<ab>/<hash>.json       what was set aside of it, what it counts itself

The cache may be deleted: the files are read again.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
from upath import UPath

from formguide import files as disk
from formguide.arrivals import Trees
from formguide.asof import fingerprint
from formguide.lake import Lake
from formguide.records import Reject
from formguide.schema import dtypes, empty
from formguide.track.folders import seasons_in
from formguide.track.tables import SPORT, Performances

VERSION = "1"
"""Changes when the same file would be read otherwise."""


@dataclass(frozen=True)
class FileReading:
    """What one file says. rows: `Performances`; counts: how many rows the file holds (`rows`), and what
    became of them; seasons: those that its dates fall into."""

    rows: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    seasons: tuple[int, ...] = ()


Reader = Callable[[Mapping[str, bytes]], Mapping[str, FileReading]]
"""Reads files of a source, path → bytes; what it cannot use is in their readings, never raised."""

_BATCH_BYTES = 256_000_000
"""How much is read at once: enough for several processes, and not the whole of a large site."""


@dataclass(frozen=True)
class Readings:
    """What some files say, by `source/path`. rows: all their performances, with the `file` of each."""

    files: Mapping[str, FileReading]
    rows: pl.DataFrame

    def of(self, trees: Trees) -> Readings:
        """What some of the files say."""
        names = [f"{source}/{path}" for source, tree in trees.items() for path in tree]
        return Readings(
            {name: self.files[name] for name in names}, self.rows.filter(pl.col("file").is_in(names))
        )

    def holds(self, trees: Trees) -> bool:
        """Whether all of some files are among these."""
        return all(f"{source}/{path}" in self.files for source, tree in trees.items() for path in tree)

    def told_in(self, season: int) -> list[Reject]:
        """What was set aside of files whose last season this is."""
        return [reject for _, file in self._ending_in(season) for reject in file.rejects]

    def notes_in(self, season: int) -> list[str]:
        """What came up in files whose last season this is."""
        return [
            f"{name}: {note}"
            for name, file in self._ending_in(season)
            for note in [*file.notes, *_unclaimed(file)]
        ]

    def counts_in(self, season: int) -> dict[str, dict[str, int]]:
        """What files whose last season this is count."""
        return {name: file.counts for name, file in self._ending_in(season)}

    def _ending_in(self, season: int) -> list[tuple[str, FileReading]]:
        return [
            (name, file)
            for name, file in sorted(self.files.items())
            if max(file.seasons, default=0) == season
        ]


def read_files(lake: Lake, trees: Trees, readers: Mapping[str, Reader]) -> Readings:
    """What the files of some trees say: from the cache where they were read before. readers: by source."""
    found: dict[str, FileReading] = {}
    for source, tree in sorted(trees.items()):
        due = {}
        for path, sha in sorted(tree.items()):
            kept = _kept(_place(lake, source, path, sha), f"{source}/{path}")
            if kept is None:
                due[path] = sha
            else:
                found[f"{source}/{path}"] = kept
        for bodies in _batches(lake, due):
            for path, read in readers[source](bodies).items():
                reading = replace(read, seasons=seasons_in(source, path, bodies[path]))
                _keep(_place(lake, source, path, due[path]), reading)
                found[f"{source}/{path}"] = reading
    frames = [
        file.rows.with_columns(file=pl.lit(name))
        for name, file in sorted(found.items())
        if not file.rows.is_empty()
    ]
    nothing = empty(Performances).with_columns(file=pl.lit("", pl.String))
    return Readings(found, pl.concat(frames) if frames else nothing)


def _batches(lake: Lake, tree: Mapping[str, str]) -> Iterator[dict[str, bytes]]:
    """The bodies of some files, some at a time."""
    batch: dict[str, bytes] = {}
    size = 0
    for path, sha in tree.items():
        batch[path] = lake.raw_get(SPORT, sha)
        size += len(batch[path])
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = {}, 0
    if batch:
        yield batch


def _unclaimed(file: FileReading) -> list[str]:
    """The seasons of a file's marks that its dates did not tell, so that no season asked it for them."""
    seasons = sorted(set(file.rows["season"]) - set(file.seasons))
    return [f"marks of {season} are left out, since no date in the file tells it" for season in seasons]


def _place(lake: Lake, source: str, path: str, sha: str) -> UPath:
    name = fingerprint(VERSION, source, path, sha)
    return lake.root / "cache" / SPORT / "readings" / name[:2] / f"{name}.parquet"


def _kept(place: UPath, file: str) -> FileReading | None:
    """What was kept of a file; None if nothing was, or what was kept is damaged."""
    said, rows = disk.read_json(place.with_suffix(".json")), disk.read(place)
    if said is None or rows is None:
        return None
    try:
        frame = pl.read_parquet(io.BytesIO(rows))
    except pl.exceptions.PolarsError:
        return None
    if dict(frame.schema) != dtypes(Performances):
        return None
    rejects = [
        Reject(file, one["row"], one["field"], one["reason"], base64.b64decode(one["payload"]))
        for one in said["rejects"]
    ]
    return FileReading(frame, rejects, said["notes"], said["counts"], tuple(said["seasons"]))


def _keep(place: UPath, reading: FileReading) -> None:
    """Keeps what a file says; its table last, so that a run cut short leaves nothing that looks whole."""
    rejects: list[dict[str, Any]] = [
        {
            "row": one.row,
            "field": one.field,
            "reason": one.reason,
            "payload": base64.b64encode(one.payload).decode(),
        }
        for one in reading.rejects
    ]
    disk.put_json(
        place.with_suffix(".json"),
        {
            "rejects": rejects,
            "notes": reading.notes,
            "counts": reading.counts,
            "seasons": list(reading.seasons),
        },
    )
    body = io.BytesIO()
    reading.rows.write_parquet(body, compression="zstd", compression_level=3)
    disk.put(place, body.getvalue())
