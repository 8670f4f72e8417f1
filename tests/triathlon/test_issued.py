"""What was issued of races to come: on record once, kept whatever comes, scored by what was said in time."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from formguide.lake import Lake
from formguide.schema import dtypes
from formguide.triathlon import issued, scorecard
from formguide.triathlon.forecast import starters
from formguide.triathlon.forecast_tables import FinishTimeForecasts, ForecastLog
from formguide.triathlon.tables import SPORT, UNKNOWN, RaceResults
from tests.triathlon.pages import line, results

DAY = date(2019, 9, 1)
HALF = [("70.3", 2019)]
NO_TIMES = dict.fromkeys(("Total_Time", "Swim", "T1", "Bike", "T2", "Run", "Overall_Rank", "Status"), "")


def raced(*totals: str, on: date | None = DAY) -> pl.DataFrame:
    """A race that has been, and another, `im703_there_2019`, with these totals ("" for a start to come)."""
    there = [
        line(ContactId=f"c{i}", Name=f"athlete {i}", **(NO_TIMES if not t else {"Total_Time": t, "Run": ""}))
        for i, t in enumerate(totals)
    ]
    return results({"im703_here_2019": (date(2019, 5, 5), [line()]), "im703_there_2019": (on, there)})


def forecast(rows: pl.DataFrame, middle_sec: float = 18_000.0) -> pl.DataFrame:
    """Forecasts of starts, all alike: the quantiles 5, 10, 25, 50, 75, 90 and 95 % lie 600 s apart."""
    said = {f"p{q:02}_sec": middle_sec + 600 * (k - 3) for k, q in enumerate((5, 10, 25, 50, 75, 90, 95))}
    said |= {"mean_sec": middle_sec, "sd_sec": 900.0}
    parts = {c: 3_600.0 for c in dtypes(FinishTimeForecasts) if c.endswith("_sec") and c not in said}
    frame = rows.with_columns(
        as_of="race_on", fitted_as_of=pl.lit(date(2019, 1, 1)), experience=pl.lit("0"), pit=pl.lit(None)
    ).with_columns(pl.lit(v).alias(c) for c, v in (said | parts).items())
    first = dtypes(FinishTimeForecasts)["experience"]
    assert isinstance(first, pl.Enum)
    return frame.with_columns(experience=pl.lit(first.categories[0])).select(
        pl.col(c).cast(t) for c, t in dtypes(FinishTimeForecasts).items()
    )


def put(lake: Lake, known: pl.DataFrame, made_from: str, middle_sec: float = 18_000.0) -> None:
    rows = forecast(starters(known, "70.3", 2019), middle_sec)
    lake.write_table(SPORT, RaceResults.name, "2019", known, RaceResults, made_from)
    lake.write_table(SPORT, FinishTimeForecasts.name, "70.3_2019", rows, FinishTimeForecasts, made_from)


def test_a_page_without_times_is_starts_to_be_forecast():
    known = raced("", "", "")
    there = starters(known, "70.3", 2019).filter(pl.col("race_id") == "im703_there_2019")
    assert there["status"].to_list() == [UNKNOWN] * 3
    assert there["athlete_id"].n_unique() == 3 and not there["usable"].any()


def test_what_says_something_new_of_a_race_to_come_is_put_on_record_and_stays(tmp_path):
    lake = Lake(tmp_path)
    put(lake, raced("", "", ""), "first")
    at = [datetime(2019, 8, day, 12) for day in (1, 2, 3, 4)]
    made = issued.log_forecasts(lake, HALF, "v1", at[0])["70.3", 2019]
    assert (made.rows, made.computed, made.carried) == (3, 3, 0), "the race that has been is not to come"
    log = issued.read(lake)
    assert set(log["race_id"]) == {"im703_there_2019"}
    assert log.select("code_version", "data_version", "made_at").unique().row(0) == ("v1", "first", at[0])
    put(lake, raced("", "", ""), "other results, the same forecasts")
    made = issued.log_forecasts(lake, HALF, "v1", at[1])["70.3", 2019]
    assert (made.rows, made.computed, made.carried) == (3, 0, 3)
    for k, middle in ((2, 17_000.0), (3, 18_000.0)):
        put(lake, raced("", "", ""), f"news {k}", middle)
        assert issued.log_forecasts(lake, HALF, "v1", at[k])["70.3", 2019].computed == 3
    put(lake, raced("5:00:00", "5:10:00", "5:20:00"), "it has been", 15_000.0)
    made = issued.log_forecasts(lake, HALF, "v1", datetime(2019, 9, 2))["70.3", 2019]
    assert (made.rows, made.computed, made.carried) == (9, 0, 0)
    kept = issued.read(lake).sort("made_at", "result_id")
    assert kept.head(3).equals(log.sort("result_id"))
    assert kept["p50_sec"].to_list() == [18_000.0] * 3 + [17_000.0] * 3 + [18_000.0] * 3


def logged(known: pl.DataFrame, made_at: datetime, middle_sec: float) -> pl.DataFrame:
    rows = starters(known, "70.3", 2019).filter(pl.col("race_id") == "im703_there_2019")
    return (
        forecast(rows, middle_sec)
        .with_columns(made_at=pl.lit(made_at), code_version=pl.lit(""), data_version=pl.lit(""), seed=0)
        .select(pl.col(c).cast(t) for c, t in dtypes(ForecastLog).items())
    )


def test_each_finisher_is_scored_by_the_last_word_before_the_day():
    known = raced("5:10:00", "5:40:00", "6:00:00", "")
    said = [
        (datetime(2019, 8, 1), 10_000.0),
        (datetime(2019, 8, 31, 23), 18_000.0),
        (datetime(2019, 9, 1), 1.0),
    ]
    log = pl.concat([logged(known, *each) for each in said])
    found = issued.scores(log, known)
    assert found["task"].to_list() == ["issued"] * 3, "who did not finish is not scored"
    assert found["error_min"].to_list() == [10.0, 40.0, 60.0]
    assert found["squared_min2"].to_list() == pytest.approx([100.0, 1600.0, 3600.0])
    # 18,600 s is the forecast's 75 %; 20,400 s and 21,600 s lie beyond its 95 % (19,800 s).
    assert found["pit"].to_list() == pytest.approx([0.75, 0.975, 0.975])
    assert issued.scores(log, raced("5:10:00", "5:40:00", "6:00:00", "", on=None)).is_empty()


def test_the_scorecard_has_what_was_issued_beside_the_backtests():
    known = raced(*[f"5:{10 + i % 40}:00" for i in range(60)])
    log = logged(known, datetime(2019, 8, 1), 19_000.0)
    card = scorecard.scorecard(issued.scores(log, known), is_sample=False)
    value = dict(card.filter(pl.col("by") == "all").select("metric", "value").iter_rows())
    totals = [(310 + i % 40) * 60 for i in range(60)]
    assert value["mae_min"] == pytest.approx(sum(abs(t - 19_000) for t in totals) / 3600)
    assert value["coverage_80"] == pytest.approx(sum(abs(t - 19_000) <= 1200 for t in totals) / 60)
    assert "crps_min" not in value
