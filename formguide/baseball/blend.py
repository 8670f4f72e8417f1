"""Twelve gradient-boosted models that start where the regression on abilities ends, averaged.

Each variant sees the core features and one Statcast feature more, two of them a pair, one nothing more. They
correct the regression's log-odds with small trees (its log-odds are LightGBM's initial score), each a little
differently, and the mean of their log-odds is the blend's. A source that has only last pitches gets the
stand-ins of that name; a variant of which nothing is left is left out, and the blend says how many ran.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from formguide.baseball.features import CORE, STATCAST

if TYPE_CHECKING:
    import lightgbm as lgb

PAIRS = (
    ("batter_barrel_rate_30g", "pitcher_avg_spin_30g"),
    ("batter_hard_hit_rate_30g", "pitcher_avg_spin_30g"),
)
"""The two pairs that lowered the log loss of August to October 2022 most, of all pairs of a batter's and a
pitcher's Statcast feature (`scripts/tune_baseball.py`)."""

VARIANTS: dict[str, tuple[str, ...]] = {
    "core": (),
    **{name: (name,) for name in STATCAST},
    **{"+".join(pair): pair for pair in PAIRS},
}
"""Name of each variant, and what it sees beside the core."""

STAND_INS = {
    "batter_whiff_60g": "batter_last_pitch_whiff_60g",
    "pitcher_entropy_30g": "pitcher_last_pitch_entropy_30g",
    "pitcher_avg_velo_30g": "pitcher_last_pitch_velo_30g",
    "pitcher_avg_spin_30g": "pitcher_last_pitch_spin_30g",
    "pitcher_break_total_30g": "pitcher_last_pitch_break_30g",
    "batter_avg_velo_faced_30g": "batter_last_pitch_velo_faced_30g",
}
"""What takes a feature's place where the source has only last pitches."""

TREES = 20
LEAVES = 4
PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.05,
    "min_data_in_leaf": 1000,
    "lambda_l2": 50.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}
"""Chosen on August to October 2022: larger trees, more of them or LightGBM's defaults lose log loss there."""

WORKERS = 2
"""Variants fitted at a time, each with one thread: two OpenMP teams on two cores would fight."""

_LEAST_KNOWN = 0.5
"""A feature that fewer of the training rows have gives way to its stand-in."""


@dataclass(frozen=True)
class Blend:
    """Fitted variants: name → columns and booster."""

    columns: Mapping[str, tuple[str, ...]]
    boosters: Mapping[str, lgb.Booster]
    left_out: tuple[str, ...]
    stood_in: tuple[str, ...]

    def correction(self, features: pl.DataFrame) -> np.ndarray:
        """Mean over the variants of what they add to the regression's log-odds; zeros without a variant."""
        total = np.zeros(features.height)
        for name, booster in self.boosters.items():
            X = features.select(self.columns[name]).to_numpy()
            total += booster.predict(X, raw_score=True, num_threads=1)
        return total / max(len(self.boosters), 1)

    def texts(self) -> dict[str, str]:
        """The variants in LightGBM's own text format."""
        return {name: booster.model_to_string() for name, booster in self.boosters.items()}


def fit(
    features: pl.DataFrame,
    is_hit: np.ndarray,
    log_odds: np.ndarray,
    seed: int,
    shadow: bool = False,
    variants: Mapping[str, Sequence[str]] | None = None,
    trees: int = TREES,
    leaves: int = LEAVES,
) -> Blend:
    """Fits the variants to plate appearances.

    features: `feature_frame` rows; is_hit: bool (n); log_odds: the regression's, from which they start.
    shadow: the context features (umpire, wind, hard contact, roof) join the core.
    """
    import lightgbm as lgb  # loads in a second, pandas with it: not for --help

    from formguide.baseball.features import CONTEXT

    core, left_out = [], []
    known = {name: 1.0 - features[name].null_count() / max(features.height, 1) for name in features.columns}
    for name in (*CORE, *(CONTEXT if shadow else ())):
        column = _column(name, known)
        if column is not None:
            core.append(column)
    chosen: dict[str, tuple[str, ...]] = {}
    for name, extra in (VARIANTS if variants is None else variants).items():
        columns = [_column(feature, known) for feature in extra]
        if None in columns:
            left_out.append(name)
        else:
            chosen[name] = (*core, *(c for c in columns if c is not None))
    matrix = features.to_numpy()
    place = {name: j for j, name in enumerate(features.columns)}

    def fitted(name: str) -> lgb.Booster:
        index = [place[column] for column in chosen[name]]
        data = lgb.Dataset(
            matrix[:, index], is_hit.astype(np.float32), init_score=log_odds, params=PARAMETERS
        )
        own = {"num_leaves": leaves, "seed": seed * 1000 + list(chosen).index(name)}
        return lgb.train({**PARAMETERS, **own}, data, trees)

    with ThreadPoolExecutor(WORKERS) as pool:
        boosters = dict(zip(chosen, pool.map(fitted, chosen), strict=True))
    used = {column for columns in chosen.values() for column in columns}
    stood_in = tuple(name for name, other in STAND_INS.items() if other in used)
    return Blend(chosen, boosters, tuple(left_out), stood_in)


def _column(feature: str, known: Mapping[str, float]) -> str | None:
    """The column that a feature is taken from: its own, its stand-in's, or none."""
    if known[feature] >= _LEAST_KNOWN:
        return feature
    other = STAND_INS.get(feature)
    if other is not None and known[other] > 0:
        return other
    return feature if known[feature] > 0 else None
