"""FlightPhase's saved networks (`model.pth` beside `meta.json`), read without running what is in them.

The tensors say which network it is: the shape of the heads tells `mlp32`, `lnlin` and `linear` apart, and the
label embedding has two rows (indoor, outdoor) or three (padding before them). `meta.json` must agree with
them in every size.

Such a network was trained on seasons padded before their first mark to 32 steps, of which it then read as
many steps as there are marks, from the front: of a season of 10 marks it saw 10 zeros, of one of 20 marks 12
zeros and then the first 8. Its windows were padded in front too, with seasons of a single step of zeros, and
always read to the fourth. It is fed the same way here, with marks, day gaps and winds in their own units,
because its weights mean nothing otherwise; `about` says `padding: left`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formguide.track import events
from formguide.track._encoding import Encoder, Scale
from formguide.track.hierarchical_lstm import FittedLstm
from formguide.track.lstm_settings import LstmSettings
from formguide.track.tables import LABELS

MODEL, META = "model.pth", "meta.json"
ASSET = "imported_lstm"
"""Under which the lake keeps an imported network, by gender."""

_SIZES = ("seqlen_marks", "k_seasons", "hid_season", "hid_across", "emb_label", "in_dim")
_INPUTS = 3
_MEAN_TO_80 = 1.2816 * math.sqrt(math.pi / 2)
"""From a normal error's mean size to its 90 % quantile: 1.28 σ, and σ is √(π/2) times the mean size."""

Tensors = dict[str, NDArray[np.float32]]


class CheckpointError(ValueError):
    """A checkpoint is not what its layout says. The message is one line naming the file and the field."""


def checkpoints_in(folder: Path) -> list[Path]:
    """The folder itself if it holds a checkpoint, else the folders in it that do, by name; raises
    CheckpointError if there is none.
    """
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: no such folder")
    found = [p for p in (folder, *sorted(folder.iterdir())) if p.is_dir() and (p / MODEL).is_file()]
    if not found:
        raise CheckpointError(f"{folder}: no {MODEL} in it, nor in a folder of it")
    return found[:1] if found[0] == folder else found


def read_checkpoint(folder: Path) -> FittedLstm:
    """The network of a folder, as one of ours; raises CheckpointError.

    Its interval is what its own validation error (`val_L1_z`) makes of a normal distribution, and as wide as
    nothing where it names none. Nothing of the files is executed: tensors are all that is read.
    """
    meta = _read_meta(folder / META)
    tensors = _read_tensors(folder / MODEL)
    names = _event_names(meta)
    sizes = {name: _size(meta, name) for name in _SIZES}
    head, weights = _heads(tensors, len(names), sizes["hid_across"])
    weights |= _trunk(tensors, sizes)
    if unknown := sorted(set(tensors) - set(_TRUNK) - _used_heads(tensors)):
        raise CheckpointError(f"{MODEL}: {unknown[0]} is no tensor of this layout")
    gender = _gender(meta)
    mean, spread = (_by_event(meta, field, list(names)) for field in ("mu_by_event", "sd_by_event"))
    if wrong := next((e for e, sd in spread.items() if sd <= 0), None):
        raise CheckpointError(f"{META}: sd_by_event of {wrong} is {spread[wrong]}; it must be above 0")
    targets = {name: Scale(mean[e], spread[e]) for e, name in names.items()}
    settings = LstmSettings(
        target="z",
        extras=False,
        shared_head=False,
        head=head,  # type: ignore[arg-type]
        loss="l1",
        marks=sizes["seqlen_marks"],
        seasons_back=sizes["k_seasons"],
        hid_season=sizes["hid_season"],
        hid_across=sizes["hid_across"],
        emb_label=sizes["emb_label"],
        dropout=0.0,
        calibrate=False,
        refit=False,
    )
    encoder = Encoder(
        target="z",
        extras=False,
        events=tuple(names.values()),
        targets={"": Scale(0.0, 1.0), **targets},
        values={},
        wind_percent={},
        native=True,
    )
    labels = len(weights["label_emb.weight"])
    error = meta.get("val_L1_z")
    half = _MEAN_TO_80 * float(error) if isinstance(error, int | float) and math.isfinite(error) else 0.0
    about = {
        "imported": True,
        "padding": "left",
        "offset": False,
        "gender": gender,
        "events_as_named": list(names),
        "events_unknown": [name for name in names.values() if not _is_known(name)],
        "vocabulary": ["padding", *LABELS] if labels == 3 else list(LABELS),
        "stated": {k: meta[k] for k in sorted(meta) if k in _STATED},
    }
    shape = {"head": head, "outputs": 1, "events": len(names), "labels": labels, "left": True, **sizes}
    return FittedLstm(settings, encoder, shape, (weights,), (-half, half), 1.0, about)


_STATED = ("model_name", "created", "val_L1_z", "val_mae_overall_native", "per_event_val_metrics")
_TRUNK = (
    *(f"season_lstm.{name}" for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")),
    "label_emb.weight",
    *(f"across_lstm.{name}" for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")),
)
_VARIANTS: Mapping[str, Mapping[str, str]] = {
    "linear": {"weight": "weight", "bias": "bias"},
    "lnlin": {"0.weight": "norm_weight", "0.bias": "norm_bias", "1.weight": "weight", "1.bias": "bias"},
    "mlp32": {"0.weight": "hidden_weight", "0.bias": "hidden_bias", "2.weight": "weight", "2.bias": "bias"},
}
"""Head variant → its tensors, as they are called there and here."""


def _read_meta(path: Path) -> dict[str, Any]:
    try:
        meta = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise CheckpointError(f"{path}: not there, and without it nobody knows the events") from None
    except ValueError as error:
        raise CheckpointError(f"{path}: is no JSON ({error})") from None
    if not isinstance(meta, dict):
        raise CheckpointError(f"{path}: is a {type(meta).__name__}, not an object")
    return meta


def _read_tensors(path: Path) -> Tensors:
    import pickle
    import warnings

    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", UserWarning
            )  # of pickle protocols: what cannot be read is told below
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise CheckpointError(
            f"{path}: holds more than tensors, and what it holds would have to be run to be read; refused"
        ) from None
    except (OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path}: is no file of tensors ({str(error).splitlines()[0][:120]})") from None
    if not isinstance(loaded, dict) or not loaded:
        raise CheckpointError(f"{path}: is no dictionary of tensors")
    tensors: Tensors = {}
    for name, tensor in loaded.items():
        if (
            not isinstance(name, str)
            or not isinstance(tensor, torch.Tensor)
            or not tensor.is_floating_point()
        ):
            raise CheckpointError(f"{path}: {name} is no tensor of numbers")
        tensors[name] = tensor.detach().to(torch.float32).numpy()
        if not np.isfinite(tensors[name]).all():
            raise CheckpointError(f"{path}: {name} holds a value that is no number")
    return tensors


def _event_names(meta: Mapping[str, Any]) -> dict[str, str]:
    """Events as the checkpoint calls them → as we do, in the order of the heads."""
    named, order = meta.get("events"), meta.get("event2id")
    if not isinstance(named, list) or not named or not all(isinstance(e, str) for e in named):
        raise CheckpointError(f"{META}: events is no list of names")
    if len(set(named)) < len(named):
        raise CheckpointError(f"{META}: events names one twice")
    if order is None:
        order = {event: number for number, event in enumerate(named)}
    if not isinstance(order, dict) or set(order) != set(named):
        raise CheckpointError(f"{META}: event2id and events do not name the same events")
    if sorted(order.values(), key=str) != sorted(range(len(named)), key=str):
        raise CheckpointError(f"{META}: event2id does not number the {len(named)} events from 0 on")
    ours: dict[str, str] = {}
    for event in sorted(order, key=lambda e: int(order[e])):
        name = _our_name(event, meta)
        ours[event] = event if name in ours.values() else name
    return ours


def _our_name(event: str, meta: Mapping[str, Any]) -> str:
    """As we call the event; one that is not known keeps its name, and nobody will ask its head."""
    try:
        return events.find(event, _gender(meta), source="tfrrs").name
    except events.UnknownEventError:
        return event


def _is_known(event: str) -> bool:
    try:
        return bool(events.find(event).name == event)
    except events.UnknownEventError:
        return False


def _gender(meta: Mapping[str, Any]) -> str:
    try:
        return events.gender_of(str(meta.get("gender")))
    except ValueError as error:
        raise CheckpointError(f"{META}: gender: {error}") from None


def _size(meta: Mapping[str, Any], name: str) -> int:
    value = meta.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise CheckpointError(f"{META}: {name} is {value!r}, not a size")
    if name == "in_dim" and value != _INPUTS:
        raise CheckpointError(f"{META}: in_dim is {value}; a mark has {_INPUTS} numbers (value, gap, wind)")
    return value


def _by_event(meta: Mapping[str, Any], field: str, named: list[str]) -> dict[str, float]:
    """A number per event, whether they are kept by its name, by its number or in a list."""
    values = meta.get(field)
    if isinstance(values, list):
        values = dict(enumerate(values))
    found: dict[str, float] = {}
    for number, event in enumerate(named):
        keys = (event, str(number), number)
        value = next((values[k] for k in keys if k in values), None) if isinstance(values, dict) else None
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            raise CheckpointError(f"{META}: {field} has no number for {event}")
        found[event] = float(value)
    return found


def _trunk(tensors: Tensors, sizes: Mapping[str, int]) -> Tensors:
    """Both LSTMs and the label embedding, with the sizes that meta.json names."""
    season, across, label = sizes["hid_season"], sizes["hid_across"], sizes["emb_label"]
    rows = len(tensors["label_emb.weight"]) if "label_emb.weight" in tensors else 0
    if rows and rows not in (2, 3):
        raise CheckpointError(
            f"{MODEL}: label_emb.weight has {rows} rows; 2 (indoor, outdoor) or 3 (with padding) are known"
        )
    wanted: dict[str, dict[str, tuple[int, ...]]] = {
        "season_lstm": _lstm_shapes(season, _INPUTS),
        "label_emb": {"weight": (rows, label)},
        "across_lstm": _lstm_shapes(across, season + label),
    }
    return {
        f"{part}.{name}": _tensor(tensors, f"{part}.{name}", shape)
        for part, shapes in wanted.items()
        for name, shape in shapes.items()
    }


def _lstm_shapes(hidden: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {
        "weight_ih_l0": (4 * hidden, inputs),
        "weight_hh_l0": (4 * hidden, hidden),
        "bias_ih_l0": (4 * hidden,),
        "bias_hh_l0": (4 * hidden,),
    }


def _heads(tensors: Tensors, n_events: int, hidden: int) -> tuple[str, Tensors]:
    """Which variant the heads are, and all of them as one tensor per kind."""
    variant = _variant(tensors)
    parts: dict[str, list[NDArray[np.float32]]] = {}
    units = tensors["heads.0.0.weight"].shape[0] if variant == "mlp32" else 0
    shapes: dict[str, tuple[int, ...]] = {
        "hidden_weight": (units, hidden),
        "hidden_bias": (units,),
        "norm_weight": (hidden,),
        "norm_bias": (hidden,),
        "weight": (1, units or hidden),
        "bias": (1,),
    }
    for number in range(n_events):
        for theirs, ours in _VARIANTS[variant].items():
            parts.setdefault(ours, []).append(_tensor(tensors, f"heads.{number}.{theirs}", shapes[ours]))
    if f"heads.{n_events}." in "".join(f"{name} " for name in tensors):
        raise CheckpointError(f"{MODEL}: there are more heads than the {n_events} events of {META}")
    return variant, {f"heads.{name}": np.stack(tensor) for name, tensor in parts.items()}


def _variant(tensors: Tensors) -> str:
    first = {name.removeprefix("heads.0.") for name in tensors if name.startswith("heads.0.")}
    for variant, names in _VARIANTS.items():
        if first == set(names):
            return variant
    said = ", ".join(sorted(first)) or "nothing"
    raise CheckpointError(f"{MODEL}: heads.0 holds {said}, which is no head that is known")


def _used_heads(tensors: Tensors) -> set[str]:
    known = _VARIANTS[_variant(tensors)]
    return {n for n in tensors if n.startswith("heads.") and n.split(".", 2)[-1] in known}


def _tensor(tensors: Tensors, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    if name not in tensors:
        raise CheckpointError(f"{MODEL}: no {name}")
    if tensors[name].shape != shape:
        raise CheckpointError(f"{MODEL}: {name} is {tensors[name].shape}; by {META} it is {shape}")
    return tensors[name]
