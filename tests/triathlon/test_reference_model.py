"""The reference's model: coded as it does, written as it does, and the same posterior as its own NUTS."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from formguide.triathlon import reference_model as reference


def tables(n=900, seed=0):
    """The reference's three tables, small: known effects, one athlete without a cluster, one professional."""
    rng = np.random.default_rng(seed)
    athlete = rng.integers(0, n // 3, n)
    women, group = rng.random(n // 3) < 0.25, rng.integers(0, 4, n // 3)
    strength = rng.normal(0, 1500, n // 3)
    seconds = (
        21_000 + strength[athlete] + 1200 * women[athlete] + 500 * group[athlete] + rng.normal(0, 1500, n)
    )
    races = pl.DataFrame(
        {
            "athlete_hash": [f"a{i}" for i in athlete],
            "event_distance": ["70.3"] * n,
            "event_year": rng.integers(2015, 2020, n),
            "gender": ["F" if women[i] else "M" for i in athlete],
            "age_group": [("18-24", "25-29", "30-34", "40-44")[group[i]] for i in athlete],
            "is_pro": [i == 3 for i in athlete],
            "total_sec": seconds.round(),
        }
    )
    profiles = races.group_by("athlete_hash").agg(
        total_races=pl.len(), pb_total_sec=pl.col("total_sec").min()
    )
    clusters = pl.DataFrame({"athlete_hash": [f"a{i}" for i in range(1, n // 3)]}).with_columns(
        cluster_id=pl.int_range(pl.len()) % 3
    )
    return races, profiles, clusters


def test_rows_are_filtered_and_coded_as_the_reference_does():
    races, profiles, clusters = tables()
    slow = races.head(1).with_columns(total_sec=pl.lit(70_000.0))
    other = races.head(1).with_columns(event_distance=pl.lit("5150"))
    rows = reference.prepare(pl.concat([races, slow, other]), profiles, clusters)
    assert rows.height == races.filter(~pl.col("is_pro")).height
    coded = reference.encode(rows)
    y = rows["total_sec"].to_numpy()
    np.testing.assert_allclose(coded.design.y, (y - y.mean()) / y.std(ddof=1))
    assert coded.clusters[0] == "-1"
    assert coded.ages == ("18-24", "25-29", "30-34", "40-44")
    np.testing.assert_allclose(coded.design.x[:, 1].std(ddof=1), 1, rtol=1e-6)


def test_a_table_without_a_column_is_named():
    races, profiles, clusters = tables(60)
    with pytest.raises(ValueError, match="profiles: no column total_races"):
        reference.prepare(races, profiles.drop("total_races"), clusters)


def test_its_files_have_its_columns(tmp_path):
    rows = reference.prepare(*tables())
    found = reference.run(rows, "70.3", draws=200, chains=2)
    written = reference.write({"70.3": found}, tmp_path)
    assert all(path.is_file() for path in written)
    predictions = pl.read_csv(tmp_path / "bayesian_predictions_70.3.csv")
    assert tuple(predictions.columns) == reference.PREDICTION_COLUMNS
    assert predictions.height == rows.height
    means = pl.read_csv(tmp_path / "bayesian_posterior_means.csv", schema_overrides={"distance": pl.String})
    assert {
        "mu_global",
        "mu_gender_0",
        "mu_gender_1",
        "mu_age_3",
        "mu_cluster_3",
        "sigma",
        "sigma_age",
    } <= set(means.columns)
    assert "legacy" in (tmp_path / "README.txt").read_text()
    assert found.checks["coverage_90"] == pytest.approx(0.9, abs=0.04)
    error = predictions["total_sec"] - predictions["bayes_pred"]
    assert found.checks["mae_min"] == pytest.approx(np.abs(error.to_numpy()).mean() / 60)


@pytest.mark.slow
def test_the_posterior_is_that_of_nuts_on_the_references_own_model():
    import jax
    from numpyro.infer import MCMC, NUTS

    coded = reference.encode(reference.prepare(*tables(600)))
    design = coded.design
    exact = reference.run(reference.prepare(*tables(600)), "70.3", 2000, 2).posterior
    with jax.enable_x64(True):
        sampler = MCMC(
            NUTS(reference.model, target_accept_prob=0.9),
            num_warmup=500,
            num_samples=1500,
            num_chains=1,
            progress_bar=False,
        )
        indices = {f"{g.name.removeprefix('mu_')}_idx": g.index for g in design.groups}
        sizes = {f"n_{g.name.removeprefix('mu_')}": len(g.levels) for g in design.groups}
        sampler.run(
            jax.random.PRNGKey(0),
            **indices,
            **sizes,
            fitness=design.x[:, 0],
            experience=design.x[:, 1],
            y=design.y,
        )
        drawn = {name: np.asarray(values) for name, values in sampler.get_samples().items()}
    import arviz

    names = {"mu_global": "intercept", "sigma_gender": "sigma_mu_gender", "sigma_age": "sigma_mu_age"}
    names["sigma_cluster"] = "sigma_mu_cluster"
    for name, values in drawn.items():
        ours_mean, ours_sd = exact.mean(names.get(name, name)), exact.sd(names.get(name, name))
        theirs = values.reshape(len(values), -1)
        for i in range(theirs.shape[1]):
            worth = float(arviz.ess(theirs[None, :, i]))
            error = np.atleast_1d(ours_sd)[i] * np.sqrt(1 / worth + 1 / 2000)
            assert abs(theirs[:, i].mean() - np.atleast_1d(ours_mean)[i]) < 5 * error, name
            assert theirs[:, i].std() == pytest.approx(
                np.atleast_1d(ours_sd)[i], rel=5 / np.sqrt(worth) + 0.05
            ), name
