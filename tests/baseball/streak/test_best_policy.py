"""The solver and the evaluator against plain Python, every policy there is, and closed forms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide.baseball.streak import exact, mdp
from formguide.baseball.streak.bins import Bins
from formguide.baseball.streak.mdp import Policy
from formguide.baseball.streak.rules import DOUBLE, SINGLE, SKIP, Rules
from formguide.baseball.streak.strategies import STRATEGIES, strategy_policy
from tests.baseball.streak.plain import Game, chance_of_run

CLOSE = 1e-12


@st.composite
def games(draw: st.DrawFn, goal: int = 12, days: int = 14, bins: int = 7) -> Game:
    """Small games with any number of bins and any saver."""
    count = draw(st.integers(1, bins))
    weights = [[draw(st.integers(0, 4)) for _ in range(count)] for _ in range(2)]
    weights = [[w + (not any(row)) for w in row] for row in weights]
    hit = [[draw(st.floats(0.05, 0.95)) for _ in range(count)] for _ in range(2)]
    both = [[p * draw(st.floats(0.1, 1.0)) for p in row] for row in hit]
    saver_from = draw(st.integers(1, 8))
    return Game(
        goal=draw(st.integers(1, goal)),
        days=draw(st.integers(1, days)),
        saver_from=saver_from,
        saver_to=saver_from + draw(st.integers(-1, 5)),
        late_days=draw(st.integers(0, 6)),
        share=tuple(tuple(w / sum(row) for w in row) for row in weights),
        hit=tuple(map(tuple, hit)),
        both=tuple(map(tuple, both)),
    )


def solved(game: Game, **how: Any) -> Policy:
    return mdp.solve(game.bins(), game.days, Rules(game.goal, game.saver_from, game.saver_to), **how)


@given(games())
def test_solver_equals_the_recursion_in_every_state(game):
    policy = solved(game)
    value, plain = mdp.values(policy), game.best()
    for left in range(game.days + 1):
        for saver in (False, True):
            for streak in range(game.goal + 1):
                assert value[left, int(saver), streak] == pytest.approx(plain(left, streak, saver), abs=CLOSE)


@given(games(goal=6, days=8), st.randoms(use_true_random=False))
def test_any_fixed_policy_forward_backward_and_plain(game, random):
    base = solved(game)
    actions = np.array([random.randrange(3) for _ in range(base.actions.size)], np.int8)
    policy = replace(base, actions=actions.reshape(base.actions.shape))
    plain, value = game.of(policy.actions), mdp.values(policy)
    for left in range(game.days + 1):
        for saver in (False, True):
            for streak in range(game.goal + 1):
                ahead = exact.evaluate(policy, days_left=left, streak=streak, saver=saver)
                assert ahead.p_goal == pytest.approx(plain(left, streak, saver), abs=CLOSE)
                assert value[left, int(saver), streak] == pytest.approx(ahead.p_goal, abs=CLOSE)
                assert ahead.final.sum() == pytest.approx(1.0, abs=CLOSE)
                assert (np.diff(ahead.by_day) >= -CLOSE).all()


@pytest.mark.parametrize(
    "game",
    [
        Game(2, 2, 1, 1, 0, ((0.5, 0.5),) * 2, ((0.4, 0.9),) * 2, ((0.3, 0.7),) * 2),
        Game(2, 2, 1, 1, 1, ((0.3, 0.7), (0.6, 0.4)), ((0.5, 0.6), (0.2, 0.9)), ((0.1, 0.5), (0.15, 0.4))),
        Game(3, 3, 1, 2, 0, ((1.0,),) * 2, ((0.7,),) * 2, ((0.5,),) * 2),
        Game(3, 3, 2, 1, 2, ((1.0,),) * 2, ((0.7,), (0.4,)), ((0.2,), (0.39,))),
        Game(4, 3, 1, 3, 1, ((1.0,),) * 2, ((0.8,), (0.6,)), ((0.7,), (0.3,))),
    ],
)
def test_no_policy_of_all_there_are_is_better(game):
    policy = solved(game)
    assert exact.p_goal(policy) == pytest.approx(game.best_of_all_policies(), abs=CLOSE)


def flat(p: float, both: float, goal: int = 57) -> tuple[Bins, Rules]:
    """All days alike, and no saver."""
    one = np.ones((2, 1))
    return Bins(np.empty((2, 0)), 30, one, p * one, both * one, p * one, p * one, one, one), Rules(goal, 1, 0)


@pytest.mark.parametrize(("p", "days"), [(0.76, 182), (0.9, 182), (0.99, 60), (0.5, 57), (0.7, 56)])
def test_one_batter_every_day_is_a_run_of_hits(p, days):
    bins, rules = flat(p, p * p)
    policy = strategy_policy("always-single", bins, days, rules)
    assert exact.p_goal(policy) == pytest.approx(chance_of_run(57, days, p), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("goal", [56, 57])
def test_two_batters_every_day_are_a_run_half_as_long(goal):
    bins, rules = flat(0.8, 0.66, goal)
    policy = strategy_policy("always-double", bins, 182, rules)
    assert exact.p_goal(policy) == pytest.approx(chance_of_run(-(-goal // 2), 182, 0.66), rel=1e-9)


def test_the_closed_form_itself_on_a_case_done_by_hand():
    # HH in three throws of a fair coin: HHH, HHT, THH of eight.
    assert chance_of_run(2, 3, 0.5) == 3 / 8


def test_a_saver_by_hand():
    # Goal 2, three days, one batter at 1/2 each. Without a saver 3/8; with one at 1: HH., HMH, MHH too … HMH
    # keeps the 1 through the miss, so of eight seasons HHH HHM HMH MHH reach 2.
    bins, _ = flat(0.5, 0.0, 2)
    single = strategy_policy("always-single", bins, 3, Rules(2, 1, 1))
    assert exact.p_goal(single) == 4 / 8
    assert exact.evaluate(single, saver=False).p_goal == 3 / 8


@given(games())
def test_what_never_hurts(game):
    value = mdp.values(solved(game))
    assert (value >= 0).all() and (value <= 1 + CLOSE).all()
    # With the saver unspent a streak of 9 may well be worth more than one of 16, which it no longer saves.
    assert (np.diff(value[:, 0], axis=1) >= -CLOSE).all(), "a longer streak"
    assert (value[:, 1] - value[:, 0] >= -CLOSE).all(), "a saver"
    within = value[: game.late_days + 1], value[game.late_days :]
    assert all((np.diff(part, axis=0) >= -CLOSE).all() for part in within), "another day"
    for how in ({"skips": False}, {"doubles": False}):
        assert (mdp.values(solved(game, **how)) <= value + CLOSE).all(), "another choice"
    better = replace(game, hit=tuple(tuple(min(p + 0.03, 1.0) for p in row) for row in game.hit))
    assert (mdp.values(solved(better)) >= value - CLOSE).all(), "better picks"


@given(games(bins=3), st.data())
def test_telling_days_apart_never_hurts_in_sample(game, data):
    split: dict[str, list[tuple[float, ...]]] = {"share": [], "hit": [], "both": []}
    for phase in range(2):
        rows: dict[str, list[float]] = {name: [] for name in split}
        for b in range(game.count):
            part = data.draw(st.floats(0.1, 0.9))
            gap = data.draw(st.floats(-1, 1)) * 0.04
            share, hit, both = game.share[phase][b], game.hit[phase][b], game.both[phase][b]
            rows["share"] += [share * part, share * (1 - part)]
            rows["hit"] += [hit + gap * (1 - part), hit - gap * part]
            rows["both"] += [both, both]
        for name in split:
            split[name].append(tuple(rows[name]))
    finer = replace(game, **{name: tuple(value) for name, value in split.items()})
    assert exact.p_goal(solved(finer)) >= exact.p_goal(solved(game)) - CLOSE


@given(games())
def test_no_named_strategy_beats_the_best(game):
    best = exact.p_goal(solved(game))
    rules = Rules(game.goal, game.saver_from, game.saver_to)
    for name in STRATEGIES:
        assert exact.p_goal(strategy_policy(name, game.bins(), game.days, rules)) <= best + CLOSE


@given(games())
def test_ties_go_to_the_more_careful(game):
    policy = solved(game)
    value = mdp.values(policy)
    for left in range(1, game.days + 1):
        for saver in (False, True):
            for streak in range(game.goal):
                worth = mdp.action_values(policy, value, streak, left, saver)
                for b in range(game.count):
                    action = policy.actions[left - 1, int(saver), streak, b]
                    assert worth[action, b] >= worth[:, b].max() - CLOSE
                    if worth[:, b].max() == 0:
                        assert action == SKIP


def test_a_double_that_is_no_better_than_a_single_is_not_played():
    bins, _ = flat(0.5, 0.5, 1)  # two hits for the goal of one: worth the same as one
    assert (mdp.solve(bins, 3, Rules(1)).actions == SINGLE).all()
    # Where one must be named and nothing matters any more it is one batter, not two.
    bins, _ = flat(0.0, 0.0, 2)
    assert (mdp.solve(bins, 3, Rules(2), skips=False).actions == SINGLE).all()


def test_the_whole_game_has_103_740_states(days):
    from formguide.baseball.streak import quality_bins

    policy = mdp.solve(quality_bins(days))
    assert policy.actions.size == 103_740
    assert set(np.unique(policy.actions)) == {SKIP, SINGLE, DOUBLE}
    assert exact.p_goal(policy) == pytest.approx(mdp.values(policy)[182, 1, 0], abs=CLOSE)


@given(st.integers(1, 11), st.integers(1, 5), st.integers(1, 9), st.randoms(use_true_random=False))
def test_packing_and_back(bins, days, goal, random):
    shape = (days, 2, goal, bins)
    actions = np.array([random.randrange(3) for _ in range(np.prod(shape))], np.int8).reshape(shape)
    assert (mdp.unpack(mdp.pack(actions), goal, bins) == actions).all()


@given(games(), st.booleans())
def test_nobody_doubles_where_there_are_no_doubles(game, skips):
    policy = solved(game, doubles=False, skips=skips)
    assert policy.actions.max() <= SINGLE
    if not skips:
        assert policy.actions.min() == SINGLE
    # With the saver in hand a streak short of its window may be worth more than one beyond it.
    value = mdp.values(solved(game))[:, 0]
    assert (np.diff(value, axis=1) >= -CLOSE).all(), "without the saver a longer streak is worth no less"


def test_questions_that_mean_nothing(days):
    bins, rules = flat(0.7, 0.5)
    policy = strategy_policy("always-single", bins, 10, rules)
    two_bins = replace(bins, share=np.full((2, 2), 0.5))
    for wrong in (
        lambda: exact.evaluate(policy, days_left=11),
        lambda: exact.evaluate(policy, streak=58),
        lambda: exact.evaluate(policy, two_bins),
        lambda: mdp.solve(bins, 0),
        lambda: Rules(goal=0),
        lambda: Rules(saver_from=0),
    ):
        with pytest.raises(ValueError):
            wrong()


def test_a_season_that_has_begun_or_is_over():
    bins, rules = flat(0.7, 0.5, 3)
    policy = strategy_policy("always-single", bins, 10, rules)
    assert exact.evaluate(policy, days_left=1, streak=2).p_goal == 0.7
    assert exact.evaluate(policy, days_left=0, streak=2).p_goal == 0
    assert exact.evaluate(policy, days_left=0, streak=3).p_goal == 1
    assert exact.evaluate(policy, days_left=4, streak=3).p_goal == 1
