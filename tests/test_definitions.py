"""The page that names everything: it loads, and what it names keeps the rules of the house."""

from __future__ import annotations

import dagster as dg
import pytest

from assets.partitions import SEASONS
from assets.warehouse import TABLES
from definitions import build_defs
from formguide.formula1.arrivals import SPORT
from resources import LakeResource
from sensors import SENSORS

GRAPH = build_defs().resolve_asset_graph()
ASSETS = sorted(GRAPH.materializable_asset_keys)


def test_the_definitions_can_be_loaded():
    dg.Definitions.validate_loadable(build_defs())


@pytest.mark.parametrize("key", ASSETS, ids=lambda key: key.to_user_string())
def test_every_asset_says_what_it_is(key):
    node = GRAPH.get(key)
    assert node.description
    assert node.group_name in (SPORT, "warehouse")
    assert node.code_version
    assert node.kinds


@pytest.mark.parametrize("key", ASSETS, ids=lambda key: key.to_user_string())
def test_a_backfill_of_seasons_is_one_run(key):
    node = GRAPH.get(key)
    if node.partitions_def is not None:
        assert node.partitions_def == SEASONS
        assert node.backfill_policy == dg.BackfillPolicy.single_run()


@pytest.mark.parametrize("key", ASSETS, ids=lambda key: key.to_user_string())
def test_an_asset_is_set_off_by_the_sensor_or_by_automation_not_by_both(key):
    from assets import formula1

    by_sensor = key in formula1.SEASON_CHAIN.resolve(GRAPH)
    assert not (by_sensor and GRAPH.get(key).automation_condition is not None)


def test_every_asset_of_the_sport_is_a_table_of_the_warehouse():
    names = {key.path[-1] for key in ASSETS if key.path[0] == SPORT}
    assert names <= {asset for _, asset in TABLES}


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


def test_the_sensors_run_from_the_start():
    named = {sensor.name: sensor for sensor in SENSORS}
    assert set(named) == {"formula1_files", "automation", "run_failures"}
    assert {sensor.default_status for sensor in SENSORS} == {dg.DefaultSensorStatus.RUNNING}
    assert list(build_defs().sensors or []) == SENSORS
