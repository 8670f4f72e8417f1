"""The model that forecasts: log finish time by course, race, athlete and what was known of him on the eve.

    log t = course + year + race + gender and age (smooth, and by group) + country + climate
            + what the eve knows of the athlete (ability, experience, last, best, pause …) + chance

It is a hierarchical Gaussian model over all rows, weighted by how uncertain each start is, whose posterior is
exact given the weights (`posterior.fit`). Around it stand three things that are not conjugate and are fitted
by maximum likelihood instead (empirical Bayes): the constants of the ability filter (`ability`), a
log-linear variance of the single start, and its shape, a mixture of normals per class of experience and
pace; and the courses' wandering (`courses`). What is fitted is fitted on results before `as_of`, whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide import asof
from formguide.making import TooLittle
from formguide.triathlon import _ability_kernel as kernel
from formguide.triathlon import ability, courses
from formguide.triathlon._columns import (
    EXPERIENCE,
    MEAN_NAMES,
    NEWCOMER,
    Columns,
    columns,
)
from formguide.triathlon._mixtures import Mixture, fit_mixture
from formguide.triathlon.ability import Ability
from formguide.triathlon.courses import CourseConstants, RaceLevels
from formguide.triathlon.posterior import Design, Group, Posterior, Priors
from formguide.triathlon.posterior import fit as fit_posterior
from formguide.triathlon.starts import AGES, Starts, day_number, finishes, starts
from formguide.triathlon.tables import DISTANCES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

VERSION = "1"

AHEAD = 1.18
"""How much further off the levels of races are after a model was fitted than it expected: what models fitted
before 2015 showed over the races of 2015 to 2018 (`scripts/tune_triathlon.py`). No later season had a say."""
PACES = 3
"""Classes of predicted pace that have a shape of their own."""
_FEWEST_OF_A_COUNTRY = 30
_FEWEST_FOR_A_SHAPE = 400
_FEWEST_ROWS = 200
_SHRINK = 25.0
_RECENT_YEARS = 5
_GAP_GAIN, _GAP_ROWS = 0.08, 50.0
"""A race moves the gap of a class by so much of what it showed, less where it had few of them."""
_PRIORS = {
    "sex_age": 0.05, "course": 0.1, "race": 0.1, "year": 0.05, "country_new": 0.1, "country": 0.05,
    "course_new": 0.1,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Effects:
    """Posterior means and standard deviations of a group's effects by level, and the scale of the group,
    which is what is known of a level that has not been seen."""

    mean: dict[str, float]
    sd: dict[str, float]
    scale: float

    def of(self, names: tuple[str, ...], code: Ints) -> tuple[Floats, Floats]:
        """Mean and variance of the effect of each row, by code into names."""
        mean = np.array([self.mean.get(name, 0.0) for name in names] or [0.0])
        variance = np.array([self.sd.get(name, self.scale) ** 2 for name in names] or [0.0])
        return mean[code], variance[code]


@dataclass(frozen=True, eq=False)
class PaceModel:
    """Everything that a forecast over one distance needs.

    as_of: it knows results before that day. coefficient: intercept and MEAN_NAMES; variance: VARIANCE_NAMES
    on the log variance of a start; sex_age, country_new, country, course_new: effects; constants, levels:
    what courses do and have done; level_courses: the names behind the codes of levels; warmth: (course, day,
    °C) of races with a temperature; shapes: mixture per class, EXPERIENCE × PACES; paces: borders between
    classes of predicted pace; rows, races: learnt from.
    """

    distance: str
    as_of: date
    ability: Ability
    coefficient: Floats
    variance: Floats
    sex_age: Floats
    country_new: Effects
    country: Effects
    course_new: Effects
    constants: CourseConstants
    levels: RaceLevels
    level_courses: tuple[str, ...]
    warmth: tuple[tuple[str, int, float], ...]
    shapes: tuple[Mixture, ...]
    paces: tuple[float, ...]
    rows: int
    races: int


@dataclass(frozen=True, eq=False)
class Outlook:
    """What a model says of starts before any quantile is taken, all (n,), in log seconds.

    mean, shift: mean, and standard deviation of what all starters of the race share or that is not known of
    the group; sd: of the single start; shape: which of the model's mixtures; experience: place in
    EXPERIENCE.
    """

    mean: Floats
    shift: Floats
    sd: Floats
    shape: Ints
    experience: Ints


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
    rows, known = _only(history, chosen), known[chosen]
    warmth = _warmth(rows)
    cols = columns(rows, known, _climate(warmth, rows))
    first = _within_races(rows, cols)
    gamma = _fit_variance(first, cols.variance)
    found = _posterior(rows, cols, np.exp(-cols.variance @ gamma), draws, chains, seed, thin)
    model = _assemble(rows, cols, found, gamma, filter_constants, warmth, distance, as_of)
    levels = race_levels(model, rows, cols)
    model = replace(model, levels=levels, level_courses=rows.courses, constants=courses.fit(levels))
    base = _base(model, rows, cols)[0]
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
    which = _shape_class(paces, cols.experience, base)
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


def outlook(
    model: PaceModel, history: Starts, rows: Starts, levels: tuple[RaceLevels, tuple[str, ...]] | None = None
) -> Outlook:
    """What the model says of starts, each from the results before its eve.

    history: finishes (any; those of a start's day and later are passed over by day). levels: races that have
    been and the courses their codes name, if there are more than the model has seen.
    """
    known, _ = ability.as_of(model.ability, history, ability.asked_of(history, rows))
    cols = columns(rows, known, _climate(_warmth(history) if levels else model.warmth, rows))
    return outlook_of(model, rows, cols, levels or (model.levels, model.level_courses))


def outlook_of(
    model: PaceModel, rows: Starts, cols: Columns, levels: tuple[RaceLevels, tuple[str, ...]]
) -> Outlook:
    """`outlook` from columns that have been made already."""
    past, names = levels
    base, doubt = _base(model, rows, cols)
    codes = {name: code for code, name in enumerate(names)}
    course = np.array([codes.get(name, -1) for name in rows.courses], dtype=np.int64)[rows.course]
    level, variance, _ = courses.known_of(model.constants, past, course, rows.eve)
    return Outlook(
        mean=base + level + past.gaps_before(rows.eve)[np.arange(len(rows)), cols.experience],
        shift=np.sqrt(AHEAD**2 * variance + doubt),
        sd=np.exp(0.5 * cols.variance @ model.variance),
        shape=_shape_class(model.paces, cols.experience, base),
        experience=cols.experience,
    )


def levels_of(model: PaceModel, history: Starts) -> tuple[RaceLevels, tuple[str, ...]]:
    """The levels of all races of the model's distance in a history, each from its own field and from what was
    known of it on its eve, and the courses that their codes name."""
    chosen = history.distance == DISTANCES.index(model.distance)
    known, _ = ability.as_of(model.ability, history, ability.asked_of(history, history))
    rows = _only(history, chosen)
    cols = columns(rows, known[chosen], _climate(_warmth(rows), rows))
    return race_levels(model, rows, cols), rows.courses


def race_levels(model: PaceModel, rows: Starts, cols: Columns) -> RaceLevels:
    """How much longer each race took its field than it should have taken it on a course of level 0: a robust
    mean of the starts, each by its precision. Race by race in order of day, with the gaps that the classes of
    experience have shown in earlier ones: as a sport grows, those new to it are no longer those of old."""
    base, doubt = _base(model, rows, cols)
    surprise, precision = rows.y - base, 1 / (np.exp(cols.variance @ model.variance) + doubt)
    order = np.lexsort((rows.race, rows.day))
    border = np.flatnonzero(np.diff(rows.race[order], prepend=-1))
    gaps = np.zeros(len(EXPERIENCE))
    found = []
    for field in np.split(order, border[1:]) if len(order) else []:
        s, w, e = surprise[field], precision[field], cols.experience[field]
        level, error = _robust_mean(s - gaps[e], w)
        if abs(level) <= courses.NOT_IN_FULL:
            after = gaps.copy()
            for c in np.unique(e):
                shown, _ = _robust_mean(s[e == c] - level, w[e == c])
                share = _GAP_GAIN * np.sum(e == c) / (np.sum(e == c) + _GAP_ROWS)
                after[c] += share * (shown - gaps[c])
            gaps = after
        found.append((rows.course[field[0]], rows.day[field[0]], level, error, gaps))
    return RaceLevels(
        np.array([race[0] for race in found], dtype=np.int64),
        np.array([race[1] for race in found], dtype=np.int64),
        np.array([race[2] for race in found], dtype=np.float64),
        np.array([race[3] for race in found], dtype=np.float64),
        np.array([race[4] for race in found], dtype=np.float64).reshape(-1, len(EXPERIENCE)),
    )


def _robust_mean(x: Floats, precision: Floats) -> tuple[float, float]:
    """Mean by precision in which what is far off counts less (Huber), and its variance."""
    centre, weight = 0.0, precision
    for turn in range(4):
        if turn:
            z = np.abs(x - centre) * np.sqrt(precision)
            weight = precision * np.minimum(1.0, kernel.ROBUST / np.maximum(z, 1e-12))
        centre = float((weight * x).sum() / weight.sum())
    return centre, float(1 / weight.sum())


def level_by_race(rows: Starts, levels: RaceLevels) -> Floats:
    """The level of each race by its code in rows: levels of the same rows, which are in order of day and
    code."""
    place = np.zeros(len(rows.races), dtype=np.int64)
    place[rows.race] = rows.day
    there = _race_of_levels(rows)
    by_race = np.zeros(len(rows.races))
    by_race[there[np.lexsort((there, place[there]))]] = levels.level
    return by_race


def hindsight(model: PaceModel, rows: Starts, cols: Columns, told: Outlook) -> Outlook:
    """The same with each race's level as it turned out to be: not available on the eve."""
    levels = race_levels(model, rows, cols)
    base, doubt = _base(model, rows, cols)
    gaps = levels.gaps_before(rows.eve)[np.arange(len(rows)), cols.experience]
    return replace(told, mean=base + gaps + level_by_race(rows, levels)[rows.race], shift=np.sqrt(doubt))


def _race_of_levels(rows: Starts) -> Ints:
    there: Ints = np.flatnonzero(np.bincount(rows.race, minlength=len(rows.races)))
    return there


def _base(model: PaceModel, rows: Starts, cols: Columns) -> tuple[Floats, Floats]:
    """Log time on a course of level 0, and the variance of what is not known of the start's groups."""
    new = cols.experience == NEWCOMER
    country_new, doubt_new = model.country_new.of(rows.countries, rows.country)
    country, doubt = model.country.of(rows.countries, rows.country)
    course_new, doubt_course = model.course_new.of(rows.courses, rows.course)
    mean = (
        model.coefficient[0]
        + cols.mean @ model.coefficient[1:]
        + model.sex_age[rows.female * len(AGES) + rows.age]
        + np.where(new, country_new + course_new, country)
    )
    return mean, np.where(new, doubt_new + doubt_course, doubt)


def _only(history: Starts, chosen: NDArray[np.bool_]) -> Starts:
    picked = {
        name: getattr(history, name)[chosen]
        for name in (
            "day",
            "eve",
            "year",
            "distance",
            "female",
            "age",
            "y",
            "race",
            "athlete",
            "course",
            "country",
        )
    }
    return replace(history, frame=history.frame.filter(pl.Series(chosen)), **picked)


def _warmth(rows: Starts) -> tuple[tuple[str, int, float], ...]:
    """Course, day known and maximum of each race that has a temperature."""
    if "temp_max_c" not in rows.frame.columns:
        return ()
    races = (
        rows.frame.select("race_id", "course", day=pl.Series(rows.day), warm="temp_max_c")
        .filter(pl.col("warm").is_not_null())
        .unique("race_id")
        .sort("day", "race_id")
    )
    return tuple((str(c), int(d), float(w)) for c, d, w in races.select("course", "day", "warm").iter_rows())


def climate_of(history: Starts, rows: Starts) -> Floats:
    """Usual maximum (°C) of each row's course as of its eve, from the races of a history; NaN for none."""
    return _climate(_warmth(history), rows)


def _climate(warmth: tuple[tuple[str, int, float], ...], rows: Starts) -> Floats:
    codes = {name: code for code, name in enumerate(rows.courses)}
    return courses.usual_warmth(
        np.array([codes.get(c, -1) for c, _, _ in warmth], dtype=np.int64),
        np.array([d for _, d, _ in warmth], dtype=np.int64),
        np.array([w for _, _, w in warmth], dtype=np.float64),
        rows.course,
        rows.eve,
    )


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
        races=len(_race_of_levels(rows)),
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


def _shape_class(paces: tuple[float, ...], experience: Ints, base: Floats) -> Ints:
    return experience * PACES + np.searchsorted(np.asarray(paces), base)


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
