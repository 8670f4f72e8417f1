"""Scores against hand cases, closed forms and SciPy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from formguide.scoring import (
    binary_brier,
    binary_log_loss,
    brier,
    central_coverage,
    clustered_mean,
    clustered_paired,
    log_loss,
    mean_se,
    paired,
    pinball_loss,
    pit_histogram,
    precision_at,
    randomised_pit,
    ranked_probability_score,
    ranks,
    reliability,
    spearman,
    top_1,
)


def test_winner_scores_by_hand():
    forecast = [0.5, 0.3, 0.2]
    assert log_loss(forecast, 1) == pytest.approx(-math.log(0.3))
    assert brier(forecast, 1) == pytest.approx(0.25 + 0.49 + 0.04)
    assert brier([1, 0], 0) == 0
    assert brier([1, 0], 1) == 2
    assert log_loss([1.0, 0.0], 1) == pytest.approx(-math.log(1e-15))


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=8), st.integers(0, 10**6))
def test_the_truth_has_the_best_expected_score(weights, seed):
    """Propriety: no other forecast has a better score on average over the truth."""
    truth = np.array(weights) / sum(weights)
    other = np.random.default_rng(seed).dirichlet(np.ones(len(truth)))
    for score in (log_loss, brier):
        honest = sum(q * score(truth, k) for k, q in enumerate(truth))
        assert honest <= sum(q * score(other, k) for k, q in enumerate(truth)) + 1e-12
    entropy = stats.entropy(truth)
    assert sum(q * log_loss(truth, k) for k, q in enumerate(truth)) == pytest.approx(entropy)


@pytest.mark.parametrize(
    ("forecast", "winner"), [([0.5, 0.4], 0), ([1.5, -0.5], 0), ([0.5, 0.5], 2), ([0.5, 0.5], -1)]
)
def test_what_is_no_forecast_of_a_winner_is_refused(forecast, winner):
    with pytest.raises(ValueError):
        log_loss(forecast, winner)
    with pytest.raises(ValueError):
        brier(forecast, winner)


def test_yes_or_no_scores_by_hand():
    assert binary_brier([0.9, 0.2], [True, False]) == pytest.approx((0.01 + 0.04) / 2)
    assert binary_log_loss([0.9, 0.2], [1, 0]) == pytest.approx(-(math.log(0.9) + math.log(0.8)) / 2)
    with pytest.raises(ValueError, match="outside"):
        binary_brier([1.1], [True])
    with pytest.raises(ValueError, match="do not match"):
        binary_brier([0.5, 0.5], [True])


def test_top_1_shares_a_tie():
    assert top_1([0.1, 0.7, 0.2], 1) == 1
    assert top_1([0.1, 0.7, 0.2], 0) == 0
    assert top_1([0.4, 0.4, 0.2], 0) == 0.5


def test_precision_at_three():
    position = [3, 1, 5, 2, 4]
    assert precision_at(3, [0.9, 0.8, 0.7, 0.1, 0.0], position) == pytest.approx(2 / 3)
    assert precision_at(3, [0.9, 0.8, 0.0, 0.7, 0.0], position) == 1
    # Two are level for the third place; one of them was on the podium.
    assert precision_at(3, [0.9, 0.8, 0.5, 0.5, 0.0], position) == pytest.approx((1 + 1 + 0.5) / 3)
    assert precision_at(3, [0.5] * 5, position) == pytest.approx(3 / 5)
    with pytest.raises(ValueError, match="precision at 3"):
        precision_at(3, [0.1, 0.2], [1, 2])


def test_ranks_are_scipys():
    rng = np.random.default_rng(4)
    tied = rng.integers(0, 6, 40).astype(float)
    for values in (rng.normal(size=50), tied, np.ones(3), np.array([2.0, np.nan, 1.0]), np.empty(0)):
        np.testing.assert_array_equal(ranks(values), stats.rankdata(values))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=20))
def test_spearman_is_scipys(pairs):
    a, b = np.array(pairs).T
    if np.ptp(a) and np.ptp(b):
        assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)
    else:
        assert math.isnan(spearman(a, b))


def test_ranked_probability_score_by_hand():
    # Cumulative 0.2, 0.7, 1 against 0, 1, 1.
    assert ranked_probability_score([[0.2, 0.5, 0.3]], [2]) == pytest.approx([(0.04 + 0.09) / 2])
    np.testing.assert_array_equal(ranked_probability_score(np.eye(3), [1, 2, 3]), 0)
    assert ranked_probability_score([[1.0, 0.0, 0.0]], [3])[0] == 1


def test_ranked_probability_score_is_the_energy_form():
    """Times K - 1 it is E|X - y| - E|X - X'| / 2 (Gneiting and Raftery, section 4.2)."""
    p = np.random.default_rng(0).dirichlet(np.ones(20))
    k = np.arange(1, 21)
    energy = (p * np.abs(k - 7)).sum() - (p[:, None] * p * np.abs(k[:, None] - k)).sum() / 2
    assert ranked_probability_score(p[None], [7])[0] == pytest.approx(energy / 19)


def test_positions_out_of_range_are_refused():
    for position in ([0], [4], [1, 2]):
        with pytest.raises(ValueError):
            ranked_probability_score([[0.2, 0.5, 0.3]], position)
        with pytest.raises(ValueError):
            randomised_pit([[0.2, 0.5, 0.3]], position)


def test_pit_of_a_calibrated_forecast_is_uniform():
    rng = np.random.default_rng(1)
    forecasts = rng.dirichlet(np.ones(20), size=20_000)
    positions = 1 + (rng.random((20_000, 1)) > np.cumsum(forecasts, axis=1)).sum(axis=1)
    pit = randomised_pit(forecasts, positions)
    assert stats.kstest(pit, "uniform").pvalue > 0.01
    assert central_coverage(pit).mean == pytest.approx(0.8, abs=0.01)
    np.testing.assert_allclose(pit_histogram(pit), 0.1, atol=0.01)


def test_pit_stays_within_the_position_and_repeats():
    forecasts = np.tile([0.2, 0.5, 0.3], (500, 1))
    pit = randomised_pit(forecasts, np.full(500, 2), seed=4)
    assert pit.min() >= 0.2
    assert pit.max() <= 0.7
    assert np.ptp(pit) > 0.45
    np.testing.assert_array_equal(pit, randomised_pit(forecasts, np.full(500, 2), seed=4))
    assert (pit != randomised_pit(forecasts, np.full(500, 2), seed=5)).any()


def test_coverage_and_histogram_by_hand():
    pit = np.linspace(0.05, 0.95, 10)
    coverage = central_coverage(pit, 0.8)
    assert (coverage.mean, coverage.n) == (0.8, 10)
    assert coverage.standard_error == pytest.approx(math.sqrt(0.8 * 0.2 / 9))
    np.testing.assert_allclose(pit_histogram(pit, 5), 0.2)


def test_reliability_by_hand():
    table = reliability([0.05, 0.15, 0.95, 1.0], [False, True, True, True])
    np.testing.assert_array_equal(table.n, [1, 1, 2])
    np.testing.assert_allclose(table.lower, [0.0, 0.1, 0.9])
    np.testing.assert_allclose(table.upper, [0.1, 0.2, 1.0])
    np.testing.assert_allclose(table.forecast, [0.05, 0.15, 0.975])
    np.testing.assert_allclose(table.frequency, [0, 1, 1])
    assert table.calibration_error == pytest.approx((0.05 + 0.85 + 2 * 0.025) / 4)
    np.testing.assert_allclose(table.standard_error[2], math.sqrt(0.975 * 0.025 / 2))


def test_mean_and_error_are_scipys():
    values = np.random.default_rng(2).normal(size=30)
    result = mean_se(values)
    assert result.mean == pytest.approx(values.mean())
    assert result.standard_error == pytest.approx(stats.sem(values))
    assert math.isnan(mean_se([1.0]).standard_error)
    for bad in ([], [1.0, math.nan], [[1.0]]):
        with pytest.raises(ValueError):
            mean_se(bad)


def test_paired_is_scipys_t_test():
    a, b = np.random.default_rng(3).normal(size=(2, 40))
    result = paired(a, b)
    assert result.t == pytest.approx(stats.ttest_rel(a, b).statistic)
    assert result.difference == pytest.approx((a - b).mean())
    assert result.n == 40
    assert math.isnan(paired(a, a).t)
    assert paired([1.0, 2.0], [0.0, 1.0]).t == math.inf
    with pytest.raises(ValueError, match="paired"):
        paired(a, b[:-1])


def test_clustered_error_of_single_events_is_the_plain_one_and_grows_with_what_they_share():
    values = np.random.default_rng(5).normal(size=40)
    alone = clustered_mean(values, np.arange(40))
    assert alone.standard_error == pytest.approx(mean_se(values).standard_error)
    # Each event said four times over is no more evidence than once.
    fourfold = clustered_mean(np.repeat(values, 4), np.repeat(np.arange(40), 4))
    assert fourfold.standard_error == pytest.approx(alone.standard_error)
    assert math.isnan(clustered_mean([1.0, 2.0], ["a", "a"]).standard_error)
    with pytest.raises(ValueError, match="clusters"):
        clustered_mean(values, np.arange(39))


def test_clustered_pairs_are_the_mean_of_differences():
    a, b = np.random.default_rng(6).normal(size=(2, 30))
    who = np.arange(30) // 3
    result, expected = clustered_paired(a, b, who), clustered_mean(a - b, who)
    assert result.difference == pytest.approx(expected.mean)
    assert result.t == pytest.approx(expected.mean / expected.standard_error)
    with pytest.raises(ValueError, match="paired"):
        clustered_paired(a, b[:-1], who)


def test_pinball_loss_is_least_at_the_quantile():
    values = np.random.default_rng(7).normal(size=4001)
    at = np.linspace(-2, 2, 401)
    for level in (0.1, 0.5, 0.9):
        mean_loss = pinball_loss(at[:, None], values, level).mean(axis=1)
        assert at[mean_loss.argmin()] == pytest.approx(np.quantile(values, level), abs=0.02)
    np.testing.assert_allclose(pinball_loss([1.0, 3.0], 2.0, 0.9), [0.9, 0.1])
