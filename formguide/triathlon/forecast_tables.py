"""The tables of triathlon's forecasts: a finish time and its parts per start, and what they were worth."""

from __future__ import annotations

from typing import ClassVar

import dataframely as dy

from formguide.columns import day, flag, moment, number, text, whole
from formguide.schema import Table
from formguide.triathlon._columns import EXPERIENCE
from formguide.triathlon.tables import DISTANCES, GENDERS, SPORT


def _seconds(doc: str) -> dy.Float64:
    return number(f"{doc}, seconds", least=0)


class StartForecast(Table):
    """What is said of a start, given that it ends in a finish."""

    result_id = text("Start, as in race_results", key=True)
    distance = dy.Enum(list(DISTANCES), nullable=False, metadata={"doc": "70.3 or 140.6 miles"})
    year = whole("Season")
    race_id = text("Race")
    course = text("Course")
    race_on = day("Day of the race, where the source has it", null=True)
    as_of = day("The forecast knows results dated before this day, and nothing else")
    fitted_as_of = day("The model was fitted to results dated before this day")
    athlete_id = text("Who")
    gender = dy.Enum(list(GENDERS), nullable=False, metadata={"doc": "M or F"})
    age_group = text("Age group")
    experience = dy.Enum(
        list(EXPERIENCE), nullable=False, metadata={"doc": "Earlier finishes over the distance, by class"}
    )
    mean_sec = _seconds("Mean of the finish time")
    sd_sec = _seconds("Standard deviation of the finish time")
    p05_sec = _seconds("Finish time that 5 % are faster than")
    p10_sec = _seconds("10 %")
    p25_sec = _seconds("25 %")
    p50_sec = _seconds("Middle of the finish time; the middles of the parts add up to it")
    p75_sec = _seconds("75 %")
    p90_sec = _seconds("90 %")
    p95_sec = _seconds("95 %")
    swim_p05_sec = _seconds("Swim, 5 %")
    swim_p50_sec = _seconds("Swim, middle")
    swim_p95_sec = _seconds("Swim, 95 %")
    t1_p05_sec = _seconds("Swim to bike, 5 %")
    t1_p50_sec = _seconds("Swim to bike, middle")
    t1_p95_sec = _seconds("Swim to bike, 95 %")
    bike_p05_sec = _seconds("Bike, 5 %")
    bike_p50_sec = _seconds("Bike, middle")
    bike_p95_sec = _seconds("Bike, 95 %")
    t2_p05_sec = _seconds("Bike to run, 5 %")
    t2_p50_sec = _seconds("Bike to run, middle")
    t2_p95_sec = _seconds("Bike to run, 95 %")
    run_p05_sec = _seconds("Run, 5 %")
    run_p50_sec = _seconds("Run, middle")
    run_p95_sec = _seconds("Run, 95 %")


class FinishTimeForecasts(StartForecast):
    """What the eve of each race said of each start."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "finish_time_forecasts"
    description: ClassVar[str] = (
        "Finish time of every age-group start, given that it ends in a finish, from what was known before "
        "the race's day: mean, standard deviation, quantiles, and the same of its parts."
    )

    pit = number(
        "Where in its forecast the finish came, 0 to 1; uniform if calibrated", null=True, least=0, most=1
    )


class ForecastLog(StartForecast):
    """What was issued, as it was issued; rows are only ever added."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "forecast_log"
    description: ClassVar[str] = (
        "Every forecast of a race that nobody had finished, as it was issued, with when and from what; "
        "nothing in it is ever changed."
    )

    made_at = moment("When it was made (UTC)", key=True)
    code_version = text("Version of the code that made it")
    data_version = text("Fingerprint of what it was made from")
    seed = whole("Seed of the fit")


class ForecastScorecard(Table):
    """Forecasts against what happened, baselines on the same starts."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "forecast_scorecard"
    description: ClassVar[str] = (
        "Forecasts scored, the simple rules and what only hindsight knows beside them, on the same starts; "
        "standard errors and paired differences (ours less theirs) by race."
    )

    is_sample = flag("Made from the sample league, says nothing about the real sport")
    task = text(
        "fit once (years up to a split learnt from, later ones scored), walk forward (fitted each year) or "
        "issued (the last on record before the race's day)",
        key=True,
    )
    distance = text("70.3 or 140.6", key=True)
    span = text("Years scored", key=True)
    population = text("returning (an earlier finish over the distance), newcomers, or all", key=True)
    by = text("Part of it: all, or gender, age group, experience or course and which", key=True)
    model = text("formguide, a baseline, or hindsight: what was not known on the eve", key=True)
    metric = text(
        "mae_min, r2, crps_min, coverage_50, coverage_80, coverage_90, coverage_90_by_race, pit_1 … pit_10",
        key=True,
    )
    n = whole("Starts")
    races = whole("Races")
    value = number("The metric", null=True)
    standard_error = number("Its standard error, races being independent; null for a single race", null=True)
    difference = number("Ours less theirs on the same starts", null=True)
    difference_se = number("Standard error of the difference, by race", null=True)
    difference_t = number("Difference over its standard error", null=True)


TABLES: tuple[type[Table], ...] = (FinishTimeForecasts, ForecastLog, ForecastScorecard)
