"""Retrosheet's totals per team and game: an independent count of what was played.

Each line is one team's game. Of several accounts of a game (`game.source`) the one made from its events
counts, `evt`; the others repeat it from box scores. `season.phase` R is the regular season.

The information used here was obtained free of charge from and is copyrighted by Retrosheet. Interested
parties may contact Retrosheet at www.retrosheet.org.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

import polars as pl

from formguide.baseball.teams import team_ids
from formguide.records import Reject, set_aside

SOURCE = "retrosheet_totals"
COUNTS = {"B_PA": "plate_appearances", "B_H": "hits", "B_HR": "home_runs", "B_SO": "strikeouts"}
"""Retrosheet's names of what is compared, and ours."""

_SCHEMA = {
    "game_date": pl.Date,
    "team_id": pl.Int64,
    "game_number": pl.Int32,
    **dict.fromkeys(COUNTS.values(), pl.Int64),
}
_NEEDED = ("game.date", "game.number", "game.source", "season.phase", "team.key", *COUNTS)


def read_totals(season: int, files: Mapping[str, bytes], rejects: list[Reject]) -> pl.DataFrame:
    """One row per team and regular-season game: game_date, team_id, game_number (1 or 2) and the counts.

    A file that cannot be read, and lines that do not fit, are added to `rejects`.
    """
    tables = [_read(path, files[path], rejects) for path in sorted(files)]
    everything = pl.concat([table for table in tables if table is not None] or [pl.DataFrame(schema=_SCHEMA)])
    return everything.filter(pl.col("game_date").dt.year() == season).unique(maintain_order=True)


def counted(plate_appearances: pl.DataFrame) -> pl.DataFrame:
    """The same counts from plate appearances: one row per game_pk, game_date, game_number and team_id."""
    event = pl.col("event")
    return plate_appearances.group_by(
        "game_pk", "game_date", "game_number", team_id="batting_team_id", maintain_order=True
    ).agg(
        plate_appearances=pl.len().cast(pl.Int64),
        hits=pl.col("is_hit").sum().cast(pl.Int64),
        home_runs=(event == "home_run").sum().cast(pl.Int64),
        strikeouts=event.str.starts_with("strikeout").sum().cast(pl.Int64),
    )


def game_numbers(totals: pl.DataFrame, plate_appearances: pl.DataFrame) -> pl.DataFrame:
    """Which game of a doubleheader each is: game_pk and game_number, where the counts leave no doubt.

    A game is recognised by what both of its teams did in it.
    """
    played = counted(plate_appearances).drop("game_number")
    twice = totals.filter(pl.len().over("game_date", "team_id") > 1)
    same = ["game_date", "team_id", *COUNTS.values()]
    known = played.join(twice, on=same, how="inner")
    numbers = known.group_by("game_pk").agg(
        pl.col("game_number").first(),
        teams=pl.col("team_id").n_unique(),
        ways=pl.col("game_number").n_unique(),
    )
    sure = numbers.filter((pl.col("teams") == 2) & (pl.col("ways") == 1))
    return sure.select("game_pk", "game_number").sort("game_pk")


def _read(path: str, body: bytes, rejects: list[Reject]) -> pl.DataFrame | None:
    try:
        table = pl.read_csv(io.BytesIO(body), infer_schema_length=0)
    except (pl.exceptions.PolarsError, ValueError) as error:
        rejects.append(set_aside(path, None, None, f"not a table of totals: {str(error)[:200]}", body))
        return None
    absent = [name for name in _NEEDED if name not in table.columns]
    if absent:
        rejects.append(set_aside(path, None, absent[0], f"no column {', '.join(absent)}", body))
        return None
    regular = table.filter((pl.col("game.source") == "evt") & (pl.col("season.phase") == "R"))
    typed = regular.select(
        game_date=pl.col("game.date").str.to_date(strict=False),
        team_id=pl.col("team.key").replace_strict(team_ids(), default=None, return_dtype=pl.Int64),
        game_number=pl.max_horizontal(pl.col("game.number").cast(pl.Int32, strict=False), 1),
        **{ours: pl.col(name).cast(pl.Int64, strict=False) for name, ours in COUNTS.items()},
    )
    whole = ~pl.any_horizontal(pl.all().is_null())
    for row in regular.filter(~typed.select(whole).to_series()).iter_rows(named=True):
        rejects.append(set_aside(path, None, None, f"a line that does not fit: {row['team.key']}", row))
    return typed.filter(whole)
