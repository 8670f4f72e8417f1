"""`formguide forecast triathlon`: one finish time, asked and answered at the terminal."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

from formguide import asof
from formguide.cli.base import (
    CommandError,
    LakeOption,
    LogFileOption,
    UsageError,
    VerboseOption,
    err,
    keep_log,
    open_lake,
    out,
)
from formguide.cli.triathlon import screen_forecasts
from formguide.lake import Lake
from formguide.triathlon.arrivals import SPORT
from formguide.triathlon.tables import DISTANCES, GENDERS, SPLITS, RaceResults

if TYPE_CHECKING:
    from formguide.triathlon.asked import Answer, PastResult, Question

_ONE_MORE = "an earlier finish, like 70.3:cairns:2019:5:12:30, or nothing"


def forecast(
    distance: Annotated[str | None, typer.Option("--distance", help="70.3 or 140.6.")] = None,
    course: Annotated[
        str | None, typer.Option("--course", help="A course, or part of its name; 'new' for one never raced.")
    ] = None,
    gender: Annotated[str | None, typer.Option("--gender", help="M or F.")] = None,
    age: Annotated[str | None, typer.Option("--age", help="Years, or an age group: 37 or 35-39.")] = None,
    athlete: Annotated[
        str | None, typer.Option("--athlete", help="An athlete_id of the lake, whose results are then known.")
    ] = None,
    result: Annotated[
        list[str] | None,
        typer.Option(
            "--result", metavar="D:COURSE:YEAR:H:MM:SS", help="An earlier finish; as often as there are any."
        ),
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option(
            "--date", formats=["%Y-%m-%d"], help="The race's day.", show_default="after all results"
        ),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw it as a PNG.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    lake: LakeOption = None,
    verbose: VerboseOption = False,
    log_file: LogFileOption = None,
) -> None:
    """How long somebody will take: a finish time, how sure that is, and how it compares with the field.

    Asked of an athlete in the lake (--athlete) or of anybody (--gender, --age and any --result); what is not
    said is asked for at a terminal. The forecast knows what was raced before the day, and holds if it ends
    in a finish.
    """
    # What it leans on takes a second to load: not for --help.
    from formguide.triathlon.asked import Question

    place = open_lake(lake)
    keep_log(place, verbose, log_file)
    results = place.read_table(SPORT, RaceResults.name, None, RaceResults)
    if results.is_empty():
        raise CommandError("the lake holds no races: formguide run triathlon --sample, or --from PATH")
    if athlete and (gender is None or age is None):
        from formguide.triathlon.issuing import day_after

        on = day.date() if day else day_after(results)
        gender, age = _of_athlete(results, athlete, gender, age, on)
    chosen = _ask("distance", distance, DISTANCES)
    question = Question(
        distance=chosen,
        course=_course(_ask("course, or new", course)),
        gender=_ask("gender", gender.upper() if gender else None, GENDERS),
        age=_ask("age", age),
        athlete=athlete,
        past=_past(result, athlete),
        on=day.date() if day else None,
    )
    answer = _answer(place, results, question)
    if picture is not None:
        picture.expanduser().parent.mkdir(parents=True, exist_ok=True)
        picture.expanduser().write_bytes(_drawn(answer))
    if as_json:
        sys.stdout.write(json.dumps(_as_object(answer)) + "\n")
        return
    screen_forecasts.show_answer(out(), answer)
    if picture is not None:
        err().print(f"[dim]drawn: {picture}[/dim]")


def _answer(lake: Lake, results: pl.DataFrame, question: Question) -> Answer:
    from formguide.triathlon import asked, issuing

    try:
        return asked.answer(issuing.read_forecaster(lake, question.distance), results, question)
    except asked.AskedWronglyError as error:
        raise UsageError(str(error)) from error


def _ask(what: str, said: str | None, choices: tuple[str, ...] = ()) -> str:
    """What was said, or, at a terminal, what is answered now. Raises UsageError where nobody can be asked."""
    if said is None:
        if not sys.stdin.isatty():
            raise UsageError(f"no {what.split(',')[0]}: say --{what.split(',')[0]}")
        said = str(typer.prompt(f"{what} ({' or '.join(choices)})" if choices else what, err=True))
    if choices and said not in choices:
        raise UsageError(f"--{what} {said}: one of {', '.join(choices)}")
    return said


def _course(said: str) -> str | None:
    return None if said.strip().lower() == "new" else said


def _past(said: list[str] | None, athlete: str | None) -> tuple[PastResult, ...]:
    """The earlier finishes that were said; at a terminal they are asked for one by one until an empty
    line."""
    from formguide.triathlon import asked

    lines = list(said or [])
    if said is None and athlete is None and sys.stdin.isatty():
        while line := str(typer.prompt(_ONE_MORE, default="", show_default=False, err=True)).strip():
            lines.append(line)
    try:
        return tuple(asked.past_result(line) for line in lines)
    except asked.AskedWronglyError as error:
        raise UsageError(str(error)) from error


def _of_athlete(
    results: pl.DataFrame, athlete: str, gender: str | None, age: str | None, on: date | None
) -> tuple[str | None, str | None]:
    """Gender and age group of an athlete's last start before a day, where they were not said."""
    theirs = results.filter((pl.col("athlete_id") == athlete) & pl.col("age_group").is_not_null())
    if theirs.is_empty():
        raise UsageError(f"--athlete {athlete}: nobody in the lake has this id")
    if on is not None:
        theirs = asof.before(theirs, on, "known_on")
    if theirs.is_empty():
        raise UsageError(
            f"--athlete {athlete}: no start of theirs in the lake before {on}; say --gender and --age"
        )
    theirs = theirs.sort("known_on")
    return gender or str(theirs["gender"][-1]), age or str(theirs["age_group"][-1])


def _drawn(answer: Answer) -> bytes:
    import numpy as np

    from formguide.triathlon import pictures
    from formguide.triathlon.forecast import QUANTILES

    q = answer.question
    points = np.array([answer.total[name] for name in QUANTILES])
    where = answer.course or "a new course"
    title = f"{screen_forecasts.clock(answer.total['p50'])}: {q.distance}, {where}, {q.gender} {q.age}"
    return pictures.one_start(points, answer.field_sec, title)


def _as_object(answer: Answer) -> dict[str, object]:
    q = answer.question
    parts = {
        name.removesuffix("_sec"): dict(
            zip(("p05_sec", "p50_sec", "p95_sec"), (round(float(v), 1) for v in row), strict=True)
        )
        for name, row in zip(SPLITS, answer.parts, strict=True)
    }
    return {
        "sport": SPORT, "distance": q.distance, "course": answer.course, "gender": q.gender, "age": q.age,
        "athlete_id": q.athlete, "experience": answer.experience, "earlier_finishes": answer.earlier,
        "editions_of_the_course": answer.editions,
        **{f"{name}_sec": round(value, 1) for name, value in answer.total.items()},
        "parts": parts, "ahead_of": answer.ahead_of,
    }  # fmt: skip
