"""The checks of Formula 1's assets, beside the one that every table has."""

from collections.abc import Sequence

import dagster as dg

from assets.checks import key, read, result, spec, table_fits
from formguide.formula1 import checks
from formguide.formula1.arrivals import SPORT
from formguide.formula1.forecast_tables import RaceForecasts
from formguide.formula1.incremental import DISAGREEMENTS
from formguide.formula1.tables import TABLES, RaceConditions
from formguide.lake import Lake

RACE_RESULTS = key(SPORT, "race_results")
RACE_CONDITIONS = key(SPORT, RaceConditions.name)
RACE_FORECASTS = key(SPORT, RaceForecasts.name)

RESULTS = [
    spec("one_car_per_position", RACE_RESULTS, checks.one_car_per_position, blocking=True),
    spec("complete_fields", RACE_RESULTS, checks.complete_fields),
    spec("sources_agree", key(SPORT, DISAGREEMENTS), checks.sources_agree),
]
WET_RULE = spec("wet_rule_agrees", RACE_CONDITIONS, checks.wet_rule)
PROBABILITIES = spec("probabilities_add_up", RACE_FORECASTS, checks.probabilities, blocking=True)


def of_results(lake: Lake, asset: str, seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of one of the assets that the sources are read into."""
    frame = read(lake, SPORT, asset, seasons)
    if asset == DISAGREEMENTS:
        return [result("sources_agree", key(SPORT, asset), checks.sources_agree(frame), warn=True)]
    found = table_fits(lake, TABLES[asset], seasons)
    if asset == "race_results":
        found.append(result("one_car_per_position", RACE_RESULTS, checks.one_car_per_position(frame)))
        found.append(result("complete_fields", RACE_RESULTS, checks.complete_fields(frame), warn=True))
    return found


def of_conditions(lake: Lake, seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of the inferred race conditions."""
    rule = checks.wet_rule(read(lake, SPORT, RaceConditions.name, seasons))
    return [
        *table_fits(lake, RaceConditions, seasons),
        result("wet_rule_agrees", RACE_CONDITIONS, rule, warn=True),
    ]


def of_forecasts(lake: Lake, seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of the race forecasts."""
    sums = checks.probabilities(read(lake, SPORT, RaceForecasts.name, seasons))
    return [
        *table_fits(lake, RaceForecasts, seasons),
        result("probabilities_add_up", RACE_FORECASTS, sums),
    ]
