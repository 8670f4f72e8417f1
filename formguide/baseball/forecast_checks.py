"""What must hold of a forecast before anybody picks by it, as findings that people can read."""

from __future__ import annotations

import polars as pl

from formguide.findings import SHOWN, Finding

MOST_PLATE_APPEARANCES = 8.0
"""No batter is expected to come up so often."""
QUANTILES_FROM = 20
"""From so many seeds on the interval leaves the most extreme of them out."""


def probabilities(forecasts: pl.DataFrame) -> Finding:
    """Chances lie between 0 and 1, a game's is at least a plate appearance's where two are expected, the
    interval holds its mean, and nobody is expected to bat more often than anybody ever does."""
    p, pa = pl.col("p_game_hit"), pl.col("p_hit_pa")
    tolerance = 1e-9
    inside = p.is_between(pl.col("p_game_hit_low") - tolerance, pl.col("p_game_hit_high") + tolerance)
    right = (
        pl.all_horizontal(
            pl.col(name).is_between(0, 1) for name in ("p_game_hit", "p_hit_pa") if name in forecasts.columns
        )
        & ((p >= pa - tolerance) | (pl.col("expected_pa") < 2))
        & (pl.col("p_game_hit_low") <= pl.col("p_game_hit_high"))
        & (inside | (pl.col("seeds") >= QUANTILES_FROM))
        & pl.col("expected_pa").is_between(0, MOST_PLATE_APPEARANCES)
    )
    wrong = forecasts.filter(~right.fill_null(False))
    shown = ["game_date", "game_pk", "batter_id", "expected_pa", "p_hit_pa", "p_game_hit_low", "p_game_hit"]
    said = f"{forecasts.height} forecasts, {wrong.height} that cannot be"
    rows = wrong.select(*shown, "p_game_hit_high").head(SHOWN)
    return Finding(wrong.is_empty(), said, wrong.height, rows)
