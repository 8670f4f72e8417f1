"""Simple rules to beat: what anybody with a table of averages could have picked on the same morning.

Each rule is a score; what a score has meant is learnt by logistic regression from the starters of earlier
dates, so that a rule is not beaten merely for being badly calibrated.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from formguide.baseball.forecast import Asked

RULES = {
    "slot": "p_slot",
    "rate_60": "p_rate_60",
    "rate_120": "p_rate_120",
    "first_two": "p_first_two",
}
"""Name of each rule, and the column of the backtest that holds its probabilities."""

USUAL_RATE = 0.22
"""The hit rate of a batter without a record, for the rules: about what the league's batters have had in every
season since 1920 but a few."""


def probabilities(past: Asked, hits: np.ndarray, asked: Asked) -> pl.DataFrame:
    """P(at least one hit) by every rule, columns as in `RULES`.

    past, hits: starters of earlier dates and how many hits each had; asked: the starters to forecast.
    """
    got = (hits > 0).astype(float)
    return pl.DataFrame(
        {column: _learn(_score(rule, past), got, _score(rule, asked)) for rule, column in RULES.items()}
    )


def _score(rule: str, rows: Asked) -> np.ndarray:
    """What a rule goes by, one row per starter."""
    slot = rows.starters["slot"].to_numpy().astype(int)
    first_two = slot <= 2
    if rule == "slot":
        home = rows.starters["is_home"].to_numpy().astype(float)
        return np.column_stack([*[(slot == place).astype(float) for place in range(2, 10)], home])
    dates = 60 if rule == "rate_60" else 120
    rate = rows.features[f"batter_hr_{dates}g"].fill_null(USUAL_RATE).to_numpy()
    if rule == "first_two":
        return np.column_stack([first_two, rate * first_two, rate * ~first_two]).astype(float)
    return rate[:, None]


def _learn(scores: np.ndarray, got: np.ndarray, asked: np.ndarray) -> np.ndarray:
    mean, scale = scores.mean(axis=0), np.maximum(scores.std(axis=0), 1e-9)
    X = np.column_stack([np.ones(len(scores)), (scores - mean) / scale])
    weights = np.zeros(X.shape[1])
    for _ in range(15):
        p = 1 / (1 + np.exp(-(X @ weights)))
        step = np.linalg.solve(
            (X.T * (p * (1 - p))) @ X + 1e-3 * np.eye(len(weights)), X.T @ (got - p) - 1e-3 * weights
        )
        weights = weights + step
        if np.abs(step).max() < 1e-10:
            break
    Z = np.column_stack([np.ones(len(asked)), (asked - mean) / scale])
    return np.asarray(1 / (1 + np.exp(-(Z @ weights))))
