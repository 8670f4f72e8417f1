"""The network through a real runner's workouts: everything later made wrong changes nothing of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formguide.heartrate import network
from formguide.heartrate.features import features
from formguide.heartrate.histories import history_of
from formguide.heartrate.network import NetworkSettings
from formguide.heartrate.sequences import recorded
from tests.real.test_heartrate_time_travel import tables, wrong_from

__all__ = ["tables"]

pytestmark = pytest.mark.real

SMALL = NetworkSettings(hidden=8, max_epochs=2, batch_size=4)
CUT = 10


def test_neither_the_network_nor_its_forecast_knows_a_later_workout(tables):
    run = recorded(*tables)[CUT].inputs

    def forecast(workouts, samples):
        learnt = [r for r in history_of(workouts, samples).learnt if r.inputs.ended_at < run.started_at]
        half = len(learnt) // 2
        fitted = network.fit(learnt[:half], learnt[half:], SMALL)
        curve = fitted.curve(run, learnt)
        return fitted.to_files(), curve.p10.tobytes() + curve.p50.tobytes() + curve.p90.tobytes()

    assert forecast(*wrong_from(tables, CUT, seed=1)) == forecast(*tables)


def test_the_features_of_a_second_know_no_later_one(tables):
    rng = np.random.default_rng(2)
    for run in recorded(*tables)[:6]:
        given, second = run.inputs, int(rng.integers(1, len(run.inputs)))
        wrong = replace(
            given,
            speed_mps=np.concatenate([given.speed_mps[:second], rng.permutation(given.speed_mps[second:])]),
            altitude_m=np.concatenate([given.altitude_m[:second], given.altitude_m[second:] * -2]),
        )
        made = features(given)
        assert np.isfinite(made).all() and features(wrong)[:second].tobytes() == made[:second].tobytes()
