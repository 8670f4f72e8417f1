"""Shifts and lags: the algebra against dense matrices, what was planted, and nothing from the future."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from formguide.heartrate import _mixed_model, offsets
from formguide.heartrate._mixed_model import Record, whitened
from formguide.heartrate.sample import planting, sensors
from formguide.heartrate.sample.population import Population, generate
from formguide.heartrate.sequences import Recorded


@pytest.fixture(scope="module")
def clean() -> Population:
    """Runners whose sensors shift and lag nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensors, "planted", lambda rng: (0.0, 0))
        return generate(14, 9, seed=63)


@pytest.fixture(scope="module")
def reference(clean: Population) -> offsets.Reference:
    return offsets.fit_reference(clean.runs, passes=4)


def own(population: Population, number: int) -> list[Recorded]:
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


def test_what_is_known_is_the_posterior_of_the_dense_model(clean: Population) -> None:
    runs = own(clean, 0)[:3]
    records = [record for run in runs if (record := Record.of(run, 0.95)) is not None]
    # A day that is usual keeps the t's weights out of it.
    reference = replace(offsets.UNINFORMED, day_bpm=40.0)
    at = records[-1].started_at + timedelta(days=10)
    found = _mixed_model.known(records, at, reference)
    p = len(reference.mean)
    design = np.concatenate(
        [
            np.hstack([record.rows[:, :p], record.rows[:, p:] @ np.eye(4)[j : j + 1]])
            for j, record in enumerate(records)
        ]
    )
    days = np.array([*((record.started_at - at).total_seconds() / 86400 for record in records), 0.0])
    shifts = 40.0**2 * (0.5 * np.exp(-np.abs(days[:, None] - days) / 60) + 0.5 * np.eye(4))
    prior = np.zeros((p + 4, p + 4))
    prior[:p, :p], prior[p:, p:] = reference.covariance, shifts
    mean = np.concatenate([reference.mean, np.zeros(4)])
    heard = np.concatenate([record.heard for record in records])
    noise = reference.noise_bpm**2 * np.eye(len(heard))
    gain = prior @ design.T @ np.linalg.inv(design @ prior @ design.T + noise)
    posterior = mean + gain @ (heard - design @ mean)
    covariance = prior - gain @ design @ prior
    places = [*range(p), p + 3]
    assert np.allclose(found.mean, posterior[places], rtol=1e-5, atol=1e-4)
    assert np.allclose(found.covariance, covariance[np.ix_(places, places)], rtol=1e-4, atol=1e-4)
    assert np.allclose(found.shifts, posterior[p : p + 3], rtol=1e-5, atol=1e-4)


def test_the_population_is_recovered_from_hearts_that_are_linear(clean: Population) -> None:
    rng = np.random.default_rng(4)
    truth = np.array([70, 9, 0, -2, 0, 0, 0, 0, 5, 0, 10, 0, 0, 0, 0], dtype=float)
    made = []
    for number in range(14):
        user = truth + rng.normal(0, [6, 1, *[0] * 13])
        for run in own(clean, number):
            heart = _mixed_model.explained(run.inputs) @ user + rng.normal(0, 3.0)
            noise = np.zeros(len(heart))
            for t in range(1, len(heart)):
                noise[t] = 0.99 * noise[t - 1] + rng.normal(0, 0.4)
            made.append(replace(run, heart_rate_bpm=heart + noise))
    found = offsets.fit_reference(made)
    assert found.users == 14
    assert found.mean[1] == pytest.approx(9, abs=0.9)
    assert found.mean[0] == pytest.approx(70, abs=6)
    assert 2.0 < found.day_bpm < 4.0


# -- what was planted ------------------------------------------------------------------------------


@pytest.mark.parametrize(("offset", "lag"), [(15.0, 0), (-20.0, 0), (0.0, 12), (0.0, 30), (14.0, 20)])
def test_what_is_planted_is_found_on_top_of_what_was_there(
    clean: Population, reference: offsets.Reference, offset: float, lag: int
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


def test_clean_workouts_raise_no_alarm(clean: Population, reference: offsets.Reference) -> None:
    found = offsets.judge_all(clean.runs[: 9 * 5], reference)
    assert sum(finding.found != "none" for finding in found) <= 2
    assert all(finding.found == "none" for finding in found if finding.earlier_workouts < offsets.FEWEST)


def test_an_earlier_workout_that_was_found_shifted_teaches_no_level(
    clean: Population, reference: offsets.Reference
) -> None:
    runs = own(clean, 5)
    spoilt = [*runs[:5], planting.moved(runs[5], 25.0, 0), runs[6]]
    plain, after = (offsets.judge_all(some, reference)[-1] for some in (runs[:7], spoilt))
    assert offsets.judge_all(spoilt[:6], reference)[5].found == "offset"
    assert plain.offset_bpm is not None and after.offset_bpm is not None
    assert after.offset_bpm == pytest.approx(plain.offset_bpm, abs=1.5)


def test_a_workout_without_a_heart_rate_is_judged_as_nothing(clean: Population) -> None:
    *before, run = own(clean, 1)
    silent = replace(run, heart_rate_bpm=np.full(len(run.inputs), np.nan))
    finding = offsets.judge(silent, before)
    assert (finding.found, finding.offset_bpm, finding.lag_sec) == ("none", None, None)


# -- what is not known yet -------------------------------------------------------------------------


def test_nothing_that_ended_later_changes_what_is_found(clean: Population) -> None:
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


def test_the_population_is_learnt_from_what_had_ended(clean: Population) -> None:
    at = datetime(2023, 9, 1)
    ended = [run for run in clean.runs if run.inputs.ended_at < at]
    later = [
        replace(run, heart_rate_bpm=run.heart_rate_bpm + 50)
        for run in clean.runs
        if run.inputs.ended_at >= at
    ]
    one, other = (offsets.fit_reference(some, at, passes=2) for some in (ended, [*later, *ended]))
    assert one.users >= offsets.FEWEST_USERS
    assert one.mean.tobytes() == other.mean.tobytes() and one.day_bpm == other.day_bpm
    assert offsets.fit_reference(clean.runs[:9]).users == 0


@pytest.mark.slow
def test_on_a_thousand_workouts_the_alarms_are_few_and_the_planted_are_found() -> None:
    told = planting.told(planting.trial())
    assert told["clean"] >= 1000
    assert told["false_alarms"] <= 0.02
    assert told["late_lag_found"] > 0.9 and told["late_within_3_s"] > 0.9
    assert told["shifted_offset_found"] > 0.7 and told["shifted_offset_mae"] < 3.0
