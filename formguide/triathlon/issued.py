"""What was issued of races to come: put on record in `forecast_log`, and scored when the race has been.

A page without times is a start list: its starts are forecast like all others, and while nobody has finished
the race, what is forecast of it is news. `finish_time_forecasts` is a function of the lake as it stands and
changes with it; a row of the log has the clock's time and stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
import polars as pl

from formguide.asof import fingerprint
from formguide.lake import Lake
from formguide.making import Made
from formguide.schema import dtypes
from formguide.triathlon import forecast
from formguide.triathlon.backtest import OURS, SCORES
from formguide.triathlon.forecast import QUANTILES
from formguide.triathlon.forecast_tables import FinishTimeForecasts, ForecastLog, StartForecast
from formguide.triathlon.starts import finishes
from formguide.triathlon.tables import FINISHED, SPORT, RaceResults

ISSUED = "issued"
"""The scorecard's task of what is on record."""

_LEVELS = np.array([int(name.removeprefix("p")) / 100 for name in QUANTILES])
_SAID = list(dtypes(StartForecast))


def partition(distance: str, year: int) -> str:
    """The lake's key of a distance's season of forecasts."""
    return f"{distance}_{year}"


def log_forecasts(
    lake: Lake, wanted: Iterable[tuple[str, int]], code_version: str, made_at: datetime | None = None
) -> dict[tuple[str, int], Made]:
    """Puts on record what is forecast, by distance and season, of races that nobody has finished yet; a start
    of which the log's last word is the same is not told again. `computed` and `carried` count starts."""
    now = made_at or datetime.now(UTC).replace(tzinfo=None)
    log = read(lake)
    last = log.sort("made_at").unique("result_id", keep="last", maintain_order=True)
    made = {}
    for distance, year in wanted:
        rows = to_come(lake, distance, year)
        new = rows.join(last, on=_SAID, how="anti", nulls_equal=True)
        if not new.is_empty():
            manifest = lake.manifest(SPORT, FinishTimeForecasts.name, partition(distance, year))
            assert manifest is not None
            told = new.with_columns(
                made_at=pl.lit(now, pl.Datetime("ms")),
                code_version=pl.lit(code_version),
                data_version=pl.lit(manifest.made_from),
                seed=pl.lit(forecast.SEED, pl.Int32),
            )
            lake.append_log(SPORT, told.select(list(dtypes(ForecastLog))), ForecastLog)
        of_season = (pl.col("distance").cast(pl.String) == distance) & (pl.col("year") == year)
        held = log.filter(of_season).height + new.height
        version = fingerprint(distance, year, held, rows)
        made[distance, year] = Made(version, held, new.height, rows.height - new.height)
    return made


def to_come(lake: Lake, distance: str, year: int) -> pl.DataFrame:
    """The forecasts (StartForecast) of a season's races that nobody has finished yet.

    A result may be late, or have been taken back: whether a row was issued in time is for the clock to say.
    """
    rows = lake.read_table(SPORT, FinishTimeForecasts.name, [partition(distance, year)], FinishTimeForecasts)
    results = lake.read_table(SPORT, RaceResults.name, [str(year)], RaceResults)
    run = results.filter(pl.col("status") == FINISHED)["race_id"].unique()
    return rows.filter(~pl.col("race_id").is_in(run.implode())).select(_SAID)


def read(lake: Lake) -> pl.DataFrame:
    """Everything that is on record."""
    return lake.read_table(SPORT, ForecastLog.name, None, ForecastLog)


def scored(lake: Lake) -> pl.DataFrame:
    """`scores` of what is on record in a lake."""
    log = read(lake)
    if log.is_empty():
        return pl.DataFrame(schema=SCORES)
    return scores(log, lake.read_table(SPORT, RaceResults.name, None, RaceResults))


def scores(log: pl.DataFrame, results: pl.DataFrame) -> pl.DataFrame:
    """`backtest.SCORES` of what was issued: of each athlete who finished, the last forecast that was made
    before the day of the race.

    Of a race without a date nobody can say what was in time, and it is not scored. Seven quantiles are on
    record: where between them a time came is drawn straight, beyond the outer ones it counts as half way
    out, and there is no CRPS.
    """
    asked = ["race_id", "athlete_id"]
    ran = finishes(results).filter(pl.col("race_on").is_not_null()).unique(asked, keep="none")
    rows = log.drop("race_on").join(ran.select(*asked, "race_on", "total_sec"), on=asked)
    in_time = rows.filter(pl.col("made_at").dt.date() < pl.col("race_on")).sort("made_at", *asked)
    said = in_time.unique(asked, keep="last", maintain_order=True).sort(*asked)
    total = said["total_sec"].to_numpy().astype(np.float64)
    points = said.select(f"{name}_sec" for name in QUANTILES).to_numpy()
    outside = {"left": _LEVELS[0] / 2, "right": (1 + _LEVELS[-1]) / 2}
    pit = [np.interp(t, row, _LEVELS, **outside) for t, row in zip(total, points, strict=True)]
    return said.with_columns(
        task=pl.lit(ISSUED),
        model=pl.lit(OURS),
        total_min=pl.col("total_sec") / 60,
        error_min=(pl.col("total_sec") - pl.col("p50_sec")).abs() / 60,
        squared_min2=((pl.col("total_sec") - pl.col("mean_sec")) / 60) ** 2,
        crps_min=pl.lit(None),
        pit=pl.Series(pit, dtype=pl.Float64),
    ).select(pl.col(c).cast(t) for c, t in SCORES.items())
