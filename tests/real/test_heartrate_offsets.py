"""Shifts and lags planted in a real runner's workouts: found, told apart, and by nothing that came later.

Only the runs before the block on which forecasts are scored.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from formguide.heartrate import cleaning, folders, offsets, results
from formguide.heartrate.corrections import Past, corrections_of
from formguide.heartrate.offsets import UNINFORMED
from formguide.heartrate.readers import WORKOUTS
from formguide.heartrate.sample import planting
from formguide.heartrate.sequences import Recorded, recorded

pytestmark = pytest.mark.real

FIRST = 19


@pytest.fixture(scope="module")
def runs(real_data) -> list[Recorded]:
    """The first 19 runs, cleaned."""
    files = folders.read_folder(real_data("heartrate"))[WORKOUTS]
    own = {path: files[path] for path in files if path.startswith("rikluost/")}
    months = [results.read_month(month, {WORKOUTS: own}) for month in (202103, 202104, 202105)]
    workouts = pl.concat([month.workouts for month in months]).sort("started_at").head(FIRST)
    samples = pl.concat([month.samples for month in months])
    samples = samples.join(workouts.select("workout_id"), on="workout_id", how="semi")
    return recorded(workouts, cleaning.clean(samples, workouts))


@pytest.fixture(scope="module")
def found(runs: list[Recorded]) -> list[offsets.Finding]:
    return offsets.judge_all(runs)


def test_runs_as_they_were_raise_no_alarm(found: list[offsets.Finding]) -> None:
    assert len(found) == FIRST
    assert [finding.found for finding in found] == ["none"] * FIRST


@pytest.mark.parametrize(("offset", "lag"), [(22.0, 0), (-22.0, 0), (0.0, 15), (22.0, 15)])
def test_what_is_planted_comes_on_top_of_what_was_there(
    runs: list[Recorded], found: list[offsets.Finding], offset: float, lag: int
) -> None:
    alarms = []
    for k in (10, 14, 18):
        now = offsets.judge(planting.moved(runs[k], offset, lag), runs[:k])
        was = found[k]
        assert was.offset_bpm is not None and was.lag_sec is not None
        assert now.offset_bpm is not None and now.lag_sec is not None
        assert now.offset_bpm - was.offset_bpm == pytest.approx(offset, abs=3.0)
        assert now.lag_sec - was.lag_sec == pytest.approx(lag, abs=3.0)
        alarms.append((now.applied_offset_bpm != 0, now.applied_lag_sec != 0))
    assert sum(shifted for shifted, _ in alarms) >= 2 * (offset != 0)
    assert sum(late for _, late in alarms) >= 2 * (lag != 0)
    assert not any(shifted for shifted, _ in alarms) or offset
    assert not any(late for _, late in alarms) or lag


def test_a_wrong_future_corrects_no_earlier_run(runs: list[Recorded]) -> None:
    rng = np.random.default_rng(3)
    wrong = [replace(run, heart_rate_bpm=rng.permutation(run.heart_rate_bpm) + 30) for run in runs[9:]]
    before = [run.inputs.workout_id for run in runs[:9]]
    rows = [corrections_of(some, Past(), UNINFORMED) for some in (runs[:12], [*runs[:9], *wrong])]
    first, second = (frame.filter(pl.col("workout_id").is_in(before)) for frame in rows)
    assert first.equals(second)
    assert not rows[0].equals(rows[1])
