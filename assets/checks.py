"""Asset checks: the library's findings as Dagster's check results."""

from collections.abc import Sequence

import dagster as dg
import polars as pl

from formguide.formula1 import checks
from formguide.formula1.arrivals import SPORT
from formguide.formula1.forecast_tables import RaceForecasts
from formguide.formula1.incremental import DISAGREEMENTS
from formguide.formula1.tables import TABLES, RaceConditions
from formguide.lake import Lake
from formguide.schema import Table


def key(name: str) -> dg.AssetKey:
    """The asset key of a Formula 1 table."""
    return dg.AssetKey([SPORT, name])


def fits(*tables: type[Table]) -> list[dg.AssetCheckSpec]:
    """The check that each table fits its declaration. Blocking: no model is fed with a table that does
    not."""
    return [
        dg.AssetCheckSpec(
            "fits_declaration", asset=key(table.name), blocking=True, description=checks.fits.__doc__
        )
        for table in tables
    ]


RESULTS = [
    dg.AssetCheckSpec(
        "one_car_per_position",
        asset=key("race_results"),
        blocking=True,
        description=checks.one_car_per_position.__doc__,
    ),
    dg.AssetCheckSpec(
        "complete_fields", asset=key("race_results"), description=checks.complete_fields.__doc__
    ),
    dg.AssetCheckSpec("sources_agree", asset=key(DISAGREEMENTS), description=checks.sources_agree.__doc__),
]
WET_RULE = dg.AssetCheckSpec(
    "wet_rule_agrees", asset=key("race_conditions"), description=checks.wet_rule.__doc__
)
PROBABILITIES = dg.AssetCheckSpec(
    "probabilities_add_up",
    asset=key("race_forecasts"),
    blocking=True,
    description=checks.probabilities.__doc__,
)


def table_fits(lake: Lake, table: type[Table], seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """Whether what lies in the lake fits the table's declaration."""
    return [result("fits_declaration", table.name, checks.fits(read(lake, table.name, seasons), table))]


def of_results(lake: Lake, asset: str, seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of one of the assets that the sources are read into."""
    frame = read(lake, asset, seasons)
    if asset == DISAGREEMENTS:
        return [result("sources_agree", asset, checks.sources_agree(frame), warn=True)]
    found = table_fits(lake, TABLES[asset], seasons)
    if asset == "race_results":
        found.append(result("one_car_per_position", asset, checks.one_car_per_position(frame)))
        found.append(result("complete_fields", asset, checks.complete_fields(frame), warn=True))
    return found


def of_conditions(lake: Lake, seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of the inferred race conditions."""
    rule = checks.wet_rule(read(lake, RaceConditions.name, seasons))
    return [
        *table_fits(lake, RaceConditions, seasons),
        result("wet_rule_agrees", RaceConditions.name, rule, warn=True),
    ]


def of_forecasts(lake: Lake, seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of the race forecasts."""
    sums = checks.probabilities(read(lake, RaceForecasts.name, seasons))
    return [
        *table_fits(lake, RaceForecasts, seasons),
        result("probabilities_add_up", RaceForecasts.name, sums),
    ]


def read(lake: Lake, asset: str, seasons: Sequence[int]) -> pl.DataFrame:
    """An asset's rows of some seasons, as they lie in the lake, whatever their columns."""
    return lake.read_table(SPORT, asset, [str(season) for season in seasons])


def result(name: str, asset: str, finding: checks.Finding, warn: bool = False) -> dg.AssetCheckResult:
    """A finding as a check result; one that only warns does not stop what comes after it."""
    metadata: dict[str, dg.MetadataValue] = {"count": dg.MetadataValue.int(finding.count)}
    if not finding.rows.is_empty():
        metadata["rows"] = dg.MetadataValue.md(checks.as_markdown(finding.rows))
    return dg.AssetCheckResult(
        asset_key=key(asset),
        check_name=name,
        passed=finding.passed,
        severity=dg.AssetCheckSeverity.WARN if warn else dg.AssetCheckSeverity.ERROR,
        description=finding.said,
        metadata=metadata,
    )
