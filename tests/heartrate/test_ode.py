"""The heart's differential equation: its solution, its derivatives, and parameters that are found again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from formguide.heartrate import _ode_kernel as kernel
from formguide.heartrate import ode
from formguide.heartrate.sequences import Recorded
from tests.heartrate.hearts import THETA, beating, inputs_of, runs_of


def test_the_curve_solves_the_differential_equation():
    """Against an adaptive solver that is told the equation, not the recursion; second by second, because what
    is asked jumps between them."""
    inputs = inputs_of(1, seconds=300)
    power = ode.effort(inputs)
    rising, falling, slow = np.exp(THETA[kernel.LOG_ON]), np.exp(THETA[kernel.LOG_OFF]), np.exp(THETA[7])
    share = 1 / (1 + np.exp(-THETA[kernel.SLOW_LOGIT]))

    def change(_: float, state: np.ndarray, asked: float) -> list[float]:
        to_fast, to_slow = (1 - share) * asked, share * asked
        return [
            (to_fast - state[0]) / (rising if to_fast > state[0] else falling),
            (to_slow - state[1]) / slow,
        ]

    state, solved = np.array([THETA[9], 0.0]), []
    for k in range(300):
        solved.append(THETA[0] + state.sum())
        watts = power.level[k] + THETA[2] * power.uphill[k] + THETA[3] * power.downhill[k]
        hours = 1.5 * (1 - np.exp(-k / 3600 / 1.5))
        asked = float(np.exp(THETA[1]) * min(max(watts, 0.0), 25.0) * (1 + THETA[8] * hours))
        state = solve_ivp(change, (0, 1), state, args=(asked,), rtol=1e-6, atol=1e-6).y[:, -1]
    off = np.abs(solved - ode.simulate(ode.Physiology(THETA), inputs))
    assert off.max() < 1e-4


@pytest.mark.parametrize("parameter", range(kernel.PARAMETERS))
def test_derivatives_are_those_of_the_curve(parameter):
    costs = ode.effort(inputs_of(2, seconds=600))
    power = (costs.level, costs.uphill, costs.downhill)
    curve, slope = kernel.sensitivities(*power, THETA, 5)
    step = np.zeros(kernel.PARAMETERS)
    step[parameter] = 1e-5
    by_difference = (kernel.simulate(*power, THETA + step) - kernel.simulate(*power, THETA - step))[
        ::5
    ] / 2e-5
    assert np.allclose(curve, kernel.simulate(*power, THETA)[::5], atol=1e-10)
    assert np.abs(by_difference).max() > 0.1
    assert np.abs(slope[:, parameter] - by_difference).max() < 1e-5 * np.abs(by_difference).max() + 1e-6


def test_planted_parameters_and_the_days_shifts_are_found_again():
    shifts = np.array([5.0, -4.0, 0.0, 3.0, -2.0, -2.0, 1.0, -1.0, 4.0, -4.0])
    found = ode.fit(runs_of(10, shifts))
    off = np.abs(found.theta - THETA)
    assert off[kernel.LOG_GAIN] < 0.05 and off[kernel.UPHILL] < 0.1 and off[kernel.DOWNHILL] < 0.1
    assert off[kernel.LOG_ON] < 0.15 and off[kernel.LOG_OFF] < 0.15
    assert off[kernel.REST] < 4 and off[kernel.DRIFT] < 0.05 and off[kernel.START] < 4
    assert np.abs(found.day_shift_bpm - shifts).max() < 1.5


def test_two_runs_suffice_and_more_are_better():
    held = beating(inputs_of(30), noise=0.0)

    def error(count: int) -> float:
        found = ode.fit(runs_of(count)[:count])
        return float(np.abs(ode.simulate(found, held.inputs) - held.heart_rate_bpm).mean())

    none, two, ten = error(0), error(2), error(10)
    assert none > 10
    assert two < 2.5
    assert ten < min(two, 1.0)


def test_without_a_heart_rate_the_prior_speaks():
    silent = Recorded(inputs_of(0), np.full(1500, np.nan))
    zeros = Recorded(inputs_of(1), np.zeros(1500))
    found = ode.fit([silent, zeros])
    assert found.theta.tobytes() == ode.DEFAULT_PRIOR.mean.tobytes()
    assert found.highest_bpm == 0.0
    assert len(found.day_shift_bpm) == 2


def test_a_stuck_sensor_moves_the_fit_less_than_least_squares():
    runs = runs_of(6)
    stuck = [replace(run, heart_rate_bpm=run.heart_rate_bpm.copy()) for run in runs]
    for run in stuck[:3]:
        run.heart_rate_bpm[700:1100] = 96.0
    held = inputs_of(30)
    truth = ode.simulate(ode.Physiology(THETA), held)

    def error(settings: ode.OdeSettings) -> float:
        return float(np.abs(ode.simulate(ode.fit(stuck, settings=settings), held) - truth).mean())

    squares = ode.OdeSettings(noise_bpm=1e3, independent_sec=60.0 * (3.0 / 1e3) ** 2)
    assert error(ode.OdeSettings()) < 0.5 * error(squares)


@pytest.mark.parametrize("second", [1, 333, 1499])
def test_a_second_knows_nothing_of_those_after_it(second):
    inputs = inputs_of(3)
    rng = np.random.default_rng(second)
    later = inputs.t_sec >= second
    wrong = replace(
        inputs,
        speed_mps=np.where(later, rng.uniform(0, 9, 1500), inputs.speed_mps),
        altitude_m=np.where(later, rng.uniform(0, 900, 1500), inputs.altitude_m),
    )
    who = ode.Physiology(THETA)
    assert (
        ode.simulate(who, wrong)[: second + 1].tobytes() == ode.simulate(who, inputs)[: second + 1].tobytes()
    )


def test_a_mistaken_speed_does_not_send_the_curve_through_the_roof():
    inputs = inputs_of(4)
    mad = replace(inputs, speed_mps=np.where(inputs.t_sec > 700, 60.0, inputs.speed_mps))
    curve = ode.simulate(ode.Physiology(THETA), mad)
    assert curve.max() == ode.CEILING_BPM
    assert ode.simulate(ode.Physiology(THETA, highest_bpm=208.0), mad).max() == 208.0


def test_what_runners_have_in_common_is_found_from_many():
    rng = np.random.default_rng(5)
    spread = 0.5 * ode.DEFAULT_PRIOR.sd
    fits = [ode.Physiology(THETA + spread * rng.normal(size=10)) for _ in range(400)]
    prior = ode.population_prior(fits)
    assert np.abs((prior.mean - THETA) / spread).max() < 0.25
    assert np.abs(np.log(prior.sd / spread)).max() < 0.25
    assert ode.population_prior(fits[:3]) is ode.DEFAULT_PRIOR
    assert (ode.population_prior([fits[0]] * 20).sd > 0).all()


def test_parameters_in_words():
    words = ode.Physiology(THETA).named()
    assert words["tau_on_sec"] == pytest.approx(25.0)
    assert words["gain_bpm_per_wkg"] == pytest.approx(6.0)
    assert 0 < words["slow_share"] < 1
