"""The training of a network: masked loss, Adam, early stopping on the users or workouts held out for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from formguide.heartrate._encoding import Scaled, batches, laid_out
from formguide.heartrate._network import Shape, network
from formguide.heartrate.network_settings import NetworkSettings
from formguide.torch_runs import as_arrays, device_name, one_thread_and_seed

QUANTILES = (0.1, 0.5, 0.9)
_SPREAD_AT_FIRST = 0.954
"""softplus(0.954) = 1.28: of a standard normal, from the median to the 90 % quantile."""
_LARGEST_GRADIENT = 1.0
_VALIDATION_BATCH = 64

Batch = tuple[Tensor, Tensor, Tensor]
Told = Callable[[int, float, float], None]
"""Told of each epoch: its number, its training and its validation loss."""


@dataclass(frozen=True)
class Trained:
    """The weights of the epoch with the lowest validation loss, and how it came to be.

    losses: mean training and validation loss of each epoch, in the scaled unit.
    """

    weights: dict[str, NDArray[np.float32]]
    best_epoch: int
    losses: tuple[tuple[float, float], ...]


def train(
    rows: Sequence[Scaled],
    held: Sequence[Scaled],
    shape: Shape,
    settings: NetworkSettings,
    told: Told | None = None,
) -> Trained:
    """A network trained on `rows` and stopped by `held`.

    A progress bar is shown on a terminal only. One thread, one seed: the same inputs give the same bytes on
    the same kind of machine.
    """
    device = device_name()[0]
    with one_thread_and_seed(settings.seed, device):
        made = begun(shape).to(device)
        optimiser = torch.optim.Adam(
            made.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        rng = np.random.default_rng(settings.seed)
        fixed = _validation_batches(held, settings, device)
        best, best_epoch, best_weights = float("inf"), -1, made.state_dict()
        losses: list[tuple[float, float]] = []
        for epoch in (bar := tqdm(range(settings.max_epochs), desc=settings.kind, disable=None, leave=False)):
            trained = epoch_of(made, optimiser, rows, settings, rng, device)
            loss = held_out_loss(made, fixed, settings)
            losses.append((trained, loss))
            bar.set_postfix(train=f"{trained:.4f}", validation=f"{loss:.4f}")
            if told is not None:
                told(epoch, trained, loss)
            if loss < best:
                best, best_epoch = loss, epoch
                best_weights = {k: v.detach().clone() for k, v in made.state_dict().items()}
            if epoch - best_epoch >= settings.patience:
                break
        return Trained(as_arrays(best_weights), best_epoch, tuple(losses))


def begun(shape: Shape) -> nn.Module:
    """A network that begins at no correction, with a standard normal's interval."""
    made = network(shape)
    head: Any = made.head
    with torch.no_grad():
        head.weight.mul_(0.1)
        head.bias.zero_()
        if shape.outputs == 3:
            head.bias[1:] = _SPREAD_AT_FIRST
    return made


def epoch_of(
    made: nn.Module,
    optimiser: torch.optim.Optimizer,
    rows: Sequence[Scaled],
    settings: NetworkSettings,
    rng: np.random.Generator,
    device: str = "cpu",
) -> float:
    """One pass over the rows; the mean loss on the way, every measured step counted once."""
    made.train()
    lengths = np.array([min(len(row.steps), settings.longest_steps) for row in rows])
    total, counted = 0.0, 0
    for part in batches(lengths, settings.batch_size, settings.bucketed, rng):
        longest = int(lengths[part].max() if settings.bucketed else lengths.max())
        batch = make_batch([rows[i] for i in part], longest, device)
        known = int(torch.isfinite(batch[2]).sum())
        if known:
            total += known * step(made, batch, settings, optimiser)
            counted += known
    return total / max(counted, 1)


def make_batch(rows: Sequence[Scaled], length: int, device: str = "cpu") -> Batch:
    """The rows laid out to a length, as tensors: steps, fixed, target."""
    steps, fixed, target = (torch.from_numpy(a).to(device) for a in laid_out(rows, length))
    return steps, fixed, target


def step(made: nn.Module, batch: Batch, settings: NetworkSettings, optimiser: torch.optim.Optimizer) -> float:
    """One step of the optimiser on a batch; its mean loss before it."""
    optimiser.zero_grad(set_to_none=True)
    loss = masked_loss(made(batch[0], batch[1]), batch[2], settings.loss)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(made.parameters(), _LARGEST_GRADIENT)
    optimiser.step()
    return float(loss.detach())


def masked_loss(out: Tensor, target: Tensor, loss: str) -> Tensor:
    """Mean loss over the steps that have a target: squared error of outputs (B, T, 1), or the pinball loss of
    the three quantiles (Koenker and Bassett 1978) of outputs (B, T, 3), against (B, T), NaN where masked."""
    known = torch.isfinite(target)
    # Multiplied and not picked: a step that is masked must add no gradient, NaN would.
    y = torch.where(known, target, torch.zeros_like(target))
    weight = known.to(out.dtype) / known.sum().clamp(min=1)
    if loss == "mse":
        return ((out[..., 0] - y) ** 2 * weight).sum()
    error = y[..., None] - quantiles_of(out)
    level = torch.tensor(QUANTILES, dtype=out.dtype, device=out.device)
    return (torch.maximum(level * error, (level - 1) * error).mean(dim=2) * weight).sum()


def quantiles_of(out: Tensor) -> Tensor:
    """Outputs (…, 3) as quantiles that never cross."""
    below, above = nn.functional.softplus(out[..., 1]), nn.functional.softplus(out[..., 2])
    return torch.stack([out[..., 0] - below, out[..., 0], out[..., 0] + above], dim=-1)


def held_out_loss(made: nn.Module, held: Sequence[Batch], settings: NetworkSettings) -> float:
    """The mean loss over batches that nothing is learnt from."""
    made.eval()
    total, counted = 0.0, 0
    with torch.no_grad():
        for steps, fixed, target in held:
            known = int(torch.isfinite(target).sum())
            total += known * float(masked_loss(made(steps, fixed), target, settings.loss))
            counted += known
    return total / max(counted, 1)


def outputs(
    weights: Mapping[str, NDArray[np.float32]], shape: Shape, rows: Sequence[Scaled]
) -> list[NDArray[np.float32]]:
    """A saved network's outputs of each row, (T, outputs), on the CPU with one thread."""
    return Runner(weights, shape).outputs(rows)


class Runner:
    """A saved network made ready to forecast."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]], shape: Shape) -> None:
        self.network = network(shape)
        self.network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in weights.items()})
        self.network.eval()

    def outputs(self, rows: Sequence[Scaled]) -> list[NDArray[np.float32]]:
        """Of each row, (T, outputs)."""
        made = []
        with one_thread_and_seed(0, "cpu"), torch.no_grad():
            for row in rows:
                out = self.network(torch.from_numpy(row.steps)[None], torch.from_numpy(row.fixed)[None])
                if out.shape[2] == 3:
                    out = quantiles_of(out)
                made.append(out[0].numpy())
        return made


def _validation_batches(held: Sequence[Scaled], settings: NetworkSettings, device: str) -> list[Batch]:
    lengths = np.array([min(len(row.steps), settings.longest_steps) for row in held])
    order = np.argsort(lengths, kind="stable")
    cut = [order[k : k + _VALIDATION_BATCH] for k in range(0, len(order), _VALIDATION_BATCH)]
    return [make_batch([held[i] for i in part], int(lengths[part].max()), device) for part in cut]
