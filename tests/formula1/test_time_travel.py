"""The honesty rule: scramble everything on or after a forecast's moment, forecast again, the bytes are the
same."""

import io
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from formguide import asof
from formguide.formula1 import forecast, scenarios, strengths, title_odds
from formguide.formula1.ml_layer import MlLayer, features
from formguide.formula1.outlook import look
from formguide.formula1.settings import ForecastSettings, MlSettings
from formguide.formula1.weekends import MOMENTS, build_weekends

SETTINGS = ForecastSettings(ml=MlSettings(min_races=20, refit_every_races=2, rounds=10))


def _bytes(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    asof.compact(frame).write_parquet(out)
    return out.getvalue()


def _scrambled(tables, as_of, seed):
    """The calendar is published ahead and stays; everything that sessions produce from `as_of` on is made
    wrong."""
    return {
        name: frame if name == "race_calendar" else asof.scramble(frame, as_of, seed + i)
        for i, (name, frame) in enumerate(tables.items())
    }


def _rounds(weekends):
    """Some weekends to travel to: early, at a change of season, a sprint weekend, late."""
    run = [w for w in weekends if w.race is not None]
    sprint = next(i for i, w in enumerate(run) if w.has_sprint and i > 10)
    season = next(i for i, w in enumerate(run) if w.season != run[0].season)
    return [run[5], run[season], run[sprint], run[-1]]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_forecast_knows_nothing_from_its_moment_on(tables, weekends, moment):
    for seed, weekend in enumerate(_rounds(weekends)):
        as_of = weekend.as_of(moment)
        honest = forecast.forecast_as_of(tables, weekend.race_id, moment, SETTINGS)
        travelled = forecast.forecast_as_of(
            _scrambled(tables, as_of, seed), weekend.race_id, moment, SETTINGS
        )
        assert not honest.is_empty()
        assert _bytes(honest) == _bytes(travelled), (weekend.race_id, moment)


def test_the_test_can_fail(tables, weekends):
    """Scrambling what is known does change the forecast."""
    weekend = [w for w in weekends if w.race is not None][-1]
    early = weekend.as_of("before_weekend")
    honest = forecast.forecast_as_of(tables, weekend.race_id, "on_grid", SETTINGS)
    changed = forecast.forecast_as_of(
        _future_dropped_or_wrong(tables, early), weekend.race_id, "on_grid", SETTINGS
    )
    assert _bytes(honest) != _bytes(changed)


def test_the_whole_pipeline_leaves_earlier_forecasts_as_they_were(tables, weekends):
    """All forecasts in one go, as the lake makes them: those made before the cut are the same, byte for
    byte."""

    def everything(frames):
        all_weekends = build_weekends(frames)
        points = strengths.run_forward(all_weekends, SETTINGS).checkpoints
        return forecast.forecast_races(all_weekends, points, frames["race_conditions"], SETTINGS).table

    cut = weekends[30].as_of("after_qualifying")
    before = everything(tables).filter(pl.col("as_of") <= cut)
    after = everything(_future_dropped_or_wrong(tables, cut)).filter(pl.col("as_of") <= cut)
    assert before.height > 1000
    assert _bytes(before) == _bytes(after)


_IDENTITY = ("season", "round", "race_id", "session", "session_at", "status", "driver_id", "constructor_id")


def _future_dropped_or_wrong(tables, cut):
    """As `_scrambled`, with every row still saying whose it is, so that a race can be put together at all."""
    return {
        name: frame
        if name == "race_calendar"
        else asof.scramble(frame, cut, 11, keep=[c for c in _IDENTITY if c in frame.columns]).unique(
            _key(name, frame), keep="first", maintain_order=True
        )
        for name, frame in tables.items()
    }


def _key(name, frame):
    return [c for c in ("race_id", "session", "driver_id", "stop", "kind", "number") if c in frame.columns]


def test_strengths_after_a_race_do_not_know_the_next(tables, weekends):
    cut = weekends[20].weekend_at
    known = {name: asof.before(frame, cut) for name, frame in _scrambled(tables, cut, 3).items()}
    travelled = strengths.run_forward(build_weekends(known), SETTINGS).checkpoints
    honest = strengths.run_forward(weekends[:20], SETTINGS).checkpoints
    assert [c.data for c in travelled[:20]] == [c.data for c in honest]


def test_title_odds_know_nothing_of_the_races_to_come(tables, weekends):
    season = weekends[30].season
    first = next(i for i, w in enumerate(weekends) if w.season == season)

    def odds(frames):
        all_weekends = build_weekends(frames)
        points = strengths.run_forward(all_weekends, SETTINGS).checkpoints
        return title_odds.title_odds(
            all_weekends, points, frames["race_conditions"], season, SETTINGS, simulations=300
        )[0]

    cut = weekends[first + 5].weekend_at
    honest = odds(tables).filter(pl.col("as_of") <= cut)
    known = {
        n: f if n == "race_calendar" else asof.before(f, cut) for n, f in _scrambled(tables, cut, 8).items()
    }
    assert honest["after_round"].max() == 5
    assert _bytes(honest) == _bytes(odds(known).filter(pl.col("as_of") <= cut))


def test_the_chances_of_rain_and_safety_cars_come_from_the_past(tables, weekends):
    for weekend in _rounds(weekends):
        as_of = weekend.as_of("on_grid")
        wrong = asof.scramble(tables["race_conditions"], as_of, 4)
        asked = (weekend.circuit_id, weekend.race_at, as_of)
        assert scenarios.climatology(tables["race_conditions"], *asked) == scenarios.climatology(
            wrong, *asked
        )


def test_the_ml_layer_is_trained_on_earlier_races_only(weekends, run):
    states = {c.race_id: c for c in run.checkpoints}
    outlooks = []
    for last, weekend in pairwise(weekends):
        if last.race_id in states:
            point = states[last.race_id]
            seen = look(weekend, "on_grid", point, point.state, 1, SETTINGS)
            if seen is not None:
                outlooks.append(seen)
    asked = outlooks[40]
    layer, later = MlLayer(SETTINGS), MlLayer(SETTINGS)
    layer.learn(outlooks[:40])
    later.learn(outlooks)
    added = layer.adjust(asked)
    assert np.abs(added).max() > 0
    np.testing.assert_array_equal(added, later.adjust(asked))
    assert np.isfinite(features(asked)[:, 0]).all()
