"""What reading a season gives, whichever source it came from."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from formguide import schema
from formguide.baseball.tables import Games, Lineups, PlateAppearances
from formguide.records import Reject
from formguide.schema import Table, dtypes

ORDER = {
    "games": ["game_date", "game_pk"],
    "lineups": ["game_date", "game_pk", "team_id", "slot"],
    "plate_appearances": ["game_date", "game_pk", "at_bat_index"],
}
"""How the rows of each table are sorted."""


@dataclass(frozen=True)
class SeasonTables:
    """A season's canonical tables, what was set aside on the way, and what people should know.

    again: fingerprints of documents that have to be read again next time, to say again what is wrong in them.
    """

    season: int
    games: pl.DataFrame
    lineups: pl.DataFrame
    plate_appearances: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        """The tables by name."""
        return {
            "games": self.games,
            "lineups": self.lineups,
            "plate_appearances": self.plate_appearances,
        }


def empty_season(season: int) -> SeasonTables:
    """A season of which nothing is known."""
    return SeasonTables(season, schema.empty(Games), schema.empty(Lineups), schema.empty(PlateAppearances))


def as_table(frame: pl.DataFrame, table: type[Table]) -> pl.DataFrame:
    """The frame with the table's columns and types, in its order; columns it lacks are null."""
    declared = dtypes(table)
    given = frame.with_columns(
        pl.lit(None, t).alias(c) for c, t in declared.items() if c not in frame.columns
    )
    return given.select(pl.col(c).cast(t) for c, t in declared.items()).sort(ORDER[table.name])
