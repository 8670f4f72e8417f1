"""What a watch makes of a run of the sample: noise, steps, faults, shifts and lags, irregular sampling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formguide.heartrate.sample.routes import wander
from formguide.heartrate.sequences import Floats

SHIFTED, LATE = 0.05, 0.04
"""Shares of workouts whose heart rate is shifted by a constant, and late."""

DROPOUT, STUCK, SPIKES, CADENCE_LOCK = 0.12, 0.04, 0.06, 0.04
"""Shares of workouts with each fault."""

POINTS = 500
"""Samples of a workout on a site that keeps so many of each, at irregular seconds."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a heart rate from one second to another: dropout, stuck, spikes or cadence lock."""

    what: str
    begin_sec: int
    end_sec: int


@dataclass(frozen=True)
class Spoilt:
    """A heart rate (n,) as a sensor gave it, and what was done to it: a shift (bpm), a lag (s), faults."""

    heart_rate_bpm: Floats
    offset_bpm: float
    lag_sec: int
    faults: tuple[Fault, ...]


def measured_heart_rate(rng: np.random.Generator, heart: Floats, steps: Floats) -> Spoilt:
    """The heart rate of a sensor that is now and then at fault, in whole beats; NaN where it fell silent.

    heart: the true one; steps: steps a minute, which an optical sensor may take for the heart.
    """
    n = len(heart)
    offset, lag = planted(rng)
    noisy = heart + wander(rng, n, 20.0, 1.5) + wander(rng, n, 240.0, 1.3) + rng.normal(0.0, 0.5, n)
    late = np.concatenate([np.full(lag, noisy[0]), noisy[: n - lag]]) if lag else noisy
    said = np.rint(late + offset)
    faults: list[Fault] = []
    if rng.random() < CADENCE_LOCK:
        fault = _stretch(rng, "cadence lock", n, 60, 300, latest=0.5)
        said[fault.begin_sec : fault.end_sec] = np.rint(steps[fault.begin_sec : fault.end_sec])
        faults.append(fault)
    if rng.random() < STUCK:
        fault = _stretch(rng, "stuck", n, 60, 400)
        said[fault.begin_sec : fault.end_sec] = said[fault.begin_sec]
        faults.append(fault)
    if rng.random() < SPIKES:
        at = np.sort(rng.integers(0, n, rng.integers(3, 16)))
        said[at] += np.rint(rng.uniform(35.0, 80.0, len(at)))
        faults.append(Fault("spikes", int(at[0]), int(at[-1]) + 1))
    if rng.random() < DROPOUT:
        for _ in range(rng.integers(1, 4)):
            fault = _stretch(rng, "dropout", n, 8, 120)
            said[fault.begin_sec : fault.end_sec] = np.nan
            faults.append(fault)
    return Spoilt(np.clip(said, 35.0, 240.0), offset, lag, tuple(faults))


def planted(rng: np.random.Generator) -> tuple[float, int]:
    """A shift (bpm) and a lag (s) as they are planted: most often none."""
    shifted, late = rng.random() < SHIFTED, rng.random() < LATE
    size, sign = float(np.rint(rng.uniform(8.0, 25.0))), 1.0 if rng.random() < 0.5 else -1.0
    seconds = int(rng.integers(8, 41))
    return (sign * size if shifted else 0.0), (seconds if late else 0)


def measured_speed(rng: np.random.Generator, speed: Floats) -> Floats:
    """A watch's speed, m/s to the millimetre: none where one stands."""
    noisy = speed + wander(rng, len(speed), 3.0, 0.10)
    return np.asarray(np.round(np.where(speed == 0.0, 0.0, np.maximum(noisy, 0.0)), 3))


def measured_altitude(rng: np.random.Generator, altitude: Floats) -> Floats:
    """A barometer's altitude: it strays with the weather, and speaks in steps of 0.2 m."""
    strayed = altitude + wander(rng, len(altitude), 600.0, 1.5) + rng.normal(0.0, 0.1, len(altitude))
    return np.asarray(np.round(np.rint(strayed * 5.0) / 5.0, 1))


def irregular(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    """The seconds of which a site keeps something: `POINTS` of them, or all of a shorter workout."""
    if n <= POINTS:
        return np.arange(n)
    gaps = rng.gamma(2.0, 1.0, POINTS)
    places = np.unique(np.rint(np.cumsum(gaps) / gaps.sum() * (n - 1)).astype(np.int64))
    return np.unique(np.concatenate([[0], places]))


def _stretch(
    rng: np.random.Generator, what: str, n: int, shortest: int, longest: int, latest: float = 1.0
) -> Fault:
    length = int(rng.integers(shortest, longest + 1))
    begin = int(rng.integers(0, max(1, int((n - length) * latest))))
    return Fault(what, begin, min(begin + length, n))
