"""The checks of baseball's assets, beside the one that every table has."""

from collections.abc import Sequence

import dagster as dg

from assets.checks import key, read, result, spec, table_fits
from formguide.baseball import checks, forecast_checks
from formguide.baseball.arrivals import SPORT
from formguide.baseball.forecast_tables import BacktestForecasts
from formguide.baseball.tables import SOURCE_TABLES, PlateAppearances
from formguide.lake import Lake

PLATE_APPEARANCES = key(SPORT, PlateAppearances.name)
BACKTEST = key(SPORT, BacktestForecasts.name)

RESULTS = [
    spec("no_gaps", PLATE_APPEARANCES, checks.no_gaps, blocking=True),
    spec("retrosheet_totals", PLATE_APPEARANCES, checks.season_totals),
]
PROBABILITIES = spec("probabilities_in_range", BACKTEST, forecast_checks.probabilities, blocking=True)


def of_results(lake: Lake, asset: str, seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of one of the assets that the sources are read into."""
    (table,) = [table for table in SOURCE_TABLES if table.name == asset]
    found = table_fits(lake, table, seasons)
    if asset == PlateAppearances.name:
        frame = read(lake, SPORT, asset, seasons)
        totals = checks.season_totals(lake, seasons)
        found.append(result("no_gaps", PLATE_APPEARANCES, checks.no_gaps(frame)))
        found.append(result("retrosheet_totals", PLATE_APPEARANCES, totals, warn=True))
    return found


def of_backtest(lake: Lake, seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of the walk-forward forecasts."""
    finding = forecast_checks.probabilities(read(lake, SPORT, BacktestForecasts.name, seasons))
    return [
        *table_fits(lake, BacktestForecasts, seasons),
        result("probabilities_in_range", BACKTEST, finding),
    ]
