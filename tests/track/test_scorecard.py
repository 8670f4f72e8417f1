"""The scorecard of forecasts whose scores can be told by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from formguide import schema
from formguide.track.events import find
from formguide.track.forecast_tables import BacktestForecasts, ForecastScorecard
from formguide.track.peak_model import FORECASTERS
from formguide.track.programme import GROUPS
from formguide.track.scorecard import LEAST_OF_A_GROUP, scorecard


def forecasts(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """`BacktestForecasts`: each row says at least event and peak; what it leaves out was forecast right."""
    full = []
    for number, row in enumerate(rows):
        event, peak = find(row["event"]), row["peak"]
        full.append(
            {
                "athlete_id": f"openath:{number}",
                "gender": "men",
                "season": 2020,
                "label": "Outdoor",
                "athlete": "Ada",
                "team": None,
                "family": event.family,
                "event_group": event.group,
                "unit": event.unit,
                "as_of": date(2020, 1, 1),
                "model": "blend",
                "n_seasons": 3,
                "last_season": 2019,
                "population": "openath",
                "fitted_on": date(2019, 11, 1),
                "peak_date": date(2020, 6, 1),
                **dict.fromkeys((*FORECASTERS, "low", "median", "high"), peak),
            }
            | row
        )
    columns = schema.dtypes(BacktestForecasts)
    frame = pl.DataFrame([{c: row.get(c) for c in columns} for row in full], schema=columns)
    return schema.check(frame, BacktestForecasts)


def of(card: pl.DataFrame, **key: Any) -> dict[str, Any]:
    """The one row of a scorecard."""
    asked = {
        "population": "openath",
        "event_group": "all",
        "forecaster": "default",
        "metric": "mae_pct",
    } | key
    (row,) = card.filter(**asked).iter_rows(named=True)
    return dict(row)


def test_percent_seconds_metres_and_points() -> None:
    card = scorecard(
        forecasts(
            [
                {"event": "100 Meters", "peak": 10.0, "median": 10.1, "linear": 10.3},
                {"event": "800 Meters", "peak": 100.0, "median": 98.0, "linear": 100.5},
                {"event": "Long Jump", "peak": 8.0, "median": 7.8, "linear": 8.08},
                {"event": "Decathlon", "peak": 8000.0, "median": 8100.0, "linear": 8000.0},
            ]
        ),
        is_sample=False,
    )
    schema.check(card, ForecastScorecard)
    assert of(card)["value"] == pytest.approx((1 + 2 + 2.5 + 1.25) / 4)
    assert of(card, forecaster="linear")["value"] == pytest.approx((3 + 0.5 + 1 + 0) / 4)
    assert of(card, metric="mae_sec")["value"] == pytest.approx((0.1 + 2.0) / 2)
    assert of(card, metric="mae_sec", forecaster="linear")["value"] == pytest.approx((0.3 + 0.5) / 2)
    assert of(card, metric="mae_m")["value"] == pytest.approx(0.2)
    assert of(card, metric="mae_points")["value"] == pytest.approx(100)
    assert of(card, metric="mae_sec")["n"] == 2
    assert of(card, event_group="jumps")["value"] == pytest.approx(2.5)
    assert of(card, event_group="middle", metric="mae_sec")["value"] == pytest.approx(2.0)
    assert card.filter(event_group="jumps", metric="mae_sec").is_empty()
    assert card.filter(event_group="throws").is_empty()
    assert {*card["event_group"]} <= {"all", *GROUPS}
    assert of(card)["model"] == "blend"
    assert of(card, forecaster="trees")["model"] is None


@pytest.mark.parametrize(("event", "better"), [("100 Meters", -1), ("Long Jump", 1)])
def test_pinball_runs_from_the_worse_mark_to_the_better(event: str, better: int) -> None:
    """By hand for a peak of 10: `low` one percent worse, `high` two better; the mean of the three losses."""
    row = {"event": event, "peak": 10.0, "low": 10 - better * 0.1, "median": 10.0, "high": 10 + better * 0.2}
    value = of(scorecard(forecasts([row]), False), metric="pinball_pct")["value"]
    # What came is 1 % above the 10 % quantile (costs .1) and 2 % below the 90 % quantile (costs .1).
    assert value == pytest.approx((0.1 * 1 + 0 + 0.1 * 2) / 3)
    # The same interval the wrong way round costs nine times as much.
    turned = row | {"low": row["high"], "high": row["low"]}
    assert of(scorecard(forecasts([turned]), False), metric="pinball_pct")["value"] == pytest.approx(
        (0.9 * 2 + 0 + 0.9 * 1) / 3
    )
    # A forecaster without an interval is its own quantiles: half the error, on average over the three levels.
    point = row | {"linear": 10 + better * 0.3}
    card = scorecard(forecasts([point]), False)
    assert of(card, metric="pinball_pct", forecaster="linear")["value"] == pytest.approx(
        3 * (0.9 + 0.5 + 0.1) / 3
    )


def test_a_sure_forecaster_is_beaten_by_an_honest_one() -> None:
    """Quantiles of what really varies cost less than the middle alone."""
    rng = np.random.default_rng(1)
    z = 1.2816
    rows: list[dict[str, Any]] = [
        {
            "event": "100 Meters", "peak": 10 * float(np.exp(0.02 * e)), "median": 10.0, "linear": 10.0,
            "low": 10 * float(np.exp(0.02 * z)), "high": 10 * float(np.exp(-0.02 * z)),
        }
        for e in rng.normal(size=400)
    ]  # fmt: skip
    card = scorecard(forecasts(rows), False)
    pinball = of(card, metric="pinball_pct")
    assert pinball["difference"] < 0 and pinball["difference_t"] < -5
    assert of(card)["difference"] == 0 and of(card)["difference_t"] is None
    coverage = of(card, metric="coverage_80")
    inside = [abs(np.log(row["peak"] / 10)) <= 0.02 * z for row in rows]
    assert coverage["value"] == pytest.approx(np.mean(inside))
    assert coverage["value"] == pytest.approx(0.8, abs=0.06)


def test_coverage_counts_the_ends_and_both_directions() -> None:
    rows = [
        {"event": "100 Meters", "peak": 10.0, "low": 10.2, "high": 9.8},
        {"event": "100 Meters", "peak": 10.2, "low": 10.2, "high": 9.8},
        {"event": "100 Meters", "peak": 10.3, "low": 10.2, "high": 9.8},
        {"event": "Long Jump", "peak": 8.0, "low": 7.8, "high": 8.2},
        {"event": "Long Jump", "peak": 8.3, "low": 7.8, "high": 8.2},
    ]
    card = scorecard(forecasts(rows), False)
    assert of(card, metric="coverage_80")["value"] == pytest.approx(3 / 5)
    assert of(card, metric="coverage_80", event_group="jumps")["value"] == pytest.approx(1 / 2)
    assert {*card.filter(metric="coverage_80")["forecaster"]} == {"default"}


def test_errors_are_clustered_by_athlete() -> None:
    """Ten seasons of each of four athletes: as many independent things as athletes, not as seasons."""
    rng = np.random.default_rng(2)
    rows: list[dict[str, Any]] = []
    for who in range(4):
        off, base = rng.normal(2, 1), rng.normal(2.5, 1)
        for season in range(2011, 2021):
            rows.append(
                {
                    "event": "100 Meters", "athlete_id": f"openath:{who}", "season": season,
                    "peak": 100 / 9.5, "median": 100 / 9.5 * (1 + abs(off) / 100),
                    "linear": 100 / 9.5 * (1 + abs(base) / 100),
                }
            )  # fmt: skip
    card = scorecard(forecasts(rows), False)
    row = of(card)
    per_athlete = np.array([abs(rows[10 * k]["median"] / rows[0]["peak"] - 1) * 100 for k in range(4)])
    linear = np.array([abs(rows[10 * k]["linear"] / rows[0]["peak"] - 1) * 100 for k in range(4)])
    assert row["n"] == 40 and row["athletes"] == 4
    assert row["value"] == pytest.approx(per_athlete.mean())
    assert row["standard_error"] == pytest.approx(per_athlete.std(ddof=1) / 2)
    difference = per_athlete - linear
    assert row["difference"] == pytest.approx(difference.mean())
    assert row["difference_se"] == pytest.approx(difference.std(ddof=1) / 2)
    assert row["difference_t"] == pytest.approx(difference.mean() / (difference.std(ddof=1) / 2))
    assert of(card, forecaster="linear")["difference"] is None
    assert (row["first_season"], row["last_season"]) == (2011, 2020)


def test_one_athlete_has_no_standard_error() -> None:
    row = of(scorecard(forecasts([{"event": "100 Meters", "peak": 10.0, "median": 10.1}]), False))
    assert row["standard_error"] is None and row["difference_se"] is None and row["difference_t"] is None


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_group_counts_from_a_hundred(more: int) -> None:
    rows = [{"event": "Shot Put", "peak": 15.0 + k / 100} for k in range(LEAST_OF_A_GROUP + more)]
    rows += [{"event": "100 Meters", "peak": 10.0}]
    card = scorecard(forecasts(rows), False)
    assert of(card, event_group="throws")["counts"] is (more >= 0)
    assert of(card, event_group="sprints")["counts"] is False
    assert of(card)["n"] == LEAST_OF_A_GROUP + more + 1


def test_populations_apart_and_together() -> None:
    rows = [
        {"event": "100 Meters", "peak": 10.0, "median": 10.1, "athlete_id": "openath:1"},
        {"event": "100 Meters", "peak": 10.0, "median": 10.3, "athlete_id": "tfrrs:2", "population": "tfrrs",
         "model": "trees", "season": 2019},
    ]  # fmt: skip
    card = scorecard(forecasts(rows), is_sample=True)
    assert of(card)["value"] == pytest.approx(1.0)
    assert of(card, population="tfrrs")["value"] == pytest.approx(3.0)
    both = of(card, population="all")
    assert both["value"] == pytest.approx(2.0)
    assert both["model"] == "blend, trees"
    assert (both["first_season"], both["last_season"]) == (2019, 2020)
    assert card["is_sample"].all()
    alone = scorecard(forecasts(rows[:1]), False)
    assert {*alone["population"]} == {"openath"} and not alone["is_sample"].any()


def test_nothing_forecast_nothing_scored() -> None:
    card = scorecard(schema.empty(BacktestForecasts), False)
    assert card.is_empty()
    schema.check(card, ForecastScorecard)
