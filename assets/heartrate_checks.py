"""The checks of heart rate's assets, beside the one that every table has."""

from collections.abc import Sequence

import dagster as dg

from assets.checks import key, read, result, spec, table_fits
from formguide.heartrate import checks, forecast_checks
from formguide.heartrate.forecast_tables import HeartRateForecasts
from formguide.heartrate.incremental import RESULT_TABLES
from formguide.heartrate.tables import SPORT, Samples, Workouts
from formguide.lake import Lake

WORKOUTS = key(SPORT, Workouts.name)
SAMPLES = key(SPORT, Samples.name)
FORECASTS = key(SPORT, HeartRateForecasts.name)

RESULTS = [
    spec("nothing_lost", WORKOUTS, checks.nothing_lost, blocking=True),
    spec("nobody_in_two_places", WORKOUTS, checks.nobody_in_two_places),
    spec("most_are_usable", WORKOUTS, checks.most_are_usable),
    spec("samples_are_the_workouts", SAMPLES, checks.samples_are_the_workouts, blocking=True),
]


def of_results(lake: Lake, name: str, months: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of one of the tables that are made of the files."""
    (table,) = (table for table in RESULT_TABLES if table.name == name)
    found = table_fits(lake, table, months)
    workouts = read(lake, SPORT, Workouts.name, months)
    if table is Workouts:
        found += [
            result("nothing_lost", WORKOUTS, checks.nothing_lost(lake, months)),
            result("nobody_in_two_places", WORKOUTS, checks.nobody_in_two_places(workouts), warn=True),
            result("most_are_usable", WORKOUTS, checks.most_are_usable(workouts), warn=True),
        ]
    if table is Samples:
        samples = read(lake, SPORT, Samples.name, months)
        agree = checks.samples_are_the_workouts(workouts, samples)
        found.append(result("samples_are_the_workouts", SAMPLES, agree))
    return found


IN_ORDER = spec("intervals_in_order", FORECASTS, forecast_checks.intervals_in_order, blocking=True)


def of_forecasts(lake: Lake, months: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of the forecasts."""
    finding = forecast_checks.intervals_in_order(read(lake, SPORT, HeartRateForecasts.name, months))
    return [
        *table_fits(lake, HeartRateForecasts, months),
        result("intervals_in_order", FORECASTS, finding),
    ]
