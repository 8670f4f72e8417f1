"""`formguide forecast formula1`: every option changes something, and says so in the document."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from formguide.cli import main
from formguide.formula1 import season_json

NEXT = 4  # the fifth race of the season is the next one
LAST = 5


def races(document):
    return list(document["predictions"].values())


def wins(race):
    return {driver["driver"]: driver["win_probability"] for driver in race["predictions"]}


@pytest.fixture(scope="module")
def plain(made_lake, tmp_path_factory):
    """The forecast that nobody asked anything special of; for reading only."""
    place = tmp_path_factory.mktemp("plain")
    lake = shutil.copytree(made_lake, place / "lake", symlinks=True)
    asked = ["forecast", "formula1", "--lake", str(lake), "--output", str(place / "answer.json")]
    assert main(asked) == 0
    return json.loads((place / "answer.json").read_text())


def test_the_document_fits_its_schema_and_names_every_race(plain):
    season_json.check(plain)
    assert len(plain["predictions"]) == 6
    assert plain["metadata"]["season"] == 2024
    assert plain["metadata"]["sample"] is True
    for race in races(plain):
        assert sum(wins(race).values()) == pytest.approx(1, abs=1e-4)
        assert set(race["scenarios"]) == {"dry", "wet", "safety_car"}
        assert sum(s["probability"] for s in race["scenarios"].values()) == pytest.approx(1, abs=1e-4)
    assert sum(d["title_probability"] for d in plain["season"]["drivers"]) == pytest.approx(1, abs=1e-3)


def test_the_next_race_is_shown(formguide, lake, tmp_path):
    said = formguide("forecast", "formula1", "--lake", lake, "--output", tmp_path / "a.json")
    assert re.search(r"2024 .* Grand Prix, on grid \(as of 2024", said.out)
    assert "6 races: 6 computed, 0 reused" in said.out


def test_without_output_it_is_written_beside_and_without_verbose_there_is_no_log(formguide, lake, tmp_path):
    assert formguide("forecast", "formula1", "--lake", lake).code == 0
    assert (tmp_path / "predictions" / "season_2024.json").is_file()
    assert not (lake / "formguide.log").exists()


def test_a_parquet_file_per_race_lies_beside_the_document(forecast, tmp_path):
    document = forecast(output=tmp_path / "deep" / "mine.json")
    files = sorted((tmp_path / "deep" / "mine").glob("*.parquet"))
    assert [f.stem for f in files] == sorted(race["metadata"]["race_id"] for race in races(document))
    rows = pl.read_parquet(files[0])
    assert set(rows["scenario"]) == {"dry", "wet", "safety_car", "mixed"}


def test_num_simulations(forecast, plain):
    few = forecast("--num-simulations", 50, "--use-bayesian")
    assert few["metadata"]["use_bayesian"] is True
    assert few["metadata"]["num_simulations"] == 50
    assert few["season"]["num_simulations"] == 50
    share = races(few)[LAST]["predictions"][0]["simulated_win_probability"]
    assert share * 50 == pytest.approx(round(share * 50), abs=1e-3)
    assert races(few)[LAST]["head_to_head"] != races(plain)[LAST]["head_to_head"]
    assert wins(races(few)[LAST]) == wins(races(plain)[LAST])


def test_simulated_wins_agree_with_the_exact_ones(forecast):
    race = races(forecast("--num-simulations", 30_000))[LAST]
    for driver in race["predictions"]:
        assert driver["simulated_win_probability"] == pytest.approx(driver["win_probability"], abs=0.01)


def test_use_bayesian(forecast, plain):
    certain = forecast("--no-use-bayesian")
    assert certain["metadata"]["use_bayesian"] is False
    assert max(wins(races(certain)[LAST]).values()) > max(wins(races(plain)[LAST]).values())


def test_use_ml_layer(forecast, plain, monkeypatch):
    from formguide.formula1 import ml_layer

    monkeypatch.setattr(ml_layer.MlLayer, "adjust", lambda self, outlook: -0.1 * outlook.mean)
    layered = forecast("--use-ml-layer")
    assert layered["metadata"]["use_ml_layer"] is True
    assert races(layered)[LAST]["metadata"]["model"] == "strengths+ml"
    assert wins(races(layered)[LAST]) != wins(races(plain)[LAST])


def test_driver_weights(forecast, plain):
    last = races(plain)[LAST]["predictions"][-1]
    weighted = forecast("--driver-weights", json.dumps({last["code"]: 50.0}), "--no-use-ml-layer")
    assert weighted["metadata"]["use_ml_layer"] is False
    assert weighted["metadata"]["hand_weighted"] is True
    assert weighted["metadata"]["driver_weights"] == {last["code"]: 50.0}
    assert wins(races(weighted)[LAST])[last["driver"]] > 10 * last["win_probability"] > 0


def test_team_weights_stay_out_of_lake_and_scorecard(forecast, plain, lake):
    before = {p: p.stat().st_mtime_ns for p in (lake / "formula1").rglob("current.json")}
    team = races(plain)[LAST]["predictions"][-1]["team"]
    weighted = forecast("--team-weights", json.dumps({team: 50.0}))
    assert weighted["metadata"]["team_weights"] == {team: 50.0}

    def of_team(document):
        return sum(d["win_probability"] for d in races(document)[LAST]["predictions"] if d["team"] == team)

    assert of_team(weighted) > 10 * of_team(plain) > 0
    assert {p: p.stat().st_mtime_ns for p in (lake / "formula1").rglob("current.json")} == before


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--driver-weights", '{"VERR": 1.2}', "VERR"),
        ("--team-weights", '{"Red Bul Racing": 1.1}', "did you mean"),
        ("--driver-weights", '{"VER": -1}', "positive"),
        ("--driver-weights", '{"VER": "fast"}', "positive"),
        ("--driver-weights", "[1]", "names with positive numbers"),
        ("--team-weights", "{oops", "not JSON"),
        ("--scenarios", "sunny", "sunny"),
        ("--p-wet", "1.5", "1.5"),
        ("--num-simulations", "0", "0"),
        ("--moment", "yesterday", "yesterday"),
        ("--as-of", "soon", "soon"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(formguide, lake, option, value, says):
    said = formguide("forecast", "formula1", "--lake", lake, option, value)
    assert said.code == 2
    assert says in said.err
    assert said.err.strip().count("\n") == 0


def test_the_names_of_the_real_sport_are_understood(formguide, lake, tmp_path):
    said = formguide(
        "forecast", "formula1", "--lake", lake, "--output", tmp_path / "a.json",
        "--driver-weights", '{"VER":1.20,"NOR":1.35,"PIA":1.30,"LEC":1.25,"HAM":1.15,"RUS":1.10,"SAI":1.20,'
        '"ALO":1.15,"STR":1.00,"GAS":1.05,"OCO":1.05,"ALB":1.00,"TSU":1.00,"HUL":1.00,"LAW":0.95,"HAD":0.95,'
        '"ANT":0.90,"BEA":0.90,"BOR":0.90,"COL":0.90}',
        "--team-weights", '{"McLaren-Mercedes":1.35,"Red Bull Racing":1.15,"Ferrari":1.10,"Mercedes":1.05,'
        '"Aston Martin":1.00,"Alpine":0.95,"Williams":0.90,"Sauber":0.85,"Racing Bulls":0.85,"Haas":0.80}',
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "Hand-weighted" in said.out


def test_scenarios_one_after_the_other(forecast):
    two = forecast("--scenarios", "dry", "wet", "--num-simulations", 100)
    assert two["metadata"]["scenarios"] == ["dry", "wet"]
    assert set(races(two)[LAST]["scenarios"]) == {"dry", "wet"}
    for race in races(two):
        assert sum(s["probability"] for s in race["scenarios"].values()) == pytest.approx(1, abs=1e-4)


def test_one_scenario_is_the_whole_forecast(forecast):
    wet = races(forecast("--scenarios", "wet"))[LAST]
    assert wet["scenarios"]["wet"]["probability"] == 1
    assert [d["win_probability"] for d in wet["predictions"]] == [
        d["win_probability"] for d in wet["scenarios"]["wet"]["predictions"]
    ]


def test_p_wet(forecast, plain):
    soaked = forecast("--p-wet", 0.9)
    assert soaked["metadata"]["p_wet"] == 0.9
    assert races(soaked)[LAST]["scenarios"]["wet"]["probability"] == pytest.approx(0.9)
    assert wins(races(soaked)[LAST]) != wins(races(plain)[LAST])
    assert plain["metadata"]["p_wet"] is None


def test_race_by_name_id_or_round(forecast, plain):
    (name, race) = list(plain["predictions"].items())[LAST]
    for asked in (name, race["metadata"]["race_id"], race["metadata"]["round"]):
        assert list(forecast("--race", asked)["predictions"]) == [name]


def test_a_race_that_is_not_there_is_named_with_those_that_are(formguide, lake):
    said = formguide("forecast", "formula1", "--lake", lake, "--race", "Atlantis")
    assert said.code == 1
    assert "Atlantis" in said.err
    assert "Grand Prix" in said.err


def test_moment(forecast, plain):
    before = forecast("--moment", "before_weekend")
    assert {race["metadata"]["moment"] for race in races(before)} == {"before_weekend"}
    assert {race["metadata"]["grid_from"] for race in races(before)} == {"expected"}
    assert races(plain)[0]["metadata"]["moment"] == "on_grid"
    late = forecast("--moment", "on_grid")
    assert len(late["predictions"]) == 5
    assert "on_grid has not come" in next(iter(late["metadata"]["not_forecast"].values()))
    assert late["metadata"]["training_history"][-1]["races_failed"] == 1


def test_as_of(forecast, plain):
    """On the eve of the second race: the first is known, the second's qualifying too, and nothing later."""
    second = races(plain)[1]["metadata"]
    then = forecast("--as-of", second["as_of"][:10])
    assert then["metadata"]["as_of"].startswith(second["as_of"][:10])
    moments = [(race["metadata"]["moment"], race["metadata"]["grid_from"]) for race in races(then)]
    assert moments == [("on_grid", "grid"), ("on_grid", "qualifying")] + 4 * [("before_weekend", "expected")]
    assert then["season"]["after_round"] == 1
    leader, *_ = then["season"]["drivers"]
    assert leader["points_now"] <= 25 + 8  # a race and a sprint
    assert leader["expected_points"] > leader["points_now"] + 40  # five races are to come


def test_season_and_as_of_a_day_of_it(forecast):
    earlier = forecast("--season", 2023)
    assert earlier["metadata"]["season"] == 2023
    assert {race["metadata"]["race_id"][:4] for race in races(earlier)} == {"2023"}
    then = forecast("--as-of", races(earlier)[2]["metadata"]["as_of"][:10])
    assert then["metadata"]["season"] == 2023
    assert then["season"]["after_round"] == 3


def test_as_of_knows_what_was_known_then(forecast, plain):
    (name, race) = list(plain["predictions"].items())[1]
    day = race["metadata"]["as_of"][:19]
    then = forecast("--as-of", day)
    assert wins(then["predictions"][name]) == wins(race)


def test_a_season_that_is_not_there(formguide, lake):
    said = formguide("forecast", "formula1", "--lake", lake, "--season", 1999)
    assert (said.code, "2023 to 2024" in said.err) == (1, True)


def test_incremental_update_takes_over_what_has_not_changed_and_the_history_grows(forecast):
    first = forecast()
    again = forecast("--incremental-update")
    assert (again["metadata"]["races_computed"], again["metadata"]["races_reused"]) == (0, 6)
    assert again["predictions"] == first["predictions"]
    other = forecast("--incremental-update", "--p-wet", 0.5, "--num-simulations", 10)
    assert other["metadata"]["races_reused"] == 0
    history = other["metadata"]["training_history"]
    assert [h["configuration"]["num_simulations"] for h in history] == [5000, 5000, 10]
    assert all(h["duration_sec"] > 0 and h["races_processed"] == 6 for h in history)
    assert len({h["data_hash"] for h in history}) == 1
    assert history[0]["timestamp"] < history[1]["timestamp"] < history[2]["timestamp"]
    anew = forecast("--num-simulations", 10)
    assert (anew["metadata"]["races_computed"], anew["metadata"]["races_reused"]) == (6, 0)


@pytest.fixture
def folder(tmp_path, league):
    """A copy of the league's files, to be changed."""
    return Path(shutil.copytree(league, tmp_path / "files"))


def result_file(folder, number):
    (race,) = (folder / "f1db" / "seasons" / "2024" / "races").glob(f"{number:02}-*")
    return race / "race-results.yml"


def correct(file):
    """The third and the fourth change places."""
    records = re.split(r"(?m)^(?=- position:)", file.read_text())
    third, fourth = (
        records[4].replace("position: 4", "position: 3", 1),
        records[3].replace("position: 3", "position: 4", 1),
    )
    file.write_text("".join([*records[:3], third, fourth, *records[5:]]))


def test_train_data_is_taken_in_and_only_what_changed_is_made_again(forecast, folder):
    first = forecast("--train-data", folder)
    correct(result_file(folder, 3))
    second = forecast("--train-data", folder, "--incremental-update")
    assert second["metadata"]["races_reused"] == 3
    assert second["metadata"]["races_computed"] == 3
    training = second["metadata"]["training_history"][-1]
    assert training["strengths_computed"] == 2
    assert training["data_hash"] != first["metadata"]["training_history"][-1]["data_hash"]


def test_force_retrain_carries_nothing_over(forecast):
    first = forecast("--incremental-update")
    kept = first["metadata"]["training_history"][-1]
    assert (kept["strengths_computed"], kept["strengths_carried_over"]) == (0, 10)
    forced = forecast("--incremental-update", "--force-retrain")
    training = forced["metadata"]["training_history"][-1]
    assert (training["strengths_computed"], training["strengths_carried_over"]) == (10, 0)
    assert training["races_reused"] == 0
    assert forced["predictions"] == first["predictions"]


def test_verbose_keeps_a_log(formguide, lake, tmp_path):
    said = formguide("forecast", "formula1", "--lake", lake, "--output", tmp_path / "a.json", "--verbose")
    assert "logging to" in said.err
    assert "answered" in (lake / "formguide.log").read_text()


def test_a_file_that_is_something_else_is_not_overwritten(formguide, lake, tmp_path):
    output = tmp_path / "notes.json"
    output.write_text('{"mine": 1}')
    said = formguide("forecast", "formula1", "--lake", lake, "--output", output)
    assert said.code == 1
    assert "not written by this command" in said.err
    assert output.read_text() == '{"mine": 1}'


def test_watching_wants_a_folder(formguide, lake):
    assert formguide("forecast", "formula1", "--lake", lake, "--watch-folder").code == 2
    said = formguide("forecast", "formula1", "--lake", lake, "--train-data", "nowhere")
    assert (said.code, "no such folder" in said.err) == (1, True)


def test_watch_folder_forecasts_again_and_ends_cleanly_on_ctrl_c(lake, folder, tmp_path):
    output = tmp_path / "watched.json"
    command = [sys.executable, "-m", "formguide.cli", "forecast", "formula1", "--lake", str(lake)]
    command += [
        "--train-data",
        str(folder),
        "--output",
        str(output),
        "--watch-folder",
        "--num-simulations",
        "10",
    ]
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as watcher:
        try:
            assert watcher.stderr is not None
            for line in watcher.stderr:
                if line.startswith("Watching"):
                    break
            correct(result_file(folder, 3))
            trained = wait_for(
                lambda: len(json.loads(output.read_text())["metadata"]["training_history"]) == 2
            )
            watcher.send_signal(signal.SIGINT)
            assert watcher.wait(timeout=60) == 0
            rest = watcher.stderr.read()
        finally:
            watcher.kill()
    assert trained
    assert "Stopped watching" in rest
    assert "Traceback" not in rest
    last = json.loads(output.read_text())["metadata"]
    assert (last["races_reused"], last["races_computed"]) == (3, 3)


def wait_for(happened, timeout_sec=120.0):
    until = time.monotonic() + timeout_sec
    while time.monotonic() < until:
        if happened():
            return True
        time.sleep(0.2)
    return False
