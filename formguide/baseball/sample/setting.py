"""Where and under what sky a game of the sample league is played, and what that does to batted balls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np

from formguide.baseball.sample.fixtures import Fixture
from formguide.baseball.sample.game import Conditions
from formguide.baseball.sample.world import TEAM, UMPIRES, Umpire

_WINDS = ("Out To CF", "Out To LF", "Out To RF", "In From CF", "In From LF", "In From RF", "L To R", "R To L")
_SKIES = ("Sunny", "Clear", "Partly Cloudy", "Cloudy", "Overcast", "Drizzle")


@dataclass(frozen=True)
class Weather:
    """The weather as it is announced for a game."""

    condition: str
    temp_f: int
    wind_mph: int
    wind_direction: str

    def as_told(self) -> dict[str, Any]:
        """As the documents write it."""
        wind = f"{self.wind_mph} mph, {self.wind_direction}"
        return {"condition": self.condition, "temp": str(self.temp_f), "wind": wind}

    @property
    def hit(self) -> float:
        """Its effect on singles, doubles and triples: warm air helps a little."""
        return 0.0015 * (self.temp_f - 70)

    @property
    def homer(self) -> float:
        """Its effect on home runs: warm air, and wind blowing out."""
        blows = (
            1 if self.wind_direction.startswith("Out") else -1 if self.wind_direction.startswith("In") else 0
        )
        return 0.008 * (self.temp_f - 70) + 0.018 * blows * self.wind_mph


def weather(seed: int, fixture: Fixture) -> Weather:
    """The weather at a game."""
    rng = np.random.default_rng([seed, fixture.game_pk, 23])
    park = TEAM[fixture.home].park
    temp = round(
        park.temp_f + 0.25 * fixture.date_index + 5 * float(rng.normal()) - 5 * (fixture.day_night == "night")
    )
    wind, direction = int(rng.integers(0, 17)), str(rng.choice(_WINDS))
    sky = str(rng.choice(_SKIES, p=[0.28, 0.24, 0.2, 0.16, 0.08, 0.04]))
    if park.roof_type == "Dome":
        return Weather("Dome", 72, 0, "None")
    if park.roof_type == "Retractable" and (temp < 58 or rng.random() < 0.3):
        return Weather("Roof Closed", 72, 0, "None")
    return Weather(sky, temp, wind, direction if wind else "None")


@cache
def ball_lot(seed: int, day: date) -> float:
    """How lively a date's balls are: everybody's hits and home runs share it, and nothing announces it."""
    return float(np.random.default_rng([seed, day.toordinal(), 29]).normal(0.0, 0.07))


def crew(seed: int, fixture: Fixture) -> list[Umpire]:
    """The four umpires of a game, the one behind the plate first."""
    rng = np.random.default_rng([seed, fixture.game_pk, 31])
    return [UMPIRES[int(i)] for i in rng.permutation(len(UMPIRES))[:4]]


def conditions(seed: int, fixture: Fixture, sky: Weather, plate: Umpire) -> Conditions:
    """What all that adds up to for both teams."""
    park, lot = TEAM[fixture.home].park, ball_lot(seed, fixture.day)
    return Conditions(park.hit + sky.hit + lot, park.homer + sky.homer + 1.5 * lot, plate.zone)
