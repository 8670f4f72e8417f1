"""The blend: which variants run, what stands in, and that workers and calls change nothing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from formguide.baseball import blend
from formguide.baseball.features import ALL, CONTEXT, CORE, LAST_PITCH, STATCAST

N = 6_000


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(4)
    values = {name: rng.normal(size=N) for name in ALL}
    table = pl.DataFrame(values)
    hit = rng.random(N) < 1 / (1 + np.exp(1.2 - 0.8 * values["batter_barrel_rate_30g"]))
    return table, hit, np.full(N, -1.2)


def fitted(rows, seed, **options):
    table, hit, start = rows
    return blend.fit(table, hit, start, seed, **options)


def without(table, *names):
    return table.with_columns(pl.lit(None, pl.Float64).alias(name) for name in names)


def test_twelve_variants_run_where_everything_is_known(rows):
    made = fitted(rows, seed=1)
    assert len(made.boosters) == 12 == len(blend.VARIANTS)
    assert made.left_out == () and made.stood_in == ()
    assert made.columns["core"] == CORE
    for name in STATCAST:
        assert made.columns[name] == (*CORE, name)


def test_a_variant_of_nothing_is_left_out_and_said(rows):
    table, hit, start = rows
    made = blend.fit(without(table, "pitcher_avg_extension_30g", "weather_temp"), hit, start, seed=1)
    assert made.left_out == ("pitcher_avg_extension_30g",)
    assert len(made.boosters) == 11
    assert "weather_temp" not in made.columns["core"]


def test_last_pitches_stand_in(rows):
    table, hit, start = rows
    made = blend.fit(without(table, *blend.STAND_INS), hit, start, seed=1)
    assert set(made.stood_in) == set(blend.STAND_INS)
    assert made.columns["pitcher_avg_spin_30g"][-1] == "pitcher_last_pitch_spin_30g"
    assert len(made.boosters) == 12


def test_the_shadow_sees_the_context_too(rows):
    made = fitted(rows, seed=1, shadow=True)
    assert made.columns["core"] == (*CORE, *CONTEXT)
    assert not set(made.columns["core"]) & set(LAST_PITCH)


def test_a_planted_effect_is_found_by_the_variant_that_sees_it(rows):
    table, hit, start = rows
    made = blend.fit(table, hit, start, seed=1, trees=80)
    seen = made.boosters["batter_barrel_rate_30g"].predict(
        table.select(made.columns["batter_barrel_rate_30g"]).to_numpy(), raw_score=True
    )
    unseen = made.boosters["core"].predict(table.select(CORE).to_numpy(), raw_score=True)
    effect = table["batter_barrel_rate_30g"].to_numpy()
    assert np.corrcoef(seen, effect)[0, 1] > 0.9
    assert abs(np.corrcoef(unseen, effect)[0, 1]) < 0.2


def test_the_blend_is_the_mean_of_its_variants(rows):
    table = rows[0]
    made = fitted(rows, seed=2)
    each = [
        booster.predict(table.select(made.columns[name]).to_numpy(), raw_score=True)
        for name, booster in made.boosters.items()
    ]
    assert made.correction(table) == pytest.approx(np.mean(each, axis=0), abs=1e-12)


def test_workers_and_calls_change_nothing_but_seeds_do(rows, monkeypatch):
    first = fitted(rows, seed=1).texts()
    assert fitted(rows, seed=1).texts() == first
    assert fitted(rows, seed=2).texts() != first
    monkeypatch.setattr(blend, "WORKERS", 1)
    assert fitted(rows, seed=1).texts() == first
