"""The warehouse: everything in the lake as one DuckDB file, made again when anything in it changed."""

import dagster as dg

from assets import (
    baseball,
    baseball_backtest,
    baseball_day,
    formula1,
    heartrate,
    heartrate_look,
    heartrate_models,
    track,
    track_models,
    triathlon,
    triathlon_forecasts,
)
from assets.partitions import FOLLOWS
from formguide import alerts
from formguide import warehouse as duckdb_file
from formguide.findings import as_markdown
from formguide.lake import Lake
from formguide.schema import Table

TABLES: dict[tuple[str, str], type[Table] | None] = {
    (alerts.RunFailures.sport, alerts.RunFailures.name): alerts.RunFailures,
    **formula1.TABLES,
    **baseball.TABLES,
    **baseball_backtest.TABLES,
    **baseball_day.TABLES,
    **track.TABLES,
    **track_models.TABLES,
    **triathlon.TABLES,
    **triathlon_forecasts.TABLES,
    **heartrate.TABLES,
    **heartrate_models.TABLES,
}
"""Every table that the warehouse holds, with its declaration."""


@dg.asset(
    deps=[
        *formula1.ALL,
        *baseball.ASSETS,
        *baseball_backtest.ASSETS,
        *baseball_day.ASSETS,
        *track.ASSETS,
        *track_models.ASSETS,
        *triathlon.ASSETS,
        *triathlon_forecasts.ASSETS,
        *heartrate.ASSETS,
        *heartrate_look.ASSETS,
        *heartrate_models.ASSETS,
    ],
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
