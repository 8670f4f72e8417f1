"""Windows and the network over real careers: what comes later changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from formguide import asof, schema
from formguide.track.careers import read_openath
from formguide.track.hierarchical_lstm import LstmSettings, fit
from formguide.track.peaks import SeasonPeaks, season_peaks
from formguide.track.sequences import SequenceKeys, season_sequences
from formguide.track.tables import INDOOR, OUTDOOR, season_start
from formguide.track.windows import Windows, season_windows, window_arrays, windows_ahead


@pytest.fixture(scope="module")
def careers(real_data: Callable[[str], Path]) -> pl.DataFrame:
    files = sorted(real_data("track").glob("openath_athletes/*.json"))[:60]
    return pl.concat([read_openath(path.read_bytes(), path.name).rows for path in files])


def _ahead(marks: pl.DataFrame, season: int, label: str) -> pl.DataFrame:
    return windows_ahead(season_peaks(marks), season_sequences(marks), season, label)


@pytest.mark.parametrize(("season", "label"), [(2012, OUTDOOR), (2016, INDOOR), (2019, OUTDOOR)])
def test_time_travel_on_real_careers(careers: pl.DataFrame, season: int, label: str):
    start = season_start(season, label)
    honest = _ahead(asof.before(careers, start, "date"), season, label)
    assert honest.height > 20
    keep = ("gender", "event", "family", "unit", "complete")
    for seed in (1, 2):
        assert _ahead(asof.scramble(careers, start, seed, "date", keep), season, label).equals(honest)


def test_tables_hold_what_they_declare_and_every_window_knows_only_the_past(careers: pl.DataFrame):
    peaks, sequences = season_peaks(careers), season_sequences(careers)
    windows = season_windows(peaks, sequences)
    for frame, table in ((peaks, SeasonPeaks), (sequences.table, SequenceKeys), (windows, Windows)):
        assert schema.check(frame, table).height > 500
    ends = dict(sequences.table.select("sequence_id", "last_date").iter_rows())
    for as_of, names, last in windows.select("as_of", "sequence_ids", "last_peak_date").iter_rows():
        assert last < as_of and all(ends[name] < as_of for name in names)
    assert int(peaks["n_marks"].sum()) == careers.height


@pytest.mark.slow
def test_time_travel_a_network_trained_before_a_day_is_a_function_of_what_came_before(careers: pl.DataFrame):
    start = date(2016, 1, 1)

    def network(marks: pl.DataFrame) -> dict[str, bytes]:
        known = asof.before(marks, start, "date")
        sequences = season_sequences(known)
        windows = season_windows(season_peaks(known), sequences)
        season = windows["season"].to_numpy()
        settings = replace(LstmSettings(), hid_season=8, hid_across=8, max_epochs=2)
        arrays = window_arrays(windows, sequences)
        return fit(arrays, season < np.int32(2015), season == np.int32(2015), settings).to_files()

    assert network(asof.scramble(careers, start, 1, "date", ("gender", "event"))) == network(careers)
