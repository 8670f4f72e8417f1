"""The reference's hierarchical model, exactly: per distance, partial pooling over gender, age and cluster.

    y ~ Normal(mu + gender + age + cluster + beta_fitness fitness + beta_experience experience, sigma)

with standardised totals y, fitness from an athlete's best and experience from his number of races. It is here
for comparison: its profile is taken over all of an athlete's races, the one forecast and later ones too, and
it is scored on the rows it was fitted to. The same priors, the same coding of levels and the same outputs;
but all rows instead of 50,000, and the exact posterior instead of twenty minutes of NUTS. `model` is the
same as a NumPyro model, for the parity tests and the benchmark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.triathlon.posterior import Design, Group, Posterior, Priors, fit
from formguide.triathlon.tables import DISTANCES

Floats = NDArray[np.float64]

PRIORS = Priors(
    group_scale={"mu_gender": 0.5, "mu_age": 0.5, "mu_cluster": 0.5},
    noise_scale=1.0,
    fixed={"intercept": (0.0, 1.0), "beta_fitness": (0.3, 0.2), "beta_experience": (-0.1, 0.1)},
)
GENDERS = ("M", "F")
FASTEST_SEC, SLOWEST_SEC = 3600, 61200
LABEL = "legacy: the reference's model, whose profiles know the race that is forecast and later ones"
PREDICTION_COLUMNS = ("athlete_hash", "event_distance", "event_year", "total_sec", "bayes_pred", "bayes_std")

_NAMES = {"intercept": "mu_global", "sigma_mu_gender": "sigma_gender", "sigma_mu_age": "sigma_age"}
_NAMES |= {"sigma_mu_cluster": "sigma_cluster"}


@dataclass(frozen=True, eq=False)
class Encoded:
    """Rows of one distance as the reference codes them.

    mean_sec, sd_sec: by which totals are standardised; experience: mean and standard deviation of log(1 +
    races).
    """

    design: Design
    ages: tuple[str, ...]
    clusters: tuple[str, ...]
    mean_sec: float
    sd_sec: float
    experience: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Reference:
    """What the reference's notebook gives for one distance.

    effects: gender effects and coefficients with their intervals; checks: MAE (min), R², 90 % coverage and
    mean predictive sd (min) of the rows it was fitted to; predictions: its six columns; means: posterior
    means in a row, by its names.
    """

    distance: str
    posterior: Posterior
    effects: pl.DataFrame
    checks: dict[str, float]
    predictions: pl.DataFrame
    means: dict[str, float]


def model(
    gender_idx: Any,
    age_idx: Any,
    cluster_idx: Any,
    fitness: Any,
    experience: Any,
    n_gender: int,
    n_age: int,
    n_cluster: int,
    y: Any = None,
) -> None:
    """The model as NumPyro sees it, with the reference's names."""
    import numpyro
    from numpyro import distributions as dist

    mu = numpyro.sample("mu_global", dist.Normal(0.0, 1.0))
    for name, index, size in (
        ("gender", gender_idx, n_gender),
        ("age", age_idx, n_age),
        ("cluster", cluster_idx, n_cluster),
    ):
        scale = numpyro.sample(f"sigma_{name}", dist.HalfNormal(0.5))
        mu = mu + numpyro.sample(f"mu_{name}", dist.Normal(0.0, scale).expand([size]))[index]
    mu = mu + numpyro.sample("beta_fitness", dist.Normal(0.3, 0.2)) * fitness
    mu = mu + numpyro.sample("beta_experience", dist.Normal(-0.1, 0.1)) * experience
    numpyro.sample("obs", dist.Normal(mu, numpyro.sample("sigma", dist.HalfNormal(1.0))), obs=y)


def prepare(races: pl.DataFrame, profiles: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    """The reference's rows: races with the athletes' profiles and clusters, its filter applied.

    races: athlete_hash, event_distance, event_year, gender, age_group, is_pro, total_sec; profiles:
    athlete_hash, total_races, pb_total_sec; clusters: athlete_hash, cluster_id.

    Raises:
        ValueError: naming the column that a table lacks.
    """
    for name, frame, needed in (
        (
            "races",
            races,
            ("athlete_hash", "event_distance", "event_year", "gender", "age_group", "is_pro", "total_sec"),
        ),
        ("profiles", profiles, ("athlete_hash", "total_races", "pb_total_sec")),
        ("clusters", clusters, ("athlete_hash", "cluster_id")),
    ):
        if missing := [c for c in needed if c not in frame.columns]:
            raise ValueError(f"{name}: no column {', '.join(missing)}")
    joined = races.join(
        profiles.select("athlete_hash", "total_races", "pb_total_sec").unique("athlete_hash", keep="first"),
        on="athlete_hash",
        how="left",
        maintain_order="left",
    ).join(
        clusters.select("athlete_hash", "cluster_id").unique("athlete_hash", keep="first"),
        on="athlete_hash",
        how="left",
        maintain_order="left",
    )
    return joined.filter(
        ~pl.col("is_pro").fill_null(False)
        & pl.col("event_distance").cast(pl.String).is_in(list(DISTANCES))
        & (pl.col("total_sec") > FASTEST_SEC)
        & (pl.col("total_sec") < SLOWEST_SEC)
    )


def from_results(results: pl.DataFrame) -> pl.DataFrame:
    """`prepare` for our own table: best and number of races over all of an athlete's races of the distance,
    as the reference does (and no forecast may); nobody has a cluster."""
    rows = results.filter(pl.col("usable") & (pl.col("category").cast(pl.String) == "age_group"))
    profiles = rows.group_by(athlete_hash="athlete_id").agg(
        total_races=pl.len(), pb_total_sec=pl.col("total_sec").min()
    )
    races = rows.select(
        "gender", "age_group", "is_pro", "total_sec", athlete_hash="athlete_id", event_distance="distance",
        event_year="year",
    )  # fmt: skip
    nobody = pl.DataFrame(schema={"athlete_hash": pl.String, "cluster_id": pl.Int64})
    return prepare(races, profiles, nobody)


def encode(rows: pl.DataFrame) -> Encoded:
    """One distance's rows of `prepare` as the reference codes them: an unknown gender is a man, an unknown
    age group the first, an athlete without a cluster of cluster −1, without a best at the mean.

    Raises:
        ValueError: if there are fewer than two rows.
    """
    if rows.height < 2:
        raise ValueError("the reference's model needs at least two rows of a distance")
    seconds = rows["total_sec"].cast(pl.Float64).to_numpy()
    mean, sd = float(seconds.mean()), float(seconds.std(ddof=1))
    ages = tuple(sorted(str(a) for a in rows["age_group"].drop_nulls().unique()))
    clusters = rows["cluster_id"].cast(pl.Int64).fill_null(-1)
    kinds = tuple(sorted(clusters.unique().to_list()))
    logs = np.log1p(rows["total_races"].cast(pl.Float64).fill_null(0.0).to_numpy())
    centre, spread = float(logs.mean()), float(logs.std(ddof=1)) + 1e-8
    best = rows["pb_total_sec"].cast(pl.Float64).fill_null(mean).to_numpy()
    age_of = {a: i for i, a in enumerate(ages)}
    design = Design(
        groups=(
            Group(
                "mu_gender",
                GENDERS,
                (rows["gender"].cast(pl.String) == "F").fill_null(False).to_numpy().astype(np.int32),
            ),
            Group(
                "mu_age",
                ages or ("",),
                np.array([age_of.get(a, 0) for a in rows["age_group"]], dtype=np.int32),
            ),
            Group(
                "mu_cluster",
                tuple(str(c) for c in kinds),
                np.searchsorted(kinds, clusters.to_numpy()).astype(np.int32),
            ),
        ),
        y=(seconds - mean) / sd,
        names=("beta_fitness", "beta_experience"),
        x=np.column_stack([(best - mean) / sd, (logs - centre) / spread]),
    )
    return Encoded(design, ages, tuple(str(c) for c in kinds), mean, sd, (centre, spread))


def run(rows: pl.DataFrame, distance: str, draws: int = 750, chains: int = 4, seed: int = 42) -> Reference:
    """The reference's model over all rows of a distance (from `prepare`), and what its notebook makes of
    it."""
    here = rows.filter(pl.col("event_distance").cast(pl.String) == distance)
    coded = encode(here)
    found = fit(coded.design, PRIORS, draws=draws, chains=chains, seed=seed)
    fitted = mean_of(found, coded.design)
    point = fitted * coded.sd_sec + coded.mean_sec
    sigma = float(found.mean("sigma")) * coded.sd_sec
    predictions = here.select(
        "athlete_hash", "event_distance", "event_year", "total_sec",
        bayes_pred=pl.Series(point), bayes_std=pl.lit(sigma),
    )  # fmt: skip
    return Reference(
        distance=distance,
        posterior=found,
        effects=_effects(found, coded),
        checks=_checks(found, coded, here["total_sec"].cast(pl.Float64).to_numpy(), seed),
        predictions=predictions,
        means=_means(found),
    )


def write(outcome: Mapping[str, Reference], folder: Path) -> list[Path]:
    """Writes what the notebook writes: the posterior means of both distances in one CSV, the predictions of
    each in one with the reference's six columns, and beside them the effects, the checks and what they
    are."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "bayesian_posterior_means.csv", folder / "README.txt", folder / "checks.csv"]
    means = [{"distance": name, **found.means} for name, found in outcome.items()]
    pl.DataFrame(means, infer_schema_length=None).write_csv(written[0])
    written[1].write_text(f"{LABEL}. Nothing here is a forecast.\n", encoding="utf-8")
    pl.DataFrame([{"distance": name, **found.checks} for name, found in outcome.items()]).write_csv(
        written[2]
    )
    for name, found in outcome.items():
        predictions, effects = folder / f"bayesian_predictions_{name}.csv", folder / f"effects_{name}.csv"
        found.predictions.select(PREDICTION_COLUMNS).write_csv(predictions)
        found.effects.write_csv(effects)
        written += [predictions, effects]
    return written


def mean_of(found: Posterior, design: Design) -> Floats:
    """Posterior mean of each row's linear predictor."""
    value = np.full(len(design.y), float(found.mean("intercept")))
    for group in design.groups:
        value = value + found.mean(group.name)[group.index]
    fitted: Floats = value + design.x @ np.array([float(found.mean(name)) for name in design.names])
    return fitted


def _effects(found: Posterior, coded: Encoded) -> pl.DataFrame:
    """All parameters with intervals; group effects and the intercept in seconds too."""
    table = found.table()
    seconds = pl.when(~pl.col("parameter").str.starts_with("beta")).then(pl.col("mean") * coded.sd_sec)
    return table.with_columns(pl.col("parameter").replace(_NAMES), mean_sec=seconds)


def _checks(found: Posterior, coded: Encoded, seconds: Floats, seed: int) -> dict[str, float]:
    """The notebook's posterior predictive checks, in closed form: predictive means, and normal intervals
    with the variance of the predictor and of chance. The predictor's variance is estimated from 200 draws of
    20,000 rows."""
    rng = np.random.default_rng(seed)
    picked = np.sort(rng.permutation(len(seconds))[:20_000])
    design = coded.design
    chosen = rng.permutation(found.flat("sigma").shape[0])[:200]
    predictor = np.repeat(found.flat("intercept")[chosen, None], len(picked), axis=1)
    for group in design.groups:
        predictor = predictor + found.flat(group.name)[chosen][:, group.index[picked]]
    for i, name in enumerate(design.names):
        predictor = predictor + found.flat(name)[chosen, None] * design.x[picked, i]
    sigma2 = float((found.draws["sigma"] ** 2).mean())
    sd = np.sqrt(predictor.var(axis=0) + sigma2) * coded.sd_sec
    point = mean_of(found, design) * coded.sd_sec + coded.mean_sec
    error = seconds - point
    return {
        "rows": float(len(seconds)),
        "mae_min": float(np.abs(error).mean() / 60),
        "r2": float(1 - (error**2).mean() / seconds.var()),
        "coverage_90": float((np.abs(error[picked]) <= 1.6449 * sd).mean()),
        "mean_sd_min": float(sd.mean() / 60),
    }


def _means(found: Posterior) -> dict[str, float]:
    means: dict[str, float] = {}
    for name, values in found.draws.items():
        mean = values.mean(axis=(0, 1))
        key = _NAMES.get(name, name)
        means |= (
            {key: float(mean)} if np.ndim(mean) == 0 else {f"{key}_{i}": float(v) for i, v in enumerate(mean)}
        )
    return means
