"""How often a starter bats: against enumeration, simulation and cases with known answers."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide.baseball import opportunity
from formguide.baseball.opportunity import TURNS, Records, Turns, past_turns, tilted


def nested(counts):
    """P(X ≥ 1), P(X ≥ 2), … of a distribution over 0, 1, 2, …"""
    return np.array([[sum(counts[k:]) for k in range(1, TURNS + 1)]])


@given(
    st.lists(st.floats(0.01, 1), min_size=3, max_size=6),
    st.lists(st.floats(0.01, 1), min_size=2, max_size=5),
    st.floats(0.01, 0.6),
    st.floats(0.01, 0.6),
)
def test_at_least_one_hit_is_the_sum_over_all_that_can_happen(turns, faced, p_starter, p_bullpen):
    turns, faced = np.array(turns) / sum(turns), np.array(faced) / sum(faced)
    padded = [np.pad(x, (0, TURNS + 1 - len(x))) for x in (turns, faced)]
    none = 0.0
    for n, b in product(range(len(turns)), range(len(faced))):
        early = min(n, b)
        none += turns[n] * faced[b] * (1 - p_starter) ** early * (1 - p_bullpen) ** (n - early)
    found = Turns(nested(padded[0]), nested(padded[1]))
    chance = found.hit_probability(np.array([p_starter]), np.array([p_bullpen]))
    assert chance[0] == pytest.approx(1 - none, abs=1e-12)


def test_expected_plate_appearances_and_share():
    taken = np.zeros((1, TURNS))
    taken[0, :3] = [1.0, 1.0, 0.5]
    starter = np.zeros((1, TURNS))
    starter[0, :2] = [1.0, 0.5]
    found = Turns(taken, starter)
    assert found.expected[0] == 2.5
    assert found.share_against_starter()[0] == pytest.approx(1.5 / 2.5)


@given(st.floats(31.0, 46.0))
def test_tilt_reaches_the_mean_and_stays_exponential(mean):
    shape = np.zeros(61)
    shape[27:55] = np.exp(-0.5 * ((np.arange(27, 55) - 37) / 4.0) ** 2)
    shape /= shape.sum()
    p = tilted(shape, np.array([mean]))[0]
    assert p @ np.arange(61) == pytest.approx(mean, abs=1e-8)
    ratio = np.log(p[27:55] / shape[27:55])
    assert np.diff(ratio) == pytest.approx(np.full(27, np.diff(ratio)[0]), abs=1e-6)


def league(games=260, seed=0):
    """Starters of a made-up league, and what their teams did: 38 turns or so, the ninth leaving early."""
    rng = np.random.default_rng(seed)
    starters, turns = [], []
    for game in range(games):
        day = date(2023, 4, 1) + timedelta(days=game // 4)
        for side in (0, 1):
            total = int(rng.integers(33, 44)) - side
            for slot in range(1, 10):
                starters.append((day, game + 1, side + 1, slot, side == 1, side * 9 + slot, 50 + side))
            left = rng.random() < 0.5
            for turn in range(total):
                slot = turn % 9 + 1
                gone = slot == 9 and turn >= 18 and left
                turns.append(
                    (day, game + 1, side + 1, side * 9 + slot + (100 if gone else 0), turn < 24, slot == 1)
                )
    who = pl.DataFrame(
        starters,
        schema=["game_date", "game_pk", "team_id", "slot", "is_home", "batter_id", "pitcher_id"],
        orient="row",
    )
    pa = pl.DataFrame(
        turns,
        schema=["game_date", "game_pk", "batting_team_id", "batter_id", "pitcher_is_starter", "is_hit"],
        orient="row",
    )
    return who, pa


def test_past_turns_count_what_was_due_and_taken():
    who, pa = league(games=1)
    told = past_turns(who, pa).sort("team_id", "slot")
    for team, slot, due, taken, faced in told.select("team_id", "slot", "due", "taken", "faced").iter_rows():
        total = pa.filter(pl.col("batting_team_id") == team).height
        assert due == len(range(slot, total + 1, 9))
        assert taken == pa.filter(pl.col("batter_id") == (team - 1) * 9 + slot).height
        assert faced == 24


def test_what_is_usual_comes_from_earlier_dates():
    who, pa = league(games=40)
    whole = past_turns(who, pa)
    cut = date(2023, 4, 6)
    shorter = past_turns(who.filter(pl.col("game_date") <= cut), pa.filter(pl.col("game_date") <= cut))
    assert whole.filter(pl.col("game_date") <= cut).equals(shorter)


def test_a_fitted_league_is_forecast_as_it_is():
    who, pa = league()
    past = past_turns(who, pa)
    n = past.height
    known = Records(np.random.default_rng(1).normal(size=(n, 3)), np.ones(n), np.full(n, 24.0))
    fitted = opportunity.fit(past, known)
    turns = fitted.turns(past, known)
    for slot in range(1, 10):
        rows = (past["slot"] == slot).to_numpy()
        assert turns.expected[rows].mean() == pytest.approx(past["taken"].to_numpy()[rows].mean(), abs=0.06)
    assert (np.diff(turns.taken, axis=1) <= 1e-12).all()
    assert (np.diff(turns.starter, axis=1) <= 1e-12).all()
    assert turns.starter[:, 0] == pytest.approx(1.0, abs=0.02)
    assert turns.starter[:, 3].max() < 0.05  # the 28th batter: the starter faced 24


def test_an_opener_leaves_the_rest_to_the_bullpen():
    who, pa = league()
    past = past_turns(who, pa)
    n = past.height
    long = Records(np.zeros((n, 3)), np.ones(n), np.full(n, 24.0))
    short = Records(np.zeros((n, 3)), np.ones(n), np.full(n, 5.0))
    fitted = opportunity.fit(past, long)
    assert fitted.turns(past, short).share_against_starter().mean() < 0.35
    assert fitted.turns(past, long).share_against_starter().mean() > 0.55


def test_who_is_often_replaced_bats_less():
    who, pa = league()
    past = past_turns(who, pa)
    n = past.height
    usual = Records(np.zeros((n, 3)), np.ones(n), np.full(n, 24.0))
    often = Records(np.zeros((n, 3)), np.full(n, 2.5), np.full(n, 24.0))
    fitted = opportunity.fit(past, usual)
    ninth = (past["slot"] == 9).to_numpy()
    assert (fitted.turns(past, often).expected < fitted.turns(past, usual).expected)[ninth].all()
