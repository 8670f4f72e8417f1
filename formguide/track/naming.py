"""Who is who in a season, given who was named in the seasons before it.

A printed list names athletes without an id; `identity` tells who they are from the names, teams and classes
of this season and of all before it. Of those before it one row per athlete, team and class is enough, so a
season is put together without reading earlier seasons' files again, and nothing of a later one is known.
"""

from __future__ import annotations

import polars as pl

from formguide.schema import dtypes, empty
from formguide.track.identity import NAMED, resolve
from formguide.track.readings import Readings
from formguide.track.tables import Performances

_WHO = ["athlete_id", "gender", "athlete", "team", "season", "class_year"]
_NAMES = [*_WHO, "date"]


def no_names() -> pl.DataFrame:
    """Nobody was named."""
    return empty(Performances).select(_NAMES)


def names_in(season: int, readings: Readings) -> pl.DataFrame:
    """Who is named in a season's files, as they name them, with the first day of each."""
    rows = readings.rows.filter(pl.col("season") == season)
    return rows.group_by(_WHO).agg(pl.col("date").min()).select(_NAMES).sort(_NAMES)


def has_names(names: pl.DataFrame) -> bool:
    """Whether somebody is named without an id."""
    return bool(names["athlete_id"].str.starts_with(NAMED).any())


def who_is_who(rows: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Performances of a season with one id per athlete, in the order in which they came.

    rows: `Performances` with further columns; names: who was named in earlier seasons, as `names_in` says it.
    """
    if not has_names(rows):
        return rows
    declared = dtypes(Performances)
    blank = [pl.lit(None, dtype).alias(name) for name, dtype in declared.items() if name not in _NAMES]
    earlier = names.with_columns(blank).with_columns(identity_confidence=pl.lit(1.0))
    together = pl.concat([earlier, rows.with_columns(row_now=pl.lit(True))], how="diagonal")
    return resolve(together).filter("row_now").select(rows.columns)
