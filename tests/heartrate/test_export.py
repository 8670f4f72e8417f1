"""Exported folders: the example runs and forecasts what formguide does, cards say what the lake says."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from formguide.heartrate import export, network_issuing
from formguide.heartrate.arrivals import ARRIVALS
from formguide.heartrate.curves import Curve
from formguide.heartrate.exported import usage
from formguide.heartrate.forecast_tables import ForecastScorecard
from formguide.heartrate.histories import read_history
from formguide.heartrate.licence import licence
from formguide.heartrate.personal import fit_personal
from formguide.heartrate.sequences import Floats, Inputs, filled
from formguide.heartrate.tables import SPORT, QualityFindings, Samples, Workouts, as_table
from formguide.lake import Lake
from tests.heartrate.invented_workouts import invented

USERS = ("ana|b", "bo")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    made, found = invented(8, USERS), Lake(tmp_path_factory.mktemp("exported") / "lake")
    for table, rows in ((Workouts, made.workouts), (Samples, made.samples), (QualityFindings, made.findings)):
        found.write_table(SPORT, table.name, "202103", rows, table, "test")
    return found


def with_scorecard(lake: Lake, tmp_path: Path, is_sample: bool) -> Lake:
    """The same lake's tables beside a scorecard of two models, as recorded and corrected."""
    found = Lake(tmp_path / "scored")
    for table in (Workouts, Samples, QualityFindings):
        found.write_table(
            SPORT, table.name, "202103", lake.read_table(SPORT, table.name, None, table), table, "x"
        )
    rows = [
        {"task": "last block", "population": "real", "given": given, "training": training,
         "scored": "as recorded", "model": model, "by": "all", "group": "all", "metric": metric,
         "is_sample": is_sample, "n_workouts": 9, "n_users": 1, "n_seconds": 20_000, "value": value,
         "standard_error": 0.41, "difference": None if model == "ridge" else 0.52, "difference_se": 0.2,
         "difference_t": 2.6}
        for given in ("speed that was run", "route only")
        for training in ("as recorded", "corrected")
        for model in ("formguide", "ridge")
        for metric, value in (("mae_bpm", 5.67 if training == "as recorded" else 5.55), ("coverage_80", 0.81))
    ]  # fmt: skip
    card = as_table(pl.DataFrame(rows), ForecastScorecard)
    found.write_table(SPORT, ForecastScorecard.name, None, card, ForecastScorecard, "x")
    return found


def ours(lake: Lake, inputs: Inputs, user: str | None) -> Curve:
    """What formguide forecasts from all that the lake knows."""
    history = read_history(lake, correct=True)
    own = [run for run in history.learnt if run.inputs.user_id == user and run.inputs.activity == "run"]
    until = max(run.inputs.ended_at for run in own or history.learnt)
    return fit_personal([run for run in history.learnt if run.inputs.ended_at <= until]).curve(inputs, own)


def a_run(lake: Lake) -> tuple[Floats, Floats, Inputs]:
    last = read_history(lake).runs[-1].inputs
    speed = last.speed_mps.copy()
    speed[:20] = speed[400:460] = 0.0
    later = Inputs(
        "x", last.user_id, "run", None, last.ended_at.replace(year=2021), last.t_sec, speed, last.altitude_m
    )
    return speed, last.altitude_m, later


@pytest.mark.parametrize("user", [None, "bo"])
@pytest.mark.parametrize("weeks", [0.0, 6.0])
def test_the_example_forecasts_what_formguide_does(
    lake: Lake, tmp_path: Path, user: str | None, weeks: float
) -> None:
    export.model(lake, tmp_path / "model", user)
    speed, altitude, inputs = a_run(lake)
    starts = [one.inputs.started_at for one in read_history(lake).runs if one.inputs.user_id == user]
    if starts:
        inputs = replace(inputs, started_at=max(starts) + timedelta(weeks=weeks, seconds=6000))
    expected = ours(lake, inputs, user)
    found = usage.forecast(tmp_path / "model", speed, altitude, weeks + 6000 / (7 * 86400))
    for mine, theirs in zip(found, (expected.p10, expected.p50, expected.p90), strict=True):
        assert mine == pytest.approx(theirs, abs=0.01)


def test_the_example_fills_gaps_as_formguide_does(tmp_path: Path) -> None:
    t = np.array([0, 1, 2, 17, 33, 34, 300, 301], dtype=float)
    speed = np.array([0, np.nan, 2, 5, 1, 4, 3, 2.5])
    rows = pl.DataFrame({"t_sec": t, "speed_mps": speed, "altitude_m": 9 * speed})
    rows.write_csv(tmp_path / "gaps.csv")
    clock = np.arange(302.0)
    for found, said in zip(usage._read(str(tmp_path / "gaps.csv")), (speed, 9 * speed), strict=True):
        assert found.tobytes() == filled(clock, t, said).tobytes()
    found, _ = usage._read(str(tmp_path / "gaps.csv"))
    assert found[9] == pytest.approx(2 + 3 * 7 / 15)
    assert found[32] == 5 and found[299] == 4, "nobody speeds up before it was seen"


def test_what_it_was_made_from_ends_when_it_says(lake: Lake, tmp_path: Path) -> None:
    learnt = read_history(lake, correct=True).learnt
    counts = []
    for user in USERS:
        export.model(lake, tmp_path / str(len(user)), user)
        about = json.loads((tmp_path / str(len(user)) / "config.json").read_text())["about"]
        own = [run for run in learnt if run.inputs.user_id == user and run.inputs.activity == "run"]
        until = max(run.inputs.ended_at for run in own)
        known = [run for run in learnt if run.inputs.ended_at <= until]
        assert about["learnt_until"] == f"{until:%Y-%m-%d %H:%M:%S}"
        assert about["workouts"] == len(known)
        assert about["users"] == len({run.inputs.user_id for run in known})
        counts.append(len(known))
    assert min(counts) < len(learnt)


def test_the_example_runs_without_formguide(lake: Lake, tmp_path: Path) -> None:
    export.model(lake, tmp_path / "model", "bo")
    speed, altitude, _ = a_run(lake)
    rows = pl.DataFrame({"t_sec": np.arange(len(speed)), "speed_mps": speed, "altitude_m": altitude})
    rows.write_csv(tmp_path / "run.csv")
    # Told that there is no formguide: whoever downloads the folder need not have it.
    alone = "import sys, runpy; sys.modules['formguide'] = None; sys.argv = sys.argv[1:]; "
    alone += "runpy.run_path(sys.argv[0], run_name='__main__')"
    told = [sys.executable, "-c", alone, str(tmp_path / "model" / "usage.py"), str(tmp_path / "run.csv")]
    said = subprocess.run(told, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    curve = pl.read_csv(said.encode())
    assert curve.columns == ["t_sec", "p10_bpm", "p50_bpm", "p90_bpm"] and curve.height == len(speed)
    assert curve["p50_bpm"].to_numpy() == pytest.approx(
        usage.forecast(tmp_path / "model", speed, altitude)[1], abs=0.06
    )
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    for words, expected in (
        ([tmp_path / "bad.csv"], "needs rows with the columns"),
        ([told[-1], "x"], "weeks"),
        (["nosuch.csv"], "nosuch.csv: No such file or directory"),
        ([tmp_path / "bytes.csv"], "bytes.csv: no CSV can be read"),
    ):
        bad = subprocess.run([*told[:-1], *map(str, words)], capture_output=True, text=True, check=False)
        assert bad.returncode == 1 and expected in bad.stderr and "Traceback" not in bad.stderr


def front_of(card: str) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(card.split("---\n")[1])
    return found


def test_the_card_tells_the_scorecard_with_errors_and_baselines(lake: Lake, tmp_path: Path) -> None:
    export.model(with_scorecard(lake, tmp_path, is_sample=False), tmp_path / "model", "bo")
    card = (tmp_path / "model" / "README.md").read_text("utf-8")
    assert "of the same\nprocedure fitted anew" in card and "not its own" not in card
    headline, labelled = card.split("Second, labelled rows")
    assert "5.67 ± 0.41" in headline and "0.52 ± 0.2" in headline and "| ridge |" in headline
    assert "route only" in headline and "5.55" not in headline and "5.55 ± 0.41" in labelled
    assert "sample league" not in card
    index = front_of(card)["model-index"]
    assert isinstance(index, list)
    metrics = [one["metrics"][0] for one in index[0]["results"]]
    assert {"type": "mae_bpm", "value": 5.67} in metrics and len(metrics) == 4


def test_what_runners_have_in_common_claims_no_score_of_a_runners_own_model(
    lake: Lake, tmp_path: Path
) -> None:
    scored = with_scorecard(lake, tmp_path, is_sample=False)
    export.model(scored, tmp_path / "model")
    card = (tmp_path / "model" / "README.md").read_text("utf-8")
    assert "model-index" not in front_of(card) and "the same\nprocedure" not in card
    told, _, _ = card.partition("| task |")
    assert "**This model is not scored, and the scores below are not its own.**" in told
    assert "--user NAME" in told and "5.67" not in told


def test_what_runners_have_in_common_has_the_score_of_runs_with_none_before(
    lake: Lake, tmp_path: Path
) -> None:
    scored = with_scorecard(lake, tmp_path, is_sample=False)
    card = scored.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    first = card.with_columns(
        by=pl.lit("earlier workouts"), group=pl.lit("0"), value=pl.lit(7.25), difference=pl.lit(None),
        task=pl.lit("held-out users"),
    )  # fmt: skip
    both = as_table(pl.concat([card.cast({"task": pl.String}), first]), ForecastScorecard)
    scored.write_table(SPORT, ForecastScorecard.name, None, both, ForecastScorecard, "y")
    export.model(scored, tmp_path / "model")
    said = (tmp_path / "model" / "README.md").read_text("utf-8")
    own, _, others = said.partition("**The scores below are not this model's.**")
    assert "7.25 ± 0.41" in own and "5.67" not in own
    assert "5.67" in others and "7.25" not in others
    assert "model-index" not in front_of(said) and "not scored" not in said
    export.model(scored, tmp_path / "own", "bo")
    assert "7.25" not in (tmp_path / "own" / "README.md").read_text("utf-8")


def test_scores_of_a_sample_and_missing_ones_are_called_that(lake: Lake, tmp_path: Path) -> None:
    export.model(with_scorecard(lake, tmp_path, is_sample=True), tmp_path / "model", "bo")
    card = (tmp_path / "model" / "README.md").read_text("utf-8")
    assert "they say nothing about real runners" in card
    assert "(sample league)" in str(front_of(card)["model-index"])
    export.model(lake, tmp_path / "unscored")
    card = (tmp_path / "unscored" / "README.md").read_text("utf-8")
    assert "**Not scored.**" in card and "model-index" not in front_of(card)


def test_the_same_lake_gives_the_same_bytes(lake: Lake, tmp_path: Path) -> None:
    for make in (export.model, export.dataset):
        first, again = make(lake, tmp_path / make.__name__), make(lake, tmp_path / f"{make.__name__} again")
        assert [path.name for path in first] == [path.name for path in again]
        assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


def test_the_network_goes_with_it_where_there_is_one(lake: Lake, tmp_path: Path) -> None:
    trained = with_scorecard(lake, tmp_path, is_sample=False)
    files = {"weights.safetensors": b"weights", "config.json": b"{}"}
    trained.write_bytes(SPORT, network_issuing.MODEL, None, files, "x")
    export.model(trained, tmp_path / "model")
    found = {path.name: path.read_bytes() for path in (tmp_path / "model" / "network").iterdir()}
    assert found == files and "`network/`" in (tmp_path / "model" / "README.md").read_text("utf-8")
    export.model(lake, tmp_path / "without")
    assert not (tmp_path / "without" / "network").exists()


def test_the_workouts_are_handed_on_without_names_files_or_places(lake: Lake, tmp_path: Path) -> None:
    written = export.dataset(lake, tmp_path / "data", title="Ours & <yours>")
    workouts = pl.read_parquet(tmp_path / "data" / "workouts" / "*.parquet")
    samples = pl.read_parquet(tmp_path / "data" / "samples" / "*.parquet")
    findings = pl.read_parquet(tmp_path / "data" / "quality_findings" / "*.parquet")
    made = invented(8, USERS)
    assert set(workouts["user_id"]) == {"user-1", "user-2"}
    assert workouts.height == 8 and samples.height == made.samples.height
    assert findings.height == made.findings.height
    assert set(samples["workout_id"]) == set(workouts["workout_id"]) >= set(findings["workout_id"])
    assert samples.drop("workout_id").equals(
        lake.read_table(SPORT, Samples.name, None, Samples).drop("workout_id")
    )
    columns = {*workouts.columns, *samples.columns, *findings.columns}
    assert not {"path", "latitude", "longitude", "lat", "lon"} & columns
    for path in written:
        said = path.read_text("utf-8") if path.suffix == ".md" else str(pl.read_parquet(path).to_dicts())
        assert not any(name in said for name in ("ana|b", "bo/2021", "'bo'", "bo/7.csv"))
    card = (tmp_path / "data" / "README.md").read_text("utf-8")
    front = front_of(card)
    assert front["size_categories"] == ["1K<n<10K"] and "# Ours & \\<yours\\>" in card
    assert {"config_name": "samples", "data_files": "samples/*.parquet"} in front["configs"]  # type: ignore[operator]
    assert "| heart_rate_range | 2 |" in card


@pytest.mark.parametrize(
    ("named", "front", "said"),
    [
        (None, {"license": "other", "license_name": "not-named"}, "**Licence of the workouts: not named.**"),
        ("CC-BY-4.0", {"license": "cc-by-4.0"}, "**Licence of the workouts: CC-BY-4.0**"),
        ("Ours 1", {"license": "other", "license_name": "ours-1"}, "**Licence of the workouts: Ours 1**"),
    ],
)
def test_a_card_says_the_licence_that_was_named(
    lake: Lake, tmp_path: Path, named: str | None, front: dict[str, str], said: str
) -> None:
    export.model(lake, tmp_path / "model", licence_name=named)
    export.dataset(lake, tmp_path / "data", licence_name=named)
    for folder in ("model", "data"):
        card = (tmp_path / folder / "README.md").read_text("utf-8")
        assert {name: of for name, of in front_of(card).items() if name.startswith("license")} == front
        assert card.count(said) == 1


def test_the_sample_is_under_our_own_licence() -> None:
    assert licence(None, is_sample=True).front() == {"license": "mit"}
    assert licence("odbl", is_sample=True).front() == {"license": "odbl"}


def test_a_generated_population_is_asked_for_no_consent(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cards() -> list[str]:
        export.dataset(lake, tmp_path / "data")
        export.model(lake, tmp_path / "model", "bo")
        return [(tmp_path / of / "README.md").read_text("utf-8") for of in ("data", "model")]

    data, model = cards()
    assert "only with their consent" in data and "only if that person agrees" in model
    assert "generated" not in data + model
    monkeypatch.setattr(type(ARRIVALS), "holds_sample", lambda *_: True)
    data, model = cards()
    assert "Nobody ran these workouts" in data and "describe nobody's heart" in model
    for card in (data, model):
        assert "**Licence of the workouts: mit**, Formguide's own: its sample league generated them." in card
        assert "consent" not in card and "agrees" not in card and "whoever exported" not in card


def test_names_are_kept_when_asked_for(lake: Lake, tmp_path: Path) -> None:
    export.dataset(lake, tmp_path / "data", pseudonyms=False)
    workouts = pl.read_parquet(tmp_path / "data" / "workouts" / "*.parquet")
    assert set(workouts["user_id"]) == set(USERS)
    assert set(workouts["workout_id"]) == set(invented(8, USERS).workouts["workout_id"])


def test_what_cannot_be_is_one_line(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    for expected, make in (
        ("is no licence", lambda: export.dataset(lake, tmp_path / "m", licence_name="a\nb: c")),
        ("no run of nobody", lambda: export.model(lake, tmp_path / "m", "nobody")),
        ("holds something else", lambda: export.model(lake, tmp_path / "full")),
        ("is a file", lambda: export.dataset(lake, tmp_path / "full" / "mine.txt")),
        ("no workout to learn from", lambda: export.model(Lake(tmp_path / "empty"), tmp_path / "m")),
        ("holds no workouts", lambda: export.dataset(Lake(tmp_path / "empty"), tmp_path / "m")),
    ):
        with pytest.raises(export.ExportError, match=expected):
            make()
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
