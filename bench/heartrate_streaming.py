"""A second of a run in, the next minute out: at most a millisecond a step on one core.

    python -m bench.heartrate_streaming [--seconds 3000]

The stream goes through a run second by second; beside it, what one would do without: forecast the run so far
with a minute of going on appended, anew each second, by a fit that is at hand (shown at three moments).
Where no heart rate is fed the first second of each minute must be the batch forecast's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace

from bench import _timing  # isort: skip  (sets one thread before numpy is imported)

import numpy as np

from bench.heartrate_ode import runs_of
from formguide.heartrate.personal import Personal
from formguide.heartrate.sequences import Inputs, Recorded
from formguide.heartrate.streaming import AHEAD_SEC, Stream, open_stream

CLAIM_SEC = 1e-3


def through(stream: Stream, inputs: Inputs, beats: list[float] | None) -> tuple[list[float], list[float]]:
    """The first second of each minute that the stream says, and the CPU seconds of each step."""
    first, took = [], []
    for t, (speed, altitude) in enumerate(zip(inputs.speed_mps, inputs.altitude_m, strict=True)):
        start = time.process_time()
        ahead = stream.step(float(speed), float(altitude), None if beats is None else beats[t])
        took.append(time.process_time() - start)
        first.append(float(ahead.p50[0]))
    return first, took


def again(inputs: Inputs, second: int, own: Personal, history: Sequence[Recorded]) -> None:
    """The batch forecast of the run so far and a minute like its last second."""
    end = np.full(AHEAD_SEC, second)
    place = np.concatenate([np.arange(second + 1), end])
    so_far = replace(
        inputs,
        t_sec=np.arange(float(len(place))),
        speed_mps=inputs.speed_mps[place],
        altitude_m=inputs.altitude_m[place],
    )
    own.curve(so_far, history)


def main() -> None:
    """Prints the time of a step; stops if it is not the batch's forecast or takes more than a millisecond."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=3000)
    asked = options.parse_args()
    history = runs_of(12)
    run = runs_of(13)[-1]
    times = -(-asked.seconds // len(run.inputs))
    n = asked.seconds
    inputs = replace(
        run.inputs,
        t_sec=np.arange(float(n)),
        speed_mps=np.tile(run.inputs.speed_mps, times)[:n],
        altitude_m=np.tile(run.inputs.altitude_m, times)[:n],
    )
    beats = np.tile(run.heart_rate_bpm, times)[:n].tolist()
    own = Personal()
    through(open_stream(history, inputs.started_at, forecaster=own), inputs, None)
    silent, took = through(open_stream(history, inputs.started_at, forecaster=own), inputs, None)
    batch = own.curve(inputs, history)
    off = float(np.abs(np.array(silent[:-1]) - batch.p50[1:]).max())
    _timing.check(f"without a heart rate it is the batch forecast (apart by {off:.1e} at most)", off < 1e-9)
    _, heard = through(open_stream(history, inputs.started_at, forecaster=own), inputs, beats)
    for name, steps in (("silent", took), ("hearing", heard)):
        median, worst = float(np.median(steps)), float(np.quantile(steps, 0.99))
        mean = float(np.mean(steps))
        often = f"median {_timing.duration(median)}, 99 of 100 within {_timing.duration(worst)}"
        print(f"  {name:8s} {_timing.duration(mean)} a step ({often})")
        _timing.check(f"a step takes a millisecond at most ({name})", mean <= CLAIM_SEC)
    for second in (n // 10, n // 2, n - 1):
        start = time.process_time()
        again(inputs, second, own, history)
        print(f"  batch at {second:5d} s {_timing.duration(time.process_time() - start)}")


if __name__ == "__main__":
    main()
