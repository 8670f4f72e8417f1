"""The warehouse: everything in the lake as one DuckDB file, made again when anything in it changed."""

import dagster as dg

from assets import formula1
from assets.partitions import FOLLOWS
from formguide import alerts
from formguide import warehouse as duckdb_file
from formguide.findings import as_markdown
from formguide.formula1 import arrivals, forecast_tables, incremental, issuing, tables
from formguide.lake import Lake
from formguide.schema import Table

DECLARED: list[type[Table]] = [
    alerts.RunFailures,
    arrivals.SourceFiles,
    *tables.TABLES.values(),
    *forecast_tables.TABLES.values(),
]
TABLES: dict[tuple[str, str], type[Table] | None] = {
    **{(table.sport, table.name): table for table in DECLARED},
    (arrivals.SPORT, incremental.DISAGREEMENTS): None,
    (arrivals.SPORT, issuing.ML_FORECASTS): forecast_tables.RaceForecasts,
}
"""Every table that the warehouse holds, with its declaration."""


@dg.asset(
    deps=formula1.ALL,
    group_name="warehouse",
    kinds={"duckdb"},
    code_version="1",
    automation_condition=FOLLOWS,
    pool="warehouse",
    description="The lake as one DuckDB file, a schema per sport and a table per asset.",
)
def warehouse(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> dg.MaterializeResult[None]:
    swept = lake.sweep()
    file = duckdb_file.build(lake, TABLES)
    contents = duckdb_file.query(
        lake, "SELECT sport, asset, sum(rows) AS rows FROM contents GROUP BY ALL ORDER BY ALL"
    )
    return dg.MaterializeResult(
        metadata={
            "file": dg.MetadataValue.path(str(file)),
            "tables": contents.height,
            "rows": int(contents["rows"].sum()),
            "superseded_files_removed": len(swept),
            "contents": dg.MetadataValue.md(as_markdown(contents)),
        }
    )


WAREHOUSE = dg.AssetSelection.assets(warehouse)
