"""What kind of race it will be: dry, wet, or dry and neutralised by a safety car, from what came before.

Both chances are shrunken frequencies: the circuit's own history counts as much as it has races, the month's
and the championship's fill in (a Beta prior worth a few races). Nobody's weather forecast is used; `p_wet`
overrides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from formguide import asof

SCENARIOS = ("dry", "wet", "safety_car")
MIXED = "mixed"

_WET_PRIOR_RACES = 6.0
_SAFETY_CAR_PRIOR_RACES = 6.0
_MONTH_PRIOR_RACES = 20.0
# Before any race is known: about one race in eight was wet and every other dry one was neutralised over
# 2003-2013.
_WET_START = (1.0, 8.0)
_SAFETY_CAR_START = (4.0, 8.0)


@dataclass(frozen=True)
class RaceHistory:
    """Conditions of past races as arrays, so that many forecasts can be made from one table."""

    at: list[datetime]
    circuit: np.ndarray
    month: np.ndarray
    wet: np.ndarray
    neutralised: np.ndarray

    @classmethod
    def of(cls, conditions: pl.DataFrame) -> RaceHistory:
        """From the `race_conditions` table; `neutralised` is NaN where nobody lists safety cars."""
        frame = conditions.sort("session_at", "race_id")
        stopped = (pl.col("safety_car") | pl.col("red_flag").fill_null(False)).cast(pl.Float64)
        return cls(
            at=frame["session_at"].to_list(),
            circuit=frame["circuit_id"].to_numpy(),
            month=frame["session_at"].dt.month().to_numpy(),
            wet=frame["wet"].cast(pl.Float64).to_numpy(),
            neutralised=frame.select(stopped.fill_null(np.nan)).to_series().to_numpy(),
        )

    def probabilities(
        self, circuit_id: str, race_at: datetime, as_of: datetime, p_wet: float | None = None
    ) -> dict[str, float]:
        """Chances of each scenario, summing to one, from the races that started before `as_of`."""
        known = np.array([asof.is_before(at, as_of) for at in self.at], dtype=bool)
        here = known & (self.circuit == circuit_id)
        if p_wet is None:
            overall = _rate(self.wet[known], *_WET_START)
            month = _rate(
                self.wet[known & (self.month == race_at.month)],
                overall * _MONTH_PRIOR_RACES,
                _MONTH_PRIOR_RACES,
            )
            p_wet = _rate(self.wet[here], month * _WET_PRIOR_RACES, _WET_PRIOR_RACES)
        dry = known & (self.wet == 0) & np.isfinite(self.neutralised)
        overall = _rate(self.neutralised[dry], *_SAFETY_CAR_START)
        p_neutral = _rate(
            self.neutralised[dry & here], overall * _SAFETY_CAR_PRIOR_RACES, _SAFETY_CAR_PRIOR_RACES
        )
        return {"dry": (1 - p_wet) * (1 - p_neutral), "wet": p_wet, "safety_car": (1 - p_wet) * p_neutral}


def _rate(events: np.ndarray, prior_events: float, prior_races: float) -> float:
    return float((events.sum() + prior_events) / (len(events) + prior_races))


def climatology(
    conditions: pl.DataFrame, circuit_id: str, race_at: datetime, as_of: datetime
) -> dict[str, float]:
    """Chances of each scenario for a race at `circuit_id`, from the `race_conditions` known at `as_of`."""
    return RaceHistory.of(asof.before(conditions, as_of)).probabilities(circuit_id, race_at, as_of)
