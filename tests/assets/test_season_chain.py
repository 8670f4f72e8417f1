"""The season chain as Dagster runs it: what is made, what is carried over, what is stale, what is blocked."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from assets import formula1, launch, warehouse
from formguide.formula1 import forecast, outlook, strengths
from formguide.formula1.arrivals import SPORT
from formguide.formula1.tables import TABLES

RUN_IN_2023, RUN_IN_2024 = 6, 4


def test_every_asset_of_the_chain_is_made(made):
    for name in TABLES:
        assert made.lake.partitions(SPORT, name) == ["2023", "2024"], name
    forecasts = made.lake.read_table(SPORT, "race_forecasts")
    assert set(forecasts["season"]) == {2023, 2024}
    assert not made.lake.read_table(SPORT, "season_forecasts").is_empty()


def test_every_check_passes_on_the_sample(made):
    checks = made.checked(formula1.SEASON_CHAIN)
    assert {name for _, name in checks} >= {
        "fits_declaration",
        "one_car_per_position",
        "complete_fields",
        "sources_agree",
        "wet_rule_agrees",
        "probabilities_add_up",
    }
    assert [key for key, passed in checks.items() if not passed] == []


@pytest.fixture
def calls(monkeypatch):
    """How often the model was really asked, by the race it was asked about."""
    counted: dict[str, Counter[str]] = {"strengths": Counter(), "forecasts": Counter()}
    after_race, look = strengths.after_race, outlook.look

    def counting_after_race(state, weekend, settings):
        counted["strengths"][weekend.race_id] += 1
        return after_race(state, weekend, settings)

    def counting_look(weekend, *rest):
        seen = look(weekend, *rest)
        counted["forecasts"][weekend.race_id] += seen is not None
        return seen

    monkeypatch.setattr(strengths, "after_race", counting_after_race)
    monkeypatch.setattr(forecast, "look", counting_look)
    return counted


def swap_winner(file: Path) -> None:
    """Corrects a result: the first two change places."""
    text = file.read_text()
    records = re.split(r"(?m)^(?=- position:)", text)
    head, one, two, rest = records[0], records[1], records[2], records[3:]
    one, two = (
        two.replace("position: 2", "position: 1", 1),
        one.replace("position: 1", "position: 2", 1),
    )
    file.write_text("".join([head, one, two, *rest]))


def test_a_deleted_race_goes_from_every_table_and_bad_records_are_quarantined_and_named(house, race_file):
    shutil.rmtree(race_file(2024, 4, "race").parent)
    file = race_file(2024, 3, "race-results")
    file.write_text(file.read_text().replace("position: 2\n", "position: 1\n", 1))
    said = house.run((2024,))
    for table in ("race_results", "strengths"):
        assert 4 not in house.lake.read_table(SPORT, table, ["2024"])["round"]
    rejects = said["race_calendar"]["rejects"]
    (reject,) = (reject for reject in rejects if "race-results.yml" in reject)
    assert "position" in reject
    assert {q.reason for q in house.lake.quarantined(SPORT)} == set(rejects)


def test_an_issued_forecast_is_the_forecast_of_the_lake(made):
    log = made.lake.read_table(SPORT, "forecast_log")
    forecasts = made.lake.read_table(SPORT, "race_forecasts").filter(pl.col("scenario") == "mixed")
    both = log.join(forecasts, on=["race_id", "moment", "driver_id"], suffix="_now")
    assert both.height == log.height
    for column in ("p_win", "p_podium", "p_retire", "position_probs"):
        assert both[column].equals(both[f"{column}_now"])


def stale(house, *names):
    """The partitions of some assets that Dagster holds for stale, of the seasons that there are and of those
    beside them: what was never made cannot be."""
    resolver = CachingStaleStatusResolver(
        house.instance, house.definitions.resolve_asset_graph(), LoadingContextForTest(house.instance)
    )
    return {
        (name, season)
        for name in names
        for season in ("2022", "2023", "2024", "2025")
        if resolver.get_status(dg.AssetKey([SPORT, name]), season) is StaleStatus.STALE
    }


CHAIN = ("source_files", *TABLES, "strengths", "race_forecasts", "season_forecasts", "forecast_log")


def test_nothing_is_stale_after_a_run_over_a_range(made):
    assert stale(made, *CHAIN) == set()


def test_a_correction_is_computed_and_stale_only_where_it_is_felt(house, race_file, calls):
    # A second run computes nothing and writes nothing.
    before, log = house.lake.state(), house.lake.read_table(SPORT, "forecast_log")
    written = {path: path.stat().st_mtime_ns for path in house.root.rglob("current.json")}
    said = house.run()
    assert {name: numbers["computed"] for name, numbers in said.items()} == dict.fromkeys(said, 0)
    assert house.lake.state() == before
    assert {path: path.stat().st_mtime_ns for path in house.root.rglob("current.json")} == written
    # A corrected race is felt from the next race on.
    swap_winner(race_file(2024, 2, "race-results"))
    house.run(selection=dg.AssetSelection.assets([SPORT, "source_files"]))
    results = {(name, "2024") for name in TABLES if name != "race_conditions"}
    assert stale(house, *CHAIN) == results
    said = house.run((2024,))
    assert stale(house, *CHAIN) == set()
    races = house.lake.read_table(SPORT, "race_calendar", ["2024"]).sort("round")["race_id"].to_list()
    assert set(calls["strengths"]) == set(races[1:RUN_IN_2024])
    assert set(+calls["forecasts"]) == set(races[2:])
    assert set(calls["strengths"].values()) == {1}
    assert (said["strengths"]["computed"], said["strengths"]["carried_over"]) == (3, 1)
    # What was issued stays as it was.
    after = house.lake.read_table(SPORT, "forecast_log")
    assert after.height > log.height > 0
    assert after.head(log.height).equals(log)
    run = house.lake.read_table(SPORT, "race_results")["race_id"].unique()
    assert not log["race_id"].is_in(run.implode()).any()
    # A change of one season makes the next one's strengths stale.
    calls["strengths"].clear()
    swap_winner(race_file(2023, RUN_IN_2023, "race-results"))
    house.run((2023,))
    assert sum(calls["strengths"].values()) == 1
    found = stale(house, *CHAIN)
    assert ("strengths", "2024") in found
    assert ("strengths", "2023") not in found


def test_a_failed_check_stops_what_comes_after(house, monkeypatch):
    from formguide.formula1 import checks

    monkeypatch.setattr(checks, "one_car_per_position", lambda _: checks.Finding(False, "two cars", 2))
    with pytest.raises(launch.RunFailed):
        house.run((2024,))
    made = house.instance.get_latest_materialization_event(dg.AssetKey([SPORT, "race_results"]))
    assert made is not None
    assert house.instance.get_latest_materialization_event(dg.AssetKey([SPORT, "strengths"])) is None


def test_a_run_says_why_it_failed_in_one_line(house, monkeypatch):
    from formguide.formula1 import incremental

    def broken(*_: object) -> None:
        raise ValueError("no such\nthing")

    monkeypatch.setattr(incremental, "make_strengths", broken)
    with pytest.raises(launch.RunFailed, match=r"^formula1__strengths: ValueError: no such thing$"):
        house.run((2024,))


def test_a_season_without_a_partition_is_refused(house):
    with pytest.raises(launch.RunFailed, match="not 1950"):
        house.run((1950,))


@pytest.mark.filterwarnings("ignore:.*include_sources.*")
def test_scorecard_and_warehouse_follow_by_automation(house):
    from formguide.warehouse import query

    automated = {dg.AssetKey([SPORT, "forecast_scorecard"]), dg.AssetKey("warehouse")}

    def asked(cursor=None):
        result = dg.evaluate_automation_conditions(house.definitions, house.instance, cursor=cursor)
        return {r.key for r in result.results if not r.true_subset.is_empty}, result.cursor

    _, cursor = asked()
    house.run()
    first, cursor = asked(cursor)
    assert first == automated
    house.run((), formula1.OVER_ALL_SEASONS | warehouse.WAREHOUSE)
    again, cursor = asked(cursor)
    assert again == set()
    # The warehouse holds a table per asset.
    tables = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'formula1'"
    assert set(query(house.lake, tables)["table_name"]) >= {
        *TABLES,
        "strengths",
        "race_forecasts",
        "season_forecasts",
        "forecast_scorecard",
        "source_files",
    }
    assert house.lake.read_table(SPORT, "forecast_scorecard")["is_sample"].all()
    house.run((2024,))
    assert asked(cursor)[0] == automated


def test_forecasts_are_shown_as_a_table_and_a_picture(made):
    said = {
        name: made.said_of(SPORT, name, partition="2024")
        for name in ("race_forecasts", "season_forecasts", "strengths")
    }
    assert said["race_forecasts"]["forecast"].startswith("| driver | team |")
    picture = said["race_forecasts"]["finishing_positions"]
    assert "data:image/png;base64," in picture and len(picture) > 5000
    assert said["season_forecasts"]["title_odds"].startswith("| kind |")
    assert said["strengths"]["strongest"].startswith("| entity_kind |")


def test_a_season_of_which_nothing_is_known_is_an_empty_one(house):
    house.run((2025,))
    for name in ("race_results", "strengths", "race_forecasts", "season_forecasts"):
        assert house.lake.manifest(SPORT, name, "2025").rows == 0
    alone = dg.AssetSelection.assets([SPORT, "race_forecasts"], [SPORT, "forecast_log"])
    house.run((2025, 2026), alone)
