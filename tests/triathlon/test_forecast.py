"""Forecasts: distributions in closed form against simulation, known effects found again, answers that add
up."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from formguide.making import TooLittle
from formguide.triathlon import (
    ability,
    asked,
    courses,
    forecast,
    forecast_checks,
    issuing,
    model_file,
    predictive,
    starts,
)
from formguide.triathlon._mixtures import Mixture, fit_mixture
from formguide.triathlon.pace_model import Outlook
from tests.triathlon.leagues import small

SHAPES = (
    Mixture(np.array([0.6, 0.3, 0.1]), np.array([-0.3, 0.2, 1.2]), np.array([0.6, 0.9, 1.5])),
    Mixture(np.array([1.0, 0.0, 0.0]), np.zeros(3), np.ones(3)),
)


@pytest.fixture(scope="module")
def results() -> pl.DataFrame:
    return small()


@pytest.fixture(scope="module")
def fitted(results):
    return forecast.fit_before(results, "70.3", date(2017, 1, 1))


def test_constants_are_remembered_by_all_that_they_depend_on(results):
    history = starts.starts(starts.finishes(results))
    found = ability.fit(history, most=8)
    assert ability.fit(history, most=8) is found
    for other in (
        replace(history, race=np.roll(history.race, 40)),
        replace(history, distance=1 - history.distance),
        replace(history, female=1 - history.female),
        replace(history, age=np.roll(history.age, 1)),
    ):
        assert ability.fit(other, most=8) is not found


def test_a_forecaster_is_remembered_by_its_constants_too(results, fitted):
    assert forecast.fit_before(results, "70.3", date(2017, 1, 1)) is fitted
    given = replace(fitted.pace.ability, drift=2 * fitted.pace.ability.drift)
    other = forecast.fit_before(results, "70.3", date(2017, 1, 1), given)
    assert other.pace.ability is given


def test_a_race_without_a_date_does_not_put_off_what_may_be_asked(results):
    def day(dated: list[date], undated: list[int]) -> date | None:
        return issuing.day_after(
            pl.DataFrame(
                {
                    "race_on": [*dated, *(None for _ in undated)],
                    "known_on": [*dated, *(date(year, 12, 31) for year in undated)],
                },
                schema={"race_on": pl.Date, "known_on": pl.Date},
            )
        )

    assert day([date(2019, 5, 5), date(2018, 7, 1)], [2019]) == date(2019, 5, 6)
    assert day([date(2019, 5, 5)], [2017, 2018]) == date(2019, 5, 6)
    assert day([date(2019, 12, 31)], [2019]) == date(2020, 1, 1)
    assert day([], [2018]) == date(2019, 1, 1)
    assert day([], []) is None
    assert issuing.day_after(results) == results["race_on"].max() + timedelta(days=1)


def test_times_are_those_of_a_simulation():
    rng = np.random.default_rng(0)
    told = Outlook(
        np.array([10.0, 9.9, 10.6]), np.array([0.03, 0.0, 0.2]), np.array([0.06, 0.1, 0.05]),
        np.array([0, 0, 1]), np.zeros(3, dtype=np.int64),
    )  # fmt: skip
    found = predictive.times(SHAPES, told)
    for i in range(3):
        shape = SHAPES[told.shape[i]]
        which = rng.choice(3, 400_000, p=shape.weight)
        chance = shape.mean[which] + shape.sd[which] * rng.standard_normal(400_000)
        drawn = np.exp(told.mean[i] + told.shift[i] * rng.standard_normal(400_000) + told.sd[i] * chance)
        assert found[i, 0] == pytest.approx(drawn.mean(), rel=2e-3)
        assert found[i, 1] == pytest.approx(drawn.std(), rel=1e-2)
        np.testing.assert_allclose(found[i, 2:], np.quantile(drawn, predictive.LEVELS), rtol=3e-3)


def test_quantiles_and_pit_are_each_others_inverse():
    rng = np.random.default_rng(1)
    n = 200
    told = Outlook(
        rng.normal(10, 0.2, n), rng.uniform(0, 0.3, n), rng.uniform(0.04, 0.2, n), rng.integers(0, 2, n),
        np.zeros(n, dtype=np.int64),
    )  # fmt: skip
    found = predictive.times(SHAPES, told)
    for q, level in enumerate(predictive.LEVELS):
        np.testing.assert_allclose(predictive.pit(SHAPES, told, np.log(found[:, 2 + q])), level, atol=2e-3)


def test_a_mixture_is_found_again():
    rng = np.random.default_rng(2)
    which = rng.random(60_000) < 0.2
    values = np.where(which, rng.normal(1.5, 1.2, 60_000), rng.normal(-0.3, 0.6, 60_000))
    found = fit_mixture(values)
    x = np.linspace(-2, 4, 25)
    np.testing.assert_allclose(found.cdf(x), [(values <= v).mean() for v in x], atol=0.01)


def test_the_filter_finds_who_is_fast_and_how_sure_that_is():
    """Forty races of known levels, athletes of known ability: what the filter says is right, and as right as
    it says."""
    rng = np.random.default_rng(3)
    people, races = 400, 40
    truth = rng.normal(0, 0.1, people)
    rows = []
    for r in range(races):
        field = rng.permutation(people)[:150]
        times = np.exp(9.9 + 0.05 * np.sin(r) + truth[field] + rng.normal(0, 0.04, 150))
        day = date(2010 + r // 5, 1 + 2 * (r % 5), 10)
        rows += [
            (f"r{r}", "c", "70.3", day.year, day, f"a{a}", "M", "40-44", round(t))
            for a, t in zip(field, times, strict=True)
        ]
    names = (
        "race_id",
        "course",
        "distance",
        "year",
        "race_on",
        "athlete_id",
        "gender",
        "age_group",
        "total_sec",
    )
    frame = pl.DataFrame(rows, schema=list(names), orient="row").with_columns(
        known_on="race_on", country=pl.lit(None, dtype=pl.String)
    )
    history = starts.starts(frame)
    found = ability.fit(history)
    assert found.noise[0] == pytest.approx(0.04**2, rel=0.3)
    end = np.full(people, starts.day_number(date(2019, 1, 1)))
    codes = {name: i for i, name in enumerate(history.athletes)}
    who = np.array([codes[f"a{i}"] for i in range(people)])
    features, levels = ability.as_of(
        found, history, ability.Asked(who, np.zeros(people, dtype=np.int64), end)
    )
    error = features[:, 0] - (truth - truth.mean())
    assert error.std() < 0.025
    assert (
        np.corrcoef(levels[[history.races.index(f"r{r}") for r in range(races)]], np.sin(range(races)))[0, 1]
        > 0.97
    )
    # Before anything is known, nothing is.
    first, _ = ability.as_of(
        found, history, ability.Asked(who[:3], np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64))
    )
    np.testing.assert_array_equal(first[:, 0], 0)
    np.testing.assert_allclose(first[:, 1], found.prior[0])


def test_a_course_is_known_by_its_earlier_races_and_a_new_one_by_all():
    constants = courses.CourseConstants(0.01, 0.05, 0.03, 0.0)
    past = courses.RaceLevels(
        np.array([0, 0, 1]),
        np.array([100, 465, 465]),
        np.array([0.1, 0.06, -0.2]),
        np.zeros(3),
        np.zeros((3, 5)),
    )
    mean, variance, n = courses.known_of(
        constants, past, np.array([0, 0, 0, -1]), np.array([50, 465, 1000, 1000])
    )
    assert mean[0] == mean[3] == 0.01
    assert variance[3] == pytest.approx(0.05**2 + 0.03**2)
    # Normal conditioning by hand.
    precision = 1 / 0.05**2 + 2 / 0.03**2
    assert mean[2] == pytest.approx((0.01 / 0.05**2 + 0.16 / 0.03**2) / precision)
    assert variance[2] == pytest.approx(1 / precision + 0.03**2)
    assert n.tolist() == [0, 1, 2, 0]


def test_a_season_is_forecast_start_by_start(results):
    frame = forecast.forecast_seasons(results, [("70.3", 2017)])["70.3", 2017]
    assert frame["result_id"].is_unique().all()
    assert forecast_checks.intervals_in_order(frame).passed
    assert (frame["fitted_as_of"] == date(2017, 1, 1)).all()
    assert set(frame["experience"]) >= {"newcomer", "1 finish", "2-4 finishes"}
    scored = frame.filter(pl.col("pit").is_not_null()).join(
        results.select("result_id", "total_sec"), on="result_id"
    )
    inside = ((scored["pit"] - 0.5).abs() <= 0.45).mean()
    assert isinstance(inside, float) and 0.8 < inside < 0.97
    error = (scored["total_sec"] - scored["mean_sec"]).pow(2).mean()
    assert isinstance(error, float) and error < 0.85 * scored["total_sec"].var()  # type: ignore[operator]


def test_nothing_is_forecast_from_nothing(results):
    frame = forecast.forecast_seasons(results, [("140.6", 2015)])["140.6", 2015]
    assert frame.is_empty()
    with pytest.raises(TooLittle, match="0 finishes in 0 races before 2015-01-01 are too few"):
        forecast.fit(results.filter(pl.col("year") > 2015), "70.3", date(2015, 1, 1))


def test_a_forecaster_survives_its_file(fitted, results):
    data = model_file.to_json(fitted)
    back = model_file.from_json(data)
    assert model_file.to_json(back) == data
    rows = forecast.starters(results, "70.3", 2017)
    one = forecast.forecast(fitted, forecast.known_of(fitted, results), rows)
    assert forecast.forecast(back, forecast.known_of(back, results), rows).equals(one)
    with pytest.raises(ValueError, match="not a forecaster's file"):
        model_file.from_json(b"[]")


def test_who_was_fast_is_forecast_fast(fitted, results):
    courses_ = starts.finishes(results).filter(
        (pl.col("distance").cast(pl.String) == "70.3") & (pl.col("year") == 2016)
    )
    course = str(courses_["course"][0])
    field = courses_.filter(pl.col("course") == course)["total_sec"]
    fast, slow = (int(field.quantile(q) or 0) for q in (0.05, 0.9))
    answers = [
        asked.answer(
            fitted, results, asked.Question("70.3", course, "M", "40", past=past, on=date(2017, 6, 1))
        )
        for past in (
            (),
            (asked.PastResult("70.3", course, 2016, fast),),
            (asked.PastResult("70.3", course, 2016, slow),),
        )
    ]
    nobody, quick, steady = (a.total["p50"] for a in answers)
    assert quick < nobody < steady
    assert answers[1].total["sd"] < answers[0].total["sd"]
    assert answers[1].earlier == 1 and answers[0].earlier == 0
    assert answers[0].parts[:, 1].sum() == pytest.approx(nobody)
    new = asked.answer(fitted, results, asked.Question("70.3", None, "M", "40", on=date(2017, 6, 1)))
    assert new.editions == 0 and len(new.field_sec) == 0
    assert new.total["sd"] / new.total["mean"] > answers[0].total["sd"] / answers[0].total["mean"]


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (asked.Question("70.3", "atlantis", "M", "40"), "no course of 70.3; there are "),
        (asked.Question("70.3", None, "M", "old"), "--age old: an age in years"),
        (asked.Question("70.3", None, "M", "40", athlete="nobody"), "--athlete nobody: no finish"),
        (asked.Question("70.3", None, "M", "40", on=date(2016, 1, 1)), "--date 2016-01-01"),
    ],
)
def test_what_is_asked_wrongly_is_said(fitted, results, question, says):
    with pytest.raises(asked.AskedWronglyError, match=re.escape(says)):
        asked.answer(fitted, results, question)


def test_words_for_a_past_result():
    assert asked.past_result("140.6:cairns:2019:11:02:03") == asked.PastResult("140.6", "cairns", 2019, 39723)
    with pytest.raises(asked.AskedWronglyError, match="distance:course:year:h:mm:ss"):
        asked.past_result("5:12:30")
    assert [asked.age_group(a) for a in ("17", "24", "25", "39", "35-39", "74", "80+")] == [
        "18-24", "18-24", "25-29", "35-39", "35-39", "70-74", "75+",
    ]  # fmt: skip
