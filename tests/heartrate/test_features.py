"""The 14 features: against sums written out, and not a bit of them from a second that is to come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from formguide.heartrate.effort import cost_of_running, running_power
from formguide.heartrate.feature_table import (
    WorkoutFeatures,
    corrected,
    feature_rows,
    make_features,
)
from formguide.heartrate.features import (
    ABLATIONS,
    DESCRIPTIONS,
    FEATURES,
    STEP_SEC,
    binned,
    features,
    on_grid,
)
from formguide.heartrate.sequences import Floats, Inputs
from formguide.heartrate.tables import SPORT, Corrections
from formguide.lake import Lake
from tests.heartrate.workouts_made import a_run, to_lake, with_future, write_rows


def _by_hand(inputs: Inputs, t: int) -> list[float]:
    """One row, from nothing but the seconds up to it."""
    speed, altitude = list(inputs.speed_mps[: t + 1]), list(inputs.altitude_m[: t + 1] - inputs.altitude_m[0])

    def at(series: list[float], second: int) -> float:
        return series[max(second, 0)]

    def mean(series: list[float], second: int, window: int) -> float:
        part = series[max(second - window + 1, 0) : second + 1]
        return sum(part) / len(part)

    gain = sum(max(mean(altitude, s, 30) - mean(altitude, s - 1, 30), 0.0) for s in range(1, t + 1))
    load, keep = 0.0, np.exp(-1 / 300.0)
    stopped = 0
    for s in range(t + 1):
        pace, climb = mean(speed, s, 10), (altitude[s] - at(altitude, s - 10)) / 10
        load = keep * load + (1 - keep) * float(running_power(pace, climb))
        stopped = s if pace < 0.5 else stopped
    return [
        speed[t],
        altitude[t],
        {"M": 1.0, "F": -1.0}.get(inputs.gender or "", 0.0),
        at(speed, t - 2),
        at(speed, t - 5),
        at(altitude, t - 30),
        (speed[t] - at(speed, t - 5)) / 5,
        (altitude[t] - at(altitude, t - 10)) / 10,
        mean(speed, t, 10),
        mean(speed, t, 30),
        gain,
        float(t),
        load,
        float(t - stopped),
    ]


@pytest.mark.parametrize("second", [0, 1, 4, 9, 10, 31, 215, 399])
def test_a_row_is_what_its_definitions_say(second: int) -> None:
    inputs = a_run(1, 2, 400).inputs
    assert features(inputs)[second] == pytest.approx(_by_hand(inputs, second), abs=1e-9)


@pytest.mark.parametrize("second", [1, 7, 33, 201, 350])
def test_no_later_second_changes_a_bit(second: int) -> None:
    run = a_run(0, 1, 400)
    truth = features(run.inputs)[:second].tobytes()
    for seed in range(3):
        changed = with_future(run, second, seed)
        assert features(changed)[:second].tobytes() == truth
        assert (
            on_grid(changed)[: -(-second // STEP_SEC)].tobytes()
            == on_grid(run.inputs)[: -(-second // STEP_SEC)].tobytes()
        )


def test_they_are_fourteen_of_six_kinds_each_with_its_unit() -> None:
    assert len(FEATURES) == 14 and {n: len(names) for n, names in ABLATIONS.items()} == {3: 3, 11: 11, 14: 14}
    assert all(name in WorkoutFeatures.columns() for name in FEATURES) and all(DESCRIPTIONS.values())


@pytest.mark.parametrize("seconds", [1, 2, 6, 29, 31])
def test_a_workout_of_a_few_seconds_has_them_too(seconds: int) -> None:
    inputs = a_run(0, 0, 40).inputs
    short = replace(
        inputs,
        t_sec=inputs.t_sec[:seconds],
        speed_mps=inputs.speed_mps[:seconds],
        altitude_m=inputs.altitude_m[:seconds],
        gender=None,
    )
    made = features(short)
    assert made.shape == (seconds, 14) and np.isfinite(made).all() and (made[:, 2] == 0).all()
    assert made[-1] == pytest.approx(_by_hand(short, seconds - 1), abs=1e-9)


def test_a_measurement_goes_to_the_nearest_grid_point() -> None:
    values = np.full(14, np.nan)
    values[[0, 2, 3, 11, 13]] = 100.0, 104.0, 120.0, 90.0, 92.0
    assert binned(values).tolist()[:2] == [102.0, 120.0]
    assert binned(values)[2] == 91.0, "seconds after the last grid point go to it"
    assert np.isnan(binned(np.full(9, np.nan))).all()


@pytest.mark.parametrize("lag", [-3, 0, 4])
def test_a_correction_takes_off_the_shift_and_the_lag(lag: int) -> None:
    truth = a_run(0, 0, 300).heart_rate_bpm
    late: Floats = np.full(300, np.nan)
    if lag >= 0:
        late[lag:] = truth[: 300 - lag] + 5
    else:
        late[:lag] = truth[-lag:] + 5
    made = corrected(late, 5.0, lag)
    there = np.isfinite(made)
    assert there.sum() == 300 - abs(lag) and made[there] == pytest.approx(truth[there])


def test_cost_on_the_level_and_where_it_is_least() -> None:
    grades = np.linspace(-0.45, 0.45, 901)
    assert cost_of_running(0.0) == pytest.approx(3.6)
    assert grades[np.argmin(cost_of_running(grades))] == pytest.approx(-0.18, abs=0.03)
    assert cost_of_running(0.9) == cost_of_running(0.45)
    assert running_power(0.2, 3.0) == pytest.approx(0.2 * 3.6), "whoever stands climbs no grade"


def _in_lake(lake: Lake, month: int, offset: float | None) -> None:
    run = a_run(0, 0, 120)
    to_lake(lake, [run])
    if offset is not None:
        found = pl.DataFrame(
            {
                "workout_id": [run.inputs.workout_id],
                "month": [month],
                "user_id": ["u000"],
                "started_at": [datetime(2021, 3, 1, 8)],
                "earlier_workouts": [4],
                "found": ["offset"],
                "applied_offset_bpm": [offset],
                "applied_lag_sec": [0.0],
                "provenance": ["estimator"],
            }
        )
        write_rows(lake, month, found, Corrections)


def test_a_month_is_made_once_and_again_when_its_corrections_change(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    _in_lake(lake, 202103, None)
    assert make_features(lake, [202103])[202103].computed == 1
    rows = lake.read_table(SPORT, WorkoutFeatures.name, ["202103"], WorkoutFeatures)
    assert rows.equals(feature_rows([a_run(0, 0, 120)])) and rows.height == 24
    assert rows["heart_rate_bpm"].equals(rows["heart_rate_corrected_bpm"], check_names=False)
    assert make_features(lake, [202103])[202103].carried == 1
    _in_lake(lake, 202103, 7.0)
    made = make_features(lake, [202103])[202103]
    again = lake.read_table(SPORT, WorkoutFeatures.name, ["202103"], WorkoutFeatures)
    assert (made.computed, made.facts["corrected"]) == (1, 1)
    shift = (again["heart_rate_bpm"] - again["heart_rate_corrected_bpm"]).to_numpy()
    assert shift == pytest.approx(np.full(24, 7.0))
    assert again.drop("heart_rate_corrected_bpm").equals(rows.drop("heart_rate_corrected_bpm"))
