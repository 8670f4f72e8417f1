"""The sample league raced and written down: a tree of results pages and weather files like the source's.

The pages have what the source's pages have: starts that came to nothing, races without a date, ids that are
two people, people with two ids, a swim cut short, countries spelt three ways, a page without a status, a
line whose last cell is missing, and now and then a time that cannot be.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formguide.triathlon import race_page, weather
from formguide.triathlon.sample import world
from formguide.triathlon.sample.truth import TRUTH, SampleTruth
from formguide.triathlon.sample.world import COUNTRIES, NOISE, SHARES, TAIL_DEGREES, People, Race
from formguide.triathlon.tables import FULL

FIRST_YEAR, YEARS, FIELD = 2015, 8, 320
"""The league that `formguide run triathlon --sample` makes: eight years, a field of 320."""

_DNS, _DNF, _DQ = 0.07, 0.05, 0.003
_CANNOT_BE = 0.0015
_CUT_OFF_SEC = 61000


def write_sample(
    folder: str | Path, seed: int = 8, years: int = YEARS, field: int = FIELD, first_year: int = FIRST_YEAR
) -> SampleTruth:
    """Writes the league as files, its `truth.json` beside them; the same seed writes the same bytes."""
    files, truth = sample_league(seed, years, field, first_year)
    for path, body in {**files, TRUTH: truth.as_bytes()}.items():
        place = Path(folder) / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    return truth


def sample_league(
    seed: int = 8, years: int = YEARS, field: int = FIELD, first_year: int = FIRST_YEAR
) -> tuple[dict[str, bytes], SampleTruth]:
    """The league's files by path, and what decided it."""
    rng = np.random.default_rng(seed)
    span = range(first_year, first_year + years)
    races = world.make_races(rng, span)
    people = world.make_people(rng, max(40, 3 * field * years), span)
    files: dict[str, bytes] = {}
    starts = finishes = 0
    busy_on: dict[int, int] = {}
    for race in races:
        entered = _enter(rng, race, people, field, busy_on)
        rows, finished = _race(rng, race, people, entered, first_year)
        starts, finishes = starts + len(rows), finishes + finished
        files[f"{race.year}/{race.folder}/{race_page.FILE}"] = _page(rows)
        if race.special != "undated":
            files[f"{race.year}/{race.folder}/{weather.FILE}"] = _weather(rng, race)
    return files, _truth(seed, span, races, people, starts, finishes)


def _enter(
    rng: np.random.Generator, race: Race, people: People, field: int, busy_on: dict[int, int]
) -> NDArray[np.int64]:
    """Who starts: people in the middle of a career, who like the distance and live near; nobody twice a
    day."""
    active = (people.first_year <= race.year) & (people.last_year >= race.year)
    taste = people.likes_long if race.course.distance == FULL else 1 - 0.6 * people.likes_long
    near = np.where(people.country == race.course.country, 3.0, 1.0)
    weight = np.where(active, people.races_a_year * taste * near, 0.0) + np.where(active, 1e-6, 0.0)
    ordinal = race.day.toordinal()
    for person in (p for p, day in busy_on.items() if day == ordinal):
        weight[person] = 0.0
    size = min(field, int((weight > 0).sum()))
    chosen = rng.choice(len(people), size=size, replace=False, p=weight / weight.sum())
    busy_on.update(dict.fromkeys(chosen.tolist(), ordinal))
    return chosen


def _race(
    rng: np.random.Generator, race: Race, people: People, entered: NDArray[np.int64], first_year: int
) -> tuple[list[list[str]], int]:
    """The page's lines, and how many came to a finish."""
    n, distance = len(entered), race.course.distance
    age = race.year - people.born[entered]
    groups, of_age = world.age_effect(age)
    hot = max(race.temp_c - world.HEAT_BEYOND_C, 0.0) * world.HEAT_PER_C
    log_total = (
        np.log(world.BASE_SEC[distance])
        + np.where(people.female[entered], world.GENDER["F"], 0.0)
        + of_age
        + race.course.effect
        + race.effect
        + people.ability[entered]
        + people.trend[entered] * (race.year - first_year)
        + hot * np.where(age >= 50, 1.5, 1.0)
        + NOISE[distance] * rng.standard_t(TAIL_DEGREES, n) * np.sqrt((TAIL_DEGREES - 2) / TAIL_DEGREES)
    )
    apart = rng.random(n) < 0.025
    total = np.exp(log_total + np.where(apart, 0.1, 0.0))
    legs = _legs(rng, race, people.legs[entered], total, apart)
    said = rng.random(n)
    fate = np.where(
        said < _DNS,
        "DNS",
        np.where(said < _DNS + _DNF, "DNF", np.where(said < _DNS + _DNF + _DQ, "DQ", "FIN")),
    )
    fate[(fate == "FIN") & (legs.sum(axis=1) > _CUT_OFF_SEC)] = "DNF"
    broken = (rng.random(n) < _CANNOT_BE) & (fate == "FIN")
    stopped = rng.integers(1, 5, n)
    spelt = rng.integers(0, 3, n)
    finish_sec = np.where(fate == "FIN", legs.sum(axis=1), np.inf)
    rows, place, of_division = [], 0, dict[str, int]()
    for i in np.argsort(finish_sec, kind="stable"):
        person = int(entered[i])
        gender = "F" if people.female[person] else "M"
        pro = people.ability[person] < -0.24 and age[i] < 42
        division = f"{gender}PRO" if pro else gender + groups[i]
        times = [int(leg) for leg in legs[i]]
        known = 5 if fate[i] == "FIN" else 0 if fate[i] == "DNS" else int(stopped[i])
        cells = [_clock(leg) if k < known else "" for k, leg in enumerate(times)]
        if broken[i]:
            cells[4] = "0:03:30"
        finish = _clock(sum(times)) if fate[i] == "FIN" else ""
        if fate[i] == "FIN":
            place += 1
            of_division[division] = of_division.get(division, 0) + 1
        rank = [str(place), str(of_division[division])] if fate[i] == "FIN" else [str(fate[i]), "0"]
        status = "" if race.special == "no status" and fate[i] == "FIN" else str(fate[i])
        country = COUNTRIES[people.country[person]][spelt[i]]
        who = [_id(people, person, race.year), rank[0], people.name[person], gender, division, rank[1]]
        rows.append([*who, finish, *cells, country, status])
    if race.special == "no status" and rows:
        rows[0] = rows[0][:-1]
    return rows, place


def _legs(
    rng: np.random.Generator, race: Race, own: NDArray[np.float64], total: NDArray[np.float64], apart: Any
) -> NDArray[np.float64]:
    """Swim, T1, bike, T2 and run in whole seconds; where the swim is cut short, so is the total."""
    shares = np.tile(np.array(SHARES[race.course.distance]), (len(total), 1))
    swim = own[:, 0] + rng.normal(0, 0.004, len(total))
    bike = own[:, 1] + rng.normal(0, 0.008, len(total)) - np.where(apart, 0.035, 0.0)
    shares[:, 0] += swim
    shares[:, 2] += bike
    shares[:, 4] -= swim + bike
    shares[:, (1, 3)] *= np.exp(rng.normal(0, 0.25, (len(total), 2)))
    legs = np.round(shares * total[:, None])
    if race.special == "swim shortened":
        legs[:, 0] = np.round(legs[:, 0] * 0.4)
    return np.maximum(legs, 30)


def _id(people: People, person: int, year: int) -> str:
    """The id under which a page knows somebody."""
    if people.namesake[person] >= 0:
        return people.contact_id[int(people.namesake[person])]
    second = people.second_id[person]
    return second if second and year >= people.first_year[person] + 2 else people.contact_id[person]


def _page(rows: list[list[str]]) -> bytes:
    return "".join("\t".join(cells) + "\n" for cells in [list(race_page.COLUMNS), *rows]).encode()


def _weather(rng: np.random.Generator, race: Race) -> bytes:
    """The race day as the source writes it, every third hour."""
    hours, temps = [], []
    for hour in range(3, 25, 3):
        temp = race.temp_c + 4.0 * np.sin((hour - 9) / 24 * 2 * np.pi) + rng.normal(0, 0.5)
        temps.append(round(float(temp), 1))
        humidity = float(np.clip(rng.normal(70, 10), 20, 100))
        hours.append(
            {
                "time": str(hour),
                "weatherCode": str(
                    rng.choice(["CLEAR", "PARTLY_CLOUDY", "CLOUDY", "RAIN"], p=[0.4, 0.3, 0.2, 0.1])
                ),
                "temp": temps[-1],
                "humidity": round(humidity),
                "dewPoint": round(float(temp) - (100 - humidity) / 5, 1),
                "pressure": round(float(rng.normal(1013, 5)), 1),
                "windDirectionCode": "S",
                "windSpeed": round(float(rng.gamma(3.0, 1.1)), 1),
            }
        )
    span = {"minTemp": min(temps), "maxTemp": max(temps)}
    day = {"date": race.day.isoformat(), **span, "hourly": hours}
    return (json.dumps(day, indent=1) + "\n").encode()


def _truth(
    seed: int, span: range, races: list[Race], people: People, starts: int, finishes: int
) -> SampleTruth:
    return SampleTruth(
        seed=seed,
        seasons=tuple(span),
        starts=starts,
        finishes=finishes,
        base={distance: float(np.log(sec)) for distance, sec in world.BASE_SEC.items()},
        gender=world.GENDER,
        age_group=world.AGE_GROUP,
        course={f"{race.course.folder(0)[:-2]}": race.course.effect for race in races},
        race={race.folder: race.effect + _heat(race) for race in races},
        ability_sd=world.ABILITY_SD,
        noise=NOISE,
        athletes={
            people.contact_id[i]: {
                "ability": float(people.ability[i]),
                "trend_per_year": float(people.trend[i]),
                "swim_share": float(people.legs[i, 0]),
                "bike_share": float(people.legs[i, 1]),
            }
            for i in range(len(people))
        },
        special={race.folder: race.special for race in races if race.special},
        collisions=tuple(sorted(people.contact_id[j] for j in people.namesake if j >= 0)),
        second_ids={second: people.contact_id[i] for i, second in enumerate(people.second_id) if second},
        effects_beyond_the_model=world.BEYOND_THE_MODEL,
    )


def _heat(race: Race) -> float:
    return max(race.temp_c - world.HEAT_BEYOND_C, 0.0) * world.HEAT_PER_C


def _clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
