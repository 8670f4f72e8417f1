"""What can be chosen of the hierarchical LSTM, in one place."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

HEADS = ("mlp32", "lnlin", "linear")


@dataclass(frozen=True)
class LstmSettings:
    """The network, what it is asked for and how it is trained. Checked when made; raises ValueError.

    target: `change`, the percent (100 × log ratio, positive is better) by which the peak differs from the
    last peak of the event and label, or `z`, the peak as the event's z-score. extras: whether age, class
    year, time since, numbers of marks, wind-adjusted marks and the peaks so far are given to the network, or
    only value, day gap, wind and season label. shared_head: one more head that serves every event, so that an
    event's own head is a deviation from it, and events too rare for a head of their own are forecast too.
    head: each event's head; `mlp32` Linear(→32) ReLU Linear, `lnlin` LayerNorm Linear, `linear` Linear. loss:
    `quantile` (pinball at 0.1, 0.5 and 0.9) or `l1` (the median; its interval is what the validation's errors
    were). marks, seasons_back: sequence length L and seasons K; hid_season, hid_across, emb_label: sizes.
    min_samples: training windows that an event needs for a head. head_decay: weight decay of the events' own
    heads. calibrate: whether intervals are widened or narrowed to cover 80 % of the validation windows.
    refit: whether the networks are trained once more on training and validation windows together.
    members: networks of which the quantiles are averaged, with the seeds `seed`, `seed + 1`, …
    """

    target: Literal["change", "z"] = "change"
    extras: bool = True
    shared_head: bool = True
    head: Literal["mlp32", "lnlin", "linear"] = "linear"
    loss: Literal["quantile", "l1"] = "quantile"
    marks: int = 32
    seasons_back: int = 4
    hid_season: int = 64
    hid_across: int = 64
    emb_label: int = 4
    dropout: float = 0.1
    batch_size: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    head_decay: float = 1e-1
    max_epochs: int = 40
    patience: int = 6
    min_samples: int = 20
    calibrate: bool = True
    refit: bool = True
    members: int = 1
    seed: int = 1

    def __post_init__(self) -> None:
        choices = {"target": ("change", "z"), "head": HEADS, "loss": ("quantile", "l1")}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it is one of {', '.join(allowed)}")
        if self.shared_head and self.target == "z":
            raise ValueError("a shared head needs the target change: a rare event has no z-score")
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("weight_decay", "head_decay", "dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 0 and less than 1")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate}; it must be above 0")

    def as_dict(self) -> dict[str, Any]:
        """Every setting by name, as JSON holds it."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


_COUNTS = (
    *("marks", "seasons_back", "hid_season", "hid_across", "emb_label"),
    *("batch_size", "max_epochs", "patience", "min_samples", "members"),
)

REFERENCE = LstmSettings(
    target="z",
    extras=False,
    shared_head=False,
    head="lnlin",
    loss="l1",
    dropout=0.0,
    head_decay=1e-2,
    refit=False,
)
"""The architecture of FlightPhase as its documents describe it, packed right."""
