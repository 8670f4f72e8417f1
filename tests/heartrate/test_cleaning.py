"""The rules of cleaning: each on what it is made for, against a loop, and what is cleaned of it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from formguide.heartrate import cleaning
from formguide.heartrate.cleaning import OF_SECONDS, RULES
from formguide.heartrate.clock import clocked
from formguide.heartrate.readings import Reading
from formguide.heartrate.results import samples_of, tables_of
from formguide.heartrate.tables import Samples, Workouts
from formguide.schema import check
from tests.heartrate.workout_files import START

N = 600


def made(activity: str = "run", times=None, **channels):
    """Workout, samples and findings of one record; channels are (n,), a scalar, or None for none at all."""
    t = np.arange(N) if times is None else np.asarray(times)
    usual = {
        "heart_rate_bpm": 120 + np.arange(len(t)) % 7,
        "speed_mps": 3.0,
        "altitude_m": 20.0,
        "cadence_rpm": 85.0,
    }
    values = {
        name: np.broadcast_to(np.asarray(value, dtype=float), t.shape).copy()
        for name, value in {**usual, **channels}.items()
        if value is not None
    }
    reading = Reading("x", "ann", "csv", activity, None, START.timestamp() + t.astype(float), values)
    workouts = [("workouts", clocked(reading))]
    samples = samples_of(workout for _, workout in workouts)
    table, findings = tables_of(workouts, samples)
    return check(table, Workouts), check(samples, Samples), findings


def with_(value: float, *places: int, base: float | np.ndarray = 120.0) -> np.ndarray:
    """A channel that is as usual but in some places."""
    values = np.broadcast_to(np.asarray(base, dtype=float), (N,)).copy() + np.arange(N) % 3
    values[list(places)] = value
    return values


def found(findings: pl.DataFrame) -> dict[str, int]:
    return dict(findings.select("rule", "seconds").iter_rows())


def test_no_rule_objects_to_an_ordinary_run():
    workout, samples, findings = made()
    assert findings.is_empty()
    assert workout.select("quality", "usable", "failed_rules").row(0) == (1.0, True, None)
    assert cleaning.clean(samples, workout).equals(samples)


@pytest.mark.parametrize(
    ("channels", "expected", "example"),
    [
        ({"heart_rate_bpm": with_(0, 50, 51)}, {"heart_rate_zero": 2}, "at 50 s: 0.0 bpm"),
        ({"heart_rate_bpm": with_(247, 312)}, {"heart_rate_range": 1}, "at 312 s: 247.0 bpm"),
        ({"heart_rate_bpm": with_(20, 9)}, {"heart_rate_range": 1}, "at 9 s: 20.0 bpm"),
        ({"heart_rate_bpm": with_(180, 40)}, {"heart_rate_jump": 2}, "at 40 s: 180.0 bpm"),
        ({"heart_rate_bpm": with_(np.nan, 3, 4, 5)}, {"heart_rate_missing": 3}, "at 3 s: no heart rate"),
        (
            {"heart_rate_bpm": np.where(np.arange(N) // 200 == 1, 121, with_(121))},
            {"heart_rate_stuck": 202},
            "at 199 s: 121.0 bpm",
        ),
        ({"speed_mps": with_(13, 77, base=3.0)}, {"speed_range": 1}, "at 77 s: 13.0 m/s"),
        ({"speed_mps": with_(-1, 77, base=3.0)}, {"speed_range": 1}, "at 77 s: -1.0 m/s"),
        ({"altitude_m": with_(60, 30, base=20.0)}, {"altitude_jump": 2}, "at 30 s: 60.0 m"),
        ({"altitude_m": 9999.0}, {"altitude_range": N}, "at 0 s: 9999.0 m"),
        ({"cadence_rpm": with_(250, 8, base=85.0)}, {"cadence_range": 1}, "at 8 s: 250.0 a minute"),
        ({"power_w": with_(4000, 8)}, {"power_range": 1}, "at 8 s: 4000.0 W"),
        (
            {"times": np.arange(N) + np.where(np.arange(N) >= 300, 60, 0)},
            {"sampling_gap": 1},
            "at 360 s: 61.0 s since the sample before",
        ),
    ],
)
def test_a_rule_objects_to_what_it_is_made_for(channels, expected, example):
    workout, samples, findings = made(**channels)
    assert found(findings) == expected
    (rule,) = expected
    assert findings["example"].to_list() == [example]
    assert workout["usable"].to_list() == [True]
    assert workout["quality"][0] == pytest.approx(1 - expected[rule] / N)
    empties = next(known.empties for known in OF_SECONDS if known.name == rule)
    cleaned = cleaning.clean(samples, workout)
    assert cleaned.drop(empties or []).equals(samples.drop(empties or []))
    if empties is not None:
        assert cleaned[empties].null_count() == samples[empties].null_count() + expected[rule]


@pytest.mark.parametrize(
    ("channels", "rules"),
    [
        ({"heart_rate_bpm": None}, "no_heart_rate"),
        ({"heart_rate_bpm": with_(np.nan, *range(400))}, "little_heart_rate"),
        ({"heart_rate_bpm": with_(0, *range(400))}, "little_heart_rate"),
        ({"speed_mps": None}, "no_speed"),
        ({"speed_mps": with_(40, *range(400), base=3.0)}, "little_speed"),
        ({"times": np.arange(299), "heart_rate_bpm": 120 + np.arange(299) % 9}, "too_short"),
        ({"times": np.arange(0, 590, 10), "heart_rate_bpm": 120 + np.arange(59) % 9}, "too_short"),
        ({"times": np.where(np.arange(N) >= 300, 2000, 0) + np.arange(N)}, "mostly_gaps"),
    ],
)
def test_a_workout_that_models_do_not_learn_from_is_still_there(channels, rules):
    workout, samples, findings = made(**channels)
    assert workout.select("failed_rules", "usable").row(0) == (rules, False)
    assert findings.filter("whole_workout")["rule"].to_list() == [rules]
    assert samples.height == workout["samples"][0] == cleaning.clean(samples, workout).height


def test_what_is_too_fast_depends_on_the_sport():
    quick = with_(13, 77, 78, base=3.0)
    assert found(made("run", speed_mps=quick)[2]) == {"speed_range": 2}
    assert found(made("ride", speed_mps=quick)[2]) == {}
    assert found(made("walk", speed_mps=with_(9, 77, base=1.0))[2]) == {"speed_range": 1}


def test_a_heart_rate_that_rests_with_its_owner_is_not_stuck():
    assert found(made(heart_rate_bpm=60.0, speed_mps=0.0)[2]) == {}
    assert "heart_rate_stuck" in found(made(heart_rate_bpm=60.0, speed_mps=3.0)[2])


def test_workouts_beside_each_other_do_not_touch():
    """The last sample of one is no neighbour of the first of the next."""
    one, other = made(heart_rate_bpm=with_(100)), made(heart_rate_bpm=with_(200), altitude_m=500.0)
    rename = pl.lit("bob/20210324T214055").alias("workout_id")
    workouts = pl.concat([one[0], other[0].with_columns(rename)])
    samples = pl.concat([one[1], other[1].with_columns(rename)])
    findings, verdicts = cleaning.inspect(samples, workouts)
    assert findings.is_empty()
    assert verdicts["usable"].all()


def test_a_speed_that_was_worked_out_becomes_the_mean_of_the_last_five_seconds():
    way = np.cumsum(np.where(np.arange(N) % 2, 2.0, 4.0))
    workout, samples, _ = made(speed_mps=None, distance_m=way)
    assert workout["speed_from"].to_list() == ["distance"]
    speed = samples["speed_mps"].to_numpy()
    cleaned = cleaning.clean(samples, workout)["speed_mps"].to_numpy()
    by_hand = [np.nanmean(speed[max(0, k - 4) : k + 1]) for k in range(1, N)]
    assert cleaned[1:] == pytest.approx(by_hand)
    assert np.isnan(cleaned[0])


def test_what_comes_later_changes_no_input_of_a_second():
    """Speed, altitude and cadence as they are cleaned go by the second and those before it."""
    rng = np.random.default_rng(2)
    way = np.cumsum(rng.uniform(0, 20, N))
    altitude = 20 + np.cumsum(rng.normal(0, 4, N))
    inputs = ["t_sec", "speed_mps", "altitude_m", "cadence_rpm"]

    def cleaned(cut: int) -> pl.DataFrame:
        workout, samples, _ = made(
            times=np.arange(cut),
            speed_mps=None,
            distance_m=way[:cut],
            altitude_m=altitude[:cut],
            heart_rate_bpm=120.0 + np.arange(cut) % 9,
        )
        return cleaning.clean(samples, workout).select(inputs)

    whole = cleaned(N)
    assert whole["altitude_m"].null_count() > 5 and whole["speed_mps"].null_count() > 5
    for cut in (320, 451, 599):
        assert cleaned(cut).equals(whole.head(cut))


def test_every_rule_says_what_it_is():
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.says for rule in RULES)
