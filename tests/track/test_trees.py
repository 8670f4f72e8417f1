"""The boosted trees: the same rows give the same trees, and they find what a line cannot."""

from __future__ import annotations

import numpy as np
import pytest

from formguide.track.features import Features
from formguide.track.trees import Trees, TreeSettings, grow

FEW = TreeSettings(rounds=60, learning_rate=0.1, feature_fraction=1.0, seeds=2)


def made(n: int, seed: int = 0) -> Features:
    values = np.random.default_rng(seed).normal(size=(n, 3))
    return Features(("a", "b", "c"), values, np.zeros(n, dtype=np.int64))


def step(features: Features) -> np.ndarray:
    return np.where(features.values[:, 1] > 0.3, 2.0, -1.0)


def test_a_planted_step_is_found() -> None:
    rows, fresh = made(1500, 1), made(500, 2)
    y = step(rows) + np.random.default_rng(3).laplace(0, 0.5, 1500)
    said = grow(rows, y, FEW).predict(fresh)
    far = np.abs(fresh.values[:, 1] - 0.3) > 0.1
    assert np.abs(said - step(fresh))[far].mean() < 0.2
    line = np.polynomial.Polynomial.fit(rows.values[:, 1], y, 1)(fresh.values[:, 1])
    assert np.abs(said - step(fresh)).mean() < 0.3 * np.abs(line - step(fresh)).mean()


def test_it_is_the_median_that_is_forecast() -> None:
    """One career in four is wrecked: the mean falls by five, the median hardly."""
    rows = made(1500, 4)
    rng = np.random.default_rng(5)
    y = step(rows) + rng.laplace(0, 0.3, 1500) - 20.0 * (rng.random(1500) < 0.25)
    assert abs(float(np.median(grow(rows, y, FEW).predict(rows) - step(rows)))) < 0.5


def test_same_rows_same_trees_and_another_seed_others() -> None:
    rows = made(400, 6)
    y = step(rows) + np.random.default_rng(7).laplace(0, 1, 400)
    ours, again, other = (grow(rows, y, FEW, seed) for seed in (0, 0, 1))
    assert ours == again
    assert ours.predict(rows).tobytes() == again.predict(rows).tobytes()
    assert not set(ours.models) & set(other.models)
    assert len(set(ours.models)) == FEW.seeds, "each seed grows trees of its own"
    means = [Trees(ours.names, (model,)).predict(rows) for model in ours.models]
    assert np.allclose(ours.predict(rows), np.mean(means, axis=0))


def test_settings_are_heeded() -> None:
    rows = made(400, 8)
    y = step(rows)
    (short,) = grow(rows, y, TreeSettings(rounds=3, seeds=1, num_leaves=2)).models
    assert short.count("Tree=") == 3
    assert short.count("num_leaves=2") == 3
    none = grow(rows, y, TreeSettings(rounds=3, seeds=1, min_data_in_leaf=300)).predict(rows)
    assert np.ptp(none) == 0, "no leaf can hold so many"


def test_columns_in_another_order_are_refused() -> None:
    rows = made(200, 9)
    grown = grow(rows, step(rows), FEW)
    turned = Features(("b", "a", "c"), rows.values[:, [1, 0, 2]], rows.group)
    with pytest.raises(ValueError, match="grown on other features"):
        grown.predict(turned)


def test_nobody_asked_nobody_told() -> None:
    rows = made(200, 10)
    assert grow(rows, step(rows), FEW).predict(made(0)).shape == (0,)
