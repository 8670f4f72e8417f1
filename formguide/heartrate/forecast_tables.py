"""The tables of heart-rate forecasts: the curve of each run, what was issued, and what it was worth."""

from __future__ import annotations

from typing import ClassVar

import dataframely as dy

from formguide.columns import flag, moment, number, text, whole
from formguide.heartrate.tables import SPORT
from formguide.schema import Table

STEP_SEC = 5
"""Curves are kept at every fifth second."""

SPEED_RUN, ROUTE_ONLY = "speed that was run", "route only"
GIVEN = (SPEED_RUN, ROUTE_ONLY)
"""What a forecast was given beside the past: the run's speed and altitude by the second (as if known), or
only the altitude by distance of its route, with the pace planned from the past (as projected). What is
planned is scored at the place reached: its curve is read where the plan has come as far as the runner had."""

AS_RECORDED, CORRECTED = "as recorded", "corrected"
HEART_RATES = (AS_RECORDED, CORRECTED)
"""Which heart rate the training rows had, or is scored: the record's, or that with offsets and lags
corrected. What is found of a run is found in its own heart rate: a score against corrected ones is
hindsight."""

LAST_BLOCK, WALK_FORWARD, HELD_OUT_USERS = "last block", "walk forward", "held-out users"
TASKS = (LAST_BLOCK, WALK_FORWARD, HELD_OUT_USERS)

METRICS = ("mae_bpm", "rmse_bpm", "bias_bpm", "coverage_80", "width_80_bpm")


def _bpm(doc: str) -> dy.Float64:
    return number(f"{doc}, beats a minute", least=0)


def _given(key: bool = True) -> dy.Enum:
    doc = (
        "speed that was run: its speed and altitude by the second, as if known; route only: altitude by "
        "distance, with the pace planned from the past, and scored at the place that was reached"
    )
    return dy.Enum(list(GIVEN), primary_key=key, nullable=False, metadata={"doc": doc})


def _heart_rates(doc: str) -> dy.Enum:
    return dy.Enum(list(HEART_RATES), primary_key=True, nullable=False, metadata={"doc": doc})


def _task() -> dy.Enum:
    doc = (
        "last block: the last 30 % of each user's runs, by what had ended before the first of them; walk "
        "forward: every run from the tenth, by what had ended when it began; both of users with ten runs or "
        "more, seven of which could be learnt from before; held-out users: users that the model has not seen"
    )
    return dy.Enum(list(TASKS), primary_key=True, nullable=False, metadata={"doc": doc})


class HeartRateForecasts(Table):
    """The heart rate of every run as it would have been forecast at its start."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "heart_rate_forecasts"
    description: ClassVar[str] = (
        "Heart rate of every run, every five seconds, from what was known when it began: once given the "
        "speed that was run, once given the route alone."
    )

    workout_id = text("The workout", key=True)
    given = _given()
    t_sec = whole("Seconds since its start; of the plan, where the pace was planned", key=True)
    month = whole("Month in which the workout began, as 202103", least=190001, most=999912)
    user_id = text("Whose workout it was")
    as_of = moment("The forecast knows workouts that had ended before, UTC, and nothing else of heart rate")
    earlier_workouts = whole("Runs of the user that it learnt from")
    model = text("What forecast it")
    distance_m = number("Metres since the start by then", least=0)
    p10_bpm = _bpm("Heart rate that is undercut in one second of ten")
    p50_bpm = _bpm("The forecast: as often above as below")
    p90_bpm = _bpm("Heart rate that is exceeded in one second of ten")


class ForecastLog(HeartRateForecasts):
    """What was issued, as it was issued; rows are only ever added."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "forecast_log"
    description: ClassVar[str] = (
        "Every forecast as it was issued, with when and from what; nothing in it is ever changed."
    )

    made_at = moment("When it was made (UTC)", key=True)
    code_version = text("Version of the code that made it")
    data_version = text("Fingerprint of what it was made from")
    seed = whole("Seed of the model")


class BacktestScores(Table):
    """Errors of every forecast of the backtest, minute by minute: what the scorecard is summed from."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "backtest_scores"
    description: ClassVar[str] = (
        "How far each model was off in each minute of each workout of the backtest; the seconds without a "
        "measured heart rate are not counted."
    )

    task = _task()
    population = text("Whose workouts: real, or generated", key=True)
    given = _given()
    training = _heart_rates("Heart rate of the workouts that it learnt from")
    scored = _heart_rates("Heart rate that it is scored against")
    model = text("formguide, or a baseline", key=True)
    workout_id = text("The workout", key=True)
    minute = whole("Minute of the workout, from 0", key=True)
    user_id = text("Whose workout it was")
    kind = text("recovery, steady or intensive, by pace and duration against the user's past, or unknown")
    kind_by_heart_rate = text("The same by the heart rate that came: hindsight, for a labelled breakdown")
    earlier_workouts = whole("Earlier runs of the user that could be learnt from")
    seconds = whole("Seconds scored", least=1)
    error_sum_bpm = number("Sum of forecast less measured")
    absolute_error_sum_bpm = number("Sum of the same without its sign", least=0)
    squared_error_sum = number("Sum of its squares, (beats a minute)²", least=0)
    inside = whole("Seconds in which the measured heart rate lay in the interval from 10 % to 90 %")
    width_sum_bpm = number("Sum of the interval's widths", least=0)


class HeldOutScores(BacktestScores):
    """The same of users whom no model had seen."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "held_out_scores"
    description: ClassVar[str] = (
        "Errors of networks and baselines on users that they have not seen, minute by minute; the seconds "
        "without a measured heart rate are not counted."
    )


class ForecastScorecard(Table):
    """Forecasts against what happened, baselines on the same workouts."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "forecast_scorecard"
    description: ClassVar[str] = (
        "Heart-rate forecasts scored, with the baselines on the same workouts; standard errors and paired "
        "differences (ridge less the model's: above 0 where the model is better) by workout, or by user "
        "where there are at least eight."
    )

    task = _task()
    population = text("Whose workouts: real, or generated", key=True)
    given = _given()
    training = _heart_rates("Heart rate of the workouts that it learnt from")
    scored = _heart_rates("Heart rate that it is scored against; the headline is as recorded")
    model = text("formguide, or a baseline", key=True)
    by = text("all, kind, kind by heart rate (hindsight), minute, earlier workouts, user", key=True)
    group = text("Which of them", key=True)
    metric = dy.Enum(
        list(METRICS),
        primary_key=True,
        nullable=False,
        metadata={"doc": "Of each workout first, then the mean over workouts"},
    )
    is_sample = flag("Made from the sample league, says nothing about real runners")
    n_workouts = whole("Workouts scored", least=1)
    n_users = whole("Users among them", least=1)
    n_seconds = whole("Seconds scored", least=1)
    value = number("The metric", null=True)
    standard_error = number("Its standard error, by workout or user", null=True, least=0)
    difference = number("Ridge's value less this model's on the same workouts", null=True)
    difference_se = number("Standard error of the difference, by workout or user", null=True, least=0)
    difference_t = number("Difference over its standard error", null=True)


TABLES: tuple[type[Table], ...] = (
    HeartRateForecasts,
    ForecastLog,
    BacktestScores,
    HeldOutScores,
    ForecastScorecard,
)
