"""Invented runs of invented hearts: whoever obeys the differential equation, with known parameters."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from formguide.heartrate import ode
from formguide.heartrate.sequences import Floats, Inputs, Recorded

THETA = np.array([62.0, np.log(6.0), 1.2, 0.7, np.log(25.0), np.log(60.0), -0.8, np.log(200.0), 0.12, 24.0])
"""A runner unlike the prior's."""


def inputs_of(number: int, seconds: int = 1500, user: str = "ann", seed: int = 0) -> Inputs:
    """A hilly run with intervals and a stop, two days after the one before."""
    rng = np.random.default_rng([seed, number])
    t = np.arange(float(seconds))
    paces = rng.uniform(2.0, 4.0, seconds // 120 + 1)
    speed = paces[(t // 120).astype(int)] + rng.normal(0, 0.05, seconds)
    stop = int(rng.integers(seconds // 3, seconds // 2))
    speed[stop : stop + 40] = 0.0
    way = np.cumsum(speed)
    hills = rng.uniform(200, 900, 3)
    altitude = 40 + sum(0.006 * hill * np.sin(2 * np.pi * way / hill + rng.uniform(0, 6)) for hill in hills)
    began = datetime(2021, 3, 1, 7) + timedelta(days=2 * number)
    return Inputs(f"{user}/{began:%Y%m%dT%H%M%S}", user, "run", None, began, t, speed, altitude)


def beating(inputs: Inputs, theta: Floats = THETA, shift: float = 0.0, noise: float = 1.0) -> Recorded:
    """The run of somebody with these parameters, a day's shift, and noise that lasts some seconds."""
    rng = np.random.default_rng(int(inputs.started_at.timestamp()))
    blur = ode.smoothed(rng.normal(0, noise * 4.0, len(inputs)), 8.0)
    return Recorded(inputs, ode.simulate(ode.Physiology(theta), inputs) + shift + blur)


def runs_of(count: int, shifts: Floats | None = None, theta: Floats = THETA, **how: object) -> list[Recorded]:
    """Some runs of one person, shifted from day to day."""
    by = np.zeros(count) if shifts is None else shifts
    return [beating(inputs_of(k, **how), theta, float(by[k])) for k in range(count)]  # type: ignore[arg-type]
