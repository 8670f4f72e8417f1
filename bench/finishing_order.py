"""Exact finishing positions and the simulator beside what one would otherwise write.

    python -m bench.finishing_order

Three ways to the same probabilities, for a season of 24 races under 3 scenarios with 20 drivers each: exact
quadrature, simulation vectorised in NumPy, and a plain Python loop over simulations. A simulation's error is
random; the comparison at equal error asks how many races a simulation would need for its root mean square
error over all probabilities to come down to 1e-5, and multiplies the measured time of a short run. (Its
largest error would still be several times that, while 1e-5 bounds every error of the exact positions.)
"""

from __future__ import annotations

import random
from functools import partial

from bench._timing import check, duration, interleaved  # isort: skip  (one thread, set before NumPy starts)

import numpy as np

from formguide.formula1 import finishing_order, simulate
from formguide.formula1._kernels import classified_places
from formguide.formula1._pace_axis import PANEL, panels_of
from formguide.formula1.finishing_order import Field

RACES, DRIVERS, DRAWS = 24, 20, 5000
TARGET = 1e-5


NOISE = (  # weights, shifts and standard deviations of a dry race, a wet one, one with a safety car
    ([1.0], [0.0], [0.3]),
    ([0.8, 0.2], [0.0, -0.8], [0.4, 1.1]),
    ([0.7, 0.2, 0.1], [0.0, -0.6, 0.5], [0.3, 0.9, 0.6]),
)


def season() -> list[Field]:
    """24 races of 10 teams under three scenarios each."""
    rng = np.random.default_rng(2025)
    fields = []
    for _ in range(RACES):
        pace = np.repeat(np.sort(rng.normal(0, 0.7, 10))[::-1], 2) + rng.normal(0, 0.2, DRIVERS)
        own_sd, car_sd = rng.uniform(0.3, 0.6, DRIVERS), rng.uniform(0.1, 0.4, 10)
        retire_prob = rng.uniform(0.03, 0.2, DRIVERS)
        for scale, noise in zip((1.0, 0.8, 0.9), NOISE, strict=True):
            parts = (np.array(values) for values in noise)
            fields.append(Field(scale * pace, own_sd, np.arange(DRIVERS) // 2, car_sd, retire_prob, *parts))
    return fields


def numpy_races(field: Field, n: int, seed: int) -> np.ndarray:
    """The race of ``Field`` in vectorised NumPy: positions from 1, shape (n, D)."""
    rng = np.random.default_rng(seed)
    shape = (n, field.drivers)
    pace = (field.car_sd * rng.standard_normal((n, len(field.car_sd))))[:, field.car]
    pace += field.mean
    if len(field.noise_weight) == 1:
        pace += field.noise_shift[0]
        pace += np.sqrt(field.own_sd**2 + field.noise_sd[0] ** 2) * rng.standard_normal(shape)
    else:
        part = np.searchsorted(np.cumsum(field.noise_weight)[:-1], rng.random(shape), side="right")
        sds = np.sqrt(field.own_sd[:, None] ** 2 + field.noise_sd**2)
        pace += field.noise_shift[part]
        pace += sds[np.arange(field.drivers), part] * rng.standard_normal(shape)
    out = rng.random(shape) < field.retire_prob
    pace[out] = -1e6 - rng.random(int(out.sum()))
    position = np.empty(shape, np.int8)
    np.put_along_axis(
        position, np.argsort(-pace, axis=1), np.arange(1, field.drivers + 1, dtype=np.int8)[None], axis=1
    )
    return position


def loop_races(field: Field, n: int, seed: int) -> np.ndarray:
    """The same, one simulation after the other in plain Python."""
    rng = random.Random(seed)
    gauss, uniform = rng.gauss, rng.random
    drivers = range(field.drivers)
    mean, own_sd, car, car_sd, retire_prob = (
        values.tolist() for values in (field.mean, field.own_sd, field.car, field.car_sd, field.retire_prob)
    )
    bounds, shifts, sds = (
        np.cumsum(field.noise_weight).tolist(),
        field.noise_shift.tolist(),
        field.noise_sd.tolist(),
    )
    bounds[-1] = 1.0
    position = np.empty((n, field.drivers), np.int8)
    for race in range(n):
        shared = [gauss(0.0, sd) for sd in car_sd]
        running, retired = [], []
        for d in drivers:
            if uniform() < retire_prob[d]:
                retired.append(d)
                continue
            u = uniform()
            part = 0
            while u >= bounds[part]:
                part += 1
            running.append(
                (mean[d] + shifts[part] + shared[car[d]] + gauss(0.0, own_sd[d]) + gauss(0.0, sds[part]), d)
            )
        running.sort(reverse=True)
        rng.shuffle(retired)
        for place, d in enumerate([d for _, d in running] + retired, start=1):
            position[race, d] = place
    return position


def frequencies(position: np.ndarray) -> np.ndarray:
    return simulate.position_frequencies(position)


def agree(seen: np.ndarray, exact: np.ndarray, races: int) -> bool:
    """Within Monte Carlo error: every cell within 5.5 standard errors, and their squares 1 on average."""
    z = (seen - exact) / np.sqrt(exact * (1 - exact) / races + 1e-4 / races)
    return bool(np.abs(z).max() < 5.5 and (z**2).mean() < 1.25)


def season_marginals(fields: list[Field]) -> None:
    print(f"A season's positions: {RACES} races x 3 scenarios x {DRIVERS} drivers")
    exact = finishing_order.exact_positions_many(fields)
    finer = []
    for field in fields:
        panels, _ = panels_of(field.law)
        middle = panels.mean(axis=1, keepdims=True)
        halves = np.concatenate([panels[:, :1], middle, middle, panels[:, 1:]], axis=1).reshape(-1, 2)
        finer.append(classified_places(field.law, halves, PANEL))
    error = max(
        np.abs(finishing_order.exact_positions(f, classified=True) - p).max()
        for f, p in zip(fields, finer, strict=True)
    )
    check(
        f"quadrature on panels of half the width moves no probability by more than {error:.1e}",
        error < TARGET,
    )
    sums = max(np.abs(places.sum(axis=0) - 1).max() for places in exact)
    check(f"the probabilities of each place sum to one within {sums:.1e}", sums < DRIVERS * TARGET)
    for index in (0, 1, 2):
        n = 200_000
        check(
            f"scenario {index + 1}: {n:,} NumPy races agree",
            agree(frequencies(numpy_races(fields[index], n, 3)), exact[index], n),
        )

    short = 200
    seconds = interleaved(
        {
            "exact": lambda: finishing_order.exact_positions_many(fields),
            "numpy": lambda: [frequencies(numpy_races(field, DRAWS, 1)) for field in fields],
        }
    )
    seconds |= interleaved({"loop": lambda: [frequencies(loop_races(f, short, 1)) for f in fields]}, rounds=3)
    loop_draws = seconds["loop"] / short * DRAWS
    building = interleaved({"season": season})["season"]
    variance = float(np.mean([places * (1 - places) for places in exact]))
    needed = variance / TARGET**2
    rms = np.sqrt(variance / DRAWS)
    seen = np.sqrt(
        np.mean(
            [(frequencies(numpy_races(f, DRAWS, 8)) - p) ** 2 for f, p in zip(fields, exact, strict=True)]
        )
    )
    check(
        f"root mean square error of {DRAWS} NumPy races {seen:.2e}, from p(1-p)/n {rms:.2e}",
        0.9 < seen / rms < 1.1,
    )
    ours = seconds["exact"]
    print(
        f"  exact, every error < {TARGET:g}      {duration(ours):>10}"
        f"  (building the fields: {duration(building)})"
    )
    for name, spent in (("NumPy", seconds["numpy"]), ("Python loop", loop_draws)):
        for draws, size, note in ((DRAWS, rms, ""), (needed, TARGET, ", extrapolated")):
            time = spent / DRAWS * draws
            print(
                f"  {name:<12} {draws:8.2g} races    {duration(time):>10}  {time / ours:>12,.0f} x  "
                f"rms error {size:.1e}{note}"
            )
    print(f"  (the loop was run for {short} races per field and extrapolated)")


def sampler(fields: list[Field]) -> None:
    print(f"\nThe sampler: {DRAWS} races of {DRIVERS} drivers")
    for name, field in zip(("dry", "wet", "safety car"), fields[:3], strict=True):
        exact = finishing_order.exact_positions(field)
        for who, draw, n in (
            ("ours", simulate.simulate_races, 200_000),
            ("NumPy", numpy_races, 200_000),
            ("the loop", loop_races, 20_000),
        ):
            seen = frequencies(draw(field, n, 5))
            check(f"{name}: {n:,} races of {who} have the exact frequencies", agree(seen, exact, n))
        seconds = interleaved(
            {
                "ours": partial(simulate.simulate_races, field, DRAWS, 1),
                "numpy": partial(numpy_races, field, DRAWS, 1),
            },
            rounds=41,
        ) | interleaved({"loop": partial(loop_races, field, DRAWS, 1)}, rounds=5)
        ours, vectorised, loop = (seconds[who] for who in ("ours", "numpy", "loop"))
        print(
            f"  {name:<11} ours {duration(ours)}, NumPy {duration(vectorised)} ({vectorised / ours:.1f} x), "
            f"loop {duration(loop)} ({loop / ours:.0f} x)"
        )


def season_odds(fields: list[Field]) -> None:
    print(f"\nTitle odds: {DRAWS} seasons of {RACES} races")
    drivers, teams = np.arange(DRIVERS), np.arange(DRIVERS) // 2
    races = [
        simulate.RemainingRace(list(zip((0.6, 0.15, 0.25), fields[i : i + 3], strict=True)), drivers, teams)
        for i in range(0, len(fields), 3)
    ]

    def play() -> simulate.SeasonOdds:
        return simulate.simulate_season(
            races,
            np.zeros(DRIVERS),
            np.zeros(10),
            persistent_driver_sd=0.15,
            persistent_car_sd=0.2,
            drift_car_sd=0.05,
            n=DRAWS,
        )

    expected = np.zeros(DRIVERS)
    for race in races:
        for share, field in race.scenarios:
            classified = finishing_order.exact_positions(field, classified=True)
            expected += share * finishing_order.expected_points(classified, simulate.GRAND_PRIX_POINTS)
    plain = simulate.simulate_season(races, np.zeros(DRIVERS), np.zeros(10), n=20_000)
    worst = np.abs(plain.driver_points - expected).max()
    check(
        f"without carried uncertainty the mean points are the exact ones within {worst:.1f} of up to 600",
        worst < 2.5,
    )
    print(f"  {duration(interleaved({'season': play})['season'])}")


if __name__ == "__main__":
    season_fields = season()
    season_marginals(season_fields)
    sampler(season_fields)
    season_odds(season_fields)
