from __future__ import annotations

import json
import pickle
from collections import OrderedDict
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formguide.track.checkpoint import CheckpointError, checkpoints_in, read_checkpoint
from formguide.track.hierarchical_lstm import FittedLstm
from formguide.track.peaks import season_peaks
from formguide.track.sequences import season_sequences
from formguide.track.tables import OUTDOOR
from formguide.track.windows import WindowArrays, season_windows, window_arrays
from tests.track.careers_made import TYPICAL, performances, some_careers

EVENTS = ["800 Meters", "60 Meters", "100 Meters", "200 Meters", "Shot Put"]
"""Not the Long Jump, so that there are windows without a head."""
SIZES = {"seqlen_marks": 32, "k_seasons": 4, "hid_season": 8, "hid_across": 6, "emb_label": 4, "in_dim": 3}


def _meta() -> dict[str, Any]:
    return {
        "model_name": "HierGenderFamilies",
        "gender": "Men",
        "events": EVENTS,
        "event2id": {event: number for number, event in enumerate(EVENTS)},
        "mu_by_event": {event: TYPICAL[event] * 1.01 for event in EVENTS},
        "sd_by_event": {event: TYPICAL[event] * 0.04 for event in EVENTS},
        **SIZES,
        "created": "2025-01-01T00:00:00",
        "val_L1_z": 0.5,
        "val_mae_overall_native": 0.4,
        "per_event_val_metrics": [],
        "test_mae_overall": None,
        "per_event_test_metrics": [],
    }


def _reference(head: str, labels: int) -> Any:
    """The reference's network as its documents describe it, in plain torch."""
    import torch
    from torch import nn

    def one() -> nn.Module:
        across = SIZES["hid_across"]
        if head == "mlp32":
            return nn.Sequential(nn.Linear(across, 32), nn.ReLU(), nn.Linear(32, 1))
        if head == "lnlin":
            return nn.Sequential(nn.LayerNorm(across), nn.Linear(across, 1))
        return nn.Linear(across, 1)

    class Reference(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.season_lstm = nn.LSTM(3, SIZES["hid_season"], batch_first=True)
            self.label_emb = nn.Embedding(labels, SIZES["emb_label"])
            across_in = SIZES["hid_season"] + SIZES["emb_label"]
            self.across_lstm = nn.LSTM(across_in, SIZES["hid_across"], batch_first=True)
            self.heads = nn.ModuleList(one() for _ in EVENTS)

        def forward(self, x: Any, lengths: Any, label: Any, event: int) -> Any:
            k, steps, size = x.shape
            packed = nn.utils.rnn.pack_padded_sequence(
                x.reshape(k, steps, size), lengths.clamp(min=1), batch_first=True, enforce_sorted=False
            )
            _, (h, _) = self.season_lstm(packed)
            across = torch.cat([h[-1], self.label_emb(label)], dim=1)
            _, (h, _) = self.across_lstm(across[None])
            return self.heads[event](h[-1])[0, 0]

    torch.manual_seed(5)
    network = Reference()
    with torch.no_grad():
        for p in network.parameters():
            p.add_(0.05 * torch.randn_like(p))
    return network.eval()


def _saved(folder: Path, network: Any, meta: dict[str, Any] | None = None) -> Path:
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    torch.save(OrderedDict(network.state_dict()), folder / "model.pth")
    (folder / "meta.json").write_text(json.dumps(meta or _meta()))
    return folder


@cache
def _careers() -> WindowArrays:
    marks = some_careers(athletes=9)
    sequences = season_sequences(marks)
    return window_arrays(season_windows(season_peaks(marks), sequences), sequences)


def _as_trained(windows: WindowArrays, i: int, labels: int) -> tuple[Any, Any, Any]:
    """A window laid out in front, value, gap and wind as they are."""
    import torch

    x, lengths = np.zeros((4, 32, 3), np.float32), np.zeros(4, np.int64)
    label = np.zeros(4, np.int64)
    rows = [row for row in windows.season_index[i] if row >= 0]
    laid_out, kept = windows.sequences.padded(left=True)
    for k, row in enumerate(rows, start=4 - len(rows)):
        x[k], lengths[k] = laid_out[row], kept[row]
        label[k] = (windows.sequences.table["label"][int(row)] == OUTDOOR) + (labels == 3)
    return torch.from_numpy(x), torch.from_numpy(lengths), torch.from_numpy(label)


@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize("head", ["mlp32", "lnlin", "linear"])
def test_an_imported_network_forecasts_as_the_one_that_was_saved(head: str, labels: int, tmp_path: Path):
    import torch

    network, windows = _reference(head, labels), _careers()
    imported = read_checkpoint(_saved(tmp_path, network))
    assert imported.settings.head == head and imported.about["padding"] == "left"
    assert len(imported.about["vocabulary"]) == labels
    meta = _meta()
    made, checked = imported.peaks(windows), 0
    for i, event in enumerate(windows.table["event"].to_list()):
        if event not in EVENTS:
            assert np.isnan(made[i]).all()
            continue
        with torch.no_grad():
            z = float(network(*_as_trained(windows, i, labels), EVENTS.index(event)))
        expected = meta["mu_by_event"][event] + meta["sd_by_event"][event] * z
        assert made[i, 1] == pytest.approx(expected, rel=1e-5)
        sign = -1 if windows.table["unit"][i] == "sec" else 1
        worse, better = sign * made[i, 0], sign * made[i, 2]
        assert worse < better
        checked += 1
    assert checked > 40 and len(windows) > checked
    back = FittedLstm.from_files(imported.to_files())
    np.testing.assert_array_equal(back.peaks(windows), made)
    assert back.about["padding"] == "left"


def test_of_a_season_of_ten_marks_such_a_network_sees_ten_zeros(tmp_path: Path):
    imported = read_checkpoint(_saved(tmp_path, _reference("lnlin", 2)))

    def windows(slower: float) -> WindowArrays:
        rows: list[dict[str, Any]] = [
            {"athlete_id": "a", "event": "800 Meters", "label": OUTDOOR} for _ in range(11)
        ]
        for k, row in enumerate(rows):
            row |= {"date": date(2023 + k // 10, 5, 1 + k % 10), "mark": 110.0 + slower * (k < 10)}
        marks = performances(rows)
        sequences = season_sequences(marks)
        return window_arrays(season_windows(season_peaks(marks), sequences), sequences)

    np.testing.assert_array_equal(imported.peaks(windows(0.0)), imported.peaks(windows(5.0)))


def test_heads_go_by_their_ids_and_not_by_the_order_of_the_names(tmp_path: Path):
    network, windows = _reference("linear", 2), _careers()
    straight = read_checkpoint(_saved(tmp_path / "a", network)).peaks(windows)
    meta = _meta()
    meta["events"] = EVENTS[::-1]
    turned = read_checkpoint(_saved(tmp_path / "b", network, meta)).peaks(windows)
    assert np.array_equal(turned, straight, equal_nan=True)


def _called(names: list[str]) -> Any:
    return lambda meta: meta | {"events": names, "event2id": {e: i for i, e in enumerate(names)}}


def _without(meta: dict[str, Any], field: str) -> dict[str, Any]:
    return {k: v for k, v in meta.items() if k != field}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda m: m | {"hid_season": 16},
            r"weight_ih_l0 is \(32, 3\); by meta.json it is \(64, 3",
        ),
        (lambda m: m | {"emb_label": 3}, r"label_emb.weight is \(2, 4\)"),
        (lambda m: m | {"in_dim": 4}, "in_dim is 4"),
        (lambda m: m | {"k_seasons": "4"}, "k_seasons is '4', not a size"),
        (lambda m: _without(m, "events"), "events is no list"),
        (lambda m: m | {"events": EVENTS[:-1]}, "event2id and events do not name the same"),
        (lambda m: m | {"event2id": dict.fromkeys(EVENTS, 0)}, "does not number the 5 events"),
        (_called([*EVENTS[:4], "Quidditch"]), "no number for Quidditch"),
        (lambda m: m | {"mu_by_event": {}}, "mu_by_event has no number for 800 Meters"),
        (lambda m: m | {"sd_by_event": dict.fromkeys(EVENTS, 0.0)}, "must be above 0"),
        (lambda m: m | {"gender": "Robots"}, "gender"),
    ],
)
def test_what_does_not_fit_is_named_in_one_line(change: Any, message: str, tmp_path: Path):
    folder = _saved(tmp_path, _reference("lnlin", 2), change(_meta()))
    with pytest.raises(CheckpointError, match=message) as caught:
        read_checkpoint(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("across_lstm.bias_hh_l0"), "no across_lstm.bias_hh_l0"),
        (lambda s: s.pop("heads.2.1.bias"), "no heads.2.1.bias"),
        (lambda s: s.pop("heads.0.1.bias"), "heads.0 holds"),
        (lambda s: s.update({"extra": s["label_emb.weight"]}), "extra is no tensor of this layout"),
        (lambda s: s.update({"label_emb.weight": s["label_emb.weight"][:1]}), "has 1 rows"),
        (lambda s: s["season_lstm.bias_ih_l0"].fill_(float("nan")), "no number"),
        (lambda s: s.update({"label_emb.weight": 4}), "label_emb.weight is no tensor"),
    ],
)
def test_tensors_that_do_not_fit_are_named_in_one_line(change: Any, message: str, tmp_path: Path):
    import torch

    state = OrderedDict((k, v.clone()) for k, v in _reference("lnlin", 2).state_dict().items())
    change(state)
    folder = _saved(tmp_path, _reference("lnlin", 2))
    torch.save(state, folder / "model.pth")
    with pytest.raises(CheckpointError, match=message):
        read_checkpoint(folder)


class _Runs:
    def __reduce__(self) -> tuple[Any, ...]:
        return (open, ("ran", "w"))


def test_a_pickle_that_would_run_something_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import torch

    monkeypatch.chdir(tmp_path)
    folder = _saved(tmp_path / "Men", _reference("lnlin", 2))
    torch.save({"season_lstm": _Runs()}, folder / "model.pth")
    with pytest.raises(CheckpointError, match="refused"):
        read_checkpoint(folder)
    (folder / "model.pth").write_bytes(pickle.dumps(_Runs()))
    with pytest.raises(CheckpointError, match=r"model\.pth"):
        read_checkpoint(folder)
    (folder / "model.pth").write_bytes(b"nothing of the sort")
    with pytest.raises(CheckpointError, match=r"model\.pth"):
        read_checkpoint(folder)
    assert not (tmp_path / "ran").exists()


def test_a_folder_is_a_checkpoint_or_holds_some(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"no model\.pth"):
        checkpoints_in(tmp_path)
    with pytest.raises(CheckpointError, match="no such folder"):
        checkpoints_in(tmp_path / "nowhere")
    for gender in ("Men", "Women"):
        _saved(tmp_path / gender, _reference("linear", 2))
    assert [p.name for p in checkpoints_in(tmp_path)] == ["Men", "Women"]
    assert checkpoints_in(tmp_path / "Men") == [tmp_path / "Men"]
    (tmp_path / "Men" / "meta.json").unlink()
    with pytest.raises(CheckpointError, match=r"meta\.json: not there"):
        read_checkpoint(tmp_path / "Men")


def test_there_are_as_many_heads_as_events(tmp_path: Path):
    for names, message in (([*EVENTS, "Mile"], r"no heads\.5"), (EVENTS[:4], "more heads than the 4 events")):
        meta = _called(names)(_meta())
        for field in ("mu_by_event", "sd_by_event"):
            meta[field] = dict.fromkeys(names, 1.0)
        with pytest.raises(CheckpointError, match=message):
            read_checkpoint(_saved(tmp_path, _reference("linear", 2), meta))


def test_events_are_called_as_we_call_them_and_one_that_is_not_known_is_told(tmp_path: Path):
    meta = _meta()
    renamed = {"800 Meters": "800m", "Shot Put": "Quidditch"}
    for field in ("event2id", "mu_by_event", "sd_by_event"):
        meta[field] = {renamed.get(e, e): v for e, v in meta[field].items()}
    meta["events"] = [renamed.get(e, e) for e in EVENTS]
    imported = read_checkpoint(_saved(tmp_path, _reference("linear", 2), meta))
    assert imported.events == (*EVENTS[:-1], "Quidditch")
    assert imported.about["events_as_named"][0] == "800m"
    assert imported.about["events_unknown"] == ["Quidditch"]


def test_scales_may_be_kept_by_number_or_in_a_list(tmp_path: Path):
    network, windows, meta = _reference("linear", 2), _careers(), _meta()
    straight = read_checkpoint(_saved(tmp_path / "a", network)).peaks(windows)
    other = meta | {
        "mu_by_event": [meta["mu_by_event"][e] for e in EVENTS],
        "sd_by_event": {str(i): meta["sd_by_event"][e] for i, e in enumerate(EVENTS)},
    }
    again = read_checkpoint(_saved(tmp_path / "b", network, other)).peaks(windows)
    assert np.array_equal(again, straight, equal_nan=True)
