"""What a forecast may not know, made wrong: the same bytes must come out.

    a workout that had not ended, but had begun   forecasts of a month, backtests, the stream, shifts and lags
    the months after                              what runners have in common
    when a runner was where                       what is said of a route
    users who are held out                        the population, and what a network is fed and trained by

Each test also changes something that is known, and demands other bytes: else it could not fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from formguide.heartrate import network, offsets, population_backtest
from formguide.heartrate.backtest import MODELS, History, curves_of, last_block, walk_forward
from formguide.heartrate.forecast import forecast_month
from formguide.heartrate.forecast_tables import ROUTE_ONLY, SPEED_RUN
from formguide.heartrate.network import FittedNetwork, NetworkSettings
from formguide.heartrate.pace_plan import route_of
from formguide.heartrate.personal import Personal, forecast_run
from formguide.heartrate.population_backtest import Candidate
from formguide.heartrate.ridge import fit_ridge
from formguide.heartrate.sequences import Floats, Inputs, Recorded, by_user
from formguide.heartrate.splits import Split, users_apart
from formguide.heartrate.streaming import open_stream
from tests.heartrate.workouts_made import a_run, some_users

RUNS = [a_run(0, number, 420) for number in range(10)]
MARCH, APRIL = 202103, 202104
LAST = {name: MODELS[name] for name in ("formguide", "ridge", "user mean")}


def wrong(run: Recorded, seed: int = 5) -> Recorded:
    """The same seconds, of which nothing is right."""
    rng = np.random.default_rng([seed, len(run.inputs)])
    speed, altitude = rng.permutation(run.inputs.speed_mps), rng.permutation(run.inputs.altitude_m)
    inputs = replace(run.inputs, speed_mps=speed, altitude_m=altitude)
    return Recorded(inputs, 300 - rng.permutation(run.heart_rate_bpm))


def unfinished(run: Recorded) -> list[Recorded]:
    """Workouts of the same runner that had begun and not ended when a run began, of which one ended in the
    second of its start, one in its course and one after it; two more began with it and in its course."""
    lasts = len(run.inputs)
    times = [(-400, 401), (-300, 500), (-200, lasts + 400), (0, 500), (60, 320)]
    return [_at(run, begins, seconds, number) for number, (begins, seconds) in enumerate(times)]


def finished(run: Recorded) -> Recorded:
    """One that had ended a second before."""
    return _at(run, -400, 400, 9)


def _at(run: Recorded, begins_sec: int, seconds: int, number: int) -> Recorded:
    made = a_run(0, number, seconds, seed=11)
    began = run.inputs.started_at + timedelta(seconds=begins_sec)
    user = run.inputs.user_id
    inputs = replace(made.inputs, workout_id=f"{user}/other{number}", user_id=user, started_at=began)
    return Recorded(inputs, made.heart_rate_bpm + 30)


def in_order(runs: Sequence[Recorded]) -> list[Recorded]:
    return sorted(runs, key=offsets.in_order)


def of(run: Recorded, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("workout_id") == run.inputs.workout_id)


# -- a workout that had not ended ------------------------------------------------------------------


@pytest.mark.parametrize("place", range(5))
def test_a_month_is_forecast_without_what_had_not_ended(place: int) -> None:
    run = RUNS[6]

    def forecast(more: list[Recorded]) -> tuple[pl.DataFrame, str]:
        runs = in_order([*RUNS, *more])
        made = forecast_month(History(runs, runs), MARCH)
        return of(run, made.rows), made.made_from[run.inputs.workout_id]

    true = forecast([])
    made = forecast([unfinished(run)[place]])
    assert made[0].equals(true[0]) and set(true[0]["given"]) == {SPEED_RUN, ROUTE_ONLY}
    assert made[1] == true[1], "nor is it made again for its sake"
    known = forecast([finished(run)])
    assert not known[0].equals(true[0]) and known[1] != true[1]


def test_no_run_of_a_month_knows_itself() -> None:
    run = RUNS[6]
    louder = Recorded(run.inputs, run.heart_rate_bpm + 40)
    true, made = (
        forecast_month(History(runs, runs), MARCH).rows for runs in (RUNS, [*RUNS[:6], louder, *RUNS[7:]])
    )
    assert of(run, made).equals(of(run, true))
    assert not of(RUNS[7], made).equals(of(RUNS[7], true))


@pytest.mark.parametrize(("backtest", "first"), [(last_block, 7), (walk_forward, 9)])
def test_a_backtest_knows_nothing_that_had_not_ended(backtest, first: int) -> None:
    run = RUNS[first]
    true = of(run, backtest(History(RUNS, RUNS), LAST))
    made = of(run, backtest(History(RUNS, in_order([*RUNS, *unfinished(run)])), LAST))
    assert made.equals(true) and set(true["model"]) == set(LAST)
    known = of(run, backtest(History(RUNS, in_order([*RUNS, finished(run)])), LAST))
    assert set(known["earlier_workouts"]) == {first + 1}


def test_one_run_and_its_stream_know_nothing_that_had_not_ended() -> None:
    run = RUNS[6]

    def said(history: list[Recorded]) -> list[bytes]:
        stream = open_stream(history, run.inputs.started_at)
        given = run.inputs.speed_mps[:20], run.inputs.altitude_m[:20], run.heart_rate_bpm[:20]
        curves = [stream.step(*map(float, second)) for second in zip(*given, strict=True)]
        curves.append(forecast_run(run.inputs, history))
        return [b"".join(q.tobytes() for q in (curve.p10, curve.p50, curve.p90)) for curve in curves]

    true = said(RUNS[:6])
    assert said(in_order([*RUNS[:6], *unfinished(run)])) == true
    assert said(RUNS) == true
    known = said(in_order([*RUNS[:6], finished(run)]))
    assert not set(known) & set(true)


def test_shifts_and_lags_are_found_without_what_had_not_ended() -> None:
    run, others = RUNS[6], unfinished(RUNS[6])
    true = offsets.judge_all(RUNS[:7])[-1]
    assert true.earlier_workouts == 6 and true.offset_bpm is not None
    together = in_order([*RUNS, *others])
    found = offsets.judge_all(together)
    assert found[together.index(run)] == true
    assert offsets.judge(run, together) == true
    remembered: list[offsets.Remembered] = []
    for one in together:
        if one is not run:
            kept = offsets.remembered(one, remembered, offsets.UNINFORMED, 0, False)
            assert kept is not None
            remembered.append(kept)
    assert offsets.judge_after(run, remembered, offsets.UNINFORMED) == true
    # What is kept of it, for those after it, knows no more.
    ended = [one for one in remembered if one.lags.ended_at < run.inputs.started_at]
    own, alone = (offsets.remembered(run, some, offsets.UNINFORMED, 0, False) for some in (remembered, ended))
    assert own is not None and alone is not None
    assert own.lags.cross.tobytes() == alone.lags.cross.tobytes()
    assert own.shifts.cross.tobytes() == alone.shifts.cross.tobytes()
    assert own.shifts.score == alone.shifts.score
    assert offsets.judge_all([*RUNS[:6], finished(run), run])[-1].earlier_workouts == 7


def test_a_user_who_is_held_out_is_told_by_what_had_ended() -> None:
    users = some_users(16, 3, 400)
    run = next(one for one in reversed(users) if one.inputs.user_id in _ids(users_apart(users).test))

    def scores(more: list[Recorded]) -> pl.DataFrame:
        history = History(users, in_order([*users, *more]))
        return of(run, population_backtest.held_out_users(history, {}, {"ridge": fit_ridge}).scores)

    true = scores([])
    assert scores(unfinished(run)).equals(true) and set(true["model"]) == {"ridge", "response"}
    assert not scores([finished(run)]).equals(true)


# -- the months after ------------------------------------------------------------------------------


def test_what_runners_have_in_common_is_of_the_months_before() -> None:
    """Nine runners, each of whom runs in March, once in April and in May."""
    march, april, may = (
        [a_run(user, number, 300) for user in range(9) for number in numbers]
        for numbers in ((2, 6), (12,), (21, 24))
    )

    def forecast(*runs: Recorded) -> pl.DataFrame:
        known = in_order(runs)
        return forecast_month(History(known, known), APRIL).rows

    true = forecast(*march, *april, *may)
    assert true["workout_id"].n_unique() == 9
    assert forecast(*march, *april, *map(wrong, may)).equals(true)
    # Nor does a heart rate of the month itself, of anybody, come in before a runner's next run.
    silent = [Recorded(run.inputs, 300 - run.heart_rate_bpm) for run in april]
    assert forecast(*march, *silent).equals(true)
    others = [wrong(run) if run.inputs.user_id != "u000" else run for run in march]
    assert not of(april[0], forecast(*others, *april, *may)).equals(of(april[0], true))


# -- when a runner was where -----------------------------------------------------------------------

_KNOT_M = 16
"""At every so many metres the hills bend, and every timing has a second: all numbers are exact in binary."""


def timed(speeds_mps: Sequence[int], stops: Sequence[int], heart_bpm: float) -> Recorded:
    """The same hills at other speeds (m/s, of each `_KNOT_M` metres), with half a minute's stop at some."""
    metres = [0.0]
    for number, speed in enumerate(speeds_mps):
        metres += [metres[-1]] * (30 if number in stops else 0)
        metres += [metres[-1] + speed * (k + 1) for k in range(_KNOT_M // speed)]
    way = np.array(metres)
    knots = np.arange(len(speeds_mps) + 1) * float(_KNOT_M)
    rises = np.random.default_rng(4).integers(-6, 7, len(knots)) * 0.25
    base = RUNS[0].inputs
    inputs = Inputs(
        workout_id="u000/timed",
        user_id="u000",
        activity="run",
        gender=base.gender,
        started_at=datetime(2021, 3, 29, 8),
        t_sec=np.arange(float(len(way))),
        speed_mps=np.diff(way, prepend=way[0] - 2.0),
        altitude_m=np.interp(way, knots, 100 + np.cumsum(rises)),
    )
    return Recorded(inputs, np.full(len(way), heart_bpm))


@pytest.fixture(scope="module")
def twice() -> tuple[Recorded, Recorded]:
    """One route, run evenly, and slower, with stops, by another heart."""
    rng = np.random.default_rng(8)
    even, slow = timed([4] * 90, [], 150.0), timed(rng.choice([1, 2, 4], 90).tolist(), [20, 61], 95.0)
    first, second = (route_of(run.inputs) for run in (even, slow))
    assert first.distance_m.tobytes() == second.distance_m.tobytes()
    assert first.altitude_m.tobytes() == second.altitude_m.tobytes()
    assert len(slow.inputs) > 1.5 * len(even.inputs)
    return even, slow


def test_a_backtest_by_route_knows_no_second_of_the_run(twice: tuple[Recorded, Recorded]) -> None:
    """At the same places the same is said, whenever the runner was there."""
    knots = np.arange(91) * float(_KNOT_M)

    def said(run: Recorded, given: str, history: list[Recorded]) -> dict[str, list[bytes]]:
        at = np.searchsorted(run.inputs.distance_m, knots)
        assert (run.inputs.distance_m[at] == knots).all()
        return {
            name: [values[at].tobytes() for values in (curve.p10, curve.p50, curve.p90)]
            for what, name, curve in curves_of(run, history, [Personal(), fit_ridge(history)])
            if what == given
        }

    even, slow = twice
    by_route = said(even, ROUTE_ONLY, RUNS)
    assert len(by_route) == 2 and said(slow, ROUTE_ONLY, RUNS) == by_route
    speed_run = said(slow, SPEED_RUN, RUNS)
    assert all(speed_run[name] != known for name, known in said(even, SPEED_RUN, RUNS).items())
    faster = said(even, ROUTE_ONLY, [*RUNS, replace(slow, inputs=replace(slow.inputs, workout_id="before"))])
    assert all(faster[name] != known for name, known in by_route.items())


def test_a_month_by_route_knows_no_second_of_the_run(twice: tuple[Recorded, Recorded]) -> None:
    def forecast(run: Recorded, given: str) -> pl.DataFrame:
        runs = [*RUNS, run]
        rows = of(run, forecast_month(History(runs, runs), MARCH).rows)
        return rows.filter(pl.col("given") == given)

    even, slow = twice
    by_route = forecast(even, ROUTE_ONLY)
    assert by_route.height > 60 and forecast(slow, ROUTE_ONLY).equals(by_route)
    assert not forecast(slow, SPEED_RUN).equals(forecast(even, SPEED_RUN))


# -- users who are held out ------------------------------------------------------------------------

TINY = NetworkSettings(hidden=4, max_epochs=1, batch_size=8)
USERS = some_users(12, 2, 330)
PARTS = users_apart(USERS)


def _ids(runs: Sequence[Recorded]) -> set[str]:
    return {run.inputs.user_id for run in runs}


def _without(part: list[Recorded]) -> list[Recorded]:
    """Everybody's workouts, those of some users wrong."""
    held = _ids(part)
    made = [wrong(run) if run.inputs.user_id in held else run for run in USERS]
    # Who is of which part goes by the median speed, which permuting it leaves.
    again = users_apart(made)
    assert [_ids(one) for one in _parts(again)] == [_ids(one) for one in _parts(PARTS)]
    return made


def _parts(split: Split) -> list[list[Recorded]]:
    return [split.train, split.validation, split.test]


def learnt(fitted: FittedNetwork) -> dict[str, Floats]:
    """What a network has of those that it was trained on, and not of those that it stopped by."""
    assert fitted.response is not None
    return {
        **{f"response {name}": values for name, values in fitted.response.to_arrays().items()},
        **{f"encoder {name}": np.asarray(values) for name, values in vars(fitted.encoder).items()},
        **{f"weights {name}": values for name, values in fitted.weights.items()},
    }


def differing(one: FittedNetwork, other: FittedNetwork) -> set[str]:
    """By the first word of what is learnt: where two networks differ."""
    here, there = learnt(one), learnt(other)
    assert here.keys() == there.keys()
    return {name.split()[0] for name in here if here[name].tobytes() != there[name].tobytes()}


def test_a_network_is_trained_on_nothing_of_the_validation_users() -> None:
    true = network.fit(PARTS.train, PARTS.validation, TINY)
    made = network.fit(PARTS.train, [wrong(run) for run in PARTS.validation], TINY)
    assert differing(made, true) == set()
    assert made.about["losses"] != true.about["losses"], "it stops by them"
    other = network.fit([*map(wrong, PARTS.train[:1]), *PARTS.train[1:]], PARTS.validation, TINY)
    assert differing(other, true) == {"response", "encoder", "weights"}


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[FittedNetwork]:
    """The networks that come to be fitted, in their order."""
    kept: list[FittedNetwork] = []
    fit = network.fit

    def keeping(*args, **kwargs) -> FittedNetwork:
        kept.append(fit(*args, **kwargs))
        return kept[-1]

    monkeypatch.setattr(network, "fit", keeping)
    return kept


@pytest.mark.parametrize("scored", ["test users", "validation users"])
def test_the_population_is_the_training_users_alone(scored: str, fits: list[FittedNetwork]) -> None:
    """Whoever is validated or tested on: the response, what scales, the weights and all other models are the
    same, however wrong their workouts are, as recorded and as learnt from."""
    tiny = {"network": Candidate(TINY)}

    def made(runs: list[Recorded]) -> tuple[FittedNetwork, pl.DataFrame]:
        history = History(runs, runs)
        if scored == "validation users":
            rows = population_backtest.compared(history, tiny)
        else:
            rows = population_backtest.held_out_users(history, tiny, {"ridge": fit_ridge}).scores
        return fits[-1], rows

    true, rows = made(USERS)
    by_validation, others = made(_without(PARTS.validation))
    by_test, _ = made(_without(PARTS.test))
    assert differing(by_validation, true) == set()
    assert by_test.to_files() == true.to_files()
    if scored == "test users":
        stopped_by_nobody = pl.col("model") != "network"
        assert others.filter(stopped_by_nobody).equals(rows.filter(stopped_by_nobody))
        assert set(rows["model"]) == {"network", "ridge", "response"}
        # Of two test users each is scored as if the other had never run.
        (one, _), (other, _) = by_user(PARTS.test)
        _, after = made(_without([run for run in PARTS.test if run.inputs.user_id == other]))
        assert after.filter(user_id=one).equals(rows.filter(user_id=one))
        assert not after.filter(user_id=other).equals(rows.filter(user_id=other))
    by_train, _ = made(_without(PARTS.train[:1]))
    assert differing(by_train, true) == {"response", "encoder", "weights"}
