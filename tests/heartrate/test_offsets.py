"""Shifts and lags: the algebra against dense matrices, what was planted, and nothing from the future."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from formguide.heartrate import _mixed_model, offsets
from formguide.heartrate._days import DAY_TERMS, day_posterior, still_felt
from formguide.heartrate._mixed_model import FOR_LAGS, FOR_SHIFTS, Population, Record, whitened
from formguide.heartrate.sample import planting, sensors
from formguide.heartrate.sample import population as sample
from formguide.heartrate.sample.population import generate
from formguide.heartrate.sequences import Recorded


@pytest.fixture(scope="module")
def clean() -> sample.Population:
    """Runners whose sensors shift and lag nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensors, "planted", lambda rng: (0.0, 0))
        return generate(14, 9, seed=63)


@pytest.fixture(scope="module")
def reference(clean: sample.Population) -> offsets.Reference:
    return offsets.fit_reference(clean.runs)


def own(population: sample.Population, number: int) -> list[Recorded]:
    user = list(population.users)[number]
    return [run for run in population.runs if run.inputs.user_id == user]


# -- linear algebra --------------------------------------------------------------------------------


def test_whitening_is_the_inverse_root_of_the_covariance_of_what_was_seen() -> None:
    steps = np.array([0, 1, 2, 5, 6, 20])
    gaps = np.diff(steps, prepend=0).astype(float)
    keep = 0.9
    made = whitened(np.eye(6), gaps, keep)
    covariance = keep ** np.abs(steps[:, None] - steps[None, :]) / (1 - keep**2)
    assert np.allclose(made @ covariance @ made.T, np.eye(6))


@pytest.mark.parametrize("everybody", [FOR_LAGS, FOR_SHIFTS])
def test_what_is_known_is_the_posterior_of_the_dense_model(
    clean: sample.Population, everybody: Population, monkeypatch: pytest.MonkeyPatch
) -> None:
    records: list[Record] = []
    for run in own(clean, 0)[:3]:
        record = Record.of(run, everybody.keep, records)
        assert record is not None
        records.append(record)
    # Without rare shifts the model is Gaussian.
    monkeypatch.setattr(_mixed_model, "RARE", 1e-30)
    at = records[-1].started_at + timedelta(days=10)
    found = _mixed_model.known(records, at, everybody)
    p, usual = len(everybody.mean), everybody.day_bpm**2
    design = np.concatenate(
        [
            np.hstack([record.rows[:, :p], record.rows[:, p:] @ np.eye(4)[j : j + 1]])
            for j, record in enumerate(records)
        ]
    )
    days = np.array([*((record.started_at - at).total_seconds() / 86400 for record in records), 0.0])
    prior = np.zeros((p + 4, p + 4))
    prior[:p, :p] = everybody.covariance
    prior[p:, p:] = usual * (0.2 * np.exp(-np.abs(days[:, None] - days) / 60) + 0.8 * np.eye(4))
    mean = np.concatenate([everybody.mean, np.zeros(4)])
    heard = np.concatenate([record.heard for record in records])
    noise = everybody.variance * np.eye(len(heard))
    begin = 0
    for record in records:
        end, varying = begin + len(record.at), record.rows[:, :DAY_TERMS]
        noise[begin:end, begin:end] += varying @ everybody.day @ varying.T
        begin = end
    gain = prior @ design.T @ np.linalg.inv(design @ prior @ design.T + noise)
    posterior = mean + gain @ (heard - design @ mean)
    covariance = prior - gain @ design @ prior
    places = [*range(p), p + 3]
    assert np.allclose(found.mean, posterior[places], rtol=1e-5, atol=1e-4)
    assert np.allclose(found.covariance, covariance[np.ix_(places, places)], rtol=1e-4, atol=1e-4)
    assert np.allclose(found.shifts, posterior[p : p + 3], rtol=1e-5, atol=1e-4)
    # What the day added is what is left of the dense posterior.
    fit = np.append(posterior[:p], posterior[p])
    added, spread = day_posterior(records[0].cross, fit, everybody.day, everybody.variance)
    columns, left = records[0].rows[:, :DAY_TERMS], records[0].heard - records[0].rows @ fit
    cross = everybody.day @ columns.T
    dense = cross @ np.linalg.inv(columns @ cross + everybody.variance * np.eye(len(left)))
    assert np.allclose(added, dense @ left, rtol=1e-5, atol=1e-5)
    assert np.allclose(spread, everybody.day - dense @ cross.T, rtol=1e-5, atol=1e-6)


def test_the_odds_of_a_rare_shift_are_those_of_two_normal_distributions() -> None:
    shifts = np.array([0.0, -6.0, 9.0, 30.0])
    usual, both = norm(0, 2), norm(0, np.hypot(2, _mixed_model.RARE_BPM))
    rare = _mixed_model.RARE * both.pdf(shifts)
    expected = rare / (rare + (1 - _mixed_model.RARE) * usual.pdf(shifts))
    odds = _mixed_model._odds(shifts, 4.0, 4.0 + _mixed_model.RARE_BPM**2)
    assert np.allclose(odds, expected)
    assert odds[0] < 0.02 and odds[2] > 0.9


def test_work_is_felt_a_day_later_by_a_third(clean: sample.Population) -> None:
    record = Record.of(own(clean, 0)[0], 0.0)
    assert record is not None and 5 < record.work_kj_kg < 120
    later = record.ended_at + timedelta(days=1)
    assert still_felt(later, [(record.ended_at, record.work_kj_kg)]) == pytest.approx(
        record.work_kj_kg / np.e
    )


def test_what_has_not_ended_is_not_felt_yet() -> None:
    at = datetime(2021, 3, 1, 7)
    before = (at - timedelta(hours=1), 30.0)
    lasting = [(at + timedelta(hours=hours), 50.0) for hours in (0, 1, 200)]
    assert still_felt(at, [before, *lasting]) == still_felt(at, [before]) > 0
    assert still_felt(at, lasting) == 0


def test_the_population_is_recovered_from_hearts_that_are_linear(clean: sample.Population) -> None:
    rng = np.random.default_rng(4)
    truth = np.array([5, 0, 0, 70, 9, 0, -2, 0, 0, 0, 0, 10, *[0] * 8], dtype=float)
    made = []
    for number in range(14):
        user = truth + rng.normal(0, [0, 0, 0, 6, 1, *[0] * 15])
        for run in own(clean, number):
            heart = _mixed_model.explained(run.inputs) @ user + rng.normal(0, 3.0)
            noise = np.zeros(len(heart))
            for t in range(1, len(heart)):
                noise[t] = 0.99 * noise[t - 1] + rng.normal(0, 0.4)
            made.append(replace(run, heart_rate_bpm=heart + noise))
    reference = offsets.fit_reference(made)
    for found in (reference.lags, reference.shifts):
        assert found.users == 14
        assert found.mean[4] == pytest.approx(9, abs=0.9)
        assert found.mean[3] == pytest.approx(70, abs=6)
        assert 2.0 < found.day_bpm < 4.0


# -- what was planted ------------------------------------------------------------------------------


@pytest.mark.parametrize(("offset", "lag"), [(15.0, 0), (-20.0, 0), (0.0, 12), (0.0, 30), (14.0, 20)])
def test_what_is_planted_is_found_on_top_of_what_was_there(
    clean: sample.Population, reference: offsets.Reference, offset: float, lag: int
) -> None:
    *before, run = own(clean, 3)
    was = offsets.judge(run, before, reference)
    now = offsets.judge(planting.moved(run, offset, lag), before, reference)
    assert was.found == "none" and was.earlier_workouts == len(before)
    assert was.offset_bpm is not None and now.offset_bpm is not None and was.lag_sec is not None
    assert now.offset_bpm - was.offset_bpm == pytest.approx(offset, abs=1.0)
    assert now.lag_sec == pytest.approx(lag + was.lag_sec, abs=2.0)
    assert now.found == {(1, 0): "offset", (0, 1): "lag", (1, 1): "both"}[int(offset != 0), int(lag != 0)]
    assert abs(now.applied_offset_bpm - offset) < 6 and abs(now.applied_lag_sec - lag) <= 3


def test_clean_workouts_raise_no_alarm(clean: sample.Population, reference: offsets.Reference) -> None:
    found = offsets.judge_all(clean.runs[: 9 * 5], reference)
    assert sum(finding.found != "none" for finding in found) <= 2
    assert all(finding.found == "none" for finding in found if finding.earlier_workouts < offsets.FEWEST)


def test_an_earlier_workout_that_was_found_shifted_teaches_no_level(
    clean: sample.Population, reference: offsets.Reference
) -> None:
    runs = own(clean, 5)
    spoilt = [*runs[:5], planting.moved(runs[5], 25.0, 0), runs[6]]
    plain, after = (offsets.judge_all(some, reference)[-1] for some in (runs[:7], spoilt))
    assert offsets.judge_all(spoilt[:6], reference)[5].found == "offset"
    assert plain.offset_bpm is not None and after.offset_bpm is not None
    assert after.offset_bpm == pytest.approx(plain.offset_bpm, abs=1.5)


def test_a_workout_without_a_heart_rate_is_judged_as_nothing(clean: sample.Population) -> None:
    *before, run = own(clean, 1)
    silent = replace(run, heart_rate_bpm=np.full(len(run.inputs), np.nan))
    finding = offsets.judge(silent, before)
    assert (finding.found, finding.offset_bpm, finding.lag_sec) == ("none", None, None)


# -- what is not known yet -------------------------------------------------------------------------


def test_nothing_that_ended_later_changes_what_is_found(clean: sample.Population) -> None:
    rng = np.random.default_rng(9)
    runs = own(clean, 2)
    at = runs[5].inputs.started_at
    scrambled = [
        run if run.inputs.ended_at < at else replace(run, heart_rate_bpm=rng.permutation(run.heart_rate_bpm))
        for run in runs
    ]
    here = runs[5]
    assert offsets.judge(here, runs) == offsets.judge(here, scrambled) == offsets.judge(here, runs[:5])
    assert offsets.judge_all(runs)[5] == offsets.judge(here, runs[:5])


def test_the_population_is_learnt_from_what_had_ended(clean: sample.Population) -> None:
    at = datetime(2023, 9, 1)
    ended = [run for run in clean.runs if run.inputs.ended_at < at]
    later = [
        replace(run, heart_rate_bpm=run.heart_rate_bpm + 50)
        for run in clean.runs
        if run.inputs.ended_at >= at
    ]
    one, other = (offsets.fit_reference(some, at, passes=1) for some in (ended, [*later, *ended]))
    for here, there in ((one.lags, other.lags), (one.shifts, other.shifts)):
        assert here.users >= offsets.FEWEST_USERS
        assert here.mean.tobytes() == there.mean.tobytes() and here.day_bpm == there.day_bpm
        assert here.day.tobytes() == there.day.tobytes() and here.caution == there.caution
    assert offsets.fit_reference(clean.runs[:9]) == offsets.UNINFORMED


def test_the_ceiling_is_that_of_normal_errors() -> None:
    spread, levels = 2.0, (np.arange(20_000) + 0.5) / 20_000
    normal = pl.DataFrame({"offset_found": norm.ppf(levels) * spread})
    columns = {"earlier": pl.lit(5), "offset": pl.lit(0.0), "offset_se": pl.lit(spread)}
    told = planting.ceiling(normal.with_columns(**columns), alarms=0.01)
    limit = norm.ppf(0.995) * spread
    found = np.mean([norm.sf(limit, size, spread) for size in range(8, 26)])
    near = 1 - 2 * norm.sf(3 / spread)
    assert told["clean"] == 20_000 and told["within_3_bpm_of_all"] == pytest.approx(near, abs=1e-3)
    assert told["found"] == pytest.approx(found, abs=1e-3)
    assert told["offset_mae"] == pytest.approx(spread * np.sqrt(2 / np.pi), rel=1e-3)


@pytest.mark.slow
def test_on_a_thousand_workouts_the_alarms_are_few_and_the_planted_are_found() -> None:
    told = planting.told(planting.trial())
    assert told["clean"] >= 1000
    assert told["false_alarms"] <= 0.02
    assert told["late_lag_found"] > 0.9 and told["late_within_3_s"] > 0.9
    assert told["shifted_offset_found"] > 0.8 and told["shifted_offset_mae"] < 3.0
