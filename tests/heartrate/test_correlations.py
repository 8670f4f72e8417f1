"""Correlations within and between workouts, against other ways to compute them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from formguide.heartrate.correlations import COLUMNS, Correlations, correlate, of_lake
from formguide.heartrate.feature_table import WorkoutFeatures, feature_rows
from formguide.heartrate.sequences import recorded
from formguide.heartrate.tables import RIDE, SPORT, Workouts
from formguide.lake import Lake
from tests.heartrate.invented_workouts import invented


def planted(workouts: int = 40, rows: int = 60, seed: int = 1) -> pl.DataFrame:
    """Within a workout b rises with a, between workouts it falls; c does not vary; ten values are missing."""
    rng = np.random.default_rng(seed)
    frames = []
    for k in range(workouts):
        level = rng.normal(0, 3)
        a = rng.normal(size=rows)
        b = 0.8 * a + 0.6 * rng.normal(size=rows)
        frames.append(pl.DataFrame({"workout_id": f"w{k:02}", "a": a + level, "b": b - 2 * level, "c": 5.0}))
    frame = pl.concat(frames)
    missing = np.zeros(len(frame), dtype=bool)
    missing[rng.choice(len(frame), 10, replace=False)] = True
    return frame.with_columns(b=pl.when(~pl.Series(missing)).then("b"))


def of(frame: pl.DataFrame) -> Correlations:
    return correlate([frame], ("a", "b", "c"))


def test_within_and_between_are_told_apart() -> None:
    found = of(planted())
    assert found.within[0, 1] == pytest.approx(0.8, abs=0.05)
    assert found.between[0, 1] < -0.95
    assert np.isnan(found.within[2]).all() and np.isnan(found.between[2]).all()
    assert found.workouts == 40 and found.rows == 40 * 60 - 10


def test_polars_finds_the_same() -> None:
    frame = planted()
    known = frame.drop_nulls()
    centred = known.select(pl.col("a", "b") - pl.col("a", "b").mean().over("workout_id"))
    means = known.group_by("workout_id").agg(pl.col("a", "b").mean())
    found = of(frame)
    assert found.within[0, 1] == pytest.approx(centred.select(pl.corr("a", "b")).item())
    assert found.between[0, 1] == pytest.approx(means.select(pl.corr("a", "b")).item())
    assert np.allclose(np.diag(found.within)[:2], 1)


def test_the_standard_error_is_the_jackknife_and_about_the_spread_of_new_samples() -> None:
    frame = planted(12)
    found = of(frame)
    names = frame["workout_id"].unique().sort()
    without = np.array([of(frame.filter(pl.col("workout_id") != name)).within[0, 1] for name in names])
    jackknife = np.sqrt(11 / 12 * np.sum((without - without.mean()) ** 2))
    assert found.within_se[0, 1] == pytest.approx(jackknife)
    again = [of(planted(12, seed=seed)) for seed in range(100, 160)]
    spread = np.std([one.within[0, 1] for one in again], ddof=1)
    assert np.mean([one.within_se[0, 1] for one in again]) == pytest.approx(spread, rel=0.3)


def test_month_by_month_is_the_same_as_at_once() -> None:
    frame = planted()
    first = frame["workout_id"] < "w20"
    parts = correlate([frame.filter(first), frame.filter(~first)], ("a", "b", "c"))
    whole = of(frame)
    assert np.array_equal(parts.within, whole.within, equal_nan=True)
    assert np.array_equal(parts.between, whole.between, equal_nan=True)


def test_tables_hold_each_pair_once() -> None:
    table = of(planted()).table()
    assert table.select("first", "second").rows() == [("a", "b"), ("a", "c"), ("b", "c")]
    assert table["within"][1] is None
    ranked = of(planted()).with_heart_rate()
    assert ranked["feature"].to_list() == ["a", "b"] and ranked["within"].null_count() == 2


def test_of_a_lake_only_what_is_of_one_sport(tmp_path: Path) -> None:
    made, lake = invented(10), Lake(tmp_path)
    features = feature_rows(recorded(made.workouts, made.samples))
    lake.write_table(SPORT, Workouts.name, "202103", made.workouts, Workouts, "test")
    lake.write_table(SPORT, WorkoutFeatures.name, "202103", features, WorkoutFeatures, "test")
    # Eight runs, of which the seventh has no heart rate, and two rides.
    assert of_lake(lake).workouts == 7 and of_lake(lake, RIDE).workouts == 2


def test_of_nothing_there_is_nothing() -> None:
    found = correlate([])
    assert found.workouts == 0 and np.isnan(found.within).all()
    assert found.table().height == len(COLUMNS) * (len(COLUMNS) - 1) // 2
