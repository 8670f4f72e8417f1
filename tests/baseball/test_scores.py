"""Scores against brute force, closed forms and another way of computing them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from formguide.baseball import scores


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(3)
    day = np.repeat(np.arange(40), 12)
    level = rng.normal(0, 0.3, 40)[day]
    p = 1 / (1 + np.exp(-(0.4 + level + rng.normal(0, 0.4, len(day)))))
    return p.round(2), rng.random(len(day)) < p, day


def area(p, y):
    found = scores.auc(p, y)
    assert found is not None
    return found


def line(p, y):
    found = scores.calibration(p, y)
    assert found is not None
    return found


def test_area_is_the_share_of_pairs_in_order(rows):
    p, y, _ = rows
    above = (p[y][:, None] > p[~y][None, :]).mean()
    level = (p[y][:, None] == p[~y][None, :]).mean()
    assert area(p, y).value == pytest.approx(above + level / 2, abs=1e-12)


def test_area_error_is_that_of_resampled_days(rows):
    p, y, day = rows
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(600):
        chosen = np.concatenate([np.flatnonzero(day == d) for d in rng.integers(0, 40, 40)])
        drawn.append(area(p[chosen], y[chosen]).value)
    assert area(p, y).error(day) == pytest.approx(np.std(drawn), rel=0.15)


def test_error_of_a_mean_over_days_of_their_own_is_the_textbook_one():
    values = np.random.default_rng(1).normal(size=50)
    error = scores.mean(values).error(np.arange(50))
    assert error == pytest.approx(values.std(ddof=1) / np.sqrt(50), rel=1e-12)


def test_rows_of_a_day_that_say_the_same_count_once():
    values = np.random.default_rng(1).normal(size=50)
    once = scores.mean(values).error(np.arange(50))
    thrice = scores.mean(np.repeat(values, 3)).error(np.repeat(np.arange(50), 3))
    assert thrice == pytest.approx(once, rel=1e-12)


def test_one_day_has_no_error():
    assert scores.mean(np.array([1.0, 2.0])).error(np.array([5, 5])) is None


def test_first_of_each_day(rows):
    p, y, day = rows
    best = [y[day == d][np.argmax(p[day == d])] for d in range(40)]
    found = scores.top_each_day(p, y, day, 1)
    assert found.value == pytest.approx(np.mean(best))
    assert found.error(day) == pytest.approx(np.std(best, ddof=1) / np.sqrt(40))


def test_days_with_fewer_forecasts_than_asked_for():
    p = np.array([0.9, 0.8, 0.7, 0.6])
    y = np.array([True, False, True, True])
    found = scores.top_each_day(p, y, np.array([1, 1, 1, 2]), 2)
    assert found.value == pytest.approx((0.5 + 1.0) / 2)


def test_top_of_all(rows):
    p, y, _ = rows
    best = scores.top(p, y, 10)
    assert best is not None
    assert best.value == y[np.argsort(-p, kind="stable")[:10]].mean()
    assert scores.top(p, y, len(p) + 1) is None


def test_calibration_is_the_likeliest_line(rows):
    p, y, _ = rows
    x = np.log(p / (1 - p))

    def loss(w):
        return np.sum(np.log1p(np.exp(-(2 * y - 1) * (w[0] + w[1] * x))))

    best = minimize(loss, [0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).x
    slope, intercept = line(p, y)
    assert (intercept.value, slope.value) == pytest.approx(tuple(best), abs=1e-5)


def test_calibration_finds_a_planted_slope():
    rng = np.random.default_rng(5)
    x = rng.normal(0.5, 0.8, 40_000)
    y = rng.random(40_000) < 1 / (1 + np.exp(-(0.1 + 0.7 * x)))
    slope, intercept = line(1 / (1 + np.exp(-x)), y)
    day = np.arange(40_000)
    for found, planted in ((slope, 0.7), (intercept, 0.1)):
        error = found.error(day)
        assert error is not None
        assert abs(found.value - planted) < 4 * error


def test_where_everybody_has_a_hit_nothing_can_be_ranked():
    p, y = np.array([0.4, 0.6]), np.array([True, True])
    assert scores.auc(p, y) is None
    assert scores.calibration(p, y) is None
