"""Users held out: nothing of them is learnt from, and their scores are what their curves were off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from formguide.heartrate import population_backtest
from formguide.heartrate.backtest import MODELS, History
from formguide.heartrate.forecast_tables import ROUTE_ONLY, SPEED_RUN, BacktestScores
from formguide.heartrate.network import NetworkSettings
from formguide.heartrate.population_backtest import Candidate, HeldOut, against_the_oracle, held_out_users
from formguide.heartrate.scorecard import scorecard
from formguide.heartrate.sequences import Recorded
from formguide.heartrate.splits import users_apart
from formguide.heartrate.tracking import Kept
from formguide.schema import check
from tests.heartrate.workouts_made import some_users

TINY = NetworkSettings(hidden=8, max_epochs=3, batch_size=8, learning_rate=5e-3)
NETWORKS = {
    "network": Candidate(TINY),
    "parity lstm": Candidate(replace(TINY, base=False, embedding=False, loss="mse")),
}
FEW = {name: MODELS[name] for name in ("ridge", "user mean", "global mean")}
RUNS = some_users(16, 3, 400)
TEST = {run.inputs.user_id for run in users_apart(RUNS).test}


def _spoilt(runs: list[Recorded], users: set[str]) -> list[Recorded]:
    return [
        Recorded(run.inputs, 300 - run.heart_rate_bpm) if run.inputs.user_id in users else run for run in runs
    ]


@pytest.fixture(scope="module")
def made() -> HeldOut:
    return held_out_users(History(RUNS, RUNS), NETWORKS, FEW)


def test_scores_are_of_every_run_of_the_test_users_and_only_theirs(made: HeldOut) -> None:
    scores = check(made.scores, BacktestScores)
    assert set(scores["user_id"]) == TEST and len(TEST) == made.users["test"] == 2
    assert scores["workout_id"].n_unique() == 3 * len(TEST)
    assert set(scores["model"]) == {*NETWORKS, *FEW, "response"}
    assert set(scores["given"]) == {SPEED_RUN, ROUTE_ONLY}
    card = scorecard(scores, is_sample=True).filter(
        (pl.col("by") == "all") & (pl.col("given") == SPEED_RUN) & (pl.col("metric") == "mae_bpm")
    )
    mae = dict(card.select("model", "value").iter_rows())
    assert mae["network"] < mae["global mean"] and mae["response"] < mae["global mean"]


def test_a_score_is_what_the_curve_was_off(made: HeldOut) -> None:
    run = next(r for r in reversed(RUNS) if r.inputs.user_id in TEST)
    past = [r for r in RUNS if r.inputs.user_id == run.inputs.user_id and r is not run]
    curve = made.networks["network"].curve(run.inputs, past)
    rows = made.scores.filter(
        (pl.col("workout_id") == run.inputs.workout_id)
        & (pl.col("model") == "network")
        & (pl.col("given") == SPEED_RUN)
    )
    assert rows["absolute_error_sum_bpm"].sum() == pytest.approx(
        np.abs(curve.p50 - run.heart_rate_bpm).sum(), rel=1e-6
    )
    assert rows["earlier_workouts"].unique().to_list() == [2]


def test_nothing_of_the_test_users_is_learnt_from(made: HeldOut) -> None:
    wrong = _spoilt(RUNS, TEST)
    again = held_out_users(History(RUNS, wrong), {"network": NETWORKS["network"]}, {})
    assert again.networks["network"].to_files() == made.networks["network"].to_files()
    first = pl.col("earlier_workouts") == 0
    same = (pl.col("model") == "network") & first & (pl.col("given") == SPEED_RUN)
    assert again.scores.filter(same).equals(made.scores.filter(same)), "scored is what was recorded"
    later = (pl.col("model") == "network") & ~first & (pl.col("given") == SPEED_RUN)
    assert not again.scores.filter(later).equals(made.scores.filter(later)), "histories are what was learnt"


def test_what_is_compared_never_looks_at_the_test_users() -> None:
    few = {"a": NETWORKS["network"], "b": Candidate(replace(TINY, features=3))}
    table = population_backtest.compared(History(RUNS, RUNS), few)
    again = population_backtest.compared(History(_spoilt(RUNS, TEST), _spoilt(RUNS, TEST)), few)
    assert table.equals(again)
    assert table["difference"][0] == 0 and table["n_users"].to_list() == [3, 3]
    assert table["difference"][1] == pytest.approx(table["mae_bpm"][1] - table["mae_bpm"][0])


def test_trackers_hear_of_their_network_and_a_base_may_be_another_model() -> None:
    kept = Kept()
    candidates = {"on ridge": Candidate(replace(TINY, max_epochs=1), base=MODELS["ridge"])}
    found = held_out_users(History(RUNS, RUNS), candidates, {}, trackers={"on ridge": kept})
    assert kept.config["name"] == "on ridge" and len(kept.losses) == 1
    assert found.networks["on ridge"].base is not None


def test_a_ratio_to_a_yardstick() -> None:
    scores = pl.DataFrame(
        {
            "model": ["network"] * 4 + ["other"],
            "given": [SPEED_RUN] * 3 + [ROUTE_ONLY, SPEED_RUN],
            "user_id": ["a", "a", "b", "a", "a"],
            "workout_id": ["1", "2", "3", "1", "1"],
            "absolute_error_sum_bpm": [40.0, 60.0, 80.0, 900.0, 900.0],
            "seconds": [10, 10, 10, 10, 10],
        }
    )
    oracle = pl.DataFrame({"workout_id": ["1", "2", "3"], "mae_bpm": [3.0, 5.0, 7.0]})
    row = against_the_oracle(scores, oracle).row(0, named=True)
    assert (row["n_users"], row["n_workouts"]) == (2, 3)
    assert row["ratio"] == pytest.approx(6.0 / 5.0) and row["ratio_se"] > 0
