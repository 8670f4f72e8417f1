"""What a forecast of heart rate is, and what makes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from formguide.heartrate.sequences import Floats, Inputs, Recorded


@dataclass(frozen=True)
class Curve:
    """A forecast heart rate at every second of a workout, beats a minute.

    p10, p50, p90 (n,): the 10 %, 50 % and 90 % quantiles, on the clock of the `Inputs`; they do not cross.
    """

    p10: Floats
    p50: Floats
    p90: Floats


class Forecaster(Protocol):
    """What forecasts heart rate, once it has been fitted to a training set."""

    @property
    def name(self) -> str:
        """How it is called in a scorecard."""
        ...

    def curve(self, inputs: Inputs, history: Sequence[Recorded]) -> Curve:
        """The curve of one workout. history: the same user's workouts that had ended when it began, in their
        order; for somebody new there is none."""
        ...
