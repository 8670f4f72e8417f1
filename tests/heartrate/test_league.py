"""The sample as files: what is written can be read back, by other means, as what was generated."""

import ast
import gzip
import io
import json
from datetime import UTC
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import polars as pl
import pytest

from formguide.heartrate.sample import __main__ as command
from formguide.heartrate.sample import league
from formguide.heartrate.sample.population import POINTS, Population, generate
from formguide.heartrate.sample.truth import TRUTH, SampleTruth, read_truth

USERS, WORKOUTS, SEED = 10, 3, 8
GPX = {
    "g": "http://www.topografix.com/GPX/1/1",
    "x": "http://www.garmin.com/xmlschemas/TrackPointExtension/v1",
}


@pytest.fixture(scope="module")
def population() -> Population:
    return generate(USERS, WORKOUTS, SEED)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleTruth]:
    folder = tmp_path_factory.mktemp("league")
    return folder, league.write_sample(folder, SEED, USERS, WORKOUTS, WORKOUTS)


def lines_of(folder: Path) -> list[bytes]:
    return (folder / league.FITREC).read_bytes().splitlines()


def line(text: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except json.JSONDecodeError:
        return dict(ast.literal_eval(text.decode()))


def test_the_same_seed_writes_the_same_bytes(written: tuple[Path, SampleTruth], tmp_path: Path) -> None:
    folder, truth = written
    assert league.write_sample(tmp_path, SEED, USERS, WORKOUTS, WORKOUTS) == truth
    files = sorted(place.relative_to(folder) for place in folder.rglob("*") if place.is_file())
    assert files == sorted(place.relative_to(tmp_path) for place in tmp_path.rglob("*") if place.is_file())
    assert all((folder / name).read_bytes() == (tmp_path / name).read_bytes() for name in files)


def test_the_truth_lies_beside_and_is_read_back(written: tuple[Path, SampleTruth]) -> None:
    folder, truth = written
    read = read_truth(folder)
    assert (folder / TRUTH).exists()
    assert set(read.users) == set(truth.users) and len(read.workouts) == USERS * WORKOUTS
    assert read.as_bytes() == truth.as_bytes()


def test_a_csv_says_what_was_generated(written: tuple[Path, SampleTruth], population: Population) -> None:
    folder, truth = written
    seen = 0
    for run in population.runs:
        stem = folder / run.inputs.user_id / f"RUN_{run.inputs.started_at:%Y-%m-%d-%H-%M-%S}.fit.csv"
        place = stem if stem.exists() else stem.with_name(stem.name + ".gz")
        if not place.exists() or run.inputs.workout_id in truth.without_heart_rate:
            continue
        body = gzip.decompress(place.read_bytes()) if place.suffix == ".gz" else place.read_bytes()
        frame = pl.read_csv(io.BytesIO(body), infer_schema_length=None, try_parse_dates=True)
        assert frame["timestamp"][0].replace(tzinfo=None) == run.inputs.started_at
        assert frame["enhanced_speed"].to_list() == run.inputs.speed_mps.tolist()
        heart = frame["heart_rate"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        heart = np.where(heart == 0, np.nan, heart)
        assert np.array_equal(heart, run.heart_rate_bpm, equal_nan=True)
        seen += 1
    assert seen >= 9


def test_a_track_leads_as_far_as_the_speed_says(
    written: tuple[Path, SampleTruth], population: Population
) -> None:
    folder, _ = written
    places = [p for p in sorted(folder.rglob("*.gpx")) if "again" not in p.name]
    assert places
    by_start = {f"RUN_{run.inputs.started_at:%Y-%m-%d-%H-%M-%S}": run for run in population.runs}
    run = by_start[places[0].stem]
    points = ET.fromstring(places[0].read_bytes()).findall(".//g:trkpt", GPX)
    assert len(points) == len(run.inputs)
    lat, lon = (np.radians([float(point.get(name, "nan")) for point in points]) for name in ("lat", "lon"))
    chord = np.sin(np.diff(lat) / 2) ** 2 + np.cos(lat[1:]) * np.cos(lat[:-1]) * np.sin(np.diff(lon) / 2) ** 2
    metres = 2 * 6_371_009 * np.arcsin(np.sqrt(chord))
    assert np.abs(metres - run.inputs.speed_mps[1:]).max() < 0.03
    heart = [float(found.text or "nan") for found in points[0].iterfind(".//x:hr", GPX)]
    assert heart == [run.heart_rate_bpm[0]]


def test_a_line_of_the_site_says_what_was_generated(
    written: tuple[Path, SampleTruth], population: Population
) -> None:
    folder, truth = written
    on_site = [run for run in population.runs if population.users[run.inputs.user_id].recorded == POINTS]
    *whole, cut = lines_of(folder)
    assert len(whole) == len(on_site) > 0
    with pytest.raises(SyntaxError):
        line(cut)
    assert f"{league.FITREC}:{len(whole) + 1}" in truth.broken
    speeds = 0
    for text, run in zip(whole, on_site, strict=True):
        told = line(text)
        seconds = np.array(told["timestamp"]) - int(run.inputs.started_at.replace(tzinfo=UTC).timestamp())
        assert told["heart_rate"] == run.heart_rate_bpm[seconds].tolist()
        assert np.allclose(told["altitude"], run.inputs.altitude_m[seconds], atol=0.051)
        if "speed" in told:
            speeds += 1
            assert np.allclose(np.array(told["speed"]) / 3.6, run.inputs.speed_mps[seconds], atol=1e-4)
        started = np.datetime64(int(told["timestamp"][0]), "s").item()
        assert f"endomondo-{told['userId']}/{started:%Y%m%dT%H%M%S}" in truth.workouts
    assert 0 < speeds < len(whole)


def test_some_files_are_not_as_they_should_be(written: tuple[Path, SampleTruth]) -> None:
    folder, truth = written
    assert truth.without_heart_rate
    for workout in truth.without_heart_rate:
        user, start = workout.split("/")
        day = f"{start[:4]}-{start[4:6]}-{start[6:8]}-{start[9:11]}-{start[11:13]}-{start[13:]}"
        (place,) = (folder / user).glob(f"RUN_{day}*")
        if place.suffix == ".gpx":
            assert b":hr>" not in place.read_bytes()
        else:
            body = gzip.decompress(place.read_bytes()) if place.suffix == ".gz" else place.read_bytes()
            assert pl.read_csv(io.BytesIO(body))["heart_rate"].is_null().all()
    cut = [name for name, why in truth.broken.items() if why == "breaks off"]
    for name in cut:
        with pytest.raises(ET.ParseError):
            ET.fromstring((folder / name).read_bytes())
    assert len(truth.broken) >= 2


def test_a_population_is_written_by_a_command_and_never_over_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "made"
    monkeypatch.setattr("sys.argv", ["sample", str(place), "--users", "2", "--workouts", "2"])
    command.main()
    assert "2 runners, 4 workouts" in capsys.readouterr().out
    assert len(read_truth(place).workouts) == 4
    with pytest.raises(SystemExit) as stopped:
        command.main()
    assert stopped.value.code == 2 and "not empty" in capsys.readouterr().err


def test_most_runners_of_the_sample_have_few_workouts(tmp_path: Path) -> None:
    truth = league.write_sample(tmp_path, SEED, users=5, workouts=4, others=2)
    counts = [sum(name.startswith(user) for name in truth.workouts) for user in truth.users]
    assert counts == [2, 2, 2, 4, 2]
    assert f"{league.FITREC}:5" in truth.broken
