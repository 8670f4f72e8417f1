"""Track and field at the terminal: a folder of careers taken all the way, scored, asked and refused."""

from __future__ import annotations

import io
import json
import re
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from formguide.cli import main
from tests.track.career_files import career, careers, put, result


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Careers of six seasons, one row of which cannot be read."""
    folder = tmp_path_factory.mktemp("track") / "files"
    bad = career(99, [result("2021-06-01", "11.x")])
    return put(folder, {**careers(), "openath_athletes/99.json": bad})


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory, files: Path) -> tuple[Path, str, str]:
    """A lake that `formguide run --from` made of them, with what was said (stdout, stderr)."""
    lake = tmp_path_factory.mktemp("taken-in") / "lake"
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        assert main(["run", "--from", str(files), "--lake", str(lake)]) == 0, err.getvalue()
    return lake, out.getvalue(), err.getvalue()


@pytest.fixture
def track_lake(tmp_path: Path, taken_in: tuple[Path, str, str]) -> Path:
    """A copy, to be changed."""
    return Path(shutil.copytree(taken_in[0], tmp_path / "lake", symlinks=True))


def test_a_folder_is_taken_all_the_way_and_shown(taken_in):
    _, out, err = taken_in
    assert "track, seasons 2016 to 2021" in err
    for step in ("performances of every source", "windows over the seasons", "the coming seasons' peaks"):
        assert f" {step} " in err
    assert "formula1" not in err  # no file of another sport is there
    for part in (
        "Marks by source",
        "The best to come, as of 2021-07-13",
        "32 forecasts of 32 athletes",
        "Set aside: openath_athletes/99.json, record 1, field mark: '11.x'",
        "formguide forecast track",
    ):
        assert part in out, part
    assert re.search(r"openath +32 +576 +yes", out)
    assert "sample league" not in out


@pytest.mark.slow
def test_the_backtest_prints_the_scorecard_with_baselines(formguide, track_lake):
    said = formguide("backtest", "track", "--lake", track_lake)
    assert said.code == 0, said.err
    assert "Elite careers (Open Athletics), seasons 2020 to 2021" in said.out
    for word in ("default", "last", "best", "linear", "coverage_80", "sprints", "clustered by athlete"):
        assert word in said.out, word
    rows = json.loads(formguide("backtest", "track", "--json", "--lake", track_lake).out)
    assert {(row["sport"], row["season"]) for row in rows} == {("track", "2020-2021")}
    errors = {row["model"]: row for row in rows if (row["metric"], row["event_group"]) == ("mae_pct", "all")}
    ours = errors["formguide"]
    assert {row["n"] for row in errors.values()} == {64}
    assert 0 < ours["standard_error"] < ours["value"]
    assert ours["ships"] in errors and errors["last"]["ships"] is None
    assert ours["difference"] == pytest.approx(ours["value"] - errors["linear"]["value"])


@pytest.mark.slow
def test_the_backtest_in_full_and_of_some_seasons(formguide, track_lake):
    assert "mae_sec" in formguide("backtest", "track", "--full", "--lake", track_lake).out
    said = formguide("backtest", "track", "--seasons", "2021", "--json", "--lake", track_lake)
    assert {row["season"] for row in json.loads(said.out)} == {"2021"}
    said = formguide("backtest", "track", "--seasons", "2017", "--lake", track_lake)
    assert (said.code, "2020 to 2021 only" in said.err) == (1, True)


def test_a_lake_without_marks_says_what_to_do(formguide, tmp_path):
    said = formguide("backtest", "track", "--lake", tmp_path / "lake")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "formguide run track --sample" in said.err
    said = formguide("run", "track", "--lake", tmp_path / "lake")
    assert (said.code, "pull track --urls urls.csv" in said.err) == (1, True)


@pytest.mark.slow
def test_a_few_marks_are_taken_in_and_nothing_is_forecast(formguide, tmp_path):
    """Too little to learn from is no failure; dates of years to come are left out, and said to be."""
    rows = [result("2020-06-01", "12.10"), result("2021-06-01", "12.00"), result("2099-06-01", "11.00")]
    put(tmp_path / "few", {"openath_athletes/1.json": career(1, rows)})
    said = formguide("run", "track", "--from", tmp_path / "few", "--lake", tmp_path / "lake")
    assert said.code == 0, said.err
    assert "seasons 2099 are left out" in said.err
    assert "Nobody's peak can be forecast yet" in said.out
    said = formguide("backtest", "track", "--lake", tmp_path / "lake")
    assert (said.code, "too little history" in said.err) == (1, True)


def test_what_was_made_can_be_asked_in_sql(formguide, track_lake):
    query = "SELECT count(*) AS n, count(DISTINCT athlete_id) AS athletes FROM track.performances"
    said = formguide("sql", query, "--format", "csv", "--lake", track_lake)
    assert said.out == "n,athletes\n576,32\n"
    said = formguide("sql", "SELECT count(*) AS n FROM track.peak_forecasts", "--lake", track_lake)
    assert "32" in said.out


@pytest.mark.slow
def test_the_sample_league_is_scraped_and_goes_all_the_way(formguide, tmp_path):
    lake = tmp_path / "lake"
    said = formguide("run", "track", "--sample", "--lake", lake)
    assert said.code == 0, said.err
    assert "This is the sample league" in said.out
    assert "College careers (TFRRS), seasons 2023 to 2024" in said.out
    before = formguide("sql", "SELECT count(*) FROM contents", "--format", "csv", "--lake", lake).out
    again = formguide("run", "track", "--sample", "--lake", lake)
    assert again.code == 0, again.err
    steps = [line for line in again.err.splitlines() if "computed" in line]
    assert steps and all(" 0 computed" in line for line in steps)
    assert formguide("sql", "SELECT count(*) FROM contents", "--format", "csv", "--lake", lake).out == before
    said = formguide(
        "run", "track", "--from", tmp_path / "lake" / "cache" / "sample-league" / "track", "--lake", lake
    )
    assert said.code == 0, said.err
