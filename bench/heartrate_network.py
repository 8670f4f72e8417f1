"""A forecast by the network on one core: an hour's run at 1 Hz, of a runner with 19 earlier workouts.

    python -m bench.heartrate_network

The network has the size of the one that ships. The first forecast of a runner reads the earlier workouts
(some milliseconds each); the next ones remember what they said, and give the same curve.
"""

from __future__ import annotations

from dataclasses import replace

from bench import _timing  # isort: skip  (sets one thread before numpy is imported)

import numpy as np

from formguide.heartrate import network
from formguide.heartrate.network import FittedNetwork
from formguide.heartrate.network_settings import NetworkSettings
from formguide.heartrate.sample.population import generate
from formguide.heartrate.sequences import Inputs

CLAIM_SEC = 0.050


def an_hour(inputs: Inputs) -> Inputs:
    """The run over and over until an hour is full."""
    seconds = np.arange(3600)
    again = seconds % len(inputs)
    return replace(
        inputs,
        t_sec=seconds.astype(float),
        speed_mps=inputs.speed_mps[again],
        altitude_m=inputs.altitude_m[again],
        cadence_rpm=None if inputs.cadence_rpm is None else inputs.cadence_rpm[again],
        power_w=None if inputs.power_w is None else inputs.power_w[again],
    )


def main() -> None:
    """Prints the times; stops if a forecast takes longer than it may, or is another the second time."""
    runs = generate(8, 20, seed=5).runs
    train, held, mine = runs[:100], runs[100:140], runs[140:]
    fitted = network.fit(train, held, NetworkSettings(max_epochs=1))
    inputs, history = an_hour(mine[-1].inputs), mine[:-1]

    def first() -> object:
        # From its files, so that it remembers nobody.
        return FittedNetwork.from_files(files).curve(inputs, history)

    files = fitted.to_files()
    remembering = FittedNetwork.from_files(files)
    once = remembering.curve(inputs, history)
    seconds = _timing.interleaved(
        {"runner never seen": first, "runner seen before": lambda: remembering.curve(inputs, history)},
        rounds=7,
    )
    for name, value in seconds.items():
        print(f"  {name:20s} {_timing.duration(value):>8s} a forecast of 3,600 s")
    again = remembering.curve(inputs, history)
    _timing.check("the curve is the same each time", bool((once.p50 == again.p50).all()))
    _timing.check(f"at most {CLAIM_SEC * 1000:.0f} ms", seconds["runner seen before"] <= CLAIM_SEC)


if __name__ == "__main__":
    main()
