"""Simulated races and seasons, for what needs joint outcomes: who beats whom, and who wins the title.

A race is drawn from exactly the law of ``finishing_order``. A season carries, from race to race, what no
single race shows: how far each driver and each car really is from its expected pace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from formguide.formula1 import _draws
from formguide.formula1.finishing_order import Field, Floats

__all__ = [
    "GRAND_PRIX_POINTS",
    "RECORD_PLACES",
    "SPRINT_POINTS",
    "RemainingRace",
    "SeasonOdds",
    "head_to_head",
    "position_frequencies",
    "simulate_races",
    "simulate_season",
]

GRAND_PRIX_POINTS = (25.0, 18.0, 15.0, 12.0, 10.0, 8.0, 6.0, 4.0, 2.0, 1.0)
"""Points per place of a Grand Prix since 2010 (the point for the fastest lap, 2019-2024, is not modelled)."""

SPRINT_POINTS = (8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0)
"""Points per place of a sprint since 2022."""

RECORD_PLACES = 12
"""Places that break a tie on points, best first: more wins, then more second places, and so on."""

_RECORD_BITS = 5
_RECORD_RACES = 2**_RECORD_BITS - 1


@dataclass(frozen=True)
class RemainingRace:
    """A race still to be run, as a mixture of scenarios.

    Attributes:
        scenarios: (probability, field) pairs; the fields list the same entries in the same order. Their
            standard deviations describe one race only: what is carried over from race to race belongs to
            the arguments of ``simulate_season``.
        driver: row of each entry's driver in the season's driver arrays, shape (D,).
        team: row of each entry's team in the season's team arrays, shape (D,).
        points: points per place, first place first; a retired car scores none.
        sprint: a sprint is run on the same weekend as the race after it, so pace does not drift in between,
            and its result does not break ties.

    Raises:
        ValueError: if the probabilities do not sum to one, or shapes differ.
    """

    scenarios: Sequence[tuple[float, Field]]
    driver: NDArray[np.int64]
    team: NDArray[np.int64]
    points: Sequence[float] = GRAND_PRIX_POINTS
    sprint: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "driver", np.array(self.driver, dtype=np.int64))
        object.__setattr__(self, "team", np.array(self.team, dtype=np.int64))
        probabilities = np.array([probability for probability, _ in self.scenarios], dtype=np.float64)
        if not len(probabilities) or (probabilities < 0).any() or abs(probabilities.sum() - 1.0) > 1e-9:
            raise ValueError(f"the scenarios' probabilities {probabilities.tolist()} do not sum to 1")
        for _, field in self.scenarios:
            if self.driver.shape != (field.drivers,) or self.team.shape != (field.drivers,):
                raise ValueError("driver and team need one row number per entry of every scenario's field")
        if len(set(self.driver.tolist())) < len(self.driver):
            raise ValueError("a driver is entered twice in one race")


@dataclass(frozen=True)
class SeasonOdds:
    """What simulated seasons say about the championships, for D drivers and T teams.

    Attributes:
        driver_title, team_title: probability of the title, shapes (D,) and (T,).
        driver_points, team_points: expected final points.
        driver_position, team_position: [i, k] is the probability of ending in place k + 1, (D, D) and (T, T).
        seasons: number of seasons simulated.
    """

    driver_title: Floats
    team_title: Floats
    driver_points: Floats
    team_points: Floats
    driver_position: Floats
    team_position: Floats
    seasons: int


def simulate_races(field: Field, n: int = 5000, seed: int = 0) -> NDArray[np.int8]:
    """Finishing positions, from 1, of ``n`` independent races, shape (n, D); the same seed, the same bytes.

    Raises:
        ValueError: if ``n`` or ``seed`` is negative.
    """
    _check_draws(n, seed)
    return _draws.draw_races(seed, n, _draws.LANES, field.law)


def head_to_head(positions: NDArray[np.int8]) -> Floats:
    """Share of races, shape (D, D), in which the row's driver is listed ahead of the column's; diagonal 0.

    ``positions`` as from ``simulate_races``.
    """
    ahead: Floats = _draws.ahead_counts(positions) / max(len(positions), 1)
    return ahead


def position_frequencies(positions: NDArray[np.int8]) -> Floats:
    """[d, k]: share of races that driver d ends in place k + 1; shape (D, D)."""
    races, drivers = positions.shape
    cell = positions.astype(np.int64) - 1 + np.arange(drivers) * drivers
    counts = np.bincount(cell.ravel(), minlength=drivers * drivers)
    frequencies: Floats = counts.reshape(drivers, drivers) / max(races, 1)
    return frequencies


def simulate_season(
    races: Sequence[RemainingRace],
    points_now_driver: ArrayLike,
    points_now_team: ArrayLike,
    *,
    persistent_driver_sd: ArrayLike = 0.0,
    persistent_car_sd: ArrayLike = 0.0,
    drift_driver_sd: ArrayLike = 0.0,
    drift_car_sd: ArrayLike = 0.0,
    places_now_driver: ArrayLike | None = None,
    places_now_team: ArrayLike | None = None,
    n: int = 5000,
    seed: int = 0,
) -> SeasonOdds:
    """Play the rest of the season ``n`` times.

    Each simulated season draws once, and keeps, how far every driver and every team's car is from its
    expected pace: N(0, persistent_driver_sd^2) and N(0, persistent_car_sd^2). Between one race weekend and
    the next both walk on by independent normal steps, of standard deviation drift_driver_sd and
    drift_car_sd. Each race then draws its scenario and its own noise. So a car that is better than thought
    is better in every race, which is what makes titles less certain than independent races would have them.

    Args:
        races: what remains, in order; may be empty, which leaves the standings.
        points_now_driver, points_now_team: the standings, shapes (D,) and (T,).
        persistent_driver_sd, drift_driver_sd: per driver, shape (D,), or one value for all.
        persistent_car_sd, drift_car_sd: per team, shape (T,), or one value for all.
        places_now_driver, places_now_team: [i, k] is how often i has come k + 1-th in the season's Grands
            Prix so far; breaks ties. Zero if left out.
        n: number of seasons.
        seed: the same seed gives the same result.

    A tie on points goes to the greater number of wins, then of second places, and so on (FIA Formula One
    Sporting Regulations, article "Dead heat", where sprints do not count); a tie that holds through
    twelfth places is drawn by lot, where the FIA would choose.

    Raises:
        ValueError: for shapes that disagree, row numbers out of range, negative values, or more races than
            31.
    """
    _check_draws(n, seed)
    drivers = _standings("points_now_driver", points_now_driver)
    teams = _standings("points_now_team", points_now_team)
    for race in races:
        for name, rows, size in (("driver", race.driver, len(drivers)), ("team", race.team, len(teams))):
            if rows.min() < 0 or rows.max() >= size:
                raise ValueError(f"{name} of a race holds a row outside 0..{size - 1}")
    coming = sum(not race.sprint for race in races)
    driver_record = _record("places_now_driver", places_now_driver, len(drivers), coming)
    team_record = _record("places_now_team", places_now_team, len(teams), coming)
    driver_sd = _per_row("persistent_driver_sd", persistent_driver_sd, len(drivers))
    team_sd = _per_row("persistent_car_sd", persistent_car_sd, len(teams))
    driver_step = _per_row("drift_driver_sd", drift_driver_sd, len(drivers))
    team_step = _per_row("drift_car_sd", drift_car_sd, len(teams))

    state = _draws.seeded(seed)
    driver_offset = np.zeros((len(drivers), n))
    team_offset = np.zeros((len(teams), n))
    driver_points = np.repeat(drivers[:, None], n, axis=1)
    team_points = np.repeat(teams[:, None], n, axis=1)
    driver_records = np.repeat(driver_record[:, None], n, axis=1)
    team_records = np.repeat(team_record[:, None], n, axis=1)
    scenario = np.zeros(n, dtype=np.int64)
    _draws.add_normals(state, driver_sd, driver_offset)
    _draws.add_normals(state, team_sd, team_offset)
    same_weekend = True
    for race in races:
        if not same_weekend:
            _draws.add_normals(state, driver_step, driver_offset)
            _draws.add_normals(state, team_step, team_offset)
        same_weekend = race.sprint
        if len(race.scenarios) > 1:
            bounds = np.cumsum([probability for probability, _ in race.scenarios])
            _draws.choose(state, bounds, scenario)
        else:
            scenario[:] = 0
        worth = np.zeros(len(race.driver), dtype=np.int64) if race.sprint else _place_worth(len(race.driver))
        for index, (_, field) in enumerate(race.scenarios):
            which = np.flatnonzero(scenario == index)
            _draws.add_race(
                state,
                len(which),
                _draws.LANES,
                which,
                race.driver,
                race.team,
                field.law,
                _padded(race.points, field.drivers),
                worth,
                driver_offset,
                team_offset,
                driver_points,
                team_points,
                driver_records,
                team_records,
            )
    driver_position = _draws.championship_places(state, driver_points, driver_records) / max(n, 1)
    team_position = _draws.championship_places(state, team_points, team_records) / max(n, 1)
    return SeasonOdds(
        driver_title=driver_position[:, 0].copy(),
        team_title=team_position[:, 0].copy(),
        driver_points=driver_points.mean(axis=1),
        team_points=team_points.mean(axis=1),
        driver_position=driver_position,
        team_position=team_position,
        seasons=n,
    )


def _place_worth(places: int) -> NDArray[np.int64]:
    """What a place adds to a record: records compare as (wins, second places, ...) compare."""
    worth = np.zeros(max(places, RECORD_PLACES), dtype=np.int64)
    worth[:RECORD_PLACES] = 1 << (_RECORD_BITS * np.arange(RECORD_PLACES - 1, -1, -1))
    return worth[:places]


def _record(name: str, places: ArrayLike | None, rows: int, coming: int) -> NDArray[np.int64]:
    counts = np.zeros((rows, 1), dtype=np.int64) if places is None else np.array(places, dtype=np.int64)
    if counts.ndim != 2 or len(counts) != rows or (counts < 0).any():
        raise ValueError(f"{name} must hold counts of shape ({rows}, places)")
    if counts.max(initial=0) + coming > _RECORD_RACES:
        raise ValueError(f"{name} and the races to come add up to more than {_RECORD_RACES} races")
    return counts @ _place_worth(counts.shape[1])


def _standings(name: str, points: ArrayLike) -> Floats:
    values = np.array(points, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise ValueError(f"{name} must be a one-dimensional array of finite numbers, one per row")
    return values


def _per_row(name: str, values: ArrayLike, rows: int) -> Floats:
    array = np.array(values, dtype=np.float64)
    if array.shape not in ((), (rows,)):
        raise ValueError(f"{name} must be one value or {rows} values, not an array of shape {array.shape}")
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError(f"{name} must be finite and not negative")
    return np.ascontiguousarray(np.broadcast_to(array, (rows,)))


def _padded(points: Sequence[float], places: int) -> Floats:
    table = np.zeros(max(places, len(points)))
    table[: len(points)] = points
    return table[:places].copy()


def _check_draws(n: int, seed: int) -> None:
    if n < 0 or seed < 0:
        raise ValueError("n and seed must not be negative")
