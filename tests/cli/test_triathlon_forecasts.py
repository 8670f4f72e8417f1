"""`formguide forecast triathlon` and its like, on a small league's lake."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from formguide import schema
from formguide.cli import main
from formguide.cli.base import UsageError
from formguide.cli.triathlon.forecast import _of_athlete
from formguide.lake import Lake
from formguide.triathlon import forecast, issuing, model_file
from formguide.triathlon.tables import RaceResults
from tests.triathlon.leagues import small


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("triathlon")
    place, results = Lake(root), small()
    for (year,), frame in results.partition_by("year", as_dict=True).items():
        rows = frame.select(list(schema.dtypes(RaceResults)))
        place.write_table("triathlon", RaceResults.name, str(year), rows, RaceResults, "x")
    as_of = issuing.day_after(results)
    assert as_of is not None
    fitted = forecast.fit_before(results, "70.3", as_of)
    files = {issuing.MODEL_FILE: model_file.to_json(fitted)}
    place.write_bytes("triathlon", issuing.POSTERIOR, "70.3", files, "x")
    return root


def course() -> str:
    return str(small().filter(pl.col("distance").cast(pl.String) == "70.3")["course"][0])


def test_a_time_an_interval_the_field_and_a_picture(lake, tmp_path, capsys, painted):
    picture = tmp_path / "one.png"
    words = [
        "--distance",
        "70.3",
        "--course",
        course(),
        "--gender",
        "f",
        "--age",
        "37",
        "--picture",
        str(picture),
    ]
    assert main(["forecast", "triathlon", "--lake", str(lake), *words]) == 0
    said = capsys.readouterr().out
    assert "nine times in ten between" in said
    assert "ahead of" in said and "F 35-39" in said
    assert "run" in said and "●" in said
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_an_athlete_of_the_lake_as_json(lake, capsys):
    usable = small().filter(
        pl.col("usable") & (pl.col("distance").cast(pl.String) == "70.3") & ~pl.col("is_pro")
    )
    athlete = str(usable["athlete_id"].mode().sort()[0])
    words = ["--distance", "70.3", "--course", "new", "--athlete", athlete, "--json"]
    assert main(["forecast", "triathlon", "--lake", str(lake), *words]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["athlete_id"] == athlete
    assert answer["course"] is None
    assert answer["earlier_finishes"] == usable.filter(pl.col("athlete_id") == athlete).height
    assert answer["p05_sec"] < answer["p50_sec"] < answer["p95_sec"]
    middles = sum(part["p50_sec"] for part in answer["parts"].values())
    assert middles == pytest.approx(answer["p50_sec"], abs=1)


def test_age_and_gender_are_those_of_the_last_start_before_the_day():
    starts = pl.DataFrame(
        {
            "athlete_id": ["aa01", "aa01"],
            "gender": ["F", "F"],
            "age_group": ["35-39", "40-44"],
            "known_on": [date(2017, 5, 1), date(2018, 5, 1)],
        }
    )
    assert _of_athlete(starts, "aa01", None, None, date(2018, 5, 1)) == ("F", "35-39")
    assert _of_athlete(starts, "aa01", None, None, date(2018, 5, 2)) == ("F", "40-44")
    assert _of_athlete(starts, "aa01", None, "50", date(2018, 5, 2)) == ("F", "50")
    with pytest.raises(UsageError, match="before 2017-05-01"):
        _of_athlete(starts, "aa01", None, None, date(2017, 5, 1))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--course", "new", "--gender", "M", "--age", "40"], "say --distance"),
        (["--distance", "5150", "--course", "new", "--gender", "M", "--age", "40"], "one of 70.3, 140.6"),
        (["--distance", "70.3", "--course", "atlantis", "--gender", "M", "--age", "40"], "no course of 70.3"),
        (["--distance", "70.3", "--course", "new", "--athlete", "nobody"], "nobody in the lake has this id"),
        (
            ["--distance", "70.3", "--course", "new", "--gender", "M", "--age", "40", "--result", "fast"],
            "like 70.3:",
        ),
    ],
)
def test_what_is_asked_wrongly_is_one_line(lake, capsys, words, says):
    assert main(["forecast", "triathlon", "--lake", str(lake), *words]) == 2
    error = capsys.readouterr().err.strip()
    assert says in error and "\n" not in error


def test_an_empty_lake_says_what_to_do(tmp_path, capsys):
    for command in (
        ["forecast", "triathlon"],
        ["backtest", "triathlon"],
        ["triathlon", "reference", "--out", "x"],
    ):
        assert main([*command, "--lake", str(tmp_path)]) == 1
        assert "formguide run triathlon --sample" in capsys.readouterr().err


def test_the_reference_writes_its_files(lake, tmp_path, capsys):
    assert main(["triathlon", "reference", "--lake", str(lake), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "beta_fitness" in said and "coverage" in said and "legacy" in said
    for name in (
        "bayesian_posterior_means.csv",
        "bayesian_predictions_70.3.csv",
        "bayesian_predictions_140.6.csv",
    ):
        assert (tmp_path / "out" / name).is_file()


def test_a_backtest_as_json(lake, capsys):
    words = ["--fit-until", "2016", "--seasons", "2017", "--distance", "70.3", "--json"]
    assert main(["backtest", "triathlon", "--lake", str(lake), *words]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["model"] for row in rows} >= {"formguide", "last race", "course mean"}
    assert all(row["sport"] == "triathlon" for row in rows)
    assert {row["metric"] for row in rows} >= {"mae_min", "r2", "crps_min", "coverage_90", "pit_1"}
