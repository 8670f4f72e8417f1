"""What the UI shows of a heart-rate asset beside its numbers: pictures and tables to look at."""

from typing import Any

import dagster as dg

from formguide.findings import as_markdown, as_markdown_image
from formguide.heartrate import pictures, shown
from formguide.heartrate.forecast_tables import ForecastScorecard
from formguide.heartrate.tables import SPORT
from formguide.lake import Lake

HEADLINE = ("mae_bpm", "rmse_bpm", "coverage_80")


def forecasts(lake: Lake) -> dict[str, Any]:
    """The last run that was forecast, with what was measured."""
    last = shown.of_lake(lake, last=1, forecast_only=True)
    if not last:
        return {}
    png = pictures.forecast(last[0])
    return {"last_run": dg.MetadataValue.md(as_markdown_image(png, last[0].title))}


def scorecard(lake: Lake) -> dict[str, Any]:
    """The headline scores, ours and every baseline's."""
    card = lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    rows = card.filter((card["by"] == "all") & card["metric"].is_in(HEADLINE)).drop(
        "is_sample", "by", "group"
    )
    return {} if rows.is_empty() else {"scores": dg.MetadataValue.md(as_markdown(rows))}
