"""What cannot be: times no human swims, rides or runs, parts that are more than their total, the same start
twice.

A row that cannot be keeps its place in the table and its values, says why, and no model learns from it. The
bounds of the total are those of the reference system (one hour, 17 hours); those of the legs are faster
than any that was ever raced.
"""

from __future__ import annotations

import polars as pl

from formguide.triathlon.tables import FINISHED, FULL, HALF, LEGS, SPLITS

TOTAL_ABOVE_SEC, TOTAL_BELOW_SEC = 3600, 61200
"""The totals that the reference system takes, in seconds, both ends left out."""

FASTEST_SEC = {
    HALF: {"total": 11700, "swim": 1230, "bike": 6200, "run": 3700},
    FULL: {"total": 25200, "swim": 2460, "bike": 12800, "run": 8400},
}
"""Seconds that nobody has beaten over a distance held in full: 70.3 in 3:15, 140.6 in 7:00 and the legs
alike."""

ADDS_UP_WITHIN = 0.02
"""By what share of the total its five parts may differ from it: pages round, and chips miss a mat."""


def parts_fit() -> pl.Expr:
    """Whether a row's parts are no more than its total, give or take `ADDS_UP_WITHIN`."""
    return pl.sum_horizontal(SPLITS) <= pl.col("total_sec") * (1 + ADDS_UP_WITHIN)


def with_reasons(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame (with `shortened_legs`) with `implausible`, `implausible_reason`, `total_holds` and
    `splits_hold`: where the parts are wrong (clock times for legs, as some pages have them), the total may
    still be right."""
    of_row, of_splits = _row_rules(), _split_rules()
    frame = frame.with_columns(_said(of_row).alias("_row"), _said(of_splits).alias("_splits"))
    return frame.with_columns(
        pl.concat_str("_row", "_splits", separator="; ", ignore_nulls=True)
        .replace("", None)
        .alias("implausible_reason"),
        (pl.col("_row").is_not_null() | pl.col("_splits").is_not_null()).alias("implausible"),
        pl.col("_row").is_null().alias("total_holds"),
        pl.col("_splits").is_null().alias("splits_hold"),
    ).drop("_row", "_splits")


def _said(rules: list[tuple[pl.Expr, pl.Expr]]) -> pl.Expr:
    """The reasons of the rules that are broken, joined; null where none is."""
    each = [pl.when(wrong).then(reason) for wrong, reason in rules]
    return pl.concat_str(each, separator="; ", ignore_nulls=True).replace("", None)


def _row_rules() -> list[tuple[pl.Expr, pl.Expr]]:
    """What makes a row useless: its total, its athlete."""
    total = pl.col("total_sec")
    finished = pl.col("status") == FINISHED
    whole = pl.col("shortened_legs").is_null()
    again = pl.int_range(pl.len()).over("race_id", "athlete_id", "status") > 0
    # Nobody finishes twice on a day: of two totals under one id nobody can say whose either is.
    day = pl.coalesce(pl.col("race_on").cast(pl.String), "race_id")
    contradicted = total.filter(finished).n_unique().over(day, "athlete_id") > 1
    division = pl.col("division").str.to_uppercase()
    return [
        (finished & total.is_null(), pl.lit("finished without a total")),
        (
            finished & ((total <= TOTAL_ABOVE_SEC) | (total >= TOTAL_BELOW_SEC)),
            pl.format("total of {} s is not between 1 h and 17 h", total),
        ),
        (
            finished & whole & (total < _fastest("total")) & (total > TOTAL_ABOVE_SEC),
            pl.format("total of {} s is faster than anybody's", total),
        ),
        (finished & again, pl.lit("the same finish stands in the race before it")),
        (finished & contradicted, pl.lit("the athlete has finishes of that day with other totals")),
        (
            division.str.contains(r"^[MF]\s*\d") & (division.str.head(1) != pl.col("gender").cast(pl.String)),
            pl.lit("gender is not the division's"),
        ),
    ]


def _split_rules() -> list[tuple[pl.Expr, pl.Expr]]:
    """What makes a row's legs useless."""
    rules = []
    for leg in LEGS:
        split = pl.col(f"{leg}_sec")
        short = pl.col("shortened_legs").fill_null("").str.contains(leg)
        reason = pl.format(f"{leg} of {{}} s is faster than anybody's", split)
        rules.append((~short & (split < _fastest(leg)), reason))
    parts, total = pl.sum_horizontal(SPLITS), pl.col("total_sec")
    complete = pl.all_horizontal(pl.col(SPLITS).is_not_null())
    falls_short = complete & (parts < total * (1 - ADDS_UP_WITHIN))
    return [
        *rules,
        (~parts_fit(), pl.format("parts of {} s are more than the total", parts)),
        (falls_short, pl.format("parts of {} s are less than the total", parts)),
    ]


def _fastest(leg: str) -> pl.Expr:
    said = {distance: bounds[leg] for distance, bounds in FASTEST_SEC.items()}
    return pl.col("distance").cast(pl.String).replace_strict(said, default=None, return_dtype=pl.Int32)
