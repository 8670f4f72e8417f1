"""What must hold of the tables before a model may use them, as findings that people can read.

Every check looks at what lies in the lake, not at what was just computed: a table that was damaged or
written by other code is found out too.
"""

from __future__ import annotations

import polars as pl

from formguide.findings import SHOWN, Finding, as_markdown, fits

__all__ = [
    "Finding",
    "as_markdown",
    "complete_fields",
    "fits",
    "one_car_per_position",
    "probabilities",
    "sources_agree",
    "wet_rule",
]

_PLACES = ("position", "finish_order")


def one_car_per_position(results: pl.DataFrame) -> Finding:
    """No race has two cars in one position, nor one car in two."""
    keys = [
        results.group_by("race_id", column)
        .agg(cars=pl.len())
        .with_columns(place=pl.col(column).cast(pl.String))
        for column in _PLACES
    ]
    taken = pl.concat([k.filter(pl.col(c).is_not_null()).drop(c) for k, c in zip(keys, _PLACES, strict=True)])
    wrong = taken.filter(pl.col("cars") > 1).unique().sort("race_id", "place")
    races = results["race_id"].n_unique()
    said = f"{races} races, {wrong['race_id'].n_unique()} with two cars in one position"
    return Finding(wrong.is_empty(), said, wrong.height, wrong.head(SHOWN))


def complete_fields(results: pl.DataFrame, least: int = 16, most: int = 26) -> Finding:
    """Every race has a plausible number of cars and no gap in its classification."""
    races = results.group_by("race_id").agg(
        cars=pl.len(), classified=pl.col("position").count(), last=pl.col("position").max().fill_null(0)
    )
    gap = pl.col("classified") != pl.col("last")
    wrong = races.filter(gap | ~pl.col("cars").is_between(least, most)).sort("race_id")
    said = f"{races.height} races, {wrong.height} with a gap or not {least} to {most} cars"
    return Finding(wrong.is_empty(), said, wrong.height, wrong.head(SHOWN))


def wet_rule(conditions: pl.DataFrame, at_least: float = 0.9) -> Finding:
    """The rule that infers wet races agrees with the list of known ones, where the list speaks."""
    listed = conditions.filter(pl.col("wet_listed").is_not_null())
    wrong = listed.filter((pl.col("wet_score") > 0) != pl.col("wet_listed")).sort("race_id")
    agreement = 1 - wrong.height / listed.height if listed.height else 1.0
    said = f"the rule agrees with the list on {listed.height - wrong.height} of {listed.height} races"
    rows = wrong.select("race_id", "wet_score", "wet_listed").head(SHOWN)
    return Finding(agreement >= at_least, said, wrong.height, rows)


def sources_agree(disagreements: pl.DataFrame) -> Finding:
    """The sources say the same of the races they share; what they say differently is counted and shown."""
    fields = disagreements.group_by("table", "field", "source_a", "source_b").agg(
        count=pl.len(), races=pl.col("race_id").n_unique(), example=pl.col("race_id").sort().first()
    )
    fields = fields.sort("count", "table", "field", descending=[True, False, False])
    said = f"{disagreements.height} values differ, in {disagreements['race_id'].n_unique()} races"
    return Finding(disagreements.is_empty(), said, disagreements.height, fields.head(SHOWN))


def probabilities(forecasts: pl.DataFrame, tolerance: float = 1e-6) -> Finding:
    """Each driver's chances of a place add up to one, and so do each place's over the drivers."""
    race = ["race_id", "moment", "scenario", "model"]
    rows = forecasts.with_columns(total=pl.col("position_probs").list.sum())
    sums = rows.group_by(race).agg(
        worst=(pl.col("total") - 1).abs().max(), p_win=pl.col("p_win").sum(), drivers=pl.len()
    )
    wrong = sums.filter((pl.col("worst") > tolerance) | ((pl.col("p_win") - 1).abs() > 100 * tolerance)).sort(
        race
    )
    said = f"{sums.height} forecasts, {wrong.height} whose chances do not add up to one"
    return Finding(wrong.is_empty(), said, wrong.height, wrong.head(SHOWN))
