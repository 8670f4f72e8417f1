"""Trackers: what they are told is what happened, and a run offline is written without a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from formguide.heartrate import network
from formguide.heartrate.network import NetworkSettings
from formguide.heartrate.tracking import Kept, Several, WeightsAndBiases
from tests.heartrate.workouts_made import some_users

SMALL = NetworkSettings(hidden=8, max_epochs=2, base=False, embedding=False, optional=False, batch_size=4)
RUNS = some_users(3, 2, 400)
TRAIN, HELD = RUNS[:4], RUNS[4:]


def test_what_is_kept_is_the_training_and_changes_nothing_of_it() -> None:
    kept, again = Kept(), Kept()
    fitted = network.fit(TRAIN, HELD, SMALL, tracker=Several(kept, again))
    assert [[a, b] for _, a, b in kept.losses] == fitted.about["losses"] and again == kept
    said = kept.metadata()
    assert said["config_hidden"] == 8 and said["config_workouts"] == {"train": 4, "validation": 2}
    assert said["best_epoch"] == fitted.about["best_epoch"] and said["epochs"] == 2
    assert said["mae_bpm"] == fitted.about["validation"]["mae_bpm"]
    assert kept.curves()["validation"].to_list() == [b for _, b in fitted.about["losses"]]
    assert network.fit(TRAIN, HELD, SMALL).to_files() == fitted.to_files()
    kept.began({"hidden": 1})
    assert kept.losses == [] and kept.curves().schema == again.curves().schema
    assert kept.metadata() == {"config_hidden": 1}


def test_a_run_of_weights_and_biases_is_written_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb", reason="the extra wandb is not installed")
    monkeypatch.setenv("WANDB_SILENT", "true")
    for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    tracker = WeightsAndBiases(mode="offline", folder=tmp_path, name="small")
    network.fit(TRAIN, HELD, replace(SMALL, max_epochs=1), tracker=tracker)
    wandb.teardown()  # what writes the file is a process of its own, which this waits for
    written = list(tmp_path.rglob("*.wandb"))
    assert len(written) == 1
    record = written[0].read_bytes()
    for word in (b"validation_loss", b"mae_bpm", b"hidden", b"small"):
        assert word in record
