"""The real workouts: 28 runs of one runner and 12 files of a watch, all in, and every loss named."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import fitdecode
import polars as pl
import pytest
from upath import UPath

from formguide.heartrate import checks, cleaning, incremental
from formguide.heartrate.arrivals import ARRIVALS
from formguide.heartrate.tables import SPORT, QualityFindings, Samples, Workouts
from formguide.lake import Lake


@pytest.fixture(scope="module")
def source(real_data) -> Path:
    folder: Path = real_data("heartrate")
    return folder


@pytest.fixture(scope="module")
def lake(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Every month of the real workouts."""
    lake = Lake(UPath(tmp_path_factory.mktemp("heartrate")))
    months = sorted(ARRIVALS.holdings(lake, [source]).seasons)
    incremental.make_source_files(lake, months, [source])
    incremental.make_results(lake, months)
    return lake


@pytest.fixture(scope="module")
def workouts(lake: Lake) -> pl.DataFrame:
    return lake.read_table(SPORT, Workouts.name, None, Workouts)


def test_all_of_them_are_in(lake, source, workouts):
    counts = dict(workouts.group_by(pl.col("format").cast(pl.String)).len().iter_rows())
    assert counts == {"csv": len([*source.rglob("*.csv.gz")]), "fit": len([*source.rglob("*.fit")])}
    assert counts == {"csv": 28, "fit": 12}
    assert workouts["has_heart_rate"].all()
    assert checks.nothing_lost(lake, [int(key) for key in lake.partitions(SPORT, Workouts.name)]).passed
    # Some exports have a column of power that repeats the temperature: it is named and not read.
    said = [found.reason for found in lake.quarantined(SPORT)]
    assert said and all("repeats the temperature" in reason for reason in said)
    assert not workouts["has_power"].any()


def test_a_row_of_a_table_is_a_sample(lake, source, workouts):
    samples = lake.read_table(SPORT, Samples.name, None, Samples)
    for path in sorted(source.glob("rikluost/*.csv.gz"))[::9]:
        with gzip.open(path, "rt") as text:
            rows = list(csv.DictReader(text))
        (workout,) = workouts.filter(path=f"rikluost/{path.name}").iter_rows(named=True)
        mine = samples.filter(workout_id=workout["workout_id"])
        assert mine.height == len(rows)
        for column, name in (
            ("heart_rate_bpm", "heart_rate"),
            ("speed_mps", "enhanced_speed"),
            ("altitude_m", "enhanced_altitude"),
            ("distance_m", "distance"),
        ):
            assert mine[column].to_list() == [float(row[name]) for row in rows]
        assert f"{workout['started_at']:%Y-%m-%d %H:%M:%S}+00:00" == rows[0]["timestamp"]


def test_a_record_message_is_a_sample(lake, source, workouts):
    path = source / "openfitness_fit" / "3521710529.fit"
    with fitdecode.FitReader(path) as frames:
        told = [
            frame.get_value("heart_rate")
            for frame in frames
            if frame.frame_type == fitdecode.FIT_FRAME_DATA and frame.name == "record"
        ]
    (workout,) = workouts.filter(path=f"openfitness_fit/{path.name}").iter_rows(named=True)
    samples = lake.read_table(SPORT, Samples.name, None, Samples).filter(workout_id=workout["workout_id"])
    assert samples["heart_rate_bpm"].to_list() == told
    assert (workout["activity"], workout["format"]) == ("ride", "fit")


def test_the_sensor_that_stuck_is_found_and_the_dropout_too(lake, workouts):
    found = lake.read_table(SPORT, QualityFindings.name, None, QualityFindings)
    beats = found.filter(pl.col("rule").str.starts_with("heart_rate"))
    by_rule = dict(beats.select("rule", "seconds").iter_rows())
    assert by_rule == {"heart_rate_stuck": 1166, "heart_rate_zero": 4}
    assert workouts["usable"].all()
    samples = lake.read_table(SPORT, Samples.name, None, Samples)
    cleaned = cleaning.clean(samples, workouts)
    assert cleaned["heart_rate_bpm"].null_count() == samples["heart_rate_bpm"].null_count() + 1170
    assert cleaned.height == samples.height == workouts["samples"].sum()


def test_no_place_of_anybody_is_kept(lake):
    for table in (Workouts, Samples, QualityFindings):
        columns = lake.read_table(SPORT, table.name, None, table).columns
        assert not {"latitude", "longitude", "position_lat", "position_long"} & set(columns)
