"""Finish-time distributions of a million starts: ours beside vectorised NumPy doing the same sums.

    python -m bench.triathlon_forecasts

From the outlook (mean, shift, spread, shape) to mean, standard deviation and seven quantiles of every start.
"""

from __future__ import annotations

from bench._timing import check, duration, interleaved  # isort: skip  (one thread, set before NumPy starts)

import numpy as np

from formguide.triathlon import predictive
from formguide.triathlon._mixtures import Mixture
from formguide.triathlon.pace_model import Outlook

ROWS = 1_000_000


def shapes() -> list[Mixture]:
    """Fifteen mixtures of the kind that a fit gives."""
    rng = np.random.default_rng(0)
    return [
        Mixture(
            rng.dirichlet([6, 3, 1]),
            np.array([-0.3, 0.1, 0.9]) + 0.05 * rng.normal(size=3),
            rng.uniform(0.6, 1.6, 3),
        )
        for _ in range(15)
    ]


def by_numpy(table: np.ndarray, kinds: list[Mixture], told: Outlook) -> np.ndarray:
    """The same in whole arrays; quantiles interpolated linearly in the ratio of shift to chance."""
    weight, mean, sd = (
        np.array([getattr(k, a) for k in kinds])[told.shape] for a in ("weight", "mean", "sd")
    )
    m = told.sd[:, None] * mean
    v = (told.sd[:, None] * sd) ** 2 + told.shift[:, None] ** 2
    e = weight * np.exp(m + 0.5 * v)
    first, second = e.sum(axis=1), (e * np.exp(m + 1.5 * v)).sum(axis=1)
    scale = np.exp(told.mean)
    at = told.shift / told.sd / predictive._STEP
    j = at.astype(np.int64)
    f = (at - j)[:, None]
    z = (1 - f) * table[told.shape, j] + f * table[told.shape, j + 1]
    moments = np.column_stack([scale * first, scale * np.sqrt(second - first**2)])
    return np.hstack([moments, scale[:, None] * np.exp(told.sd[:, None] * z)])


def main() -> None:
    """Print both, and stop where they differ or ours is below a million rows a second."""
    rng = np.random.default_rng(1)
    kinds = shapes()
    told = Outlook(
        rng.normal(9.95, 0.2, ROWS), rng.uniform(0.02, 0.06, ROWS), rng.uniform(0.04, 0.13, ROWS),
        rng.integers(0, len(kinds), ROWS), np.zeros(ROWS, dtype=np.int64),
    )  # fmt: skip
    table = predictive.quantile_table(kinds)
    ours, theirs = predictive.times_from(table, kinds, told), by_numpy(table, kinds, told)
    check("the same to one in a thousand", bool(np.allclose(ours, theirs, rtol=1e-3)))
    seconds = interleaved(
        {
            "ours": lambda: predictive.times_from(table, kinds, told),
            "numpy": lambda: by_numpy(table, kinds, told),
        },
        rounds=5,
    )
    for name, took in seconds.items():
        print(f"{name}: {duration(took)} of CPU, {ROWS / took / 1e6:.1f} million starts a second")
    check("a million starts a second and more", ROWS / seconds["ours"] >= 1e6)


if __name__ == "__main__":
    main()
