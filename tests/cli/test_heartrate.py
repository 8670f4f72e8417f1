"""`formguide run heartrate`: workouts in, what they are out, by year and by month."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from rich.console import Console

from assets import heartrate
from formguide.cli.base import UsageError, parse_seasons
from formguide.cli.platform import Told
from formguide.cli.screen import not_used
from formguide.cli.sports import seasons_at_hand
from formguide.heartrate import incremental
from formguide.lake import Lake
from tests.heartrate import workout_files as files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three workouts in two years, a table that is none, and a file that breaks off."""
    place = tmp_path / "workouts"
    (place / "ann").mkdir(parents=True)
    for year, month in ((2020, 12), (2021, 3), (2021, 4)):
        start = files.START.replace(year=year, month=month)
        (place / "ann" / f"{year}-{month}.csv").write_bytes(files.csv(files.run(start=start)))
    (place / "ann" / "cut.gpx").write_bytes(files.gpx(files.run())[:5000])
    (place / "notes.csv").write_bytes(b"name,phone\nann,1\n")
    return place


def test_months_a_year_or_all_of_them(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("FORMGUIDE_LAKE", str(tmp_path / "lake"))
    lake = Lake(tmp_path / "lake")
    assert seasons_at_hand("heartrate", lake, [folder]) == [202012, 202103, 202104]
    for words, months in (
        (["2021"], [202103, 202104]),
        (["2020-2021"], [202012, 202103, 202104]),
        (["202103"], [202103]),
        (["202001-202103"], [202012, 202103]),
        (["2020,202104"], [202012, 202104]),
    ):
        assert seasons_at_hand("heartrate", lake, [folder], parse_seasons(words)) == months


def test_too_many_seasons_are_refused():
    with pytest.raises(UsageError, match="seasons"):
        parse_seasons(["1-9999"])


def test_a_run_shows_the_months_the_rules_and_what_was_set_aside(formguide, folder, tmp_path, monkeypatch):
    # What follows the workouts has tests of its own.
    own = dg.AssetSelection.assets(heartrate.source_files, heartrate.results)
    monkeypatch.setattr(heartrate, "SEASON_CHAIN", own)
    monkeypatch.setattr("formguide.cli.platform.Platform.summaries", lambda *_: {})
    done = formguide("run", "heartrate", "--from", folder, "--seasons", "2021", "--lake", tmp_path / "lake")
    assert done.code == 0, done.err
    assert "seasons 202103 to 202104" in done.err
    assert "Heart rate: 2 workouts of 1 users" in done.out
    assert "2 set aside, with reasons in" in done.out and "no XML can be read" in done.out
    assert "Set aside: notes.csv, record 1: no column that is known: wanted are" in done.out


def test_a_file_where_its_folder_is_wanted(formguide, folder, tmp_path):
    lake = ["--lake", tmp_path / "lake"]
    done = formguide("run", "heartrate", "--from", folder / "ann" / "cut.gpx", *lake)
    assert done.code != 0
    assert f"cut.gpx: that is a file; name the folder it is in: --from {folder / 'ann'}" in done.err
    assert "there is no such folder" in formguide("run", "heartrate", "--from", folder / "bob", *lake).err


def test_a_step_that_makes_nothing_says_why():
    console = Console(file=StringIO(), width=120)
    told = Told(console, {"net": "network"})
    for step, facts in (("net", {"network": "none: 2 users, 20 are the fewest"}), ("other", {"users": 2})):
        told("STEP_START", step, {})
        told("ASSET_MATERIALIZATION", step, {"rows": 0, "computed": 1, "carried_over": 0, **facts})
        told("STEP_SUCCESS", step, {})
    assert isinstance(console.file, StringIO)
    of_network, of_other = console.file.getvalue().splitlines()
    assert of_network.endswith("none: 2 users, 20 are the fewest") and "computed" not in of_network
    assert of_other.endswith("1 computed, 0 carried over")


def test_what_is_lost_wholly_and_what_is_new_are_shown_first(tmp_path):
    lake, told = Lake(tmp_path / "lake"), Console(file=StringIO(), width=200)
    remarks = [f"a{k}.csv, field power: repeats the temperature in every row" for k in range(9)]
    lost = [f"b{k}.fit: the file is  empty" for k in range(5)]
    for number, line in enumerate([*remarks, *lost[:2], *lost[3:], lost[2]]):
        kept = lake.quarantine("heartrate", line[:6], b"", line)
        os.utime(f"{kept}.reason.json", (1e9 + number, 1e9 + number))
    not_used(told, lake, "heartrate", lost, remarks)
    assert isinstance(told.file, StringIO)
    shown = [line.strip() for line in told.file.getvalue().splitlines()]
    order = [2, 4, 3, 1, 0]
    assert shown[:5] == [f"Set aside: {lost[k]}" for k in order]
    assert shown[5:10] == [f"Set aside: {remarks[8 - k]}" for k in range(5)]
    assert shown[10] == "… and 4 more"
    assert shown[11] == f"14 set aside, with reasons in {tmp_path / 'lake'}/quarantine/heartrate"


def test_where_workouts_were_is_written_where_it_is_asked_for(formguide, tmp_path, monkeypatch):
    monkeypatch.setenv("FORMGUIDE_LAKE", str(tmp_path / "lake"))
    (tmp_path / "files" / "ann").mkdir(parents=True)
    (tmp_path / "files" / "ann" / "a.gpx").write_bytes(files.gpx(files.run()))
    lake = Lake(tmp_path / "lake")
    incremental.make_source_files(lake, [202103], [tmp_path / "files"])
    incremental.make_results(lake, [202103])
    where = ["--lake", tmp_path / "lake"]
    assert formguide("heartrate", "positions", "--out", tmp_path / "p.csv", *where).code == 0
    assert pl.read_csv(tmp_path / "p.csv").height == 400
    refused = formguide("heartrate", "positions", "--out", tmp_path / "p.txt", *where)
    assert refused.code != 0 and "name a .csv or a .parquet" in refused.err
    nobody = formguide("heartrate", "positions", "--out", tmp_path / "p.csv", "--user", "bob", *where)
    assert nobody.code != 0 and "no workout of bob has any" in nobody.err


def test_a_folder_without_a_workout(formguide, tmp_path):
    (tmp_path / "empty").mkdir()
    done = formguide("run", "heartrate", "--from", tmp_path / "empty", "--lake", tmp_path / "lake")
    assert done.code != 0
    assert "no workouts in" in done.err and "heartrate --from" in done.err


def test_a_folder_without_a_workout_says_what_was_seen_in_it(formguide, tmp_path):
    (tmp_path / "cols").mkdir()
    for name, body in (("cols.csv", b"a,b\n1,2\n"), ("empty.fit", b""), ("p.zip", b"PK"), ("q.txt", b"")):
        (tmp_path / "cols" / name).write_bytes(body)
    done = formguide("run", "heartrate", "--from", tmp_path / "cols", "--lake", tmp_path / "lake")
    assert done.code != 0
    said = " ".join(done.err.split())
    assert "no workouts in" in said and "(cols.csv: no workout by its columns: wanted are a time" in said
    assert "p.zip: a zip archive is not read: unpack it first" in said and ", and 1 more): try" in said
