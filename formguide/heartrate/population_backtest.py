"""People whom no model has seen: networks and baselines fitted to some users, scored once on others.

    held_out_users(history, …)   fits, and scores every run of the test users, as rows of `BacktestScores`
    compared(history, …)         networks against each other on the validation users: what choices are made by

Users are parted 70/15/15, with every level and gender in each part (`splits.users_apart`). A test user's run
is forecast from the same user's earlier ones, of which nothing was learnt before; what is common to users is
learnt from the others' workouts of all dates, so this says what is worth knowing of strangers, and not what
could have been known on a day. Cleaning and corrections
act on what is learnt from; what is scored is what the sensor said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from formguide import scoring
from formguide.heartrate import kinds, network, response
from formguide.heartrate.backtest import GENERATED, MODELS, History, Learner, Told, curves_of, is_run, score
from formguide.heartrate.curves import Forecaster
from formguide.heartrate.forecast_tables import HELD_OUT_USERS, SPEED_RUN, BacktestScores
from formguide.heartrate.network import FittedNetwork
from formguide.heartrate.network_settings import PARITY, NetworkSettings
from formguide.heartrate.personal import fit_ode
from formguide.heartrate.response import Answering, Response
from formguide.heartrate.sequences import Floats, Inputs, Recorded, alike
from formguide.heartrate.splits import Split, users_apart
from formguide.heartrate.tracking import Tracker
from formguide.schema import dtypes, empty

NETWORK, PARITY_LSTM = "network", "parity lstm"


@dataclass(frozen=True)
class Candidate:
    """A network to be fitted. base: whose forecast it corrects, None for the response's."""

    settings: NetworkSettings
    base: Learner | None = None


SHIPPED = Candidate(NetworkSettings())

NETWORKS: Mapping[str, Candidate] = {NETWORK: SHIPPED, PARITY_LSTM: Candidate(PARITY)}
"""What is scored beside the baselines."""

_BRIEF = replace(NetworkSettings(), max_epochs=8, patience=3)
COMPARED: Mapping[str, Candidate] = {
    "lstm, 14 features": Candidate(_BRIEF),
    "lstm, 11 features": Candidate(replace(_BRIEF, features=11)),
    "lstm, 3 features": Candidate(replace(_BRIEF, features=3)),
    "attention": Candidate(replace(_BRIEF, kind="attention")),
    "transformer": Candidate(replace(_BRIEF, kind="transformer", layers=2)),
    "without the embedding": Candidate(replace(_BRIEF, embedding=False)),
    "correcting the ode": Candidate(_BRIEF, base=fit_ode),
    "no base": Candidate(replace(_BRIEF, base=False)),
    "no base, no embedding": Candidate(replace(_BRIEF, base=False, embedding=False)),
    "no base, 11 features": Candidate(replace(_BRIEF, base=False, embedding=False, features=11)),
    "no base, 3 features": Candidate(replace(_BRIEF, base=False, embedding=False, features=3)),
}
"""The network taken apart: features, kinds, base and embedding, all on the same users for the same epochs."""


@dataclass(frozen=True)
class HeldOut:
    """What came of it: rows of `BacktestScores`, the networks as fitted by name, the users of each part."""

    scores: pl.DataFrame
    networks: Mapping[str, FittedNetwork]
    users: Mapping[str, int]


def held_out_users(
    history: History,
    networks: Mapping[str, Candidate] = NETWORKS,
    models: Mapping[str, Learner] = MODELS,
    told: Told | None = None,
    seed: int = 1,
    trackers: Mapping[str, Tracker] | None = None,
) -> HeldOut:
    """Fits every network and model to the training users and scores them on every run of the test users.

    trackers: who hears of the training of which network. Raises ValueError where a part has no user with a
    heart rate.
    """
    split = _apart(history, seed)
    population = response.fit(split.train)
    fitted = {
        name: _fitted(candidate, split, population, name, (trackers or {}).get(name))
        for name, candidate in networks.items()
    }
    others: list[Forecaster] = [learn(split.train) for learn in models.values()]
    others.append(Answering(population))
    rows: list[pl.DataFrame] = []
    for run in split.test:
        rows += _scored(run, history, [*fitted.values(), *others], told or Told(population=GENERATED))
    users = {
        name: len({run.inputs.user_id for run in part})
        for name, part in (("train", split.train), ("validation", split.validation), ("test", split.test))
    }
    together = pl.concat(rows) if rows else empty(BacktestScores)
    scores = together.select(pl.col(c).cast(t) for c, t in dtypes(BacktestScores).items())
    return HeldOut(scores, fitted, users)


def compared(history: History, candidates: Mapping[str, Candidate] = COMPARED, seed: int = 1) -> pl.DataFrame:
    """Each candidate on the validation users, given the speed that was run; the test users are not looked at.

    Columns: model, n_users, n_workouts, epoch (that was kept), mae_bpm with its standard error, the paired
    difference to the first candidate (more is worse) with its standard error, by user, and coverage_80.
    """
    split = _apart(history, seed)
    population = response.fit(split.train)
    runs = [run for run in split.validation if np.isfinite(run.heart_rate_bpm).any()]
    users = np.array([run.inputs.user_id for run in runs])
    rows: list[dict[str, object]] = []
    first: Floats | None = None
    for name, candidate in candidates.items():
        fitted = _fitted(candidate, split, population, name, None)
        errors, inside = [], []
        for run, curve in zip(runs, network.curves(fitted, runs), strict=True):
            heard = np.isfinite(run.heart_rate_bpm)
            said = run.heart_rate_bpm[heard]
            errors.append(np.abs(curve.p50[heard] - said).mean())
            inside.append(((curve.p10[heard] <= said) & (said <= curve.p90[heard])).mean())
        error = np.array(errors)
        first = error if first is None else first
        mean, apart = scoring.clustered_mean(error, users), scoring.clustered_paired(error, first, users)
        rows.append(
            {
                "model": name,
                "n_users": len(set(users)),
                "n_workouts": len(runs),
                "epoch": int(fitted.about["best_epoch"]),
                "mae_bpm": mean.mean,
                "standard_error": mean.standard_error,
                "difference": apart.difference,
                "difference_se": apart.standard_error,
                "coverage_80": float(np.mean(inside)),
            }
        )
    return pl.DataFrame(rows)


def _apart(history: History, seed: int) -> Split:
    """Training and validation users by what may be learnt from them, test users by what was recorded."""
    scored = users_apart([run for run in history.runs if is_run(run)], seed=seed)
    train, validation = ({run.inputs.user_id for run in part} for part in (scored.train, scored.validation))
    runs = [run for run in history.learnt if is_run(run)]
    learnt = sorted(runs, key=lambda run: (run.inputs.started_at, run.inputs.workout_id))
    test = [run for run in scored.test if np.isfinite(run.heart_rate_bpm).any()]
    return Split(
        [run for run in learnt if run.inputs.user_id in train],
        [run for run in learnt if run.inputs.user_id in validation],
        test,
    )


def _fitted(
    candidate: Candidate, split: Split, population: Response, name: str, tracker: Tracker | None
) -> FittedNetwork:
    base = None
    if candidate.base is not None:
        other = candidate.base(split.train)

        def base(inputs: Inputs, history: Sequence[Recorded]) -> Floats:
            return other.curve(inputs, history).p50

    return network.fit(
        split.train, split.validation, candidate.settings, base, population, tracker=tracker, name=name
    )


def _scored(run: Recorded, history: History, fitted: Sequence[Forecaster], told: Told) -> list[pl.DataFrame]:
    own = [one for one in history.learnt if one.inputs.user_id == run.inputs.user_id]
    before = [one for one in own if one.inputs.ended_at < run.inputs.started_at]
    labels = {
        "task": HELD_OUT_USERS,
        "population": told.population,
        "training": told.training,
        "scored": told.scored,
        "workout_id": run.inputs.workout_id,
        "user_id": run.inputs.user_id,
        "kind": kinds.kind(run.inputs, before),
        "kind_by_heart_rate": kinds.kind_by_heart_rate(run, before),
        "earlier_workouts": len(alike(before, run.inputs.activity)),
    }
    rows = []
    for given, model, curve in curves_of(run, before, fitted):
        named = labels | {"given": given, "model": model}
        found = score(curve, run.heart_rate_bpm)
        rows.append(found.with_columns(pl.lit(v).alias(k) for k, v in named.items()))
    return rows


def against_the_oracle(scores: pl.DataFrame, oracle_mae: pl.DataFrame, model: str = NETWORK) -> pl.DataFrame:
    """A model's error over that of a yardstick on the same workouts, given the speed that was run.

    oracle_mae: workout_id and `mae_bpm` of the yardstick. One row: n_users, n_workouts, both means, their
    ratio with its standard error (delta method, by user).
    """
    mine = (
        scores.filter((pl.col("model") == model) & (pl.col("given") == SPEED_RUN))
        .group_by("workout_id", "user_id", maintain_order=True)
        .agg(mae=pl.sum("absolute_error_sum_bpm") / pl.sum("seconds"))
        .join(
            oracle_mae.select("workout_id", oracle="mae_bpm"),
            on="workout_id",
            how="inner",
            maintain_order="left",
        )
    )
    a, b, users = (mine[name].to_numpy() for name in ("mae", "oracle", "user_id"))
    ratio = float(a.mean() / b.mean())
    error = scoring.clustered_mean((a - ratio * b) / b.mean(), users).standard_error
    return pl.DataFrame(
        {
            "model": [model],
            "n_users": [len(set(users))],
            "n_workouts": [len(a)],
            "mae_bpm": [float(a.mean())],
            "oracle_mae_bpm": [float(b.mean())],
            "ratio": [ratio],
            "ratio_se": [error],
        }
    )
