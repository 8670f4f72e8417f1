"""What not knowing the pace adds: nothing where somebody always runs alike, much where nobody knows."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from formguide.heartrate import ode, pace_doubt, pace_plan
from formguide.heartrate.ode import DEFAULT_PRIOR, Physiology
from formguide.heartrate.pace_doubt import USUAL_BPM, USUAL_RUNS, pace_doubt_bpm
from formguide.heartrate.sequences import Inputs, Recorded


def at_speeds(speeds, seconds=1800):
    begin = datetime(2024, 3, 1, 7)
    return [
        Recorded(
            Inputs(
                f"me/{k}", "me", "run", None, begin + timedelta(days=2 * k), np.arange(float(seconds)),
                np.full(seconds, speed), np.zeros(seconds),
            ),
            np.full(seconds, 140.0),
        )
        for k, speed in enumerate(speeds)
    ]  # fmt: skip


def test_nobody_knows_the_pace_of_somebody_new():
    assert pace_doubt_bpm([]) == pace_doubt_bpm(at_speeds([2.7])) == USUAL_BPM


def test_who_always_runs_alike_leaves_little_doubt_and_who_varies_much():
    alike = pace_doubt_bpm(at_speeds([2.8] * 14))
    varied = pace_doubt_bpm(at_speeds([2.3, 3.3] * 7))
    assert alike < 0.6 * USUAL_BPM < USUAL_BPM < varied


def test_it_is_the_mean_square_of_what_plans_were_off_by():
    runs = at_speeds([2.3, 3.1, 2.6, 3.4])
    heart = Physiology(DEFAULT_PRIOR.mean)
    squares = []
    for k in range(1, len(runs)):
        plan = pace_plan.planned(runs[k].inputs, runs[:k])
        of_plan, of_run = ode.simulate(heart, plan), ode.simulate(heart, runs[k].inputs)
        off = [
            of_plan[min(np.searchsorted(plan.distance_m, metre), len(plan) - 1)] - beats
            for metre, beats in zip(runs[k].inputs.distance_m, of_run, strict=True)
        ]
        squares.append(np.mean(np.square(off)))
    told = np.sqrt((USUAL_RUNS * USUAL_BPM**2 + sum(squares)) / (USUAL_RUNS + 3))
    assert pace_doubt_bpm(runs) == pytest.approx(told, rel=0.02)


def test_rides_and_heart_rates_say_nothing():
    runs = at_speeds([2.3, 3.1, 2.6, 3.4])
    silent = [Recorded(run.inputs, np.full(len(run.inputs), np.nan)) for run in runs]
    ride = Recorded(replace(runs[0].inputs, activity="ride", workout_id="ride"), runs[0].heart_rate_bpm)
    assert pace_doubt_bpm(silent) == pace_doubt_bpm(runs) == pace_doubt_bpm([ride, *runs])


def test_a_past_run_is_planned_again_from_what_had_ended_when_it_began():
    runs = at_speeds([2.7, 2.7, 2.7])
    slower = at_speeds([1.5])[0]

    def with_another(before_sec):
        begins = runs[-1].inputs.started_at - timedelta(seconds=before_sec)
        return [*runs[:2], replace(slower, inputs=replace(slower.inputs, started_at=begins)), runs[-1]]

    lasting, ended = (pace_doubt._led_astray(with_another(before_sec), 3) for before_sec in (900, 3600))
    assert lasting == pace_doubt._led_astray(runs, 2) != ended
