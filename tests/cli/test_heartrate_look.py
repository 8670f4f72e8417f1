"""The gallery, the report, pictures and animations as commands."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import typer

from formguide.cli.base import CommandError, UsageError
from formguide.cli.heartrate.look import heartrate_app
from formguide.heartrate.feature_table import WorkoutFeatures, feature_rows
from formguide.heartrate.forecast_tables import BacktestScores, ForecastScorecard, HeartRateForecasts
from formguide.heartrate.sequences import recorded
from formguide.heartrate.tables import SPORT, QualityFindings, Samples, Workouts, as_table
from formguide.lake import Lake
from tests.heartrate.invented_workouts import invented

GIVEN = "speed that was run"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten workouts with their features, forecasts, scores by kind, and a scorecard."""
    made = invented(10)
    lake = Lake(tmp_path_factory.mktemp("looked") / "lake")
    for table, rows in ((Workouts, made.workouts), (Samples, made.samples), (QualityFindings, made.findings)):
        lake.write_table(SPORT, table.name, "202103", rows, table, "test")
    features = feature_rows(recorded(made.workouts, made.samples))
    lake.write_table(SPORT, WorkoutFeatures.name, "202103", features, WorkoutFeatures, "test")
    forecasts, scores = [], []
    for place, row in enumerate(made.workouts.iter_rows(named=True)):
        t = np.arange(0, int(row["duration_sec"]) + 1, 5)
        frame = pl.DataFrame({"t_sec": t, "distance_m": t * 3.0}).with_columns(
            p10_bpm=pl.lit(130.0), p50_bpm=pl.lit(140.0), p90_bpm=pl.lit(150.0), model=pl.lit("formguide"),
            workout_id=pl.lit(row["workout_id"]), given=pl.lit(GIVEN), month=pl.lit(202103),
            user_id=pl.lit(row["user_id"]), as_of=pl.lit(row["started_at"]), earlier_workouts=pl.lit(place),
        )  # fmt: skip
        forecasts.append(as_table(frame, HeartRateForecasts))
        scores.append({
            "task": "walk forward", "population": "real", "given": GIVEN, "training": "as recorded",
            "scored": "as recorded", "model": "formguide", "workout_id": row["workout_id"], "minute": 0,
            "user_id": row["user_id"], "kind": ("recovery", "steady", "intensive")[place % 3],
            "kind_by_heart_rate": "steady", "earlier_workouts": place, "seconds": 60, "error_sum_bpm": 60.0,
            "absolute_error_sum_bpm": 60.0, "squared_error_sum": 60.0, "inside": 60, "width_sum_bpm": 1200.0,
        })  # fmt: skip
    card = [
        {"task": "last block", "population": "real", "given": GIVEN, "training": "as recorded",
         "scored": "as recorded", "model": model, "by": "minute", "group": str(minute), "metric": "mae_bpm",
         "is_sample": True, "n_workouts": 3, "n_users": 2, "n_seconds": 180, "value": 6.0 + minute,
         "standard_error": 1.0, "difference": None, "difference_se": None, "difference_t": None}
        for model in ("formguide", "ridge")
        for minute in range(3)
    ]  # fmt: skip
    lake.write_table(
        SPORT, HeartRateForecasts.name, "202103", pl.concat(forecasts), HeartRateForecasts, "test"
    )
    scored = as_table(pl.DataFrame(scores), BacktestScores)
    lake.write_table(SPORT, BacktestScores.name, None, scored, BacktestScores, "test")
    said = as_table(pl.DataFrame(card), ForecastScorecard)
    lake.write_table(SPORT, ForecastScorecard.name, None, said, ForecastScorecard, "test")
    return Path(str(lake.root))


@pytest.fixture(autouse=True)
def every_picture(painted: None) -> None:
    """Here they are what is asked for."""


def look(*words: object) -> None:
    typer.main.get_command(heartrate_app).main([str(word) for word in words], standalone_mode=False)


def test_gallery_and_report(lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    look("gallery", "--lake", lake, "--out", tmp_path / "new" / "g.html", "--most", 4, "--title", "Ours")
    page = (tmp_path / "new" / "g.html").read_text("utf-8")
    assert "<title>Ours</title>" in page and "The newest 4 of 10 workouts." in page
    look("report", "--lake", lake, "--out", tmp_path / "r.html")
    assert "<b>10</b> workouts of 2 users" in (tmp_path / "r.html").read_text("utf-8")
    told = capsys.readouterr().out
    assert "10 workouts, 90.0 % that models may learn from" in told and "heart_rate_range" in told
    assert "r.html" in told and "kB" in told


@pytest.mark.parametrize(
    "what",
    ["several", "minutes", *(pytest.param(p, marks=pytest.mark.slow) for p in ("residuals", "correlations"))],
)
def test_each_picture(lake: Path, tmp_path: Path, what: str) -> None:
    fewer = ["--last", 2] if what in ("several", "residuals") else []
    look("picture", what, *fewer, "--lake", lake, "--out", tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_a_workout_by_its_name(lake: Path, tmp_path: Path) -> None:
    first, second = invented(10).workouts["workout_id"].head(2)
    for name, target in ((first, "a.png"), (second, "b.png")):
        look("picture", "forecast", "--workout", name, "--lake", lake, "--out", tmp_path / target)
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_animations(lake: Path, tmp_path: Path) -> None:
    look("animate", "--lake", lake, "--out", tmp_path / "one.gif", "--frames", 3)
    look("animate", "--kinds", "--lake", lake, "--out", tmp_path / "kinds.gif", "--frames", 3)
    one, kinds = (tmp_path / "one.gif").read_bytes(), (tmp_path / "kinds.gif").read_bytes()
    assert one[:6] == kinds[:6] == b"GIF89a" and one != kinds


def test_what_is_handed_on(lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    look("export", "model", "--lake", lake, "--out", tmp_path / "model", "--user", "bo")
    assert (tmp_path / "model" / "model.safetensors").is_file()
    named = ("--title", "Ours", "--license", "odbl")
    look("export", "dataset", "--lake", lake, "--out", tmp_path / "data", *named)
    card = (tmp_path / "data" / "README.md").read_text("utf-8")
    assert "# Ours" in card and "license: odbl" in card
    for expected, words in (
        (
            "no run of nobody",
            ("export", "model", "--user", "nobody", "--lake", lake, "--out", tmp_path / "m"),
        ),
        (
            "HF_TOKEN is not set",
            ("export", "dataset", "--upload", "a/b", "--lake", lake, "--out", tmp_path / "d"),
        ),
        ("holds no model", ("demo", "--model", tmp_path / "d", "--lake", lake)),
    ):
        with pytest.raises(CommandError, match=expected):
            look(*words)


def test_what_cannot_be_is_one_line(lake: Path, tmp_path: Path) -> None:
    png, gif = tmp_path / "p.png", tmp_path / "a.gif"
    for expected, words in (
        ("holds no workouts", ("gallery", "--lake", tmp_path / "empty", "--out", png)),
        ("given the route only", ("picture", "several", "--given", "route", "--lake", lake, "--out", png)),
        ("no forecast of nobody", ("picture", "forecast", "--user", "nobody", "--lake", lake, "--out", png)),
        ("are written as .png", ("picture", "several", "--lake", lake, "--out", tmp_path / "p.jpg")),
        ("leave --workout", ("picture", "minutes", "--last", 3, "--lake", lake, "--out", png)),
        ("one --workout, or --kinds", ("animate", "--kinds", "--workout", "x", "--lake", lake, "--out", gif)),
        (".gif or .mp4", ("animate", "--lake", lake, "--out", tmp_path / "a.webm")),
        ("is a folder", ("gallery", "--lake", lake, "--out", tmp_path)),
    ):
        with pytest.raises((CommandError, UsageError), match=expected):
            look(*words)
    if shutil.which("ffmpeg") is None:
        with pytest.raises(CommandError, match="needs the program ffmpeg"):
            look("animate", "--lake", lake, "--out", tmp_path / "a.mp4")
    assert not png.exists() and not gif.exists()
