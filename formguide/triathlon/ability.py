"""How strong an athlete was on the eve of a race: a filter through all results before it.

Log time is the level of the race, what is usual at the athlete's gender and age, his ability and chance:

    log t = level(race) + usual(gender, age, distance) + ability(athlete, distance) + chance

Abilities over the two distances are correlated and wander as years pass; a Kalman filter (Kalman, J. Basic
Eng. 82, 1960) carries them from day to day, with gains that one freak result cannot drag along (Huber
weights). A race's level is what its own field did beyond what was expected of it, known once the race is.
Whatever the filter says about a day is a function of the results of earlier days. Its five variances and the
correlation are those under which the results before a date were least surprising, each foreseen from earlier
days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formguide.asof import fingerprint
from formguide.triathlon._ability_kernel import FEATURES, walk
from formguide.triathlon.starts import AGES, Starts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

__all__ = ["FEATURES", "Ability", "Asked", "as_of", "fit"]

_MOST_REMEMBERED = 24
_LEARNT_FROM_YEARS = 7
_T_FREEDOM = 5.0
_START = np.array([np.log(0.010), np.log(0.011), np.log(0.12), np.log(0.0010), np.log(0.0012), 2.0])
"""Logs of the two prior variances, the drift and the two noises; inverse hyperbolic tangent of the
correlation."""


@dataclass(frozen=True, eq=False)
class Ability:
    """The filter's constants.

    usual: (2, 2, ages) log time by distance, gender and age relative to the field; prior: variance of an
    unknown athlete's ability at either distance and the covariance; drift: share of them that a year adds;
    noise: variance of one result at either distance.
    """

    usual: Floats
    prior: Floats
    drift: float
    noise: Floats


_REMEMBERED: dict[str, Ability] = {}


@dataclass(frozen=True, eq=False)
class Asked:
    """Questions: who (a code among the athletes of the history, −1 for somebody unknown), over which distance
    (0, 1), on the eve of which day. Any order."""

    athlete: Ints
    distance: Ints
    day: Ints


def asked_of(history: Starts, rows: Starts) -> Asked:
    """The questions that other rows pose to a history, athletes found by id."""
    known = {name: code for code, name in enumerate(history.athletes)}
    codes = np.array([known.get(name, -1) if name else -1 for name in rows.athletes], dtype=np.int64)
    return Asked(codes[rows.athlete], rows.distance, rows.eve)


def as_of(ability: Ability, history: Starts, asked: Asked) -> tuple[Floats, Floats]:
    """What was known on the eve of each day asked, (questions, FEATURES), and each race's level, (races,).

    Features, in the order of `_ability_kernel`: mean and variance of the ability (log time, 0 is usual for
    gender and age, less is faster), earlier finishes over this and the other distance, years since the last
    (−1 for none), last and best result relative to race, gender and age over this distance, last over the
    other.
    """
    relative = history.y - ability.usual[history.distance, history.female, history.age]
    order = np.lexsort((np.arange(len(history)), history.race, history.day))
    turn = np.lexsort((np.arange(len(asked.day)), asked.day))
    found, levels, _ = walk(
        history.day[order],
        history.race[order],
        history.athlete[order],
        history.distance[order],
        relative[order],
        asked.day[turn],
        asked.athlete[turn],
        asked.distance[turn],
        len(history.athletes),
        len(history.races),
        ability.prior,
        ability.drift,
        ability.noise,
    )
    features = np.empty_like(found)
    features[turn] = found
    return features, levels


def fit(history: Starts, most: int = 90) -> Ability:
    """The constants that fit a history, found with at most so many walks through it; the last few are
    remembered, because both distances ask for the same.

    Raises:
        ValueError: if the history has no results.
    """
    from scipy import optimize

    if not len(history):
        raise ValueError("no results to learn abilities from")
    drawn_on = (
        history.y, history.athlete, history.day, history.year, history.race, history.distance,
        history.female, history.age,
    )  # fmt: skip
    key = fingerprint(most, *(np.ascontiguousarray(a).tobytes() for a in drawn_on))
    if key in _REMEMBERED:
        return _REMEMBERED[key]
    usual = usual_by_age(history)
    relative = history.y - usual[history.distance, history.female, history.age]
    order = np.lexsort((np.arange(len(history)), history.race, history.day))
    day, race = history.day[order], history.race[order]
    athlete, distance, relative = history.athlete[order], history.distance[order], relative[order]
    nobody = np.empty(0, dtype=np.int64)
    judged = history.year[order] > history.year.max() - _LEARNT_FROM_YEARS

    def surprise(theta: Floats) -> float:
        found = _constants(usual, theta)
        _, _, told = walk(
            day, race, athlete, distance, relative, nobody, nobody, nobody, len(history.athletes),
            len(history.races), found.prior, found.drift, found.noise,
        )  # fmt: skip
        z2 = told[judged, 0] ** 2 / told[judged, 1]
        # A t density, so that days on which everything went wrong do not set the constants.
        return float(
            np.mean(0.5 * np.log(told[judged, 1]) + 0.5 * (_T_FREEDOM + 1) * np.log1p(z2 / _T_FREEDOM))
        )

    best = optimize.minimize(
        surprise,
        _START,
        method="Nelder-Mead",
        options={"maxfev": most, "xatol": 0.02, "fatol": 1e-6, "initial_simplex": _simplex(_START)},
    )
    if len(_REMEMBERED) >= _MOST_REMEMBERED:
        _REMEMBERED.clear()
    _REMEMBERED[key] = _constants(usual, best.x)
    return _REMEMBERED[key]


def usual_by_age(history: Starts, turns: int = 15, shrink: float = 5.0) -> Floats:
    """Log time by distance, gender and age relative to the field, (2, 2, ages): alternating means of races
    and cells, a cell's shrunk as if it had `shrink` more rows at the field's mean."""
    usual = np.zeros((2, 2, len(AGES)))
    for k in (0, 1):
        rows = history.distance == k
        if not rows.any():
            continue
        race, y = history.race[rows], history.y[rows]
        cell = history.female[rows] * len(AGES) + history.age[rows]
        effect = np.zeros(2 * len(AGES))
        size = np.maximum(np.bincount(race, minlength=len(history.races)), 1)
        weight = np.bincount(cell, minlength=len(effect)) + shrink
        for _ in range(turns):
            level = np.bincount(race, y - effect[cell], len(history.races)) / size
            effect = np.bincount(cell, y - level[race], len(effect)) / weight
        usual[k] = effect.reshape(2, len(AGES))
    return usual


def _constants(usual: Floats, theta: Floats) -> Ability:
    first, second, drift, noise0, noise1 = np.exp(np.clip(theta[:5], -12, 2))
    covariance = np.tanh(theta[5]) * np.sqrt(first * second)
    return Ability(usual, np.array([first, second, covariance]), float(drift), np.array([noise0, noise1]))


def _simplex(start: Floats) -> Floats:
    step = np.array([0.4, 0.4, 0.6, 0.4, 0.4, 0.4])
    return np.vstack([start, start + np.diag(step)])
