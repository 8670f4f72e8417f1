"""Materialising in this process: seasons, other partitions, settings, and what is said on the way."""

import os
import sys

import dagster as dg
import pytest

from assets import launch


class Loudness(dg.Config):
    loud: int = 1


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
def letters(context: dg.AssetExecutionContext, config: Loudness) -> dg.MaterializeResult[None]:
    """A letter."""
    context.log.info(f"half of {context.partition_key}")
    return dg.MaterializeResult(metadata={"said": context.partition_key * config.loud})


@pytest.fixture
def told():
    return []


@pytest.fixture
def definitions(told):
    progress = launch.told_to(lambda event, step, said: told.append((event, step, dict(said))))
    return dg.Definitions(assets=[letters], loggers={"test": progress}, executor=dg.in_process_executor)


def test_one_partition_of_another_kind_with_settings(definitions, told):
    with dg.DagsterInstance.ephemeral() as instance:
        selection = dg.AssetSelection.assets(letters)
        said = launch.materialise(
            definitions, selection, instance, partition="b", config={"letters": {"loud": 3}}
        )
        assert said == {"letters": {"said": "bbb"}}
        assert launch.materialise(definitions, selection, instance, partition="a") == {
            "letters": {"said": "a"}
        }
    assert ("LOG", "letters", {"said": "half of b"}) in told
    assert [event for event, step, _ in told if step == "letters"][-1] == "STEP_SUCCESS"


def test_a_home_without_settings_gets_the_projects_and_keeps_its_own(tmp_path):
    fresh, empty, own = tmp_path / "fresh", tmp_path / "empty", tmp_path / "own"
    for home, text in ((empty, ""), (own, "telemetry:\n  enabled: true\n")):
        home.mkdir()
        (home / "dagster.yaml").write_text(text)
    enabled = {}
    for home in (fresh, empty, own):
        with launch.instance_in(home) as instance:
            enabled[home.name] = instance.telemetry_enabled
    assert enabled == {"fresh": False, "empty": False, "own": True}
    assert (fresh / "dagster.yaml").read_bytes() == launch.SETTINGS.read_bytes()


def test_the_history_of_a_run_stays_in_its_home(definitions, tmp_path):
    with launch.instance_in(tmp_path) as instance:
        launch.materialise(definitions, dg.AssetSelection.assets(letters), instance, partition="a")
    with launch.instance_in(tmp_path) as instance:
        assert instance.get_materialized_partitions(dg.AssetKey("letters")) == {"a"}


def test_what_a_run_prints_goes_where_it_goes_without_one(tmp_path):
    def places():
        return [os.fstat(stream.fileno()).st_ino for stream in (sys.stdout, sys.stderr)]

    @dg.asset
    def printing() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"places": places()})

    with launch.instance_in(tmp_path) as instance:
        said = launch.materialise(
            dg.Definitions(assets=[printing]), dg.AssetSelection.assets(printing), instance
        )
    assert said["printing"]["places"] == places()
