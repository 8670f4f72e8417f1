"""Triathlon at the terminal: the seasons taken in, told, and asked."""

from __future__ import annotations

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
def test_a_bad_page_is_told_and_does_not_stop_the_others(formguide, circuit, tmp_path):
    race = tmp_path / "more" / "2017" / "im703_more_2017"
    race.mkdir(parents=True)
    (race / "default.tsv").write_bytes(page(line(), line(Bike="two hours")))
    said = formguide("run", "triathlon", "--from", tmp_path / "more", "--lake", circuit)
    assert said.code == 0, said.err
    assert "1 set aside" in said.out
    assert "record 3, field Bike: 'two hours' is not a time (h:mm:ss)" in said.out
    asked = "SELECT total_sec FROM triathlon.race_results WHERE race_id = 'im703_more_2017'"
    answer = formguide("sql", asked, "--format", "csv", "--lake", circuit)
    assert answer.out.split() == ["total_sec", "18000"]


def test_a_folder_without_races_says_what_to_do(formguide, tmp_path):
    (tmp_path / "empty").mkdir()
    said = formguide("run", "triathlon", "--from", tmp_path / "empty", "--lake", tmp_path / "lake")
    assert said.code in (1, 2)
    assert said.err.count("\n") == 1
    assert "race results" in said.err or "triathlon" in said.err
