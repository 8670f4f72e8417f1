"""The other commands, their help, their errors and their exit codes."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import shutil
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest

from assets import launch
from formguide import fetch
from formguide.cli.base import LOG, Sport
from formguide.formula1 import incremental
from formguide.lake import Lake

BY_SPORT = ("forecast", "backtest", "pull")
COMMANDS = (
    *(["run"], ["sql"], ["ui"], ["streak"], ["day"]),
    *([command] for command in BY_SPORT),
    *([command, sport.value] for command in BY_SPORT[:2] for sport in Sport),
    *(["pull", sport] for sport in ("formula1", "baseball")),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_says_what_a_command_does(formguide, command):
    said = formguide(*command, "--help")
    assert said.code == 0
    assert "Usage" in said.out
    assert len(said.out) > 200


def test_help_without_a_command(formguide):
    said = formguide("--help")
    assert said.code == 0
    assert "run --sample" in said.out
    assert formguide().code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["dance"],
        ["run", "--sideways"],
        ["run", "cricket"],
        ["run", "--sample", "--from", "."],
        ["run", "--seasons", "then"],
        ["run", "--seasons", "2025-2023"],
        ["pull", "formula1"],
        ["sql"],
        ["sql", "SELECT 1", "--format", "xml"],
    ],
    ids=" ".join,
)
def test_a_wrong_question_is_exit_code_2_and_one_line(formguide, arguments, tmp_path):
    said = formguide(*arguments, *(["--lake", tmp_path / "lake"] if arguments[0] == "run" else []))
    assert said.code == 2
    assert said.err.startswith("formguide: ")
    assert said.err.count("\n") == 1
    assert said.out == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--from", "nowhere"], "no such folder"),
        (["run"], "try formguide run --sample"),
        (["sql", "SELECT 1"], "no warehouse"),
        (["backtest"], "formguide run"),
    ],
)
def test_a_failure_is_exit_code_1_and_one_line_that_says_what_to_do(formguide, tmp_path, arguments, says):
    said = formguide(*arguments, "--lake", tmp_path / "lake")
    assert said.code == 1
    assert says in said.err
    assert said.err.strip().splitlines()[-1].startswith("formguide: ")
    assert "Traceback" not in said.err


def test_a_lake_that_is_a_file(formguide, tmp_path):
    (tmp_path / "file").write_text("")
    said = formguide("sql", "SELECT 1", "--lake", tmp_path / "file")
    assert (said.code, "a lake is a folder" in said.err) == (1, True)


def test_even_our_own_mistakes_are_one_line(formguide, monkeypatch, lake):
    from formguide import warehouse

    def broken(*_, **__):
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr(warehouse, "query", broken)
    said = formguide("sql", "SELECT 1", "--lake", lake)
    assert said.code == 1
    # This command has no --verbose: it is not sent there.
    assert said.err == "formguide: ZeroDivisionError: by zero (a mistake of ours, not of yours)\n"


def test_the_log_of_a_failure_shows_where(formguide, monkeypatch, lake, tmp_path):
    from formguide.formula1 import asked

    def broken(*_, **__):
        raise ZeroDivisionError("here")

    monkeypatch.setattr(asked, "answer", broken)
    log = tmp_path / "logs" / "mine.log"
    assert formguide("forecast", "formula1", "--lake", lake, "--verbose", "--log-file", log).code == 1
    assert "Traceback" in log.read_text()


@pytest.fixture(autouse=True)
def no_log_files_left():
    """Commands run in this process: what one logs to is not the next one's business."""
    yield
    for handler in [h for h in LOG.handlers if isinstance(h, logging.FileHandler)]:
        handler.close()
        LOG.removeHandler(handler)


def test_run_shows_the_headline_and_keeps_its_history_in_the_lake(formguide, league, lake, homes):
    said = formguide("run", "--from", league, "--lake", lake)
    assert said.code == 0
    assert "0 computed, 10 carried over" in said.err
    for part in ("Grand Prix, on grid", "title odds, drivers", "Scores before weekend", "Try next:"):
        assert part in said.out
    assert len(re.findall(r"(?m)^  formguide (forecast|sql|ui)", said.out)) == 3
    assert f"--lake {lake}" in said.out
    assert "sample league" in said.out
    assert homes[-1] == lake / ".dagster"  # what `instance_in` makes of it, the assets' tests say


def test_run_sample_makes_its_own_league(formguide, tmp_path, monkeypatch):
    from formguide.formula1 import sample

    write_sample = sample.write_sample
    monkeypatch.setattr(
        sample, "write_sample", lambda folder: write_sample(folder, seasons=1, races=4, rounds_run=2)
    )
    said = formguide("run", "formula1", "--sample", "--lake", tmp_path / "lake")
    assert said.code == 0, said.err
    assert "This is the sample league" in said.out
    assert formguide("sql", "FROM formula1.race_calendar", "--lake", tmp_path / "lake").out.count("2022") >= 4


def test_what_lies_in_the_inbox_is_taken_in_and_only_some_seasons_of_it(formguide, league, tmp_path):
    shutil.copytree(league / "f1db" / "seasons", tmp_path / "lake" / "inbox" / "formula1")
    said = formguide("run", "--seasons", "2023", "--lake", tmp_path / "lake")
    assert said.code == 0, said.err
    assert "seasons 2023 to 2023" in said.err
    assert [p.name for p in (tmp_path / "lake" / "formula1" / "race_results").iterdir()] == ["season=2023"]
    none = formguide("run", "--seasons", "2019", "--lake", tmp_path / "lake")
    assert (none.code, "2023 to 2024" in none.err) == (1, True)


def test_the_sample_and_real_seasons_never_share_a_lake(formguide, lake, league, tmp_path):
    (race,) = (league / "f1db" / "seasons" / "2024" / "races").glob("01-*")
    real = tmp_path / "real"
    shutil.copytree(race, real / "2024" / "races" / race.name)
    said = formguide("run", "--from", real, "--lake", lake)
    assert (said.code, "sample league" in said.err) == (1, True)
    other = tmp_path / "other"
    incremental.make_source_files(Lake(other), [2024], [real])
    said = formguide("run", "--sample", "--lake", other)
    assert (said.code, "real seasons" in said.err) == (1, True)


def test_the_lake_of_the_environment(formguide, lake, monkeypatch):
    monkeypatch.setenv("FORMGUIDE_LAKE", str(lake))
    assert formguide(
        "sql", "SELECT count(*) AS races FROM formula1.race_calendar", "--format", "csv"
    ).out == ("races\n12\n")


def test_sql_formats(formguide, lake):
    query = "SELECT season, count(*) AS races FROM formula1.race_calendar GROUP BY ALL ORDER BY ALL"
    as_csv = formguide("sql", query, "--format", "csv", "--lake", lake).out
    assert list(csv.DictReader(io.StringIO(as_csv))) == [
        {"season": "2023", "races": "6"},
        {"season": "2024", "races": "6"},
    ]
    as_json = json.loads(formguide("sql", query, "--format", "json", "--lake", lake).out)
    assert as_json == [{"season": 2023, "races": 6}, {"season": 2024, "races": 6}]
    assert "(2 rows)" in formguide("sql", query, "--lake", lake).out


def test_sql_is_shut_in(formguide, lake):
    for query in ("DROP TABLE formula1.race_results", "SELECT * FROM read_csv('/etc/passwd')", "not sql"):
        said = formguide("sql", query, "--lake", lake)
        assert said.code == 1
        assert said.err.count("\n") == 1


def test_sql_gives_up(formguide, lake):
    endless = "SELECT count(*) FROM range(100000000000) a, range(1000) b"
    said = formguide("sql", endless, "--timeout", "0.2", "--lake", lake)
    assert (said.code, "0.2 s" in said.err) == (1, True)


def test_backtest_prints_every_baseline_and_json_rows(formguide, lake):
    said = formguide("backtest", "formula1", "--lake", lake, "--no-ml-layer")
    assert said.code == 0, said.err
    for model in ("formguide", "grid", "championship", "elo", "grid_strength"):
        assert model in said.out
    rows = json.loads(formguide("backtest", "--json", "--no-ml-layer", "--lake", lake).out)
    keys = {"sport", "task", "model", "season", "n", "metric", "value", "standard_error"}
    assert all(keys <= row.keys() for row in rows)
    assert {row["season"] for row in rows} == {"2024"}
    assert {row["task"] for row in rows} == {
        "before_weekend",
        "after_practice",
        "after_qualifying",
        "on_grid",
    }


def test_backtest_in_full_prints_every_metric_and_season(formguide, lake):
    arguments = ("backtest", "--no-ml-layer", "--seasons", "2023-2024", "--lake", lake)
    short, full = formguide(*arguments).out, formguide(*arguments, "--full").out
    assert "position_rps" in full
    assert "position_rps" not in short
    assert "seasons 2023 " in full
    assert "seasons 2023-2024" in short


@pytest.mark.parametrize("seasons", [["2023", "2024"], ["2023-2024"], ["2023,2024"]], ids=" ".join)
def test_backtest_takes_seasons_in_every_form(formguide, lake, seasons):
    rows = json.loads(
        formguide("backtest", "--json", "--no-ml-layer", "--seasons", *seasons, "--lake", lake).out
    )
    assert {row["season"] for row in rows} == {"2023", "2024", "2023-2024"}


def test_backtest_scores_the_ml_layer_too(formguide, lake):
    rows = json.loads(formguide("backtest", "--json", "--lake", lake).out)
    assert "formguide+ml" in {row["model"] for row in rows}


def test_pull_puts_bodies_into_the_inbox(formguide, loopback, reply, monkeypatch, tmp_path):
    race = {
        "season": "2025", "round": "1", "raceName": "Test Grand Prix",
        "date": "2025-03-16", "time": "04:00:00Z",
        "Circuit": {"circuitId": "albert_park", "circuitName": "Albert Park", "Location": {}},
        "Qualifying": {"date": "2025-03-15", "time": "05:00:00Z"},
    }  # fmt: skip

    def page(**listing):
        body = {"limit": "100", "offset": "0", "total": str(len(listing.get("records", [race])))}
        races = [{**race, **listing.get("section", {})}]
        table = {"season": "2025", "Races": races} | ({"round": "1"} if listing.get("section") else {})
        return reply(json.dumps({"MRData": {**body, "RaceTable": table}}).encode())

    loopback.serve("/robots.txt", reply(b"User-agent: *\nAllow: /\n"))
    loopback.serve("/ergast/f1/2025.json?limit=100", page())
    for what, key in (("results", "Results"), ("qualifying", "QualifyingResults"), ("pitstops", "PitStops")):
        loopback.serve(
            f"/ergast/f1/2025/1/{what}.json?limit=100", page(section={key: [{"number": "1"}]}, records=[1])
        )
    monkeypatch.setenv("FORMGUIDE_BASE_URLS", f"https://api.jolpi.ca={loopback.url}")
    said = formguide("pull", "formula1", "--season", 2025, "--round", 1, "--lake", tmp_path / "lake")
    assert said.code == 0, said.err
    assert "4 files new or changed" in said.out
    assert len(list((tmp_path / "lake" / "inbox" / "formula1" / "jolpica").iterdir())) == 4
    unknown = formguide("pull", "formula1", "--season", 2025, "--round", 9, "--lake", tmp_path / "lake")
    assert (unknown.code, "no round 9" in unknown.err) == (1, True)


def test_pull_without_a_network_says_so(formguide, monkeypatch, tmp_path):
    monkeypatch.setenv("FORMGUIDE_BASE_URLS", "https://api.jolpi.ca=http://127.0.0.1:9")
    # By the constructor: its default is the sleep of when the class was made.
    restless = partialmethod(fetch.Fetcher.__init__, sleep=lambda _: None)
    monkeypatch.setattr(fetch.Fetcher, "__init__", restless)
    said = formguide("pull", "--season", 2025, "--lake", tmp_path / "lake")
    assert said.code == 1
    assert said.err.count("\n") == 1


def test_ui_starts_dagster_on_the_lake(formguide, lake, monkeypatch):
    import os

    started: dict[str, Any] = {}

    def execve(program, arguments, environment):
        started.update(program=program, arguments=arguments, environment=environment)

    monkeypatch.setattr(os, "execve", execve)
    said = formguide("ui", "--port", 3456, "--host", "0.0.0.0", "--lake", lake)
    assert said.code == 0
    assert started["arguments"][1:] == ["dev", "--port", "3456", "--host", "0.0.0.0"]
    assert started["environment"]["FORMGUIDE_LAKE"] == str(lake)
    home = Path(started["environment"]["DAGSTER_HOME"])
    assert (home / "dagster.yaml").read_bytes() == launch.SETTINGS.read_bytes()
    assert home == lake / ".dagster"
    assert "http://0.0.0.0:3456" in said.err
