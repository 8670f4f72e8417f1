"""Where data lives: immutable files named by their content, and one manifest per partition that names them.

    <lake>/<sport>/<asset>/season=<key>/current.json          what this partition is now
    <lake>/<sport>/<asset>/season=<key>/part-<hash>.parquet   a table; never changed once written
    <lake>/<sport>/<asset>/all/…                              the same, of an asset without partitions

A write makes a new file and then replaces the manifest, so a reader that goes by the manifest sees the
old state or the new one, whole. Equal content from equal inputs touches nothing. A killed run leaves the
old manifest and at worst orphans, which `sweep` takes once nobody can be reading them any more. The same
frame gives the same bytes; the one clock is the manifest's `written_at`.
"""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import polars as pl
from upath import UPath

from formguide import files
from formguide.asof import compact, fingerprint
from formguide.intake import Intake, LakeError, Quarantined, RawChange

if TYPE_CHECKING:
    # Imported where tables are declared or checked: dataframely takes longer to load than all the rest here,
    # and who only reads does not need it.
    from formguide.schema import Table

__all__ = ["Lake", "LakeError", "Manifest", "Quarantined", "RawChange", "Written"]

DEFAULT_LAKE = "data/lake"
_MANIFEST = "current.json"
_UNPARTITIONED = "all"
_RESERVED = frozenset({"raw", "inbox", "quarantine", "warehouse", "cache"})
_READ_ATTEMPTS = 3

T = TypeVar("T")


@dataclass(frozen=True)
class Manifest:
    """What one partition of an asset is now.

    kind: "table" (one Parquet file), "bytes" (named files, such as a model) or "log" (Parquet parts in the
    order they were added); files: their stored names; rows: of a table or log; hash: of the content, the
    data version; schema: column to polars type; made_from: the caller's fingerprint of the inputs;
    extra: what else the caller wants beside the data; written_at: ISO 8601, UTC.
    """

    kind: Literal["table", "bytes", "log"]
    files: tuple[str, ...]
    hash: str
    made_from: str
    rows: int | None = None
    schema: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    written_at: str = ""

    @property
    def file(self) -> str:
        """The stored name of the (first) file."""
        return self.files[0]

    def without_clock(self) -> Manifest:
        """The same without `written_at`: equal for equal content, whenever it was written."""
        return replace(self, written_at="")


@dataclass(frozen=True)
class Written:
    """What a write did: whether anything was touched, and what is there now."""

    changed: bool
    rows: int | None
    path: UPath
    hash: str


@dataclass(frozen=True, init=False)
class Lake(Intake):
    """Everything the platform has made and received, below `root` (a local folder or an fsspec URL).

    A partition is named by its key: "2024" lies under `season=2024`; other partitionings name themselves
    ("gender=women"); None is an asset without partitions.
    """

    @classmethod
    def from_env(cls) -> Lake:
        """The lake at `FORMGUIDE_LAKE`, or `data/lake` below the working directory."""
        return cls(os.environ.get("FORMGUIDE_LAKE") or DEFAULT_LAKE)

    # -- writing -----------------------------------------------------------------------------------

    def write_table(
        self,
        sport: str,
        asset: str,
        partition: str | None,
        frame: pl.DataFrame,
        table: type[Table] | None,
        made_from: str,
        extra: Mapping[str, Any] | None = None,
    ) -> Written:
        """Makes `frame` the partition's content; raises `schema.TableError` if it is not the `table`."""
        if table is not None:
            from formguide import schema

            frame = schema.check(frame, table)
        data = _parquet(frame)
        return self._publish(
            self._place(sport, asset, partition),
            {"part.parquet": data},
            Manifest(
                kind="table",
                files=(),
                hash=files.content_hash(data),
                made_from=made_from,
                rows=frame.height,
                schema=_types(frame),
                extra=_plain(extra),
            ),
        )

    def write_bytes(
        self,
        sport: str,
        asset: str,
        partition: str | None,
        contents: Mapping[str, bytes],
        made_from: str,
        extra: Mapping[str, Any] | None = None,
    ) -> Written:
        """Makes the named files ("model.txt": …) the partition's content, together or not at all."""
        if not contents:
            raise ValueError(f"{sport}/{asset}: no files to write")
        ordered = {files.safe_name(name, "file"): contents[name] for name in sorted(contents)}
        manifest = Manifest("bytes", (), fingerprint(ordered), made_from, extra=_plain(extra))
        return self._publish(self._place(sport, asset, partition), ordered, manifest)

    def append_log(self, sport: str, frame: pl.DataFrame, table: type[Table]) -> Written:
        """Adds rows to the log named by `table`; what is in it stays as it is, for ever.

        Rows that are there already, by key and content, are not added again. Raises LakeError if a row has
        the key of one that says something else.
        """
        from formguide import schema

        place = self._place(sport, table.name, None)
        frame = schema.check(frame, table)
        with self._lock(place):
            old = self._manifest(place)
            if old is not None:
                frame = _new_rows(frame, self._load(place, old), table)
                if frame.is_empty():
                    return Written(False, old.rows, place, old.hash)
            data = _parquet(frame)
            part = _stored("part.parquet", data)
            earlier = old.files if old else ()
            files.put(place / part, data)
            new = Manifest(
                kind="log",
                files=(*earlier, part),
                hash=fingerprint(*earlier, part),
                made_from="",
                rows=(old.rows or 0 if old else 0) + frame.height,
                schema=_types(frame),
                written_at=_now(),
            )
            files.put_json(place / _MANIFEST, asdict(new))
            return Written(True, new.rows, place, new.hash)

    def delete(self, sport: str, asset: str, partition: str | None) -> bool:
        """Forgets a partition (a later sweep takes its files); whether there was one."""
        place = self._place(sport, asset, partition)
        with self._lock(place):
            return files.remove(place / _MANIFEST)

    def sweep(self, grace_sec: float = 3600) -> list[str]:
        """Removes files that no manifest names and that nobody can still be reading; returns their paths.

        A file is taken `grace_sec` after it was written and after its partition last changed, so that a
        reader which went by the manifest before it has that long to finish.
        """
        removed: list[str] = []
        for sport, asset in self._asset_folders():
            for name in files.folders(self.root / sport / asset):
                place = self.root / sport / asset / name
                with self._lock(place):
                    removed += self._sweep_partition(place, grace_sec)
        for folder in ("raw", "quarantine"):
            for path in (self.root / folder).rglob(f"{files.TEMPORARY_PREFIX}*"):
                if time.time() - files.modified_at(path) > grace_sec and files.remove(path):
                    removed.append(str(path))
        return removed

    # -- reading -----------------------------------------------------------------------------------

    def read_table(
        self,
        sport: str,
        asset: str,
        partitions: Iterable[str] | None = None,
        table: type[Table] | None = None,
    ) -> pl.DataFrame:
        """The rows of the given partitions (by default all), one below the other in the order of the keys.

        Partitions that are not there add nothing; if none is, the result is the empty `table`, or, without
        one, a LakeError. With a `table` the columns are exactly its own; a LakeError names a partition that
        was written with other columns.
        """
        keys = self._keys(sport, asset) if partitions is None else sorted(set(partitions))
        frames = []
        for key in keys:
            frame = self._read(self._place(sport, asset, key), self._load)
            if frame is not None and table is not None:
                frame = _as_declared(frame, table, f"{sport}/{asset} {key or _UNPARTITIONED}")
            if frame is not None:
                frames.append(frame)
        if frames:
            return pl.concat(frames, how="vertical" if table is not None else "diagonal_relaxed")
        if table is not None:
            from formguide import schema

            return schema.empty(table)
        raise LakeError(f"the lake has no {sport}/{asset}: materialise it first")

    def read_bytes(self, sport: str, asset: str, partition: str | None) -> dict[str, bytes]:
        """The named files of a partition; raises LakeError if there are none or they are damaged."""
        found = self._read(self._place(sport, asset, partition), self._load_bytes)
        if found is None:
            what = f"{sport}/{asset} {partition or _UNPARTITIONED}"
            raise LakeError(f"the lake has no {what}: materialise it first")
        return found

    def manifest(self, sport: str, asset: str, partition: str | None) -> Manifest | None:
        """What a partition is now, or None if it was never written (or was deleted)."""
        return self._manifest(self._place(sport, asset, partition))

    def manifests(self, sport: str, asset: str) -> dict[str | None, Manifest]:
        """What every partition of an asset is now, by key, in order."""
        found = {key: self.manifest(sport, asset, key) for key in self._keys(sport, asset)}
        return {key: manifest for key, manifest in found.items() if manifest}

    def partitions(self, sport: str, asset: str) -> list[str]:
        """The keys of the partitions that are there, in order; none for an asset without partitions."""
        return [key for key in self._keys(sport, asset) if key is not None]

    def assets(self) -> list[tuple[str, str]]:
        """Every (sport, asset) of which at least one partition is there, in order."""
        return [(sport, asset) for sport, asset in self._asset_folders() if self._keys(sport, asset)]

    def data_files(self, sport: str, asset: str) -> list[UPath]:
        """The files that hold an asset's content now, in the order `read_table` reads them."""
        manifests = self.manifests(sport, asset)
        return [self._place(sport, asset, key) / name for key, m in manifests.items() for name in m.files]

    def state(self) -> dict[tuple[str, str, str | None], Manifest]:
        """Every partition's manifest without its clock: two lakes with equal states hold the same bytes."""
        return {
            (sport, asset, key): manifest.without_clock()
            for sport, asset in self.assets()
            for key, manifest in self.manifests(sport, asset).items()
        }

    # -- inside ------------------------------------------------------------------------------------

    def _place(self, sport: str, asset: str, partition: str | None) -> UPath:
        if files.safe_name(sport, "sport") in _RESERVED:
            raise ValueError(f"{sport!r} is a room of the lake, not a sport")
        folder = _UNPARTITIONED if partition is None else files.safe_name(partition, "partition")
        if partition is not None and "=" not in partition:
            folder = f"season={partition}"
        return self.root / f"{sport}/{files.safe_name(asset, 'asset')}/{folder}"

    def _asset_folders(self) -> list[tuple[str, str]]:
        sports = [s for s in files.folders(self.root) if s not in _RESERVED]
        return [(sport, asset) for sport in sports for asset in files.folders(self.root / sport)]

    def _keys(self, sport: str, asset: str) -> list[str | None]:
        folder = self.root / sport / asset
        names = [n for n in files.folders(folder) if (folder / f"{n}/{_MANIFEST}").exists()]
        return [None if n == _UNPARTITIONED else n.removeprefix("season=") for n in names]

    def _lock(self, place: UPath) -> Any:
        return files.locked(self.root, ".".join(place.parts[-3:]))

    def _manifest(self, place: UPath) -> Manifest | None:
        value = files.read_json(place / _MANIFEST)
        return None if value is None else Manifest(**{**value, "files": tuple(value["files"])})

    def _publish(self, place: UPath, contents: Mapping[str, bytes], manifest: Manifest) -> Written:
        stored = {_stored(name, data): data for name, data in contents.items()}
        new = replace(manifest, files=tuple(stored))
        with self._lock(place):
            old = self._manifest(place)
            if old is not None and old.without_clock() == new and all((place / f).exists() for f in stored):
                return Written(False, new.rows, place, new.hash)
            for name, data in stored.items():
                if not (place / name).exists():
                    files.put(place / name, data)
            files.put_json(place / _MANIFEST, asdict(replace(new, written_at=_now())))
        return Written(True, new.rows, place, new.hash)

    def _read(self, place: UPath, load: Callable[[UPath, Manifest], T]) -> T | None:
        """Loads what the manifest names; if a sweep was faster, what the next manifest names."""
        for _ in range(_READ_ATTEMPTS):
            manifest = self._manifest(place)
            if manifest is None:
                return None
            try:
                return load(place, manifest)
            except FileNotFoundError as error:
                missing = error
        raise LakeError(f"{place} names a file that is gone: materialise it again") from missing

    def _load(self, place: UPath, manifest: Manifest) -> pl.DataFrame:
        if manifest.kind == "bytes":
            raise LakeError(f"{place} holds files, not a table")
        parts = [
            pl.read_parquet(str(place / f) if files.is_local(place) else io.BytesIO((place / f).read_bytes()))
            for f in manifest.files
        ]
        return parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal_relaxed")

    def _load_bytes(self, place: UPath, manifest: Manifest) -> dict[str, bytes]:
        if manifest.kind != "bytes":
            raise LakeError(f"{place} holds a table, not files")
        loaded = {}
        for stored in manifest.files:
            data = bytes((place / stored).read_bytes())
            name = PurePosixPath(stored)
            original = name.stem.rpartition("-")[0] + name.suffix
            if _stored(original, data) != stored:
                raise LakeError(f"{place / stored} is damaged: delete it and materialise it again")
            loaded[original] = data
        return loaded

    def _sweep_partition(self, place: UPath, grace_sec: float) -> list[str]:
        manifest = self._manifest(place)
        named = {_MANIFEST, *(manifest.files if manifest else ())}
        quiet_since = files.modified_at(place) if files.is_local(place) else 0.0
        if manifest is not None:
            quiet_since = max(quiet_since, datetime.fromisoformat(manifest.written_at).timestamp())
        removed = []
        for path in files.plain_files(place):
            since = max(quiet_since, files.modified_at(path))
            if path.name not in named and time.time() - since > grace_sec and files.remove(path):
                removed.append(str(path))
        return removed


def _parquet(frame: pl.DataFrame) -> bytes:
    unstable = [c for c, t in frame.schema.items() if t == pl.Categorical]
    if unstable:
        raise LakeError(f"{', '.join(unstable)}: Categorical bytes depend on the process: use Enum or String")
    buffer = io.BytesIO()
    compact(frame).write_parquet(buffer, compression="zstd", compression_level=3, row_group_size=131_072)
    return buffer.getvalue()


def _plain(extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """As it will be read back, so that a tuple given today equals the list stored yesterday."""
    value: dict[str, Any] = json.loads(json.dumps(dict(extra or {}), sort_keys=True))
    return value


def _types(frame: pl.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.schema.items()}


def _stored(name: str, data: bytes) -> str:
    plain = PurePosixPath(name)
    return f"{plain.stem}-{files.content_hash(data)}{plain.suffix}"


def _as_declared(frame: pl.DataFrame, table: type[Table], what: str) -> pl.DataFrame:
    from formguide import schema

    declared = schema.dtypes(table)
    if dict(frame.schema) != declared:
        differing = sorted(set(frame.schema.items()) ^ set(declared.items()), key=lambda item: item[0])
        columns = ", ".join(dict.fromkeys(name for name, _ in differing)) or "their order"
        raise LakeError(f"{what} was written with other columns ({columns}): materialise it again")
    return frame


def _new_rows(frame: pl.DataFrame, log: pl.DataFrame, table: type[Table]) -> pl.DataFrame:
    from formguide import schema

    shared = [c for c in frame.columns if c in log.columns]
    key = schema.key_columns(table) or shared
    known = frame.join(log, on=key, how="semi", nulls_equal=True)
    differing = known.join(log, on=shared, how="anti", nulls_equal=True)
    if not differing.is_empty():
        row = ", ".join(f"{k}={differing[k][0]}" for k in key)
        raise LakeError(f"{table.sport}/{table.name}: {row} is in the log already and says something else")
    return frame.join(log, on=key, how="anti", nulls_equal=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
