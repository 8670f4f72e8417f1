"""The scorecard: a backtest's scores averaged, with standard errors and paired differences by race.

What happens in a race is shared by all who are in it, so that a race, not a start, is one observation.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide import schema, scoring
from formguide.scoring import Mean, Paired
from formguide.triathlon._columns import CROSSING, EXPERIENCE, NEWCOMER
from formguide.triathlon.backtest import OURS
from formguide.triathlon.forecast_tables import ForecastScorecard

Floats = NDArray[np.float64]

VERSION = "1"

RETURNING, NEWCOMERS, ALL = "returning", "newcomers", "all"
COVERAGES = (50, 80, 90)
METRICS = ("mae_min", "r2", "crps_min", *(f"coverage_{level}" for level in COVERAGES), "coverage_90_by_race")
_FEWEST = 30
_PIT_BINS = 10


def scorecard(scores: pl.DataFrame, is_sample: bool) -> pl.DataFrame:
    """The `forecast_scorecard` of a backtest's scores (`backtest.SCORES`): over all years of a task, and by
    year where it walked."""
    rows: list[dict[str, object]] = []
    # Numbers are told apart faster than names.
    scores = scores.with_columns(race=pl.col("race_id").rank("dense"))
    for (task, distance), part in scores.partition_by(
        "task", "distance", as_dict=True, maintain_order=True
    ).items():
        years = sorted(part["year"].unique())
        spans = [(f"{years[0]}-{years[-1]}" if len(years) > 1 else str(years[0]), part)]
        if len(years) > 1:
            spans += [(str(year), part.filter(pl.col("year") == year)) for year in years]
        for place, (span, here) in enumerate(spans):
            for line in _of_span(here, whole=place == 0):
                rows.append({"task": task, "distance": distance, "span": span, **line})
    if not rows:
        return schema.empty(ForecastScorecard)
    card = pl.DataFrame(rows, infer_schema_length=None).with_columns(is_sample=pl.lit(is_sample))
    number = pl.col(pl.Float64)
    card = card.with_columns(pl.when(number.is_finite()).then(number))
    return card.select(pl.col(c).cast(t) for c, t in schema.dtypes(ForecastScorecard).items())


def _of_span(scores: pl.DataFrame, whole: bool) -> Iterator[dict[str, object]]:
    new = [EXPERIENCE[NEWCOMER], EXPERIENCE[CROSSING]]
    populations = {
        RETURNING: scores.filter(~pl.col("experience").is_in(new)),
        NEWCOMERS: scores.filter(pl.col("experience").is_in(new)),
        ALL: scores,
    }
    for population, part in populations.items():
        models = part.partition_by("model", as_dict=True, maintain_order=True)
        ours = models.get((OURS,))
        if ours is None or ours.height < _FEWEST:
            continue
        for (model,), frame in models.items():
            for line in _metrics(frame, ours if model != OURS else None):
                yield {"population": population, "by": "all", "model": model, **line}
        yield from ({"population": population, "by": "all", "model": OURS, **line} for line in _pit(ours))
    if whole:
        yield from _by_group(populations[ALL].filter(pl.col("model") == OURS))


def _by_group(ours: pl.DataFrame) -> Iterator[dict[str, object]]:
    for name, column in (
        ("gender", "gender"),
        ("age group", "age_group"),
        ("experience", "experience"),
        ("course", "course"),
    ):
        for (value,), frame in sorted(ours.partition_by(column, as_dict=True).items()):
            if frame.height >= _FEWEST:
                for line in _metrics(frame, None):
                    yield {"population": ALL, "by": f"{name} {value}", "model": OURS, **line}


def _metrics(frame: pl.DataFrame, ours: pl.DataFrame | None) -> Iterator[dict[str, object]]:
    race = frame["race"].to_numpy()
    races = len(np.unique(race))

    def line(metric: str, mean: Mean, gap: Paired | None = None) -> dict[str, object]:
        found: dict[str, object] = {
            "metric": metric, "n": frame.height, "races": races, "value": mean.mean,
            "standard_error": mean.standard_error, "difference": None, "difference_se": None,
            "difference_t": None,
        }  # fmt: skip
        if gap is not None:
            found |= {
                "difference": gap.difference,
                "difference_se": gap.standard_error,
                "difference_t": gap.t,
            }
        return found

    for metric, column in (("mae_min", "error_min"), ("crps_min", "crps_min")):
        if frame[column].has_nulls():
            continue  # of what was issued a few quantiles are on record, and those give no CRPS
        values = frame[column].to_numpy()
        gap = scoring.clustered_paired(ours[column].to_numpy(), values, race) if ours is not None else None
        yield line(metric, scoring.clustered_mean(values, race), gap)
    value, influence = r_squared(frame)
    error = scoring.clustered_mean(influence, race).standard_error
    gap = None
    if ours is not None:
        mine, of_mine = r_squared(ours)
        spread = scoring.clustered_mean(of_mine - influence, race).standard_error
        gap = Paired(mine - value, spread, (mine - value) / spread if spread else float("nan"), frame.height)
    yield line("r2", Mean(value, error, frame.height), gap)
    pit = frame["pit"].to_numpy()
    for level in COVERAGES:
        middle = np.abs(pit - 0.5) <= level / 200
        yield line(f"coverage_{level}", scoring.clustered_mean(middle, race))
    inside = (pl.col("pit") - 0.5).abs() <= 0.45
    by_race = frame.group_by("race").agg(inside=inside.mean()).sort("race")
    yield line("coverage_90_by_race", scoring.mean_se(by_race["inside"].to_numpy()))


def r_squared(frame: pl.DataFrame) -> tuple[float, Floats]:
    """R² of the means about the mean of all totals, and how much each start moves it (its influence, of mean
    0), from which an error by race follows."""
    total, squared = frame["total_min"].to_numpy(), frame["squared_min2"].to_numpy()
    around = (total - total.mean()) ** 2
    lost = squared.mean() / around.mean()
    influence: Floats = -(squared - lost * around) / around.mean()
    return float(1 - lost), influence


def _pit(ours: pl.DataFrame) -> Iterator[dict[str, object]]:
    pit, race = ours["pit"].to_numpy(), ours["race"].to_numpy()
    which = np.minimum((pit * _PIT_BINS).astype(np.int64), _PIT_BINS - 1)
    for b in range(_PIT_BINS):
        share = scoring.clustered_mean(which == b, race)
        yield {
            "metric": f"pit_{b + 1}", "n": ours.height, "races": len(np.unique(race)), "value": share.mean,
            "standard_error": share.standard_error, "difference": None, "difference_se": None,
            "difference_t": None,
        }  # fmt: skip
