"""The files sensor: what it notices, what it waits for, what it asks, and what it never asks twice."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import dagster as dg
import pytest

from assets.partitions import SEASONS
from formguide.watch import DEBOUNCE_SEC

RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def drop(league: Path, to: Path, season: int, *numbers: int) -> list[Path]:
    """Puts race folders of the league into another folder; their files."""
    dropped = []
    for number in numbers:
        (race,) = (league / "f1db" / "seasons" / str(season) / "races").glob(f"{number:02}-*")
        target = to / str(season) / "races" / race.name
        shutil.copytree(race, target, dirs_exist_ok=True)
        dropped += sorted(target.iterdir())
    return dropped


def test_an_empty_inbox_is_no_news(watch):
    watch.tick()
    assert isinstance(watch.tick(), dg.SkipReason)


def test_a_file_leads_to_a_run_of_its_season(watch, league):
    drop(league, watch.inbox, 2024, 1)
    (request,) = watch.asked()
    assert request.partition_key == "2024"
    assert request.tags["formguide/changed_seasons"] == "2024"


def test_a_named_folder_is_watched_like_the_inbox(watch, league):
    drop(league, watch.folder, 2023, 1)
    assert [r.partition_key for r in watch.asked()] == ["2023"]


def test_files_that_are_still_arriving_are_waited_for(watch, league):
    drop(league, watch.inbox, 2024, 1)
    waiting = watch.tick(seconds_later=0.5)
    assert isinstance(waiting, dg.SkipReason)
    assert "arriving" in str(waiting.skip_message)
    assert watch.asked(seconds_later=DEBOUNCE_SEC + 0.5) != []


def test_a_second_tick_asks_for_nothing(watch, league):
    drop(league, watch.inbox, 2024, 1)
    assert len(watch.asked()) == 1
    assert watch.asked() == []
    watch.take_in(2024)
    assert watch.asked() == []


def test_a_restart_asks_for_nothing_new(watch, league):
    drop(league, watch.inbox, 2024, 1)
    (request,) = watch.asked()
    watch.cursor = None
    (again,) = watch.asked()
    assert again.run_key == request.run_key
    watch.take_in(2024)
    watch.cursor = None
    assert watch.asked() == []


def test_a_file_that_is_touched_or_rewritten_alike_is_no_news(watch, league):
    files = drop(league, watch.inbox, 2024, 1)
    watch.asked()
    watch.take_in(2024)
    os.utime(files[0], (1, 1))
    files[1].write_bytes(files[1].read_bytes())
    result = watch.tick()
    assert isinstance(result, dg.SensorResult)
    assert not result.run_requests


def test_a_change_and_its_undoing_are_news_each_time(watch, league):
    files = drop(league, watch.inbox, 2024, 1)
    first = files[0].read_bytes()
    keys = []
    for body in (first, first + b"\n# corrected\n", first, first + b"\n# corrected\n"):
        files[0].write_bytes(body)
        (request,) = watch.asked()
        keys.append(request.run_key)
        watch.take_in(2024)
    assert len(set(keys)) == 4


def test_a_deleted_file_is_news(watch, league):
    files = drop(league, watch.inbox, 2024, 1)
    watch.asked()
    watch.take_in(2024)
    files[0].unlink()
    assert [r.partition_key for r in watch.asked()] == ["2024"]


def test_a_season_that_is_gone_is_news(watch, league):
    drop(league, watch.inbox, 2024, 1)
    watch.asked()
    watch.take_in(2024)
    shutil.rmtree(watch.inbox / "2024")
    assert [r.partition_key for r in watch.asked()] == ["2024"]


def test_a_folder_that_is_not_there_says_nothing(watch, league):
    drop(league, watch.folder, 2024, 1)
    watch.asked()
    watch.take_in(2024)
    shutil.rmtree(watch.folder)
    assert watch.asked() == []


def test_only_seasons_that_changed_are_asked_for_and_those_that_lean_on_them(watch, league):
    drop(league, watch.inbox, 2023, 1)
    drop(league, watch.inbox, 2024, 1)
    (request,) = watch.asked()
    assert tuple(request.tags[name] for name in RANGE) == ("2023", "2024")
    watch.take_in(2023, 2024)
    drop(league, watch.inbox, 2024, 2)
    assert [r.partition_key for r in watch.asked()] == ["2024"]
    watch.take_in(2024)
    drop(league, watch.inbox, 2023, 2)
    (request,) = watch.asked()
    assert tuple(request.tags[name] for name in RANGE) == ("2023", "2024")
    assert request.tags["formguide/changed_seasons"] == "2023"


def test_seasons_without_a_partition_are_left_alone(watch, league):
    (race,) = drop(league, watch.inbox, 2024, 1)[0].parent.parent.glob("01-*")
    old = watch.inbox / "1999" / "races" / race.name
    shutil.copytree(race, old)
    (request,) = watch.asked()
    assert request.partition_key == "2024"
    assert "1999" not in SEASONS.get_partition_keys()


@pytest.mark.parametrize("name", [".results.yml.swp", "race-results.yml.part", "race-results.yml.tmp"])
def test_half_written_files_are_not_looked_at(watch, league, name):
    files = drop(league, watch.inbox, 2024, 1)
    watch.asked()
    watch.take_in(2024)
    (files[0].parent / name).write_text("- position: 1")
    result = watch.tick()
    assert not (isinstance(result, dg.SensorResult) and result.run_requests)


def test_the_run_takes_in_exactly_what_shares_the_season(watch, league):
    from assets import formula1
    from definitions import build_defs

    graph = build_defs().resolve_asset_graph()
    chain = {key.path[-1] for key in formula1.SEASON_CHAIN.resolve(graph)}
    assert chain >= {
        "source_files",
        "race_results",
        "race_conditions",
        "strengths",
        "race_forecasts",
        "forecast_log",
    }
    assert chain.isdisjoint({"forecast_scorecard", "warehouse"})
    assert {graph.get(key).partitions_def for key in formula1.SEASON_CHAIN.resolve(graph)} == {SEASONS}
