"""Triathlon's season chain as Dagster runs it: what is made, checked, carried over, and followed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets import launch, triathlon, triathlon_forecasts
from formguide.findings import Finding
from formguide.triathlon import checks
from formguide.triathlon.sample.league import write_sample
from formguide.triathlon.tables import SPORT, AthleteProfiles, RaceResults
from tests.assets.conftest import House
from tests.triathlon.pages import line, page

SEASONS = (2015, 2016, 2017)
CHAIN = ("source_files", "race_records", "race_results", "athlete_profiles", "athlete_clusters")


@pytest.fixture(scope="module")
def races(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Three years of small fields, taken through the chain; tests that change it work on a copy."""
    root = tmp_path_factory.mktemp("races")
    write_sample(root / "files", seed=4, years=3, field=50)
    with dg.DagsterInstance.ephemeral() as instance:
        house = House(root / "lake", root / "files", instance)
        house.run(SEASONS, triathlon.SEASON_CHAIN)
        yield house


@pytest.fixture
def circuit(tmp_path: Path, races: House) -> Iterator[House]:
    """A copy of the lake and of its files, to be changed."""
    shutil.copytree(races.root, tmp_path / "lake")
    shutil.copytree(races.folder, tmp_path / "files")
    with dg.DagsterInstance.ephemeral() as instance:
        yield House(tmp_path / "lake", tmp_path / "files", instance)


def test_every_table_of_the_chain_is_made(races):
    for name in CHAIN:
        assert races.lake.partitions(SPORT, name) == ["2015", "2016", "2017"], name
    results = races.lake.read_table(SPORT, RaceResults.name, None, RaceResults)
    profiles = races.lake.read_table(SPORT, AthleteProfiles.name, None, AthleteProfiles)
    assert results.height == profiles.height > 1000
    assert (profiles["races_before"] > 0).sum() > 200


def test_every_check_passes_on_the_sample(races):
    evaluated = races.checked(triathlon.SEASON_CHAIN)
    assert {name for name, check in evaluated if check == "fits_declaration"} == set(CHAIN)
    assert {check for _, check in evaluated} == {
        "fits_declaration",
        "nothing_lost",
        "every_record_has_an_athlete",
        "nobody_twice_a_day",
        "few_implausible",
        "older_than_the_race",
    }
    assert [key for key, passed in evaluated.items() if not passed] == []


def test_a_second_run_computes_nothing_and_writes_nothing(circuit):
    before = circuit.lake.state()
    said = circuit.run(SEASONS, triathlon.SEASON_CHAIN)
    assert {name: numbers["computed"] for name, numbers in said.items()} == dict.fromkeys(CHAIN, 0)
    assert circuit.lake.state() == before


def test_a_new_race_is_its_season_s_and_those_after_it(circuit):
    new = circuit.folder / "2016" / "ironman_new_place_2016"
    new.mkdir()
    times = {"Total_Time": "11:00:00", "Swim": "1:10:00", "Bike": "5:45:00", "Run": "4:00:00"}
    (new / "default.tsv").write_bytes(
        page(*(line(ContactId=f"n{i}", Name=f"x{i}", **times) for i in range(4)))
    )
    said = circuit.run((2016, 2017), triathlon.SEASON_CHAIN)
    assert {name: numbers["computed"] for name, numbers in said.items()} == {
        "source_files": 1,
        "race_records": 1,
        "race_results": 2,
        "athlete_profiles": 2,
        "athlete_clusters": 1,
    }
    results = circuit.lake.read_table(SPORT, RaceResults.name, ["2016"], RaceResults)
    assert results.filter(pl.col("race_id") == new.name)["distance"].to_list() == ["140.6"] * 4


def test_a_run_stops_before_the_results_where_lines_were_lost(circuit, monkeypatch):
    lost = Finding(False, "some lines were lost", 1)
    monkeypatch.setattr(checks, "nothing_lost", lambda lake, seasons: lost)
    with pytest.raises(launch.RunFailed, match="nothing_lost"):
        circuit.run(SEASONS, triathlon.SEASON_CHAIN)


@pytest.mark.filterwarnings("ignore:.*include_sources.*")
def test_what_follows_a_season_is_its_distances_and_forecasts_and_the_scorecard(circuit):
    """Evaluated as the daemon would: the season is reported, and both distances and its forecasts are asked
    for, but not a forecast of a season before it."""
    idle = dg.evaluate_automation_conditions(circuit.definitions, circuit.instance)
    circuit.run((2017,), triathlon.SEASON_CHAIN)
    news = dg.evaluate_automation_conditions(circuit.definitions, circuit.instance, cursor=idle.cursor)
    posterior = dg.AssetKey([SPORT, "finish_time_posterior"])
    forecasts = dg.AssetKey([SPORT, "finish_time_forecasts"])
    assert news.get_requested_partitions(posterior) == {"70.3", "140.6"}
    assert news.get_requested_partitions(forecasts) == {"70.3|2017", "140.6|2017"}
    for name in CHAIN:
        assert news.get_num_requested(dg.AssetKey([SPORT, name])) == 0


def test_forecasts_are_a_distance_s_and_a_season_s():
    assert triathlon_forecasts.distance_of("140.6|2019") == "140.6"
    assert triathlon_forecasts.season_of("140.6|2019") == 2019
