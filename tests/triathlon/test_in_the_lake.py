"""Seasons in the lake: made from what they lean on, made again only for what changed, nothing lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from formguide.lake import Lake
from formguide.triathlon import checks, clusters, incremental, profiles
from formguide.triathlon.folders import place, read_folder, seasons_of, takes
from formguide.triathlon.sample.league import write_sample
from formguide.triathlon.tables import SPORT, AthleteProfiles, RaceRecords, RaceResults
from tests.triathlon.pages import line, page

SEASONS = (2015, 2016, 2017)


def make(lake: Lake, folder: Path, seasons=SEASONS):
    """The season chain over a folder; what was made of each asset."""
    return {
        "source_files": incremental.make_source_files(lake, seasons, [folder]),
        "race_records": incremental.make_records(lake, seasons),
        "race_results": incremental.make_results(lake, seasons),
        "athlete_profiles": profiles.make_profiles(lake, seasons),
        "athlete_clusters": clusters.make_clusters(lake, seasons),
    }


def computed(made):
    """The seasons that each asset computed."""
    return {name: [s for s, part in of.items() if part.computed] for name, of in made.items()}


@pytest.fixture(scope="module")
def league(tmp_path_factory):
    root = tmp_path_factory.mktemp("tri")
    write_sample(root / "files", seed=4, years=3, field=50)
    lake = Lake(root / "lake")
    make(lake, root / "files")
    return root


@pytest.fixture
def copy(league, tmp_path):
    shutil.copytree(league / "lake", tmp_path / "lake")
    shutil.copytree(league / "files", tmp_path / "files")
    return Lake(tmp_path / "lake"), tmp_path / "files"


def test_a_second_look_makes_nothing(copy):
    lake, files = copy
    before = lake.state()
    assert computed(make(lake, files)) == {
        name: []
        for name in ("source_files", "race_records", "race_results", "athlete_profiles", "athlete_clusters")
    }
    assert lake.state() == before


def test_a_new_race_leads_to_its_year_and_those_after_it_and_to_nothing_before(copy):
    lake, files = copy
    new = files / "2016" / "im703_new_place_2016"
    new.mkdir()
    (new / "default.tsv").write_bytes(page(*(line(ContactId=f"n{i}", Name=f"x{i}") for i in range(3))))
    assert computed(make(lake, files)) == {
        "source_files": [2016],
        "race_records": [2016],
        "race_results": [2016, 2017],
        "athlete_profiles": [2016, 2017],
        "athlete_clusters": [2017],
    }


def test_a_lake_that_grew_is_one_that_was_made_at_once(copy, tmp_path):
    lake, files = copy
    (files / "2017" / "im703_x_2017").mkdir()
    (files / "2017" / "im703_x_2017" / "default.tsv").write_bytes(page(line(), line(ContactId="b")))
    make(lake, files)
    fresh = Lake(tmp_path / "fresh")
    make(fresh, files)
    for table in (RaceRecords, RaceResults, AthleteProfiles):
        grown = lake.read_table(SPORT, table.name, None, table)
        assert grown.equals(fresh.read_table(SPORT, table.name, None, table))


def test_a_line_that_cannot_be_read_is_kept_with_its_reason_and_nothing_is_lost(copy):
    lake, files = copy
    target = next((files / "2017").glob("*/default.tsv"))
    lines = target.read_text().splitlines()
    lines[3] = lines[3].replace("\tM", "\tM\tmore", 1)
    lines[5] = "half a line"
    target.write_text("\n".join(lines) + "\n")
    bad = files / "2017" / "im703_bad_2017"
    bad.mkdir()
    (bad / "default.tsv").write_bytes(b"\xff\xfe\n\xff\n")
    made = make(lake, files)["race_records"][2017]
    assert (made.facts["set_aside"], len(made.facts["rejects"])) == (3, 3)
    assert len(lake.quarantined(SPORT)) == 3
    assert checks.nothing_lost(lake, SEASONS).passed
    whole = lake.read_table(SPORT, RaceResults.name, ["2017"], RaceResults)
    assert whole.height == made.rows == made.facts["lines"] - 3


def test_lost_lines_are_found_out(copy):
    lake, _ = copy
    frame = lake.read_table(SPORT, RaceRecords.name, ["2016"], RaceRecords)
    lake.write_table(SPORT, RaceRecords.name, "2016", frame.head(-1), RaceRecords, "x", {"set_aside": 0})
    finding = checks.nothing_lost(lake, SEASONS)
    assert not finding.passed
    assert finding.rows["season"].to_list() == [2016]


def test_the_checks_pass_on_the_league_and_find_what_is_wrong(copy):
    lake, _ = copy
    results = lake.read_table(SPORT, RaceResults.name, None, RaceResults)
    records = lake.read_table(SPORT, RaceRecords.name, None, RaceRecords)
    known = lake.read_table(SPORT, AthleteProfiles.name, None, AthleteProfiles)
    assert checks.every_record_has_an_athlete(records, results).passed
    assert checks.nobody_twice_a_day(results).passed
    assert checks.few_implausible(results).passed
    assert checks.older_than_the_race(known, results).passed
    assert not checks.every_record_has_an_athlete(records, results.head(-2)).passed
    one = results.filter((pl.col("status") == "FIN") & pl.col("race_on").is_not_null()).head(1)
    twice = pl.concat([results, one.with_columns(race_id=pl.lit("elsewhere"), result_id=pl.lit("e"))])
    assert not checks.nobody_twice_a_day(twice).passed
    assert not checks.few_implausible(results.with_columns(implausible=pl.lit(True))).passed
    too_much = known.with_columns(pl.col("races_before") + 1)
    finding = checks.older_than_the_race(too_much, results)
    assert (finding.passed, finding.count) == (False, known.height)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("2019/im703_x_2019/default.tsv", "2019/im703_x_2019/default.tsv"),
        ("any/where/2019/ironman_y_2019/weather-data.json", "2019/ironman_y_2019/weather-data.json"),
        ("2019/im703_x_2019/other.tsv", None),
        ("im703_x_2019/default.tsv", None),
        ("2019/.hidden/default.tsv", None),
    ],
)
def test_files_are_placed_by_year_and_race(path, kept):
    assert place(path) == (None if kept is None else ("races", kept))


def test_a_part_of_a_tree_is_placed_like_the_whole(league):
    whole = read_folder(league / "files")["races"]
    year = read_folder(league / "files" / "2016")["races"]
    race = next((league / "files" / "2016").iterdir())
    one = read_folder(race)["races"]
    assert set(year) == {path for path in whole if path.startswith("2016/")}
    assert set(one) == {path for path in year if path.split("/")[1] == race.name}
    assert all(takes(folder) for folder in (league / "files", league / "files" / "2016", race))
    assert not takes(league / "lake")
    assert list(seasons_of({"races": whole})) == list(SEASONS)


def test_what_is_not_read_is_said(league, tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    notes: list[str] = []
    assert not any(read_folder(tmp_path, notes).values())
    assert notes == ["notes.txt: not a file of a source that is read"]
    with pytest.raises(FileNotFoundError):
        read_folder(tmp_path / "nowhere")
