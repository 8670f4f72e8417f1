"""Making a season of triathlon again: only what its inputs say has changed, the rest carried over.

It goes by fingerprints: what a partition was `made_from` is compared with what it would be made from now,
and where they agree nothing is read or written. A season's records are a function of its own files; its
results and profiles lean on the seasons before it too, and never on a later one, so a new race leads to its
own year and those after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl

from formguide import making
from formguide.asof import fingerprint
from formguide.lake import Lake
from formguide.making import Made, carried_over
from formguide.triathlon.arrivals import ARRIVALS, SPORT, SourceFiles
from formguide.triathlon.results import read_season, results_of
from formguide.triathlon.tables import IDENTITIES, RaceRecords, RaceResults

RECORDS_VERSION = "1"
"""Changes when the same files would give other records."""

RESULTS_VERSION = "2"
"""Changes when the same records would give other results."""


def make_source_files(lake: Lake, seasons: Iterable[int], folders: Iterable[str | Path]) -> dict[int, Made]:
    """Mirrors the folders into the raw store and lists what each season is made from."""
    held = ARRIVALS.holdings(lake, folders)
    counts = ARRIVALS.receive(lake, held)
    made = {}
    for season in seasons:
        written = ARRIVALS.write_source_files(lake, season, held)
        facts = {f"files_{what}": n for what, n in counts.items()} | {"passed_over": held.passed_over}
        made[season] = Made(
            written.hash, written.rows or 0, int(written.changed), int(not written.changed), facts
        )
    return made


def make_records(lake: Lake, seasons: Iterable[int]) -> dict[int, Made]:
    """What the files of some seasons say; lines that cannot be read go to quarantine, and are named."""
    made = {}
    for season in seasons:
        made_from = fingerprint(RECORDS_VERSION, making.version_of(lake, SPORT, SourceFiles.name, season))
        manifest = lake.manifest(SPORT, RaceRecords.name, str(season))
        if manifest is not None and manifest.made_from == made_from:
            made[season] = carried_over(manifest)
            continue
        read = read_season(season, ARRIVALS.season_bodies(lake, season))
        for reject in read.rejects:
            lake.quarantine(SPORT, reject.file, reject.payload, str(reject))
        facts = {
            "lines": read.lines,
            "set_aside": read.lines - read.records.height,
            "rejects": sorted(str(reject) for reject in read.rejects),
            "races_without_a_date": read.undated,
        }
        frame = read.records
        written = lake.write_table(SPORT, RaceRecords.name, str(season), frame, RaceRecords, made_from, facts)
        made[season] = Made(written.hash, frame.height, 1, 0, facts)
    return made


def make_results(lake: Lake, seasons: Iterable[int]) -> dict[int, Made]:
    """The results of some seasons, each from the records of every season up to it."""
    made, due = current(lake, RaceResults.name, seasons, lambda season: results_from(lake, season))
    if due:
        known = up_to(lake, RaceRecords.name, max(due))
        results = results_of(lake.read_table(SPORT, RaceRecords.name, known, RaceRecords)).table
        for season, made_from in due.items():
            frame = results.filter(pl.col("year") == season)
            facts = _facts(frame)
            written = lake.write_table(
                SPORT, RaceResults.name, str(season), frame, RaceResults, made_from, facts
            )
            made[season] = Made(written.hash, frame.height, 1, 0, facts)
    return dict(sorted(made.items()))


def results_from(lake: Lake, season: int) -> str:
    """What a season's results would be made from now."""
    return fingerprint(RESULTS_VERSION, versions_up_to(lake, RaceRecords.name, season))


def versions_up_to(lake: Lake, asset: str, season: int) -> list[tuple[str, str | None]]:
    """The hash of what an asset says of every season up to one."""
    return [(key, making.version_of(lake, SPORT, asset, key)) for key in up_to(lake, asset, season)]


def up_to(lake: Lake, asset: str, season: int) -> list[str]:
    """The seasons up to one of which an asset says something."""
    return [key for key in lake.partitions(SPORT, asset) if int(key) <= season]


def current(
    lake: Lake, asset: str, seasons: Iterable[int], made_from: Callable[[int], str]
) -> tuple[dict[int, Made], dict[int, str]]:
    """The seasons of which nothing changed, carried over, and the others, each with what it will be made
    from."""
    made, due = {}, {}
    for season in seasons:
        now = made_from(season)
        manifest = lake.manifest(SPORT, asset, str(season))
        if manifest is not None and manifest.made_from == now:
            made[season] = carried_over(manifest)
        else:
            due[season] = now
    return made, due


def _facts(results: pl.DataFrame) -> dict[str, Any]:
    """A season's results in numbers: what models may use, what is flagged, how athletes were told apart."""
    identities = dict(results.group_by(pl.col("identity").cast(pl.String)).len().iter_rows())
    shortened = results.drop_nulls("shortened_legs").select("race_id", "shortened_legs").unique()
    return {
        "races": results["race_id"].n_unique(),
        "usable": int(results["usable"].sum()),
        "implausible": int(results["implausible"].sum()),
        "shortened": [f"{race}: {legs}" for race, legs in shortened.sort("race_id").iter_rows()],
        **{f"identity_{name}": int(identities.get(name, 0)) for name in IDENTITIES},
    }
