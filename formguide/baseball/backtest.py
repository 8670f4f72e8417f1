"""Walking forward through a season: learn, forecast two weeks, look, learn again.

Every block of 14 days is forecast by models that were fitted to what is dated before it; the features of a
day within the block know everything before that day. Nothing in a season is looked at before it is forecast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from formguide import schema
from formguide.baseball import baselines, starters
from formguide.baseball.forecast import Asked, Knowledge, Models, ask, fit_models, forecast
from formguide.baseball.forecast_tables import BacktestForecasts, BatterForecasts
from formguide.making import TooLittle

REFIT_DAYS = 14
_QUANTILES_FROM = 20


def walk_season(
    known: Knowledge,
    games: pl.DataFrame,
    lineups: pl.DataFrame,
    season: int,
    seeds: Sequence[int],
    progress: Callable[[str], object] = lambda _: None,
) -> pl.DataFrame:
    """A season's forecasts (BacktestForecasts), with line-ups as if confirmed and as projected.

    games, lineups: of this and all earlier seasons. A season of which no day can be forecast, because nothing
    came before, gives no rows.
    """
    played = games.filter((pl.col("season") == season) & (pl.col("state") == "final"))
    days = known.past.starters.filter(pl.col("season") == season)["game_date"]
    if days.is_empty():
        return schema.empty(BacktestForecasts)
    expected = starters.projected(played, games, lineups, known.plate_appearances)
    tasks = {
        "actual": known.past.rows((known.past.starters["season"] == season).to_numpy()),
        "projected": ask(expected, known.plate_appearances, known.outcomes),
    }
    first, last = days.min(), days.max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    parts = []
    for day in _refits(first, last):
        try:
            models = fit_models(known, day, seeds)
        except TooLittle as why:
            progress(f"{day}: not forecast: {why}")
            continue
        until = day + timedelta(days=REFIT_DAYS)
        past = known.until(day)[1]
        earlier, hits = known.past.rows(slice(0, past)), known.outcomes["hits"][:past].to_numpy()
        for task, asked in tasks.items():
            inside = asked.starters["game_date"].is_between(day, until, closed="left").to_numpy()
            block = asked.rows(inside)
            rules = baselines.probabilities(earlier, hits, block)
            parts += [
                part.with_columns(rules, task=pl.lit(task), seed=pl.lit(seed, pl.Int32))
                for seed, part in forecast_rows(models, block).items()
            ]
        progress(f"{day}: {len(seeds)} × {_variants(models)} variants fitted, forecast until {until}")
    if not parts:
        return schema.empty(BacktestForecasts)
    return _with_outcomes(pl.concat(parts), known.plate_appearances)


def forecast_rows(models: Models, asked: Asked) -> dict[int, pl.DataFrame]:
    """Each seed's forecast as rows of BatterForecasts, with the interval over all seeds."""
    answers = forecast(models, asked)
    chances = np.column_stack([answer["p_game_hit"].to_numpy() for answer in answers.values()])
    low, high = interval(chances)
    columns = list(schema.dtypes(BatterForecasts))
    return {
        seed: asked.starters.with_columns(
            *answer,
            p_game_hit_low=pl.Series(low),
            p_game_hit_high=pl.Series(high),
            as_of=pl.col("game_date"),
            seeds=pl.lit(len(answers), pl.Int32),
            variants=pl.lit(_variants(models), pl.Int32),
        )
        .with_columns(pl.col("slot").cast(pl.Int32))
        .select(columns)
        for seed, answer in answers.items()
    }


def interval(chances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest over seeds (columns); from 20 seeds on the 5 and 95 % quantiles."""
    if chances.shape[1] >= _QUANTILES_FROM:
        low, high = np.quantile(chances, [0.05, 0.95], axis=1)
        return low, high
    return chances.min(axis=1), chances.max(axis=1)


def _variants(models: Models) -> int:
    return max(len(fitted.boosters) for fitted in models.blends.values())


def _refits(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range(0, (last - first).days + 1, REFIT_DAYS)]


def _with_outcomes(rows: pl.DataFrame, plate_appearances: pl.DataFrame) -> pl.DataFrame:
    """What became of each forecast; a batter who never came to bat has none."""
    own = plate_appearances.group_by("game_pk", "batter_id").agg(
        plate_appearances_after=pl.len().cast(pl.Int32), hits_after=pl.col("is_hit").sum().cast(pl.Int32)
    )
    joined = rows.join(own, on=["game_pk", "batter_id"], how="left").with_columns(
        got_hit=pl.col("hits_after") > 0,
        p_game_hit_hindsight=1 - (1 - pl.col("p_hit_pa")) ** pl.col("plate_appearances_after"),
    )
    return joined.select(list(schema.dtypes(BacktestForecasts))).sort(
        "game_date", "game_pk", "task", "seed", "batter_id"
    )
