"""Workouts as arrays: what a second that nobody measured knows of the seconds around it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl
import pytest

from formguide.heartrate.features import features
from formguide.heartrate.personal import Personal
from formguide.heartrate.sequences import MOST_BETWEEN_SEC, Inputs, filled, recorded

T = np.array([2, 3, 8, 9, 10, 60, 61, 90])


def read(**channels: Sequence[float | None]) -> Inputs:
    """A workout sampled at some seconds, with a gap of 5 s, one of 50 and one of 29."""
    workouts = pl.DataFrame(
        {
            "workout_id": ["a"],
            "user_id": ["ann"],
            "activity": ["run"],
            "gender": [None],
            "started_at": [datetime(2021, 1, 1)],
        }
    )
    usual = {"speed_mps": [2.5] * 8, "altitude_m": [10.0] * 8, "cadence_rpm": [None] * 8}
    columns = {**usual, "power_w": [None] * 8, "heart_rate_bpm": [100.0] * 8, **channels}
    samples = pl.DataFrame(
        {"workout_id": ["a"] * 8, "t_sec": T, **columns}, schema_overrides=dict.fromkeys(columns, pl.Float64)
    )
    (found,) = recorded(workouts, samples)
    assert np.flatnonzero(np.isfinite(found.heart_rate_bpm)).tolist() == T.tolist()
    return found.inputs


@pytest.mark.parametrize("channel", ["speed_mps", "altitude_m", "cadence_rpm", "power_w"])
def test_a_short_gap_is_a_line_and_a_long_one_holds_what_was_known(channel: str) -> None:
    values = getattr(read(**{channel: [1.0, 2.0, 4.5, 4.0, 3.0, 9.0, None, 7.0]}), channel)
    assert values[:4].tolist() == [1.0, 1.0, 1.0, 2.0]
    assert np.allclose(values[3:9], [2.0, 2.5, 3.0, 3.5, 4.0, 4.5])
    assert (values[10:60] == 3.0).all() and (values[60:90] == 9.0).all() and values[90] == 7.0


def test_what_nobody_measured_is_nothing() -> None:
    inputs = read(altitude_m=[None] * 8)
    assert (inputs.altitude_m == 0).all() and inputs.cadence_rpm is None and inputs.power_w is None


@pytest.mark.parametrize("place", [5, 7])
def test_a_sample_after_a_gap_changes_nothing_before_it(place: int) -> None:
    speed, altitude = [2.5] * 8, [10.0] * 8
    plain = read()
    speed[place], altitude[place] = 5.0, 60.0
    other = read(speed_mps=speed, altitude_m=altitude)
    at = int(T[place])
    assert features(plain)[:at].tobytes() == features(other)[:at].tobytes()
    assert features(plain)[at].tobytes() != features(other)[at].tobytes()
    before, after = Personal().curve(plain, []).p50, Personal().curve(other, []).p50
    assert before[: at + 1].tobytes() == after[: at + 1].tobytes()
    assert (before[at + 1 :].tobytes() == after[at + 1 :].tobytes()) == (at == T[-1])


def test_nothing_looks_further_ahead_than_is_said() -> None:
    """Against a loop, with random gaps: the last known value, or the line to the next where that is near."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        t = np.cumsum(rng.integers(1, 40, 30)).astype(float)
        values = np.where(rng.random(30) < 0.2, np.nan, rng.normal(3, 1, 30))
        values[[0, 7]] = 2.0, 3.0
        clock = np.arange(0.0, t[-1] + 1)
        known = [(s, v) for s, v in zip(t.tolist(), values.tolist(), strict=True) if np.isfinite(v)]
        wanted = []
        for second in clock.tolist():
            before, after = [k for k in known if k[0] <= second], [k for k in known if k[0] > second]
            if not before:
                wanted.append(known[0][1])
            elif not after or after[0][0] - before[-1][0] > MOST_BETWEEN_SEC:
                wanted.append(before[-1][1])
            else:
                (s0, v0), (s1, v1) = before[-1], after[0]
                wanted.append(v0 + (v1 - v0) * (second - s0) / (s1 - s0))
        assert np.allclose(filled(clock, t, values), wanted)
