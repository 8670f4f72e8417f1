"""The network in the lake: made once, scored on users it has not seen, and none where there are few."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from formguide.heartrate import issuing, network_issuing
from formguide.heartrate.forecast_tables import HELD_OUT_USERS, ForecastScorecard, HeldOutScores
from formguide.heartrate.network import NetworkSettings
from formguide.heartrate.population_backtest import NETWORK, Candidate
from formguide.heartrate.tables import SPORT
from formguide.heartrate.tracking import Kept
from formguide.lake import Lake
from tests.heartrate.workouts_made import some_users, to_lake

TINY = {NETWORK: Candidate(NetworkSettings(hidden=8, max_epochs=1, batch_size=8))}


def test_it_is_made_once_and_its_scores_reach_the_scorecard(tmp_path: Path) -> None:
    lake, kept = Lake(str(tmp_path)), Kept()
    to_lake(lake, some_users(20, 2, 700))
    made = network_issuing.make_network(lake, kept, TINY)
    assert made.computed == 1 and made.facts["users"] == 20 and made.facts["users_test"] == 3
    assert made.facts["mae_bpm"] == kept.scores["mae_bpm"] and len(made.facts["losses"]) == 1
    fitted = network_issuing.read_network(lake)
    assert fitted is not None and fitted.settings.hidden == 8
    assert network_issuing.make_network(lake, networks=TINY).carried == 1
    drawn = network_issuing.losses(lake)
    assert drawn is not None and drawn.equals(kept.curves())
    scores = lake.read_table(SPORT, HeldOutScores.name, None, HeldOutScores)
    assert scores["user_id"].n_unique() == 3 and NETWORK in scores["model"]
    issuing.make_scorecard(lake)
    card = lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    held_out = card.filter(pl.col("task").cast(pl.String) == HELD_OUT_USERS)
    assert set(held_out["model"]) == set(scores["model"]) and not held_out["is_sample"].any()
    other = {NETWORK: replace(TINY[NETWORK], settings=replace(TINY[NETWORK].settings, hidden=4))}
    assert network_issuing.make_network(lake, networks=other).computed == 1


def test_of_too_many_workouts_whole_users_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(str(tmp_path))
    to_lake(lake, some_users(5, 3, 400))
    monkeypatch.setattr(network_issuing, "MOST_WORKOUTS", 8)
    history, left_out = network_issuing._history(lake)
    assert left_out == 3 and len(history.runs) == len(history.learnt) == 6
    assert len({run.inputs.user_id for run in history.runs}) == 2


def test_a_lake_of_a_few_runners_has_no_network_and_says_why(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    to_lake(lake, some_users(2, 1, 700))
    made = network_issuing.make_network(lake, networks=TINY)
    assert made.rows == 0 and made.facts["network"].startswith("none: 2 users")
    assert network_issuing.read_network(lake) is None and network_issuing.losses(lake) is None
