"""One epoch of the hierarchical LSTM: each season encoded once, in groups of like length, with gathered
heads, against padded windows and a loop over the heads.

Both run in torch on one thread, from the same weights, over the same batches in the same order, with the same
optimiser. The padded way lays out every window as [K, L, F], runs the season LSTM over all K × L steps of
each, reads it at the last mark, and takes the events of the batch one after the other, as the reference does
(which reads short seasons wrongly besides; here both read them right). The losses and the weights at the end
must agree.

    python -m bench.track_lstm [--athletes 300]

The workload is a generated college league: athletes of one to three events of a family over two to six years,
indoors and out of doors, with a few to a few dozen marks a season, and 28 events.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial

from bench import _timing  # isort: skip  (sets one thread before numpy is imported)

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from formguide.track._encoding import Encoded
from formguide.track._network import Batch, HierarchicalLstm, Shape, make_batch
from formguide.track._training import batches, step
from formguide.track.lstm_settings import REFERENCE

EVENTS, SEASONS_BACK, MARKS = 28, 4, 32
CLAIM = 3.5


def league(athletes: int, seed: int = 1) -> tuple[Encoded, NDArray[np.float32], NDArray[np.int64]]:
    """Windows of a generated league, their scaled targets and their athletes."""
    rng = np.random.default_rng(seed)
    lengths: list[int] = []
    rows: list[list[int]] = []
    labels: list[list[int]] = []
    events: list[int] = []
    athlete: list[int] = []
    for who in range(athletes):
        years = int(rng.integers(2, 7))
        first = len(lengths)
        seasons = 2 * years
        lengths += np.minimum(1 + rng.negative_binomial(2, 0.22, seasons), MARKS).tolist()
        mine = rng.choice(EVENTS, size=int(rng.integers(1, 4)), replace=False)
        for season in range(2, seasons):
            for event in mine[rng.random(len(mine)) < 0.85]:
                back = list(range(max(0, season - SEASONS_BACK), season))
                rows.append([first + b for b in back] + [-1] * (SEASONS_BACK - len(back)))
                labels.append([b % 2 for b in back] + [0] * (SEASONS_BACK - len(back)))
                events.append(int(event))
                athlete.append(who)
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    marks = rng.normal(size=(start[-1], 3)).astype(np.float32)
    windows = np.array(rows)
    n = len(windows)
    data = Encoded(
        marks=marks,
        start=start,
        season=windows,
        label=np.array(labels),
        season_extras=np.zeros((n, SEASONS_BACK, 0), np.float32),
        window_extras=np.zeros((n, 0), np.float32),
        event=np.array(events),
        centre=np.zeros(n),
        scale=np.ones(n),
    )
    last = windows[np.arange(n), (windows >= 0).sum(axis=1) - 1]
    signal = marks[start[last + 1] - 1, 0] + 0.5 * marks[start[last], 0]
    return data, (signal + rng.normal(0, 0.5, n)).astype(np.float32), np.array(athlete)


class PaddedLstm(nn.Module):
    """The reference's network: every window laid out as K × L marks, one module per event.

    packed: torch's own packing of the windows' seasons instead of all L steps of each.
    """

    def __init__(self, like: HierarchicalLstm, packed: bool = False) -> None:
        super().__init__()
        self.packed = packed
        shape = like.shape
        self.season_lstm = nn.LSTM(shape.in_dim, shape.hid_season, batch_first=True)
        self.label_emb = nn.Embedding(shape.labels, shape.emb_label)
        self.across_lstm = nn.LSTM(shape.hid_season + shape.emb_label, shape.hid_across, batch_first=True)
        self.heads = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(shape.hid_across), nn.Linear(shape.hid_across, 1))
            for _ in range(shape.events)
        )
        own = like.heads
        assert own is not None
        for name in ("season_lstm", "label_emb", "across_lstm"):
            getattr(self, name).load_state_dict(getattr(like, name).state_dict())
        with torch.no_grad():
            for event, head in enumerate(self.heads):
                for to, tensor in zip(
                    head.parameters(), (own.norm_weight, own.norm_bias, own.weight, own.bias), strict=True
                ):
                    to.copy_(tensor[event])

    def forward(self, x: Tensor, lengths: Tensor, label: Tensor, steps: Tensor, event: Tensor) -> Tensor:
        """x [B, K, L, F], lengths [B, K], label [B, K], steps [B], event [B] → [B, 1]."""
        b, k, length, size = x.shape
        flat, at_least_one = x.reshape(b * k, length, size), lengths.reshape(-1).clamp(min=1)
        if self.packed:
            rows = nn.utils.rnn.pack_padded_sequence(
                flat, at_least_one, batch_first=True, enforce_sorted=False
            )
            seasons = self.season_lstm(rows)[1][0][0].reshape(b, k, -1)
        else:
            out, _ = self.season_lstm(flat)
            seasons = out[torch.arange(b * k), at_least_one - 1].reshape(b, k, -1)
        across, _ = self.across_lstm(torch.cat([seasons, self.label_emb(label)], dim=2))
        family = across[torch.arange(b), steps - 1]
        made = x.new_zeros(b, 1)
        for e in sorted(set(event.tolist())):
            rows = event == e
            made[rows] = self.heads[e](family[rows])
        return made


Padded = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def padded(data: Encoded) -> Padded:
    """All windows laid out once, before any clock runs."""
    n = len(data.event)
    x = np.zeros((n, SEASONS_BACK, MARKS, data.marks.shape[1]), np.float32)
    lengths = np.zeros((n, SEASONS_BACK), np.int64)
    for i in range(n):
        for k, row in enumerate(data.season[i]):
            if row >= 0:
                marks = data.marks[data.start[row] : data.start[row + 1]][-MARKS:]
                x[i, k, : len(marks)], lengths[i, k] = marks, len(marks)
    arrays = (x, lengths, data.label, (data.season >= 0).sum(axis=1), data.event)
    x_, lengths_, label, steps, event = (torch.from_numpy(a) for a in arrays)
    return x_, lengths_, label, steps, event


def padded_epoch(
    network: PaddedLstm, windows: Padded, y: Tensor, parts: Sequence[NDArray[np.int64]]
) -> list[float]:
    """Losses of one epoch, batch by batch."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=REFERENCE.learning_rate, weight_decay=1e-2)
    for weight in network.parameters():
        # Zero and not absent: the optimiser moves a head on that a batch has no window of, as it does ours.
        weight.grad = torch.zeros_like(weight)
    losses = []
    for part in parts:
        optimiser.zero_grad(set_to_none=False)
        rows = torch.from_numpy(part)
        loss = (network(*(a[rows] for a in windows))[:, 0] - y[rows]).abs().mean()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses


def our_epoch(
    network: HierarchicalLstm, data: Encoded, y: Tensor, parts: Sequence[NDArray[np.int64]]
) -> list[float]:
    """Losses of one epoch, batch by batch; laying out the batches is part of it."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=REFERENCE.learning_rate, weight_decay=1e-2)
    losses = []
    for part in parts:
        batch: Batch = make_batch(data, part, MARKS)
        losses.append(step(network, batch, y[part], REFERENCE, optimiser))
    return losses


def main() -> None:
    """Prints the seconds per epoch and the ratio; stops if losses differ or the claim does not hold."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--athletes", type=int, default=300)
    options.add_argument("--rounds", type=int, default=5)
    asked = options.parse_args()
    torch.set_num_threads(1)
    data, target, athlete = league(asked.athletes)
    y, windows = torch.from_numpy(target), padded(data)
    rows = np.arange(len(target))
    parts = list(batches(rows, athlete, REFERENCE.batch_size, np.random.default_rng(0)))
    shape = Shape(3, 0, 0, 64, 64, 4, 2, EVENTS, 1, "lnlin", False)
    per_batch = sum(len(np.unique(data.season[p])) for p in parts)
    print(f"{len(rows):,} windows of {asked.athletes} athletes in {len(parts)} batches, {EVENTS} events")
    print(f"mean marks a season: {np.diff(data.start).mean():.1f} of {MARKS}")
    print(f"seasons: {(data.season >= 0).sum():,} in windows, {per_batch:,} encoded an epoch")

    torch.manual_seed(1)
    ours = HierarchicalLstm(shape)
    others = {"packed": PaddedLstm(ours, packed=True), "padded": PaddedLstm(ours)}
    losses = our_epoch(ours, data, y, parts)
    for name, other in others.items():
        same = np.allclose(losses, padded_epoch(other, windows, y, parts), rtol=1e-4)
        _timing.check(f"the losses of every batch are those of the {name} network", bool(same))
        weights = zip(ours.season_lstm.parameters(), other.season_lstm.parameters(), strict=True)
        _timing.check(
            f"and so are the weights after an epoch ({name})",
            all(torch.allclose(a, b, atol=2e-3) for a, b in weights),
        )
    seconds = _timing.interleaved(
        {
            "ours": lambda: our_epoch(ours, data, y, parts),
            **{n: partial(padded_epoch, o, windows, y, parts) for n, o in others.items()},
        },
        rounds=asked.rounds,
    )
    for name, value in seconds.items():
        ratio = value / seconds["ours"]
        print(f"  {name:8s} {_timing.duration(value):>8s} an epoch, {ratio:.2f} × ours")
    ratio = seconds["padded"] / seconds["ours"]
    _timing.check(f"at least {CLAIM} times as fast as the padded one", ratio >= CLAIM)


if __name__ == "__main__":
    main()
