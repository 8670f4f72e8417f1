"""The scorecard: a backtest's scores averaged over workouts, with standard errors and paired differences.

A second is no observation: the seconds of a workout share the day, the strap and the route. Every metric is
taken of each workout first; the error of the mean over workouts is that of independent workouts, or of
independent users where there are at least eight.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from formguide import schema, scoring
from formguide.heartrate.forecast_tables import METRICS, ForecastScorecard
from formguide.heartrate.ridge import RIDGE

VERSION = "1"

ALL = "all"
LEAST_USERS = 8
MINUTES = (1, 2, 3, 5, 10, 20, 40, 60)
"""Minutes are told apart up to here, in groups that grow."""
HISTORIES = (1, 3, 10, 20)
_SAME = ("task", "population", "given", "training", "scored")
_SUMS = (
    "seconds",
    "error_sum_bpm",
    "absolute_error_sum_bpm",
    "squared_error_sum",
    "inside",
    "width_sum_bpm",
)
_COMPARED = ("mae_bpm", "rmse_bpm")


def scorecard(scores: pl.DataFrame, is_sample: bool) -> pl.DataFrame:
    """The `ForecastScorecard` of rows of `BacktestScores`: over all, by kind, minute, history and user."""
    rows: list[dict[str, object]] = []
    for names, part in scores.partition_by(*_SAME, as_dict=True, maintain_order=True).items():
        same = dict(zip(_SAME, names, strict=True))
        for by, group, here in _groups(part):
            runs = here.group_by("model", "workout_id", "user_id", maintain_order=True).agg(
                pl.sum(*_SUMS),
            )
            rows += [{**same, "by": by, "group": group, **row} for row in _of_group(_metrics(runs))]
    if not rows:
        return schema.empty(ForecastScorecard)
    card = pl.DataFrame(rows, infer_schema_length=None).with_columns(is_sample=pl.lit(is_sample))
    number = pl.col(pl.Float64)
    card = card.with_columns(pl.when(number.is_finite()).then(number))
    return card.select(pl.col(c).cast(t) for c, t in schema.dtypes(ForecastScorecard).items())


def _metrics(runs: pl.DataFrame) -> pl.DataFrame:
    n = pl.col("seconds")
    return runs.with_columns(
        mae_bpm=pl.col("absolute_error_sum_bpm") / n,
        rmse_bpm=(pl.col("squared_error_sum") / n).sqrt(),
        bias_bpm=pl.col("error_sum_bpm") / n,
        coverage_80=pl.col("inside") / n,
        width_80_bpm=pl.col("width_sum_bpm") / n,
    )


def _groups(scores: pl.DataFrame) -> Iterator[tuple[str, str, pl.DataFrame]]:
    yield ALL, ALL, scores
    minute = _banded(scores["minute"], MINUTES)
    earlier = _banded(scores["earlier_workouts"], HISTORIES)
    for by, column in (
        ("kind", scores["kind"]),
        ("kind by heart rate (hindsight)", scores["kind_by_heart_rate"]),
        ("minute", minute),
        ("earlier workouts", earlier),
        ("user", scores["user_id"]),
    ):
        if by == "user" and column.n_unique() > LEAST_USERS:
            continue
        for group in column.unique(maintain_order=True).to_list():
            yield by, str(group), scores.filter(column == group)


def _banded(values: pl.Series, edges: tuple[int, ...]) -> pl.Series:
    """The group of each value: 0, 1, 2, 3-4, 5-9 … as text."""
    starts = np.array([0, *edges])
    place = np.searchsorted(starts, values.to_numpy(), side="right") - 1
    names = [
        str(low) if high == low + 1 else f"{low}-{high - 1}" for low, high in zip(starts, edges, strict=False)
    ] + [f"{edges[-1]} or more"]
    return pl.Series([names[k] for k in place], dtype=pl.String)


def _of_group(runs: pl.DataFrame) -> Iterator[dict[str, object]]:
    ridge = runs.filter(pl.col("model") == RIDGE).select(
        "workout_id", *(pl.col(m).alias(f"ridge_{m}") for m in _COMPARED)
    )
    for (model,), mine in runs.partition_by("model", as_dict=True, maintain_order=True).items():
        users = mine["user_id"].n_unique()
        facts = {
            "model": model,
            "n_workouts": mine.height,
            "n_users": users,
            "n_seconds": int(mine["seconds"].sum()),
        }
        clusters = mine["user_id" if users >= LEAST_USERS else "workout_id"]
        pairs = mine.join(ridge, on="workout_id", how="left", maintain_order="left")
        for metric in METRICS:
            mean = scoring.clustered_mean(mine[metric].to_numpy(), clusters.to_numpy())
            row = {**facts, "metric": metric, "value": mean.mean, "standard_error": mean.standard_error}
            yield {**row, **_difference(pairs, metric, model, clusters)}


def _difference(
    pairs: pl.DataFrame, metric: str, model: object, clusters: pl.Series
) -> dict[str, float | None]:
    nothing: dict[str, float | None] = dict.fromkeys(("difference", "difference_se", "difference_t"))
    if metric not in _COMPARED or model == RIDGE or pairs[f"ridge_{metric}"].null_count():
        return nothing
    told = scoring.clustered_paired(
        pairs[f"ridge_{metric}"].to_numpy(), pairs[metric].to_numpy(), clusters.to_numpy()
    )
    return {"difference": told.difference, "difference_se": told.standard_error, "difference_t": told.t}
