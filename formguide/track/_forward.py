"""The hierarchical LSTM's forward pass in NumPy: a forecast needs no torch, which takes seconds to import.

The equations are torch's (`torch.nn.LSTM`, gates in the order input, forget, cell, output; `LayerNorm` with ε
= 1e-5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formguide.track._encoding import Encoded

Float32s = NDArray[np.float32]
Weights = Mapping[str, Float32s]

_CHUNK = 4096
_EPSILON = 1e-5


def outputs(weights: Weights, shape: Mapping[str, Any], data: Encoded, marks: int) -> Float32s:
    """What the network puts out for every window, [N, outputs]; NaN where an event has no head.

    shape: `head`, `outputs` and `left` of the network; marks: the last marks of a season that are read.
    """
    n = len(data.event)
    out = np.zeros((n, int(shape["outputs"])), dtype=np.float32)
    for begin in range(0, n, _CHUNK):
        rows = np.arange(begin, min(begin + _CHUNK, n))
        out[rows] = _chunk(weights, shape, data, rows, marks)
    return out


def _chunk(
    weights: Weights, shape: Mapping[str, Any], data: Encoded, rows: NDArray[np.int64], marks: int
) -> Float32s:
    season = data.season[rows]
    used = np.unique(season[season >= 0])
    sequences, kept = _laid_out(data, used, marks, left=bool(shape.get("left")))
    states = _lstm(weights, "season_lstm", sequences, kept)
    if shape.get("left"):
        return _left(weights, shape, data, rows, used, states, marks)
    states = np.concatenate([states, np.zeros((1, states.shape[1]), np.float32)])
    place = np.where(season >= 0, np.searchsorted(used, season), len(used))
    label = weights["label_emb.weight"][data.label[rows]]
    across = np.concatenate([states[place], label, data.season_extras[rows]], axis=2)
    family = _lstm(weights, "across_lstm", across, (season >= 0).sum(axis=1))
    x = np.concatenate([family, data.window_extras[rows]], axis=1)
    return heads(weights, str(shape["head"]), x, data.event[rows])


def _left(
    weights: Weights,
    shape: Mapping[str, Any],
    data: Encoded,
    rows: NDArray[np.int64],
    used: NDArray[np.int64],
    states: Float32s,
    marks: int,
) -> Float32s:
    """Seasons padded in front too: K steps always, the first of them empty seasons under the padding's label.

    An empty season is one step of zeros.
    """
    season = data.season[rows]
    k = season.shape[1]
    known = (season >= 0).sum(axis=1)
    shifted = np.full_like(season, -1)
    for row, n in enumerate(known):
        shifted[row, k - n :] = season[row, :n]
    nothing = np.zeros((1, 1, data.marks.shape[1]), np.float32)
    states = np.concatenate([states, _lstm(weights, "season_lstm", nothing, np.array([1]))])
    place = np.where(shifted >= 0, np.searchsorted(used, shifted), len(used))
    vocabulary = weights["label_emb.weight"]
    has_padding = len(vocabulary) == 3
    moved = np.zeros_like(season)
    for row, n in enumerate(known):
        moved[row, k - n :] = data.label[rows][row, :n] + has_padding
    across = np.concatenate([states[place], vocabulary[moved]], axis=2)
    family = _lstm(weights, "across_lstm", across, np.full(len(rows), k))
    return heads(weights, str(shape["head"]), family, data.event[rows])


def _laid_out(
    data: Encoded, used: NDArray[np.int64], marks: int, left: bool
) -> tuple[Float32s, NDArray[np.int64]]:
    """Seasons as [u, longest, F] with their lengths; `left` puts zeros before the first mark, to `marks`."""
    kept = np.minimum(data.start[used + 1] - data.start[used], marks)
    longest = marks if left else int(kept.max(initial=1))
    place = np.arange(longest)[None, :] - ((longest - kept)[:, None] if left else 0)
    there = (place >= 0) & (place < kept[:, None])
    flat = np.where(there, (data.start[used + 1] - kept)[:, None] + place, 0)
    return data.marks[flat] * there[:, :, None].astype(np.float32), kept


def _lstm(weights: Weights, name: str, x: Float32s, lengths: NDArray[np.int64]) -> Float32s:
    """The state after each row's own last step: x [n, L, F], lengths [n] → [n, H]."""
    w_in, w_rec = weights[f"{name}.weight_ih_l0"], weights[f"{name}.weight_hh_l0"]
    bias = weights[f"{name}.bias_ih_l0"] + weights[f"{name}.bias_hh_l0"]
    hidden = w_rec.shape[1]
    order = np.argsort(-lengths, kind="stable")
    x, lengths = x[order], lengths[order]
    h = np.zeros((len(x), hidden), np.float32)
    c = np.zeros_like(h)
    for step in range(int(lengths.max(initial=0))):
        n = int(np.searchsorted(-lengths, -step))
        gates = x[:n, step] @ w_in.T + h[:n] @ w_rec.T + bias
        i, f, g, o = np.split(gates, 4, axis=1)
        c[:n] = _sigmoid(f) * c[:n] + _sigmoid(i) * np.tanh(g)
        h[:n] = _sigmoid(o) * np.tanh(c[:n])
    back = np.empty_like(h)
    back[order] = h
    return back


def heads(weights: Weights, kind: str, x: Float32s, event: NDArray[np.int64]) -> Float32s:
    """The heads of the events, and the shared one where there is one: [n, D], [n] → [n, outputs]."""
    known = event >= 0
    shared = "shared.weight" in weights
    if shared:
        out = x @ weights["shared.weight"].T + weights["shared.bias"]
    else:
        out = np.full((len(x), weights["heads.weight"].shape[1]), np.nan, dtype=np.float32)
        out[known] = 0.0
    if "heads.weight" not in weights or not known.any():
        return np.asarray(out, dtype=np.float32)
    x, event = x[known], event[known]
    if kind == "mlp32":
        x = np.matmul(weights["heads.hidden_weight"][event], x[:, :, None])[:, :, 0]
        x = np.maximum(x + weights["heads.hidden_bias"][event], 0)
    if kind == "lnlin":
        centred = x - x.mean(axis=1, keepdims=True)
        x = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + _EPSILON)
        x = x * weights["heads.norm_weight"][event] + weights["heads.norm_bias"][event]
    out[known] += (
        np.matmul(weights["heads.weight"][event], x[:, :, None])[:, :, 0] + weights["heads.bias"][event]
    )
    return np.asarray(out, dtype=np.float32)


def spread(out: Float32s) -> Float32s:
    """A network's three outputs (median, and how far below and above it) as quantiles that never cross, [n,
    3].
    """
    middle = out[:, 0]
    return np.stack([middle - _softplus(out[:, 1]), middle, middle + _softplus(out[:, 2])], axis=1)


def _softplus(x: Float32s) -> Float32s:
    return np.asarray(np.logaddexp(x, np.float32(0)), dtype=np.float32)


def _sigmoid(x: Float32s) -> Float32s:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)), dtype=np.float32)
