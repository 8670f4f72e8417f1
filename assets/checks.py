"""Asset checks: the library's findings as Dagster's check results, the same way in every sport."""

from collections.abc import Callable, Iterable
from typing import Any

import dagster as dg
import polars as pl

from formguide import findings
from formguide.findings import Finding
from formguide.lake import Lake
from formguide.schema import Table


def key(sport: str, name: str) -> dg.AssetKey:
    """The asset key of one of a sport's tables."""
    return dg.AssetKey([sport, name])


def spec(
    name: str, asset: dg.AssetKey, check: Callable[..., Finding], blocking: bool = False
) -> dg.AssetCheckSpec:
    """A check of an asset, described as the library describes it. Blocking: what comes after waits for it."""
    return dg.AssetCheckSpec(name, asset=asset, blocking=blocking, description=check.__doc__)


def fits(*tables: type[Table]) -> list[dg.AssetCheckSpec]:
    """The check that each table fits its declaration. Blocking: no model is fed with a table that does
    not."""
    return [
        spec("fits_declaration", key(table.sport, table.name), findings.fits, blocking=True)
        for table in tables
    ]


def table_fits(
    lake: Lake, table: type[Table], partitions: Iterable[int | str] | None
) -> list[dg.AssetCheckResult]:
    """Whether what lies in the lake of some partitions (None: of all) fits the table's declaration."""
    finding = findings.fits(read(lake, table.sport, table.name, partitions), table)
    return [result("fits_declaration", key(table.sport, table.name), finding)]


def read(lake: Lake, sport: str, asset: str, partitions: Iterable[int | str] | None) -> pl.DataFrame:
    """An asset's rows of some partitions (None: of all), as they lie in the lake, whatever their columns."""
    return lake.read_table(sport, asset, None if partitions is None else [str(part) for part in partitions])


def result(name: str, asset: dg.AssetKey, finding: Finding, warn: bool = False) -> dg.AssetCheckResult:
    """A finding as a check result; one that only warns does not stop what comes after it."""
    metadata: dict[str, dg.MetadataValue[Any]] = {"count": dg.MetadataValue.int(finding.count)}
    if not finding.rows.is_empty():
        metadata["rows"] = dg.MetadataValue.md(findings.as_markdown(finding.rows))
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=finding.passed,
        severity=dg.AssetCheckSeverity.WARN if warn else dg.AssetCheckSeverity.ERROR,
        description=finding.said,
        metadata=metadata,
    )
