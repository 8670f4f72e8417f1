"""Files → seasons: what is read, merged, set aside, carried over, and felt by what comes after."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest
from upath import UPath

from formguide.lake import Lake
from formguide.track import arrivals, checks, incremental, sources
from formguide.track.incremental import (
    make_peaks,
    make_performances,
    make_sequences,
    make_source_files,
    make_windows,
)
from formguide.track.records import MARGIN, beyond_record
from formguide.track.windows import Windows
from tests.track.career_files import career, put, qnolan, result

SEASONS = (2019, 2020, 2021)


@pytest.fixture
def lake(tmp_path):
    return Lake(UPath(tmp_path / "lake"))


@pytest.fixture
def folder(tmp_path):
    """Two careers of three seasons and a table of one man's marks."""
    fast = [
        result(f"{year}-{month:02}-15", f"{12.4 - 0.1 * (year - 2018) - 0.02 * month:.2f}")
        for year in SEASONS
        for month in (5, 6, 7)
    ]
    steady = [
        result(f"{year}-06-{day:02}", f"{60.1 + day / 10:.2f}", event="400")
        for year in SEASONS
        for day in (1, 8)
    ]
    table = [
        ("Winter Meet", f"02/0{day}/{year}", "Mile", f"{245 + day}.50") for year in SEASONS for day in (2, 9)
    ]
    return put(
        tmp_path / "files",
        {
            "openath_athletes/1.json": career(1, fast),
            "openath_athletes/2.json": career(2, steady),
            "qnolan/athletes_indoor.csv": qnolan(table),
        },
    )


def chain(lake, folder, seasons=SEASONS):
    """Takes some seasons from the files to the windows; what was made of each asset."""
    return {
        "source_files": make_source_files(lake, seasons, [folder]),
        "performances": make_performances(lake, seasons),
        "season_peaks": make_peaks(lake, seasons),
        "season_sequences": make_sequences(lake, seasons),
        "windows": make_windows(lake, seasons),
    }


def summed(made, what):
    return {name: sum(getattr(part, what) for part in parts.values()) for name, parts in made.items()}


def test_a_folder_becomes_performances_peaks_sequences_and_windows(lake, folder):
    rows = summed(chain(lake, folder), "rows")
    assert rows == {
        "source_files": 9,
        "performances": 21,
        "season_peaks": 9,
        "season_sequences": 9,
        "windows": 6,
    }
    peaks = incremental.peaks(lake).filter(athlete_id="openath:1").sort("season")
    assert peaks["peak"].to_list() == [12.16, 12.06, 11.96]
    window = lake.read_table("track", "windows", None, Windows).filter(athlete_id="openath:1", season=2021)
    assert window.select("last_peak", "best_peak", "n_seasons", "peak").row(0) == (12.06, 12.06, 2, 11.96)
    assert len(incremental.sequences(lake)) == 9


def test_a_second_call_reads_and_writes_nothing(lake, folder, monkeypatch):
    chain(lake, folder)
    before = lake.state()

    monkeypatch.setattr(incremental, "READERS", {})  # whoever reads a file now fails
    again = chain(lake, folder)
    assert summed(again, "computed") == dict.fromkeys(again, 0)
    assert lake.state() == before


def test_a_new_meet_is_felt_in_its_season_and_in_the_windows_that_lean_on_it(lake, folder):
    chain(lake, folder)
    file = folder / "openath_athletes" / "1.json"
    document = json.loads(file.read_bytes())
    document["results"].append(result("2020-08-20", "11.90"))
    file.write_bytes(json.dumps(document).encode())
    changed = arrivals.changed_seasons(lake, arrivals.holdings(lake, [folder]))
    assert set(changed) == {2019, 2020, 2021}
    made = chain(lake, folder)
    # Its other seasons are put together again and come out as they were.
    assert {s: m.computed for s, m in made["performances"].items()} == {2019: 1, 2020: 1, 2021: 1}
    for name in ("season_peaks", "season_sequences"):
        assert {s: m.computed for s, m in made[name].items()} == {2019: 0, 2020: 1, 2021: 0}, name
    # Of six windows the two of the athlete that look for 2020 or back on it.
    assert summed(made, "computed")["windows"] == 2
    assert summed(made, "carried")["windows"] == 4


def test_a_file_is_read_once_per_content(lake, folder, monkeypatch):
    read: list[tuple[str, str]] = []

    def counting(source, reader):
        def counted(bodies):
            read.extend((source, path) for path in bodies)
            return reader(bodies)

        return counted

    readers = {source: counting(source, reader) for source, reader in sources.READERS.items()}
    monkeypatch.setattr(incremental, "READERS", readers)
    chain(lake, folder)
    assert sorted(read) == [
        ("openath_athletes", "1.json"),
        ("openath_athletes", "2.json"),
        ("qnolan", "athletes_indoor.csv"),
    ]
    read.clear()
    put(folder, {"openath_athletes/3.json": career(3, [result("2020-06-01", "12.00")])})
    chain(lake, folder)
    assert read == [("openath_athletes", "3.json")]
    # What was kept of a file and is damaged, or gone, is read again.
    read.clear()
    for kept in (UPath(lake.root) / "cache" / "track").rglob("*.parquet"):
        kept.write_bytes(b"damaged")
    put(folder, {"openath_athletes/3.json": career(3, [result("2020-06-01", "12.01")])})
    chain(lake, folder)
    assert len(read) == 4
    read.clear()
    shutil.rmtree(str(UPath(lake.root) / "cache"))
    put(folder, {"openath_athletes/3.json": career(3, [result("2020-06-01", "12.02")])})
    chain(lake, folder)
    assert len(read) == 4


def test_grown_file_by_file_equals_made_at_once(tmp_path, lake, folder):
    at_once = Lake(UPath(tmp_path / "at-once"))
    chain(at_once, folder)
    growing = tmp_path / "growing"
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        put(growing, {file.relative_to(folder).as_posix(): file.read_bytes()})
        chain(lake, growing)
    assert {k: m.hash for k, m in lake.state().items()} == {k: m.hash for k, m in at_once.state().items()}


def test_a_file_that_goes_takes_its_marks_with_it(lake, folder):
    chain(lake, folder)
    (folder / "qnolan" / "athletes_indoor.csv").unlink()
    chain(lake, folder)
    assert set(incremental.performances(lake)["source"]) == {"openath"}


def test_what_cannot_be_used_is_set_aside_and_named_once(lake, folder):
    bad = [
        result("2020-06-01", "11.x"),
        result("2020-06-02", "12.00", event="Sack Race"),
        result("2020-06-31", "12.00"),
        result("2021-06-03", "12.00"),
        result("2021-06-04", "DNF"),
    ]
    put(folder, {"openath_athletes/9.json": career(9, bad), "openath_athletes/8.json": b"{}"})
    made = chain(lake, folder)
    told = {season: part.facts.get("rejects", []) for season, part in made["performances"].items()}
    assert [len(told[season]) for season in SEASONS] == [0, 0, 3]
    assert "9.json, record 1, field mark: '11.x'" in told[2021][0]
    assert "record 2, field event: 'Sack Race'" in told[2021][1]
    assert "record 3, field date: '2020-06-31'" in told[2021][2]
    assert made["source_files"][2021].facts["undated"] == [
        "openath_athletes/8.json: no date of a mark can be read in it"
    ]
    assert len(lake.quarantined("track")) == 4
    assert incremental.performances(lake).filter(athlete_id="openath:9").height == 1
    finding = checks.every_row_accounted_for(lake, SEASONS)
    assert finding.passed, finding.said


def test_the_rows_of_a_file_have_to_add_up(lake, folder):
    chain(lake, folder)
    assert checks.every_row_accounted_for(lake, SEASONS).said.startswith("21 rows of 3 files, 0 files")
    manifest = lake.manifest("track", "performances", "2021")
    files = {**manifest.extra["files"], "openath_athletes/1.json": {"rows": 9, "performances": 8}}
    frame = lake.read_table("track", "performances", ["2021"])
    lake.write_table("track", "performances", "2021", frame, None, "other", {"files": files})
    finding = checks.every_row_accounted_for(lake, SEASONS)
    assert not finding.passed
    assert finding.rows["file"].to_list() == ["openath_athletes/1.json"]


def test_a_mark_that_nobody_can_have_done_is_set_aside(lake, folder):
    rows = [result("2021-06-01", "10.00"), result("2021-06-02", "9.98"), result("2021-06-08", "10.60")]
    put(folder, {"openath_athletes/9.json": career(9, rows)})
    made = chain(lake, folder)
    marks = incremental.performances(lake).filter(athlete_id="openath:9")["mark"].sort().to_list()
    assert marks == [10.00, 10.60]  # 10.49 / 1.05 is 9.990
    (said,) = made["performances"][2021].facts["rejects"]
    assert "openath_athletes/9.json, field mark: 9.98 of openath:9 in 100 Meters" in said
    assert checks.marks_in_range(incremental.performances(lake)).passed


def test_the_best_ever_bound_marks_on_their_good_side_only(lake, folder):
    chain(lake, folder)
    frame = incremental.performances(lake).filter(event="Mile").head(1)
    best = 223.13

    def kind(mark):
        parts = beyond_record(frame.with_columns(mark=pl.lit(mark)), slowest=3)
        return [part.height for part in parts]

    assert kind(best) == kind(best / (1 + MARGIN) + 0.01) == kind(3 * best - 0.01) == [1, 0, 0]
    assert kind(best / (1 + MARGIN) - 0.01) == [0, 1, 0]
    assert kind(3 * best + 0.01) == [0, 0, 1]


def test_length_and_seasons_back_are_settings_that_make_it_new(lake, folder):
    chain(lake, folder)
    assert max(incremental.sequences(lake).lengths) == 3
    made = make_sequences(lake, SEASONS, length=2)
    assert sum(part.computed for part in made.values()) == 3
    assert max(incremental.sequences(lake).lengths) == 2
    made = make_windows(lake, SEASONS, seasons_back=1)
    windows = lake.read_table("track", "windows", None, Windows)
    assert set(windows["sequence_ids"].list.len()) == {1}


def test_checks_find_what_they_are_for(lake, folder):
    chain(lake, folder)
    performances, peaks = incremental.performances(lake), incremental.peaks(lake)
    assert checks.peaks_are_the_best(peaks, performances).passed
    worse = peaks.with_columns(peak=pl.col("peak") + (pl.col("athlete_id") == "openath:1").cast(pl.Int8))
    assert checks.peaks_are_the_best(worse, performances).count == 3
    assert checks.peaks_are_the_best(peaks.head(8), performances).count == 1
    windows = lake.read_table("track", "windows", None, Windows)
    sequences = incremental.sequences(lake).table
    assert checks.nothing_from_later(windows, sequences).passed
    late = windows.with_columns(as_of=pl.col("as_of").dt.offset_by("-1y"))
    assert not checks.nothing_from_later(late, sequences).passed
    assert not checks.nothing_from_later(windows, sequences.head(2)).passed
    assert checks.one_family_per_event(performances).passed
    two = performances.with_columns(family=pl.col("athlete_id"), event=pl.lit("100 Meters"))
    assert not checks.one_family_per_event(two).passed
    summer = performances.with_columns(date=pl.col("date").dt.offset_by("6mo"))
    assert checks.indoor_in_winter(performances).passed
    assert not checks.indoor_in_winter(summer).passed
