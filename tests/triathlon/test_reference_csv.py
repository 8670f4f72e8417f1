"""The reference system's own results: read by its column names, a bad row set aside, none lost."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from formguide.lake import Lake
from formguide.schema import check
from formguide.triathlon import checks, incremental
from formguide.triathlon.folders import read_folder, seasons_of
from formguide.triathlon.reference_csv import read_season, seasons
from formguide.triathlon.tables import SPORT, RaceRecords, RaceResults

CSV = b"""athlete_hash,event_distance,event_year,total_sec,gender,age_group,is_pro
aa,70.3,2018,20000.0,M,40-44,False
aa,70.3,2019,19900,M,40-44,False
bb,140.6,2019,44000,F,35-39,False
cc,70.3,2019,soon,F,35-39,False
dd,70.3,2019,16000,M,,True
ee,70.3,2019,,F,18-24,False
ff,5150,2019,9000,F,18-24,False
"""


def test_a_season_is_read_in_the_canonical_form():
    records, rejects = read_season("athlete_race.csv", CSV, 2019)
    check(records, RaceRecords)
    assert records["contact_id"].to_list() == ["aa", "bb", "dd", "ee", "ff"]
    assert records["race_id"].to_list()[:2] == ["reference_70.3_2019", "reference_140.6_2019"]
    assert records["distance"].cast(pl.String).to_list() == ["70.3", "140.6", "70.3", "70.3", "other"]
    assert set(records["known_on"]) == {date(2019, 12, 31)}
    assert records["status"].cast(pl.String).to_list() == ["FIN", "FIN", "FIN", "UNKNOWN", "FIN"]
    assert records["category"].cast(pl.String).to_list()[2] == "pro"
    (reject,) = rejects
    assert (reject.row, reject.field) == (5, "total_sec")
    assert "'soon' is no number of seconds" in str(reject)


def test_names_dates_and_legs_are_taken_where_they_are_there():
    body = (
        b"event_name,event_date,athlete_hash,event_distance,event_year,total_sec,swim_sec,country\n"
        b"Ironman 70.3 Oz,2019-05-05,aa,70.3,2019,20000,2000,AU\n"
        b"Ironman 70.3 Oz,2018-05-05,ab,70.3,2019,20000,0,\n"
    )
    records, _ = read_season("p", body, 2019)
    assert set(records["course"]) == {"ironman_70_3_oz"}
    assert records["race_on"].to_list() == [date(2019, 5, 5), None]
    assert records["swim_sec"].to_list() == [2000, None]
    assert records["country"].to_list() == ["AUS", None]


@pytest.mark.parametrize("body", [b"", b"athlete_hash,event_year\na,2019\n"])
def test_a_file_that_is_none_is_set_aside_whole(body):
    records, rejects = read_season("p", body, 2019)
    assert records.is_empty()
    assert [reject.payload for reject in rejects] == [body]


def test_it_comes_into_the_lake_beside_the_pages(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "athlete_race.csv").write_bytes(CSV)
    (tmp_path / "in" / "athlete_profile.csv").write_bytes(b"athlete_hash,total_races\naa,9\n")
    notes: list[str] = []
    files = read_folder(tmp_path / "in", notes)
    assert seasons(CSV) == list(seasons_of(files)) == [2018, 2019]
    assert len(notes) == 1
    lake = Lake(tmp_path / "lake")
    incremental.make_source_files(lake, [2018, 2019], [tmp_path / "in"])
    made = incremental.make_records(lake, [2018, 2019])
    incremental.make_results(lake, [2018, 2019])
    assert made[2019].facts["set_aside"] == 1
    assert checks.nothing_lost(lake, [2018, 2019]).passed
    results = lake.read_table(SPORT, RaceResults.name, None, RaceResults)
    assert results.filter(pl.col("athlete_id") == "aa").height == 2
    assert results.filter(pl.col("usable")).height == 5
