"""Triathlon at the terminal: the seasons taken in, told, and asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from formguide.cli import main
from formguide.triathlon.sample.league import write_sample
from tests.triathlon.pages import line, page


@pytest.fixture(scope="module")
def races(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three years of small fields, without the mark of the sample league (whose scorecard is made too)."""
    folder = tmp_path_factory.mktemp("races") / "triathlon"
    write_sample(folder, seed=2, years=3, field=60)
    (folder / "truth.json").unlink()
    return folder


@pytest.fixture(scope="module")
def made_circuit(tmp_path_factory: pytest.TempPathFactory, races: Path) -> Path:
    """A lake that `formguide run triathlon --from` made of them."""
    lake = tmp_path_factory.mktemp("made-circuit") / "lake"
    assert main(["run", "triathlon", "--from", str(races), "--lake", str(lake)]) == 0
    return lake


@pytest.fixture
def circuit(tmp_path: Path, made_circuit: Path) -> Path:
    """A copy of the made lake, to be changed."""
    return Path(shutil.copytree(made_circuit, tmp_path / "circuit", symlinks=True))


@pytest.mark.slow
def test_run_tells_the_seasons_and_who_is_who_and_carries_over(formguide, races, circuit):
    said = formguide("run", "triathlon", "--from", races, "--lake", circuit)
    assert said.code == 0, said.err
    for part in ("Triathlon: 1,440 starts of", "undated", "Who is who:", "Try next:", "backtest triathlon"):
        assert part in said.out, part
    steps = [row for row in said.err.splitlines() if "carried over" in row]
    assert len(steps) >= 6
    assert all(" 0 computed" in row for row in steps), said.err


@pytest.mark.slow
def test_a_bad_page_does_not_stop_the_others_and_a_race_to_come_is_forecast_and_put_on_record(
    formguide, circuit, tmp_path
):
    races = [tmp_path / "more" / "2017" / f"im703_{name}_2017" for name in ("more", "to_come")]
    for race in races:
        race.mkdir(parents=True)
    (races[0] / "default.tsv").write_bytes(page(line(), line(Bike="two hours")))
    nothing = dict.fromkeys(("Total_Time", "Swim", "T1", "Bike", "T2", "Run", "Status"), "")
    (races[1] / "default.tsv").write_bytes(page(line(**nothing), line(ContactId="b", Name="b", **nothing)))
    (races[1] / "weather-data.json").write_text('{"date": "2017-12-30"}')
    said = formguide("run", "triathlon", "--from", tmp_path / "more", "--lake", circuit)
    assert said.code == 0, said.err
    assert "1 set aside" in said.out
    assert "record 3, field Bike: 'two hours' is not a time (h:mm:ss)" in said.out
    asked = "SELECT total_sec FROM triathlon.race_results WHERE race_id = 'im703_more_2017'"
    answer = formguide("sql", asked, "--format", "csv", "--lake", circuit)
    assert answer.out.split() == ["total_sec", "18000"]
    assert "Races to come" in said.out and "im703_to_come_2017" in said.out
    assert 'sql "SELECT race_id, athlete_id, p05_sec' in said.out
    asked = (
        "SELECT race_id, count(*) AS n, min(p50_sec) > 10000 AS plausible, max(as_of) AS as_of "
        "FROM triathlon.forecast_log GROUP BY race_id"
    )
    (on_record,) = json.loads(formguide("sql", asked, "--format", "json", "--lake", circuit).out)
    assert (on_record["race_id"], on_record["n"], on_record["plausible"]) == ("im703_to_come_2017", 2, True)
    assert on_record["as_of"].startswith("2017-12-30")


def test_a_folder_without_races_says_what_to_do(formguide, tmp_path):
    (tmp_path / "empty").mkdir()
    said = formguide("run", "triathlon", "--from", tmp_path / "empty", "--lake", tmp_path / "lake")
    assert said.code in (1, 2)
    assert said.err.count("\n") == 1
    assert "race results" in said.err or "triathlon" in said.err
