"""The backtest: who is scored, what models are shown, and the sums; kinds of workouts; the scorecard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from formguide.heartrate import backtest, kinds, scorecard
from formguide.heartrate.backtest import History, Told, last_block, score, walk_forward
from formguide.heartrate.baselines import UserMean
from formguide.heartrate.curves import Curve
from formguide.heartrate.forecast import forecast_month
from formguide.heartrate.forecast_tables import (
    CORRECTED,
    ROUTE_ONLY,
    SPEED_RUN,
    BacktestScores,
    ForecastScorecard,
)
from formguide.heartrate.sequences import Recorded
from formguide.schema import check
from tests.heartrate.hearts import THETA, beating, inputs_of, runs_of

SHIFTS = np.random.default_rng(4).normal(0, 4, 14)


@pytest.fixture(scope="module")
def history():
    runs = runs_of(14, SHIFTS, seconds=600)
    return History(runs, runs)


@pytest.fixture(scope="module")
def scores(history):
    return last_block(history)


class Spy:
    """A forecaster that says 140 and writes down what it was shown."""

    name = "ridge"

    def __init__(self, training: list[Recorded], seen: list[tuple[str, list[str], list[str]]]) -> None:
        self.training, self.seen = [run.inputs.workout_id for run in training], seen

    def curve(self, inputs, history):
        self.seen.append((inputs.workout_id, self.training, [run.inputs.workout_id for run in history]))
        n = len(inputs)
        return Curve(np.full(n, 130.0), np.full(n, 140.0), np.full(n, 150.0))


def test_sums_are_those_of_each_second():
    rng = np.random.default_rng(1)
    said = rng.uniform(100, 170, 150)
    said[[3, 70]] = np.nan
    curve = Curve(said - 9 + rng.normal(0, 8, 150), said + rng.normal(0, 8, 150), said + 30)
    curve = Curve(np.nan_to_num(curve.p10), np.nan_to_num(curve.p50), np.nan_to_num(curve.p90))
    found = score(curve, said)
    assert found["seconds"].to_list() == [59, 59, 30]
    for minute in range(3):
        seconds = [t for t in range(60 * minute, min(60 * minute + 60, 150)) if np.isfinite(said[t])]
        errors = [curve.p50[t] - said[t] for t in seconds]
        row = found.row(minute, named=True)
        assert row["absolute_error_sum_bpm"] == pytest.approx(sum(abs(e) for e in errors))
        assert row["squared_error_sum"] == pytest.approx(sum(e * e for e in errors))
        assert row["error_sum_bpm"] == pytest.approx(sum(errors))
        assert row["inside"] == sum(curve.p10[t] <= said[t] <= curve.p90[t] for t in seconds)
    assert score(curve, np.full(150, np.nan)).is_empty()


def test_the_last_block_is_unknown_to_models_and_histories(history):
    seen: list[tuple[str, list[str], list[str]]] = []
    rows = last_block(history, {"spy": lambda training: Spy(list(training), seen)})
    names = [run.inputs.workout_id for run in history.runs]
    assert [asked for asked, _, _ in seen[::2]] == names[9:]
    assert all(training == names[:9] == known for _, training, known in seen)
    assert set(rows["earlier_workouts"]) == {9}


def test_walking_forward_knows_what_had_ended(history):
    seen: list[tuple[str, list[str], list[str]]] = []
    walk_forward(history, {"spy": lambda training: Spy(list(training), seen)})
    names = [run.inputs.workout_id for run in history.runs]
    assert [asked for asked, _, _ in seen[::2]] == names[9:]
    for asked, training, known in seen:
        assert training == known == names[: names.index(asked)]


def test_what_is_not_usable_is_scored_and_not_learnt_from(history):
    seen: list[tuple[str, list[str], list[str]]] = []
    some = History(history.runs, history.learnt[:5] + history.learnt[6:])
    rows = last_block(some, {"spy": lambda training: Spy(list(training), seen)}, Told("real", CORRECTED))
    missing = history.runs[5].inputs.workout_id
    assert all(missing not in training for _, training, _ in seen)
    last = History(history.runs, history.learnt[:-1])
    scored = last_block(last, {"spy": lambda training: Spy(list(training), [])})
    assert history.runs[-1].inputs.workout_id in scored["workout_id"].to_list()
    assert set(rows["training"]) == {CORRECTED} and set(rows["scored"]) == {"as recorded"}


def test_what_a_heart_rate_says_decides_on_no_other_run(history):
    """Of ten runs the last three are scored: a tenth that is spoilt, or silent, changes nothing else."""
    ten = history.runs[:10]

    def scored(of: History, task) -> dict[str, list[str]]:
        seen: list[tuple[str, list[str], list[str]]] = []
        rows = task(of, {"spy": lambda training: Spy(list(training), seen)})
        known = {asked: history for asked, _, history in seen}
        return {one: known[one] for one in rows["workout_id"].unique().sort().to_list()}

    names = [run.inputs.workout_id for run in ten]
    whole, spoilt = History(ten, ten), History(ten, ten[:-1])
    silent = History([*ten[:-1], replace(ten[-1], heart_rate_bpm=np.full(600, np.nan))], ten[:-1])
    assert scored(whole, last_block) == dict.fromkeys(names[7:], names[:7])
    assert scored(spoilt, last_block) == scored(whole, last_block)
    assert scored(silent, last_block) == dict.fromkeys(names[7:9], names[:7])
    assert scored(spoilt, walk_forward) == scored(whole, walk_forward) == {names[9]: names[:9]}
    assert scored(silent, walk_forward) == {}
    early = History([*silent.runs[:2], silent.runs[-1], *ten[3:]], ten)
    assert set(scored(early, last_block)) == set(names[7:])


def test_who_has_hardly_been_learnt_from_is_not_scored(history):
    ten = history.runs[:10]
    few = History(ten, ten[1:])
    assert last_block(few).is_empty()
    assert set(walk_forward(few)["earlier_workouts"]) == {8}


def test_users_with_few_runs_and_rides_are_left_out(history):
    few = History(history.runs[:9], history.learnt[:9])
    assert check(last_block(few), BacktestScores).is_empty()
    rides = [replace(run, inputs=replace(run.inputs, activity="ride")) for run in history.runs]
    assert last_block(History(rides, rides)).is_empty()


def test_rides_teach_nobody_of_runs():
    """Nobody's forecast of a run depends on the rides among what is learnt from."""
    runs = [run for who in range(8) for run in runs_of(3, seconds=300, user=f"u{who}", seed=who)]
    rides = [
        replace(
            run,
            inputs=replace(
                run.inputs,
                activity="ride",
                workout_id=f"{run.inputs.workout_id}r",
                speed_mps=run.inputs.speed_mps * 2.5,
            ),
            heart_rate_bpm=run.heart_rate_bpm - 25,
        )
        for run in runs
    ]
    mixed = [one for both in zip(runs, rides, strict=True) for one in both]
    asked = inputs_of(20, 300, "u3")
    own = [one for one in mixed if one.inputs.user_id == "u3"]
    for name, learn in backtest.MODELS.items():
        plain = learn(runs).curve(asked, own[::2])
        assert learn(mixed).curve(asked, own).p50.tobytes() == plain.p50.tobytes(), name
        assert learn(rides).curve(asked, own[1::2]).p50.tobytes() == learn([]).curve(asked, []).p50.tobytes()


def test_earlier_workouts_are_those_that_could_be_learnt_from(history):
    rides = [
        replace(run, inputs=replace(run.inputs, activity="ride", workout_id=f"{run.inputs.workout_id}r"))
        for run in history.runs
    ]
    learnt = [one for both in zip(history.runs[1:], rides[1:], strict=True) for one in both]
    rows = last_block(History(history.runs, learnt), {"spy": lambda training: Spy(list(training), [])})
    assert set(rows["earlier_workouts"]) == {8}
    month = forecast_month(History(history.runs, learnt), 202103).rows
    counts = dict(month.select("workout_id", "earlier_workouts").unique().iter_rows())
    assert [counts[run.inputs.workout_id] for run in history.runs] == [0, *range(13)]


def test_a_run_on_the_spot_is_scored_without_a_route(history):
    still = replace(history.runs[-1].inputs, speed_mps=np.zeros(600), altitude_m=np.zeros(600))
    runs = [*history.runs[:-1], replace(history.runs[-1], inputs=still)]
    rows = last_block(History(runs, runs), {"spy": lambda training: Spy(list(training), [])})
    assert set(rows.filter(pl.col("workout_id") == still.workout_id)["given"]) == {SPEED_RUN}
    assert rows["given"].value_counts().filter(pl.col("given") == ROUTE_ONLY)["count"].sum() == 40


def test_every_model_is_scored_on_every_run_both_ways(scores):
    check(scores, BacktestScores)
    counts = scores.group_by("model", "given").agg(pl.col("workout_id").n_unique(), pl.sum("seconds"))
    assert counts.height == 2 * len(backtest.MODELS)
    assert set(counts["workout_id"]) == {5} and set(counts["seconds"]) == {3000}


def test_the_scorecard_is_means_over_workouts(scores):
    card = check(scorecard.scorecard(scores, is_sample=True), ForecastScorecard)
    mine = scores.filter((pl.col("model") == "formguide") & (pl.col("given") == SPEED_RUN))
    ridge = scores.filter((pl.col("model") == "ridge") & (pl.col("given") == SPEED_RUN))

    def by_run(of: pl.DataFrame) -> np.ndarray:
        runs = of.partition_by("workout_id", maintain_order=True)
        return np.array(
            [float(run["absolute_error_sum_bpm"].sum()) / int(run["seconds"].sum()) for run in runs]
        )

    row = card.filter(
        (pl.col("model") == "formguide")
        & (pl.col("given") == SPEED_RUN)
        & (pl.col("by") == "all")
        & (pl.col("metric") == "mae_bpm")
    ).row(0, named=True)
    errors, differences = by_run(mine), by_run(ridge) - by_run(mine)
    assert row["value"] == pytest.approx(errors.mean())
    assert row["standard_error"] == pytest.approx(errors.std(ddof=1) / np.sqrt(5))
    assert row["difference"] == pytest.approx(differences.mean())
    assert row["difference_se"] == pytest.approx(differences.std(ddof=1) / np.sqrt(5))
    assert row["difference_t"] == pytest.approx(row["difference"] / row["difference_se"])
    assert (row["n_workouts"], row["n_users"], row["n_seconds"], row["is_sample"]) == (5, 1, 3000, True)


def test_the_scorecard_breaks_down_by_minute_kind_and_history(scores):
    card = scorecard.scorecard(scores, is_sample=False)
    groups = {by: set(part["group"]) for (by,), part in card.partition_by("by", as_dict=True).items()}
    assert groups["minute"] == {"0", "1", "2", "3-4", "5-9"}
    assert groups["earlier workouts"] == {"3-9"}
    assert groups["kind"] <= set(kinds.KINDS) and groups["kind by heart rate (hindsight)"] <= set(kinds.KINDS)
    by_minute = card.filter((pl.col("by") == "minute") & (pl.col("metric") == "mae_bpm"))
    whole = card.filter((pl.col("by") == "all") & (pl.col("metric") == "mae_bpm"))
    weights = by_minute.group_by("model", "given").agg(
        mean=(pl.col("value") * pl.col("n_seconds")).sum() / pl.col("n_seconds").sum()
    )
    both = whole.join(weights, on=["model", "given"])
    assert both["mean"].to_numpy() == pytest.approx(both["value"].to_numpy())


def test_a_heart_of_the_model_is_forecast_better_than_by_ridge_and_by_route(scores):
    card = scorecard.scorecard(scores, is_sample=False)
    mae = card.filter((pl.col("by") == "all") & (pl.col("metric") == "mae_bpm"))
    value = {(r["model"], r["given"]): r["value"] for r in mae.iter_rows(named=True)}
    assert value["formguide", SPEED_RUN] < value["ridge", SPEED_RUN] < value["user mean", SPEED_RUN]
    assert value["formguide", SPEED_RUN] < value["formguide", ROUTE_ONLY]


def test_many_users_are_clusters():
    """Eight users whose errors differ from user to user: the mean's error is that of eight, not 24."""
    rng = np.random.default_rng(2)
    runs = []
    for who in range(8):
        runs += [beating(inputs_of(k, 300, f"u{who}", who), THETA, 0.0) for k in range(10)]
    off = {f"u{who}": rng.normal(0, 10) for who in range(8)}

    class Off(UserMean):
        def curve(self, inputs, history):
            n = len(inputs)
            return Curve(*(np.full(n, 140 + off[inputs.user_id] + k) for k in (-9.0, 0.0, 9.0)))

    rows = last_block(History(runs, runs), {"ridge": lambda _: Off(np.zeros(0), "ridge")})
    card = scorecard.scorecard(rows, is_sample=True)
    bias = card.filter((pl.col("by") == "all") & (pl.col("metric") == "bias_bpm")).row(0, named=True)
    of_each = rows.filter(pl.col("given") == SPEED_RUN).group_by("user_id", "workout_id")
    biases = of_each.agg(bias_bpm=pl.sum("error_sum_bpm") / pl.sum("seconds"))
    means = biases.group_by("user_id").agg(pl.mean("bias_bpm"))["bias_bpm"].to_numpy()
    assert (bias["n_users"], bias["n_workouts"]) == (8, 24)
    assert bias["standard_error"] == pytest.approx(means.std(ddof=1) / np.sqrt(8), rel=1e-6)


def test_kinds_go_by_pace_and_duration_against_the_own_past():
    past = runs_of(6)
    usual = inputs_of(40)
    assert kinds.kind(usual, past[:2]) == kinds.UNKNOWN
    steady = replace(usual, speed_mps=np.full(1500, kinds_speed(past)), altitude_m=np.zeros(1500))
    assert kinds.kind(steady, past) == kinds.STEADY
    assert kinds.kind(replace(steady, speed_mps=steady.speed_mps * 1.1), past) == kinds.INTENSIVE
    assert kinds.kind(replace(steady, speed_mps=steady.speed_mps * 0.85), past) == kinds.RECOVERY
    surging = np.where(np.arange(1500) // 120 % 3 == 0, 1.4, 0.8) * kinds_speed(past)
    assert kinds.kind(replace(steady, speed_mps=surging), past) == kinds.INTENSIVE
    slow = np.tile(steady.speed_mps, 2) * 0.85
    long = replace(steady, t_sec=np.arange(3000.0), speed_mps=slow, altitude_m=np.zeros(3000))
    assert kinds.kind(long, past) == kinds.STEADY
    still = replace(steady, speed_mps=np.zeros(1500))
    assert kinds.power_wkg(still) == 0.0


def kinds_speed(past: list[Recorded]) -> float:
    """The speed on the level that costs what the past's median did."""
    return float(np.median([kinds.power_wkg(run.inputs) for run in past])) / 3.6


def test_kinds_by_heart_rate_are_hindsight():
    past = runs_of(4)
    top = max(float(np.quantile(run.heart_rate_bpm, 0.99)) for run in past)
    for share, wanted in ((0.7, kinds.RECOVERY), (0.8, kinds.STEADY), (0.9, kinds.INTENSIVE)):
        run = replace(past[0], heart_rate_bpm=np.full(1500, share * top))
        assert kinds.kind_by_heart_rate(run, past) == wanted
    assert (
        kinds.kind_by_heart_rate(replace(past[0], heart_rate_bpm=np.full(1500, np.nan)), past)
        == kinds.UNKNOWN
    )
