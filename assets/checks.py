"""Asset checks: the library's findings as Dagster's check results."""

from collections.abc import Sequence

import dagster as dg
import polars as pl

from formguide.formula1 import checks
from formguide.formula1.arrivals import SPORT
from formguide.lake import Lake
from formguide.schema import Table


def key(name: str) -> dg.AssetKey:
    """The asset key of a Formula 1 table."""
    return dg.AssetKey([SPORT, name])


def specs(*tables: type[Table]) -> list[dg.AssetCheckSpec]:
    """The check that each table fits its declaration. Blocking: no model is fed with a table that does not."""
    return [
        dg.AssetCheckSpec("fits_declaration", asset=key(table.name), blocking=True, description=checks.fits.__doc__)
        for table in tables
    ]


RESULT_CHECKS = [
    dg.AssetCheckSpec(
        "one_car_per_position", asset=key("race_results"), blocking=True, description=checks.classification.__doc__
    ),
    dg.AssetCheckSpec("full_fields", asset=key("race_results"), description=checks.full_fields.__doc__),
]
WET_RULE = dg.AssetCheckSpec("wet_rule_agrees", asset=key("race_conditions"), description=checks.wet_rule.__doc__)


def of_table(lake: Lake, table: type[Table], seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """Whether what lies in the lake fits the table's declaration."""
    return [result("fits_declaration", table.name, checks.fits(read(lake, table, seasons), table))]


def of_results(lake: Lake, table: type[Table], seasons: Sequence[int]) -> list[dg.AssetCheckResult]:
    """The checks of race results; none of another table."""
    if table.name != "race_results":
        return []
    frame = read(lake, table, seasons)
    return [
        result("one_car_per_position", table.name, checks.classification(frame)),
        result("full_fields", table.name, checks.full_fields(frame), warn=True),
    ]


def read(lake: Lake, table: type[Table], seasons: Sequence[int]) -> pl.DataFrame:
    """A table's rows of some seasons, as they lie in the lake, whatever their columns."""
    keys = [str(s) for s in seasons if lake.manifest(SPORT, table.name, str(s))]
    return lake.read_table(SPORT, table.name, keys) if keys else lake.read_table(SPORT, table.name, [], table)


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
