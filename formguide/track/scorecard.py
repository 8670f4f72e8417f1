"""How good the forecasts were: each forecaster's error on the same seasons, by population and event group.

    mae_pct          |forecast − peak| / peak, percent, mean
    mae_sec, mae_m,  the same in the event's own unit, over the events that have it
      mae_points
    pinball_pct      mean over the 10, 50 and 90 % quantiles of the pinball loss, percent of the peak: a
                     forecaster without an interval is its own quantiles
    coverage_80      share of peaks between the 10 and the 90 % quantile; the default alone has them

An athlete's seasons hang together, so errors are clustered by athlete; differences are paired, season by
season, with the linear model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.schema import dtypes, empty
from formguide.scoring import clustered_mean, clustered_paired, pinball_loss
from formguide.track.forecast_tables import ForecastScorecard
from formguide.track.intervals import LEVELS
from formguide.track.peak_model import FORECASTERS
from formguide.track.programme import GROUPS

VERSION = "1"
DEFAULT = "default"
BASELINE = "linear"
ALL = "all"
LEAST_OF_A_GROUP = 100
"""A group with fewer seasons than this is shown and does not count."""

Floats = NDArray[np.float64]


def scorecard(forecasts: pl.DataFrame, is_sample: bool) -> pl.DataFrame:
    """The `ForecastScorecard` of `BacktestForecasts`; points are left out of nothing."""
    if forecasts.is_empty():
        return empty(ForecastScorecard)
    rows: list[dict[str, Any]] = []
    populations = forecasts["population"].unique().sort().to_list()
    for population in [*populations, *([ALL] if len(populations) > 1 else [])]:
        of_it = forecasts if population == ALL else forecasts.filter(pl.col("population") == population)
        for group in (ALL, *GROUPS):
            block = of_it if group == ALL else of_it.filter(pl.col("event_group") == group)
            if block.is_empty():
                continue
            about = {
                "population": population,
                "event_group": group,
                "first_season": block["season"].min(),
                "last_season": block["season"].max(),
                "is_sample": is_sample,
            }
            rows += [{**about, **score} for score in _scores(block)]
    return pl.DataFrame(rows, schema=dtypes(ForecastScorecard))


def _scores(block: pl.DataFrame) -> Iterator[dict[str, Any]]:
    shipped = ", ".join(block["model"].unique().sort().to_list())
    for forecaster in (DEFAULT, *FORECASTERS):
        named = {"forecaster": forecaster, "model": shipped if forecaster == DEFAULT else None}
        for metric, chosen, ours, theirs in _losses(block, forecaster):
            part = block.filter(pl.Series(chosen))
            score = clustered_mean(ours, part["athlete_id"].to_numpy())
            row = {
                **named,
                "metric": metric,
                "n": score.n,
                "athletes": part["athlete_id"].n_unique(),
                "counts": score.n >= LEAST_OF_A_GROUP,
                "value": score.mean,
                "standard_error": _finite(score.standard_error),
            }
            if theirs is not None and forecaster != BASELINE:
                pair = clustered_paired(ours, theirs, part["athlete_id"].to_numpy())
                row |= {
                    "difference": pair.difference,
                    "difference_se": _finite(pair.standard_error),
                    "difference_t": _finite(pair.t),
                }
            yield row


def _losses(
    block: pl.DataFrame, forecaster: str
) -> Iterator[tuple[str, NDArray[np.bool_], Floats, Floats | None]]:
    """Metric, the rows that it is of, the forecaster's loss on each of them, and the baseline's."""
    peak = block["peak"].to_numpy()
    every = np.ones(len(peak), dtype=np.bool_)
    ours, theirs = _mark(block, forecaster), _mark(block, BASELINE)
    yield "mae_pct", every, np.abs(ours - peak) / peak * 100, np.abs(theirs - peak) / peak * 100
    unit = block["unit"].to_numpy()
    for name in ("sec", "m", "points"):
        of_unit = unit == name
        if of_unit.any():
            yield f"mae_{name}", of_unit, np.abs(ours - peak)[of_unit], np.abs(theirs - peak)[of_unit]
    yield "pinball_pct", every, _pinball(block, forecaster), _pinball(block, BASELINE)
    if forecaster == DEFAULT:
        low, high = block["low"].to_numpy(), block["high"].to_numpy()
        inside = (np.minimum(low, high) <= peak) & (peak <= np.maximum(low, high))
        yield "coverage_80", every, inside.astype(np.float64), None


def _mark(block: pl.DataFrame, forecaster: str) -> Floats:
    return block["median" if forecaster == DEFAULT else forecaster].to_numpy()


def _pinball(block: pl.DataFrame, forecaster: str) -> Floats:
    """From the worse to the better mark, whichever way the event's marks run."""
    peak = block["peak"].to_numpy()
    better = np.where(block["unit"].to_numpy() == "sec", -1.0, 1.0)
    columns = ("low", "median", "high") if forecaster == DEFAULT else (forecaster,) * 3
    quantiles = np.stack([block[name].to_numpy() for name in columns])
    said = better * (quantiles - peak) / peak * 100
    loss = pinball_loss(said, 0.0, np.array(LEVELS)[:, None]).mean(axis=0)
    return np.asarray(loss, dtype=np.float64)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
