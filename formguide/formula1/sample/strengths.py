"""What decides the sample league's races: strengths that move, and their record, kept as the truth.

Strengths are in seconds per lap of a 90-second lap, positive is faster. A car's pace is a random walk from
race to race, a driver's skill hardly moves, a change of rules reshuffles the cars. Two effects are
deliberately of a kind that a strength model has no term for: a driver's *momentum* (form that feeds on his
own surprises) and the *tyre gamble* (one shock shared by whoever took it, across teams).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from formguide.formula1.sample.world import DRIVERS, TEAMS

EFFECTS_BEYOND_THE_MODEL = ("momentum", "tyre_gamble")


@dataclass(frozen=True)
class Swap:
    """A change of seats inside a season: from `round` on, `driver_in` sits where `driver_out` sat.

    `kind` is `replaced` (for the rest of the season), `exchanged` (two drivers trade teams) or `one_race` (a
    substitute).
    """

    season: int
    round: int
    team_id: str
    driver_out: str
    driver_in: str
    kind: str


@dataclass(frozen=True)
class RaceTruth:
    """What decided one race. Paces in seconds per lap of a 90-second lap, positive is faster.

    A driver's expected race pace is `driver_skill + driver_form + car_pace` of his seat. `retire_probability`
    is for the conditions that the race had. `run` is False for a weekend that has had its qualifying but not
    its race; its scenario flags are then None.
    """

    race_id: str
    season: int
    round: int
    circuit_id: str
    run: bool
    wet: bool | None
    wet_qualifying: bool
    safety_car: bool | None
    red_flag: bool | None
    seats: Mapping[str, str]
    driver_skill: Mapping[str, float]
    driver_form: Mapping[str, float]
    car_pace: Mapping[str, float]
    retire_probability: Mapping[str, float]
    gambled: tuple[str, ...] = ()

    def race_pace(self) -> dict[str, float]:
        """Expected dry race pace of every driver, s/lap."""
        return {
            d: self.driver_skill[d] + self.driver_form[d] + self.car_pace[t] for d, t in self.seats.items()
        }


@dataclass(frozen=True)
class SampleTruth:
    """What the sample league was made from; kept beside it as `truth.json`, which no reader looks at."""

    seed: int
    seasons: tuple[int, ...]
    rounds_run: Mapping[int, int]
    reset_seasons: tuple[int, ...]
    next_race_id: str | None
    swaps: tuple[Swap, ...]
    races: tuple[RaceTruth, ...]
    p_wet: Mapping[str, float] = field(default_factory=dict)
    hard_to_pass: Mapping[str, float] = field(default_factory=dict)
    effects_beyond_model: tuple[str, ...] = EFFECTS_BEYOND_THE_MODEL

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass
class Strengths:
    """The league's state as it moves from race to race; mutable because the league is told in order."""

    skill: dict[str, float]
    one_lap: dict[str, float]
    wet_skill: dict[str, float]
    error_rate: dict[str, float]
    form: dict[str, float]
    car: dict[str, float]
    car_one_lap: dict[str, float]
    breakdown_rate: dict[str, float]
    seats: dict[str, list[str]]

    @classmethod
    def at_birth(cls, rng: np.random.Generator) -> Strengths:
        ids = [d.driver_id for d in DRIVERS]
        teams = [t.team_id for t in TEAMS]
        regulars = 2 * len(teams)
        skill = {d: float(rng.normal(0.0 if i < regulars else -0.12, 0.16)) for i, d in enumerate(ids)}
        pairs = [ids[i] for i in rng.permutation(regulars)]
        return cls(
            skill=skill,
            one_lap={d: float(rng.normal(0.0, 0.06)) for d in ids},
            wet_skill={d: float(rng.normal(0.0, 0.18)) for d in ids},
            error_rate={d: float(np.clip(0.03 * np.exp(rng.normal(0.0, 0.45)), 0.008, 0.12)) for d in ids},
            form=dict.fromkeys(ids, 0.0),
            car={t: float(rng.normal(0.0, 0.48)) for t in teams},
            car_one_lap=dict.fromkeys(teams, 0.0),
            breakdown_rate=dict.fromkeys(teams, 0.0),
            seats={t: pairs[2 * i : 2 * i + 2] for i, t in enumerate(teams)},
        )

    def new_season(self, rng: np.random.Generator, *, reset: bool, first: bool) -> None:
        """Winter: cars move (new rules deal them anew), two pairs trade teams, a reserve gets a seat."""
        kept, spread = (1.0, 0.0) if first else (0.1, 0.52) if reset else (0.9, 0.12)
        for team in self.car:
            self.car[team] = kept * self.car[team] + float(rng.normal(0.0, spread))
            self.car_one_lap[team] = float(rng.normal(0.0, 0.08))
            rate = (0.06 if reset else 0.045) * np.exp(rng.normal(0.0, 0.45))
            self.breakdown_rate[team] = float(np.clip(rate, 0.01, 0.2))
        for driver in self.skill:
            self.form[driver] = 0.0
            self.skill[driver] += 0.0 if first else float(rng.normal(0.0, 0.03))
        if not first:
            for _ in range(2):
                self.exchange(*self._two_teams(rng), rng)
            self.replace(str(rng.choice(list(self.seats))), rng)

    def next_race(self, rng: np.random.Generator) -> None:
        """Between two races: development is a random walk, now and then with an upgrade that works."""
        for team in self.car:
            self.car[team] += float(rng.normal(0.0, 0.05)) + (0.18 if rng.random() < 0.05 else 0.0)
        level = float(np.mean(list(self.car.values())))
        for team in self.car:
            self.car[team] -= level
        for driver in self.skill:
            self.skill[driver] += float(rng.normal(0.0, 0.004))

    def learn_form(self, expected: list[str], classified: list[str]) -> None:
        """Momentum: finishing ahead of where one's pace belongs lifts the next races, and the reverse."""
        rank = {d: i for i, d in enumerate(expected)}
        for place, driver in enumerate(classified):
            surprise = float(np.clip((rank[driver] - place) / 8.0, -1.0, 1.0))
            self.form[driver] = 0.7 * self.form[driver] + 0.12 * surprise

    def reserves(self) -> list[str]:
        seated = {d for pair in self.seats.values() for d in pair}
        return [d.driver_id for d in DRIVERS if d.driver_id not in seated]

    def replace(self, team: str, rng: np.random.Generator) -> tuple[str, str]:
        """A reserve takes the weaker seat of `team`; returns (driver out, driver in)."""
        pair = self.seats[team]
        seat = 0 if self.skill[pair[0]] < self.skill[pair[1]] else 1
        leaving, coming = pair[seat], str(rng.choice(self.reserves()))
        pair[seat] = coming
        return leaving, coming

    def exchange(self, team: str, other: str, rng: np.random.Generator) -> tuple[str, str]:
        """One driver of `team` and one of `other` trade places; returns (who leaves `team`, who comes)."""
        a, b = int(rng.integers(2)), int(rng.integers(2))
        leaving, coming = self.seats[team][a], self.seats[other][b]
        self.seats[team][a], self.seats[other][b] = coming, leaving
        return leaving, coming

    def _two_teams(self, rng: np.random.Generator) -> tuple[str, str]:
        team, other = (str(t) for t in rng.choice(list(self.seats), size=2, replace=False))
        return team, other

    def mid_season(self, season: int, number: int, races: int, rng: np.random.Generator) -> list[Swap]:
        """Make the swaps of round `number`: a third in somebody is replaced, halfway two drivers trade."""
        swaps = []
        if number == max(2, races // 3):
            team = str(rng.choice(list(self.seats)))
            swaps.append(Swap(season, number, team, *self.replace(team, rng), "replaced"))
        if number == max(3, races // 2):
            team, other = self._two_teams(rng)
            out, coming = self.exchange(team, other, rng)
            swaps.append(Swap(season, number, team, out, coming, "exchanged"))
            swaps.append(Swap(season, number, other, coming, out, "exchanged"))
        return swaps

    def substitute(self, season: int, number: int, races: int, rng: np.random.Generator) -> Swap | None:
        """Who is ill, if it is the season's weekend for it; the seat goes back after the race."""
        if number != max(1, races // 5):
            return None
        team = str(rng.choice(list(self.seats)))
        return Swap(season, number, team, self.seats[team][0], str(rng.choice(self.reserves())), "one_race")
