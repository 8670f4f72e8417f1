"""What the UI shows of a heart-rate asset beside its numbers: pictures and tables to look at."""

from typing import Any

import dagster as dg
import polars as pl

from formguide.findings import as_markdown, as_markdown_image
from formguide.heartrate import cleaning, network_issuing, pictures, shown
from formguide.heartrate import exploration as looking
from formguide.heartrate.forecast_tables import AS_RECORDED, SPEED_RUN, ForecastScorecard
from formguide.heartrate.tables import SPORT, QualityFindings
from formguide.lake import Lake

HEADLINE = ("mae_bpm", "rmse_bpm", "coverage_80")


def forecasts(lake: Lake) -> dict[str, Any]:
    """The last run that was forecast, with what was measured."""
    last = shown.of_lake(lake, last=1, forecast_only=True)
    if not last:
        return {}
    png = pictures.forecast(last[0])
    return {"last_run": dg.MetadataValue.md(as_markdown_image(png, last[0].title))}


def findings(lake: Lake) -> dict[str, Any]:
    """What each rule of cleaning found, over all months, with an example."""
    found = lake.read_table(SPORT, QualityFindings.name, None, QualityFindings)
    if found.is_empty():
        return {}
    return {"rules": dg.MetadataValue.md(as_markdown(cleaning.by_rule(found)))}


def exploration(lake: Lake) -> dict[str, Any]:
    """Where the pages are, and the correlations."""
    files = {file.name.split("-")[0]: file for file in lake.data_files(SPORT, looking.NAME)}
    png = lake.read_bytes(SPORT, looking.NAME, None)[looking.PICTURE]
    return {
        "gallery": dg.MetadataValue.path(str(files["gallery"])),
        "quality_report": dg.MetadataValue.path(str(files["quality"])),
        "correlations": dg.MetadataValue.md(as_markdown_image(png, "Correlations of the features")),
    }


def network(lake: Lake) -> dict[str, Any]:
    """How its training went."""
    manifest = lake.manifest(SPORT, network_issuing.MODEL, None)
    losses = manifest.extra.get("losses") if manifest else None
    if not losses:
        return {}
    names = {"epoch": pl.Int64, "training": pl.Float64, "validation": pl.Float64}
    curves = pl.DataFrame([(n, *pair) for n, pair in enumerate(losses)], schema=names, orient="row")
    return {"losses": dg.MetadataValue.md(as_markdown_image(pictures.losses(curves), "Losses by epoch"))}


def scorecard(lake: Lake) -> dict[str, Any]:
    """The headline scores, ours and every baseline's, and the error by minute."""
    card = lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    if card.is_empty():
        return {}
    headline = (
        (card["given"] == SPEED_RUN) & (card["scored"] == AS_RECORDED) & (card["task"] == card["task"][0])
    )
    png = pictures.error_by_minute(card.filter(headline & (card["training"] == card["training"][0])))
    minutes = dg.MetadataValue.md(as_markdown_image(png, "Error by minute"))
    rows = card.filter((card["by"] == "all") & card["metric"].is_in(HEADLINE)).drop(
        "is_sample", "by", "group"
    )
    return {"scores": dg.MetadataValue.md(as_markdown(rows)), "error_by_minute": minutes}
