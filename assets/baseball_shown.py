"""What the UI shows of a baseball asset beside its numbers: tables to look at."""

from typing import Any

import dagster as dg
import polars as pl

from formguide.baseball.arrivals import SPORT
from formguide.baseball.forecast_tables import ForecastScorecard
from formguide.baseball.streak.tables import StreakBins, StreakEvaluation
from formguide.findings import as_markdown
from formguide.lake import Lake

HEADLINE = ("p_at_1", "p_at_10", "log_loss", "auc", "calibration_slope")


def scorecard(lake: Lake) -> dict[str, Any]:
    """The headline scores, all seasons together: ours and every baseline's."""
    card = lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    rows = card.filter((pl.col("span") == "all") & pl.col("metric").is_in(HEADLINE))
    return _table("scores", rows.drop("span", "is_sample"))


def streak_bins(lake: Lake) -> dict[str, Any]:
    """What kinds of days there are, and how often their picks hit."""
    bins = lake.read_table(SPORT, StreakBins.name, None, StreakBins)
    return _table("kinds_of_days", bins.drop("is_sample"))


def streak_evaluation(lake: Lake) -> dict[str, Any]:
    """The chance of a whole streak on seasons that no policy was made from."""
    rows = lake.read_table(SPORT, StreakEvaluation.name, None, StreakEvaluation)
    honest = rows.filter((pl.col("question") == "held_out") & (pl.col("span") == "all"))
    return _table("held_out", honest.select("policy", "p_goal", "p_low", "p_high", "mean_longest", "says"))


def _table(name: str, rows: pl.DataFrame) -> dict[str, Any]:
    return {name: dg.MetadataValue.md(as_markdown(rows))} if not rows.is_empty() else {}
