"""The yardstick: its posterior against closed forms, planted parameters and the noise that was made."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from formguide.heartrate.sample import oracle, physiology, sensors
from formguide.heartrate.sample.physiology import STANDARD
from formguide.heartrate.sample.population import Population, generate


@pytest.fixture(scope="module")
def population() -> Population:
    return generate(4, 9, seed=31)


@pytest.fixture(scope="module")
def pace() -> oracle.Pace:
    return oracle.Pace.learnt(users=60, workouts=3)


def test_for_somebody_new_only_fitness_is_learnt_as_the_closed_form_has_it(
    population: Population, pace: oracle.Pace
) -> None:
    run = population.runs[0]
    (seen,) = oracle._Seen.of(population, [run])
    found = oracle._Posterior.of([], seen, pace, "M", np.zeros(len(STANDARD)))
    # log VO2max = log 54 + .12 z at the first workout, of which the pace is a Gaussian reading.
    reading = (seen.paces @ pace.weights - pace.at) / pace.slope - np.log(54.0)
    sd = pace.sd / abs(pace.slope)
    fitness = STANDARD.index("fitness")
    variance = 1 / (1 + 0.12**2 / sd**2)
    assert found.mode[fitness] == pytest.approx(variance * 0.12 / sd**2 * reading, abs=1e-3)
    assert (found.root @ found.root.T)[fitness, fitness] == pytest.approx(variance, rel=1e-3)
    assert np.abs(np.delete(found.mode, fitness)).max() < 1e-6


def test_with_a_history_the_parameters_are_recovered_within_their_spread(
    population: Population, pace: oracle.Pace
) -> None:
    scores, shrunk = [], []
    for user_id, user in population.users.items():
        runs = [run for run in population.runs if run.inputs.user_id == user_id]
        seen = oracle._Seen.of(population, runs)
        found = oracle._Posterior.of(seen[:-1], seen[-1], pace, user.gender, np.zeros(len(STANDARD)))
        sd = np.sqrt(np.diag(found.root @ found.root.T))
        scores.append((found.mode - user.standard) / sd)
        shrunk.append(sd)
    z = np.array(scores)
    assert np.sqrt((z**2).mean()) < 1.6  # 1 if the posterior is right; 48 of them
    on, off = STANDARD.index("on"), STANDARD.index("off")
    assert np.mean(shrunk, axis=0)[[on, off]].max() < 0.35


def test_history_helps_and_the_truth_is_better_still(population: Population, pace: oracle.Pace) -> None:
    user = next(iter(population.users))
    errors = oracle.errors(population, [user], pace=pace)
    assert errors["earlier"].to_list() == list(range(9))
    settled = errors.filter(errors["earlier"] >= 3)
    new, known, true = (
        float(np.mean(settled[f"mae_{name}"].to_numpy())) for name in ("new", "known", "true")
    )
    assert true < known < new
    assert oracle.errors(population, [user], pace=pace).equals(errors)


def test_the_noise_is_the_one_that_sensors_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensors, "planted", lambda rng: (0.0, 0))
    for name in ("CADENCE_LOCK", "STUCK", "SPIKES", "DROPOUT"):
        monkeypatch.setattr(sensors, name, 0.0)
    rng = np.random.default_rng(2)
    made, at = [], np.arange(0, 200, 20)
    for _ in range(3000):
        said = sensors.measured_heart_rate(rng, np.full(200, 120.3), np.zeros(200)).heart_rate_bpm
        start = rng.normal(0, physiology.START_SD) * np.exp(-at / 35.0)
        made.append(said[at] - 120.3 + rng.normal(0, physiology.SHIFT_SD) + start)
    factor = oracle._noise_factor(at, usual_c=-30.0)
    assert np.abs(np.cov(np.array(made).T) - factor @ factor.T).max() < 6.0  # of 75 at the start
    assert np.abs(np.cov(np.array(made).T) - factor @ factor.T)[4:, 4:].max() < 1.0


@pytest.mark.parametrize("usual", [2.0, 14.0, 24.0])
def test_the_expected_excess_of_warmth_is_the_integral(usual: float) -> None:
    density = norm(usual, physiology.WEATHER_SD).pdf
    first = quad(lambda c: (c - 15) * density(c), 15, 60)[0]
    second = quad(lambda c: (c - 15) ** 2 * density(c), 15, 60)[0]
    assert oracle._above(usual, 15) == pytest.approx(first, abs=1e-8)
    assert oracle._above_sd(usual, 15) == pytest.approx(np.sqrt(second - first**2), abs=1e-6)


def test_who_knows_the_runner_tells_a_shift_up_to_the_day(population: Population) -> None:
    found = oracle.shifts(population)
    assert found.height == sum(workout.lag_sec == 0 for workout in population.workouts.values())
    error = (found["offset_found"] - found["offset"]).to_numpy()
    assert found["offset_se"].to_numpy().min() > physiology.SHIFT_SD
    assert 0.7 < np.std(error / found["offset_se"].to_numpy()) < 1.4
    days = [population.workouts[name].day.shift_bpm for name in found["workout_id"]]
    assert np.corrcoef(error, days)[0, 1] > 0.7
