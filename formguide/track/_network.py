"""The hierarchical LSTM as a torch module: marks → season, seasons → athlete, athlete → an event's peak.

A batch holds each season once, however many of its windows look back on it. Seasons are run in a few groups
of like length, each read at its last mark, which is what packing does, in fewer and larger steps. The heads
of all events lie in one tensor each, from which a batch gathers its own, so that there is one product
whatever the events.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from formguide.track._encoding import Encoded

_LONGEST_IN_GROUP = (3, 6, 12)
"""Seasons are run together up to these lengths, and the rest with the longest."""

HIDDEN = 32
"""Hidden units of an `mlp32` head."""


@dataclass(frozen=True)
class Shape:
    """The sizes of a network; `left` for networks that were trained on sequences padded before the first
    mark.
    """

    in_dim: int
    season_extras: int
    window_extras: int
    hid_season: int
    hid_across: int
    emb_label: int
    labels: int
    events: int
    outputs: int
    head: str
    shared_head: bool
    dropout: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The sizes by name."""
        return asdict(self)


@dataclass(frozen=True)
class Batch:
    """B windows over U seasons, as tensors.

    groups: seasons of like length, [u, l, F] with their lengths [u], in the order of the U seasons; season:
    which of the U, or U for none, [B, K]; label: row of the label embedding, [B, K]; steps: seasons to read,
    [B]; season_extras [B, K, ·], window_extras [B, ·]; event: head or -1, [B].
    """

    groups: tuple[tuple[Tensor, Tensor], ...]
    season: Tensor
    label: Tensor
    steps: Tensor
    season_extras: Tensor
    window_extras: Tensor
    event: Tensor


class Heads(nn.Module):
    """One head per event, with one output per quantile, evaluated as one product over the batch."""

    def __init__(self, kind: str, events: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.kind = kind
        if kind == "mlp32":
            self.hidden_weight = nn.Parameter(_uniform((events, HIDDEN, inputs), inputs))
            self.hidden_bias = nn.Parameter(_uniform((events, HIDDEN), inputs))
        if kind == "lnlin":
            self.norm_weight = nn.Parameter(torch.ones(events, inputs))
            self.norm_bias = nn.Parameter(torch.zeros(events, inputs))
        last = HIDDEN if kind == "mlp32" else inputs
        self.weight = nn.Parameter(_uniform((events, outputs, last), last))
        self.bias = nn.Parameter(_uniform((events, outputs), last))

    def forward(self, x: Tensor, event: Tensor) -> Tensor:
        """x: [B, D], event: [B] → [B, outputs]."""
        if self.kind == "mlp32":
            x = torch.relu(
                torch.baddbmm(self.hidden_bias[event, :, None], self.hidden_weight[event], x[:, :, None])
            )
            x = x[:, :, 0]
        if self.kind == "lnlin":
            x = nn.functional.layer_norm(x, x.shape[1:]) * self.norm_weight[event] + self.norm_bias[event]
        return torch.baddbmm(self.bias[event, :, None], self.weight[event], x[:, :, None])[:, :, 0]


class HierarchicalLstm(nn.Module):
    """Season LSTM, label embedding, across-season LSTM and per-event heads."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.season_lstm = nn.LSTM(shape.in_dim, shape.hid_season, batch_first=True)
        self.label_emb = nn.Embedding(shape.labels, shape.emb_label)
        across_in = shape.hid_season + shape.emb_label + shape.season_extras
        self.across_lstm = nn.LSTM(across_in, shape.hid_across, batch_first=True)
        inputs = shape.hid_across + shape.window_extras
        self.heads = Heads(shape.head, shape.events, inputs, shape.outputs) if shape.events else None
        self.shared = nn.Linear(inputs, shape.outputs) if shape.shared_head else None
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, batch: Batch) -> Tensor:
        """One row of outputs per window, [B, outputs]; NaN where the event has no head and none is shared."""
        x = torch.cat([self.embed(batch), batch.window_extras], dim=1)
        out = x.new_zeros(len(x), self.shape.outputs)
        if self.shared is not None:
            out = self.shared(x)
        known = batch.event >= 0
        if self.heads is not None:
            own = self.heads(x, batch.event.clamp(min=0))
            out = out + torch.where(known[:, None], own, torch.zeros_like(own))
        if self.shared is None:
            out = torch.where(known[:, None], out, torch.full_like(out, torch.nan))
        return out

    def embed(self, batch: Batch) -> Tensor:
        """What the network makes of an athlete's seasons, [B, hid_across]."""
        seasons = [_at_last_step(self.season_lstm(marks)[0], lengths) for marks, lengths in batch.groups]
        none = batch.season_extras.new_zeros(1, self.shape.hid_season)
        embedded = torch.cat([*seasons, none])[batch.season]
        embedded = self.dropout(embedded)
        across = torch.cat([embedded, self.label_emb(batch.label), batch.season_extras], dim=2)
        family: Tensor = self.dropout(_at_last_step(self.across_lstm(across)[0], batch.steps))
        return family


def make_batch(data: Encoded, rows: NDArray[np.int64], marks: int, device: str = "cpu") -> Batch:
    """The windows of the given rows, each season they look back on once, its last `marks` marks."""
    season = data.season[rows]
    used, place = np.unique(season, return_inverse=True)
    place = place.reshape(season.shape)
    if used.size and used[0] < 0:
        used, place = used[1:], place - 1
    kept = np.minimum(data.start[used + 1] - data.start[used], marks)
    order = np.argsort(kept, kind="stable")
    rank = np.append(np.argsort(order, kind="stable"), len(used))
    place = rank[np.where(place < 0, len(used), place)]
    used, kept = used[order], kept[order]
    groups, begin = [], 0
    for longest in (*_LONGEST_IN_GROUP, marks):
        end = int(np.searchsorted(kept, longest, side="right"))
        if end > begin:
            groups.append(_group(data, used[begin:end], kept[begin:end], device))
            begin = end
    return Batch(
        groups=tuple(groups),
        season=torch.from_numpy(place).to(device),
        label=torch.from_numpy(data.label[rows]).to(device),
        steps=torch.from_numpy((season >= 0).sum(axis=1)).to(device),
        season_extras=torch.from_numpy(data.season_extras[rows]).to(device),
        window_extras=torch.from_numpy(data.window_extras[rows]).to(device),
        event=torch.from_numpy(data.event[rows]).to(device),
    )


def _group(
    data: Encoded, used: NDArray[np.int64], kept: NDArray[np.int64], device: str
) -> tuple[Tensor, Tensor]:
    place = np.arange(int(kept.max()))[None, :]
    there = place < kept[:, None]
    flat = np.where(there, (data.start[used + 1] - kept)[:, None] + place, 0)
    marks = data.marks[flat] * there[:, :, None].astype(np.float32)
    return torch.from_numpy(marks).to(device), torch.from_numpy(kept).to(device)


def _at_last_step(outputs: Tensor, lengths: Tensor) -> Tensor:
    """The output of each row at its own last step: [B, L, D], [B] → [B, D]."""
    return outputs[torch.arange(len(lengths), device=lengths.device), lengths - 1]


def _uniform(shape: tuple[int, ...], inputs: int) -> Tensor:
    """As torch's Linear begins: uniform within 1/√inputs."""
    return torch.empty(shape).uniform_(-(inputs**-0.5), inputs**-0.5)
