from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from formguide.model_files import ModelFileError
from formguide.track import _forward
from formguide.track._encoding import SEASON_EXTRAS, WINDOW_EXTRAS, Encoded, Encoder
from formguide.track.hierarchical_lstm import (
    REFERENCE,
    FittedLstm,
    LstmSettings,
    fit,
    improvement,
    signed_peak,
)
from formguide.track.peaks import season_peaks
from formguide.track.sequences import season_sequences
from formguide.track.windows import WindowArrays, season_windows, window_arrays
from tests.track.careers_made import some_careers

SMALL = LstmSettings(hid_season=12, hid_across=12, max_epochs=6, batch_size=64, min_samples=10, refit=False)
SMALL_REFERENCE = replace(
    REFERENCE, hid_season=12, hid_across=12, max_epochs=25, learning_rate=1e-2, patience=25
)


@cache
def _careers(seed: int = 1, athletes: int = 40, trend: float = 0.0, noise: float = 1.0) -> WindowArrays:
    marks = some_careers(athletes, 6, seed, trend, noise)
    sequences = season_sequences(marks)
    return window_arrays(season_windows(season_peaks(marks), sequences), sequences)


def _parts(windows: WindowArrays) -> tuple[Any, Any, Any]:
    season = windows.table["season"].to_numpy()
    return season <= 2013, season == 2014, season == 2015


def _between(windows: WindowArrays) -> int:
    """Training windows that the rarest event does not have, and most have."""
    return int(windows.table["event"].value_counts()["count"].sort()[0]) + 1


def _network(windows: WindowArrays, settings: LstmSettings) -> tuple[Any, Encoded]:
    import torch

    from formguide.track._network import HierarchicalLstm, Shape

    rows = np.ones(len(windows), dtype=bool)
    target = improvement(windows.table) if settings.target == "change" else signed_peak(windows.table)
    encoder = Encoder.learn(windows, rows, target, settings)
    data = encoder.encode(windows)
    torch.manual_seed(3)
    shape = Shape(
        in_dim=data.marks.shape[1],
        season_extras=SEASON_EXTRAS if settings.extras else 0,
        window_extras=WINDOW_EXTRAS if settings.extras else 0,
        hid_season=settings.hid_season,
        hid_across=settings.hid_across,
        emb_label=4,
        labels=2,
        events=len(encoder.events),
        outputs=3 if settings.loss == "quantile" else 1,
        head=settings.head,
        shared_head=settings.shared_head,
    )
    return HierarchicalLstm(shape).eval(), data


def _one_by_one(network: Any, data: Encoded, marks: int, windows: Any) -> Any:
    """Every window by itself: each season a sequence of its own length, each head a layer of its own."""
    import torch
    from torch import nn

    made = []
    for i in windows:
        seasons = []
        for k, row in enumerate(data.season[i]):
            if row < 0:
                break
            x = torch.from_numpy(data.marks[data.start[row] : data.start[row + 1]])[-marks:]
            _, (h, _) = network.season_lstm(x[None])
            label = network.label_emb.weight[data.label[i, k]]
            seasons.append(torch.cat([h[0, 0], label, torch.from_numpy(data.season_extras[i, k])]))
        _, (h, _) = network.across_lstm(torch.stack(seasons)[None])
        x = torch.cat([h[0, 0], torch.from_numpy(data.window_extras[i])])
        out = network.shared(x) if network.shared is not None else torch.zeros(network.shape.outputs)
        e, own = int(data.event[i]), network.heads
        if e >= 0 and own.kind == "mlp32":
            hidden = torch.relu(nn.functional.linear(x, own.hidden_weight[e], own.hidden_bias[e]))
            out = out + nn.functional.linear(hidden, own.weight[e], own.bias[e])
        elif e >= 0:
            if own.kind == "lnlin":
                x = nn.functional.layer_norm(x, x.shape, own.norm_weight[e], own.norm_bias[e])
            out = out + nn.functional.linear(x, own.weight[e], own.bias[e])
        elif network.shared is None:
            out = out * torch.nan
        made.append(out)
    return torch.stack(made).detach().numpy()


@pytest.mark.parametrize("head", ["mlp32", "lnlin", "linear"])
@pytest.mark.parametrize("plain", [True, False])
def test_batched_grouped_and_gathered_it_is_the_network_run_window_by_window(head: Any, plain: bool):
    import torch

    from formguide.track._network import make_batch

    windows = _careers(athletes=25)
    settings = replace(REFERENCE if plain else SMALL, head=head, hid_season=12, hid_across=12)
    settings = replace(settings, min_samples=_between(windows))
    network, data = _network(windows, settings)
    rows = np.random.default_rng(0).permutation(len(windows))[:60]
    with torch.no_grad():
        batched = network(make_batch(data, rows, 5)).numpy()
    expected = _one_by_one(network, data, 5, rows)
    assert set(data.event[rows]) >= {-1, 0}
    assert np.isnan(expected).any() == plain
    np.testing.assert_allclose(batched, expected, atol=2e-6)
    weights = {name: t.detach().numpy() for name, t in network.state_dict().items()}
    in_numpy = _forward.outputs(weights, network.shape.as_dict(), data, 5)[rows]
    np.testing.assert_allclose(in_numpy, expected, atol=2e-6)


def test_gradients_are_those_of_the_network_run_window_by_window():
    from formguide.track._network import make_batch

    windows = _careers(athletes=6)
    network, data = _network(windows, SMALL)
    network(make_batch(data, np.arange(len(windows)), 32)).sum().backward()
    batched = {name: p.grad.clone() for name, p in network.named_parameters()}
    for i in range(len(windows)):
        one = make_batch(data, np.array([i]), 32)
        if i == 0:
            network.zero_grad()
        network(one).sum().backward()
    for name, p in network.named_parameters():
        np.testing.assert_allclose(p.grad.numpy(), batched[name].numpy(), rtol=2e-4, atol=2e-4)


def test_a_season_in_many_windows_is_encoded_once():
    from formguide.track._network import make_batch

    windows = _careers(athletes=6)
    _, data = _network(windows, SMALL)
    batch = make_batch(data, np.arange(len(windows)), 32)
    encoded = sum(len(lengths) for _, lengths in batch.groups)
    assert encoded == len(windows.sequences) < (windows.season_index >= 0).sum() / 1.5


def test_batches_hold_whole_athletes_and_every_row_once():
    from formguide.track._training import batches

    windows = _careers()
    athlete = np.unique(windows.table["athlete_id"].to_numpy(), return_inverse=True)[1]
    rows = np.flatnonzero(_parts(windows)[0])
    parts = list(batches(rows, athlete, 32, np.random.default_rng(0)))
    assert sorted(np.concatenate(parts).tolist()) == rows.tolist() and len(parts) > 3
    seen: set[int] = set()
    for part in parts:
        assert not seen & set(athlete[part])
        seen |= set(athlete[part])
    assert max(len(p) for p in parts) < 32 + 25


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    windows = _careers()
    train, validation, _ = _parts(windows)
    settings = replace(SMALL, max_epochs=1, refit=True)
    first, again = (fit(windows, train, validation, settings).to_files() for _ in range(2))
    assert first == again
    other = fit(windows, train, validation, replace(settings, seed=9)).to_files()
    assert other["weights.safetensors"] != first["weights.safetensors"]


def test_later_windows_change_nothing_in_what_is_learnt():
    windows = _careers()
    train, validation, later = _parts(windows)
    wrong = windows.table.with_columns(
        pl.when(pl.Series(later)).then(pl.col("peak") * 1.5).otherwise(pl.col("peak")).alias("peak")
    )
    scrambled = WindowArrays(wrong, windows.sequences, windows.season_index)
    settings = replace(SMALL, max_epochs=2)
    assert (
        fit(scrambled, train, validation, settings).to_files()
        == fit(windows, train, validation, settings).to_files()
    )


def test_the_order_of_the_windows_does_not_matter_to_a_forecast():
    windows = _careers()
    train, validation, _ = _parts(windows)
    fitted = fit(windows, train, validation, replace(SMALL, max_epochs=1))
    order = np.random.default_rng(1).permutation(len(windows))
    np.testing.assert_allclose(
        fitted.quantiles(windows.take(order)), fitted.quantiles(windows)[order], rtol=1e-5, atol=1e-5
    )


def test_a_planted_trend_is_learnt_and_its_intervals_cover():
    windows = _careers(seed=2, athletes=70, trend=2.0, noise=0.7)
    train, validation, test = _parts(windows)
    fitted = fit(windows, train, validation, replace(SMALL, max_epochs=10, learning_rate=5e-3))
    made, y = fitted.quantiles(windows)[test], improvement(windows.table)[test]
    assert pytest.approx(np.median(made[:, 1] / (1 + _since(windows)[test])), abs=0.35) == 2.0
    last, ours = np.abs(y).mean(), np.abs(y - made[:, 1]).mean()
    assert ours < 0.6 * last
    assert 0.7 < ((y >= made[:, 0]) & (y <= made[:, 2])).mean() < 0.9
    assert (np.diff(made, axis=1) > 0).all()
    faster = fitted.peaks(windows)[:, 1] < windows.table["last_peak"].to_numpy()
    assert (faster == (windows.table["unit"] == "sec").to_numpy()).mean() > 0.8


def _since(windows: WindowArrays) -> Any:
    return windows.table["season"].to_numpy() - windows.table["last_season"].to_numpy() - 1


def test_as_a_correction_it_leaves_a_right_forecast_alone_and_mends_a_wrong_one():
    windows = _careers(seed=2, athletes=70, trend=2.0, noise=0.7)
    train, validation, test = _parts(windows)
    y = improvement(windows.table)
    trend = 2.0 * (1 + _since(windows))
    settings = replace(SMALL, max_epochs=8, learning_rate=5e-3)
    right = fit(windows, train, validation, settings, trend).quantiles(windows, trend)[test, 1]
    wrong = trend + np.where(windows.table["label"] == "Indoor", 3.0, -3.0)
    mended = fit(windows, train, validation, settings, wrong).quantiles(windows, wrong)[test, 1]
    plain = np.abs(y - trend)[test].mean()
    assert np.abs(y[test] - right).mean() < 1.02 * plain
    assert np.abs(y[test] - mended).mean() < 1.1 * plain < 0.6 * np.abs(y - wrong)[test].mean()


def test_the_reference_forecasts_z_scores_of_events_with_enough_windows():
    windows = _careers(athletes=60)
    train, validation, test = _parts(windows)
    counts = windows.table.filter(train.tolist())["event"].value_counts()
    enough = int(counts["count"].sort()[0]) + 1
    fitted = fit(windows, train, validation, replace(SMALL_REFERENCE, min_samples=enough))
    assert (
        set(fitted.events) == set(counts.filter(pl.col("count") >= enough)["event"]) != set(counts["event"])
    )
    made, peaks = fitted.quantiles(windows), fitted.peaks(windows)
    with_head = windows.table["event"].is_in(list(fitted.events)).to_numpy()
    assert np.isnan(made[~with_head]).all() and np.isfinite(made[with_head]).all()
    rows = np.flatnonzero(test & with_head)
    kinds = windows.table["event"].gather(rows).to_list()
    sign = np.where((windows.table["unit"].gather(rows) == "sec").to_numpy(), -1, 1)
    mean, sd = np.zeros(len(rows)), np.zeros(len(rows))
    for event in fitted.events:
        own = windows.table.filter((pl.col("event") == event) & pl.Series(train))["peak"].to_numpy()
        mean[[e == event for e in kinds]] = own.mean()
        sd[[e == event for e in kinds]] = own.std()
    z = sign * (windows.table["peak"].gather(rows).to_numpy() - mean) / sd
    assert np.abs(z - made[rows, 1]).mean() < 0.75 * np.abs(z).mean()
    np.testing.assert_allclose(peaks[rows], mean[:, None] + (sign * sd)[:, None] * made[rows], rtol=1e-9)


def test_an_ensemble_is_the_mean_of_its_members():
    windows = _careers()
    train, validation, _ = _parts(windows)
    settings = replace(SMALL, max_epochs=1, calibrate=False)
    both = fit(windows, train, validation, replace(settings, members=2)).quantiles(windows)
    alone = [fit(windows, train, validation, replace(settings, seed=s)).quantiles(windows) for s in (1, 2)]
    np.testing.assert_allclose(both, np.mean(alone, axis=0), rtol=1e-5, atol=1e-5)


def test_a_saved_network_forecasts_the_same_and_says_what_it_is():
    windows = _careers()
    train, validation, _ = _parts(windows)
    for settings in (replace(SMALL, max_epochs=1, members=2), replace(REFERENCE, max_epochs=1, hid_season=8)):
        fitted = fit(windows, train, validation, settings)
        files = fitted.to_files()
        back = FittedLstm.from_files(files)
        np.testing.assert_array_equal(back.quantiles(windows), fitted.quantiles(windows))
        assert back.to_files() == files
        meta = json.loads(files["meta.json"])
        assert meta["about"]["device"] and meta["about"]["padding"] == "right"
        assert meta["about"]["split"]["train"]["n"] == train.sum()
        assert meta["about"]["validation"]["n"] > 10


def test_files_that_are_no_network_are_refused_by_name():
    windows = _careers()
    train, validation, _ = _parts(windows)
    files = fit(windows, train, validation, replace(SMALL, max_epochs=1)).to_files()
    meta = json.loads(files["meta.json"])
    wrong = [
        ({"meta.json": files["meta.json"]}, "weights.safetensors: not there"),
        (files | {"meta.json": b"{"}, "meta.json: JSONDecodeError"),
        (files | {"meta.json": json.dumps(meta | {"format": "other"}).encode()}, "format is 'other'"),
        (files | {"meta.json": json.dumps(meta | {"encoder": {}}).encode()}, "meta.json: KeyError"),
        (files | {"weights.safetensors": b"none"}, "weights.safetensors: "),
    ]
    for contents, message in wrong:
        with pytest.raises(ModelFileError, match=message):
            FittedLstm.from_files(contents)


def test_trained_again_it_has_seen_the_validation_windows_too_and_keeps_its_interval():
    windows = _careers()
    train, validation, _ = _parts(windows)
    once = fit(windows, train, validation, replace(SMALL, max_epochs=2))
    again = fit(windows, train, validation, replace(SMALL, max_epochs=2, refit=True))
    assert (once.width, once.about) == (again.width, again.about)
    assert np.abs(once.quantiles(windows) - again.quantiles(windows)).max() > 0
    wrong = windows.table.with_columns(
        pl.when(pl.Series(validation)).then(pl.col("peak") * 1.02).otherwise(pl.col("peak")).alias("peak")
    )
    other = WindowArrays(wrong, windows.sequences, windows.season_index)
    refitted = replace(SMALL, max_epochs=1, refit=True)
    made = [fit(w, train, validation, refitted).quantiles(windows) for w in (windows, other)]
    assert np.abs(made[0] - made[1]).max() > 0


def test_numbers_given_with_the_windows_are_learnt_from():
    windows = _careers(athletes=70, seed=2)
    train, validation, test = _parts(windows)
    y = improvement(windows.table)
    told = np.stack([y + np.random.default_rng(0).normal(0, 0.2, len(y)), np.ones(len(y))], axis=1)
    fitted = fit(windows, train, validation, replace(SMALL, max_epochs=8, learning_rate=1e-2), features=told)
    made = fitted.quantiles(windows, features=told)
    assert np.abs(made[test, 1] - y[test]).mean() < 0.6 * np.abs(y[test]).mean()
    np.testing.assert_array_equal(
        FittedLstm.from_files(fitted.to_files()).quantiles(windows, None, told), made
    )
    with pytest.raises(ValueError, match="with 2 features"):
        fitted.quantiles(windows)


def test_wrong_questions_are_refused():
    windows = _careers()
    train, validation, _ = _parts(windows)
    offset = np.zeros(len(windows))
    with pytest.raises(ValueError, match="no training windows"):
        fit(windows, train & False, validation)
    with pytest.raises(ValueError, match="trained on and validated on"):
        fit(windows, train, train)
    with pytest.raises(ValueError, match="must be one too"):
        fit(windows, train, validation, REFERENCE, offset)
    with pytest.raises(ValueError, match="no offset"):
        fit(windows, train, validation, SMALL, offset * np.nan)
    with pytest.raises(ValueError, match="head is 'cubic'"):
        LstmSettings(head="cubic")  # type: ignore[arg-type]
    for wrong in ({"members": 0}, {"dropout": 1.0}, {"learning_rate": 0.0}, {"target": "z"}):
        with pytest.raises(ValueError):
            LstmSettings(**wrong)
    fitted = fit(windows, train, validation, replace(SMALL, max_epochs=1), offset)
    with pytest.raises(ValueError, match="offset"):
        fitted.quantiles(windows)


def test_the_winds_worth_is_found_within_seasons():
    from formguide.track._encoding import _wind_rates

    marks = some_careers(athletes=150, noise_percent=0.3)
    helped = marks.with_columns(
        mark=pl.when(pl.col("event") == "100 Meters")
        .then(pl.col("mark") * (-0.005 * pl.col("wind_mps").fill_null(0.0)).exp())
        .otherwise(pl.col("mark"))
    )
    rates = _wind_rates(season_sequences(helped))
    assert rates["100 Meters"] == pytest.approx(0.5, abs=0.1)
    assert rates["Long Jump"] == pytest.approx(0.0, abs=0.1)


def test_a_forecast_needs_no_torch(tmp_path: Path):
    windows = _careers()
    train, validation, _ = _parts(windows)
    fitted = fit(windows, train, validation, replace(SMALL, max_epochs=1))
    for name, body in fitted.to_files().items():
        (tmp_path / name).write_bytes(body)
    (tmp_path / "sequences.npz").write_bytes(windows.sequences.to_npz())
    windows.table.head(5).write_parquet(tmp_path / "windows.parquet")
    code = """
import sys, pathlib, polars as pl
from formguide.track.hierarchical_lstm import FittedLstm
from formguide.track.sequences import SeasonSequences
from formguide.track.windows import window_arrays
here = pathlib.Path(sys.argv[1])
network = FittedLstm.from_files({p.name: p.read_bytes() for p in here.iterdir()})
sequences = SeasonSequences.from_npz((here / "sequences.npz").read_bytes())
made = network.quantiles(window_arrays(pl.read_parquet(here / "windows.parquet"), sequences))
print(made.shape, "torch" in sys.modules)
"""
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert said.stdout.split("\n")[0] == "(5, 3) False"
