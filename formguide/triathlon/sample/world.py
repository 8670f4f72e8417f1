"""The sample league's courses, races and people, and the effects that decide their times.

All effects are on the log of a total: 0.01 is one per cent. Nothing here is real.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from formguide.triathlon.tables import FULL, HALF

BASE_SEC = {HALF: 20000.0, FULL: 43500.0}
"""Total of a man of 40–44 of no special ability on a course like any other."""

GENDER = {"M": 0.0, "F": 0.085}

AGE_GROUPS = (
    "18-24",
    "25-29",
    "30-34",
    "35-39",
    "40-44",
    "45-49",
    "50-54",
    "55-59",
    "60-64",
    "65-69",
    "70-74",
)
AGE_GROUP = dict(
    zip(AGE_GROUPS, (0.035, 0.0, -0.02, -0.015, 0.0, 0.025, 0.055, 0.10, 0.155, 0.215, 0.28), strict=True)
)

ABILITY_SD, TREND_SD, LEG_SD = 0.11, 0.012, 0.012
NOISE = {HALF: 0.048, FULL: 0.058}
"""Spread of one athlete's races, before their heavy tail."""

TAIL_DEGREES = 5
SHARES = {HALF: (0.108, 0.016, 0.512, 0.011, 0.353), FULL: (0.100, 0.011, 0.510, 0.010, 0.369)}
"""Swim, swim to bike, bike, bike to run and run in a total."""

HEAT_PER_C = 0.0035
HEAT_BEYOND_C = 26.0
BEYOND_THE_MODEL = (
    "heat above 26 °C slows an athlete of 50 or more half as much again as a younger one",
    "one start in forty comes apart on the run and is slower by a tenth",
)

# Each country as three kinds of pages spell it.
COUNTRIES = (
    ("Australia", "AU", "aus"),
    ("New Zealand", "NZ", "NZL"),
    ("Japan", "JP", "JPN"),
    ("Korea, Republic of", "KR", "kor"),
    ("United Kingdom", "GB", "GBR"),
    ("Viet Nam", "VN", "vnm"),
)


@dataclass(frozen=True)
class Course:
    """A fictional place with a race every year: what it adds, when it is, and how warm."""

    name: str
    distance: str
    effect: float
    day_of_year: int
    warmth_c: float
    country: int

    def folder(self, year: int) -> str:
        """The name of its folder in a year, as the source names them."""
        return f"{'im703' if self.distance == HALF else 'ironman'}_{self.name}_{year}"


COURSES = (
    Course("port_alder", HALF, -0.020, 40, 22.0, 0),
    Course("lake_brenn", HALF, 0.010, 96, 17.0, 1),
    Course("cape_sorrel", HALF, 0.035, 150, 28.0, 3),
    Course("nimbus_bay", HALF, -0.035, 250, 20.0, 0),
    Course("kumo_peninsula", HALF, 0.055, 170, 24.0, 2),
    Course("tarn_valley", FULL, 0.000, 64, 18.0, 1),
    Course("coral_point", FULL, 0.045, 162, 27.0, 0),
    Course("salt_island", FULL, 0.090, 300, 30.0, 5),
)


@dataclass(frozen=True)
class Race:
    """One race of the league: its course, day, what its own day adds, and what is special about it.

    special: "", "undated" (no weather file), "swim shortened", or "no status" (the page leaves it out).
    """

    course: Course
    year: int
    day: date
    effect: float
    temp_c: float
    special: str

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return self.course.folder(self.year)


@dataclass(frozen=True)
class People:
    """Everybody who ever starts, as columns; `namesake` says whose contact id somebody shares (−1: nobody's).

    ability and trend are log totals (trend per year since the first season); legs: what an athlete's swim and
    bike take more of the total than others'.
    """

    contact_id: list[str]
    second_id: list[str | None]
    name: list[str]
    female: NDArray[np.bool_]
    born: NDArray[np.int64]
    country: NDArray[np.int64]
    ability: NDArray[np.float64]
    trend: NDArray[np.float64]
    legs: NDArray[np.float64]
    first_year: NDArray[np.int64]
    last_year: NDArray[np.int64]
    likes_long: NDArray[np.float64]
    races_a_year: NDArray[np.float64]
    namesake: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.name)


def make_races(rng: np.random.Generator, years: range) -> list[Race]:
    """Every race of some years, in order; the first years have races without a date."""
    races = []
    for year in years:
        for number, course in enumerate(COURSES):
            # The Sunday nearest to the usual day.
            day = date(year, 1, 1) + timedelta(days=course.day_of_year)
            day += timedelta(days=(6 - day.weekday()) % 7)
            special = ""
            if year - years[0] < 3 and number in (1, 4):
                special = "undated"
            elif year == years[-1] - 1 and course.name == "nimbus_bay":
                special = "swim shortened"
            elif number == 6:
                special = "no status"
            temp = course.warmth_c + rng.normal(0, 2.5)
            races.append(Race(course, year, day, float(rng.normal(0, 0.022)), float(temp), special))
    return sorted(races, key=lambda race: race.day)


def make_people(rng: np.random.Generator, n: int, years: range) -> People:
    """n people whose careers begin anywhere in the years, some before the first."""
    first = rng.integers(years[0] - 2, years[-1] + 1, n)
    last = first + np.minimum(rng.geometric(0.35, n) - 1, 12)
    age = np.clip(rng.normal(38, 9.5, n), 18, 70).astype(np.int64)
    share_id = np.full(n, -1)
    sharing = rng.choice(n, size=max(2, n // 250), replace=False)
    # Somebody's id is used again by somebody of another gender: the next in the list.
    share_id[sharing] = (sharing + 1) % n
    female = rng.random(n) < 0.24
    female[sharing] = ~female[share_id[sharing]]
    second = rng.random(n) < 0.04
    ids = [rng.bytes(8).hex() for _ in range(n)]
    return People(
        contact_id=ids,
        second_id=[rng.bytes(8).hex() if twice else None for twice in second],
        name=[f"Athlete {rng.bytes(6).hex()}" for _ in range(n)],
        female=female,
        born=first - age,
        country=rng.choice(len(COUNTRIES), n, p=(0.45, 0.18, 0.17, 0.07, 0.08, 0.05)),
        ability=rng.normal(0, ABILITY_SD, n),
        trend=rng.normal(-0.004, TREND_SD, n),
        legs=rng.normal(0, LEG_SD, (n, 2)) * np.array([0.7, 1.0]),
        first_year=first,
        last_year=last,
        likes_long=rng.beta(0.6, 0.9, n),
        races_a_year=rng.gamma(2.0, 0.6, n),
        namesake=share_id,
    )


def age_effect(age: NDArray[np.int64]) -> tuple[list[str], NDArray[np.float64]]:
    """The age groups of some ages, and what they add."""
    names = [AGE_GROUPS[min(max(a // 5 - 4, 0), len(AGE_GROUPS) - 1)] for a in age.tolist()]
    return names, np.array([AGE_GROUP[name] for name in names])
