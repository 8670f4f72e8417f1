"""What the forecasts must beat, each computed from the same past and for the same fields.

grid: the starting place's historical frequencies of finishing places.
championship: the same for the place in the standings on the eve.
elo: driver and team Elo ratings, a normal race on their difference.
grid_strength: a plain simulation-style model, Elo and the grid added up, normal noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from formguide.formula1 import finishing_order
from formguide.formula1.weekends import Session, Weekend

BASELINES = ("grid", "championship", "elo", "grid_strength")

_MAX = finishing_order.MAX_DRIVERS


class FieldView(Protocol):
    """The field of one forecast as it was seen: who drives for whom, from where, and how that is known."""

    @property
    def drivers(self) -> Sequence[str]: ...
    @property
    def teams(self) -> Sequence[str]: ...
    @property
    def grid(self) -> np.ndarray: ...
    @property
    def grid_from(self) -> str: ...


@dataclass(frozen=True)
class BaselineSettings:
    """Constants of the baselines, chosen on the races of 2016 to 2022 (`scripts/tune_formula1.py`)."""

    smoothing_places: float = 1.05
    pseudo_races: float = 2.85
    elo_driver_step: float = 20.9
    elo_team_step: float = 19.4
    elo_season_memory: float = 0.885
    elo_scale: float = 84.4
    elo_noise: float = 0.804
    strength_elo: float = 0.813
    strength_grid: float = 1.92
    strength_noise: float = 0.863


@dataclass
class Baselines:
    """Everything the baselines remember of the races seen so far; `learn` adds one, `positions` forecasts
    with it."""

    settings: BaselineSettings = field(default_factory=BaselineSettings)
    grid_counts: np.ndarray = field(default_factory=lambda: np.zeros((_MAX, _MAX)))
    standing_counts: np.ndarray = field(default_factory=lambda: np.zeros((_MAX, _MAX)))
    points: dict[str, float] = field(default_factory=dict)
    last_points: dict[str, float] = field(default_factory=dict)
    driver_elo: dict[str, float] = field(default_factory=dict)
    team_elo: dict[str, float] = field(default_factory=dict)
    season: int = 0
    retired: float = 1.5
    starts: float = 10.0

    def open_season(self, season: int) -> None:
        """Start a season: the standings are empty, Elo ratings move towards the mean."""
        if season != self.season:
            self.last_points, self.points, self.season = self.points, {}, season
            memory = self.settings.elo_season_memory
            self.driver_elo = {k: v * memory for k, v in self.driver_elo.items()}
            self.team_elo = {k: v * memory for k, v in self.team_elo.items()}

    def standings(self, drivers: Sequence[str]) -> np.ndarray:
        """Place of each driver among `drivers` in the standings, last season's breaking ties; (D,) from 1."""
        key = [(-self.points.get(d, 0.0), -self.last_points.get(d, 0.0), i) for i, d in enumerate(drivers)]
        order = sorted(range(len(drivers)), key=lambda i: key[i])
        places = np.empty(len(drivers))
        places[order] = np.arange(1, len(drivers) + 1)
        return places

    def rating(self, drivers: Sequence[str], teams: Sequence[str]) -> np.ndarray:
        """Elo of driver plus team in units of the logistic's scale, (D,)."""
        total = [
            self.driver_elo.get(d, 0.0) + self.team_elo.get(t, 0.0)
            for d, t in zip(drivers, teams, strict=True)
        ]
        return np.array(total) / self.settings.elo_scale

    def positions(self, outlook: FieldView, name: str) -> np.ndarray | None:
        """(D, D) place probabilities of a baseline for the field of `outlook`, or None where it has no
        forecast."""
        s, n = self.settings, len(outlook.drivers)
        match name:
            case "grid":
                if outlook.grid_from == "expected":
                    return None
                return self._frequencies(self.grid_counts, np.argsort(np.argsort(outlook.grid)) + 1.0)
            case "championship":
                return self._frequencies(self.standing_counts, self.standings(outlook.drivers))
            case "elo":
                return self._normal_race(self.rating(outlook.drivers, outlook.teams), s.elo_noise)
            case "grid_strength":
                if outlook.grid_from == "expected":
                    return None
                pace = s.strength_elo * self.rating(outlook.drivers, outlook.teams)
                pace = pace - s.strength_grid * np.log(outlook.grid) / np.log(n)
                return self._normal_race(pace, s.strength_noise)
        raise ValueError(f"unknown baseline {name!r}; one of {', '.join(BASELINES)}")

    def _frequencies(self, counts: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Rows of the smoothed frequency table, each renormalised over the places of this field."""
        s, n = self.settings, len(places)
        i = np.arange(_MAX)
        kernel = np.exp(-0.5 * ((i[:, None] - i[None, :]) / s.smoothing_places) ** 2)
        smooth = s.pseudo_races * kernel @ counts @ kernel.T / kernel.sum(axis=1).max() ** 2 + counts
        table = smooth[:n, :n] + s.pseudo_races / n
        rows = table[places.astype(int) - 1]
        return np.asarray(_doubly_stochastic(rows))

    def _normal_race(self, pace: np.ndarray, noise: float) -> np.ndarray:
        n = len(pace)
        return finishing_order.exact_positions(
            finishing_order.Field(
                mean=pace, own_sd=np.full(n, noise), car=np.arange(n), car_sd=np.zeros(n),
                retire_prob=np.full(n, self.retired / self.starts),
            )
        )  # fmt: skip

    def learn(self, weekend: Weekend) -> None:
        """Take in a weekend that is over."""
        self.open_season(weekend.season)
        sprint, race = weekend.session("sprint"), weekend.race
        if race is None:
            return
        started = np.flatnonzero(race.started)
        drivers = [race.drivers[i] for i in started]
        grid_session = weekend.session("grid")
        if grid_session is not None:
            place = dict(zip(grid_session.drivers, grid_session.grid, strict=True))
            for finish, driver in enumerate(drivers):
                if driver in place and place[driver] <= _MAX:
                    self.grid_counts[int(place[driver]) - 1, finish] += 1
        # Alphabetically, which breaks the last ties: the order of the finish would break them by hindsight.
        entered = sorted(drivers)
        for driver, standing in zip(entered, self.standings(entered), strict=True):
            self.standing_counts[int(standing) - 1, drivers.index(driver)] += 1
        self.retired += float(race.retired.sum())
        self.starts += len(drivers)
        self._rate(race)
        for session in (sprint, race):
            if session is not None:
                for driver, points in zip(session.drivers, session.points, strict=True):
                    self.points[driver] = self.points.get(driver, 0.0) + float(points)

    def _rate(self, race: Session) -> None:
        """Pairwise Elo over the classified cars, every pair once, the step shared out over the opponents."""
        who = np.flatnonzero(race.finished)
        if len(who) < 2:
            return
        drivers, teams = [race.drivers[i] for i in who], [race.teams[i] for i in who]
        rating = self.rating(drivers, teams)
        expected = 1 / (1 + np.exp(-(rating[:, None] - rating[None, :])))
        won = np.triu(np.ones_like(expected), 1)
        np.fill_diagonal(expected, 0.0)
        surprise = (won - expected).sum(axis=1) / (len(who) - 1)
        for driver, team, amount in zip(drivers, teams, surprise, strict=True):
            self.driver_elo[driver] = (
                self.driver_elo.get(driver, 0.0) + self.settings.elo_driver_step * amount
            )
            self.team_elo[team] = self.team_elo.get(team, 0.0) + self.settings.elo_team_step * amount


def _doubly_stochastic(rows: np.ndarray, rounds: int = 200) -> np.ndarray:
    """Rows and columns scaled in turn until both sum to one (Sinkhorn and Knopp 1967)."""
    out = rows.copy()
    for _ in range(rounds):
        out = out / out.sum(axis=0, keepdims=True)
        out = out / out.sum(axis=1, keepdims=True)
        if np.abs(out.sum(axis=0) - 1).max() < 1e-10:
            break
    return out
