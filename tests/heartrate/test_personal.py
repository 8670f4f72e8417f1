"""A runner's own forecast, its interval, its plan, and the run as it goes by."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from formguide.heartrate import intervals, ode, pace_plan, personal
from formguide.heartrate.curves import Curve
from formguide.heartrate.pace_plan import NoRoute
from formguide.heartrate.personal import Personal, fit_ode, fit_personal, forecast_run
from formguide.heartrate.streaming import AHEAD_SEC, open_stream
from tests.heartrate.hearts import THETA, beating, inputs_of, runs_of

SHIFTS = np.array([4.0, -3.0, 0.0, 5.0, -4.0, -2.0, 1.0, 3.0, -4.0, 0.0, 2.0, -2.0])


def bytes_of(curve: Curve) -> bytes:
    return b"".join(values.tobytes() for values in (curve.p10, curve.p50, curve.p90))


@pytest.fixture(scope="module")
def runs():
    return runs_of(12, SHIFTS)


def test_the_more_is_known_the_better_and_the_narrower(runs):
    held = beating(inputs_of(30), noise=1.0)
    own = Personal()
    errors, widths = [], []
    for known in (0, 1, 4, 12):
        curve = own.curve(held.inputs, runs[:known])
        errors.append(float(np.abs(curve.p50 - held.heart_rate_bpm).mean()))
        widths.append(float((curve.p90 - curve.p10).mean()))
    assert errors[0] > 2 * errors[1] and errors[3] < 2
    assert widths == sorted(widths, reverse=True) and widths[0] > 2 * widths[3]


def test_intervals_cover_what_they_say():
    rng = np.random.default_rng(3)
    own, inside = Personal(), []
    for who in range(12):
        theta = THETA + 0.5 * ode.DEFAULT_PRIOR.sd * rng.normal(size=10)
        theirs = [
            beating(inputs_of(k, seconds=900, seed=who), theta, rng.normal(0, 4.0), noise=3.0)
            for k in range(8)
        ]
        curve = own.curve(theirs[-1].inputs, theirs[:-1])
        said = theirs[-1].heart_rate_bpm
        inside.append(float(np.mean((curve.p10 <= said) & (said <= curve.p90))))
    assert 0.68 < np.mean(inside) < 0.95


def test_a_runner_who_is_harder_to_forecast_gets_a_wider_interval():
    calm = [np.abs(np.random.default_rng(k).normal(0, 1, 400)) for k in range(60)]

    def half_width(runs: list[np.ndarray]) -> float:
        return intervals.half_width([intervals.shares_within(one) for one in runs])

    assert half_width(calm) == pytest.approx(1.2816, abs=0.1)
    assert half_width([2 * one for one in calm]) == pytest.approx(2.4, abs=0.25)
    assert half_width([]) < half_width([np.full(400, 9.0)])
    assert half_width([np.full(400, np.nan)]) == half_width([])


def test_runs_that_had_not_ended_are_not_known(runs):
    held = inputs_of(6)
    late = replace(runs[6], heart_rate_bpm=runs[6].heart_rate_bpm + 40)
    known = forecast_run(held, runs[:6])
    assert bytes_of(forecast_run(held, [*runs[:6], late, *runs[7:]])) == bytes_of(known)
    before = runs[3].inputs.ended_at
    assert bytes_of(forecast_run(held, runs, as_of=before)) == bytes_of(Personal().curve(held, runs[:3]))


def test_a_past_run_is_forecast_again_from_what_had_ended_when_it_began(runs):
    begins = runs[5].inputs.started_at
    # It began a minute before the next run, and ended a minute after that had begun.
    inputs = inputs_of(40, seconds=120)
    lasting = beating(replace(inputs, workout_id="x", started_at=begins - timedelta(seconds=60)), shift=30.0)

    def met(known):
        own = Personal()
        return own._met(known, personal.keys_of(own.prior, known))[-1].tobytes()

    assert met([*runs[:5], lasting, runs[5]]) == met(runs[:6])
    other = replace(lasting, heart_rate_bpm=lasting.heart_rate_bpm - 9)
    assert met([lasting, runs[5]]) == met([other, runs[5]])
    ended = replace(lasting, inputs=replace(lasting.inputs, started_at=begins - timedelta(seconds=180)))
    assert met([*runs[:5], ended, runs[5]]) != met(runs[:6])


def test_what_is_remembered_changes_nothing(runs):
    held, own = inputs_of(30), Personal()
    other = [replace(run, heart_rate_bpm=run.heart_rate_bpm[::-1].copy()) for run in runs]
    asked = [runs[:3], runs[:8], other[:8], runs[:6]]
    fresh = []
    for known in asked:
        personal._fits.clear()
        personal._errors.clear()
        fresh.append(bytes_of(own.curve(held, known)))
    assert [bytes_of(own.curve(held, known)) for known in (*asked, *asked)] == [*fresh, *fresh]
    assert len(set(fresh)) == 4
    assert fit_ode([]).curve(held, runs[:8]).p90[0] != own.curve(held, runs[:8]).p90[0]


def test_rides_teach_nothing_of_runs(runs):
    rides = [replace(run, inputs=replace(run.inputs, activity="ride")) for run in runs]
    held = inputs_of(30)
    assert bytes_of(Personal().curve(held, rides)) == bytes_of(Personal().curve(held, []))


def test_the_level_follows_a_runner_who_changes():
    shifts = np.r_[np.zeros(20), np.full(20, 9.0)]
    known = runs_of(40, shifts, seconds=300)
    found = ode.Physiology(THETA, shifts)
    late = personal.level_of_late(found, known, inputs_of(50).started_at)
    early = personal.level_of_late(ode.Physiology(THETA, shifts[:20]), known[:20], inputs_of(20).started_at)
    assert early == 0.0
    assert 2.0 < late < 9.0
    odd = np.zeros(20)
    odd[-1] = 40.0
    assert personal.level_of_late(ode.Physiology(THETA, odd), known[:20], inputs_of(20).started_at) < 0.6


def test_others_runs_tell_what_is_usual():
    rng = np.random.default_rng(8)
    training = []
    for who in range(9):
        theta = THETA + np.r_[rng.normal(0, 3), np.zeros(9)]
        training += [beating(inputs_of(k, 900, f"u{who}", who), theta) for k in range(2)]
    held = beating(inputs_of(3, seed=70))
    common = fit_personal(training).curve(held.inputs, [])
    textbook = Personal().curve(held.inputs, [])
    said = held.heart_rate_bpm
    assert np.abs(common.p50 - said).mean() < 0.5 * np.abs(textbook.p50 - said).mean()
    assert fit_personal(training[:4]).prior is ode.DEFAULT_PRIOR


def test_a_route_holds_no_time():
    inputs = inputs_of(2)
    slow = replace(inputs, speed_mps=np.repeat(inputs.speed_mps, 2) / 2, altitude_m=np.zeros(3000))
    slow = replace(slow, t_sec=np.arange(3000.0))
    route = pace_plan.route_of(replace(inputs, altitude_m=np.zeros(1500)))
    again = pace_plan.route_of(slow)
    # The first second's metres are not on the way; else the length is the same.
    assert again.length_m == pytest.approx(route.length_m, abs=5)
    assert len(again.distance_m) == len(route.distance_m)
    assert (np.diff(route.distance_m)[:-1] == 10.0).all()


def test_a_planted_pace_is_found_and_planned():
    planted = pace_plan.Pace(np.array([np.log(3.1), -3.2, -0.4, 0.0, 0.05, 0.0]))
    history = []
    for k in range(8):
        way = np.arange(0.0, 7000.0, 10.0)
        hills = 60 + 25 * np.sin(2 * np.pi * way / (900 + 130 * k))
        route = pace_plan.route_between(way, hills)
        speed = planted.speed_mps(route.distance_m, np.gradient(route.altitude_m, route.distance_m), 6990.0)
        at = np.concatenate([[0.0], np.cumsum(10.0 / speed[1:])])
        t = np.arange(0.0, np.floor(at[-1]))
        made = np.interp(t, at, route.distance_m)
        rate = np.diff(made, prepend=0.0)
        rate[0] = rate[1]
        run = replace(
            inputs_of(k),
            t_sec=t,
            speed_mps=rate,
            altitude_m=np.interp(made, route.distance_m, hills[: len(route.distance_m)]),
        )
        history.append(beating(run))
    found = pace_plan.pace_of(history).coefficients
    assert found[0] == pytest.approx(np.log(3.1), abs=0.02)
    assert found[1] == pytest.approx(-3.2, abs=0.4)
    assert found[4] == pytest.approx(0.05, abs=0.03)
    again = pace_plan.planned(history[3].inputs, history[:3])
    assert len(again) == pytest.approx(len(history[3].inputs), rel=0.02)
    assert again.distance_m[-1] == pytest.approx(history[3].inputs.distance_m[-1], abs=6)


def test_a_plan_knows_a_run_by_its_route_alone(runs):
    """Same route, other seconds: where somebody ran faster, stood or turned up late makes no difference."""
    inputs = inputs_of(30)
    way, top = inputs.distance_m, inputs.altitude_m
    total = way[-1]
    other_way = np.concatenate([[0.0], np.sort(np.random.default_rng(2).uniform(0, total, 2000)), [total]])
    other = replace(
        inputs,
        t_sec=np.arange(float(len(other_way))),
        speed_mps=np.diff(other_way, prepend=0.0),
        altitude_m=np.interp(other_way, way, top),
    )
    first, second = (pace_plan.planned(one, runs) for one in (inputs, other))
    assert abs(len(first) - len(second)) <= 2
    assert np.abs(first.speed_mps[:1000] - second.speed_mps[:1000]).max() < 0.1


def test_without_a_past_a_plan_is_the_usual_pace():
    flat = pace_plan.route_between(np.array([0.0, 5000.0]), np.zeros(2))
    plan = pace_plan.plan(flat, [], inputs_of(0).started_at)
    assert plan.distance_m[-1] / len(plan) == pytest.approx(2.7, abs=0.1)
    assert plan.altitude_m.tolist() == [0.0] * len(plan)
    with pytest.raises(NoRoute, match="5 m is too short"):
        pace_plan.route_between(np.array([0.0, 5.0]), np.zeros(2))


def test_a_planned_curve_is_read_where_the_runner_is(runs):
    plan = pace_plan.planned(inputs_of(30), runs)
    curve = Curve(*(np.arange(float(len(plan))) + k for k in range(3)))
    read = pace_plan.at_distances(curve, plan, plan.distance_m[[0, 100, 500]])
    assert read.p50 == pytest.approx([1.0, 101.0, 501.0])
    wide = pace_plan.widened(curve, 5.0)
    assert (wide.p90 - wide.p50 > curve.p90 - curve.p50).all()


def test_the_stream_says_what_the_batch_says(runs):
    held = inputs_of(30)
    batch = Personal().curve(held, runs)
    stream = open_stream(runs, held.started_at)
    said = [
        stream.step(float(speed), float(altitude))
        for speed, altitude in zip(held.speed_mps, held.altitude_m, strict=True)
    ]
    for name in ("p10", "p50", "p90"):
        first = np.array([getattr(ahead, name)[0] for ahead in said[:-1]])
        assert np.abs(first - getattr(batch, name)[1:]).max() < 1e-9
    assert len(said[-1].p50) == AHEAD_SEC
    assert said[600].p90[-1] - said[600].p10[-1] > said[600].p90[0] - said[600].p10[0]


def test_the_stream_learns_the_day_from_what_it_hears(runs):
    held = beating(inputs_of(30), shift=12.0)
    ends = {}
    for hears in (False, True):
        stream, off, inside = open_stream(runs, held.inputs.started_at), [], []
        for t in range(1200):
            beats = float(held.heart_rate_bpm[t]) if hears and t != 700 else None
            ahead = stream.step(float(held.inputs.speed_mps[t]), float(held.inputs.altitude_m[t]), beats)
            said = held.heart_rate_bpm[t + 1 : t + 31]
            off.append(float(np.abs(ahead.p50[:30] - said).mean()))
            inside.append(float(np.mean((ahead.p10[:30] <= said) & (said <= ahead.p90[:30]))))
        ends[hears] = (np.mean(off[300:]), np.mean(inside[300:]))
    assert ends[False][0] > 9 and ends[True][0] < 4.5
    assert ends[True][1] > 0.75


def test_the_stream_passes_over_what_is_no_heart(runs):
    silent, noisy = (open_stream(runs, inputs_of(30).started_at + timedelta(days=1)) for _ in range(2))
    for junk in (0.0, 255.0, float("nan"), 12.0):
        first, second = silent.step(2.7, 10.0), noisy.step(2.7, 10.0, junk)
        assert bytes_of(first) == bytes_of(second)
    with pytest.raises(ValueError, match="second 4: speed nan"):
        noisy.step(float("nan"), 10.0)


def test_the_latest_runs_are_learnt_from(runs):
    many = runs_of(personal.MOST_RUNS + 3, seconds=60)
    silent = replace(many[-1], heart_rate_bpm=np.full(60, np.nan))
    known = personal.learnt_from("run", [*many[:-1], silent])
    assert [run.inputs.workout_id for run in known] == [run.inputs.workout_id for run in many[2:-1]]


@pytest.mark.parametrize("seconds", [1, 2, 30])
def test_the_shortest_workouts_are_forecast_and_learnt_from(runs, seconds):
    whole = inputs_of(30)
    names = ("t_sec", "speed_mps", "altitude_m")
    short = replace(whole, **{name: getattr(whole, name)[:seconds] for name in names})
    sprint = beating(short)
    for history in ([], [sprint], [*runs, sprint]):
        curve = Personal().curve(short, history)
        assert len(curve.p50) == seconds
        assert (curve.p10 < curve.p50).all() and (curve.p50 < curve.p90).all()
    assert np.isfinite(pace_plan.pace_of([sprint]).coefficients).all()
