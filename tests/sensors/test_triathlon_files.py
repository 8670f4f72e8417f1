"""The sensor of triathlon's files: a new race folder is news of its year."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from formguide.triathlon import incremental
from formguide.triathlon.sample.league import write_sample
from sensors.triathlon import triathlon_files


@pytest.fixture(scope="module")
def races(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short seasons of the sample league."""
    folder = tmp_path_factory.mktemp("races") / "files"
    write_sample(folder, seed=1, years=2, field=12)
    return folder


@pytest.fixture
def triathlon(watch):
    """The sensor over a lake's inbox."""
    return replace(watch, sensor=triathlon_files, make_source_files=incremental.make_source_files)


def drop(races: Path, to: Path, year: int, number: int) -> Path:
    """Puts one of a year's race folders into a folder."""
    race = sorted((races / str(year)).iterdir())[number]
    return Path(shutil.copytree(race, to / str(year) / race.name))


def test_a_race_leads_to_a_run_of_its_year_once(triathlon, races):
    assert triathlon.asked() == []
    drop(races, triathlon.inbox, 2016, 0)
    (request,) = triathlon.asked()
    assert request.partition_key == "2016"
    assert request.run_key.startswith("triathlon-2016-")
    assert triathlon.asked() == []
    triathlon.take_in(2016)
    triathlon.cursor = None
    assert triathlon.asked() == []


def test_a_late_race_is_news_of_its_year_and_those_after_it(triathlon, races):
    drop(races, triathlon.inbox, 2015, 0)
    drop(races, triathlon.inbox, 2016, 0)
    triathlon.asked()
    triathlon.take_in(2015, 2016)
    drop(races, triathlon.inbox, 2015, 1)
    (request,) = triathlon.asked()
    assert request.tags["dagster/asset_partition_range_start"] == "2015"
    assert request.tags["dagster/asset_partition_range_end"] == "2016"
    assert request.tags["formguide/changed_seasons"] == "2015"


def test_the_day_of_a_race_that_had_none_is_news(triathlon, races):
    race = drop(races, triathlon.inbox, 2016, 0)
    day = race / "weather-data.json"
    said = day.read_bytes()
    day.unlink()
    triathlon.asked()
    triathlon.take_in(2016)
    day.write_bytes(said)
    (request,) = triathlon.asked()
    assert request.partition_key == "2016"


def test_a_race_that_is_still_arriving_is_waited_for(triathlon, races):
    drop(races, triathlon.inbox, 2016, 0)
    assert isinstance(triathlon.tick(seconds_later=0.5), dg.SkipReason)
    assert triathlon.asked() != []


def test_race_weekends_are_no_races(triathlon, league):
    shutil.copytree(league, triathlon.folder, dirs_exist_ok=True)
    assert triathlon.asked() == []
