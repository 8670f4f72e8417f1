"""The finishing-order likelihood against brute force, finite differences and a general optimiser."""

from itertools import permutations

import numpy as np
import pytest
from scipy import optimize

from formguide.formula1 import plackett_luce
from formguide.formula1.ml_layer import backward_gradient

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("backward", [0.0, 1.0])
def test_the_orders_of_four_cars_have_probability_one_together(backward):
    pace = RNG.normal(size=4)
    total = sum(
        np.exp(plackett_luce.log_likelihood(pace[list(p)], 0.7, backward)) for p in permutations(range(4))
    )
    assert total == pytest.approx(1.0, abs=1e-12)


def test_two_cars_follow_the_logistic_law():
    pace = np.array([0.3, -0.2])
    assert np.exp(plackett_luce.log_likelihood(pace, 0.5)) == pytest.approx(1 / (1 + np.exp(-1.0)))


def test_drawn_from_the_front_the_winner_has_his_share_of_the_worth():
    pace = RNG.normal(size=4)
    won = sum(
        np.exp(plackett_luce.log_likelihood(pace[list(p)], 0.7)) for p in permutations(range(4)) if p[0] == 2
    )
    assert won == pytest.approx(np.exp(pace[2] / 0.7) / np.exp(pace / 0.7).sum())


@pytest.mark.parametrize("backward", [0.0, 0.3, 1.0])
def test_gradient_and_information_are_the_derivatives(backward):
    pace, step = RNG.normal(size=6), 1e-5
    gradient, information = plackett_luce.gradient_and_information(pace, 0.6, backward)
    for i in range(6):
        up, down = pace.copy(), pace.copy()
        up[i] += step
        down[i] -= step
        slope = (
            plackett_luce.log_likelihood(up, 0.6, backward)
            - plackett_luce.log_likelihood(down, 0.6, backward)
        ) / (2 * step)
        assert gradient[i] == pytest.approx(slope, abs=1e-8)
        bend = (
            plackett_luce.gradient_and_information(up, 0.6, backward)[0]
            - plackett_luce.gradient_and_information(down, 0.6, backward)[0]
        ) / (2 * step)
        np.testing.assert_allclose(information[i], -bend, atol=1e-7)


def test_the_ml_layers_gradient_is_the_same_likelihoods():
    races = [RNG.normal(size=n) for n in (3, 7)]
    gradient, hessian = backward_gradient(np.concatenate(races), np.array([3, 7]), 0.6)
    expected = [plackett_luce.gradient_and_information(r, 0.6, 1.0) for r in races]
    np.testing.assert_allclose(gradient, -np.concatenate([g for g, _ in expected]), atol=1e-10)
    np.testing.assert_allclose(hessian, np.concatenate([np.diag(h) for _, h in expected]), atol=1e-10)


@pytest.mark.parametrize(("weight", "backward"), [(1.0, 0.0), (0.5, 1.0), (1.0, 0.4)])
def test_the_laplace_mode_is_the_optimum(weight, backward):
    n = 8
    root = RNG.normal(size=(n, n))
    cov, mean = root @ root.T / n + 0.1 * np.eye(n), RNG.normal(size=n)
    precision = np.linalg.inv(cov)

    def loss(x):
        prior = 0.5 * (x - mean) @ precision @ (x - mean)
        return prior - weight * plackett_luce.log_likelihood(x, 0.5, backward)

    best = optimize.minimize(loss, mean, method="BFGS", options={"gtol": 1e-9}).x
    mode, information = plackett_luce.laplace(mean, cov, 0.5, weight, backward)
    np.testing.assert_allclose(mode, best, atol=1e-5)
    assert (np.linalg.eigvalsh(information) > -1e-10).all()


def test_a_very_surprising_order_is_taken_in_too():
    mean = np.linspace(-40, 40, 20)
    mode, _ = plackett_luce.laplace(mean, 25 * np.eye(20), 0.4, backward=1.0)
    assert np.isfinite(mode).all()
    assert mode[0] > mean[0]
    assert mode[-1] < mean[-1]
