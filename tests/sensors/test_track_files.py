"""The sensor of track's files: the same as every sport's, over files that speak of many seasons."""

from __future__ import annotations

import json
from dataclasses import replace

import dagster as dg
import pytest

from formguide.track import incremental
from sensors.track import track_files
from tests.track.career_files import career, put, result


@pytest.fixture
def track(watch):
    """The sensor over a lake's inbox."""
    return replace(watch, sensor=track_files, make_source_files=incremental.make_source_files)


def long_career(athlete: int = 1, last: str = "12.00") -> bytes:
    """A career of three seasons."""
    marks = {"2019-06-01": "12.20", "2020-06-01": "12.10", "2021-06-01": last}
    return career(athlete, [result(day, mark) for day, mark in marks.items()])


def test_a_career_leads_to_one_run_of_all_its_seasons_once(track):
    assert track.asked() == []
    put(track.inbox, {"openath_athletes/1.json": long_career()})
    (request,) = track.asked()
    assert request.run_key.startswith("track-2019-")
    assert request.tags["dagster/asset_partition_range_start"] == "2019"
    assert request.tags["dagster/asset_partition_range_end"] == "2021"
    assert track.asked() == []
    track.take_in(2019, 2020, 2021)
    track.cursor = None
    assert track.asked() == []


def test_a_page_of_a_later_season_is_news_of_that_season_alone(track):
    put(track.inbox, {"openath_athletes/1.json": long_career()})
    track.asked()
    track.take_in(2019, 2020, 2021)
    put(track.folder, {"pages/a.html": b"<html><title>TFRRS</title>May 8, 2021</html>"})
    (request,) = track.asked()
    assert request.partition_key == "2021"
    assert request.tags["formguide/changed_seasons"] == "2021"


def test_a_career_that_grows_is_news_and_one_written_again_is_not(track):
    (file,) = put(track.inbox, {"openath_athletes/1.json": long_career()}).rglob("*.json")
    track.asked()
    track.take_in(2019, 2020, 2021)
    file.write_bytes(file.read_bytes())
    assert track.asked() == []
    document = json.loads(file.read_bytes())
    document["results"].append(result("2022-06-01", "11.90"))
    file.write_bytes(json.dumps(document).encode())
    (request,) = track.asked()
    assert request.tags["formguide/changed_seasons"] == "2019,2020,2021,2022"


def test_marks_before_the_first_partition_ask_for_nothing(track):
    put(
        track.inbox,
        {"openath_athletes/1.json": career(1, [result("1996-06-01", "12.20")], born="1975-01-01")},
    )
    assert track.asked() == []


def test_pages_that_are_still_arriving_are_waited_for(track):
    put(track.inbox, {"openath_athletes/1.json": long_career()})
    assert isinstance(track.tick(seconds_later=0.5), dg.SkipReason)
    assert track.asked() != []


def test_race_weekends_and_pickles_are_no_marks(track, league):
    put(track.folder, {"marks.npy": b"\x93NUMPY"})
    for file in league.rglob("*.yml"):
        put(track.folder, {file.relative_to(league).as_posix(): file.read_bytes()})
    assert track.asked() == []
