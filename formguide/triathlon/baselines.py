"""What a forecast must beat, and what only hindsight knows, on the same starts.

Honest rules know the results before the eve, as the model does. Each makes a point forecast, and a
distribution from how far its points were off on the starts it was fitted to: the quantiles of those errors
about the point.

* last race: the athlete's last total over the distance.
* linear: least squares of the total on gender, age group and the athlete's best total so far.
* course mean: the mean total of the course's earlier races.

The reference's model takes an athlete's best and his number of races over all of his races, the one that is
forecast and later ones too; nobody could have, on the eve. It is shown as "hindsight" and beats nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.triathlon.posterior import Design, Group, fit
from formguide.triathlon.reference_model import PRIORS
from formguide.triathlon.starts import AGES, Starts, eve_of

Floats = NDArray[np.float64]

LAST, LINEAR, COURSE = "last race", "linear: gender, age, best", "course mean"
HONEST = (LAST, LINEAR, COURSE)
LEAKING = "hindsight: the reference's model"

LEVELS = (np.arange(99) + 1) / 100
"""The quantiles by which distributions are scored."""


@dataclass(frozen=True, eq=False)
class Rule:
    """A point (n,) and the quantiles at LEVELS (n, 99) of each start, seconds."""

    point: Floats
    quantiles: Floats


def rules(history: Starts, learnt: NDArray[np.bool_], scored: NDArray[np.bool_]) -> dict[str, Rule]:
    """Every rule's forecasts of the scored rows of a history of one distance, fitted to the learnt rows."""
    seen = _seen(history)
    seconds = np.exp(history.y)
    cell = np.eye(2 * len(AGES))[history.female * len(AGES) + history.age]
    usual = float(seconds[learnt].mean())
    course = np.where(np.isnan(seen["course"]), usual, seen["course"])
    returning = ~np.isnan(seen["last"])
    points = {
        COURSE: course,
        LAST: np.where(returning, seen["last"], course),
        LINEAR: np.where(
            returning,
            _least_squares(np.column_stack([seen["best"], cell]), seconds, learnt & returning, usual),
            _least_squares(cell, seconds, learnt & ~returning, usual),
        ),
    }
    found = {}
    for name, point in points.items():
        quantiles = np.empty((int(scored.sum()), len(LEVELS)))
        for part in (returning, ~returning):
            if not (scored & part).any():
                continue
            errors = (seconds - point)[learnt & part]
            spread = np.quantile(errors, LEVELS) if len(errors) else np.zeros(len(LEVELS))
            quantiles[part[scored]] = point[scored & part][:, None] + spread
        found[name] = Rule(point[scored], quantiles)
    found[LEAKING] = _reference(history, learnt, scored)
    return found


def _least_squares(x: Floats, y: Floats, learnt: NDArray[np.bool_], usual: float) -> Floats:
    """Fitted values of all rows; a column that no learnt row has counts for nothing. Where no row is
    learnt, all are `usual`."""
    usable = np.nan_to_num(x)
    if not learnt.any():
        return np.full(len(y), usual)
    coefficient, *_ = np.linalg.lstsq(usable[learnt], y[learnt], rcond=None)
    unseen = ~usable[learnt].any(axis=0)
    fallback = coefficient[~unseen][-1] if (~unseen).any() else 0.0
    fitted: Floats = usable @ np.where(unseen, fallback, coefficient)
    return fitted


def _seen(history: Starts) -> dict[str, Floats]:
    """Last and best total of the athlete and mean of the course before each eve, seconds; NaN for none."""
    frame = history.frame.select(
        "athlete_id", "course", "known_on", total=pl.col("total_sec").cast(pl.Float64), eve=eve_of()
    ).with_row_index("row")
    by_day = frame.sort("known_on", "row")
    athlete = by_day.select(
        "athlete_id",
        "known_on",
        last=pl.col("total"),
        best=pl.col("total").cum_min().over("athlete_id"),
    ).unique(["athlete_id", "known_on"], keep="last", maintain_order=True)
    course = by_day.select(
        "course",
        "known_on",
        mean=pl.col("total").cum_sum().over("course") / pl.int_range(1, pl.len() + 1).over("course"),
    ).unique(["course", "known_on"], keep="last", maintain_order=True)
    asked = frame.sort("eve", "row")
    joined = asked.join_asof(
        athlete, left_on="eve", right_on="known_on", by="athlete_id", allow_exact_matches=False,
        check_sortedness=False,
    ).join_asof(
        course, left_on="eve", right_on="known_on", by="course", allow_exact_matches=False,
        check_sortedness=False, suffix="_course",
    ).sort("row")  # fmt: skip
    return {
        name: joined[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        for name, column in (("last", "last"), ("best", "best"), ("course", "mean"))
    }


def _reference(history: Starts, learnt: NDArray[np.bool_], scored: NDArray[np.bool_]) -> Rule:
    """The reference's model with its profile over all races; athletes are of one cluster, as it does with
    those it has no cluster of."""
    from scipy.special import ndtri

    seconds = np.exp(history.y)
    best = np.full(len(history.athletes), np.inf)
    np.minimum.at(best, history.athlete, seconds)
    count = np.bincount(history.athlete, minlength=len(history.athletes))
    mean, sd = seconds[learnt].mean(), seconds[learnt].std(ddof=1)
    fitness = (best[history.athlete] - mean) / sd
    experience = np.log1p(count[history.athlete])
    experience = (experience - experience[learnt].mean()) / (experience[learnt].std(ddof=1) + 1e-8)
    x = np.column_stack([fitness, experience])
    design = Design(
        groups=(
            Group("mu_gender", ("M", "F"), history.female[learnt].astype(np.int32)),
            Group("mu_age", AGES, history.age[learnt].astype(np.int32)),
            Group("mu_cluster", ("-1",), np.zeros(int(learnt.sum()), dtype=np.int32)),
        ),
        y=((seconds - mean) / sd)[learnt],
        names=("beta_fitness", "beta_experience"),
        x=x[learnt],
    )
    found = fit(design, PRIORS, draws=100, chains=2)
    fitted = (
        float(found.mean("intercept"))
        + found.mean("mu_gender")[history.female]
        + found.mean("mu_age")[history.age]
        + float(found.mean("mu_cluster")[0])
        + x @ np.array([float(found.mean("beta_fitness")), float(found.mean("beta_experience"))])
    )
    point = fitted[scored] * sd + mean
    return Rule(point, point[:, None] + ndtri(LEVELS) * float(found.mean("sigma")) * sd)
