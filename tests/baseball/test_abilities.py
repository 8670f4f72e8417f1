"""Abilities against plain Python, and the regression against another optimiser."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize

from formguide.baseball import abilities
from formguide.baseball._ability_kernels import decayed_counts, expected_hits
from tests.baseball.feature_rows import FIRST, PLAIN, frame, on


def test_decayed_counts_are_sums_of_halves():
    rng = np.random.default_rng(0)
    day = np.sort(rng.integers(0, 30, 200))
    entity = rng.integers(-1, 5, 200)
    counted = rng.random(200) < 0.8
    counts = rng.random((200, 2))
    found = decayed_counts(day, entity, counted, 5, counts, 9.0)
    for i in range(200):
        earlier = (day < day[i]) & (entity == entity[i]) & counted & (entity[i] >= 0)
        wanted = (counts[earlier] * 0.5 ** ((day[i] - day[earlier]) / 9.0)[:, None]).sum(axis=0)
        assert found[i] == pytest.approx(wanted, abs=1e-12)


def test_a_batted_ball_is_worth_what_earlier_ones_like_it_were():
    day = np.array([0, 0, 1, 1])
    speed = np.array([100.0, 100.5, 101.0, np.nan])
    angle = np.array([15.0, 16.0, 15.5, 10.0])
    hit = np.array([True, True, False, True])
    worth = expected_hits(day, speed, angle, hit)
    mean = 3 / 5  # one in three to begin with, and two of two since
    assert worth[:2] == pytest.approx([1 / 3, 1 / 3])
    assert worth[2] == pytest.approx((2 + 25 * mean) / (2 + 25))
    assert np.isnan(worth[3])


def ask(day, **columns):
    kept = (
        "batter_id",
        "pitcher_id",
        "pitch_hand",
        "fielding_team_id",
        "venue",
        "bat_side",
        "is_home_batting",
    )
    row = {name: PLAIN[name] for name in kept} | {"game_date": FIRST + timedelta(days=day)} | columns
    return pl.DataFrame([row], schema_overrides={"pitcher_id": pl.Int64, "pitch_hand": pl.String})


def test_a_record_is_drawn_towards_the_league():
    good, poor = on(0, 40, hits=20, batter_id=1), on(0, 40, hits=0, batter_id=2)
    rows = frame(good, poor)
    found = abilities.ability_frame(rows, ask(1, batter_id=1)).row(0, named=True)
    aged, league_aged = 0.5 ** (1 / 400), 0.5 ** (1 / 200)
    league = (20 * league_aged + 1) / (80 * league_aged + 4)
    estimate = (20 * aged + 400 * league) / (40 * aged + 400)
    wanted = np.log(estimate / (1 - estimate)) - np.log(league / (1 - league))
    assert found["batter_hit_long"] == pytest.approx(wanted, abs=1e-12)
    assert abilities.ability_frame(rows, ask(1, batter_id=2))["batter_hit_long"][0] < 0
    assert abilities.ability_frame(rows, ask(1, batter_id=3))["batter_hit_long"][0] == pytest.approx(0)


def test_a_bullpen_is_its_relievers():
    starter = on(0, 30, hits=0, pitcher_id=1)
    relief = on(0, 30, hits=25, pitcher_id=2, pitcher_is_starter=False)
    rows = frame(starter, relief)
    pen = abilities.ability_frame(rows, ask(1, pitcher_id=None, pitch_hand=None))
    assert pen["pitcher_hit_long"][0] > 0
    assert pen["starting_pitcher"][0] == 0
    assert 0 < pen["left_pitcher"][0] < 1
    alone = abilities.ability_frame(rows, ask(1, pitcher_id=1))
    assert alone["pitcher_hit_long"][0] < 0


def test_the_day_itself_is_not_known():
    rows = frame(on(0, 30, hits=10), on(1, 30, hits=30))
    both = abilities.ability_frame(rows, ask(1))
    assert both.equals(abilities.ability_frame(frame(on(0, 30, hits=10)), ask(1)))
    assert not both.equals(abilities.ability_frame(rows, ask(2)))


def test_plate_appearances_ask_for_themselves():
    rows = frame(on(0, 20, hits=5), on(1, 20, hits=9, batter_id=11), on(2, 20, hits=2))
    own = abilities.ability_frame(rows)
    # Whether a reliever is pitching is known of a plate appearance; a query with a pitcher means the starter.
    assert own.equals(abilities.ability_frame(rows, rows))


def test_ridge_regression_is_the_penalised_maximum():
    rng = np.random.default_rng(2)
    n = 800
    values = {name: rng.normal(size=n) for name in abilities.COLUMNS[:3]}
    values |= {name: np.zeros(n) for name in abilities.COLUMNS[3:]}
    table = pl.DataFrame(values)
    X = table.select(abilities.COLUMNS[:3]).to_numpy()
    y = rng.random(n) < 1 / (1 + np.exp(-(-1.2 + 0.5 * X[:, 0])))
    fitted = abilities.fit(table, y, ridge=40.0, steps=30)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)

    def loss(w):
        return np.sum(np.log1p(np.exp(-(2 * y - 1) * (w[0] + Z @ w[1:])))) + 20.0 * (w[1:] ** 2).sum()

    best = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-9}).x
    assert fitted.weights[:4] == pytest.approx(best, abs=1e-5)
    assert fitted.weights[4:] == pytest.approx(0.0)
    assert fitted.logit(table) == pytest.approx(best[0] + Z @ best[1:], abs=1e-4)
