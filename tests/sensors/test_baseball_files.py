"""The sensor of baseball's files: the same as every sport's, over documents of games."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from formguide.baseball import incremental
from formguide.baseball.sample import write_sample
from sensors.baseball import baseball_files


@pytest.fixture(scope="module")
def games(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short seasons of the sample league."""
    folder = tmp_path_factory.mktemp("games") / "files"
    write_sample(folder, dates=6, dates_played=2, first_season=2024)
    return folder


@pytest.fixture
def baseball(watch):
    """The sensor over a lake's inbox."""
    return replace(watch, sensor=baseball_files, make_source_files=incremental.make_source_files)


def drop(games: Path, to: Path, season: int, count: int) -> list[Path]:
    """Puts a season's first documents into a folder."""
    files = sorted((games / "feeds" / str(season)).iterdir())[:count]
    target = to / "feeds" / str(season)
    target.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copy(file, target)) for file in files]


def test_a_game_leads_to_a_run_of_its_season_once(baseball, games):
    assert baseball.asked() == []
    drop(games, baseball.inbox, 2025, 2)
    (request,) = baseball.asked()
    assert request.partition_key == "2025"
    assert request.run_key.startswith("baseball-2025-")
    assert baseball.asked() == []
    baseball.take_in(2025)
    baseball.cursor = None
    assert baseball.asked() == []


def test_a_corrected_game_is_news_of_its_season_and_those_after_it(baseball, games):
    (first,) = drop(games, baseball.inbox, 2024, 1)
    drop(games, baseball.inbox, 2025, 1)
    baseball.asked()
    baseball.take_in(2024, 2025)
    other = sorted((games / "feeds" / "2024").iterdir())[1]
    first.write_bytes(other.read_bytes())
    (request,) = baseball.asked()
    assert request.tags["dagster/asset_partition_range_start"] == "2024"
    assert request.tags["dagster/asset_partition_range_end"] == "2025"
    assert request.tags["formguide/changed_seasons"] == "2024"


def test_games_that_are_still_arriving_are_waited_for(baseball, games):
    drop(games, baseball.inbox, 2025, 1)
    waiting = baseball.tick(seconds_later=0.5)
    assert isinstance(waiting, dg.SkipReason)
    assert baseball.asked() != []


def test_race_weekends_are_no_games(baseball, league):
    shutil.copytree(league, baseball.folder, dirs_exist_ok=True)
    assert baseball.asked() == []
