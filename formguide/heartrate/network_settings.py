"""What can be chosen of the networks that forecast a heart rate, in one place."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from formguide.heartrate.features import ABLATIONS

KINDS = ("lstm", "attention", "transformer")
LOSSES = ("mse", "quantile")


@dataclass(frozen=True)
class NetworkSettings:
    """The network, what it is fed and how it is trained. Checked when made; raises ValueError.

    kind: `lstm`; `attention`, an LSTM with causal self-attention over its states; `transformer`, a small
    causal one. features: how many of the 14 (3, 11 or 14). optional: cadence and power too, where they were
    recorded, each with whether it was. base: whether it corrects another forecast, which it is then also fed.
    embedding: whether it is fed what the user's earlier workouts said. loss: `quantile` (pinball at 0.1, 0.5
    and 0.9) or `mse`, the masked mean squared error, of which the interval is what the validation's errors
    were. step_sec: seconds between two steps. longest_steps: of a longer workout the beginning is trained on;
    forecasts have any length. bucketed: batches of workouts of like length, padded to the longest of each,
    else of any length, padded to the longest of all. hidden, layers: width and depth; heads: of attention.
    """

    kind: Literal["lstm", "attention", "transformer"] = "lstm"
    features: int = 14
    optional: bool = True
    base: bool = True
    embedding: bool = True
    loss: Literal["mse", "quantile"] = "quantile"
    step_sec: int = 10
    longest_steps: int = 720
    hidden: int = 64
    layers: int = 1
    heads: int = 4
    dropout: float = 0.1
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    batch_size: int = 32
    max_epochs: int = 30
    patience: int = 5
    bucketed: bool = True
    seed: int = 1

    def __post_init__(self) -> None:
        for name, allowed in (("kind", KINDS), ("loss", LOSSES), ("features", tuple(ABLATIONS))):
            if getattr(self, name) not in allowed:
                listed = ", ".join(str(a) for a in allowed)
                raise ValueError(f"{name} is {getattr(self, name)!r}; it is one of {listed}")
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("weight_decay", "dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 0 and less than 1")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate}; it must be above 0")
        if self.kind != "lstm" and self.hidden % self.heads:
            raise ValueError(f"hidden is {self.hidden}; heads, {self.heads}, must divide it")

    def as_dict(self) -> dict[str, Any]:
        """Every setting by name, as JSON holds it."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


_COUNTS = (
    *("step_sec", "longest_steps", "hidden", "layers", "heads"),
    *("batch_size", "max_epochs", "patience"),
)

PARITY = NetworkSettings(
    optional=False,
    base=False,
    embedding=False,
    loss="mse",
    hidden=128,
    layers=2,
    dropout=0.3,
    learning_rate=5e-4,
    weight_decay=0.0,
    batch_size=16,
    max_epochs=100,
    patience=10,
)
"""The network of the published system, as its documents describe it: 14 features into an LSTM of 128 × 2,
dropout 0.3, masked mean squared error, Adam at 5e-4, batches of 16, ten epochs of patience."""
