"""How the model that forecasts is fitted: a hierarchical Gaussian model over all rows, and what is around it.

The Gaussian model is weighted by how uncertain each start is, and its posterior is exact given the weights
(`posterior.fit`). Around it stand three things that are not conjugate and are fitted by maximum likelihood
instead (empirical Bayes): the constants of the ability filter (`ability`), a log-linear variance of the
single start, and its shape, a mixture of normals per class of experience and pace; and the courses' wandering
(`courses`). What is fitted is fitted on results before `as_of`, whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide import asof
from formguide.making import TooLittle
from formguide.triathlon import ability, courses
from formguide.triathlon._columns import EXPERIENCE, MEAN_NAMES, NEWCOMER, Columns, columns
from formguide.triathlon._mixtures import Mixture, fit_mixture
from formguide.triathlon.ability import Ability
from formguide.triathlon.courses import CourseConstants, RaceLevels
from formguide.triathlon.pace_model import (
    PACES,
    Effects,
    PaceModel,
    base_of,
    climate,
    level_by_race,
    only,
    race_levels,
    races_in,
    shape_class,
    warmth_of,
)
from formguide.triathlon.posterior import Design, Group, Posterior, Priors
from formguide.triathlon.posterior import fit as fit_posterior
from formguide.triathlon.starts import AGES, Starts, day_number, finishes, starts
from formguide.triathlon.tables import DISTANCES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FEWEST_OF_A_COUNTRY = 30
_FEWEST_FOR_A_SHAPE = 400
_FEWEST_ROWS = 200
_SHRINK = 25.0
_RECENT_YEARS = 5
_PRIORS = {
    "sex_age": 0.05, "course": 0.1, "race": 0.1, "year": 0.05, "country_new": 0.1, "country": 0.05,
    "course_new": 0.1,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model and the posterior it was made from."""

    model: PaceModel
    posterior: Posterior


def fit(
    results: pl.DataFrame,
    distance: str,
    as_of: date,
    draws: int = 100,
    chains: int = 4,
    seed: int = 0,
    constants: Ability | None = None,
    thin: int = 1,
) -> Fitted:
    """The model of a distance from the results before a day.

    results: `race_results`; constants: the ability filter's, if they have been fitted to the same results
    already. draws per chain: 100 are enough for a forecast; ask for 500, thinned by 5, to report
    the posterior.

    Raises:
        TooLittle: if there are fewer than 200 finishes or 2 races of the distance before the day.
    """
    history = starts(finishes(asof.before(results, as_of, "known_on")))
    k = DISTANCES.index(distance)
    chosen = history.distance == k
    _require(chosen, history, distance, as_of)
    filter_constants = constants or ability.fit(history)
    known, level = ability.as_of(filter_constants, history, ability.asked_of(history, history))
    # A race that took its field a third less than others was not held in full, whatever its page says.
    usual = np.nanmedian(level[np.unique(history.race[chosen])])
    chosen &= np.abs(level[history.race] - usual) <= courses.NOT_IN_FULL
    _require(chosen, history, distance, as_of)
    rows, known = only(history, chosen), known[chosen]
    warmth = warmth_of(rows)
    cols = columns(rows, known, climate(warmth, rows))
    first = _within_races(rows, cols)
    gamma = _fit_variance(first, cols.variance)
    found = _posterior(rows, cols, np.exp(-cols.variance @ gamma), draws, chains, seed, thin)
    model = _assemble(rows, cols, found, gamma, filter_constants, warmth, distance, as_of)
    levels = race_levels(model, rows, cols)
    model = replace(model, levels=levels, level_courses=rows.courses, constants=courses.fit(levels))
    base = base_of(model, rows, cols)[0]
    gaps = levels.gaps_before(rows.eve)[np.arange(len(rows)), cols.experience]
    residual = rows.y - base - gaps - level_by_race(rows, levels)[rows.race]
    # How far starts are off changes with a sport's public: what the last years show, if they are enough.
    recent = rows.day >= day_number(as_of) - _RECENT_YEARS * courses.YEAR
    if recent.sum() < _FEWEST_ROWS:
        recent = np.full(len(rows), True)
    gamma = _fit_variance(residual[recent], cols.variance[recent])
    model = replace(model, variance=gamma)
    z = residual / np.exp(0.5 * cols.variance @ gamma)
    paces = tuple(float(q) for q in np.quantile(base[recent], np.arange(1, PACES) / PACES))
    which = shape_class(paces, cols.experience, base)
    model = replace(model, paces=paces, shapes=_shapes(z[recent], which[recent]))
    return Fitted(model, found)


def _require(chosen: NDArray[np.bool_], history: Starts, distance: str, as_of: date) -> None:
    races = len(np.unique(history.race[chosen]))
    if chosen.sum() < _FEWEST_ROWS or races < 2:
        raise TooLittle(
            f"{distance}: {int(chosen.sum())} finishes in {races} races before {as_of} are too few"
        )


def enough(finished: pl.DataFrame, distance: str) -> bool:
    """Whether finishes before a day are enough to fit a distance's model to."""
    here = finished.filter(pl.col("distance").cast(pl.String) == distance)
    return here.height >= 2 * _FEWEST_ROWS and here["race_id"].n_unique() >= 3


def _within_races(rows: Starts, cols: Columns) -> Floats:
    """Residuals of a least-squares fit within races: a first idea of how far starts are off."""
    x = np.column_stack([cols.mean, rows.y])
    size = np.maximum(np.bincount(rows.race, minlength=len(rows.races)), 1)
    for c in range(x.shape[1]):
        x[:, c] -= (np.bincount(rows.race, x[:, c], len(rows.races)) / size)[rows.race]
    gram = x[:, :-1].T @ x[:, :-1] + 1e-3 * np.eye(cols.mean.shape[1])
    residual: Floats = x[:, -1] - x[:, :-1] @ np.linalg.solve(gram, x[:, :-1].T @ x[:, -1])
    return residual


def _fit_variance(residual: Floats, z: Floats, turns: int = 25) -> Floats:
    """Coefficients of the log variance by Fisher scoring of the normal likelihood (Harvey, Econometrica 44,
    1976), squares beyond three standard deviations counted as three, weakly drawn to a constant variance."""
    start = np.log(np.mean(residual**2))
    gamma = np.zeros(z.shape[1])
    gamma[0] = start
    prior = np.full(z.shape[1], _SHRINK)
    prior[0] = 0.0
    for _ in range(turns):
        square = np.minimum(residual**2 * np.exp(-z @ gamma), 9.0)
        # A normal value capped at three has this mean square.
        score = 0.5 * z.T @ (square / 0.9735 - 1) - prior * np.where(np.arange(len(gamma)) > 0, gamma, 0.0)
        step = np.linalg.solve(0.5 * z.T @ z + np.diag(prior + 1e-9), score)
        step *= min(1.0, 1.0 / max(np.abs(step).max(), 1e-12))
        gamma = gamma + step
        if np.abs(step).max() < 1e-6:
            break
    return gamma


def _posterior(
    rows: Starts, cols: Columns, weight: Floats, draws: int, chains: int, seed: int, thin: int
) -> Posterior:
    """The hierarchical model's posterior; weights are made to have mean 1."""
    new = cols.experience == NEWCOMER
    years, year = np.unique(rows.year, return_inverse=True)
    used = np.bincount(rows.country, minlength=len(rows.countries)) >= _FEWEST_OF_A_COUNTRY
    used &= np.array([name != "" for name in rows.countries])
    place = np.where(used, np.cumsum(used) - 1, -1)
    names = tuple(name for name, there in zip(rows.countries, used, strict=True) if there)
    groups = (
        _group("sex_age", tuple(f"{g}{a}" for g in "MF" for a in AGES), rows.female * len(AGES) + rows.age),
        _group("course", rows.courses, rows.course),
        _group("race", rows.races, rows.race),
        _group("year", tuple(str(y) for y in years), year),
        _group("country_new", names or ("",), np.where(new, place[rows.country], -1)),
        _group("country", names or ("",), np.where(new, -1, place[rows.country])),
        _group("course_new", rows.courses, np.where(new, rows.course, -1)),
    )
    priors = Priors(
        group_scale=_PRIORS,
        noise_scale=0.3,
        fixed={"intercept": (float(rows.y.mean()), 0.5), **dict.fromkeys(MEAN_NAMES, (0.0, 0.5))},
    )
    design = Design(groups, rows.y, MEAN_NAMES, cols.mean, weight / weight.mean())
    return fit_posterior(design, priors, draws=draws, chains=chains, seed=seed, thin=thin)


def _group(name: str, levels: tuple[str, ...], index: NDArray[np.int64]) -> Group:
    return Group(name, levels, index.astype(np.int32))


def _assemble(
    rows: Starts,
    cols: Columns,
    found: Posterior,
    gamma: Floats,
    constants: Ability,
    warmth: tuple[tuple[str, int, float], ...],
    distance: str,
    as_of: date,
) -> PaceModel:
    nothing = RaceLevels(
        np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty((0, len(EXPERIENCE)))
    )
    return PaceModel(
        distance=distance,
        as_of=as_of,
        ability=constants,
        coefficient=np.array([float(found.mean(name)) for name in ("intercept", *MEAN_NAMES)]),
        variance=gamma,
        sex_age=np.asarray(found.mean("sex_age"), dtype=np.float64),
        country_new=_effects(found, "country_new"),
        country=_effects(found, "country"),
        course_new=_effects(found, "course_new"),
        constants=CourseConstants(0.0, 0.05, 0.03, 0.01),
        levels=nothing,
        level_courses=(),
        warmth=warmth,
        shapes=(),
        paces=(),
        rows=len(rows),
        races=len(races_in(rows)),
    )


def _effects(found: Posterior, name: str) -> Effects:
    mean, sd = found.mean(name), found.sd(name)
    levels = found.levels[name]
    scale = float(np.sqrt((found.draws[f"sigma_{name}"] ** 2).mean()))
    return Effects(
        {level: float(m) for level, m in zip(levels, mean, strict=True)},
        {level: float(s) for level, s in zip(levels, sd, strict=True)},
        scale,
    )


def _shapes(z: Floats, which: Ints) -> tuple[Mixture, ...]:
    """A mixture for each class of experience and pace; where there are few starts, that of all of the class
    of experience, or of everybody."""
    everybody = fit_mixture(z)
    shapes = []
    for e in range(len(EXPERIENCE)):
        mine = which // PACES == e
        wide = fit_mixture(z[mine]) if mine.sum() >= _FEWEST_FOR_A_SHAPE else everybody
        for p in range(PACES):
            here = which == e * PACES + p
            shapes.append(fit_mixture(z[here]) if here.sum() >= _FEWEST_FOR_A_SHAPE else wide)
    return tuple(shapes)
