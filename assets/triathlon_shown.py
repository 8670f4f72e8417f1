"""What the UI shows of a triathlon asset beside its numbers: pictures and tables to look at."""

from typing import Any

import dagster as dg
import polars as pl

from formguide.findings import as_markdown, as_markdown_image
from formguide.lake import Lake
from formguide.triathlon import pictures
from formguide.triathlon.forecast_tables import ForecastScorecard
from formguide.triathlon.tables import SPORT

HEADLINE = ("mae_min", "r2", "crps_min", "coverage_90")


def posterior(lake: Lake, distance: str) -> dict[str, Any]:
    """Effects with intervals, and the posterior predictive check."""
    return {
        **_picture("effects", pictures.effects_png(lake, distance), f"Effects, {distance}"),
        **_picture("predictive_check", pictures.predictive_check_png(lake, distance), f"Fit, {distance}"),
    }


def scorecard(lake: Lake) -> dict[str, Any]:
    """The headline scores, ours and every baseline's, and the calibration."""
    card = lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    rows = card.filter((pl.col("by") == "all") & pl.col("metric").is_in(HEADLINE))
    shown = rows.drop("is_sample", "by")
    table = {"scores": dg.MetadataValue.md(as_markdown(shown))} if not shown.is_empty() else {}
    return {**table, **_picture("calibration", pictures.calibration_png(lake), "Calibration")}


def _picture(name: str, png: bytes | None, title: str) -> dict[str, Any]:
    return {} if png is None else {name: dg.MetadataValue.md(as_markdown_image(png, title))}
