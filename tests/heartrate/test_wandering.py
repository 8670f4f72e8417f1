"""How far a runner's level wanders: against the likelihood written out, and levels that did wander."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from scipy.stats import lognorm, multivariate_normal

from formguide.heartrate import wandering
from formguide.heartrate.personal import Personal, fit_ode
from formguide.heartrate.wandering import SPREAD, USUAL_BPM, wander_variance
from tests.heartrate.hearts import inputs_of, runs_of


def test_it_is_the_mean_over_what_the_runs_leave_possible(monkeypatch):
    """Without odd days: the same by the covariance of a random walk with noise."""
    monkeypatch.setattr(wandering, "TAILS", 1e9)
    weeks = np.array([0.0, 0.4, 0.5, 2.5, 6.0, 6.3, 9.0])
    shift = np.array([-2.0, 1.0, -1.5, 2.0, 4.5, 3.0, 5.0])
    walks, days = wandering._WALKS, wandering._DAYS
    first = wandering._NO_LEVEL_BPM**2
    likely = np.array(
        [
            [
                multivariate_normal.pdf(
                    shift, cov=first + w**2 * np.minimum.outer(weeks, weeks) + d**2 * np.eye(len(weeks))
                )
                for d in days
            ]
            for w in walks
        ]
    )
    prior = lognorm.pdf(walks, SPREAD, scale=USUAL_BPM) * walks
    posterior = prior * likely.sum(axis=1)
    expected = posterior @ walks**2 / posterior.sum()
    assert wander_variance(shift, weeks) == pytest.approx(expected, rel=1e-4)


def test_few_runs_leave_the_prior_and_many_tell():
    rng = np.random.default_rng(5)
    usual = USUAL_BPM**2 * np.exp(2 * SPREAD**2)
    assert wander_variance(np.zeros(0), np.zeros(0)) == pytest.approx(usual, rel=0.05)
    assert wander_variance(np.array([3.0]), np.array([7.0])) == pytest.approx(usual, rel=0.05)
    weeks = np.arange(0.0, 80.0, 2.0)
    found = []
    for walk in (0.1, 0.4, 1.6):
        levels = np.cumsum(rng.normal(0, walk * np.sqrt(2), (60, 40)), axis=1)
        said = levels + rng.normal(0, 3.0, (60, 40))
        found.append(float(np.median([wander_variance(one, weeks) for one in said])) ** 0.5)
    assert found[0] < 0.33 < found[1] < 0.5 and 1.1 < found[2] < 1.9


def test_an_odd_day_is_no_change_of_the_runner():
    calm = np.tile([1.0, -2.0, 2.0, -1.0], 5)
    odd = calm.copy()
    odd[9] = 40.0
    weeks = np.arange(20.0)
    assert wander_variance(odd, weeks) < 1.5 * wander_variance(calm, weeks)
    assert wander_variance(calm + np.linspace(0, 25, 20), weeks) > 2 * wander_variance(odd, weeks)


@pytest.mark.parametrize("own", [Personal(), fit_ode([])], ids=["formguide", "ode"])
def test_the_longer_ago_the_last_run_was_the_wider_and_nothing_else(own):
    known = runs_of(8, np.zeros(8), seconds=600)
    soon = inputs_of(8, seconds=600)
    curves = []
    for weeks in (0, 4, 26):
        later = own.curve(replace(soon, started_at=soon.started_at + timedelta(weeks=weeks)), known)
        curves.append(later)
    widths = [float((one.p90 - one.p50).mean()) for one in curves]
    assert widths[0] < widths[1] < widths[2] and widths[2] > 1.05 * widths[0]
    assert all((one.p50 == curves[0].p50).all() for one in curves)
