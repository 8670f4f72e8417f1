"""The parts of a finish time: swim, change, bike, change, run.

The parts are forecast as shares of the total, so that their central forecasts add up to the total's: the
shares usual on the course (over both genders, in its earlier races), moved by how far the athlete's own
shares have been from his races' so far (shrunken by how often that was seen), by gender and by how slow a
start is expected to be, and scaled to sum to one. How uncertain a part is follows from how far earlier
forecasts of that part were off, by experience; parts are quantified one by one, not jointly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.triathlon.starts import eve_of
from formguide.triathlon.tables import SPLITS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVELS = (0.05, 0.50, 0.95)
"""The quantiles of a part's forecast."""

_SEEN_ONCE = 1.5
"""An athlete's mean deviation is drawn to 0 as if he had had so many more starts without any."""
_USUAL = {"70.3": (0.115, 0.014, 0.49, 0.011, 0.37), "140.6": (0.105, 0.011, 0.48, 0.009, 0.395)}
"""Shares of a total where nothing has been seen yet."""
_FEWEST = 100


@dataclass(frozen=True, eq=False)
class Legs:
    """How parts follow from a total. slope, female: (5,) change of the log share per unit of log time
    expected beyond the course's, and for women; error: (experience, 5, LEVELS) quantiles of the log of a
    part over its central forecast."""

    slope: Floats
    female: Floats
    error: Floats


@dataclass(frozen=True, eq=False)
class Seen:
    """What the eve knows of starts' parts, (n, 5): log shares usual on the course, and the athlete's
    deviation."""

    course: Floats
    own: Floats


def seen(history: pl.DataFrame, rows: pl.DataFrame, distance: str) -> Seen:
    """Of each row what earlier days tell. history: finishes with parts that can be believed are used, the
    others passed over; rows: race_on, year, course, athlete_id."""
    parts = history.filter(_whole(history))
    logs = [(pl.col(c) / pl.sum_horizontal(*SPLITS)).log().alias(c) for c in SPLITS]
    shares = parts.select("athlete_id", "course", "race_id", "distance", "known_on", *logs)
    by_race = shares.group_by("race_id").agg(
        pl.col("course", "distance", "known_on").first(), pl.col(*SPLITS).median()
    )
    here = by_race.filter(pl.col("distance").cast(pl.String) == distance).sort("known_on", "race_id")
    asked = rows.select("course", "athlete_id", eve=eve_of()).with_row_index("row").sort("eve", "row")
    everywhere = _earlier(here, asked, None)
    course = _earlier(here, asked, "course")
    usual = np.log(np.array(_USUAL[distance]))
    levels = np.where(np.isnan(everywhere), usual, everywhere)
    deviation = shares.join(
        by_race.select("race_id", *(pl.col(c).alias(f"{c}_race") for c in SPLITS)), on="race_id"
    )
    own = deviation.select(
        "athlete_id",
        "known_on",
        *((pl.col(c) - pl.col(f"{c}_race")).clip(-0.5, 0.5).alias(c) for c in SPLITS),
    ).sort("known_on", "athlete_id", maintain_order=True)
    return Seen(np.where(np.isnan(course), levels, course), np.nan_to_num(_earlier(own, asked, "athlete_id")))


def fit(
    history: pl.DataFrame,
    rows: pl.DataFrame,
    distance: str,
    seconds: Floats,
    beyond: Floats,
    female: Ints,
    experience: Ints,
    classes: int,
) -> Legs:
    """How parts follow from totals, learnt from rows that have both. seconds: central forecast of each row's
    total as of its eve; beyond: log time expected beyond the course's level."""
    there = _whole(rows).to_numpy()
    if there.sum() < _FEWEST:
        spread = np.array([-0.25, 0.0, 0.25])
        return Legs(np.zeros(5), np.zeros(5), np.tile(spread, (classes, 5, 1)))
    known = seen(history, rows, distance)
    parts = rows.select(*SPLITS).to_numpy().astype(np.float64)[there]
    target = np.log(parts / parts.sum(axis=1, keepdims=True)) - known.course[there] - known.own[there]
    x = np.column_stack([np.ones(there.sum()), beyond[there], female[there]])
    target = np.clip(target, -0.7, 0.7)
    solved = np.linalg.solve(x.T @ x + np.diag([1e-9, 1.0, 1.0]), x.T @ target)
    legs = Legs(solved[1], solved[2], np.zeros((classes, 5, len(LEVELS))))
    off = np.log(parts) - np.log(central(legs, known, seconds, beyond, female)[there])
    error = np.empty((classes, 5, len(LEVELS)))
    for e in range(classes):
        mine = experience[there] == e
        error[e] = np.quantile(off[mine] if mine.sum() >= _FEWEST else off, LEVELS, axis=0).T
    return Legs(legs.slope, legs.female, error)


def central(legs: Legs, known: Seen, seconds: Floats, beyond: Floats, female: Ints) -> Floats:
    """Central forecast of each part, (n, 5) seconds, adding up to `seconds`."""
    log_share = known.course + known.own + np.outer(beyond, legs.slope) + np.outer(female, legs.female)
    share = np.exp(log_share)
    found: Floats = seconds[:, None] * share / share.sum(axis=1, keepdims=True)
    return found


def quantiles(legs: Legs, parts: Floats, experience: Ints) -> Floats:
    """Quantiles of each part, (n, 5, LEVELS) seconds, from its central forecast. The middle one is the
    central forecast itself: what parts were off on the median is left out, so that they add up."""
    error = legs.error - legs.error[:, :, 1:2]
    found: Floats = parts[:, :, None] * np.exp(error[experience])
    return found


def _whole(frame: pl.DataFrame) -> pl.Series:
    """Rows whose parts are all there, can be believed and add up to the total within two minutes."""
    believed = pl.col("usable_splits") if "usable_splits" in frame.columns else pl.lit(True)
    there = pl.all_horizontal(*(pl.col(c).is_not_null() & (pl.col(c) > 0) for c in SPLITS))
    adds_up = (pl.sum_horizontal(*SPLITS) - pl.col("total_sec")).abs() <= 120
    return frame.select((believed & there & adds_up).fill_null(False).alias("whole")).to_series()


def _earlier(history: pl.DataFrame, asked: pl.DataFrame, by: str | None) -> Floats:
    """Mean of the parts' values over the rows dated before each eve (of the same `by`), in the order of
    `row`; an athlete's is drawn to 0. NaN where there is none."""
    keys = [by] if by else []
    sums = [pl.col(c).cum_sum() for c in SPLITS]
    count = pl.int_range(1, pl.len() + 1).alias("seen")
    totals = history.select(
        *keys, "known_on", *((s.over(by) if by else s) for s in sums), count.over(by) if by else count
    )
    totals = totals.unique([*keys, "known_on"], keep="last", maintain_order=True).with_columns(
        known_on=pl.col("known_on").cast(pl.Date)
    )
    found = asked.join_asof(
        totals.sort("known_on"), left_on="eve", right_on="known_on", by=by, allow_exact_matches=False,
        check_sortedness=False,
    ).sort("row")  # fmt: skip
    more = _SEEN_ONCE if by == "athlete_id" else 0.0
    values = found.select(pl.col(c) / (pl.col("seen") + more) for c in SPLITS)
    return (
        values.with_columns(pl.all().cast(pl.Float64).fill_null(float("nan"))).to_numpy().astype(np.float64)
    )
