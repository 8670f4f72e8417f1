"""The season's document: it fits its schema, or it is not written."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest
from jsonschema_rs import meta

from formguide.formula1 import forecast, season_json
from formguide.formula1.season_json import SeasonJsonError
from formguide.formula1.settings import ForecastSettings

NOW = "2026-01-01T00:00:00.000Z"


@pytest.fixture(scope="module")
def rows(weekends, run, tables) -> pl.DataFrame:
    last = weekends[-1]
    return forecast.forecast_races(
        weekends,
        run.checkpoints,
        tables["race_conditions"],
        ForecastSettings(),
        only=last.race_id,
        moments=("before_weekend",),
    ).table


@pytest.fixture(scope="module")
def entry(rows):
    """One race, as if it had been simulated four times; the drivers finish in the order of their names."""
    drivers = sorted(rows["driver_id"].unique())
    simulated = {driver: np.full(4, place) for place, driver in enumerate(drivers, start=1)}
    return season_json.race_entry(rows, simulated, 4)


@pytest.fixture
def document(entry):
    training = {
        "timestamp": NOW, "duration_sec": 1.0, "races_processed": 1, "races_succeeded": 1, "races_failed": 0,
        "races_reused": 0, "strengths_computed": 0, "strengths_carried_over": 0, "data_hash": "0" * 16,
        "configuration": {},
    }  # fmt: skip
    metadata = {
        "generated_at": NOW, "training_time": NOW, "season": 2025, "num_simulations": 4, "use_bayesian": True,
        "use_ml_layer": False, "driver_weights": {}, "team_weights": {}, "hand_weighted": False,
        "scenarios": ["dry", "wet", "safety_car"], "moment": "latest", "p_wet": None, "as_of": None,
        "data_hash": "0" * 16, "code_version": "1", "sample": True, "races_reused": 0, "races_computed": 1,
        "not_forecast": {}, "training_history": [training],
    }  # fmt: skip
    return {"metadata": metadata, "predictions": {"A Grand Prix": copy.deepcopy(entry)}}


def test_the_schema_is_one():
    meta.validate(season_json.schema())


def test_a_race_says_what_its_rows_say(rows, entry):
    mixed = rows.filter(pl.col("scenario") == "mixed").sort("p_win", descending=True)
    first = entry["predictions"][0]
    assert first["driver"] == mixed["driver_id"][0]
    assert first["win_probability"] == pytest.approx(mixed["p_win"][0], abs=1e-6)
    assert [driver["rank"] for driver in entry["predictions"]] == list(range(1, mixed.height + 1))
    for scenario, part in entry["scenarios"].items():
        dry = rows.filter(
            (pl.col("scenario") == scenario) & (pl.col("driver_id") == part["predictions"][0]["driver"])
        )
        assert part["predictions"][0]["win_probability"] == pytest.approx(dry["p_win"][0], abs=1e-6)


def test_duels_are_counted_in_the_simulated_races(entry):
    assert entry["head_to_head"]
    for duel in entry["head_to_head"]:
        assert (duel["p_ahead"], duel["standard_error"]) == (float(duel["driver"] < duel["teammate"]), 0)


def test_written_and_read_again(tmp_path, document):
    path = tmp_path / "deep" / "season.json"
    season_json.write(path, document)
    assert season_json.read(path) == document
    assert [p.name for p in path.parent.iterdir()] == ["season.json"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("predictions"),
        lambda d: d.update(extra=1),
        lambda d: d["metadata"].pop("training_history"),
        lambda d: d["metadata"].update(generated_at="yesterday"),
        lambda d: d["metadata"].update(scenarios=["snow"]),
        lambda d: d["metadata"].update(driver_weights={"VER": 0}),
        lambda d: d["predictions"]["A Grand Prix"]["predictions"][0].update(win_probability=1.5),
        lambda d: d["predictions"]["A Grand Prix"].update(scenarios={"snow": {}}),
        lambda d: d["predictions"]["A Grand Prix"]["predictions"].clear(),
    ],
)
def test_what_does_not_fit_is_not_written(tmp_path, document, damage):
    damage(document)
    path = tmp_path / "season.json"
    with pytest.raises(SeasonJsonError) as caught:
        season_json.write(path, document)
    assert "\n" not in str(caught.value)
    assert not path.exists()


def test_a_file_that_is_no_document_is_named(tmp_path):
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"mine": 1}))
    with pytest.raises(SeasonJsonError, match=r"other\.json was not written by this command"):
        season_json.read(path)
    path.write_text("{")
    with pytest.raises(SeasonJsonError, match="is not JSON"):
        season_json.read(path)
    assert season_json.read(tmp_path / "missing.json") is None


def test_moments_are_written_in_utc():
    assert season_json.time_text(datetime(2025, 3, 16, 4)) == "2025-03-16T04:00:00.000Z"
    eastern = timezone(timedelta(hours=11))
    assert season_json.time_text(datetime(2025, 3, 16, 15, tzinfo=eastern)) == "2025-03-16T04:00:00.000Z"
    assert season_json.time_text(datetime(2025, 3, 16, 4, tzinfo=UTC)) == "2025-03-16T04:00:00.000Z"
