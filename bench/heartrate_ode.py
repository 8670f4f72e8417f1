"""A runner's heart fitted to twenty runs: compiled derivatives against SciPy's least squares.

    python -m bench.heartrate_ode [--runs 20]

Both minimise the same sum: Huber's loss of every fifth second, Student's t of the days' shifts, and the
prior, over ten parameters and a shift a run. SciPy (`least_squares`, trust region, two-point derivatives) is
given the same compiled curve; ours differentiates the recursion, weights again at each step and eliminates
the shifts. The sums and the curves at the end must agree.
"""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta

from bench import _timing  # isort: skip  (sets one thread before numpy is imported)

import numpy as np
from scipy.optimize import least_squares

from formguide.heartrate import _ode_kernel as kernel
from formguide.heartrate import ode
from formguide.heartrate.sequences import Floats, Inputs, Recorded

CLAIM = 10.0
SETTINGS = ode.OdeSettings()
_CORNER = 1.5 * SETTINGS.noise_bpm
_ROWS = SETTINGS.independent_sec / SETTINGS.step_sec


def runs_of(count: int) -> list[Recorded]:
    """Hilly runs of 40 minutes by somebody unlike the prior, shifted from day to day."""
    rng = np.random.default_rng(1)
    theta = ode.DEFAULT_PRIOR.mean + ode.DEFAULT_PRIOR.sd * rng.normal(0, 0.6, kernel.PARAMETERS)
    found = []
    for k in range(count):
        t = np.arange(2400.0)
        speed = np.repeat(rng.uniform(2.0, 3.6, 20), 120) + rng.normal(0, 0.05, 2400)
        altitude = 12 * np.sin(np.cumsum(speed) / rng.uniform(80, 200))
        began = datetime(2021, 3, 1) + timedelta(days=2 * k)
        inputs = Inputs(f"a/{k}", "a", "run", None, began, t, speed, altitude)
        noise = ode.smoothed(rng.normal(0, 6, 2400), 8.0) + rng.normal(0, 4)
        found.append(Recorded(inputs, ode.simulate(ode.Physiology(theta), inputs) + noise))
    return found


def by_scipy(runs: list[Recorded]) -> tuple[Floats, Floats]:
    """Parameters and shifts by SciPy."""
    efforts = [ode.effort(run.inputs) for run in runs]
    said = [run.heart_rate_bpm[:: SETTINGS.step_sec] for run in runs]
    prior, size = ode.DEFAULT_PRIOR, kernel.PARAMETERS

    def residuals(x: Floats) -> Floats:
        theta, shift = x[:size], x[size:]
        parts = [(theta - prior.mean) / prior.sd]
        spread = ode.TAILS * SETTINGS.day_sd_bpm**2
        parts.append(np.sign(shift) * np.sqrt((ode.TAILS + 1) * np.log1p(shift**2 / spread)))
        for effort, beats, own in zip(efforts, said, shift, strict=True):
            curve = kernel.simulate(effort.level, effort.uphill, effort.downhill, theta)
            off = beats - curve[:: SETTINGS.step_sec] - own
            far = np.abs(off)
            huber = np.where(far < _CORNER, far**2, _CORNER * (2 * far - _CORNER))
            parts.append(np.sign(off) * np.sqrt(huber / _ROWS) / SETTINGS.noise_bpm)
        return np.concatenate(parts)

    start = np.concatenate([prior.mean, np.zeros(len(runs))])
    scale = np.concatenate([prior.sd, np.full(len(runs), SETTINGS.day_sd_bpm)])
    found = least_squares(residuals, start, x_scale=scale, ftol=1e-6, xtol=1e-6, gtol=1e-6).x
    return found[:size], found[size:]


def curve_of(theta: Floats, inputs: Inputs) -> Floats:
    """The curve without its ceiling, which neither fit knows."""
    effort = ode.effort(inputs)
    return np.asarray(kernel.simulate(effort.level, effort.uphill, effort.downhill, theta))


def cost(theta: Floats, shift: Floats, runs: list[Recorded]) -> float:
    """What both minimise."""
    off = (theta - ode.DEFAULT_PRIOR.mean) / ode.DEFAULT_PRIOR.sd
    spread = ode.TAILS * SETTINGS.day_sd_bpm**2
    total = float(off @ off + (ode.TAILS + 1) * np.log1p(shift**2 / spread).sum())
    for run, own in zip(runs, shift, strict=True):
        curve = curve_of(theta, run.inputs)
        far = np.abs(run.heart_rate_bpm - curve - own)[:: SETTINGS.step_sec]
        huber = np.where(far < _CORNER, far**2, _CORNER * (2 * far - _CORNER))
        total += float(huber.sum()) / _ROWS / SETTINGS.noise_bpm**2
    return total


def main() -> None:
    """Prints the seconds of a fit and the ratio; stops if the fits differ or the claim does not hold."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=20)
    runs = runs_of(options.parse_args().runs)
    print(f"{len(runs)} runs of {len(runs[0].inputs)} seconds, {kernel.PARAMETERS} parameters, a shift a run")
    ours, (theta, shift) = ode.fit(runs), by_scipy(runs)
    sums = cost(ours.theta, ours.day_shift_bpm, runs), cost(theta, shift, runs)
    print(f"  sums that are minimised: ours {sums[0]:.3f}, SciPy's {sums[1]:.3f}")
    _timing.check("ours is as low, to one part in a thousand", sums[0] <= 1.001 * sums[1])
    curves = [curve_of(of, runs[0].inputs) for of in (ours.theta, theta)]
    apart = float(np.abs(curves[0] - curves[1]).mean())
    _timing.check(f"the curves of a run are the same to a tenth of a beat ({apart:.3f})", apart < 0.1)
    seconds = _timing.interleaved({"ours": lambda: ode.fit(runs), "SciPy": lambda: by_scipy(runs)}, rounds=5)
    for name, value in seconds.items():
        print(f"  {name:6s} {_timing.duration(value):>8s} a fit, {value / seconds['ours']:.1f} × ours")
    _timing.check(f"at least {CLAIM:.0f} times as fast", seconds["SciPy"] >= CLAIM * seconds["ours"])


if __name__ == "__main__":
    main()
