from __future__ import annotations

import statistics
from datetime import date
from typing import Any

import pytest

from formguide import schema
from formguide.track.peaks import SeasonPeaks, season_by_date, season_peaks
from formguide.track.tables import LABELS, OUTDOOR, season_of
from tests.track.careers_made import performances, some_careers


def _row(
    mark: float, day: int, wind: float | None = None, legal: bool | None = None, event: str = "100 Meters"
):
    return {
        "athlete_id": "a",
        "event": event,
        "label": OUTDOOR,
        "date": date(2024, 5, day),
        "mark": mark,
        "wind_mps": wind,
        "wind_legal": legal,
    }


def test_a_mark_with_too_much_wind_makes_no_peak_where_another_stands():
    peaks = season_peaks(performances([_row(10.2, 1, 3.1, False), _row(10.6, 2, 1.0, True), _row(10.5, 3)]))
    row = peaks.row(0, named=True)
    assert (row["peak"], row["peak_date"], row["wind_aided"]) == (10.5, date(2024, 5, 3), False)
    assert (row["n_marks"], row["n_legal"], row["second"]) == (3, 2, 10.6)
    assert row["mean"] == pytest.approx(10.55)


def test_where_the_wind_always_helped_the_best_of_those_is_the_peak_and_says_so():
    peaks = season_peaks(performances([_row(10.2, 1, 3.1, False), _row(10.3, 2, 2.4)]))
    row = peaks.row(0, named=True)
    assert (row["peak"], row["wind_aided"], row["n_legal"], row["second"]) == (10.2, True, 0, 10.3)


def test_two_metres_a_second_are_legal_and_more_is_not_where_only_the_wind_is_told():
    peaks = season_peaks(performances([_row(10.2, 1, 2.1), _row(10.3, 2, 2.0)]))
    assert peaks["peak"].to_list() == [10.3]


def test_metres_are_better_when_there_are_more_and_the_first_day_of_a_peak_counts():
    peaks = season_peaks(
        performances([_row(m, d, event="Shot Put") for m, d in ((15.0, 1), (16.0, 9), (16.0, 3))])
    )
    row = peaks.row(0, named=True)
    assert (row["peak"], row["peak_date"], row["second"]) == (16.0, date(2024, 5, 3), 16.0)


def test_peaks_are_what_a_loop_over_the_marks_finds():
    marks = some_careers(athletes=40)
    peaks = schema.check(season_peaks(marks), SeasonPeaks)
    seasons: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in marks.iter_rows(named=True):
        seasons.setdefault((row["athlete_id"], row["event"], row["season"], row["label"]), []).append(row)
    assert peaks.height == len(seasons) > 100
    assert any(row["wind_aided"] for row in peaks.iter_rows(named=True))
    for row in peaks.iter_rows(named=True):
        all_rows = seasons[row["athlete_id"], row["event"], row["season"], row["label"]]
        legal = [r for r in all_rows if r["wind_legal"] is not False]
        counted = [r["mark"] for r in legal or all_rows]
        best = min(counted) if row["unit"] == "sec" else max(counted)
        assert row["peak"] == best
        assert row["peak_date"] == min(r["date"] for r in legal or all_rows if r["mark"] == best)
        assert (row["n_marks"], row["n_legal"]) == (len(all_rows), len(legal))
        assert row["mean"] == pytest.approx(statistics.mean(counted))
        assert row["median"] == pytest.approx(statistics.median(counted))
        if len(counted) > 1:
            assert row["sd"] == pytest.approx(statistics.stdev(counted))
            assert row["second"] == sorted(counted, reverse=row["unit"] != "sec")[1]
        else:
            assert row["sd"] is None and row["second"] is None


def test_peaks_do_not_depend_on_the_order_of_the_marks():
    marks = some_careers(athletes=4)
    assert season_peaks(marks.sample(fraction=1, shuffle=True, seed=3)).equals(season_peaks(marks))


def test_the_season_is_that_of_the_date():
    days = [date(2023, 10, 31), date(2023, 11, 1), date(2024, 12, 31)]
    for label in LABELS:
        marks = performances([_row(10.5, 1) | {"date": day, "label": label} for day in days])
        assert marks.select(season_by_date()).to_series().to_list() == [season_of(day, label) for day in days]
