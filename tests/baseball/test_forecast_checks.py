"""Forecasts that cannot be are found out."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from formguide.baseball import forecast_checks

GOOD = {
    "game_date": date(2024, 5, 1),
    "game_pk": 1,
    "batter_id": 2,
    "expected_pa": 4.2,
    "p_hit_pa": 0.24,
    "p_game_hit_low": 0.66,
    "p_game_hit": 0.68,
    "p_game_hit_high": 0.7,
    "seeds": 3,
}


def test_a_possible_forecast_passes():
    finding = forecast_checks.probabilities(pl.DataFrame([GOOD]))
    assert finding.passed
    assert "1 forecasts" in finding.said


def test_one_of_many_seeds_may_lie_outside_the_interval():
    extreme = {**GOOD, "p_game_hit": 0.72}
    assert not forecast_checks.probabilities(pl.DataFrame([extreme])).passed
    assert forecast_checks.probabilities(pl.DataFrame([{**extreme, "seeds": 20}])).passed


@pytest.mark.parametrize(
    "wrong",
    [
        {"p_game_hit": 1.2, "p_game_hit_high": 1.2},
        {"p_hit_pa": -0.1},
        {"p_hit_pa": 0.9},
        {"p_game_hit": 0.6},
        {"p_game_hit_high": 0.67},
        {"expected_pa": 12.0},
        {"p_hit_pa": None},
    ],
    ids=str,
)
def test_an_impossible_one_is_shown(wrong):
    finding = forecast_checks.probabilities(pl.DataFrame([GOOD, {**GOOD, "batter_id": 3, **wrong}]))
    assert (finding.passed, finding.count) == (False, 1)
    assert finding.rows["batter_id"].to_list() == [3]
