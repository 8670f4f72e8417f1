"""One forecast for somebody who asks: an athlete of the lake by id, or anybody by what he has done so far."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide import asof
from formguide.triathlon import pace_model, predictive, splits
from formguide.triathlon._columns import EXPERIENCE
from formguide.triathlon.forecast import QUANTILES, Forecaster, _beyond
from formguide.triathlon.starts import AGES, age_band, finishes, starts
from formguide.triathlon.tables import DISTANCES, GENDERS, SPLITS

Floats = NDArray[np.float64]

NOBODY = "(asked)"
FIELD_EDITIONS = 3
"""A forecast is compared with the finishes of so many last editions of the course."""


class AskedWronglyError(ValueError):
    """A question that cannot be meant; the message says what can."""


@dataclass(frozen=True)
class PastResult:
    """An earlier finish: distance, part of the course's name, year, seconds."""

    distance: str
    course: str
    year: int
    seconds: int


@dataclass(frozen=True)
class Question:
    """Who starts where. course: a course of the lake or part of its name, None for a new one; age: years, or
    an age group; athlete: an id of the lake, whose results are then known; past: more earlier finishes; on:
    the race's day, None for the day after all results."""

    distance: str
    course: str | None
    gender: str
    age: str
    athlete: str | None = None
    past: tuple[PastResult, ...] = ()
    on: date | None = None


@dataclass(frozen=True, eq=False)
class Answer:
    """What the eve says. total: mean, sd and QUANTILES in seconds by name; parts: (5, 3) seconds, SPLITS by
    5, 50 and 95 %; experience, earlier: class, and earlier finishes over the distance; course: its name,
    None for a new one; editions: earlier races of it; field_sec: totals of its last editions; ahead_of:
    share of them that the middle forecast beats, of all and of the own gender and age group (None where
    nobody was)."""

    question: Question
    total: dict[str, float]
    parts: Floats
    experience: str
    earlier: int
    course: str | None
    editions: int
    field_sec: Floats
    ahead_of: dict[str, float | None] = field(default_factory=dict)

    @property
    def compared(self) -> int:
        """How many editions of the course the forecast is compared with."""
        return min(FIELD_EDITIONS, self.editions)


def answer(forecaster: Forecaster, results: pl.DataFrame, question: Question) -> Answer:
    """The forecast that a question asks for, from results before its day.

    Raises:
        AskedWronglyError: naming what is not there.
    """
    on = question.on or forecaster.pace.as_of
    if on < forecaster.pace.as_of:
        raise AskedWronglyError(
            f"--date {on}: the model in the lake is of {forecaster.pace.as_of}; ask for a later day"
        )
    if question.distance not in DISTANCES or question.gender not in GENDERS:
        raise AskedWronglyError(f"a distance is one of {', '.join(DISTANCES)}, a gender M or F")
    frame = finishes(asof.before(results, on, "known_on"))
    course = find_course(frame, question.distance, question.course) if question.course else None
    who = question.athlete or NOBODY
    if question.athlete and question.athlete not in set(frame["athlete_id"]):
        raise AskedWronglyError(f"--athlete {question.athlete}: no finish of theirs in the lake before {on}")
    frame = _with_past(frame, who, question)
    row = pl.DataFrame(
        {
            "race_id": ["(asked)"], "course": [course or "(new)"], "distance": [question.distance],
            "year": [on.year], "race_on": [on], "known_on": [on], "athlete_id": [who],
            "gender": [question.gender], "age_group": [age_group(question.age)],
            "country": [_country(frame, who)], "total_sec": [None],
        },
        schema_overrides={"race_on": pl.Date, "known_on": pl.Date, "year": pl.Int32, "total_sec": pl.Int32,
                          "country": pl.String},
    )  # fmt: skip
    history, asked = starts(frame), starts(row)
    told = pace_model.outlook(forecaster.pace, history, asked)
    table = predictive.times(forecaster.pace.shapes, told)[0]
    legs = forecaster.legs
    seen = splits.seen(frame, row, question.distance)
    parts = splits.central(legs, seen, table[5:6], _beyond(told, asked), asked.female)
    here = frame.filter(pl.col("course") == course) if course else frame.head(0)
    years = sorted(here["year"].unique())
    last = here.filter(pl.col("year").is_in(years[-FIELD_EDITIONS:]) & (pl.col("athlete_id") != who))
    mine = (pl.col("gender").cast(pl.String) == question.gender) & (
        age_band() == AGES.index(age_group(question.age))
    )
    groups = {"all": last, f"{question.gender} {age_group(question.age)}": last.filter(mine)}
    earlier = frame.filter(
        (pl.col("athlete_id") == who) & (pl.col("distance").cast(pl.String) == question.distance)
    )
    return Answer(
        question=question,
        total=dict(zip(("mean", "sd", *QUANTILES), (float(v) for v in table), strict=True)),
        parts=splits.quantiles(legs, parts, told.experience)[0],
        experience=EXPERIENCE[int(told.experience[0])],
        earlier=earlier.height,
        course=course,
        editions=len(years),
        field_sec=last["total_sec"].to_numpy().astype(np.float64),
        ahead_of={
            name: float((group["total_sec"] > table[5]).mean()) if group.height else None
            for name, group in groups.items()
        },
    )


def find_course(frame: pl.DataFrame, distance: str, said: str) -> str:
    """The course of a distance that a part of its name means.

    Raises:
        AskedWronglyError: naming the courses if none or several are meant.
    """
    names = sorted(frame.filter(pl.col("distance").cast(pl.String) == distance)["course"].unique())
    wanted = re.sub(r"[^a-z0-9]+", "_", said.lower()).strip("_")
    found = [n for n in names if n == wanted] or [n for n in names if wanted in n]
    if len(found) == 1:
        return str(found[0])
    which = "several courses: " if found else f"no course of {distance}; there are "
    raise AskedWronglyError(f"--course {said}: {which}{', '.join(found or names)}")


def age_group(said: str) -> str:
    """The model's age group of an age in years ("37") or of an age group ("35-39").

    Raises:
        AskedWronglyError: if it is neither.
    """
    number = re.match(r"^\s*(\d{1,3})", said)
    age = int(number.group(1)) if number else 0
    if not 15 <= age <= 110:
        raise AskedWronglyError(f"--age {said}: an age in years, or an age group such as 35-39")
    return AGES[-1] if age >= 75 else AGES[0] if age < 25 else AGES[(age - 20) // 5]


def past_result(said: str) -> PastResult:
    """An earlier finish from its words: "70.3:cairns:2019:5:12:30" (distance:course:year:h:mm:ss).

    Raises:
        AskedWronglyError: if it is put otherwise.
    """
    match = re.match(r"^(70\.3|140\.6):([^:]+):(\d{4}):(\d{1,2}):(\d{2}):(\d{2})$", said.strip())
    if not match:
        raise AskedWronglyError(
            f"--result {said}: like 70.3:cairns:2019:5:12:30 (distance:course:year:h:mm:ss)"
        )
    distance, course, year, h, m, s = match.groups()
    return PastResult(distance, course, int(year), int(h) * 3600 + int(m) * 60 + int(s))


def _with_past(frame: pl.DataFrame, who: str, question: Question) -> pl.DataFrame:
    """The finishes with the earlier ones that were told, each in the race that it was run in."""
    told: list[pl.DataFrame] = []
    for past in question.past:
        course = find_course(frame, past.distance, past.course)
        there = frame.filter((pl.col("course") == course) & (pl.col("year") == past.year))
        if there.is_empty():
            years = ", ".join(
                str(y) for y in sorted(frame.filter(pl.col("course") == course)["year"].unique())
            )
            raise AskedWronglyError(
                f"--result: {course} was not raced in {past.year} in this lake; it was in {years}"
            )
        told.append(
            there.head(1).with_columns(
                athlete_id=pl.lit(who),
                gender=pl.lit(question.gender).cast(frame.schema["gender"]),
                age_group=pl.lit(age_group(question.age)),
                total_sec=pl.lit(past.seconds).cast(frame.schema["total_sec"]),
                result_id=pl.lit(f"(asked {len(told)})"),
                country=pl.lit(None, dtype=pl.String),
                **{c: pl.lit(None).cast(frame.schema[c]) for c in SPLITS},
            )
        )
    return pl.concat([frame, *told]).sort("known_on", "race_id", "result_id") if told else frame


def _country(frame: pl.DataFrame, who: str) -> str | None:
    theirs: Sequence[str | None] = frame.filter(pl.col("athlete_id") == who)["country"].to_list()
    return next((c for c in reversed(theirs) if c), None)
