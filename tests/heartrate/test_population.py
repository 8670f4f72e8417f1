"""The generated runners: the same again by seed, physiology against scipy, faults where the truth says."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from formguide.heartrate.sample import physiology, sensors
from formguide.heartrate.sample.physiology import STANDARD, Day, Runner
from formguide.heartrate.sample.population import POINTS, Population, generate


@pytest.fixture(scope="module")
def population() -> Population:
    return generate(24, 8, seed=5)


def test_the_same_seed_gives_the_same_bytes_and_a_runner_does_not_depend_on_the_others(
    population: Population,
) -> None:
    again = generate(3, 8, seed=5)
    other = generate(3, 8, seed=6)
    for run, twin in zip(population.runs, again.runs, strict=False):
        assert run.inputs.workout_id == twin.inputs.workout_id
        assert run.inputs.started_at == twin.inputs.started_at
        assert run.heart_rate_bpm.tobytes() == twin.heart_rate_bpm.tobytes()
        assert run.inputs.speed_mps.tobytes() == twin.inputs.speed_mps.tobytes()
    assert other.runs[0].heart_rate_bpm.tobytes() != population.runs[0].heart_rate_bpm.tobytes()


def test_workouts_follow_one_another_and_have_what_inputs_promise(population: Population) -> None:
    assert len(population.runs) == 24 * 8 == len({run.inputs.workout_id for run in population.runs})
    for before, run in zip(population.runs, population.runs[1:], strict=False):
        assert before.inputs.user_id != run.inputs.user_id or before.inputs.ended_at < run.inputs.started_at
    for run in population.runs:
        told = population.workouts[run.inputs.workout_id]
        assert np.array_equal(run.inputs.t_sec, np.arange(len(run.inputs)))
        assert len(run.heart_rate_bpm) == len(run.inputs) >= 1000
        for values in (run.inputs.speed_mps, run.inputs.altitude_m):
            assert np.isfinite(values).all()
        assert run.inputs.speed_mps.min() >= 0 and 1.8 < run.inputs.speed_mps.max() < 10
        heard = np.flatnonzero(np.isfinite(run.heart_rate_bpm))
        assert np.isin(heard, told.sampled).all()
        if population.users[run.inputs.user_id].recorded == POINTS:
            assert 350 <= len(told.sampled) <= sensors.POINTS


def test_without_a_grade_a_slow_heart_is_the_relaxation_that_scipy_integrates() -> None:
    runner = Runner(60.0, 130.0, 50.0, 1.0, 30.0, 45.0, 0.0, 0.99, 0.0, 0.0, 0.0, 0.0)
    level = np.repeat([0.0, 9.0, 4.0, 0.0], 300)
    ours = physiology.curves(level, np.zeros(1200), runner, Day(10.0, 0.0, 0.0))[0]

    def slope(t: float, heart: np.ndarray) -> np.ndarray:
        share = (5.0 + level[min(int(t), 1199)] * 60 / 20.9) / 50.0
        wanted = 60 + 130 * (share - 0.05 * np.log1p(np.exp((share - 1) / 0.05)))
        return np.asarray((wanted - heart) / np.where(wanted > heart, 30.0, 45.0))

    solved = solve_ivp(slope, (0, 1200), [87.0], t_eval=np.arange(1.0, 1201.0), max_step=0.5, rtol=1e-8)
    assert np.abs(ours - solved.y[0]).max() < 0.01


def test_each_effect_beyond_the_relaxation_does_what_it_says() -> None:
    plain = Runner(60.0, 130.0, 50.0, 1.0, 30.0, 45.0, 0.0, 0.8, 0.0, 0.0, 0.0, 0.0)
    level, flat = np.full(1800, 11.5), np.zeros(1800)

    cool = Day(10.0, 0.0, 0.0)

    def end(runner: Runner, day: Day = cool) -> float:
        return float(physiology.curves(level, flat, runner, day)[0, -1])

    usual = end(plain)
    warm = end(plain._replace(warm_bpm_c=0.5), Day(25.0, 0.0, 0.0))
    assert warm - usual == pytest.approx(0.5 * 10 * (1 - np.exp(-3)), abs=0.05)
    share = (5 + 11.5 * 60 / 20.9) / 50
    assert end(plain._replace(drift_bpm_h=10.0)) - usual == pytest.approx(5 * share, abs=0.1)
    assert end(plain._replace(fatigue=0.2), Day(10.0, 15.0, 0.0)) - usual == pytest.approx(3.0, abs=1e-6)
    # On a straight line, far below the ceiling, fitness acts as 1 / VO2max.
    easy = np.full(1800, 5.0)
    later = physiology.curves(easy, flat, plain._replace(trend=0.1), Day(10.0, 0.0, 300.0))[0, -1]
    at_first = physiology.curves(easy, flat, plain, Day(10.0, 0.0, 0.0))[0, -1]
    assert (later - 60) / (at_first - 60) == pytest.approx(np.exp(-0.1), abs=1e-3)
    assert end(plain._replace(slow=0.5)) == usual  # below the threshold
    assert usual + 3 < end(plain._replace(slow=0.5, threshold=0.7)) < usual + 4


def test_the_true_curve_leaves_only_noise_where_no_sensor_was_at_fault(population: Population) -> None:
    offsets, spread = [], []
    for run in population.runs:
        told = population.workouts[run.inputs.workout_id]
        fine = ~population.faulty(run)
        left = (run.heart_rate_bpm - population.true_curve(run))[fine]
        if not told.lag_sec:
            offsets.append(left.mean() - told.offset_bpm)
            spread.append(left.std())
    assert np.abs(offsets).max() < 4.0
    assert abs(np.mean(offsets)) < 0.4
    assert 1.5 < np.mean(spread) < 3.0


def test_faults_are_where_the_truth_says(population: Population) -> None:
    kinds = set()
    for run in population.runs:
        for fault in population.workouts[run.inputs.workout_id].faults:
            kinds.add(fault.what)
            said = run.heart_rate_bpm[fault.begin_sec : fault.end_sec]
            heard = said[np.isfinite(said)]
            if fault.what == "dropout":
                assert len(heard) == 0
            elif fault.what == "stuck":
                assert len(np.unique(heard[heard < 235])) <= 1 + np.sum(np.diff(heard) > 30)
    assert kinds == {"dropout", "stuck", "spikes", "cadence lock"}


def test_shifts_and_lags_are_as_frequent_and_as_large_as_declared() -> None:
    rng = np.random.default_rng(1)
    planted = [sensors.planted(rng) for _ in range(20000)]
    shifts = np.array([offset for offset, _ in planted if offset])
    lags = np.array([lag for _, lag in planted if lag])
    assert len(shifts) / 20000 == pytest.approx(sensors.SHIFTED, abs=0.006)
    assert len(lags) / 20000 == pytest.approx(sensors.LATE, abs=0.006)
    assert np.abs(shifts).min() >= 8 and np.abs(shifts).max() <= 25 and abs(shifts.mean()) < 2.5
    assert lags.min() >= 8 and lags.max() <= 40


def test_a_late_record_is_the_prompt_one_shifted(monkeypatch: pytest.MonkeyPatch) -> None:
    heart = 100 + 40 * np.sin(np.arange(900) / 60)
    said = {}
    for lag in (0, 20):
        monkeypatch.setattr(sensors, "planted", lambda rng, lag=lag: (5.0, lag))
        said[lag] = sensors.measured_heart_rate(np.random.default_rng(3), heart, np.zeros(900))
    assert not said[0].faults
    assert np.array_equal(said[20].heart_rate_bpm[20:], said[0].heart_rate_bpm[:-20])


def test_runners_spread_as_the_prior_says() -> None:
    assert len(STANDARD) == len(Runner._fields)
    z = np.random.default_rng(0).normal(size=(4000, len(STANDARD)))
    runners = physiology.natural(z, "F")
    assert np.std(runners.rest_bpm) == pytest.approx(6, rel=0.05)
    assert np.median(runners.on_sec) == pytest.approx(28, rel=0.03)
    assert np.median(runners.vo2max) == pytest.approx(54 * np.exp(-0.10), rel=0.02)
