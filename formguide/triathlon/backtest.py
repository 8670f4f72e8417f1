"""Forecasts of seasons that the model has not seen, start by start, with every rule beside them.

Two ways. Fit once: models and rules learn from the years up to a split and are scored on all later ones;
what the eve knows of athletes and courses goes on growing, coefficients do not. Walk forward: for every
season anew from what came before it. Rows labelled hindsight use what nobody knew on the eve, and say what
that would be worth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide import asof
from formguide.scoring import pinball_loss
from formguide.triathlon import ability as abilities
from formguide.triathlon import baselines, courses, pace_fit, pace_model, predictive
from formguide.triathlon import forecast as forecasts
from formguide.triathlon._columns import EXPERIENCE, columns
from formguide.triathlon.forecast import Forecaster
from formguide.triathlon.pace_model import Outlook, PaceModel
from formguide.triathlon.starts import AGES, Starts, day_number, finishes, starts
from formguide.triathlon.tables import DISTANCES

Floats = NDArray[np.float64]

VERSION = "2"

OURS = "formguide"
RACE_KNOWN = "hindsight: true race level"
WEATHER = "hindsight: the day's weather"
ONCE, WALK = "fit once", "walk forward"
LAST_BLOCK = 4
"""Unless told otherwise, so many last seasons are the block that is only ever scored."""

SCORES = {
    "task": pl.String, "distance": pl.String, "year": pl.Int32, "race_id": pl.String, "course": pl.String,
    "gender": pl.String, "age_group": pl.String, "experience": pl.String, "model": pl.String,
    "total_min": pl.Float64, "error_min": pl.Float64, "squared_min2": pl.Float64, "crps_min": pl.Float64,
    "pit": pl.Float64,
}  # fmt: skip
"""One row per start and model: absolute error of the middle, squared error of the mean, CRPS, all in minutes,
and where in the forecast the time came."""


def split_of(results: pl.DataFrame) -> int:
    """The last year that is learnt from when the last block is scored."""
    return int(results["year"].max()) - LAST_BLOCK  # type: ignore[arg-type]


def fit_once(results: pl.DataFrame, split: int, distances: Iterable[str] = DISTANCES) -> pl.DataFrame:
    """SCORES of the years after a split from models fitted to the years up to it."""
    last = int(results["year"].max())  # type: ignore[arg-type]
    return _blocks(results, ONCE, distances, [(split + 1, last)])


def walk_forward(
    results: pl.DataFrame, seasons: Iterable[int], distances: Iterable[str] = DISTANCES
) -> pl.DataFrame:
    """SCORES of seasons, each from models fitted to what came before it."""
    return _blocks(results, WALK, distances, [(season, season) for season in sorted(set(seasons))])


def _blocks(
    results: pl.DataFrame, task: str, distances: Iterable[str], blocks: Iterable[tuple[int, int]]
) -> pl.DataFrame:
    found = [pl.DataFrame(schema=SCORES)]
    wanted = tuple(distances)
    for first, last in blocks:
        eve = date(first, 1, 1)
        before = finishes(asof.before(results, eve, "known_on"))
        able = [d for d in wanted if pace_fit.enough(before, d)]
        if not able:
            continue
        upto = results.filter(pl.col("year") <= last)
        found += [score_block(upto, distance, eve, task) for distance in able]
    return pl.concat(found)


def score_block(results: pl.DataFrame, distance: str, eve: date, task: str) -> pl.DataFrame:
    """SCORES of every finish on or after a day, from models and rules fitted to what came before it."""
    forecaster = forecasts.fit_before(results, distance, eve)
    frame = finishes(results)
    history = starts(frame.filter(pl.col("distance").cast(pl.String) == distance))
    scored = history.day >= day_number(eve)
    # A race without a date is known at its year's end: it is learnt from there, and scored with its year.
    if not scored.any():
        return pl.DataFrame(schema=SCORES)
    outlooks = _outlooks(forecaster, starts(frame), history)
    seconds = np.exp(history.y[scored])
    told = {name: _at(outlook, scored) for name, outlook in outlooks.items()}
    experience = [EXPERIENCE[e] for e in told[OURS].experience]
    about = history.frame.filter(pl.Series(scored)).select(
        task=pl.lit(task), distance=pl.lit(distance), year="year", race_id="race_id", course="course",
        gender=pl.col("gender").cast(pl.String), age_group=pl.Series([AGES[a] for a in history.age[scored]]),
        experience=pl.Series(experience),
    )  # fmt: skip
    parts = []
    shapes = forecaster.pace.shapes
    points = predictive.quantile_table(shapes, baselines.LEVELS)
    for name, outlook in told.items():
        table = predictive.times_from(points, shapes, outlook)
        pit = predictive.pit(shapes, outlook, history.y[scored])
        parts.append(_scored(about, name, seconds, table[:, 0], table[:, 2:], pit))
    learnt = ~scored
    for name, rule in baselines.rules(history, learnt, scored).items():
        pit = (rule.quantiles < seconds[:, None]).mean(axis=1)
        parts.append(_scored(about, name, seconds, rule.point, rule.quantiles, pit))
    return pl.concat(parts)


def _outlooks(forecaster: Forecaster, everything: Starts, rows: Starts) -> dict[str, Outlook]:
    """Our outlook on rows of one distance, and what it would be with hindsight."""
    pace = forecaster.pace
    known, _ = abilities.as_of(pace.ability, everything, abilities.asked_of(everything, rows))
    cols = columns(rows, known, pace_model.climate_of(rows, rows))
    levels = pace_model.race_levels(pace, rows, cols)
    told = pace_model.outlook_of(pace, rows, cols, (levels, rows.courses))
    return {
        OURS: told,
        RACE_KNOWN: pace_model.hindsight(pace, rows, cols, told),
        WEATHER: _with_weather(pace, rows, told, levels),
    }


def _with_weather(pace: PaceModel, rows: Starts, told: Outlook, levels: courses.RaceLevels) -> Outlook:
    """Our outlook moved by how warm the day was beside what is usual on the course, with the slope that the
    races before the model's day show."""
    warm = (
        rows.frame["temp_max_c"].to_numpy()
        if "temp_max_c" in rows.frame.columns
        else np.full(len(rows), np.nan)
    )
    beyond = warm - pace_model.climate_of(rows, rows)
    day = day_number(pace.as_of)
    by_race = pace_model.level_by_race(rows, levels)
    expected, _, _ = courses.known_of(pace.constants, levels, rows.course, rows.eve)
    first = np.unique(rows.race, return_index=True)[1]
    surprise = by_race[rows.race[first]] - expected[first]
    x = beyond[first]
    learnt = (rows.day[first] < day) & ~np.isnan(x) & (np.abs(surprise) <= courses.NOT_IN_FULL)
    slope = float((x[learnt] * surprise[learnt]).sum() / ((x[learnt] ** 2).sum() + 100.0))
    return replace(told, mean=told.mean + slope * np.nan_to_num(beyond))


def _at(told: Outlook, chosen: NDArray[np.bool_]) -> Outlook:
    return Outlook(
        told.mean[chosen], told.shift[chosen], told.sd[chosen], told.shape[chosen], told.experience[chosen]
    )


def _scored(
    about: pl.DataFrame, model: str, seconds: Floats, mean: Floats, quantiles: Floats, pit: Floats
) -> pl.DataFrame:
    """The CRPS is twice the mean pinball loss over the quantiles (Laio and Tamea, HESS 11, 2007)."""
    loss = pinball_loss(quantiles, seconds[:, None], baselines.LEVELS)
    middle = quantiles[:, len(baselines.LEVELS) // 2]
    return about.with_columns(
        model=pl.lit(model),
        total_min=pl.Series(seconds / 60),
        error_min=pl.Series(np.abs(seconds - middle) / 60),
        squared_min2=pl.Series(((seconds - mean) / 60) ** 2),
        crps_min=pl.Series(2 * loss.mean(axis=1) / 60),
        pit=pl.Series(np.clip(pit, 0, 1)),
    ).select(pl.col(c).cast(t) for c, t in SCORES.items())
