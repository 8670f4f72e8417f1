"""Forecasts the heart rate of a run with the files beside this one; needs numpy and safetensors.

    python usage.py RUN.csv > curve.csv       columns t_sec (0, 1, 2 …), speed_mps, altitude_m
    python usage.py RUN.csv 4 > curve.csv     the same, four weeks after the last run that it learnt from
    python usage.py                           half an hour that is made up here

From Python: `forecast(Path("."), speed_mps, altitude_m, weeks)` gives p10, p50 and p90 of every second, beats
a minute. With formguide installed, `formguide forecast heartrate` does more: it learns from your own runs.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

Floats = NDArray[np.float64]

MOST_BETWEEN_SEC = 15.0
"""Rows no further apart than this are near each other."""


def forecast(
    folder: Path, speed_mps: Floats, altitude_m: Floats, weeks: float = 0.0
) -> tuple[Floats, Floats, Floats]:
    """The 10 %, 50 % and 90 % quantiles at every second; speed (m/s) and altitude (m) are (n,), at 1 Hz.

    weeks: since the last run that it learnt from; the interval widens with them.
    """
    told = json.loads((folder / "config.json").read_text("utf-8"))
    known = load_file(folder / "model.safetensors")
    c: dict[str, float] = told["constants"]
    theta = dict(zip(told["parameters"], known["theta"].tolist(), strict=True))
    ceiling = max(c["ceiling_bpm"], float(known["highest_bpm"][0]))
    middle = np.minimum(_relaxed(theta, *_effort(speed_mps, altitude_m, c), c), ceiling)
    middle = np.clip(middle + known["level_bpm"][0], c["least_bpm"] + 1.0, ceiling)
    wandered = float(known["wander"][0]) * weeks
    wide = known["units"][0] * _usual(len(speed_mps), float(known["runs"][0]), wandered, c)
    return np.maximum(middle - wide, c["least_bpm"]), middle, middle + wide


def _effort(speed: Floats, altitude: Floats, c: dict[str, float]) -> tuple[Floats, Floats, Floats]:
    """Metabolic power, W/kg: of the speed on the level, added uphill, added (mostly saved) downhill."""
    kept, height, smooth = np.exp(-1.0 / c["altitude_sec"]), altitude[0], np.empty(len(altitude))
    for t, value in enumerate(altitude):
        height = kept * height + (1.0 - kept) * value
        smooth[t] = height
    way = np.cumsum(speed)
    back = np.maximum(np.arange(len(speed)) - int(c["grade_sec"]), 0)
    run = way - way[back]
    grade = (smooth - smooth[back]) / np.maximum(run, c["least_way_m"])
    grade = np.where(run > c["least_way_m"], np.clip(grade, -c["steepest"], c["steepest"]), 0.0)
    # Cost of running over a grade, J/kg/m: Minetti et al., J Appl Physiol 93, 2002.
    cost = np.polyval([155.4, -30.4, -43.3, 46.3, 19.5, 3.6], grade)
    quick = np.clip(speed, 0.0, c["fastest_mps"])
    extra = quick * (cost - 3.6)
    return quick * 3.6, np.where(grade > 0, extra, 0.0), np.where(grade > 0, 0.0, extra)


def _relaxed(theta: dict[str, float], level: Floats, up: Floats, down: Floats, c: dict[str, float]) -> Floats:
    """The heart rate relaxes towards what is asked of it: a fast part with a time constant for rising and one
    for falling, and a slow one."""
    gain, share = np.exp(theta["log_gain"]), 1.0 / (1.0 + np.exp(-theta["slow_logit"]))
    rising, falling, slow = (
        np.exp(-np.exp(-theta[name])) for name in ("log_tau_on", "log_tau_off", "log_tau_slow")
    )
    power = np.clip(level + theta["uphill"] * up + theta["downhill"] * down, 0.0, c["most_power_wkg"])
    hours = np.arange(len(level)) / 3600.0
    tired = c["drift_hours"] * (1.0 - np.exp(-hours / c["drift_hours"]))
    asked = gain * power * (1.0 + theta["drift_per_hour"] * tired)
    heart_rate, fast, late = np.empty(len(level)), theta["start_bpm"], 0.0
    for t, demand in enumerate(asked):
        heart_rate[t] = theta["rest_bpm"] + fast + late
        towards = (1.0 - share) * demand
        fast = towards + (fast - towards) * (rising if towards > fast else falling)
        late = share * demand + (late - share * demand) * slow
    return heart_rate


def _usual(seconds: int, runs: float, wandered: float, c: dict[str, float]) -> Floats:
    """Usual standard deviation of the error at each second, after so many runs of the runner, whose level has
    wandered since the last of them (variance)."""
    start = c["start_spread_bpm"] ** 2 * np.exp(-np.arange(seconds) / c["start_spread_sec"])
    new = c["new_bpm"] ** 2 / (1.0 + c["learnt"] * runs)
    return np.asarray(np.sqrt(c["day_bpm"] ** 2 + c["shape_bpm"] ** 2 + wandered + start + new))


def _read(path: str) -> tuple[Floats, Floats]:
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows: list[dict[str, Any]] = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SystemExit(f"{path}: {getattr(error, 'strerror', None) or 'no CSV can be read'}") from None
    if not rows or not {"t_sec", "speed_mps", "altitude_m"} <= set(rows[0]):
        raise SystemExit(f"{path}: needs rows with the columns t_sec, speed_mps, altitude_m")
    try:
        t, speed, altitude = (
            np.array([float(row[name]) for row in rows]) for name in ("t_sec", "speed_mps", "altitude_m")
        )
    except (TypeError, ValueError) as error:
        raise SystemExit(f"{path}: {error}") from None
    if (np.diff(t) <= 0).any():
        raise SystemExit(f"{path}: t_sec does not rise from row to row")
    clock = np.arange(t[0], t[-1] + 1.0)
    return _filled(clock, t, speed), _filled(clock, t, altitude)


def _filled(clock: Floats, t_sec: Floats, values: Floats) -> Floats:
    """Values at every second: on the line between two that are near each other; over a longer gap the last
    one holds, so that nobody speeds up before it was seen."""
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(clock))
    t, held = t_sec[known], values[known]
    last = np.maximum(np.searchsorted(t, clock, side="right") - 1, 0)
    gap = t[np.minimum(last + 1, len(t) - 1)] - t[last]
    return np.asarray(np.where(gap <= MOST_BETWEEN_SEC, np.interp(clock, t, held), held[last]))


def _weeks(said: str) -> float:
    try:
        weeks = float(said)
    except ValueError:
        weeks = -1.0
    if not 0 <= weeks < np.inf:
        raise SystemExit(f"{said}: not a number of weeks")
    return weeks


def _made_up() -> tuple[Floats, Floats]:
    t = np.arange(1800.0)
    return np.where(t < 30, 0.0, 2.8 + 0.4 * np.sin(t / 120)), 50 + 15 * np.sin(t / 400)


def main() -> None:
    """Prints a curve as CSV."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)
        return
    speed, altitude = _read(sys.argv[1]) if len(sys.argv) > 1 else _made_up()
    weeks = _weeks(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    print("t_sec,p10_bpm,p50_bpm,p90_bpm")
    for t, row in enumerate(zip(*forecast(Path(__file__).parent, speed, altitude, weeks), strict=True)):
        print(f"{t},{row[0]:.1f},{row[1]:.1f},{row[2]:.1f}")


if __name__ == "__main__":
    main()
