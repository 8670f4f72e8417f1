"""From an outlook to times: mean, standard deviation and quantiles of every start, a million rows a second.

The log time of a start is its mean, plus a normal shift that all starters of the race share, plus chance,
whose shape is a mixture of normals: together again a mixture of normals, whose moments on the scale of
seconds are closed forms. Its quantiles depend on the shape and on the ratio of the shift to chance only, so
they are solved for once on a grid of ratios and read off by cubic interpolation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray

from formguide.triathlon._mixtures import Mixture
from formguide.triathlon.pace_model import Outlook

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVELS = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
"""The quantiles that forecasts are made of."""

_STEP = 0.15
_STEPS = 41
"""Ratios of shift to chance from 0 to 6."""
_REACH, _POINTS = 7.0, 1201


def quantile_table(shapes: Sequence[Mixture], levels: Sequence[float] | Floats = LEVELS) -> Floats:
    """Quantiles of chance plus shift in units of chance: (shapes, ratios, levels). The distribution function
    is computed on a fine grid and read backwards."""
    ratio = np.arange(_STEPS) * _STEP
    level = np.asarray(levels, dtype=np.float64)
    table = np.empty((len(shapes), _STEPS, len(level)))
    for s, shape in enumerate(shapes):
        sd = np.sqrt(shape.sd**2 + ratio[:, None] ** 2)
        reach = _REACH * np.sqrt(1 + ratio**2)
        x = reach[:, None] * np.linspace(-1, 1, _POINTS)
        below = _cdf(shape.weight, shape.mean, sd[:, None, :], x)
        for r in range(_STEPS):
            table[s, r] = np.interp(level, below[r], x[r])
    return table


def times(shapes: Sequence[Mixture], told: Outlook, levels: Sequence[float] | Floats = LEVELS) -> Floats:
    """Seconds: (n, 2 + levels), the mean, the standard deviation and the quantiles of each start."""
    return times_from(quantile_table(shapes, levels), shapes, told)


def times_from(table: Floats, shapes: Sequence[Mixture], told: Outlook) -> Floats:
    """`times` with a table of quantiles that has been made already."""
    weight, mean, sd = (np.array([getattr(s, a) for s in shapes]) for a in ("weight", "mean", "sd"))
    return np.asarray(_times(table, weight, mean, sd, told.mean, told.shift, told.sd, told.shape))


def pit(shapes: Sequence[Mixture], told: Outlook, log_time: Floats) -> Floats:
    """Probability that the model gave to a time as short as the one that came, (n,): uniform if
    calibrated."""
    weight, mean, sd = (
        np.array([getattr(s, a) for s in shapes])[told.shape] for a in ("weight", "mean", "sd")
    )
    ratio = told.shift / told.sd
    return _cdf(weight, mean, np.sqrt(sd**2 + ratio[:, None] ** 2), (log_time - told.mean) / told.sd)


def _cdf(weight: Floats, mean: Floats, sd: Floats, x: Floats) -> Floats:
    from scipy.special import ndtr

    found: Floats = (weight * ndtr((x[..., None] - mean) / sd)).sum(axis=-1)
    return found


@numba.njit(cache=True, error_model="numpy")
def _times(
    table: Floats,
    weight: Floats,
    mean: Floats,
    sd: Floats,
    centre: Floats,
    shift: Floats,
    chance: Floats,
    shape: Ints,
) -> Floats:
    n, levels = len(centre), table.shape[2]
    found = np.empty((n, 2 + levels))
    last = table.shape[1] - 1
    for i in range(n):
        s, c = shape[i], chance[i]
        first, second = 0.0, 0.0
        for k in range(weight.shape[1]):
            m, v = c * mean[s, k], c * c * sd[s, k] ** 2 + shift[i] ** 2
            e = weight[s, k] * np.exp(m + 0.5 * v)
            first += e
            second += e * np.exp(m + 1.5 * v)
        scale = np.exp(centre[i])
        found[i, 0] = scale * first
        found[i, 1] = scale * np.sqrt(max(second - first * first, 0.0))
        at = shift[i] / c / _STEP
        # Beyond the grid chance hardly counts: quantiles grow with the shift.
        stretch = max(at / last, 1.0)
        at = min(at, last - 1e-9)
        j = min(int(at), last - 1)
        f = at - j
        # Catmull-Rom in the ratio; even about 0.
        before = j - 1 if j > 0 else 1
        after = j + 2 if j + 2 <= last else last
        w0 = -0.5 * f + f * f - 0.5 * f**3
        w1 = 1.0 - 2.5 * f * f + 1.5 * f**3
        w2 = 0.5 * f + 2.0 * f * f - 1.5 * f**3
        w3 = -0.5 * f * f + 0.5 * f**3
        for q in range(levels):
            z = (
                w0 * table[s, before, q]
                + w1 * table[s, j, q]
                + w2 * table[s, j + 1, q]
                + w3 * table[s, after, q]
            )
            found[i, 2 + q] = scale * np.exp(c * z * stretch)
    return found
