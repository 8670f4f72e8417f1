"""What a training leaves behind: its configuration, its losses by epoch, its scores.

    Kept()                     → in memory, as plain values for people (`metadata`) and a frame of losses
    WeightsAndBiases(project)  → a run there, or offline in a folder (the extra `wandb`)
    Several(first, second)     → both

A tracker is told and never asked: it changes nothing of a training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import polars as pl

from formguide.plain import not_installed


class Tracker(Protocol):
    """Is told of one training: once that it begins, of each epoch, once that it has ended."""

    def began(self, config: Mapping[str, Any]) -> None:
        """The settings, the device, how many workouts and users."""
        ...

    def epoch(self, number: int, training: float, validation: float) -> None:
        """Losses of an epoch, from 0."""
        ...

    def ended(self, scores: Mapping[str, float]) -> None:
        """The scores on what stopped the training."""
        ...


class NotInstalledError(RuntimeError):
    """A tracker's package is not there. The message says how to install it."""


@dataclass
class Kept:
    """A training as plain values: what an asset's metadata shows."""

    config: dict[str, Any] = field(default_factory=dict)
    losses: list[tuple[int, float, float]] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)

    def began(self, config: Mapping[str, Any]) -> None:
        """Keeps the configuration, and forgets the training before."""
        self.config, self.losses, self.scores = dict(config), [], {}

    def epoch(self, number: int, training: float, validation: float) -> None:
        """Keeps an epoch's losses."""
        self.losses.append((number, training, validation))

    def ended(self, scores: Mapping[str, float]) -> None:
        """Keeps the scores."""
        self.scores = dict(scores)

    def curves(self) -> pl.DataFrame:
        """Losses by epoch: epoch, training, validation."""
        kept = {"epoch": pl.Int64, "training": pl.Float64, "validation": pl.Float64}
        return pl.DataFrame(self.losses, schema=kept, orient="row")

    def metadata(self) -> dict[str, Any]:
        """Configuration, epochs, best losses and scores, flat and plain."""
        flat = {f"config_{name}": value for name, value in self.config.items()}
        if self.losses:
            best = min(self.losses, key=lambda loss: loss[2])
            flat |= {
                "epochs": len(self.losses),
                "best_epoch": best[0],
                "training_loss": best[1],
                "validation_loss": best[2],
            }
        return flat | dict(self.scores)


@dataclass
class WeightsAndBiases:
    """A run of Weights & Biases. mode: `online`, `offline` (written to `folder`, sent by `wandb sync`) or
    None for what the environment says (WANDB_MODE). Raises NotInstalledError without the package."""

    project: str = "formguide-heartrate"
    name: str | None = None
    mode: Literal["online", "offline", "disabled"] | None = None
    folder: Path | None = None
    _run: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        try:
            import wandb
        except ImportError:
            raise NotInstalledError(not_installed("wandb", "wandb")) from None
        self._wandb = wandb

    def began(self, config: Mapping[str, Any]) -> None:
        """Begins a run with this configuration."""
        self._run = self._wandb.init(
            project=self.project,
            name=self.name,
            mode=self.mode,
            dir=None if self.folder is None else str(self.folder),
            config=dict(config),
            reinit="finish_previous",
        )

    def epoch(self, number: int, training: float, validation: float) -> None:
        """Logs an epoch's losses."""
        self._run.log({"training_loss": training, "validation_loss": validation}, step=number)

    def ended(self, scores: Mapping[str, float]) -> None:
        """Writes the scores into the run's summary, and ends it."""
        self._run.summary.update(dict(scores))
        self._run.finish()
        self._run = None


class Several:
    """Tells several trackers the same."""

    def __init__(self, *trackers: Tracker) -> None:
        self.trackers: Sequence[Tracker] = trackers

    def began(self, config: Mapping[str, Any]) -> None:
        """Tells all."""
        for tracker in self.trackers:
            tracker.began(config)

    def epoch(self, number: int, training: float, validation: float) -> None:
        """Tells all."""
        for tracker in self.trackers:
            tracker.epoch(number, training, validation)

    def ended(self, scores: Mapping[str, float]) -> None:
        """Tells all."""
        for tracker in self.trackers:
            tracker.ended(scores)
