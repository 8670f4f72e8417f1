"""Which day is next, and what the lake knows of its games: what a forecast at the terminal is asked about."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

from formguide import schema
from formguide.asof import fingerprint
from formguide.baseball.forecast_tables import BatterForecasts, ForecastLog
from formguide.baseball.tables import Games, Lineups
from formguide.lake import Lake

SPORT = "baseball"
PLAYED = ("final", "live", "suspended")
"""States of a game that has begun."""
HISTORY = ("games", "lineups", "plate_appearances")
"""What a forecast is learnt from."""


def next_date(lake: Lake) -> date | None:
    """The first date after the last that was played on which there is a game to come; None without one."""
    games = lake.read_table(SPORT, Games.name, None, Games)
    last = games.filter(pl.col("state").is_in(PLAYED))["game_date"].max()
    coming = games.filter(pl.col("state") == "preview")
    if isinstance(last, date):
        coming = coming.filter(pl.col("game_date") > last)
    found = coming["game_date"].min()
    return found if isinstance(found, date) else None


def last_date(lake: Lake) -> date | None:
    """The last date on which a game was played."""
    games = lake.read_table(SPORT, Games.name, None, Games)
    found = games.filter(pl.col("state") == "final")["game_date"].max()
    return found if isinstance(found, date) else None


def known_of(lake: Lake, game_date: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The day's games and announced line-ups (Games, Lineups) as the lake has them; either may be empty."""
    on_the_day = pl.col("game_date") == game_date
    season = [str(game_date.year)]
    games = lake.read_table(SPORT, Games.name, season, Games).filter(on_the_day)
    lineups = lake.read_table(SPORT, Lineups.name, season, Lineups).filter(on_the_day)
    return games, lineups


def make_forecasts(lake: Lake, game_date: date) -> pl.DataFrame:
    """The day's forecasts (BatterForecasts), kept in the lake and, when they are new, in the log of what was
    issued; the kept ones if nothing that they were made from has changed. Raises TooLittle."""
    from formguide.baseball import issuing  # brings lightgbm

    games, lineups = known_of(lake, game_date)
    history = [m.hash for name in HISTORY for m in lake.manifests(SPORT, name).values()]
    made_from = fingerprint(issuing.VERSION, games, lineups, history)
    key = f"date={game_date.isoformat()}"
    manifest = lake.manifest(SPORT, BatterForecasts.name, key)
    if manifest is not None and manifest.made_from == made_from:
        return lake.read_table(SPORT, BatterForecasts.name, [key], BatterForecasts)
    rows = issuing.forecast_day(lake, game_date, games, lineups)
    lake.write_table(SPORT, BatterForecasts.name, key, rows, BatterForecasts, made_from)
    if "preview" in games["state"]:
        log_forecasts(lake, rows, issuing.VERSION, made_from, datetime.now(UTC).replace(tzinfo=None))
    return rows


def log_forecasts(
    lake: Lake, rows: pl.DataFrame, code_version: str, data_version: str, made_at: datetime
) -> None:
    """Puts forecasts on record as they were issued; whether in time is for the clock to say."""
    if rows.is_empty():
        return
    now = pl.lit(made_at, pl.Datetime("ms"))
    issued = rows.with_columns(
        made_at=now,
        before_first_pitch=now < pl.col("start_at"),
        code_version=pl.lit(code_version),
        data_version=pl.lit(data_version),
    )
    lake.append_log(SPORT, issued.select(list(schema.dtypes(ForecastLog))), ForecastLog)
