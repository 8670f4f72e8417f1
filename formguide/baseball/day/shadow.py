"""The shadow model: picks beside the real ones, locked at the same time, never published, reported on.

It is asked once the first real pick is locked, over the games that have not begun by then, and plays a streak
of its own by the same rules, so that after some weeks one can see whether it should take over.
"""

from __future__ import annotations

import math

import polars as pl

from formguide.baseball.day import ledger, look
from formguide.baseball.day.decide import lock_all
from formguide.baseball.day.deps import Day, note
from formguide.baseball.day.plan import Step
from formguide.baseball.day.tables import REAL, SHADOW, PickResults, Picks, ShadowReport
from formguide.lake import Lake
from formguide.schema import dtypes


def shadow_picks(day: Day, step: Step) -> str:
    """Has the shadow model forecast and pick, and leaves a check's row."""
    look.forecast(day, step.game_date, SHADOW)
    with ledger.writing(day.lake, str(step.game_date)):
        chosen = lock_all(day, step.game_date, SHADOW, day.clock())
    names = [row["batter"] for row in (chosen.first, chosen.second) if row is not None]
    return note(day, step, f"the shadow's pick: {' and '.join(names) or 'none'}; {chosen.advice.why}")


def shadow_report(lake: Lake) -> pl.DataFrame:
    """Both models' first picks on the days on which both have a result, and how they differ (ShadowReport).

    The standard error of the difference is that of the paired daily differences.
    """
    picks, results = ledger.read(lake, Picks), ledger.read(lake, PickResults)
    key = ["game_date", "model", "rank"]
    known = picks.join(results.select(*key, "result"), on=key, how="inner").filter(
        (pl.col("rank") == 1) & pl.col("result").is_in(["hit", "miss"])
    )
    known = known.with_columns(hit=(pl.col("result") == "hit").cast(pl.Float64))
    columns = ["game_date", "batter_id", "hit", "p_game_hit"]
    real = known.filter(pl.col("model") == REAL).select(columns)
    shadow = known.filter(pl.col("model") == SHADOW).select(columns)
    both = real.join(shadow, on="game_date", how="inner", suffix="_shadow").sort("game_date")
    same = int((both["batter_id"] == both["batter_id_shadow"]).sum())
    record = ledger.read_record(lake)
    rows = [
        _row(REAL, both["hit"], both["p_game_hit"], same, record),
        _row(SHADOW, both["hit_shadow"], both["p_game_hit_shadow"], same, record),
    ]
    difference = both["hit_shadow"] - both["hit"]
    rows.append(
        (
            "difference",
            both.height,
            same,
            float(difference.sum()),
            _mean(difference),
            _standard_error(difference),
            _mean(both["p_game_hit_shadow"] - both["p_game_hit"]),
            _mean(
                (both["p_game_hit_shadow"] - both["hit_shadow"]) ** 2
                - (both["p_game_hit"] - both["hit"]) ** 2
            ),
            None,
            None,
        )
    )
    return pl.DataFrame(rows, schema=dtypes(ShadowReport), orient="row")


def _row(model: str, hits: pl.Series, p: pl.Series, same: int, record: pl.DataFrame) -> tuple[object, ...]:
    own = record.filter(pl.col("model") == model).sort("game_date")
    last = own.row(-1, named=True) if own.height else {"streak_after": None, "best": None}
    return (
        model,
        hits.len(),
        same,
        float(hits.sum()),
        _mean(hits),
        _standard_error(hits),
        _mean(p),
        _mean((p - hits) ** 2),
        last["streak_after"],
        last["best"],
    )


def _mean(values: pl.Series) -> float | None:
    return float(values.sum()) / values.len() if values.len() else None


def _standard_error(values: pl.Series) -> float | None:
    """Of the mean; None for fewer than two days."""
    n = values.len()
    if n < 2:
        return None
    mean = float(values.sum()) / n
    return math.sqrt(float(((values - mean) ** 2).sum()) / (n - 1) / n)
