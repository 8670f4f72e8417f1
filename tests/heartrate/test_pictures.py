"""Pictures and animations: the same bytes for the same rows, of everything that can be missing too."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageSequence

from formguide.heartrate import animations, pictures, shown
from formguide.heartrate.curves import Curve
from formguide.heartrate.forecast_tables import (
    ROUTE_ONLY,
    SPEED_RUN,
    ForecastScorecard,
    HeartRateForecasts,
)
from formguide.heartrate.sequences import Floats, recorded
from formguide.heartrate.shown import Shown
from formguide.heartrate.tables import SPORT, Samples, Workouts, as_table
from formguide.heartrate.typed_plan import inputs_of
from formguide.lake import Lake, LakeError
from tests.heartrate.invented_workouts import Invented, invented


def some(n: int = 3) -> list[Shown]:
    made = invented(n)
    found = []
    for run in recorded(made.workouts, made.samples):
        middle = 120 + 5 * np.sin(run.inputs.t_sec / 300)
        curve = Curve(middle - 8, middle, middle + 8)
        found.append(Shown(run.inputs, run.heart_rate_bpm, curve))
    return found


def size(png: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(png)) as picture:
        picture.load()
        assert picture.format == "PNG"
        return picture.size


def card() -> pl.DataFrame:
    """Two models over five minutes, as rows of the scorecard."""
    rows = [
        {"by": "minute", "group": str(minute), "model": model, "metric": "mae_bpm",
         "value": 5.0 + minute + worse, "standard_error": None if minute == 4 else 0.5}
        for model, worse in (("ridge", 1.0), ("formguide", 0.0))
        for minute in range(5)
    ]  # fmt: skip
    return pl.DataFrame(rows)


def test_each_picture_is_a_picture() -> None:
    runs = some()
    losses = pl.DataFrame({"epoch": [1, 2, 3], "training": [3.0, 2.0, 1.5], "validation": [3.1, 2.5, 2.7]})
    matrix = np.array([[1.0, np.nan], [np.nan, 1.0]])
    for png in (
        pictures.several(runs),
        pictures.residuals(runs),
        pictures.error_by_minute(card()),
        pictures.losses(losses),
        pictures.correlations(["a", "b"], matrix, matrix),
    ):
        assert min(size(png)) > 200


def test_a_plan_is_drawn_and_another_plan_otherwise() -> None:
    texts = ("2 km 5:00 up 3 %\n1 min rest\n1 km 4:30", "2 km 5:00\n1 km 4:30", "2 min rest")
    drawn = [pictures.plan(inputs_of(text)) for text in texts]
    assert [size(png) for png in drawn] == [(600, 320)] * 3 and len(set(drawn)) == 3
    assert pictures.plan(inputs_of(texts[0])) == drawn[0]


@pytest.mark.parametrize("of_plan", [False, True])
def test_whose_speed_it_is_is_written_beside_it(of_plan: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(pictures, "png", drawn.append)
    monkeypatch.setattr(animations, "_write", lambda shown, *_: drawn.append(shown))
    run = replace(some(1)[0], given=ROUTE_ONLY, of_plan=of_plan)
    pictures.forecast(run)
    animations.single(run, Path("run.gif"))
    for one in drawn:
        heart, speed, _ground = one.axes
        assert speed.get_ylabel() == f"speed, m/s\n({'planned' if of_plan else 'as run'})"
        assert "; given the route alone" in heart.get_title("left")
    assert len(drawn) == 2


def test_the_same_workout_gives_the_same_bytes() -> None:
    run = some(1)[0]
    first = pictures.forecast(run)
    assert size(first) == (900, 600) and first == pictures.forecast(run)


def test_pictures_of_what_is_missing() -> None:
    run = some(1)[0]
    silent = Shown(run.inputs, np.full(len(run.inputs), np.nan), run.curve)
    for one in (Shown(run.inputs, None, run.curve), Shown(run.inputs, run.measured_bpm, None), silent):
        assert one.mae_bpm is None
    assert size(pictures.several([Shown(run.inputs, None, run.curve), Shown(run.inputs, None, None), silent]))
    assert size(pictures.forecast(Shown(run.inputs, None, None))) == (900, 600)
    assert size(pictures.residuals([silent])) and size(pictures.error_by_minute(card().head(0)))


def test_the_error_that_a_title_names_is_the_mean_absolute_one() -> None:
    run = some(1)[0]
    assert run.curve is not None and run.measured_bpm is not None
    known = np.isfinite(run.measured_bpm)
    assert 0 < known.sum() < len(known)
    expected = np.mean(np.abs(run.curve.p50[known] - run.measured_bpm[known]))
    assert run.mae_bpm == pytest.approx(expected)


def test_short_gaps_are_joined_and_long_ones_are_not() -> None:
    values = np.full(100, np.nan)
    values[[10, 20, 60, 61]] = [100.0, 110.0, 150.0, 151.0]
    line = pictures.bridged(values)
    assert line[10:21] == pytest.approx(np.arange(100, 111))
    assert np.isnan(line[21:60]).all() and np.isnan(line[:10]).all() and np.isnan(line[62:]).all()
    assert list(line[60:62]) == [150.0, 151.0]


# -- from a lake -------------------------------------------------------------------------------------


def forecasts_of(made: Invented) -> pl.DataFrame:
    """A rising line for the first three workouts; the plan of the route is a fifth slower than the run."""
    frames = []
    for row in made.workouts.head(3).iter_rows(named=True):
        t = np.arange(0, int(row["duration_sec"]) + 1, 5)
        for given, slower in ((SPEED_RUN, 1.0), (ROUTE_ONLY, 1.2)):
            distance = t * row["mean_speed_mps"] / slower
            middle = 100 + distance / 100
            frames.append(
                pl.DataFrame({"t_sec": t, "distance_m": distance, "p10_bpm": middle - 5, "p50_bpm": middle,
                              "p90_bpm": middle + 5}).with_columns(
                    workout_id=pl.lit(row["workout_id"]), given=pl.lit(given), month=pl.lit(row["month"]),
                    user_id=pl.lit(row["user_id"]), as_of=pl.lit(row["started_at"]),
                    earlier_workouts=pl.lit(0), model=pl.lit("formguide"),
                )
            )  # fmt: skip
    return as_table(pl.concat(frames), HeartRateForecasts)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made, found = invented(20), Lake(tmp_path / "lake")
    found.write_table(SPORT, Workouts.name, "202103", made.workouts, Workouts, "test")
    found.write_table(SPORT, Samples.name, "202103", made.samples, Samples, "test")
    rows = forecasts_of(made)
    found.write_table(SPORT, HeartRateForecasts.name, "202103", rows, HeartRateForecasts, "test")
    return found


def test_workouts_of_a_lake_with_their_forecasts(lake: Lake) -> None:
    made = invented(20)
    assert [one.inputs.workout_id for one in shown.of_lake(lake)] == made.workouts["workout_id"].to_list()
    last = shown.of_lake(lake, forecast_only=True, last=2)
    assert [one.inputs.workout_id for one in last] == made.workouts["workout_id"][1:3].to_list()
    assert {one.inputs.user_id for one in shown.of_lake(lake, user="bo")} == {"bo"}
    wanted = made.workouts["workout_id"][[7, 2]].to_list()
    pair = shown.of_lake(lake, wanted)
    assert [one.inputs.workout_id for one in pair] == wanted
    assert pair[0].curve is None and pair[1].curve is not None
    with pytest.raises(LakeError, match="no workout nobody/20200101"):
        shown.of_lake(lake, ["nobody/20200101"])


def test_a_forecast_of_the_route_is_shown_at_the_place_that_was_reached(lake: Lake) -> None:
    first = invented(20).workouts["workout_id"][0]
    given_speed = shown.of_lake(lake, [first])[0]
    given_route = shown.of_lake(lake, [first], given=ROUTE_ONLY)[0]
    assert given_speed.curve is not None and given_route.curve is not None
    speed = invented(20).workouts["mean_speed_mps"][0]
    assert given_speed.curve.p50[603] == pytest.approx(100 + 603 * speed / 100)
    # 100 + metres / 100 by plan: at the runner's own metres, whatever the plan's clock said there.
    assert given_route.curve.p50[603] == pytest.approx(100 + given_route.inputs.distance_m[603] / 100)


# -- moving ------------------------------------------------------------------------------------------


def frames_of(path: Path) -> list[Floats]:
    with Image.open(path) as picture:
        assert picture.format == "GIF"
        return [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(picture)]


def test_a_gif_unfolds_and_is_the_same_again(tmp_path: Path) -> None:
    run = some(1)[0]
    path = animations.single(run, tmp_path / "run.gif", frames=6)
    dark = [int((frame[:180, 60:] < 60).sum()) for frame in frames_of(path)]
    assert len(dark) == 6 and dark[0] < dark[2] < dark[5]
    assert path.read_bytes() == animations.single(run, tmp_path / "again.gif", frames=6).read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.gif", "run.gif"]


def test_kinds_on_one_clock(tmp_path: Path) -> None:
    runs = dict(zip(("recovery", "steady", "intensive"), some(), strict=True))
    frames = frames_of(animations.categories(runs, tmp_path / "kinds.gif", frames=4))
    assert len(frames) == 4 and frames[0].shape[0] > 400
    with pytest.raises(ValueError, match="no workout"):
        animations.categories({}, tmp_path / "none.gif")


def test_an_mp4_where_ffmpeg_is(tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs the program ffmpeg")
    path = animations.single(some(1)[0], tmp_path / "run.mp4", frames=6)
    assert b"ftyp" in path.read_bytes()[:16]
    told = ["ffmpeg", "-loglevel", "error", "-i", str(path), "-f", "framemd5", "-"]
    frames = subprocess.run(told, capture_output=True, check=True, text=True).stdout
    assert len([line for line in frames.splitlines() if not line.startswith("#")]) == 6


def test_without_ffmpeg_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(animations.NoWriterError, match="MP4 needs the program ffmpeg"):
        animations.single(some(1)[0], tmp_path / "run.mp4", frames=2)
    with pytest.raises(animations.NoWriterError, match=r"written as \.gif or \.mp4"):
        animations.single(some(1)[0], tmp_path / "run.webm", frames=2)
    assert not list(tmp_path.iterdir())


def test_the_scorecard_has_what_the_picture_reads() -> None:
    assert set(card().columns) <= set(ForecastScorecard.columns())
