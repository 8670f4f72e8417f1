"""How far off a forecast may be: a scale for each window, and quantiles of what is left when it is taken out.

Learnt from forecasts of seasons that the models had not seen. The scale is a regression of the logarithm of
the absolute error on the features; errors divided by their scale then have one distribution, nearly, whose
quantiles are taken per event group and drawn towards the common ones where a group is small. Nothing makes
the interval symmetric: a peak falls short further than it surprises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formguide.track.features import Features
from formguide.track.programme import GROUPS

Floats = NDArray[np.float64]

LEVELS = (0.1, 0.5, 0.9)
_LEAST_ERROR = 0.1
"""Errors below a tenth of a percent say no more than that they are small."""
_RIDGE = 50.0
_POOLING = 150.0
"""A group's quantiles are its own by n / (n + this)."""


@dataclass(frozen=True)
class Intervals:
    """The scale's coefficients over standardised features, and the quantiles (`LEVELS`) of the scaled error
    per group, [groups, 3]; the middle one is 0."""

    mean: Floats
    sd: Floats
    coefficients: Floats
    quantiles: Floats

    def around(self, forecast: Floats, features: Features) -> Floats:
        """The quantiles of the improvement, percent, [n, 3]."""
        scale = _scale(features, self.mean, self.sd, self.coefficients)
        return np.asarray(forecast[:, None] + scale[:, None] * self.quantiles[features.group])

    def as_json(self) -> dict[str, Any]:
        """Everything about them in JSON's own types."""
        return {name: getattr(self, name).tolist() for name in ("mean", "sd", "coefficients", "quantiles")}

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> Intervals:
        """What `as_json` said."""
        return cls(*(np.asarray(said[name]) for name in ("mean", "sd", "coefficients", "quantiles")))


def fit(features: Features, forecast: Floats, improvement: Floats) -> Intervals:
    """Intervals from forecasts of windows that the forecaster had not seen, and what came, percent, [n]."""
    error = improvement - forecast
    x = features.values
    mean, sd = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = np.column_stack([(x - mean) / sd, np.ones(len(x))])
    penalty = _RIDGE * np.eye(z.shape[1])
    penalty[-1, -1] = 0.0
    log_error = np.log(np.maximum(np.abs(error), _LEAST_ERROR))
    coefficients = np.linalg.solve(z.T @ z + penalty, z.T @ log_error)
    scaled = error / _scale(features, mean, sd, coefficients)
    common = _tails(scaled)
    quantiles = np.tile(common, (len(GROUPS), 1))
    for index in range(len(GROUPS)):
        own = scaled[features.group == index]
        if len(own) >= 20:
            weight = len(own) / (len(own) + _POOLING)
            quantiles[index] = weight * _tails(own) + (1 - weight) * common
    return Intervals(mean, sd, coefficients, quantiles)


def _scale(features: Features, mean: Floats, sd: Floats, coefficients: Floats) -> Floats:
    # A window unlike any that the scale was learnt from must not get an interval of kilometres.
    z = np.clip((features.values - mean) / sd, -4, 4)
    return np.asarray(np.exp(np.column_stack([z, np.ones(len(z))]) @ coefficients))


def _tails(scaled: Floats) -> Floats:
    """The outer quantiles, each a rank further out than the sample's: what is still to come is one more
    (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005)."""
    n = len(scaled)
    low, high = LEVELS[0] * (n + 1) / n - 1 / n, LEVELS[-1] * (n + 1) / n
    lower, upper = np.quantile(scaled, [max(low, 0.0), min(high, 1.0)])
    # The forecast is the middle one, also of a forecaster that nearly always errs to one side.
    return np.array([min(lower, 0.0), 0.0, max(upper, 0.0)])
