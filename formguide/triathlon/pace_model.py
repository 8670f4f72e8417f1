"""The model that forecasts: log finish time by course, race, athlete and what was known of him on the eve.

    log t = course + year + race + gender and age (smooth, and by group) + country + climate
            + what the eve knows of the athlete (ability, experience, last, best, pause …) + chance

Here stands what it is and what it says of starts and races; how it is fitted is told in `pace_fit`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.triathlon import _ability_kernel as kernel
from formguide.triathlon import ability, courses
from formguide.triathlon._columns import (
    EXPERIENCE,
    NEWCOMER,
    Columns,
    columns,
)
from formguide.triathlon._mixtures import Mixture
from formguide.triathlon.ability import Ability
from formguide.triathlon.courses import CourseConstants, RaceLevels
from formguide.triathlon.starts import AGES, Starts
from formguide.triathlon.tables import DISTANCES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

VERSION = "2"

AHEAD = 1.18
"""How much further off the levels of races are after a model was fitted than it expected: what models fitted
before 2015 showed over the races of 2015 to 2018 (`scripts/tune_triathlon.py`). No later season had a say."""
PACES = 3
"""Classes of predicted pace that have a shape of their own."""
_GAP_GAIN, _GAP_ROWS = 0.08, 50.0
"""A race moves the gap of a class by so much of what it showed, less where it had few of them."""


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


def outlook(
    model: PaceModel, history: Starts, rows: Starts, levels: tuple[RaceLevels, tuple[str, ...]] | None = None
) -> Outlook:
    """What the model says of starts, each from the results before its eve.

    history: finishes (any; those of a start's day and later are passed over by day). levels: races that have
    been and the courses their codes name, if there are more than the model has seen.
    """
    known, _ = ability.as_of(model.ability, history, ability.asked_of(history, rows))
    cols = columns(rows, known, climate(warmth_of(history) if levels else model.warmth, rows))
    return outlook_of(model, rows, cols, levels or (model.levels, model.level_courses))


def outlook_of(
    model: PaceModel, rows: Starts, cols: Columns, levels: tuple[RaceLevels, tuple[str, ...]]
) -> Outlook:
    """`outlook` from columns that have been made already."""
    past, names = levels
    base, doubt = base_of(model, rows, cols)
    codes = {name: code for code, name in enumerate(names)}
    course = np.array([codes.get(name, -1) for name in rows.courses], dtype=np.int64)[rows.course]
    level, variance, _ = courses.known_of(model.constants, past, course, rows.eve)
    return Outlook(
        mean=base + level + past.gaps_before(rows.eve)[np.arange(len(rows)), cols.experience],
        shift=np.sqrt(AHEAD**2 * variance + doubt),
        sd=np.exp(0.5 * cols.variance @ model.variance),
        shape=shape_class(model.paces, cols.experience, base),
        experience=cols.experience,
    )


def levels_of(model: PaceModel, history: Starts) -> tuple[RaceLevels, tuple[str, ...]]:
    """The levels of all races of the model's distance in a history, each from its own field and from what was
    known of it on its eve, and the courses that their codes name."""
    chosen = history.distance == DISTANCES.index(model.distance)
    known, _ = ability.as_of(model.ability, history, ability.asked_of(history, history))
    rows = only(history, chosen)
    cols = columns(rows, known[chosen], climate(warmth_of(rows), rows))
    return race_levels(model, rows, cols), rows.courses


def race_levels(model: PaceModel, rows: Starts, cols: Columns) -> RaceLevels:
    """How much longer each race took its field than it should have taken it on a course of level 0: a robust
    mean of the starts, each by its precision. Race by race in order of day, with the gaps that the classes of
    experience have shown in earlier ones: as a sport grows, those new to it are no longer those of old."""
    base, doubt = base_of(model, rows, cols)
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
    there = races_in(rows)
    by_race = np.zeros(len(rows.races))
    by_race[there[np.lexsort((there, place[there]))]] = levels.level
    return by_race


def hindsight(model: PaceModel, rows: Starts, cols: Columns, told: Outlook) -> Outlook:
    """The same with each race's level as it turned out to be: not available on the eve."""
    levels = race_levels(model, rows, cols)
    base, doubt = base_of(model, rows, cols)
    gaps = levels.gaps_before(rows.eve)[np.arange(len(rows)), cols.experience]
    return replace(told, mean=base + gaps + level_by_race(rows, levels)[rows.race], shift=np.sqrt(doubt))


def races_in(rows: Starts) -> Ints:
    there: Ints = np.flatnonzero(np.bincount(rows.race, minlength=len(rows.races)))
    return there


def base_of(model: PaceModel, rows: Starts, cols: Columns) -> tuple[Floats, Floats]:
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


def only(history: Starts, chosen: NDArray[np.bool_]) -> Starts:
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


def warmth_of(rows: Starts) -> tuple[tuple[str, int, float], ...]:
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
    return climate(warmth_of(history), rows)


def climate(warmth: tuple[tuple[str, int, float], ...], rows: Starts) -> Floats:
    codes = {name: code for code, name in enumerate(rows.courses)}
    return courses.usual_warmth(
        np.array([codes.get(c, -1) for c, _, _ in warmth], dtype=np.int64),
        np.array([d for _, d, _ in warmth], dtype=np.int64),
        np.array([w for _, _, w in warmth], dtype=np.float64),
        rows.course,
        rows.eve,
    )


def shape_class(paces: tuple[float, ...], experience: Ints, base: Floats) -> Ints:
    return experience * PACES + np.searchsorted(np.asarray(paces), base)
