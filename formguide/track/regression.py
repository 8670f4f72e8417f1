"""The strong simple models: how much better the next peak is, linear in what was known.

A regression of the improvement on the features, by least absolute deviations: half of the athletes should do
better than it says, and one career wrecked by an injury should not move the line. Coefficients are shrunk
towards zero (a ridge), and each group of events has deviations of its own from the common line, shrunk more
strongly: groups with many athletes find their own way, the others follow the rest.

`LINEAR` is the baseline of every table of scores: last and best peak, the one before, depth, age or class.
`FULL` adds the rest of `features`.
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


@dataclass(frozen=True)
class Formula:
    """What a regression leans on. columns: features with one coefficient; by_group: those that also have a
    deviation per event group; ridge: strength of the shrinkage; pooling: how much a group's own deviation is
    shrunk beyond a common coefficient's (its standardised column is scaled by it, so smaller pools more)."""

    columns: tuple[str, ...]
    by_group: tuple[str, ...] = ()
    ridge: float = 20.0
    pooling: float = 0.5


_GROUP_COLUMNS = tuple(f"is_{name}" for name in GROUPS)

LINEAR = Formula(
    columns=(
        "best", "previous", "no_previous", "log_depth", "age", "age_squared", "no_age", "class_2", "class_3",
        "class_4", "class_5", "no_class_2", *_GROUP_COLUMNS,
    ),
)  # fmt: skip
"""The simple model: last, best, trend, depth, age."""

FULL = Formula(
    columns=(),
    by_group=(
        "best", "previous", "two_years", "decayed_slow", "other_label", "other_label_before", "age",
        "age_below_20", "level", "top_three",
    ),
    ridge=100.0,
    pooling=1.0,
)  # fmt: skip
"""Every feature (no columns means all), the main ones by group."""

_LEAST_RESIDUAL = 0.15
"""Residuals below this many percent count as if they were it: marks are read to a hundredth of a second."""

_ROUNDS = 40


@dataclass(frozen=True)
class Regression:
    """A fitted line: improvement in percent = coefficients · (columns − mean) / scale + intercept.

    mean, scale: of the columns and of those that also go by group, [k]; coefficients: of the columns, then of
    each group's deviations, then the intercept, [p].
    """

    formula: Formula
    mean: Floats
    scale: Floats
    coefficients: Floats

    def predict(self, features: Features) -> Floats:
        """The median improvement, percent of log speed, [n]."""
        z = _design(features, self.formula, self.mean, self.scale)
        return np.asarray(z @ self.coefficients, dtype=np.float64)

    def as_json(self) -> dict[str, Any]:
        """Everything about it in JSON's own types."""
        return {
            "columns": list(self.formula.columns),
            "by_group": list(self.formula.by_group),
            "ridge": self.formula.ridge,
            "pooling": self.formula.pooling,
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "coefficients": self.coefficients.tolist(),
        }

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> Regression:
        """What `as_json` said."""
        formula = Formula(
            tuple(said["columns"]), tuple(said["by_group"]), float(said["ridge"]), float(said["pooling"])
        )
        return cls(formula, *(np.asarray(said[name]) for name in ("mean", "scale", "coefficients")))


def fit(features: Features, improvement: Floats, formula: Formula) -> Regression:
    """Fits a formula by least absolute deviations with a ridge.

    Minimises sum |y − Zb| + ridge · |b|² / 2 over the standardised columns Z, the intercept free, by
    iteratively reweighted least squares (Schlossmacher, JASA 68, 1973) from residuals of at least
    `_LEAST_RESIDUAL`. improvement: percent of log speed, [n].
    """
    if len(improvement) == 0:
        raise ValueError("nothing to fit a regression to: no athlete has a second season in an event")
    x = _columns(features, formula)
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = _design(features, formula, mean, scale)
    penalty = formula.ridge * np.eye(z.shape[1])
    penalty[-1, -1] = 0.0
    b = np.zeros(z.shape[1])
    b[-1] = np.median(improvement)
    for _ in range(_ROUNDS):
        weight = 1 / np.maximum(np.abs(improvement - z @ b), _LEAST_RESIDUAL)
        weighted = z * weight[:, None]
        b = np.asarray(np.linalg.solve(weighted.T @ z + penalty, weighted.T @ improvement))
    return Regression(formula, mean, scale, b)


def _columns(features: Features, formula: Formula) -> Floats:
    """The columns with one coefficient, and behind them those that also go by group."""
    columns = features.values if not formula.columns else features.columns(*formula.columns)
    return np.column_stack([columns, features.columns(*formula.by_group)])


def _design(features: Features, formula: Formula, mean: Floats, scale: Floats) -> Floats:
    """The standardised columns, those by group times each group's indicator, and a one.

    Standardised before they are cut by group: a column that is zero but for a few athletes would be blown up
    by its own small spread, and the ridge would spare just the groups that should follow the rest.
    """
    z = (_columns(features, formula) - mean) / scale
    common = z.shape[1] - len(formula.by_group)
    own = z[:, common:] * formula.pooling
    by_group = [own * (features.group == index)[:, None] for index in range(len(GROUPS))]
    return np.column_stack([z[:, :common], *by_group, np.ones(len(z))])
