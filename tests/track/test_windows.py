from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from formguide import asof, schema
from formguide.track.peaks import season_peaks
from formguide.track.sequences import season_sequences
from formguide.track.tables import INDOOR, OUTDOOR, season_start
from formguide.track.windows import (
    WindowChanges,
    Windows,
    season_windows,
    window_arrays,
    window_changes,
    windows_ahead,
)
from tests.track.careers_made import performances, some_careers


def _windows(marks: pl.DataFrame) -> pl.DataFrame:
    return season_windows(season_peaks(marks), season_sequences(marks))


def _ahead(marks: pl.DataFrame, season: int, label: str) -> pl.DataFrame:
    return windows_ahead(season_peaks(marks), season_sequences(marks), season, label)


def _mark(year: int, month: int, mark: float, label: str = OUTDOOR, event: str = "100 Meters", **more):
    return {
        "athlete_id": "a",
        "event": event,
        "label": label,
        "date": date(year, month, 5),
        "mark": mark,
    } | more


def test_a_window_holds_the_familys_last_seasons_whatever_their_label_and_a_missing_one_is_a_gap():
    marks = performances(
        [
            _mark(2014, 5, 11.0, class_year=1, birth_date=date(1995, 1, 1)),
            _mark(2016, 2, 7.1, INDOOR, "60 Meters"),
            _mark(2016, 5, 10.7, class_year=3),
            _mark(2016, 6, 10.8),
            _mark(2017, 2, 7.0, INDOOR, "60 Meters"),
            _mark(2018, 5, 10.6),
        ]
    )
    sequences = season_sequences(marks)
    windows = schema.check(_windows(marks), Windows)
    names = {
        name: (s, label)
        for name, s, label in sequences.table.select("sequence_id", "season", "label").iter_rows()
    }
    found = {(r["event"], r["season"], r["label"]): r for r in windows.iter_rows(named=True)}
    assert set(found) == {
        ("100 Meters", 2016, OUTDOOR),
        ("60 Meters", 2017, INDOOR),
        ("100 Meters", 2018, OUTDOOR),
    }
    last = found["100 Meters", 2018, OUTDOOR]
    assert [names[name] for name in last["sequence_ids"]] == [
        (2014, OUTDOOR),
        (2016, INDOOR),
        (2016, OUTDOOR),
        (2017, INDOOR),
    ]
    assert (
        last["as_of"],
        last["last_season"],
        last["last_peak"],
        last["previous_peak"],
        last["best_peak"],
    ) == (
        date(2018, 1, 1),
        2016,
        10.7,
        11.0,
        10.7,
    )
    assert (last["n_seasons"], last["last_n_marks"], last["last_second"]) == (2, 2, 10.8)
    assert (last["class_year"], last["peak"]) == (5, 10.6)
    assert last["age_years"] == pytest.approx(23.0, abs=0.01)


def test_an_outdoor_window_knows_the_indoor_season_only_to_new_year():
    marks = performances(
        [
            _mark(2015, 5, 10.9),
            _mark(2015, 12, 7.2, INDOOR, "60 Meters"),
            _mark(2016, 1, 6.5, INDOOR, "60 Meters"),
            _mark(2016, 5, 10.7),
        ]
    )
    sequences, windows = season_sequences(marks), _windows(marks)
    arrays = window_arrays(windows.filter(pl.col("event") == "100 Meters"), sequences)
    assert arrays.season_index.tolist() == [[0, 1, -1, -1]] and arrays.n_known.tolist() == [2]
    assert arrays.sequences.table["part"].to_list() == ["whole", "opening"]
    np.testing.assert_allclose(arrays.sequences.value, [10.9, 7.2], rtol=1e-6)


def test_windows_are_what_a_loop_over_the_marks_finds():
    marks = some_careers()
    peaks, sequences = season_peaks(marks), season_sequences(marks)
    windows = season_windows(peaks, sequences)
    by_name = {r["sequence_id"]: r for r in sequences.table.iter_rows(named=True)}
    targets = 0
    for target in peaks.iter_rows(named=True):
        start = season_start(target["season"], target["label"])
        earlier = peaks.filter(
            *(pl.col(c) == target[c] for c in ("athlete_id", "event", "label")),
            pl.col("season") < target["season"],
        ).sort("season")
        window = windows.filter(*(pl.col(c) == target[c] for c in ("athlete_id", "event", "season", "label")))
        assert window.height == (earlier.height > 0)
        if earlier.is_empty():
            continue
        targets += 1
        row = window.row(0, named=True)
        assert (row["as_of"], row["peak"]) == (start, target["peak"])
        assert (row["last_peak"], row["n_seasons"]) == (earlier["peak"][-1], earlier.height)
        best = earlier["peak"].min() if row["unit"] == "sec" else earlier["peak"].max()
        assert row["best_peak"] == best
        known = marks.filter(
            pl.col("athlete_id") == target["athlete_id"],
            pl.col("family") == target["family"],
            pl.col("date") < start,
        )
        seasons = sorted({(s, label) for s, label in known.select("season", "label").iter_rows()})
        assert len(row["sequence_ids"]) == min(4, len(seasons))
        for (season, label), name in zip(seasons[-4:], row["sequence_ids"], strict=True):
            sequence = by_name[name]
            assert (sequence["season"], sequence["label"]) == (season, label)
            mine = known.filter(pl.col("season") == season, pl.col("label") == label)
            assert sequence["last_date"] == mine["date"].max() and sequence["last_date"] < start
            assert sequence["n_marks"] == mine["event"].value_counts()["count"].max()
    assert windows.height == targets > 100


@pytest.mark.parametrize(("season", "label"), [(2013, INDOOR), (2013, OUTDOOR), (2015, OUTDOOR)])
def test_time_travel_what_comes_later_changes_no_window(season: int, label: str):
    marks = some_careers()
    start = season_start(season, label)
    honest = _ahead(asof.before(marks, start, "date"), season, label)
    assert honest.height > 3 and honest["peak"].null_count() == honest.height
    for seed in range(3):
        wrong = asof.scramble(
            marks, start, seed, "date", keep=("gender", "event", "family", "unit", "complete")
        )
        assert _ahead(wrong, season, label).equals(honest)


def test_a_window_of_a_past_target_is_the_one_that_was_made_ahead():
    marks = some_careers()
    past = _windows(marks).filter(pl.col("season") == 2014, pl.col("label") == OUTDOOR)
    ahead = _ahead(marks, 2014, OUTDOOR)
    inputs = [c for c in ahead.columns if c not in ("peak", "peak_wind_aided", "fingerprint")]
    both = past.join(ahead.select("athlete_id", "event"), on=["athlete_id", "event"], how="semi").select(
        inputs
    )
    assert both.height > 5
    assert (
        ahead.join(past.select("athlete_id", "event"), on=["athlete_id", "event"], how="semi")
        .select(inputs)
        .equals(both)
    )


def test_a_new_meet_changes_the_windows_that_it_enters_and_no_other():
    marks = some_careers()
    row = marks.filter(pl.col("season") == 2013).row(3, named=True)
    new = marks.filter(pl.col("performance_id") == row["performance_id"]).with_columns(
        performance_id=pl.lit("new"), mark=pl.col("mark") * 1.05
    )
    before, after = _windows(marks), _windows(pl.concat([marks, new]))
    changes = window_changes(after, before)
    assert changes.carried + changes.changed == before.height and (changes.added, changes.removed) == (0, 0)
    assert 1 <= changes.changed < 15
    old = dict(
        zip(
            before.select("athlete_id", "event", "season", "label").iter_rows(),
            before["fingerprint"],
            strict=True,
        )
    )
    for key, name in zip(
        after.select("athlete_id", "event", "season", "label").iter_rows(), after["fingerprint"], strict=True
    ):
        if old[key] != name:
            assert key[0] == row["athlete_id"] and key[2] >= 2013
    assert window_changes(before, before) == WindowChanges(before.height, 0, 0, 0)


def test_toplists_are_neither_target_nor_history():
    marks = some_careers(athletes=3).with_columns(complete=pl.lit(False))
    assert _windows(marks).is_empty()
    assert _ahead(marks, 2016, OUTDOOR).is_empty()


def test_a_window_without_its_sequence_is_refused():
    marks = some_careers(athletes=3)
    with pytest.raises(ValueError, match="season sequence"):
        window_arrays(_windows(marks), season_sequences(marks.head(1)))
