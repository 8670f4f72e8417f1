"""Forecasts of whole races: a model fitted before a season, and each start from the eve of its race."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide import asof, schema
from formguide.triathlon import ability, pace_fit, pace_model, predictive, splits
from formguide.triathlon._columns import EXPERIENCE
from formguide.triathlon.ability import Ability
from formguide.triathlon.courses import RaceLevels
from formguide.triathlon.forecast_tables import FinishTimeForecasts
from formguide.triathlon.pace_model import Outlook, PaceModel
from formguide.triathlon.posterior import Posterior
from formguide.triathlon.splits import Legs
from formguide.triathlon.starts import Starts, age_band, eve_of, finishes, starts
from formguide.triathlon.tables import DISTANCES, SPLITS

Floats = NDArray[np.float64]

VERSION = "2"
"""Changes when the same results would give other forecasts."""

SEED = 0
"""Of every fit that forecasts are made with."""

_MOST_REMEMBERED = 24
_REMEMBERED: dict[str, Forecaster] = {}

QUANTILES = ("p05", "p10", "p25", "p50", "p75", "p90", "p95")


@dataclass(frozen=True, eq=False)
class Forecaster:
    """A model with what splits a total into parts, and the posterior it was made from."""

    pace: PaceModel
    legs: Legs
    posterior: Posterior | None = None


def fit(
    results: pl.DataFrame,
    distance: str,
    as_of: date,
    draws: int = 100,
    chains: int = 4,
    seed: int = SEED,
    constants: Ability | None = None,
    thin: int = 1,
) -> Forecaster:
    """Everything that forecasts over a distance need, from results dated before a day.

    Raises:
        TooLittle: where there are too few.
    """
    known = finishes(asof.before(results, as_of, "known_on"))
    fitted = pace_fit.fit(results, distance, as_of, draws, chains, seed, constants, thin)
    rows = known.filter(pl.col("distance").cast(pl.String) == distance)
    history, asked = starts(known), starts(rows)
    told = pace_model.outlook(fitted.model, history, asked)
    middle = _middle(fitted.model, told)
    legs = splits.fit(
        known, rows, distance, middle, _beyond(told, asked), asked.female, told.experience, len(EXPERIENCE)
    )
    return Forecaster(fitted.model, legs, fitted.posterior)


def fit_before(
    results: pl.DataFrame, distance: str, eve: date, constants: Ability | None = None
) -> Forecaster:
    """`fit` as of a day; the last few are remembered by what they were fitted to, so that seasons which are
    forecast and scored in one run are fitted to once."""
    known = finishes(asof.before(results, eve, "known_on"))
    said = () if constants is None else (constants.usual, constants.prior, np.array(constants.noise))
    key = asof.fingerprint(
        distance,
        eve,
        known,
        constants and constants.drift,
        *(np.ascontiguousarray(a).tobytes() for a in said),
    )
    if key not in _REMEMBERED:
        while len(_REMEMBERED) >= _MOST_REMEMBERED:
            _REMEMBERED.pop(next(iter(_REMEMBERED)))
        _REMEMBERED[key] = fit(results, distance, eve, draws=60, chains=2, constants=constants)
    return _REMEMBERED[key]


def constants_of(results: pl.DataFrame, as_of: date) -> Ability:
    """The ability filter's constants from results before a day: the same for both distances."""
    return ability.fit(starts(finishes(asof.before(results, as_of, "known_on"))))


@dataclass(frozen=True, eq=False)
class Known:
    """Results that may be drawn on, made ready once for many questions: finishes, as a frame and as arrays,
    and the levels of the races that a forecaster's distance has seen."""

    frame: pl.DataFrame
    history: Starts
    levels: tuple[RaceLevels, tuple[str, ...]]


def known_of(forecaster: Forecaster, results: pl.DataFrame) -> Known:
    """Results made ready for `forecast`."""
    frame = finishes(results)
    history = starts(frame)
    return Known(frame, history, pace_model.levels_of(forecaster.pace, history))


def starters(results: pl.DataFrame, distance: str, year: int) -> pl.DataFrame:
    """Age-group starts of a season over a distance, whatever came of them."""
    return results.filter(
        (pl.col("distance").cast(pl.String) == distance)
        & (pl.col("year") == year)
        & (pl.col("category").cast(pl.String) == "age_group")
        & pl.col("gender").is_not_null()
        & age_band().is_not_null()
    ).sort("known_on", "race_id", "result_id")


def outlook(forecaster: Forecaster, known: Known, rows: pl.DataFrame) -> tuple[Starts, Outlook]:
    """What the model says of starts, each from the results before its eve."""
    asked = starts(rows)
    return asked, pace_model.outlook(forecaster.pace, known.history, asked, known.levels)


def forecast(forecaster: Forecaster, known: Known, rows: pl.DataFrame) -> pl.DataFrame:
    """One row of FinishTimeForecasts per start, each from the results before its eve.

    rows: rows of race_results; of what came of them only `pit` is made, for those that models may learn from.
    """
    if rows.is_empty():
        return schema.empty(FinishTimeForecasts)
    asked, told = outlook(forecaster, known, rows)
    pace, distance = forecaster.pace, forecaster.pace.distance
    table = predictive.times(pace.shapes, told)
    parts = splits.central(
        forecaster.legs,
        splits.seen(known.frame, rows, distance),
        table[:, 5],
        _beyond(told, asked),
        asked.female,
    )
    spread = splits.quantiles(forecaster.legs, parts, told.experience)
    usable = rows["usable"].fill_null(False).to_numpy() & ~np.isnan(asked.y)
    pit = np.full(len(asked), np.nan)
    if usable.any():
        pit[usable] = predictive.pit(pace.shapes, told, asked.y)[usable]
    columns = {f"{name}_sec": table[:, i] for i, name in enumerate(("mean", "sd", *QUANTILES))}
    for leg, name in enumerate(SPLITS):
        for q, level in enumerate(("p05", "p50", "p95")):
            columns[name.replace("_sec", f"_{level}_sec")] = spread[:, leg, q]
    return (
        rows.select(
            "result_id", pl.col("distance").cast(pl.String), "year", "race_id", "course", "race_on",
            as_of=eve_of(), fitted_as_of=pl.lit(pace.as_of), athlete_id="athlete_id", gender="gender",
            age_group="age_group", experience=pl.Series([EXPERIENCE[e] for e in told.experience]),
        )
        .with_columns(**{name: pl.Series(values) for name, values in columns.items()})
        .with_columns(pit=pl.Series(np.clip(pit, 0, 1)).fill_nan(None))
        .select(pl.col(c).cast(t) for c, t in schema.dtypes(FinishTimeForecasts).items())
    )  # fmt: skip


def forecast_seasons(
    results: pl.DataFrame, wanted: list[tuple[str, int]]
) -> dict[tuple[str, int], pl.DataFrame]:
    """Forecasts of some (distance, season) pairs, each from a model fitted to what came before the season; no
    rows where that is too little."""
    found = {}
    for distance, year in sorted(wanted, key=lambda pair: (pair[1], pair[0])):
        rows = starters(results, distance, year)
        found[distance, year] = schema.empty(FinishTimeForecasts)
        eve = date(year, 1, 1)
        before = finishes(asof.before(results, eve, "known_on"))
        if not rows.is_empty() and pace_fit.enough(before, distance):
            forecaster = fit_before(results, distance, eve)
            # What comes after the season has no say, and need not be looked at.
            upto = results.filter(pl.col("year") <= year)
            found[distance, year] = forecast(forecaster, known_of(forecaster, upto), rows)
    return found


def _middle(pace: PaceModel, told: Outlook) -> Floats:
    middle: Floats = predictive.times(pace.shapes, told, (0.5,))[:, 2]
    return middle


def _beyond(told: Outlook, asked: Starts) -> Floats:
    """Log time expected of a start beyond what is expected of its distance."""
    usual = np.where(asked.distance == 0, np.log(5.8 * 3600), np.log(12.4 * 3600))
    beyond: Floats = told.mean - usual
    return beyond


__all__ = [
    "DISTANCES",
    "Forecaster",
    "Known",
    "constants_of",
    "fit",
    "forecast",
    "forecast_seasons",
    "known_of",
    "outlook",
    "starters",
]
