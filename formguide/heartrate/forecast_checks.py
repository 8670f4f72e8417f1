"""What must hold of the forecasts of heart rate."""

from __future__ import annotations

import polars as pl

from formguide.findings import Finding

SHOWN = 10


def intervals_in_order(forecasts: pl.DataFrame) -> Finding:
    """Every forecast's quantiles do not cross, and a workout's own distance never falls."""
    crossed = ~((pl.col("p10_bpm") <= pl.col("p50_bpm")) & (pl.col("p50_bpm") <= pl.col("p90_bpm")))
    back = pl.col("distance_m").diff().over("workout_id", "given", order_by="t_sec") < 0
    bad = forecasts.filter(crossed.fill_null(True) | back.fill_null(False))
    said = f"{forecasts.height} rows of {forecasts['workout_id'].n_unique()} runs"
    return Finding(bad.is_empty(), said, bad.height, bad.head(SHOWN))
