"""The training of the hierarchical LSTM: batches of whole athletes, AdamW, early stopping on the validation
windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from formguide.torch_runs import as_arrays, device_name, one_thread_and_seed
from formguide.track._encoding import Encoded
from formguide.track._network import Batch, HierarchicalLstm, Shape, make_batch
from formguide.track.lstm_settings import LstmSettings

QUANTILES = (0.1, 0.5, 0.9)
_SPREAD_AT_FIRST = 0.954
"""softplus(0.954) = 1.28: of a standard normal, from the median to the 90 % quantile."""
_LARGEST_GRADIENT = 1.0
_VALIDATION_BATCH = 2048

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Trained:
    """The weights of the epoch with the lowest validation loss, and how it came to be.

    losses: mean training and validation loss of each epoch, in the target's scaled unit.
    """

    weights: dict[str, NDArray[np.float32]]
    best_epoch: int
    losses: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Job:
    """What a network is trained on and how: target: scaled target of every window, [N]; athlete: whose
    window, [N].
    """

    data: Encoded
    target: NDArray[np.float32]
    athlete: Ints
    shape: Shape
    settings: LstmSettings


def train(job: Job, rows: Ints, validation: Ints, seed: int) -> Trained:
    """One network, trained on the windows of `rows` and stopped by those of `validation`.

    A progress bar is shown on a terminal only. One thread, one seed: the same inputs give the same bytes on
    the same kind of machine.
    """
    settings, device = job.settings, device_name()[0]
    with one_thread_and_seed(seed, device):
        network, optimiser, y, rng = _begin(job, seed, device)
        best, best_epoch, best_weights = float("inf"), -1, network.state_dict()
        losses: list[tuple[float, float]] = []
        held = [
            make_batch(job.data, part, settings.marks, device) for part in _cut(validation, _VALIDATION_BATCH)
        ]
        for epoch in (bar := _bar(settings.max_epochs, f"network {seed}")):
            trained = _epoch(job, network, optimiser, y, rows, rng, device)
            loss = _held_out_loss(network, held, y, validation, settings)
            losses.append((trained, loss))
            bar.set_postfix(train=f"{trained:.4f}", validation=f"{loss:.4f}")
            if loss < best:
                best, best_epoch = loss, epoch
                best_weights = {k: v.detach().clone() for k, v in network.state_dict().items()}
            if epoch - best_epoch >= settings.patience:
                break
        return Trained(as_arrays(best_weights), best_epoch, tuple(losses))


def train_again(job: Job, rows: Ints, seed: int, epochs: int) -> Trained:
    """One network, trained on the windows of `rows` for a given number of epochs; nothing stops it."""
    device = device_name()[0]
    with one_thread_and_seed(seed, device):
        network, optimiser, y, rng = _begin(job, seed, device)
        losses = [
            (_epoch(job, network, optimiser, y, rows, rng, device), float("nan"))
            for _ in _bar(epochs, f"network {seed}, again")
        ]
        return Trained(as_arrays(network.state_dict()), epochs - 1, tuple(losses))


def _begin(
    job: Job, seed: int, device: str
) -> tuple[HierarchicalLstm, torch.optim.Optimizer, Tensor, np.random.Generator]:
    network = HierarchicalLstm(job.shape).to(device)
    _begin_at_nothing(network, job.settings)
    y = torch.from_numpy(job.target).to(device)
    return network, _optimiser(network, job.settings), y, np.random.default_rng(seed)


def _epoch(
    job: Job,
    network: HierarchicalLstm,
    optimiser: torch.optim.Optimizer,
    y: Tensor,
    rows: Ints,
    rng: np.random.Generator,
    device: str,
) -> float:
    """One pass over the rows; the mean loss on the way."""
    network.train()
    total = 0.0
    for part in batches(rows, job.athlete, job.settings.batch_size, rng):
        batch = make_batch(job.data, part, job.settings.marks, device)
        total += len(part) * step(network, batch, y[part], job.settings, optimiser)
    return total / len(rows)


def _bar(epochs: int, what: str) -> Any:
    return tqdm(range(epochs), desc=what, disable=None, leave=False)


def batches(rows: Ints, athlete: Ints, size: int, rng: np.random.Generator) -> Iterator[Ints]:
    """The rows in batches of about `size`, athletes in random order and each with all his windows in one
    batch.

    His windows look back on the same seasons, which a batch encodes once.
    """
    names, place = np.unique(athlete[rows], return_inverse=True)
    rank = rng.permutation(len(names))[place]
    order = np.argsort(rank, kind="stable")
    counts = np.bincount(rank, minlength=len(names))
    number = (np.cumsum(counts) - counts) // size
    cuts = np.flatnonzero(np.diff(np.repeat(number, counts))) + 1
    yield from np.split(rows[order], cuts)


def step(
    network: HierarchicalLstm,
    batch: Batch,
    y: Tensor,
    settings: LstmSettings,
    optimiser: torch.optim.Optimizer,
) -> float:
    """One step of the optimiser on a batch; its mean loss before it."""
    optimiser.zero_grad(set_to_none=True)
    loss = mean_loss(network(batch), y, settings)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_GRADIENT)
    optimiser.step()
    return float(loss.detach())


def mean_loss(out: Tensor, y: Tensor, settings: LstmSettings) -> Tensor:
    """The mean absolute error of the median, or the mean pinball loss of the three quantiles (Koenker and
    Bassett 1978), of outputs [B, 1 or 3] against y [B].
    """
    if settings.loss == "l1":
        return (out[:, 0] - y).abs().mean()
    below, above = nn.functional.softplus(out[:, 1]), nn.functional.softplus(out[:, 2])
    made = torch.stack([out[:, 0] - below, out[:, 0], out[:, 0] + above], dim=1)
    level = torch.tensor(QUANTILES, dtype=made.dtype, device=made.device)
    error = y[:, None] - made
    return torch.maximum(level * error, (level - 1) * error).mean()


def _held_out_loss(
    network: HierarchicalLstm, held: list[Batch], y: Tensor, validation: Ints, settings: LstmSettings
) -> float:
    network.eval()
    with torch.no_grad():
        parts = [
            float(mean_loss(network(batch), y[part], settings)) * len(part)
            for batch, part in zip(held, _cut(validation, _VALIDATION_BATCH), strict=True)
        ]
    return sum(parts) / len(validation)


def _optimiser(network: HierarchicalLstm, settings: LstmSettings) -> torch.optim.Optimizer:
    own = list(network.heads.parameters()) if network.heads is not None else []
    ids = {id(p) for p in own}
    rest = [p for p in network.parameters() if id(p) not in ids]
    groups = [
        {"params": rest, "weight_decay": settings.weight_decay},
        {"params": own, "weight_decay": settings.head_decay},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=settings.learning_rate)


def _begin_at_nothing(network: HierarchicalLstm, settings: LstmSettings) -> None:
    """A network that is asked for a change begins at none, so that it corrects a forecast from the first step
    on; its interval begins as a standard normal's.
    """
    shared = network.shared
    with torch.no_grad():
        if settings.target == "change":
            for bottom in (network.heads, shared):
                if bottom is not None:
                    bottom.weight.zero_()
                    bottom.bias.zero_()
        if settings.loss == "quantile":
            bottom = shared if shared is not None else network.heads
            if bottom is not None:
                bottom.bias[..., 1:] = _SPREAD_AT_FIRST


def _cut(rows: Ints, size: int) -> list[Ints]:
    return [rows[begin : begin + size] for begin in range(0, len(rows), size)]
