"""From files to results: what the sources say about a season, merged into the canonical tables.

Per game one source is taken: its own document once the game is over, else the archived days, else Savant's
pitches, else a document or a schedule of a game that is still to come. Savant's pitches fill in what the
taken source has no column for; schedules what is not in plays. What a finished game's document says stands
alone, so that a game read once needs no second reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from formguide import schema
from formguide.arrivals import Files
from formguide.asof import fingerprint
from formguide.baseball import archive, feed, retrosheet, savant, schedule
from formguide.baseball.derived import with_games
from formguide.baseball.feed import FeedReading, Row
from formguide.baseball.folders import read_folder, seasons_of
from formguide.baseball.season_tables import SeasonTables, as_table, empty_season
from formguide.baseball.tables import SOURCE_TABLES, Games, Lineups, PlateAppearances
from formguide.records import Reject, set_aside
from formguide.schema import Table, dtypes

__all__ = ["Carried", "SeasonTables", "build_season", "read_folder", "seasons_of"]

_STATES = ("preview", "live", "suspended", "postponed", "cancelled", "final")
"""The states in the order in which a game goes through them."""


@dataclass(frozen=True)
class Carried:
    """Finished games whose documents were read before and have not changed: their rows, and the documents
    (`source/path`)."""

    tables: SeasonTables
    paths: frozenset[str] = field(default_factory=frozenset)


def build_season(season: int, files: Files, carried: Carried | None = None) -> SeasonTables:
    """The season's tables from every source's files (source → path → bytes). Never raises for bad input."""
    read = _feeds(season, files, carried)
    days = _of_season(files.get("plate_appearances", {}), season)
    archived = archive.read_season(season, days)
    pitched = savant.read_pitches(season, {**files.get("pitches", {}), **files.get("savant_csv", {})})
    rejects = [*read.rejects, *archived.rejects, *pitched.rejects]
    listed = _schedules(season, files, rejects)
    totals = retrosheet.read_totals(season, files.get(retrosheet.SOURCE, {}), rejects)

    over = read.games.filter(state="final")
    played = [over, _without(archived.games, over)]
    played.append(_without(pitched.games, *played))
    ahead = _without(read.games, *played)
    games = pl.concat([over, _told(pl.concat([*played[1:], ahead]), listed)])
    games = pl.concat([games, _without(listed, games)])

    at_bats = [read.plate_appearances.join(pl.concat([over, ahead]), on="game_pk", how="semi")]
    at_bats += [
        table.plate_appearances.join(chosen, on="game_pk", how="semi")
        for table, chosen in ((archived, played[1]), (pitched, played[2]))
    ]
    lineups = [read.lineups.join(pl.concat([over, ahead]), on="game_pk", how="semi")]
    lineups += [
        table.lineups.join(chosen, on="game_pk", how="semi")
        for table, chosen in ((archived, played[1]), (pitched, played[2]))
    ]
    unsure = pl.concat(at_bats[1:])
    games = _renumbered(games, retrosheet.game_numbers(totals, unsure), listed)
    merged, notes = _joined(pl.concat(at_bats), pitched.plate_appearances)
    dated = games.select("game_pk", "game_date")
    return SeasonTables(
        season,
        as_table(games, Games),
        as_table(pl.concat(lineups).drop("game_date").join(dated, on="game_pk"), Lineups),
        as_table(with_games(merged, games), PlateAppearances),
        rejects,
        [*read.notes, *archived.notes, *pitched.notes, *notes],
        read.again,
    )


def _of_season(bodies: Mapping[str, bytes], season: int) -> dict[str, bytes]:
    return {path: bodies[path] for path in bodies if path.startswith(f"{season}/")}


def _without(games: pl.DataFrame, *others: pl.DataFrame) -> pl.DataFrame:
    return games.join(pl.concat(others), on="game_pk", how="anti") if others else games


def _feeds(season: int, files: Files, carried: Carried | None) -> SeasonTables:
    """The games that have a document, one each: of several documents the one that is furthest on."""
    kept = carried or Carried(empty_season(season))
    best: dict[int, FeedReading] = {}
    rejects: list[Reject] = []
    notes: list[str] = []
    again: set[str] = set()
    for source in ("mlb_api", "feeds"):
        bodies = files.get(source, {})
        for path in sorted(bodies):
            name = f"{source}/{path}"
            if name in kept.paths or path.startswith("schedule_"):
                continue
            if source == "feeds" and not path.startswith(f"{season}/"):
                continue
            reading = feed.read_feed(name, bodies[path])
            if reading.game is not None and reading.game["season"] != season:
                continue
            rejects += reading.rejects
            notes += reading.notes
            game = reading.game
            if game is None:
                continue
            if reading.rejects or reading.notes:
                again.add(game["fingerprint"])
            other = best.get(game["game_pk"])
            if other is None or _further(game, other.game):
                best[game["game_pk"]] = reading
            if other is not None:
                notes.append(f"{name}: another document of game {game['game_pk']}")
    readings = [reading for _, reading in sorted(best.items())]
    rows: dict[str, list[Row]] = {
        "games": [reading.game for reading in readings if reading.game is not None],
        "lineups": [row for reading in readings for row in reading.lineups],
        "plate_appearances": [row for reading in readings for row in reading.plate_appearances],
    }
    tables = {}
    for table in SOURCE_TABLES:
        good, marks = _fitting(rows[table.name], table, rejects)
        again |= marks
        tables[table.name] = pl.concat([good, kept.tables.tables[table.name]])
    fits = tables["games"].select("game_pk")
    for name in ("lineups", "plate_appearances"):
        tables[name] = tables[name].join(fits, on="game_pk", how="semi")
    return SeasonTables(season, **tables, rejects=rejects, notes=notes, again=sorted(again))


def _further(game: Row, other: Row | None) -> bool:
    return other is None or _STATES.index(game["state"]) >= _STATES.index(other["state"])


def _fitting(rows: list[Row], table: type[Table], rejects: list[Reject]) -> tuple[pl.DataFrame, set[str]]:
    """The rows that fit the table, and the fingerprints of the documents of those that do not."""
    declared = dtypes(table)
    columns = {name: [row.get(name) for row in rows] for name in declared}
    good, bad = schema.split(pl.DataFrame(columns, schema=declared, strict=False), table)
    for row in bad.iter_rows(named=True):
        rejects.append(set_aside(f"feeds/{row['game_pk']}", None, table.name, row["reason"], row))
    return good, set(bad["fingerprint"].drop_nulls())


def _schedules(season: int, files: Files, rejects: list[Reject]) -> pl.DataFrame:
    """The season's games as schedules have them, one row each."""
    entries: list[Row] = []
    for source, beginning in (("mlb_api", "schedule_"), ("schedules", "")):
        bodies = files.get(source, {})
        for path in sorted(bodies):
            if path.startswith(beginning):
                reading = schedule.read_schedule(f"{source}/{path}", bodies[path])
                rejects += reading.rejects
                entries += [row for row in reading.entries if row["season"] == season]
    return _fitting(schedule.believed(entries), Games, rejects)[0]


def _told(games: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """Adds what schedules say to games that plays or an unfinished document tell of.

    A schedule knows better how often the teams meet that day and, of a game that is not over, when it is
    played and what became of it, as far as its state is further on or its date later.
    """
    said = games.join(listed, on="game_pk", how="left", suffix="_said", maintain_order="left")
    is_said = pl.col("state_said").is_not_null()
    order = {state: place for place, state in enumerate(_STATES)}

    def place(column: str) -> pl.Expr:
        return pl.col(column).replace_strict(order, default=-1, return_dtype=pl.Int8)

    moved = pl.col("state").is_in(["preview", "postponed"]) & (pl.col("game_date_said") > pl.col("game_date"))
    unfinished = pl.col("state") != "final"
    later = is_said & unfinished & (moved | (place("state_said") > place("state")))
    numbering = ("game_number", "doubleheader", "scheduled_innings")
    whether = {
        **dict.fromkeys(numbering, is_said),
        **dict.fromkeys(("game_date", "start_at", "state", "day_night"), later.fill_null(value=False)),
    }
    columns = []
    for name in dtypes(Games):
        theirs = pl.col(f"{name}_said")
        if name == "game_pk" or name == "source":
            columns.append(pl.col(name))
        elif name == "fingerprint":
            both = pl.concat_str("fingerprint", "fingerprint_said").map_elements(
                lambda text: fingerprint(text), return_dtype=pl.String
            )
            columns.append(pl.when(is_said).then(both).otherwise(pl.col(name)).alias(name))
        elif name in whether:
            ours = pl.coalesce(name, theirs)
            columns.append(pl.when(whether[name]).then(theirs).otherwise(ours).alias(name))
        else:
            columns.append(pl.coalesce(name, theirs))
    return said.select(columns)


def _renumbered(games: pl.DataFrame, numbers: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """Corrects numbers of doubleheaders that were guessed; those that a schedule gives are not."""
    sure = _without(
        numbers.rename({"game_number": "sure_"}), listed.select("game_pk").with_columns(sure_=None)
    )
    known = games.join(sure, on="game_pk", how="left", maintain_order="left")
    return known.with_columns(game_number=pl.coalesce("sure_", "game_number").cast(pl.Int32)).drop("sure_")


def _joined(plate_appearances: pl.DataFrame, pitched: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Fills in from Savant's pitches what the taken source has no value for, where the batter is the same."""
    if pitched.is_empty() or plate_appearances.is_empty():
        return plate_appearances, []
    key = ["game_pk", "at_bat_index"]
    both = plate_appearances.join(pitched, on=key, how="left", suffix="_said", maintain_order="left")
    elsewhere = pl.col("source_said").is_not_null() & (pl.col("source") != savant.SOURCE)
    same = elsewhere & (pl.col("batter_id") == pl.col("batter_id_said"))
    fillable = [name for name, column in PlateAppearances.columns().items() if column.nullable]
    filled = both.with_columns(
        pl.when(same).then(pl.coalesce(name, f"{name}_said")).otherwise(pl.col(name)).alias(name)
        for name in fillable
    )
    joined = elsewhere.any().over("game_pk")
    marks = filled.filter(joined).select("game_pk", "fingerprint", "fingerprint_said").drop_nulls()
    pairs = marks.unique("game_pk").sort("game_pk")
    together = pairs.select(
        "game_pk",
        mark_=pl.Series([fingerprint(*row[1:]) for row in pairs.iter_rows()], dtype=pl.String),
    )
    filled = filled.join(together, on="game_pk", how="left", maintain_order="left").with_columns(
        source=pl.when(joined).then(pl.concat_str("source", pl.lit(f"+{savant.SOURCE}"))).otherwise("source"),
        fingerprint=pl.coalesce("mark_", "fingerprint"),
    )
    others = both.filter(elsewhere & (pl.col("batter_id") != pl.col("batter_id_said")))
    notes = [
        f"game {pk}, play {place}: Savant says another batter, its pitches are not added"
        for pk, place in others.select(key).iter_rows()
    ]
    return filled.select(list(dtypes(PlateAppearances))), notes
