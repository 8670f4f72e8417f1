"""How the 14 features and the heart rate go together: within a workout and between workouts.

The two answer different questions. Within: when a runner speeds up, does the heart rate rise? Between: do
workouts that are faster on the whole have a higher heart rate? Mixed into one number they can cancel.
It describes what is there; nothing that forecasts reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from formguide.heartrate.feature_table import WorkoutFeatures
from formguide.heartrate.features import FEATURES
from formguide.heartrate.sequences import Floats
from formguide.heartrate.tables import RUN, SPORT, Workouts
from formguide.lake import Lake

HEART_RATE = "heart_rate_bpm"
COLUMNS = (*FEATURES, HEART_RATE)


@dataclass(frozen=True)
class Correlations:
    """names (k,): the columns; within, between (k, k): Pearson's correlation of the seconds' deviations from
    their workout's mean, and of the workouts' means (each counts once), NaN where a column does not vary;
    within_se (k, k): its standard error by leaving out one workout at a time, NaN below three of them."""

    names: tuple[str, ...]
    within: Floats
    within_se: Floats
    between: Floats
    workouts: int
    rows: int

    def table(self) -> pl.DataFrame:
        """One row a pair of columns, in the order of the matrix: within, within_se, between."""
        pairs = [(a, b) for a in range(len(self.names)) for b in range(a + 1, len(self.names))]
        first, second = [p[0] for p in pairs], [p[1] for p in pairs]
        frame = pl.DataFrame(
            {
                "first": [self.names[a] for a in first],
                "second": [self.names[b] for b in second],
                "within": self.within[first, second],
                "within_se": self.within_se[first, second],
                "between": self.between[first, second],
            },
            schema={
                "first": pl.String,
                "second": pl.String,
                "within": pl.Float64,
                "within_se": pl.Float64,
                "between": pl.Float64,
            },
        )
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None))

    def with_heart_rate(self) -> pl.DataFrame:
        """The rows of the heart rate alone: feature, within, within_se, between; the strongest first."""
        last = len(self.names) - 1
        frame = pl.DataFrame(
            {
                "feature": self.names[:last],
                "within": self.within[:last, last],
                "within_se": self.within_se[:last, last],
                "between": self.between[:last, last],
            }
        ).with_columns(pl.col(pl.Float64).fill_nan(None))
        return frame.sort(pl.col("within").abs(), descending=True, nulls_last=True, maintain_order=True)


def of_lake(lake: Lake, activity: str = RUN) -> Correlations:
    """Of every run in a lake, read month by month. (Rides among them would make "between" a comparison of
    sports.)"""

    def of_month(month: str) -> pl.DataFrame:
        rows = lake.read_table(SPORT, WorkoutFeatures.name, [month], WorkoutFeatures)
        workouts = lake.read_table(SPORT, Workouts.name, [month], Workouts)
        alike = workouts.filter(pl.col("activity").cast(pl.String) == activity)
        return rows.join(alike.select("workout_id"), on="workout_id", how="semi", maintain_order="left")

    return correlate(of_month(month) for month in lake.partitions(SPORT, WorkoutFeatures.name))


def correlate(frames: Iterable[pl.DataFrame], names: Sequence[str] = COLUMNS) -> Correlations:
    """Correlations of columns of frames that hold whole workouts (`workout_id` and the columns).

    A row with a missing value in any of them is left out. Each frame is summed up and let go.
    """
    counts, means, products = [], [], []
    for frame in frames:
        rows = frame.select("workout_id", *names).with_columns(pl.col(pl.Float64).fill_nan(None)).drop_nulls()
        for part in rows.partition_by("workout_id", maintain_order=True):
            values = part.select(names).to_numpy().astype(float)
            centred = values - values.mean(axis=0)
            counts.append(len(values))
            means.append(values.mean(axis=0))
            products.append(centred.T @ centred)
    k = len(names)
    each = np.array(products).reshape(-1, k, k)
    total = each.sum(axis=0)
    level = np.array(means).reshape(-1, k)
    apart = level - level.mean(axis=0) if len(level) else level
    return Correlations(
        names=tuple(names),
        within=_correlation(total),
        within_se=_left_out(total, each),
        between=_correlation(apart.T @ apart),
        workouts=len(counts),
        rows=sum(counts),
    )


def _correlation(products: Floats) -> Floats:
    """Sums of products (k, k) as correlations; NaN where a column does not vary but for rounding."""
    spread = np.sqrt(np.maximum(np.diag(products), 0.0))
    scale = np.outer(spread, spread)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(scale > 1e-12 * max(float(scale.max(initial=0.0)), 1e-300), products / scale, np.nan)
    return np.clip(found, -1.0, 1.0)


def _left_out(total: Floats, each: Floats) -> Floats:
    """The jackknife's standard error, workouts left out one by one: sqrt((n - 1) / n · Σ (rᵢ - mean)²)."""
    n = len(each)
    if n < 3:
        return np.full(total.shape, np.nan)
    # Summed as they come: of a quarter of a million workouts nobody keeps all matrices twice.
    first, second = np.zeros(total.shape), np.zeros(total.shape)
    around = _correlation(total)
    for one in each:
        away = _correlation(total - one) - around
        first += away
        second += away**2
    return np.sqrt(np.maximum((n - 1) / n * (second - first**2 / n), 0.0))
