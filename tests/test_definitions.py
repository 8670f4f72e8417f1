"""The page that names everything: it loads, and what it names keeps the rules of the house."""

from __future__ import annotations

import dagster as dg
import pytest

from assets import baseball, formula1, heartrate, track, triathlon
from assets.baseball_backtest import SEEDS
from assets.baseball_day import DATES
from assets.partitions import MONTHS, SEASONS
from assets.track_models import GENDER
from assets.triathlon_forecasts import BY_DISTANCE, BY_DISTANCE_AND_SEASON
from assets.warehouse import TABLES
from definitions import build_defs
from formguide.cli.base import Sport
from resources import LakeResource
from sensors import SENSORS

GRAPH = build_defs().resolve_asset_graph()
NO_TABLES = {
    "exploration",
    "finish_time_posterior",
    "gathered",
    "heart_rate_network",
    "peak_model",
    "streak_policy",
}
"""What is no table: files, or what only happens."""
ASSETS = sorted(GRAPH.materializable_asset_keys)


def test_the_definitions_can_be_loaded():
    dg.Definitions.validate_loadable(build_defs())


@pytest.mark.parametrize("key", ASSETS, ids=lambda key: key.to_user_string())
def test_every_asset_says_what_it_is(key):
    node = GRAPH.get(key)
    assert node.description
    assert node.group_name in (*Sport, "warehouse")
    assert node.code_version
    assert node.kinds


@pytest.mark.parametrize("key", ASSETS, ids=lambda key: key.to_user_string())
def test_a_backfill_of_seasons_is_one_run(key):
    node = GRAPH.get(key)
    if node.partitions_def in (SEASONS, MONTHS):
        assert node.backfill_policy == dg.BackfillPolicy.single_run()


@pytest.mark.parametrize("key", ASSETS, ids=lambda key: key.to_user_string())
def test_a_partition_is_a_season_a_month_a_date_a_seed_a_gender_or_a_distance(key):
    partitions = GRAPH.get(key).partitions_def
    assert partitions in (None, SEASONS, MONTHS, DATES, SEEDS, GENDER, BY_DISTANCE, BY_DISTANCE_AND_SEASON)


@pytest.mark.parametrize("key", ASSETS, ids=lambda key: key.to_user_string())
def test_an_asset_is_set_off_by_the_sensor_or_by_automation_not_by_both(key):
    chains = formula1.SEASON_CHAIN | baseball.SEASON_CHAIN | track.SEASON_CHAIN | triathlon.SEASON_CHAIN
    chains |= heartrate.SEASON_CHAIN
    by_sensor = key in chains.resolve(GRAPH)
    assert not (by_sensor and GRAPH.get(key).automation_condition is not None)


@pytest.mark.parametrize("sport", Sport)
def test_every_asset_that_is_a_table_is_one_of_the_warehouse(sport):
    names = {key.path[-1] for key in ASSETS if key.path[0] == sport}
    held = {asset for schema, asset in TABLES if schema == sport}
    assert names - held <= NO_TABLES
    assert len(held) >= 7


def resources(definitions):
    assert definitions.resources is not None
    return definitions.resources


def test_a_resource_can_be_swapped(tmp_path):
    swapped = build_defs({"lake": LakeResource(root=str(tmp_path))})
    assert resources(swapped)["lake"].root == str(tmp_path)
    assert resources(build_defs())["lake"].root != str(tmp_path)


def test_the_lake_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("FORMGUIDE_LAKE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("FORMGUIDE_WATCH", f"{tmp_path / 'a'}:{tmp_path / 'b'}")
    found = resources(build_defs())
    assert found["lake"].root == str(tmp_path / "elsewhere")
    assert found["watched"].folders == [str(tmp_path / "a"), str(tmp_path / "b")]


def test_the_sensors_run_from_the_start_but_the_one_that_asks_the_network():
    named = {sensor.name: sensor for sensor in SENSORS}
    assert set(named) == {
        *("formula1_files", "baseball_files", "track_files", "triathlon_files"),
        "heartrate_files",
        *("baseball_day", "automation", "run_failures"),
    }
    off = {sensor.name for sensor in SENSORS if sensor.default_status is not dg.DefaultSensorStatus.RUNNING}
    assert off == {"baseball_day"}, "it asks the league's API: somebody turns it on"
    assert list(build_defs().sensors or []) == SENSORS
