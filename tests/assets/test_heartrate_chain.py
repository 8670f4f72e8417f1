"""Heart rate's months as Dagster runs them: what is made, checked and carried over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets import heartrate, launch
from assets.partitions import MONTHS
from formguide.findings import Finding
from formguide.heartrate import checks, incremental
from formguide.heartrate.arrivals import SourceFiles
from formguide.heartrate.tables import SPORT, Samples, Workouts
from tests.assets.conftest import House
from tests.heartrate import workout_files as files

OWN = dg.AssetSelection.assets(heartrate.source_files, heartrate.results)
TABLES = {SourceFiles.name, *(table.name for table in incremental.RESULT_TABLES)}
FEBRUARY, MARCH = 202102, 202103


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[House]:
    """Two workouts, a month apart, and a file that is none."""
    folder = tmp_path / "files" / "ann"
    folder.mkdir(parents=True)
    (folder / "a.fit").write_bytes(files.fit(files.run(start=files.START.replace(month=2))))
    (folder / "b.csv").write_bytes(files.csv(files.run()))
    (folder / "c.gpx").write_bytes(files.gpx(files.run())[:5000])
    with dg.DagsterInstance.ephemeral() as instance:
        yield House(tmp_path / "lake", tmp_path / "files", instance)


def test_a_year_of_months_is_one_run_and_a_second_makes_nothing(runner):
    said = runner.run((FEBRUARY, MARCH), OWN)
    assert {name: numbers["computed"] for name, numbers in said.items()} == dict.fromkeys(TABLES, 2)
    for name in TABLES:
        assert runner.lake.partitions(SPORT, name) == ["202102", "202103"]
    assert runner.lake.read_table(SPORT, Workouts.name)["month"].to_list() == [FEBRUARY, MARCH]
    state = runner.lake.state()
    again = runner.run((FEBRUARY, MARCH), OWN)
    assert {name: numbers["computed"] for name, numbers in again.items()} == dict.fromkeys(TABLES, 0)
    assert runner.lake.state() == state


def test_every_check_passes_and_what_is_set_aside_is_told(runner):
    result = runner.definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=runner.instance,
        asset_selection=sorted(OWN.resolve(runner.definitions.resolve_asset_graph())),
        partition_key="202103",
    )
    evaluated = {(c.asset_key.path[-1], c.check_name): c for c in result.get_asset_check_evaluations()}
    assert {name for name, check in evaluated if check == "fits_declaration"} == TABLES
    assert {check for _, check in evaluated} == {
        "fits_declaration",
        "nothing_lost",
        "nobody_in_two_places",
        "most_are_usable",
        "samples_are_the_workouts",
    }
    assert [key for key, check in evaluated.items() if not check.passed] == []
    (event,) = (
        e
        for e in result.get_asset_materialization_events()
        if e.asset_key == dg.AssetKey([SPORT, "workouts"])
    )
    assert event.materialization.metadata["set_aside"].value == ["ann/c.gpx"]


def test_a_run_stops_before_samples_where_a_file_was_lost(runner, monkeypatch):
    lost = Finding(False, "a file was lost", 1)
    monkeypatch.setattr(checks, "nothing_lost", lambda lake, months: lost)
    with pytest.raises(launch.RunFailed, match="nothing_lost"):
        runner.run((MARCH,), heartrate.SEASON_CHAIN)


def test_a_month_that_there_is_no_partition_for(runner):
    with pytest.raises(launch.RunFailed, match=r"seasons are 200001 to \d+, not 209903"):
        runner.run((209903,), OWN)
    assert MONTHS.get_first_partition_key() == str(incremental.FIRST_MONTH)


def test_the_samples_are_as_many_as_the_workouts_say(runner):
    runner.run((FEBRUARY, MARCH), OWN)
    workouts = runner.lake.read_table(SPORT, Workouts.name, None, Workouts)
    assert runner.lake.read_table(SPORT, Samples.name).height == workouts["samples"].sum() == 800
