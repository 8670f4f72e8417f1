"""Corrections as Dagster makes them, and whom they ask for a second opinion: nobody unless named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets import heartrate
from formguide.heartrate.second_opinion import KEY, MODEL, URL
from formguide.heartrate.tables import SPORT, Corrections, Workouts
from resources.second_opinion import SecondOpinionResource
from tests.assets.conftest import House
from tests.heartrate import workout_files as files

OWN = dg.AssetSelection.assets(heartrate.source_files, heartrate.results, heartrate.corrections)


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[House]:
    """Two workouts, a month apart."""
    folder = tmp_path / "files" / "ann"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_bytes(files.csv(files.run(start=files.START.replace(month=2))))
    (folder / "b.csv").write_bytes(files.csv(files.run()))
    with dg.DagsterInstance.ephemeral() as instance:
        yield House(tmp_path / "lake", tmp_path / "files", instance)


def test_every_workout_has_its_row_and_a_second_run_makes_none(runner):
    said = runner.run((202102, 202103), OWN)
    assert said[Corrections.name]["computed"] == 2
    rows, workouts = (runner.lake.read_table(SPORT, table.name) for table in (Corrections, Workouts))
    assert sorted(rows["workout_id"]) == sorted(workouts["workout_id"])
    assert set(rows["provenance"]) == {"none"}
    assert runner.run((202102, 202103), OWN)[Corrections.name]["computed"] == 0


def test_nobody_is_asked_unless_the_environment_or_the_deployment_names_one(monkeypatch):
    for name in (URL, MODEL, KEY):
        monkeypatch.delenv(name, raising=False)
    assert SecondOpinionResource().asked() is None
    monkeypatch.setenv(URL, "http://127.0.0.1:9/v1")
    monkeypatch.setenv(MODEL, "one")
    monkeypatch.setenv(KEY, "secret")
    asked = SecondOpinionResource(model="another", cap_sec=3.0).asked()
    assert asked is not None
    assert (asked.url, asked.model, asked.key, asked.cap_sec) == (
        "http://127.0.0.1:9/v1",
        "another",
        "secret",
        3,
    )
