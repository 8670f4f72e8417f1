"""Boosted trees on the same numbers as the regression: what bends and what hangs together they find alone.

LightGBM on absolute deviations, small trees, a few seeds averaged. One thread and LightGBM's deterministic
mode: the same rows give the same trees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formguide.track.features import Features

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TreeSettings:
    """rounds: trees per seed; the rest is LightGBM's own."""

    rounds: int = 200
    learning_rate: float = 0.04
    num_leaves: int = 7
    min_data_in_leaf: int = 40
    feature_fraction: float = 0.5
    bagging_fraction: float = 0.7
    lambda_l2: float = 5.0
    seeds: int = 3


@dataclass(frozen=True)
class Trees:
    """Fitted trees, one LightGBM model in its text format per seed."""

    names: tuple[str, ...]
    models: tuple[str, ...]

    def predict(self, features: Features) -> Floats:
        """The median improvement, percent of log speed, [n]."""
        import lightgbm as lgb

        if features.names != self.names:
            raise ValueError("these trees were grown on other features: fit them again")
        if not len(features.values):
            return np.zeros(0)
        told = [lgb.Booster(model_str=m).predict(features.values, num_threads=1) for m in self.models]
        return np.asarray(np.mean(told, axis=0), dtype=np.float64)


def grow(features: Features, improvement: Floats, settings: TreeSettings, seed: int = 0) -> Trees:
    """Grows trees for the improvement, percent of log speed, [n]."""
    import lightgbm as lgb

    models = []
    for number in range(settings.seeds):
        parameters: dict[str, Any] = {
            "objective": "l1",
            "learning_rate": settings.learning_rate,
            "num_leaves": settings.num_leaves,
            "min_data_in_leaf": settings.min_data_in_leaf,
            "feature_fraction": settings.feature_fraction,
            "bagging_fraction": settings.bagging_fraction,
            "bagging_freq": 1,
            "lambda_l2": settings.lambda_l2,
            "seed": 1000 * seed + number,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        }
        data = lgb.Dataset(features.values, improvement, params={"verbosity": -1})
        models.append(lgb.train(parameters, data, settings.rounds).model_to_string())
    return Trees(features.names, tuple(models))
