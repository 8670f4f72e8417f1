"""The real folder of track and field: what it holds, counted without our readers, is what we make of it."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from datetime import date

import polars as pl
import pytest
from upath import UPath

from formguide.lake import Lake
from formguide.track import arrivals, checks, incremental
from formguide.track.incremental import (
    make_peaks,
    make_performances,
    make_sequences,
    make_source_files,
    make_windows,
)
from formguide.track.tables import SPORT, season_of
from formguide.track.windows import Windows

pytestmark = pytest.mark.slow  # twelve pages and two hundred careers: half a minute


@pytest.fixture(scope="module")
def folder(real_data):
    return real_data("track")


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    """The whole folder taken to the windows; the lake, its seasons, and what was said of the performances."""
    lake = Lake(UPath(tmp_path_factory.mktemp("track") / "lake"))
    seasons = list(arrivals.holdings(lake, [folder]).seasons)
    files = make_source_files(lake, seasons, [folder])
    said = make_performances(lake, seasons)
    make_peaks(lake, seasons)
    make_sequences(lake, seasons)
    make_windows(lake, seasons)
    return lake, seasons, files, said


def test_every_file_speaks_of_its_seasons_and_toplists_are_passed_over(made, folder):
    lake, seasons, files, _ = made
    assert (min(seasons), max(seasons)) == (2001, 2023)
    facts = files[2023].facts
    assert facts["undated"] == [] and facts["seasons_before_the_first"] == []
    assert len([said for said in facts["passed_over"] if "top N" in said]) == 3
    assert lake.raw_tree(SPORT, "tfrrs").keys() == {p.name for p in (folder / "tfrrs_html").iterdir()}
    assert len(lake.raw_tree(SPORT, "openath_athletes")) == 213


def test_every_row_of_every_file_is_accounted_for(made):
    lake, seasons, _, said = made
    finding = checks.every_row_accounted_for(lake, seasons)
    assert finding.passed, finding.rows
    assert finding.said.startswith("77956 rows of 229 files")
    assert [note for part in said.values() for note in part.facts["notes"]] == []


def test_marks_and_athletes_by_source(made):
    rows = incremental.performances(made[0])
    by_source = rows.group_by("source").agg(pl.len(), pl.col("athlete_id").n_unique()).sort("source")
    counts = {source: (marks, athletes) for source, marks, athletes in by_source.iter_rows()}
    assert {source: n for source, (n, _) in counts.items()} == {
        "lukejsd": 5526,
        "openath": 26657,
        "qnolan": 22872,
        "tfrrs": 18387,
    }
    assert counts["openath"][1] == 213
    assert set(rows.filter(~pl.col("complete"))["source"]) == {"tfrrs"}
    assert rows.filter(source="tfrrs")["complete"].any() is False


def test_careers_season_by_season_as_counted_in_the_documents(made, folder):
    """Independent of the readers: results with a mark in an individual event, by season and label."""
    ours = Counter(
        incremental.performances(made[0])
        .filter(source="openath")
        .select("athlete_id", "season", pl.col("label").cast(pl.String))
        .iter_rows()
    )
    theirs: Counter[tuple[str, int, str]] = Counter()
    for file in (folder / "openath_athletes").glob("*.json"):
        career = json.loads(file.read_text())
        for one in career["results"]:
            season = season_of(date.fromisoformat(one["date"]), one["IndoorOutdoor"])
            theirs[f"openath:{file.stem}", season, one["IndoorOutdoor"]] += 1
    assert set(ours) <= set(theirs)
    assert all(ours[key] <= theirs[key] for key in ours)
    # What is not ours is no mark, no individual event or set aside: one row in twenty.
    assert 0.93 < sum(ours.values()) / sum(theirs.values()) < 0.97


def test_a_table_of_marks_peaks_as_counted_by_hand(made, folder):
    """The best 800 m of each man and outdoor season in qnolan's table, straight from the file."""
    best: dict[tuple[str, int], float] = {}
    with (folder / "qnolan" / "athletes_outdoor.csv").open(newline="") as lines:
        for row in csv.reader(lines):
            if row[8] == "800 Meters" and re.fullmatch(r"[\d.]+", row[9]):
                key = (f"tfrrs:{row[4]}", int(row[3][-4:]))
                best[key] = min(best.get(key, 1e9), round(float(row[9]), 2))
    peaks = incremental.peaks(made[0]).filter(
        (pl.col("event") == "800 Meters") & (pl.col("label") == "Outdoor") & (pl.col("gender") == "men")
    )
    ours = {(a, s): p for a, s, p in peaks.select("athlete_id", "season", "peak").iter_rows()}
    assert len(best) > 400
    wrong = {key: (mark, ours.get(key)) for key, mark in best.items() if ours.get(key) != mark}
    assert len(wrong) <= len(best) // 100, wrong


def test_checks_of_the_chain_hold(made):
    lake = made[0]
    rows, peaks = incremental.performances(lake), incremental.peaks(lake)
    windows = lake.read_table(SPORT, Windows.name, None, Windows)
    for finding in (
        checks.marks_in_range(rows),
        checks.one_family_per_event(rows),
        checks.indoor_in_winter(rows),
        checks.peaks_are_the_best(peaks, rows),
        checks.nothing_from_later(windows, incremental.sequences(lake).table),
    ):
        assert finding.passed, finding.said
    assert rows["performance_id"].is_unique().all()
    assert windows.height == 10007
    # Lists that end at their top N make no sequence and no window.
    assert not incremental.sequences(lake).table["athlete_id"].str.starts_with("tfrrs-name:").any()


def test_a_second_call_makes_nothing_new(made, folder):
    lake, seasons, _, _ = made
    before = lake.state()
    make_source_files(lake, seasons, [folder])
    for make in (make_performances, make_peaks, make_sequences, make_windows):
        assert sum(part.computed for part in make(lake, seasons).values()) == 0, make.__name__
    assert lake.state() == before


def test_a_career_that_goes_on_changes_its_seasons_alone(made, folder, tmp_path):
    """One more race of one athlete: of ten thousand windows only those that lean on it are made again."""
    lake, seasons, _, _ = made
    windows = lake.read_table(SPORT, Windows.name, ["2022"], Windows)
    sprinter = windows.filter(event="100 Meters", label="Outdoor", last_season=2021)["athlete_id"][0]
    file = folder / "openath_athletes" / f"{sprinter.removeprefix('openath:')}.json"
    career = json.loads(file.read_text())
    career["results"].append(
        {**career["results"][-1], "date": "2021-06-30", "event": "100", "result": "11.99"}
    )
    more = tmp_path / "openath_athletes" / file.name
    more.parent.mkdir()
    more.write_text(json.dumps(career))
    make_source_files(lake, seasons, [folder, tmp_path])
    make_performances(lake, seasons)
    peaks = make_peaks(lake, seasons)
    make_sequences(lake, seasons)
    made_again = make_windows(lake, seasons)
    assert [season for season, part in peaks.items() if part.computed] == [2021]
    computed = sum(part.computed for part in made_again.values())
    assert 0 < computed <= 12
    assert sum(part.carried for part in made_again.values()) >= 10007 - computed
