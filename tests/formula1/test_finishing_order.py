"""Exact finishing positions against closed forms, brute force over subsets, and the simulator."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import norm

from formguide.formula1._kernels import classified_places
from formguide.formula1._pace_axis import PANEL, panels_of
from formguide.formula1.finishing_order import (
    MAX_DRIVERS,
    Field,
    exact_positions,
    exact_positions_many,
    expected_points,
)
from formguide.formula1.simulate import position_frequencies, simulate_races


def brute_force(field: Field, car_nodes: int = 24, span: float = 8.0, points: int = 801) -> np.ndarray:
    """Positions of a small field by plain enumeration.

    The cars' parts run over a full tensor of Gauss-Hermite nodes; given them drivers are independent, and
    a driver's position is summed over who retires and over which of the others are ahead, each a dense
    Simpson sum over pace.
    """
    drivers = field.drivers
    shared = [c for c in range(len(field.car_sd)) if (field.car == c).sum() == 2 and field.car_sd[c] > 0]
    lone = np.array([field.car_sd[c] if c not in shared else 0.0 for c in field.car])
    nodes, weights = np.polynomial.hermite_e.hermegauss(car_nodes)
    weights = weights / weights.sum()
    grids = np.meshgrid(*[nodes] * len(shared), indexing="ij") if shared else []
    tensor = (
        np.prod(np.meshgrid(*[weights] * len(shared), indexing="ij"), axis=0).ravel()
        if shared
        else np.ones(1)
    )
    offset = np.zeros((drivers, tensor.size))
    for grid, c in zip(grids, shared, strict=True):
        offset[field.car == c] = field.car_sd[c] * grid.ravel()

    sds = np.sqrt(field.own_sd[:, None] ** 2 + field.noise_sd**2 + lone[:, None] ** 2)
    centres = field.mean[:, None] + field.noise_shift
    wide = offset.max(axis=1)[:, None]
    x = np.linspace((centres - wide - span * sds).min(), (centres + wide + span * sds).max(), points)
    simpson = np.where(np.arange(points) % 2 == 0, 2.0, 4.0)
    simpson[[0, -1]] = 1.0
    simpson *= (x[1] - x[0]) / 3.0

    density = np.zeros((drivers, tensor.size, points))
    faster = np.zeros_like(density)
    for d in range(drivers):
        for k, share in enumerate(field.noise_weight):
            z = (x - centres[d, k] - offset[d][:, None]) / sds[d, k]
            density[d] += share * norm.pdf(z) / sds[d, k]
            faster[d] += share * ndtr(-z)

    places = np.zeros((drivers, drivers))
    for d in range(drivers):
        others = [o for o in range(drivers) if o != d]
        count = [np.zeros_like(density[0]) for _ in range(drivers)]
        for out in itertools.product((False, True), repeat=len(others)):
            chance = np.prod(
                [
                    field.retire_prob[o] if r else 1 - field.retire_prob[o]
                    for o, r in zip(others, out, strict=True)
                ]
            )
            if chance == 0:
                continue
            running = [o for o, r in zip(others, out, strict=True) if not r]
            for k in range(len(running), drivers):
                places[d, k] += field.retire_prob[d] * chance / (drivers - len(running))
            for ahead in itertools.product((False, True), repeat=len(running)):
                term = np.full_like(density[0], chance)
                for o, a in zip(running, ahead, strict=True):
                    term *= faster[o] if a else 1 - faster[o]
                count[sum(ahead)] += term
        for k in range(drivers):
            places[d, k] += (1 - field.retire_prob[d]) * tensor @ ((density[d] * count[k]) @ simpson)
    return places


def random_field(seed: int, drivers: int = 20, parts: int = 2, scale: float = 1.0, **changes: Any) -> Field:
    rng = np.random.default_rng(seed)
    teams = (drivers + 1) // 2
    values: dict[str, Any] = {
        "mean": np.repeat(rng.normal(0, 0.7, teams), 2)[:drivers] + rng.normal(0, 0.2, drivers),
        "own_sd": rng.uniform(0.3, 0.7, drivers) * scale,
        "car": np.repeat(np.arange(teams), 2)[:drivers],
        "car_sd": rng.uniform(0.1, 0.5, teams),
        "retire_prob": rng.uniform(0.02, 0.25, drivers),
        "noise_weight": np.array([1.0, *[0.15] * (parts - 1)]) / (1 + 0.15 * (parts - 1)),
        "noise_shift": np.array([0.0, -1.0, 0.4])[:parts],
        "noise_sd": np.array([0.3, 1.2, 0.6])[:parts],
    }
    return Field(**(values | changes))


def check_sums(places: np.ndarray, tolerance: float = 1e-6) -> None:
    np.testing.assert_allclose(places.sum(axis=0), 1, atol=tolerance * len(places))
    np.testing.assert_allclose(places.sum(axis=1), 1, atol=1e-12)
    assert places.min() >= 0


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_two_rivals_in_closed_form(parts):
    field = random_field(3, 2, parts, car=[0, 1], car_sd=[0.4, 0.2])
    first, second = field.own_sd**2 + field.car_sd**2
    beats = sum(
        field.noise_weight[i]
        * field.noise_weight[j]
        * ndtr(
            (field.mean[0] + field.noise_shift[i] - field.mean[1] - field.noise_shift[j])
            / np.sqrt(first + second + field.noise_sd[i] ** 2 + field.noise_sd[j] ** 2)
        )
        for i in range(parts)
        for j in range(parts)
    )
    a, b = field.retire_prob
    wins = (1 - a) * (1 - b) * beats + (1 - a) * b + a * b / 2
    np.testing.assert_allclose(exact_positions(field), [[wins, 1 - wins], [1 - wins, wins]], atol=1e-7)


def test_teammates_do_not_feel_their_car():
    field = random_field(4, 2, 1, car=[0, 0], car_sd=[25.0], retire_prob=[0, 0], noise_sd=[0.0])
    wins = ndtr((field.mean[0] - field.mean[1]) / np.hypot(*field.own_sd))
    np.testing.assert_allclose(exact_positions(field)[0], [wins, 1 - wins], atol=1e-7)


@pytest.mark.parametrize(
    "field",
    [
        random_field(10, 3, 1),
        random_field(11, 4, 2),
        random_field(12, 4, 3, car=[0, 1, 1, 0]),
        random_field(13, 5, 2, car_sd=[0.6, 0.1, 0.3]),
        random_field(14, 6, 1, car=[0, 1, 2, 3, 4, 5], car_sd=np.linspace(0, 0.5, 6)),
        random_field(15, 5, 2, car_sd=[0.0, 0.0, 0.0]),
        random_field(16, 4, 2, retire_prob=[0.0, 1.0, 0.5, 0.9]),
        random_field(17, 5, 1, car=[0, 1, 1, 2, 2], car_sd=[0.3, 0.4, 0.5, 0.6]),
    ],
)
def test_small_fields_by_brute_force(field):
    np.testing.assert_allclose(exact_positions(field), brute_force(field), atol=1e-6, rtol=0)


def test_six_drivers_in_three_cars_by_brute_force():
    field = random_field(20, 6, 2, scale=1.5)
    np.testing.assert_allclose(exact_positions(field), brute_force(field, 12, 7.0, 201), atol=1e-6, rtol=0)


def test_a_field_of_equals_is_uniform():
    field = random_field(
        0,
        20,
        1,
        mean=np.zeros(20),
        own_sd=np.full(20, 0.4),
        car_sd=np.zeros(10),
        retire_prob=np.full(20, 0.1),
    )
    np.testing.assert_allclose(exact_positions(field), 1 / 20, atol=2e-7)


def test_everybody_out_is_uniform_and_nobody_out_has_no_retired_places():
    out = random_field(1, 7, retire_prob=np.ones(7))
    np.testing.assert_allclose(exact_positions(out), 1 / 7, atol=1e-12)
    assert exact_positions(out, classified=True).max() == 0
    running = random_field(1, 7, retire_prob=np.zeros(7))
    np.testing.assert_array_equal(exact_positions(running), exact_positions(running, classified=True))


STRESS: dict[str, dict[str, Any]] = {
    "tiny own": {"own_sd": np.full(20, 1e-4), "noise_sd": [0.0, 1.0]},
    "nothing but cars": {"own_sd": np.zeros(20), "noise_sd": [0.0, 0.0], "noise_shift": [0.0, -0.5]},
    "no cars": {"car_sd": np.zeros(10)},
    "huge span": {"mean": np.linspace(-400, 400, 20)},
    "one certain driver": {
        "own_sd": np.where(np.arange(20) == 5, 1e-3, 0.5),
        "car_sd": np.zeros(10),
        "noise_sd": [0, 1],
    },
    "scales apart": {"own_sd": 10.0 ** np.linspace(-3, 1, 20), "noise_sd": [0.0, 0.0]},
    "some never start": {"retire_prob": np.where(np.arange(20) % 3 == 0, 1.0, 0.0)},
    "a car far ahead": {"mean": np.r_[[30.0, 30.2], np.zeros(18)]},
    "loud cars": {"car_sd": np.full(10, 50.0)},
}


@pytest.mark.parametrize("name", STRESS)
def test_stress_agrees_with_the_simulator(name):
    field = random_field(5, 20, 2, **STRESS[name])
    places = exact_positions(field)
    check_sums(places)
    races = 200_000
    seen = position_frequencies(simulate_races(field, races, seed=7))
    sd = np.sqrt(np.maximum(places * (1 - places), 1e-12) / races)
    assert np.abs(seen - places).max() < 5e-3
    assert (np.abs(seen - places) <= 5.5 * sd + 5 / races).all()


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    drivers=st.integers(2, MAX_DRIVERS),
    finest=st.floats(-4, 0),
    spread=st.floats(-3, 2),
)
def test_finer_panels_change_nothing(seed, drivers, finest, spread):
    rng = np.random.default_rng(seed)
    parts, cars = int(rng.integers(1, 4)), int(rng.integers((drivers + 1) // 2, 27))
    field = Field(
        mean=np.round(rng.normal(0, 10.0**spread, drivers), int(rng.integers(0, 5))),
        own_sd=10 ** rng.uniform(finest, 0.3, drivers),
        car=rng.permutation(np.repeat(np.arange(cars), 2))[:drivers],
        car_sd=10 ** rng.uniform(finest, 0.3, cars) * (rng.random(cars) < 0.8),
        retire_prob=rng.uniform(0, 0.3, drivers) * (rng.random(drivers) < 0.7),
        noise_weight=rng.dirichlet(np.ones(parts)),
        noise_shift=rng.normal(0, 1, parts),
        noise_sd=10 ** rng.uniform(finest, 0.3, parts) * (rng.random(parts) < 0.7),
    )
    panels, _ = panels_of(field.law)
    thirds = panels[:, :1] + np.diff(panels) * np.arange(4) / 3
    finer = np.stack([thirds[:, :-1], thirds[:, 1:]], axis=2).reshape(-1, 2)
    np.testing.assert_allclose(
        exact_positions(field, classified=True), classified_places(field.law, finer, PANEL), atol=1e-6, rtol=0
    )


def test_independent_drivers_of_very_different_scales_by_quadrature():
    """No cars, no retirements: the winner by a plain integral, fine enough for the smallest scale."""
    own = np.array([1e-3, 0.02, 0.5, 3.0])
    field = Field(np.array([0.1, 0.1, 0.0, -1.0]), own, np.arange(4), np.zeros(4), np.zeros(4))
    for d in range(4):
        x = np.unique(
            np.concatenate([m + s * np.linspace(-9, 9, 40_001) for m, s in zip(field.mean, own, strict=True)])
        )
        integrand = norm.pdf(x, field.mean[d], own[d]) * np.prod(
            [norm.cdf(x, field.mean[o], own[o]) for o in range(4) if o != d], axis=0
        )
        assert exact_positions(field)[d, 0] == pytest.approx(np.trapezoid(integrand, x), abs=1e-6)


@pytest.mark.parametrize("drivers", [1, 2, 3, 7, 19, 20, 22, 24, MAX_DRIVERS])
@pytest.mark.parametrize("parts", [1, 3])
def test_twenty_drivers_within_monte_carlo_error(drivers, parts):
    field = random_field(drivers, drivers, parts)
    places = exact_positions(field)
    check_sums(places)
    races = 300_000
    z = (position_frequencies(simulate_races(field, races, 1)) - places) / np.sqrt(
        places * (1 - places) / races + 1e-12
    )
    assert np.abs(z).max() < 5
    if drivers >= 19:
        assert 0.75 < (z**2).mean() < 1.25


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), drivers=st.integers(2, 12), parts=st.integers(1, 3))
def test_order_of_entry_does_not_matter(seed, drivers, parts):
    field = random_field(seed, drivers, parts)
    rng = np.random.default_rng(seed)
    order = rng.permutation(drivers)
    teams = rng.permutation(len(field.car_sd))
    moved = Field(
        field.mean[order] + 17.0,
        field.own_sd[order],
        np.argsort(teams)[field.car[order]],
        field.car_sd[teams],
        field.retire_prob[order],
        field.noise_weight,
        field.noise_shift - 3.0,
        field.noise_sd,
    )
    np.testing.assert_allclose(exact_positions(moved), exact_positions(field)[order], atol=5e-7)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), drivers=st.integers(2, 12), parts=st.integers(1, 3), gain=st.floats(0.01, 3))
def test_more_pace_and_fewer_failures_help(seed, drivers, parts, gain):
    field = random_field(seed, drivers, parts)
    first = np.arange(drivers) == 0
    up_to = np.cumsum(exact_positions(field), axis=1)
    faster = random_field(seed, drivers, parts, mean=field.mean + gain * first)
    assert (np.cumsum(exact_positions(faster), axis=1)[0] >= up_to[0] - 1e-6).all()
    safer = random_field(
        seed, drivers, parts, retire_prob=np.where(first, field.retire_prob / 2, field.retire_prob)
    )
    assert (np.cumsum(exact_positions(safer), axis=1)[0] >= up_to[0] - 1e-6).all()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    drivers=st.integers(1, MAX_DRIVERS),
    parts=st.integers(1, 3),
    exponent=st.floats(-6, 3),
)
def test_rows_and_columns_sum_to_one(seed, drivers, parts, exponent):
    check_sums(exact_positions(random_field(seed, drivers, parts, scale=10.0**exponent)))


def test_expected_points_pay_the_classified_only():
    field = random_field(8, 3, 1, mean=[100.0, 0.0, -100.0], retire_prob=[0.5, 0.0, 0.25])
    classified = exact_positions(field, classified=True)
    np.testing.assert_allclose(classified.sum(axis=1), 1 - field.retire_prob)
    points = expected_points(classified, (25, 18, 15, 12))
    np.testing.assert_allclose(points, [12.5, 0.5 * 25 + 0.5 * 18, 0.75 * (0.5 * 18 + 0.5 * 15)], atol=1e-5)


def test_many_fields_are_one_field_after_the_other():
    fields = [random_field(i, 20 + i % 3) for i in range(4)]
    for field, places in zip(fields, exact_positions_many(fields), strict=True):
        np.testing.assert_array_equal(places, exact_positions(field))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"car": [0, 0, 0, 1]}, "car 0 has 3 drivers"),
        ({"car": [0, 0, 1, 2]}, "outside 0..1"),
        ({"car": [0.0, 0.0, 1.0, 1.0]}, "integers"),
        ({"mean": [0.0, 1.0, np.nan, 2.0]}, "mean must be finite"),
        ({"mean": []}, "1 to 26 drivers"),
        ({"own_sd": [1.0]}, "own_sd has 1 values"),
        ({"own_sd": [1.0, 1.0, -1.0, 1.0]}, "own_sd must not be negative"),
        ({"retire_prob": [0, 0, 0, 1.5]}, "retire_prob must not exceed 1"),
        ({"noise_weight": [0.5, 0.4]}, "sums to 0.9"),
        ({"noise_sd": [0.5]}, "same length"),
        ({"noise_weight": [0.25] * 4}, "1 to 3 parts"),
    ],
)
def test_impossible_fields_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        random_field(0, 4, **change)
