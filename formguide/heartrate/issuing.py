"""Forecasts, their log, the backtest's scores and the scorecard of heart rate in the lake.

Everything goes by fingerprints: what a partition was made from is compared with what it would be made from
now, and where they agree nothing is computed. Forecasts are a function of the lake as it stands; what was
issued is put on record in `forecast_log`, with the clock's time, and stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import polars as pl

from formguide import making
from formguide.asof import fingerprint
from formguide.heartrate import backtest, forecast, scorecard
from formguide.heartrate.arrivals import ARRIVALS
from formguide.heartrate.backtest import GENERATED, REAL, Told
from formguide.heartrate.forecast_tables import (
    AS_RECORDED,
    CORRECTED,
    BacktestScores,
    ForecastLog,
    ForecastScorecard,
    HeartRateForecasts,
    HeldOutScores,
)
from formguide.heartrate.histories import read_history, with_corrections
from formguide.heartrate.tables import SPORT, Corrections, Samples, Workouts
from formguide.lake import Lake
from formguide.making import Made, carried_over
from formguide.schema import dtypes

FORECASTS_VERSION = forecast.VERSION
SCORES_VERSION = f"1-{forecast.VERSION}-{backtest.VERSION}"
SEED = 0
"""The personal forecast draws nothing."""

_MADE_FROM = "workouts"

Progress = Callable[[str], object]


def make_forecasts(lake: Lake, months: Iterable[int]) -> dict[int, Made]:
    """The forecasts of every run of some months, each from the workouts that had ended when it began."""
    made: dict[int, Made] = {}
    for month in months:
        made_from = forecasts_from(lake, month)
        manifest = lake.manifest(SPORT, HeartRateForecasts.name, str(month))
        if manifest is not None and manifest.made_from == made_from:
            made[month] = carried_over(manifest, len(manifest.extra[_MADE_FROM]), {})
            continue
        known = months_up_to(lake, month)
        history = read_history(lake, correct=True, months=known)
        before = lake.read_table(SPORT, HeartRateForecasts.name, [str(month)], HeartRateForecasts)
        found = forecast.forecast_month(
            history, month, before, manifest.extra[_MADE_FROM] if manifest is not None else {}
        )
        written = lake.write_table(
            SPORT,
            HeartRateForecasts.name,
            str(month),
            found.rows,
            HeartRateForecasts,
            made_from,
            {_MADE_FROM: dict(found.made_from)},
        )
        facts = {"runs": len(found.made_from), "too_short_for_a_plan": found.no_route}
        made[month] = Made(written.hash, found.rows.height, found.computed, found.carried, facts)
    return made


def forecasts_from(lake: Lake, month: int) -> str:
    """What a month's forecasts would be made from now: everything of it and of the months before."""
    return fingerprint(FORECASTS_VERSION, _versions(lake, months_up_to(lake, month)))


def months_up_to(lake: Lake, month: int) -> list[str]:
    """The months up to one of which the lake holds workouts, "202103" each."""
    return [key for key in lake.partitions(SPORT, Workouts.name) if int(key) <= month]


def log_forecasts(lake: Lake, months: Iterable[int], made_at: datetime | None = None) -> dict[int, Made]:
    """Puts on record the forecasts of some months that the log does not hold yet, as they are issued now.

    data_version is a fingerprint of all that the workout's own forecast depends on, so that what is news for
    one runner issues nothing anew for another.
    """
    now = made_at or datetime.now(UTC).replace(tzinfo=None)
    made = {}
    for month in months:
        issued = lake.manifest(SPORT, HeartRateForecasts.name, str(month))
        if issued is None:
            made[month] = Made(fingerprint(month), 0, 0, 0)
            continue
        rows = lake.read_table(SPORT, HeartRateForecasts.name, [str(month)], HeartRateForecasts)
        versions: dict[str, str] = issued.extra[_MADE_FROM]
        rows = rows.with_columns(
            made_at=pl.lit(now, pl.Datetime("ms")),
            code_version=pl.lit(FORECASTS_VERSION),
            data_version=pl.col("workout_id").replace_strict(versions, return_dtype=pl.String),
            seed=pl.lit(SEED, pl.Int32),
        )
        log = lake.read_table(SPORT, ForecastLog.name, None, ForecastLog).filter(pl.col("month") == month)
        new = rows.select(list(dtypes(ForecastLog))).join(
            log.select("workout_id", "given", "data_version").unique(),
            on=["workout_id", "given", "data_version"],
            how="anti",
        )
        if not new.is_empty():
            lake.append_log(SPORT, new, ForecastLog)
        held = log.height + new.height
        made[month] = Made(fingerprint(month, held, versions), held, new.height, rows.height - new.height)
    return made


def make_scores(lake: Lake, progress: Progress = lambda _: None) -> Made:
    """The backtest over everything that the lake holds: the last block of each user's runs and walking
    forward, learnt from workouts as recorded, and from corrected ones; the latter scored as recorded, and
    against corrected heart rates too."""
    made_from = fingerprint(SCORES_VERSION, _versions(lake, lake.partitions(SPORT, Workouts.name)))
    manifest = lake.manifest(SPORT, BacktestScores.name, None)
    if manifest is not None and manifest.made_from == made_from:
        return carried_over(manifest)
    population = GENERATED if ARRIVALS.holds_sample(lake) else REAL
    rows = []
    plain = read_history(lake)
    for training, history in ((AS_RECORDED, plain), (CORRECTED, with_corrections(lake, plain))):
        told = Told(population, training)
        progress(f"the last block, learnt from heart rates {training}")
        rows.append(backtest.last_block(history, told=told))
        progress(f"walking forward, learnt from heart rates {training}")
        rows.append(backtest.walk_forward(history, told=told))
    scores = pl.concat(rows)
    facts = {"workouts": scores["workout_id"].n_unique(), "users": scores["user_id"].n_unique()}
    written = lake.write_table(SPORT, BacktestScores.name, None, scores, BacktestScores, made_from, facts)
    return Made(written.hash, scores.height, 1, 0, facts)


def make_scorecard(lake: Lake) -> Made:
    """Scores what the backtests forecast, of a runner's later runs and of users held out, and keeps the
    scorecard."""
    sample = ARRIVALS.holds_sample(lake)
    found = [making.version_of(lake, SPORT, table.name, None) for table in (BacktestScores, HeldOutScores)]
    made_from = fingerprint(scorecard.VERSION, found, sample)
    manifest = lake.manifest(SPORT, ForecastScorecard.name, None)
    if manifest is not None and manifest.made_from == made_from:
        return carried_over(manifest)
    scores = pl.concat(
        lake.read_table(SPORT, table.name, None, table) for table in (BacktestScores, HeldOutScores)
    )
    card = scorecard.scorecard(scores, sample)
    written = lake.write_table(SPORT, ForecastScorecard.name, None, card, ForecastScorecard, made_from)
    return Made(written.hash, card.height, 1, 0)


def _versions(lake: Lake, months: Iterable[str]) -> list[tuple[str, list[str | None]]]:
    """The hashes of what is known of some months."""
    wanted = (Workouts.name, Samples.name, Corrections.name)
    return [
        (month, [m.hash if (m := lake.manifest(SPORT, name, month)) else None for name in wanted])
        for month in months
    ]
