"""One epoch of the parity network (LSTM 14 → 128 × 2) in batches of workouts of like length, each padded to
its own longest, against the padded loop: every batch padded to the longest workout of all.

Both run in torch on one thread, from the same weights, over the same batches in the same order, with the same
optimiser and the same masked loss; the losses of every batch and the weights at the end must agree. Then both
are trained as they would be, the padded loop with batches of any length, and the losses on held-out users are
compared.

    python -m bench.heartrate_lstm [--users 16] [--workouts 10] [--rounds 5] [--epochs 12]

The workload is the generated population; with 10 s a step its workouts have some 180 steps, the longest 300.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from bench import _timing  # isort: skip  (sets one thread before numpy is imported)

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from formguide.heartrate._encoding import Encoder, Scaled, batches, examples
from formguide.heartrate._network import Shape
from formguide.heartrate._training import begun, epoch_of, held_out_loss, make_batch, step
from formguide.heartrate.network_settings import PARITY, NetworkSettings
from formguide.heartrate.sample.population import generate
from formguide.heartrate.splits import users_apart

BEST, CLAIM = "like lengths", 1.4
SHAPE = Shape("lstm", 14, 0, PARITY.hidden, PARITY.layers, PARITY.heads, 1, PARITY.dropout)


def workload(users: int, workouts: int) -> tuple[list[Scaled], list[Scaled]]:
    """Training and held-out workouts as the network is fed them."""
    split = users_apart(generate(users, workouts, seed=3).runs)
    raw = [examples(part, PARITY, None, None) for part in (split.train, split.validation)]
    encoder = Encoder.learn(raw[0], PARITY)
    train, held = ([encoder.scaled(e) for e in part] for part in raw)
    return train, held


def fresh() -> tuple[nn.Module, torch.optim.Optimizer]:
    """The parity network at its beginning, and its optimiser."""
    torch.manual_seed(1)
    made = begun(SHAPE)
    return made, torch.optim.Adam(made.parameters(), lr=PARITY.learning_rate)


def one_epoch(
    rows: Sequence[Scaled], parts: Sequence[NDArray[np.int64]], longest: int | None, dropout: bool = True
) -> tuple[list[float], nn.Module]:
    """Losses batch by batch, every batch padded to `longest` or, if None, to its own longest."""
    made, optimiser = fresh()
    # Dropout draws a number for what is padded too, so that it is off where losses are compared.
    made.train(dropout)
    losses = []
    for part in parts:
        length = longest or max(len(rows[i].steps) for i in part)
        losses.append(step(made, make_batch([rows[i] for i in part], length), PARITY, optimiser))
    return losses, made


def trained(rows: Sequence[Scaled], held: Sequence[Scaled], settings: NetworkSettings, epochs: int) -> float:
    """The loss on held-out users after some epochs."""
    made, optimiser = fresh()
    rng = np.random.default_rng(1)
    for _ in range(epochs):
        epoch_of(made, optimiser, rows, settings, rng)
    longest = max(len(row.steps) for row in held)
    return held_out_loss(made, [make_batch(held, longest)], settings)


def main() -> None:
    """Prints the seconds per epoch and the ratio; stops if losses differ or the claim does not hold."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--users", type=int, default=16)
    options.add_argument("--workouts", type=int, default=10)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--epochs", type=int, default=12)
    asked = options.parse_args()
    torch.set_num_threads(1)
    rows, held = workload(asked.users, asked.workouts)
    lengths = np.array([len(row.steps) for row in rows])
    parts = list(batches(lengths, PARITY.batch_size, True, np.random.default_rng(0)))
    longest = int(lengths.max())
    laid = sum(len(part) * int(lengths[part].max()) for part in parts)
    print(f"{len(rows)} workouts of {lengths.mean():.0f} steps on average, the longest {longest}")
    print(
        f"padding: {1 - lengths.sum() / (len(rows) * longest):.0%} of the padded loop's steps, "
        f"{1 - lengths.sum() / laid:.0%} of ours"
    )

    ours, padded = (one_epoch(rows, parts, length, dropout=False) for length in (None, longest))
    _timing.check("the losses of every batch are the same", bool(np.allclose(ours[0], padded[0], rtol=1e-4)))
    weights = zip(ours[1].parameters(), padded[1].parameters(), strict=True)
    _timing.check(
        "and so are the weights after the epoch", all(torch.allclose(a, b, atol=1e-3) for a, b in weights)
    )
    seconds = _timing.interleaved(
        {
            BEST: lambda: one_epoch(rows, parts, None),
            "padded loop": lambda: one_epoch(rows, parts, longest),
        },
        rounds=asked.rounds,
    )
    for name, value in seconds.items():
        print(f"  {name:12s} {_timing.duration(value):>8s} an epoch, {value / seconds[BEST]:.2f} × ours")
    any_length = NetworkSettings(**(PARITY.as_dict() | {"bucketed": False}))
    losses = [trained(rows, held, s, asked.epochs) for s in (PARITY, any_length)]
    print(
        f"  held-out loss after {asked.epochs} epochs: {losses[0]:.4f} by like lengths, "
        f"{losses[1]:.4f} by the padded loop"
    )
    _timing.check("trained either way the loss is the same within 10 %", abs(losses[0] / losses[1] - 1) < 0.1)
    ratio = seconds["padded loop"] / seconds[BEST]
    _timing.check(f"at least {CLAIM} times as fast as the padded loop", ratio >= CLAIM)


if __name__ == "__main__":
    main()
