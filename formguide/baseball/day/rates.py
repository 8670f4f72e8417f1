"""A quick forecast to live through a day with: every batter by his own hit rate, shrunk towards the league's.

It knows neither pitcher nor park and is no match for the blend, but it takes a fraction of a second. The
probability of a hit per plate appearance is (hits + 100 × league rate) / (plate appearances + 100) over this
season and the last; that of at least one in a game follows with the plate appearances that his place in the
order usually gets. The shadow's shrinks ten times less.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from formguide import asof
from formguide.baseball.day.tables import SPORT
from formguide.baseball.forecast_tables import BatterForecasts
from formguide.baseball.tables import Lineups, PlateAppearances
from formguide.lake import Lake
from formguide.schema import dtypes

SHRINK_PA = 100.0
_USUAL_PA = 4.2
_USUAL_RATE = 0.22


def forecast_by_rates(
    lake: Lake, game_date: date, games: pl.DataFrame, lineups: pl.DataFrame, *, shadow: bool = False
) -> pl.DataFrame:
    """BatterForecasts of a day from what the lake holds before it. games, lineups: as known now; a team whose
    line-up is not announced is expected to bat as it last did."""
    seasons = [str(game_date.year - 1), str(game_date.year)]
    history = lake.read_table(SPORT, PlateAppearances.name, seasons, PlateAppearances)
    history = asof.before(history, game_date, column="game_date")
    earlier = asof.before(
        lake.read_table(SPORT, Lineups.name, seasons, Lineups), game_date, column="game_date"
    )
    rate = _rates(history, SHRINK_PA / 10 if shadow else SHRINK_PA)
    appearances = _appearances(history)
    rows = []
    for game in games.iter_rows(named=True):
        for side, other in (("home", "away"), ("away", "home")):
            team = game[f"{side}_team_id"]
            told = lineups.filter((pl.col("game_pk") == game["game_pk"]) & (pl.col("team_id") == team))
            nine = told if told.height else _last(earlier, team)
            status = "confirmed" if told.height else "projected"
            for slot, batter_id, batter in nine.select("slot", "batter_id", "batter").iter_rows():
                p, n = rate.get(batter_id, rate[0]), appearances.get(slot, _USUAL_PA)
                rows.append(
                    _row(game, game_date, side, other, slot, status, p, n)
                    | {"batter_id": batter_id, "batter": batter}
                )
    return pl.DataFrame(
        [[row.get(name) for name in dtypes(BatterForecasts)] for row in rows],
        schema=dtypes(BatterForecasts),
        orient="row",
    )


def _rates(history: pl.DataFrame, shrink: float) -> dict[int, float]:
    """Hit rates by batter; that of nobody in particular under 0."""
    league = (
        float(history["is_hit"].cast(pl.Float64).sum()) / history.height if history.height else _USUAL_RATE
    )
    own = history.group_by("batter_id").agg(hits=pl.col("is_hit").sum(), n=pl.len())
    found = {
        batter: (hits + shrink * league) / (n + shrink)
        for batter, hits, n in own.select("batter_id", "hits", "n").iter_rows()
    }
    return {**found, 0: league}


def _appearances(history: pl.DataFrame) -> dict[int, float]:
    """Mean plate appearances of a starter by his place in the order."""
    starters = history.filter(pl.col("is_starter").fill_null(False) & pl.col("slot").is_not_null())
    each = starters.group_by("game_pk", "batting_team_id", "slot").agg(n=pl.len())
    return dict(each.group_by("slot").agg(pl.col("n").mean()).iter_rows())


def _last(earlier: pl.DataFrame, team: int) -> pl.DataFrame:
    own = earlier.filter(pl.col("team_id") == team).sort("game_date", "game_pk", "slot")
    return own.filter(pl.col("game_pk") == own["game_pk"].last()) if own.height else own


def _row(
    game: Mapping[str, Any],
    game_date: date,
    side: str,
    other: str,
    slot: int,
    status: str,
    p: float,
    n: float,
) -> dict[str, Any]:
    p_game = 1 - (1 - p) ** n
    return {
        **{name: game[name] for name in ("season", "game_pk", "game_number", "start_at", "venue")},
        "game_date": game_date,
        "team_id": game[f"{side}_team_id"],
        "opponent_id": game[f"{other}_team_id"],
        "is_home": side == "home",
        "slot": slot,
        "lineup_status": status,
        "pitcher_id": game[f"{other}_probable_id"],
        "pitcher_status": "probable" if game[f"{other}_probable_id"] else "unknown",
        "as_of": game_date,
        "expected_pa": n,
        **dict.fromkeys(("p_hit_pa", "p_hit_pa_starter", "p_hit_pa_bullpen"), p),
        **dict.fromkeys(("p_game_hit", "p_game_hit_low", "p_game_hit_high"), p_game),
        "seeds": 1,
        "variants": 1,
    }
