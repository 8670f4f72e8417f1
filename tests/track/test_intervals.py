"""Intervals of planted errors: they cover what they promise on rows that nobody has seen."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from formguide.track import intervals
from formguide.track.features import Features
from formguide.track.intervals import Intervals
from formguide.track.programme import GROUPS

Floats = NDArray[np.float64]


def planted(
    n: int, seed: int, groups: tuple[int, ...] = (0, 1, 2), skew: float = 3.0
) -> tuple[Features, Floats]:
    """Windows and the errors of their forecasts: the scale grows with the first column and the tail towards
    worse is longer; half of the errors are on either side of nothing."""
    rng = np.random.default_rng(seed)
    values = np.column_stack([rng.uniform(-1, 1, n), rng.normal(size=n)])
    up = rng.random(n) < 0.5
    size = rng.exponential(1.0, n) * np.where(up, 1.0, skew)
    error = 2 * np.where(up, size, -size) * np.exp(0.9 * values[:, 0])
    group = np.asarray(groups, dtype=np.int64)[rng.integers(0, len(groups), n)]
    return Features(("a", "b"), values, group), error


def covered(known: Intervals, features: Features, error: Floats) -> NDArray[np.bool_]:
    low, _, high = known.around(np.zeros(len(error)), features).T
    return np.asarray((low <= error) & (error <= high))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_eight_in_ten_whatever_the_scale(seed: int) -> None:
    features, error = planted(3000, seed)
    known = intervals.fit(features, np.zeros(3000), error)
    fresh, came = planted(20_000, 100 + seed)
    inside = covered(known, fresh, came)
    # The quantiles of 3,000 errors are themselves uncertain: sqrt(.8 × .2 / 3000) = 0.7 %.
    assert abs(inside.mean() - 0.8) < 0.025
    narrow, wide = fresh.values[:, 0] < -0.6, fresh.values[:, 0] > 0.6
    assert abs(inside[narrow].mean() - 0.8) < 0.05 > abs(inside[wide].mean() - 0.8)
    low, _, high = known.around(np.zeros(len(came)), fresh).T
    ratio = (high - low)[wide].mean() / (high - low)[narrow].mean()
    assert ratio == pytest.approx(np.exp(0.9 * 1.6), rel=0.25)


def test_each_tail_holds_a_tenth_and_the_one_towards_worse_is_longer() -> None:
    features, error = planted(5000, 4)
    known = intervals.fit(features, np.zeros(5000), error)
    fresh, came = planted(20_000, 104)
    low, middle, high = known.around(np.zeros(len(came)), fresh).T
    assert abs((came < low).mean() - 0.1) < 0.02
    assert abs((came > high).mean() - 0.1) < 0.02
    assert np.all(middle == 0)
    assert float((-low / high).mean()) == pytest.approx(3.0, rel=0.25)


def test_intervals_of_few_errors_promise_no_more_than_they_know() -> None:
    """Of 40 errors alone, two in a thousand groups of rows: coverage on average is not below eight in ten."""
    shares = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        error = rng.laplace(0, 1, 40)
        features = Features(("a",), np.zeros((40, 1)), np.zeros(40, dtype=np.int64))
        known = intervals.fit(features, np.zeros(40), error)
        fresh = Features(("a",), np.zeros((2000, 1)), np.zeros(2000, dtype=np.int64))
        shares.append(covered(known, fresh, rng.laplace(0, 1, 2000)).mean())
    assert np.mean(shares) == pytest.approx(0.8, abs=3 * np.std(shares) / np.sqrt(60) + 0.005)


def test_small_groups_borrow_and_large_ones_have_their_own() -> None:
    """The third group errs twice as far as the others; how far its interval follows is a matter of how
    many there are."""

    def width(n: int) -> float:
        common, error = planted(4000, 5, groups=(0, 1))
        own, its = planted(n, 6, groups=(2,))
        features = Features(
            ("a", "b"), np.vstack([common.values, own.values]), np.concatenate([common.group, own.group])
        )
        known = intervals.fit(features, np.zeros(4000 + n), np.concatenate([error, 2 * its]))
        spread = known.quantiles[:, 2] - known.quantiles[:, 0]
        return float(spread[2] / spread[0])

    assert width(10) == pytest.approx(1.0, abs=0.03), "fewer than 20 say nothing"
    assert 1.0 < width(60) < width(2000)
    assert width(2000) == pytest.approx(2.0, rel=0.2)


def test_a_group_that_was_never_seen_has_the_common_interval() -> None:
    features, error = planted(1000, 7, groups=(0, 1))
    known = intervals.fit(features, np.zeros(1000), error)
    assert known.quantiles.shape == (len(GROUPS), 3)
    assert np.isfinite(known.quantiles).all()
    unseen = [g for g in range(len(GROUPS)) if g > 1]
    assert np.ptp(known.quantiles[unseen], axis=0).max() == 0


def test_the_forecast_lies_in_its_interval() -> None:
    """Whichever way a forecaster leans, its forecast is the middle one of the three."""
    features, error = planted(300, 8)
    for lean in (-30.0, 0.0, 30.0):
        known = intervals.fit(features, np.zeros(300), error + lean)
        low, middle, high = known.around(np.full(300, 1.5), features).T
        assert np.all(low <= middle) and np.all(middle <= high)
        assert np.allclose(middle, 1.5)


def test_a_window_like_no_other_gets_no_interval_of_kilometres() -> None:
    features, error = planted(2000, 9)
    known = intervals.fit(features, np.zeros(2000), error)
    far = Features(("a", "b"), np.array([[1e6, -1e6]]), np.array([0]))
    ((low, _, high),) = known.around(np.zeros(1), far)
    assert np.isfinite(low) and high - low < 1000


def test_json_tells_everything() -> None:
    features, error = planted(200, 10)
    known = intervals.fit(features, np.zeros(200), error)
    again = Intervals.of_json(json.loads(json.dumps(known.as_json())))
    ours, theirs = (each.around(np.ones(200), features) for each in (known, again))
    assert ours.tobytes() == theirs.tobytes()
