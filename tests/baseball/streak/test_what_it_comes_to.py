"""Held-out chances, comparisons on the same days, and what would raise the chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formguide.baseball.streak import compare, evaluation, exact, mdp, search, seasons
from formguide.baseball.streak.bins import quality_bins, rates_on
from formguide.baseball.streak.evaluation import PolicySettings
from formguide.baseball.streak.made_up import made_up_profiles
from formguide.baseball.streak.profiles import paired_days
from formguide.baseball.streak.report import player
from formguide.baseball.streak.rules import Rules

SETTINGS = PolicySettings(days=60, rules=Rules(20, 5, 8))


def test_no_season_is_played_by_what_it_taught(days):
    for fold in evaluation.folds(days, SETTINGS):
        others = [season for season in days.seasons if season != int(fold.name)]
        assert fold.held_out.seasons == [int(fold.name)]
        assert fold.policy.bins.dates.sum() == pytest.approx(
            quality_bins(days.of_seasons(others), SETTINGS.bins).dates.sum()
        )
        # Whatever is done to the held-out outcomes leaves the policy as it is.
        mine = days.season == int(fold.name)
        changed = replace(days, hit_first=days.hit_first ^ mine, hit_both=days.hit_both & ~mine)
        again = next(f for f in evaluation.folds(changed, SETTINGS) if f.name == fold.name)
        assert (again.policy.actions == fold.policy.actions).all()


def test_a_single_season_is_cut_into_stretches(days):
    one = days.of_seasons([2001])
    parts = evaluation.folds(one, SETTINGS)
    assert [len(part.held_out) for part in parts] == [
        ((one.days_left - 1) // 28 % 2 == k).sum() for k in (0, 1)
    ]
    with pytest.raises(ValueError, match="too few"):
        evaluation.folds(one.take(one.days_left < 20), SETTINGS)


def test_the_mean_over_parts_and_its_interval(days):
    parts = evaluation.folds(days, SETTINGS)
    chance = evaluation.held_out(parts, draws=200)
    each = [seasons.block_chances(part.policy, part.held_out)[0] for part in parts]
    assert chance.p_goal == pytest.approx(np.mean(each))
    assert chance.low < chance.p_goal < chance.high
    assert chance.draws.shape == (200,)
    assert np.quantile(chance.draws, [0.05, 0.95]) == pytest.approx([chance.low, chance.high])


def test_forecasts_that_are_right_on_average_are_calibrated_as_they_are(days):
    honest = replace(days, p_first=days.p_first - (days.p_first - days.hit_first).mean())
    parts = evaluation.folds(honest, SETTINGS, player("always-single", SETTINGS))
    # One action for all: only the mean chance of a hit counts, and that is the frequency in each season.
    level = evaluation.calibrated(parts, draws=20)
    by_hand = [
        exact.p_goal(part.policy, replace(b, p_hit=b.p_first + off))
        for part in parts
        for b in [rates_on(part.policy.bins, part.held_out)]
        for off in [(part.held_out.hit_first - part.held_out.p_first).mean()]
    ]
    assert level.p_goal == pytest.approx(np.mean(by_hand), rel=1e-9)
    assert level.low < level.p_goal < level.high


def test_the_honest_chance_is_near_the_truth_and_the_fitted_one_flatters():
    # Ten seasons of days that are all alike but for noise: nothing can be learnt, everything can be fitted.
    alike = paired_days(made_up_profiles(10, 1, mean=0.8, spread=0.0, error=0.02, optimism=0.0, seed=4))
    fitting = replace(SETTINGS, bins=10, shrink_dates=0.0)
    fitted = exact.p_goal(evaluation.make(alike, fitting))
    honest = evaluation.held_out(evaluation.folds(alike, fitting), draws=0).p_goal
    shrunk = evaluation.held_out(evaluation.folds(alike, SETTINGS), draws=0).p_goal
    assert fitted > 1.15 * honest
    assert shrunk > 0.95 * honest


def test_shrinking_keeps_more_of_what_could_be_had():
    """Policies made from two seasons, played on forty others of the same kind."""
    truth = paired_days(made_up_profiles(40, 1, seed=99, first_season=1900))
    kept = {0.0: [], 400.0: []}  # type: dict[float, list[float]]
    for seed in range(5):
        taught = paired_days(made_up_profiles(2, 2, seed=seed))
        for shrink, chances in kept.items():
            policy = mdp.solve(quality_bins(taught, 5, 30, shrink))
            chances.append(exact.p_goal(policy, rates_on(policy.bins, truth)))
    assert np.mean(kept[400.0]) > 1.5 * np.mean(kept[0.0])


def test_a_policy_against_itself(days):
    parts = evaluation.folds(days, SETTINGS)
    result = compare.compare(compare.matches(parts, parts), ("one", "other"), draws=20, simulated=500)
    assert result.comparable
    assert (result.difference, result.low, result.high, result.ahead) == (0.0, 0.0, 0.0, 0.5)
    assert (result.groups_ahead, result.groups) == (3.0, 6)
    assert result.longest[0] == result.longest[1]
    assert "come to the same" in result.verdict


def test_a_better_policy_wins_on_the_same_days(days):
    best = evaluation.folds(days, SETTINGS)
    timid = evaluation.folds(days, SETTINGS, player("always-single", SETTINGS))
    result = compare.compare(compare.matches(best, timid), ("best", "timid"), draws=100, simulated=2000)
    assert result.same_days[0] == pytest.approx(evaluation.held_out(best, draws=0).p_goal)
    assert result.difference == pytest.approx(result.same_days[0] - result.same_days[1])
    assert result.difference > 0 and result.ahead > 0.5
    assert result.low < result.difference < result.high
    assert result.comparable
    assert result.verdict == (
        "the same days decide: best is ahead of timid, but other days could say otherwise"
    )
    resting = [replace(fold, policy=replace(fold.policy, actions=0 * fold.policy.actions)) for fold in best]
    against = compare.compare(compare.matches(resting, best), ("rest", "best"), draws=100, simulated=500)
    assert against.high < 0 and against.ahead == 0 and against.groups_ahead == 0
    assert against.verdict == "the same days decide: best is better than rest"


def test_other_bins_do_not_compare_and_the_same_days_decide(days):
    """Days that truly are all alike, but by chance hit more often where forecasts are a hair higher.

    The finer bins' own ruler says they are much better; on days that neither knows there is nothing in it.
    """
    alike = paired_days(made_up_profiles(6, 1, mean=0.8, spread=0.0, error=0.02, optimism=0.0, seed=9))
    plain = replace(SETTINGS, shrink_dates=0.0)
    fine = evaluation.folds(alike, replace(plain, bins=15))
    coarse = evaluation.folds(alike, replace(plain, bins=1))
    result = compare.compare(compare.matches(fine, coarse), ("fine", "coarse"), draws=100, simulated=500)
    assert not result.comparable
    own = result.analytic[0] - result.analytic[1]
    assert own > 0.02
    assert result.difference < own / 2


def test_policies_of_other_games_are_not_compared(days):
    short = evaluation.folds(days, SETTINGS)
    long = evaluation.folds(days, replace(SETTINGS, days=61))
    with pytest.raises(ValueError, match="other lengths"):
        compare.compare(compare.matches(short, long), ("a", "b"), draws=20)
    with pytest.raises(ValueError, match="different days"):
        compare.matches(short, short[::-1])


def test_what_would_raise_it(days):
    world = {v.name: v for v in search.world_changes(days, SETTINGS)}
    for better in ("one point more", "spread x 1.5", "spread x 2", "ten days more"):
        assert world[better].ratio > 1, better
    for worse in ("one point less", "no spread", "no saver", "no skips", "no doubles"):
        assert world[worse].ratio < 1, worse
    assert world["spread x 2"].p_goal > world["spread x 1.5"].p_goal
    policy = {v.name: v for v in search.policy_changes(days, SETTINGS, days)}
    assert policy["as it is"].ratio == 1.0
    assert policy["doubles from any game"].p_goal == policy["as it is"].p_goal
    assert policy["no doubles"].ratio < 1


def test_a_season_nobody_can_win(days):
    hopeless = replace(SETTINGS, days=9)
    assert evaluation.held_out(evaluation.folds(days, hopeless), draws=20).high == 0
    changes = list(search.world_changes(days, hopeless))
    assert np.isnan(next(v for v in changes if v.name == "no skips").ratio)
    assert mdp.values(evaluation.make(days, hopeless)).max() == 1.0
