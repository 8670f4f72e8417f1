"""Corrections: rows and columns of what was found, a month from what came before, and who may change it."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from upath import UPath

from formguide.heartrate import offsets
from formguide.heartrate.corrections import (
    Past,
    corrections_from,
    corrections_of,
    make_corrections,
)
from formguide.heartrate.feature_table import corrected
from formguide.heartrate.offsets import UNINFORMED, Finding
from formguide.heartrate.sample import planting, sensors
from formguide.heartrate.sample.population import generate
from formguide.heartrate.second_opinion import Opinion
from formguide.heartrate.sequences import Recorded
from formguide.heartrate.tables import SPORT, Corrections, Samples
from formguide.lake import Lake
from formguide.schema import check
from tests.heartrate.workouts_made import to_lake

OFFSET, LAG = 24.0, 25


@pytest.fixture(scope="module")
def runs() -> list[Recorded]:
    """Two runners; of each the last workout but one is shifted, the last one late."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensors, "planted", lambda rng: (0.0, 0))
        made = generate(2, 9, seed=77).runs
    changed = []
    for k, run in enumerate(made):
        is_shifted, is_late = k % 9 == 7, k % 9 == 8
        changed.append(planting.moved(run, OFFSET if is_shifted else 0.0, LAG if is_late else 0))
    return changed


@pytest.fixture(scope="module")
def rows(runs: list[Recorded]) -> pl.DataFrame:
    return corrections_of(runs, Past(), UNINFORMED)


def test_rows_say_what_was_found_and_applied(runs: list[Recorded], rows: pl.DataFrame) -> None:
    check(rows, Corrections)
    by_id = {row["workout_id"]: row for row in rows.iter_rows(named=True)}
    for k, run in enumerate(runs):
        row = by_id[run.inputs.workout_id]
        if k % 9 == 7:
            assert row["found"] == "offset" and row["provenance"] == "estimator"
            assert abs(row["applied_offset_bpm"] - OFFSET) < 9 and row["applied_lag_sec"] == 0
        elif k % 9 == 8:
            assert row["found"] in ("lag", "both") and abs(row["applied_lag_sec"] - LAG) <= 5
        else:
            assert row["found"] == "none" and row["provenance"] == "none"
            assert row["applied_offset_bpm"] == 0 == row["applied_lag_sec"]


def test_one_after_the_other_is_all_at_once(runs: list[Recorded], rows: pl.DataFrame) -> None:
    findings = {finding.workout_id: finding for finding in offsets.judge_all(runs)}
    for row in rows.iter_rows(named=True):
        finding = findings[row["workout_id"]]
        assert (row["found"], row["offset_bpm"], row["lag_sec"]) == (
            finding.found,
            finding.offset_bpm,
            finding.lag_sec,
        )


# -- the corrected column --------------------------------------------------------------------------


def test_a_planted_lag_and_shift_are_undone(runs: list[Recorded]) -> None:
    run = runs[0]
    t = np.flatnonzero(np.isfinite(run.heart_rate_bpm))
    spoilt = planting.moved(run, 12.0, 20)
    undone = corrected(spoilt.heart_rate_bpm, 12.0, 20.0)
    kept = t[t < len(run.inputs) - 20]
    assert np.array_equal(undone[kept], run.heart_rate_bpm[kept])


# -- in the lake -----------------------------------------------------------------------------------


@pytest.fixture
def lake(tmp_path: Path, runs: list[Recorded]) -> Lake:
    lake = Lake(UPath(tmp_path / "lake"))
    to_lake(lake, runs)
    return lake


def table(lake: Lake) -> pl.DataFrame:
    return lake.read_table(SPORT, Corrections.name, None, Corrections).sort("workout_id")


def months_of(lake: Lake) -> list[int]:
    return [int(key) for key in lake.partitions(SPORT, Samples.name)]


def test_months_are_made_once_and_all_workouts_are_in_them(lake: Lake, runs: list[Recorded]) -> None:
    months = months_of(lake)
    made = make_corrections(lake, months)
    assert set(made) == set(months) and all(month.computed for month in made.values())
    found = table(lake)
    assert found["workout_id"].to_list() == sorted(run.inputs.workout_id for run in runs)
    assert found.filter(pl.col("found") != "none").height >= 3
    assert all(month.carried for month in make_corrections(lake, months).values())


def test_a_later_month_changes_no_earlier_one_and_what_follows_is_due(
    lake: Lake, runs: list[Recorded], tmp_path: Path
) -> None:
    months = months_of(lake)
    middle = months[len(months) // 2]
    other = Lake(UPath(tmp_path / "other"))
    began = datetime(middle // 100, middle % 100, 1)
    rng = np.random.default_rng(0)
    to_lake(
        other,
        [
            run
            if run.inputs.started_at < began
            else Recorded(run.inputs, rng.permutation(run.heart_rate_bpm) + 20)
            for run in runs
        ],
    )
    before = [month for month in months if month < middle]
    for place in (lake, other):
        make_corrections(place, before)
    assert table(lake).equals(table(other))
    assert all(corrections_from(lake, month) == corrections_from(other, month) for month in before)
    assert corrections_from(lake, months[-1]) != corrections_from(other, months[-1])


def test_a_month_is_due_when_one_changes_that_only_everybodys_answer_is_learnt_from(
    runs: list[Recorded], tmp_path: Path
) -> None:
    """A March is compared with 36 months of its user, and with what was known at the beginning of January."""
    lake = Lake(UPath(tmp_path / "lake"))

    def at(run: Recorded, when: datetime) -> Recorded:
        return replace(run, inputs=replace(run.inputs, started_at=when))

    early, late = datetime(2020, 2, 10, 8), datetime(2023, 3, 10, 8)
    to_lake(lake, [at(runs[0], early), at(runs[1], late)])
    before = corrections_from(lake, 202303)
    to_lake(lake, [at(Recorded(runs[0].inputs, runs[0].heart_rate_bpm + 9), early)])
    assert corrections_from(lake, 202303) != before
    far = corrections_from(lake, 202304)
    to_lake(lake, [at(runs[0], early)])
    assert corrections_from(lake, 202304) == far


# -- the second opinion ----------------------------------------------------------------------------


def opinion(verdict: str) -> Opinion:
    return Opinion.model_validate({"verdict": verdict, "offset_bpm": None, "lag_sec": None, "reason": "so"})


def test_who_is_asked_may_veto_or_confirm_and_otherwise_changes_nothing(
    runs: list[Recorded], rows: pl.DataFrame
) -> None:
    own = runs[:9]
    plain = rows.filter(pl.col("workout_id").is_in([run.inputs.workout_id for run in own]))
    asked: list[Finding] = []

    def silent(finding: Finding) -> None:
        asked.append(finding)

    assert corrections_of(own, Past(), UNINFORMED, silent).equals(plain)
    found = plain.filter(pl.col("found") != "none")
    assert [finding.workout_id for finding in asked] == found["workout_id"].to_list()

    vetoed = corrections_of(own, Past(), UNINFORMED, lambda finding: opinion("veto"))
    hit = vetoed.filter(pl.col("found") != "none")
    assert hit.height and hit["applied_offset_bpm"].eq(0).all() and hit["applied_lag_sec"].eq(0).all()
    assert set(hit["second_opinion"]) == {"veto: so"}
    assert set(hit["provenance"].cast(pl.String)) == {"estimator_and_second_opinion"}

    confirmed = corrections_of(own, Past(), UNINFORMED, lambda finding: opinion("confirm"))
    same = ["workout_id", "found", "applied_offset_bpm", "applied_lag_sec"]
    assert confirmed.select(same).equals(plain.select(same))
    assert set(confirmed.filter(pl.col("found") != "none")["second_opinion"]) == {"confirm: so"}
