"""Seasons of days: the chain over blocks against every season there is, simulation within its error."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from formguide.baseball.streak import exact, mdp, seasons
from formguide.baseball.streak.bins import quality_bins, rates_on
from formguide.baseball.streak.profiles import Days
from formguide.baseball.streak.rules import DOUBLE, SINGLE, Rules
from formguide.baseball.streak.strategies import STRATEGIES, strategy_policy
from tests.baseball.streak.test_days_and_bins import some_days

RULES = Rules(12, 4, 6)
LENGTH = 40


@pytest.fixture(scope="module")
def policy(days):
    """A goal that is reached often enough to be seen in a simulation."""
    return mdp.solve(quality_bins(days), LENGTH, RULES)


def played_by_hand(policy: mdp.Policy, days: Days, order: list[int]) -> tuple[int, int]:
    """Longest streak and batters named, day by day, by the rules."""
    streak, saver, longest, named = 0, True, 0, 0
    for played, day in enumerate(order):
        left = policy.days - played
        b = policy.bins.bin_of(float(days.p_first[day]), left)
        action = policy.action(streak, left, saver, b)
        if action == DOUBLE and not days.has_second[day]:
            action = SINGLE
        hit = bool(days.hit_both[day] if action == DOUBLE else days.hit_first[day])
        streak, saver = policy.rules.after(streak, saver, action, hit)
        longest, named = max(longest, streak), named + action
        if streak == policy.rules.goal:
            break
    return longest, named


def test_given_seasons_are_played_by_the_rules(policy, days):
    random = np.random.default_rng(1)
    order = random.integers(0, len(days), (300, LENGTH))
    played = seasons.play(policy, days, order)
    by_hand = [played_by_hand(policy, days, row.tolist()) for row in order]
    assert list(zip(played.longest.tolist(), played.named.tolist(), strict=True)) == by_hand
    assert 0 < played.p_goal < 1


@pytest.mark.parametrize("name", ["always-double", "skip-bad-days"])
def test_blocks_are_averaged_over_every_season_there_is(name):
    # Four early and three late days; a season of 2 + 3 in blocks of two: 4 starts early, then 3 and
    # 3 late, the last block cut short.
    hits = [True, True, False, True, True, False, True]
    both = [True, False, False, True, False, False, True]
    days = some_days([0.6, 0.7, 0.8, 0.9, 0.65, 0.7, 0.75], hits, both, [7, 6, 5, 4, 3, 2, 1])
    days.has_second[1] = False
    bins = quality_bins(days, 2, late_days=3)
    policy = strategy_policy(name, bins, 5, Rules(3, 1, 1))
    by_date = np.argsort(days.date)
    early, late = by_date[:4], by_date[4:]
    results = []
    for one, two in itertools.product(range(4), range(3)):
        order = [early[one], early[(one + 1) % 4], late[two], late[(two + 1) % 3]]
        for end in range(3):
            results.append(played_by_hand(policy, days, [int(i) for i in [*order, late[end]]])[0] >= 3)
    chance = seasons.block_chances(policy, days, block_days=2, late_days=3)
    assert chance == pytest.approx([np.mean(results)], abs=1e-12)
    assert 0 < sum(results) < len(results)


def test_blocks_of_one_day_are_the_markov_chain(policy, days):
    for name in STRATEGIES:
        other = strategy_policy(name, policy.bins, LENGTH, RULES)
        chain = exact.p_goal(other, rates_on(other.bins, days))
        assert seasons.block_chances(other, days, block_days=1) == pytest.approx([chain], rel=1e-10)


def test_weights_are_blocks_counted_more_than_once(policy, days):
    random = np.random.default_rng(2)
    weight = random.integers(0, 3, len(days)).astype(float)
    bags = np.stack([weight, np.ones(len(days)), 2 * weight])
    chances = seasons.block_chances(policy, days, bags, block_days=1)
    counted = seasons.block_chances(
        policy, days.take(np.repeat(np.arange(len(days)), weight.astype(int))), block_days=1
    )
    assert chances[0] == pytest.approx(counted[0], rel=1e-10)
    assert chances[0] == pytest.approx(chances[2], rel=1e-12)
    assert chances[1] == pytest.approx(seasons.block_chances(policy, days, block_days=1)[0], rel=1e-12)


def test_simulated_seasons_of_blocks_are_within_their_error_of_the_exact_chance(policy, days):
    for block in (1, 7):
        played = seasons.simulate_days(policy, days, 40_000, 3, block)
        chance = seasons.block_chances(policy, days, block_days=block)[0]
        assert abs(played.p_goal - chance) < 4 * played.p_goal_se
        assert played.p_goal_se < 0.003


def test_simulated_seasons_of_bins_are_within_their_error_of_the_exact_chance(policy):
    for name in STRATEGIES:
        other = strategy_policy(name, policy.bins, LENGTH, RULES)
        played = seasons.simulate_bins(other, 40_000, 4)
        assert abs(played.p_goal - exact.p_goal(other)) < 4 * played.p_goal_se
        assert played.named.min() >= 0 and played.longest.max() == RULES.goal


def test_the_same_seed_is_the_same_seasons(policy, days):
    one, two = (seasons.simulate_days(policy, days, 500, 5) for _ in range(2))
    assert (one.longest == two.longest).all()
    assert (seasons.simulate_days(policy, days, 500, 6).longest != one.longest).any()
    bins = [seasons.simulate_bins(policy, 500, 5).longest for _ in range(2)]
    assert (bins[0] == bins[1]).all()


def test_a_share_that_was_never_seen_has_an_error_all_the_same(policy):
    never = seasons.Played(np.zeros(100), np.zeros(100), 57)
    assert (never.p_goal, never.p_goal_se > 0) == (0.0, True)


def test_seasons_keep_late_days_at_the_end(days):
    blocks = seasons._Blocks(days, 30, 182, 7)
    order = blocks.orders(50, np.random.default_rng(0))
    assert order.shape == (50, 182)
    late = days.days_left[order] <= 30
    assert late[:, -30:].all() and not late[:, :-30].any()
    same = days.season[order[:, 1:]] == days.season[order[:, :-1]]
    assert same.mean() > 0.85  # within a block always


def test_blocks_follow_the_calendar_in_a_circle(days):
    follows = seasons._Blocks(days, 30, 182, 7).follows
    assert sorted(follows) == list(range(len(days)))
    step = (days.date[follows] - days.date).astype(int)
    assert set(step) == {1, -151, -29}
    assert (days.seed[follows] == days.seed).all()


def test_the_bootstrap_draws_seasons_seeds_and_blocks(days):
    bags = seasons.resampled(days, 300, 1)
    assert bags.shape == (300, len(days))
    # Every season, seed and block is drawn once on average.
    expected = np.where(days.days_left > 30, 22 / 152, 5 / 30)
    assert bags.mean(axis=0).sum() == pytest.approx(expected.sum(), rel=0.05)
    without = (bags.reshape(300, 3, -1).sum(axis=2) == 0).mean()
    assert without == pytest.approx((2 / 3) ** 3, abs=0.06)
    # What one seed drew of a date the other drew too, or it was not drawn at all.
    first, second = bags[:, days.seed == 0], bags[:, days.seed == 1]
    both = (first.sum(axis=1) > 0) & (second.sum(axis=1) > 0)
    assert (first[both] == second[both]).all()
    assert (seasons.resampled(days, 5, 1) == seasons.resampled(days, 5, 1)).all()


def test_day_weights_count_the_days_of_the_blocks(days):
    bag = np.zeros((1, len(days)))
    start = int(np.flatnonzero((days.season == 2002) & (days.seed == 1) & (days.days_left == 100))[0])
    bag[0, start] = 2
    weight = seasons.day_weights(days, bag)[0]
    chosen = np.flatnonzero(weight)
    assert sorted(days.days_left[chosen]) == list(range(94, 101))
    assert set(weight[chosen]) == {2.0}
    assert set(days.seed[chosen]) == {1}


def test_days_that_make_no_season(policy, days):
    nothing = days.take(np.zeros(len(days), bool))
    with pytest.raises(ValueError, match="no days"):
        seasons.block_chances(policy, nothing)
    with pytest.raises(ValueError, match="no day to draw"):
        seasons.block_chances(policy, days, np.zeros(len(days)))
    with pytest.raises(ValueError, match="blocks of 0"):
        seasons.block_chances(policy, days, block_days=0)


def test_a_season_without_an_end_is_played_with_what_there_is(policy, days):
    begun = days.take(days.days_left > 60)
    assert 0 < seasons.block_chances(policy, begun)[0] < 1
    weights = seasons.resampled(begun, 20, 0)
    assert (weights.sum(axis=1) > 0).all()
