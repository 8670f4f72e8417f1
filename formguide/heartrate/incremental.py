"""Making a month of workouts again: only what its files say has changed, the rest carried over.

It goes by fingerprints: what a partition was `made_from` is compared with what it would be made from now, and
where they agree nothing is read or written. A month is a function of its own files alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from formguide import making
from formguide.arrivals import FIRST_SEASON
from formguide.asof import fingerprint
from formguide.heartrate import line_index, readers, results
from formguide.heartrate.arrivals import ARRIVALS, SPORT, SourceFiles
from formguide.heartrate.clock import clocked
from formguide.heartrate.readings import Unreadable
from formguide.heartrate.tables import QualityFindings, Samples, Workouts
from formguide.lake import Lake
from formguide.making import Made, carried_over
from formguide.records import Reject, set_aside

RESULTS_VERSION = f"{readers.VERSION}.3"
"""Changes when the same files would give other workouts, samples or findings."""

RESULT_TABLES = (Workouts, Samples, QualityFindings)
"""What is made of a month's files in one reading."""

_AGAIN = ": is the workout "
"""What follows the name of a file that is set aside because its workout is there twice (see `results`)."""

FIRST_MONTH = FIRST_SEASON * 100 + 1
"""The first month that there is a partition for."""


def make_source_files(lake: Lake, months: Iterable[int], folders: Iterable[str | Path]) -> dict[int, Made]:
    """Mirrors the folders into the raw store and lists what each month is made from.

    A file of which no date can be read, or whose date is still to come, is part of no month: it goes to
    quarantine, and is named.
    """
    held = ARRIVALS.holdings(lake, folders)
    counts: dict[str, Any] = {f"files_{what}": n for what, n in ARRIVALS.receive(lake, held).items()}
    undated = []
    for reject in _undated(lake, held.trees, _placed(held.seasons)):
        undated.append(str(reject))
        lake.quarantine(SPORT, reject.file, reject.payload, str(reject))
    facts = {**counts, "passed_over": held.passed_over, "undated": undated}
    made = {}
    for month in months:
        written = ARRIVALS.write_source_files(lake, month, held)
        made[month] = Made(
            written.hash, written.rows or 0, int(written.changed), int(not written.changed), facts
        )
    return made


def make_results(lake: Lake, months: Iterable[int]) -> dict[str, dict[int, Made]]:
    """Workouts, samples and findings of some months, by table; what is refused goes to quarantine, and is
    named."""
    made: dict[str, dict[int, Made]] = {table.name: {} for table in RESULT_TABLES}
    for month in months:
        made_from = fingerprint(RESULTS_VERSION, making.version_of(lake, SPORT, SourceFiles.name, month))
        manifests = {table.name: lake.manifest(SPORT, table.name, str(month)) for table in RESULT_TABLES}
        known = {name: m for name, m in manifests.items() if m is not None and m.made_from == made_from}
        if len(known) == len(RESULT_TABLES):
            for name, manifest in known.items():
                made[name][month] = carried_over(manifest)
            continue
        read = results.read_month(month, ARRIVALS.season_reader(lake, month))
        for reject in read.rejects:
            lake.quarantine(SPORT, reject.file, reject.payload, str(reject))
        frames = (read.workouts, read.samples, read.findings)
        for table, frame in zip(RESULT_TABLES, frames, strict=True):
            facts = _facts(read) if table is Workouts else {}
            written = lake.write_table(SPORT, table.name, str(month), frame, table, made_from, facts)
            made[table.name][month] = Made(written.hash, frame.height, 1, 0, facts)
    return made


def not_used(lake: Lake) -> tuple[list[str], list[str]]:
    """What of the files as they are now could not be used, each with its reason (quarantine keeps what was
    ever refused): the files and lines of which nothing is used, and what is wrong with a part of one the rest
    of which is."""
    lost, remarks = list[str](), list[str]()
    for manifest in lake.manifests(SPORT, Workouts.name).values():
        rejects = [str(said) for said in manifest.extra.get("rejects", [])]
        again = {path for said in rejects if (path := said.partition(_AGAIN)[0]) != said}
        names = set(manifest.extra.get("set_aside", [])) - again
        wholly = tuple(f"{name}{after}" for name in names for after in (": ", ", "))
        for said in rejects:
            # Of a workout that is told twice its own flaws are no loss.
            (lost if said.startswith(wholly) or _AGAIN in said else remarks).append(said)
    listed = lake.read_table(SPORT, SourceFiles.name, None, SourceFiles)
    trees = {source: lake.raw_tree(SPORT, source) for source in (*readers.SOURCES, readers.NOT_WORKOUTS)}
    undated = _undated(lake, trees, _placed({int(key): frame for (key,), frame in listed.group_by("season")}))
    return [*lost, *map(str, undated)], remarks


def _facts(read: results.Month) -> dict[str, Any]:
    """A month in numbers, and what was set aside in words."""
    workouts = read.workouts
    return {
        "usable": int(workouts["usable"].sum()),
        "users": workouts["user_id"].n_unique(),
        "without_heart_rate": int((~workouts["has_heart_rate"]).sum()),
        **{
            f"activity_{name}": n
            for name, n in sorted(workouts.group_by(pl.col("activity").cast(pl.String)).len().iter_rows())
        },
        "points": read.points,
        "points_set_aside": read.points_set_aside,
        "set_aside": read.refused,
        "elsewhere": read.elsewhere,
        "rejects": sorted(str(reject) for reject in read.rejects),
    }


def _last_month() -> int:
    """The month that tomorrow is in: later ones are still to come."""
    soon = datetime.now(UTC) + timedelta(days=1)
    return soon.year * 100 + soon.month


def _placed(months: Mapping[int, pl.DataFrame]) -> set[tuple[str, str]]:
    """Source and path of the files that are part of a month; months: rows of `SourceFiles`."""
    last = _last_month()
    return {
        (source, path)
        for month, frame in months.items()
        if FIRST_MONTH <= month <= last
        for source, path in frame.select("source", "path").iter_rows()
    }


def _undated(
    lake: Lake, trees: Mapping[str, Mapping[str, str]], placed: Set[tuple[str, str]]
) -> Iterator[Reject]:
    """The files, and lines of files of many, that are part of no month, each with the reason."""
    for source, tree in sorted(trees.items()):
        for path, sha in sorted(tree.items()):
            if (source, path) not in placed:
                yield from _why(source, path, lake.raw_get(SPORT, sha))


def _why(source: str, path: str, body: bytes) -> Iterator[Reject]:
    """Why a file's workouts are part of no month; nothing of those whose month has not been made."""
    last = _last_month()
    if source == readers.FITREC and 0 < line_index.month_of_part(path) <= last:
        return
    for found in readers.read(source, path, body):
        if isinstance(found, Reject):
            yield found
            continue
        try:
            workout = clocked(found)
            if workout.month <= last:
                continue
            reason = f"it begins on {workout.started_at:%Y-%m-%d}, which is still to come"
        except Unreadable as error:
            reason = str(error)
        yield set_aside(found.path, None, "timestamp", reason, body if source == readers.WORKOUTS else b"")
