"""The regressions against the exact solution of least absolute deviations, and against what was planted."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize

from formguide.track.features import Features
from formguide.track.programme import GROUPS
from formguide.track.regression import FULL, LINEAR, Formula, Regression, fit

Floats = NDArray[np.float64]

SMOOTHING = 0.15
"""Residuals in percent below which the fit is one of least squares."""
PLAIN = Formula(("a", "b", "c"), ridge=0.0)
BY_GROUP = Formula(("a",), ("a",), ridge=1.0, pooling=1.0)


def made(n: int, seed: int = 0, group: NDArray[np.int64] | None = None) -> Features:
    """Three columns, of unlike scales and places."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 3)) * [1.0, 5.0, 0.2] + [0.0, 20.0, -1.0]
    return Features(("a", "b", "c"), values, np.zeros(n, dtype=np.int64) if group is None else group)


def line_of(features: Features) -> Floats:
    return np.asarray(features.values @ [0.8, -0.3, 2.0] + 1.5)


def slopes(model: Regression, group: int, at: tuple[float, float] = (0.0, 1.0)) -> float:
    """By how much the forecast grows with the first column, in a group."""
    two = Features(("a", "b", "c"), np.array([[x, 0.0, 0.0] for x in at]), np.array([group, group]))
    low, high = model.predict(two)
    return float((high - low) / (at[1] - at[0]))


def least_absolute(x: Floats, y: Floats) -> tuple[Floats, float]:
    """The exact least absolute deviations of y on x and a constant, by linear programming."""
    n = len(y)
    design = np.column_stack([x, np.ones(n)])
    p = design.shape[1]
    cost = np.concatenate([np.zeros(p), np.ones(2 * n)])
    equal = np.hstack([design, np.eye(n), -np.eye(n)])
    bounds = [(None, None)] * p + [(0, None)] * (2 * n)
    found = optimize.linprog(cost, A_eq=equal, b_eq=y, bounds=bounds, method="highs")
    assert found.success
    return np.asarray(found.x[:p]), float(found.fun)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_unpenalised_is_least_absolute_deviations(seed: int) -> None:
    features = made(250, seed)
    y = line_of(features) + np.random.default_rng(seed).standard_t(2, 250) * 2
    said = fit(features, y, PLAIN).predict(features)
    exact, least = least_absolute(features.values, y)
    ours = float(np.abs(y - said).sum())
    # What is smooth near zero can cost half the smoothing per mark, and costs far less.
    assert least - 1e-9 <= ours <= least + 0.5 * SMOOTHING * len(y)
    assert ours < least * 1.003
    best = features.values @ exact[:-1] + exact[-1]
    assert np.abs(said - best).mean() < SMOOTHING
    squares = np.column_stack([features.values, np.ones(len(y))])
    by_squares = squares @ np.linalg.lstsq(squares, y, rcond=None)[0]
    assert np.abs(by_squares - best).mean() > np.abs(said - best).mean()


@pytest.mark.parametrize("ridge", [0.0, 30.0])
def test_it_is_the_least_of_what_it_says_it_minimises(ridge: float) -> None:
    """Sum of |residual| (a parabola within the smoothing) plus ridge/2 of the squared coefficients."""
    features = made(200, 7)
    y = line_of(features) + np.random.default_rng(7).laplace(0, 2, 200)
    model = fit(features, y, Formula(PLAIN.columns, ridge=ridge))
    z = np.column_stack([(features.values - model.mean) / model.scale, np.ones(200)])

    def cost(b: Floats) -> float:
        r = np.abs(y - z @ b)
        loss = np.where(r > SMOOTHING, r, r**2 / (2 * SMOOTHING) + SMOOTHING / 2)
        return float(loss.sum() + ridge / 2 * (b[:-1] ** 2).sum())

    def slope(b: Floats) -> Floats:
        r = y - z @ b
        pull = np.clip(r / SMOOTHING, -1, 1)
        return np.asarray(-z.T @ pull + ridge * np.append(b[:-1], 0.0))

    least = optimize.minimize(cost, np.zeros(4), jac=slope, method="BFGS", options={"gtol": 1e-8}).fun
    assert least - 1e-6 <= cost(model.coefficients) < least + 0.01
    assert cost(model.coefficients) < cost(model.coefficients * 1.05)


def test_planted_coefficients_are_found_though_careers_are_wrecked() -> None:
    features = made(4000, 3)
    rng = np.random.default_rng(3)
    # The wrecked ones are not scattered evenly: who was best falls furthest.
    wrecked = rng.random(4000) < 0.3 / (1 + np.exp(-2 * features.values[:, 0]))
    y = line_of(features) + rng.laplace(0, 1, 4000) - 30 * wrecked
    model = fit(features, y, Formula(PLAIN.columns, ridge=1.0))
    found = model.coefficients[:-1] / model.scale
    squares = np.column_stack([features.values, np.ones(4000)])
    by_squares = np.linalg.lstsq(squares, y, rcond=None)[0][:-1]
    planted = np.array([0.8, -0.3, 2.0])
    assert abs(found[0] - planted[0]) < 0.35 < abs(by_squares[0] - planted[0])
    assert np.allclose(found[1:], planted[1:], atol=[0.03, 0.7])


def test_a_ridge_draws_coefficients_to_nothing_and_leaves_the_middle() -> None:
    features = made(500, 5)
    y = line_of(features) + np.random.default_rng(5).laplace(0, 1, 500)
    sizes = [
        float(np.abs(fit(features, y, Formula(PLAIN.columns, ridge=r)).coefficients[:-1]).sum())
        for r in (0.0, 100.0, 1e3, 1e7)
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 1e-3
    flat = fit(features, y, Formula(PLAIN.columns, ridge=1e7)).predict(features)
    assert np.allclose(flat, np.median(y), atol=0.1)


def test_groups_find_their_own_way_as_far_as_pooling_lets_them() -> None:
    rng = np.random.default_rng(11)
    group = np.repeat([0, 1], 1500)
    features = made(3000, 11, group)
    y = np.where(group == 0, 1.0, -1.0) * features.values[:, 0] + rng.laplace(0, 0.5, 3000)
    own = fit(features, y, BY_GROUP)
    assert slopes(own, 0) == pytest.approx(1.0, abs=0.1)
    assert slopes(own, 1) == pytest.approx(-1.0, abs=0.1)
    apart = [
        slopes(model, 0) - slopes(model, 1)
        for model in (
            fit(features, y, Formula(("a",), ("a",), ridge=20.0, pooling=pooling))
            for pooling in (1.0, 0.3, 0.1, 0.01)
        )
    ]
    assert apart == sorted(apart, reverse=True)
    assert apart[0] > 1.9 and apart[2] < 1.5 and apart[-1] < 0.1
    # A group of which nothing was seen follows the common line.
    assert slopes(own, 5) == pytest.approx((slopes(own, 0) + slopes(own, 1)) / 2, abs=0.1)


def test_a_group_of_a_few_is_drawn_to_the_common_line() -> None:
    rng = np.random.default_rng(13)

    def slope_of_the_other(few: int) -> float:
        group = np.repeat([0, 3], [2000, few])
        features = made(len(group), 13, group)
        y = np.where(group == 0, 1.0, 3.0) * features.values[:, 0] + rng.laplace(0, 0.3, len(group))
        return slopes(fit(features, y, Formula(("a",), ("a",), ridge=20.0, pooling=0.5)), 3)

    few, some, many = (slope_of_the_other(n) for n in (5, 60, 2000))
    assert few < 1.3 < some < 2.5 < many < 3.05


def test_json_tells_everything() -> None:
    group = np.arange(300) % len(GROUPS)
    features = made(300, 17, group)
    y = line_of(features) + np.random.default_rng(17).laplace(0, 1, 300)
    model = fit(features, y, Formula(("a", "b"), ("c",), ridge=3.0, pooling=0.7))
    again = Regression.of_json(json.loads(json.dumps(model.as_json())))
    assert again.formula == model.formula
    assert again.predict(features).tobytes() == model.predict(features).tobytes()
    assert fit(features, y, model.formula).as_json() == model.as_json(), "same rows, same line"


def test_no_columns_named_means_all_of_them() -> None:
    features = made(200, 19)
    y = line_of(features)
    every, named = (fit(features, y, Formula(c, ridge=1.0)).predict(features) for c in ((), ("a", "b", "c")))
    assert np.allclose(every, named, rtol=1e-12)


def test_nothing_to_fit_is_said() -> None:
    with pytest.raises(ValueError, match="nothing to fit a regression to"):
        fit(made(0), np.zeros(0), PLAIN)


def test_a_column_that_never_moves_harms_nobody() -> None:
    rng = np.random.default_rng(23)
    values = np.column_stack([rng.normal(size=100), np.full(100, 4.0), rng.normal(size=100)])
    features = Features(("a", "b", "c"), values, np.zeros(100, dtype=np.int64))
    y = values[:, 0] + rng.laplace(0, 0.1, 100)
    said = fit(features, y, Formula(PLAIN.columns, ridge=1.0)).predict(features)
    assert np.abs(said - values[:, 0]).mean() < 0.2


def test_the_simple_model_leans_on_last_best_trend_depth_and_age() -> None:
    kinds = ("best", "previous", "no_previous", "log_depth", "age", "no_age", "class_", "no_class", "is_")
    assert all(name.startswith(kinds) for name in LINEAR.columns)
    assert not LINEAR.by_group
    assert FULL.columns == ()
