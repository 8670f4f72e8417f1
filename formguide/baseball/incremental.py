"""Making a season of baseball again: only what its inputs say has changed, the rest carried over.

It goes by fingerprints: what a partition was `made_from` is compared with what it would be made from now,
and where they agree nothing is read or written. In a season that has changed, the documents of games that
are over and have not changed are not read again either; so a day's results cost reading a day's games, and a
lake that grew file by file ends equal to one that was made at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from formguide import making
from formguide.arrivals import Trees
from formguide.asof import fingerprint
from formguide.baseball import arrivals, feed
from formguide.baseball.arrivals import SPORT
from formguide.baseball.results import Carried, build_season
from formguide.baseball.season_tables import SeasonTables, empty_season
from formguide.baseball.tables import SOURCE_TABLES, Games, Lineups, PlateAppearances
from formguide.lake import Lake, LakeError
from formguide.making import Made, carried_over
from formguide.schema import TableError

RESULTS_VERSION = "1"
"""Changes when the same files would give other tables."""

_FACTS = ("rejects", "notes")
"""What is kept beside the games for people."""

_MARK = 16
"""How many digits of a document's hash are its game's fingerprint."""


def make_source_files(lake: Lake, seasons: Iterable[int], folders: Iterable[str | Path]) -> dict[int, Made]:
    """Mirrors the folders into the raw store and lists what each season is made from."""
    held = arrivals.holdings(lake, folders)
    counts = arrivals.receive(lake, held)
    made = {}
    for season in seasons:
        written = arrivals.write_source_files(lake, season, held)
        facts = {f"files_{what}": n for what, n in counts.items()} | {"passed_over": held.passed_over}
        made[season] = Made(
            written.hash, written.rows or 0, int(written.changed), int(not written.changed), facts
        )
    return made


def results_from(lake: Lake, season: int) -> str:
    """What a season's tables would be made from now."""
    files = making.version_of(lake, SPORT, arrivals.SourceFiles.name, season)
    return fingerprint(RESULTS_VERSION, files)


def make_results(lake: Lake, seasons: Iterable[int]) -> dict[str, dict[int, Made]]:
    """The canonical tables of some seasons (asset → season → what was made); `computed` and `carried` count
    games.

    Records that cannot be read go to quarantine; the metadata of the games names them.
    """
    made: dict[str, dict[int, Made]] = {table.name: {} for table in SOURCE_TABLES}
    for season in seasons:
        made_from = results_from(lake, season)
        kept = {name: lake.manifest(SPORT, name, str(season)) for name in made}
        current = {name: m for name, m in kept.items() if m is not None and m.made_from == made_from}
        if len(current) == len(made):
            games = current[Games.name].rows or 0
            for name, manifest in current.items():
                facts = {what: manifest.extra[what] for what in _FACTS if what in manifest.extra}
                made[name][season] = carried_over(manifest, games, facts)
            continue
        files = arrivals.season_files(lake, season)
        carried = _unchanged(lake, season, files)
        built = build_season(season, _bodies(lake, files, carried.paths), carried)
        for reject in built.rejects:
            lake.quarantine(SPORT, reject.file, reject.payload, str(reject))
        said = {
            "rejects": sorted(str(reject) for reject in built.rejects),
            "notes": sorted(built.notes),
        }
        for_next_time = {"again": built.again, "version": RESULTS_VERSION}
        untouched = carried.tables.games.height
        for table in SOURCE_TABLES:
            frame = built.tables[table.name]
            facts = said if table is Games else {}
            extra = facts | (for_next_time if table is Games else {})
            written = lake.write_table(SPORT, table.name, str(season), frame, table, made_from, extra)
            computed = built.games.height - untouched
            made[table.name][season] = Made(written.hash, frame.height, computed, untouched, facts)
    return made


def season_tables(lake: Lake, seasons: Iterable[int] | None = None) -> dict[str, pl.DataFrame]:
    """The canonical tables of some seasons (by default all), by name; what is not there yet is empty."""
    keys = None if seasons is None else [str(season) for season in seasons]
    return {table.name: lake.read_table(SPORT, table.name, keys, table) for table in SOURCE_TABLES}


def _unchanged(lake: Lake, season: int, files: Trees) -> Carried:
    """What need not be read again: games that are over, of which everything comes from a document that is
    as it was."""
    manifests = [lake.manifest(SPORT, table.name, str(season)) for table in SOURCE_TABLES]
    manifest = manifests[SOURCE_TABLES.index(Games)]
    nothing = Carried(empty_season(season))
    if manifest is None or manifest.extra.get("version") != RESULTS_VERSION:
        return nothing
    if len({other.made_from if other else None for other in manifests}) > 1:
        return nothing  # tables of different times: one was lost, or a run was cut short
    if files.get("pitches") or files.get("savant_csv"):
        return nothing  # pitches may be joined to any game
    try:
        tables = season_tables(lake, [season])
    except (LakeError, TableError):
        return nothing  # damaged, or written with other columns: made from the files alone
    again = set(manifest.extra.get("again", []))
    marks = {
        sha[:_MARK]: f"{source}/{path}"
        for source in ("mlb_api", "feeds")
        for path, sha in files.get(source, {}).items()
    }
    games = tables[Games.name]
    whole = games.filter(
        (pl.col("source") == feed.SOURCE)
        & (pl.col("state") == "final")
        & pl.col("fingerprint").is_in(list(marks))
        & ~pl.col("fingerprint").is_in(list(again))
    )
    rows = {name: frame.join(whole, on="game_pk", how="semi") for name, frame in tables.items()}
    paths = frozenset(marks[mark] for mark in whole["fingerprint"])
    return Carried(
        SeasonTables(season, rows[Games.name], rows[Lineups.name], rows[PlateAppearances.name]), paths
    )


def _bodies(lake: Lake, files: Trees, without: frozenset[str]) -> dict[str, Mapping[str, bytes]]:
    """The files' bytes, without those of documents that are not read again."""
    return {
        source: {
            path: lake.raw_get(SPORT, sha) for path, sha in tree.items() if f"{source}/{path}" not in without
        }
        for source, tree in files.items()
    }
