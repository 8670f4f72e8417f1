"""The network in the lake: fitted to some users, scored on others, and kept with what it was worth.

What is kept is the very network that was scored: nothing is fitted again to the users that it was tested on.
A lake of a few runners has no users to hold out, and gets none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from itertools import accumulate
from typing import Any

import polars as pl

from formguide.asof import fingerprint
from formguide.heartrate import population_backtest
from formguide.heartrate.arrivals import ARRIVALS
from formguide.heartrate.backtest import GENERATED, REAL, History, Told
from formguide.heartrate.forecast_tables import HeldOutScores
from formguide.heartrate.histories import history_of
from formguide.heartrate.network import FittedNetwork
from formguide.heartrate.population_backtest import NETWORK, NETWORKS, Candidate
from formguide.heartrate.tables import SPORT, Samples, Workouts
from formguide.heartrate.tracking import Kept, Several, Tracker
from formguide.lake import Lake
from formguide.making import Made, carried_over
from formguide.schema import empty

MODEL = "heart_rate_network"
"""The asset of the fitted network."""

VERSION = "5"
"""Changes when the same workouts would give another network or other scores."""

LEAST_USERS = 20
"""Of fewer, three or four would be held out, and say nothing."""

MOST_WORKOUTS = 10_000
"""More are not fitted to: at 1 Hz they would not fit into the memory of the machine on a desk."""

SAMPLE_NETWORKS: Mapping[str, Candidate] = {
    name: replace(one, settings=replace(one.settings, max_epochs=6)) for name, one in NETWORKS.items()
}
"""What a sample is shown with, where seconds count more than beats."""

Progress = Callable[[str], object]


def make_network(
    lake: Lake,
    tracker: Tracker | None = None,
    networks: Mapping[str, Candidate] | None = None,
    progress: Progress = lambda _: None,
) -> Made:
    """Fits the networks to 70 % of the users, scores them and the baselines on 15 %, and keeps the network
    that ships and the scores.

    tracker: hears of that network's training, beside what is kept of it in the facts. networks: by default
    `NETWORKS`, of a sample lake `SAMPLE_NETWORKS`; one of them is called `NETWORK`. With fewer than
    `LEAST_USERS` users who have usable workouts there is no network, and the scores are empty; of more than
    `MOST_WORKOUTS` workouts some users are left out.
    """
    sample = ARRIVALS.holds_sample(lake)
    networks = networks or (SAMPLE_NETWORKS if sample else NETWORKS)
    made_from = _made_from(lake, networks)
    manifest = lake.manifest(SPORT, HeldOutScores.name, None)
    if manifest is not None and manifest.made_from == made_from:
        return carried_over(manifest)
    history, left_out = _history(lake)
    users = len({run.inputs.user_id for run in history.learnt})
    facts: dict[str, Any] = {"users": users, "users_left_out": left_out}
    scores = empty(HeldOutScores)
    if users < LEAST_USERS:
        facts |= {"network": f"none: {users} users with usable workouts, {LEAST_USERS} are the fewest"}
        lake.delete(SPORT, MODEL, None)
    else:
        progress(f"{len(networks)} networks, {users} users")
        kept = Kept()
        told = Told(GENERATED if sample else REAL)
        trackers = {NETWORK: kept if tracker is None else Several(kept, tracker)}
        found = population_backtest.held_out_users(history, networks, told=told, trackers=trackers)
        scores = found.scores
        facts |= kept.metadata() | {f"users_{part}": n for part, n in found.users.items()}
        facts["losses"] = found.networks[NETWORK].about["losses"]
        lake.write_bytes(SPORT, MODEL, None, found.networks[NETWORK].to_files(), made_from, facts)
    written = lake.write_table(SPORT, HeldOutScores.name, None, scores, HeldOutScores, made_from, facts)
    return Made(written.hash, scores.height, 1, 0, facts)


def read_network(lake: Lake) -> FittedNetwork | None:
    """The network that the lake keeps, None if there is none; raises ModelFileError if it is damaged."""
    if lake.manifest(SPORT, MODEL, None) is None:
        return None
    return FittedNetwork.from_files(lake.read_bytes(SPORT, MODEL, None))


def losses(lake: Lake) -> pl.DataFrame | None:
    """Losses of the kept network's training by epoch (epoch, training, validation), for a picture; None
    without a network."""
    manifest = lake.manifest(SPORT, MODEL, None)
    if manifest is None:
        return None
    pairs = manifest.extra["losses"]
    return Kept(losses=[(epoch, pair[0], pair[1]) for epoch, pair in enumerate(pairs)]).curves()


def _history(lake: Lake) -> tuple[History, int]:
    """The workouts to fit to and to score, of whole users, and how many users are left out.

    Where the lake holds more than `MOST_WORKOUTS`, users are taken in the order of the SHA-256 of their ids,
    and the samples of the others are never in memory together. Heart rates are as recorded: what is corrected
    leans on everybody, and so on users who are to be held out.
    """
    every = lake.read_table(SPORT, Workouts.name, None, Workouts)
    counts = dict(every.group_by("user_id").len().iter_rows())
    ordered = sorted(counts, key=lambda user: hashlib.sha256(user.encode()).hexdigest())
    total = list(accumulate(counts[user] for user in ordered))
    chosen = [user for user, so_far in zip(ordered, total, strict=True) if so_far <= MOST_WORKOUTS]
    workouts = every.filter(pl.col("user_id").is_in(chosen))
    ids = workouts.select("workout_id")
    months = lake.partitions(SPORT, Workouts.name)
    parts = (lake.read_table(SPORT, Samples.name, [month], Samples) for month in months)
    samples = pl.concat([part.join(ids, on="workout_id", how="semi") for part in parts] or [empty(Samples)])
    return history_of(workouts, samples), len(ordered) - len(chosen)


def _made_from(lake: Lake, networks: Mapping[str, Candidate]) -> str:
    wanted = (Workouts.name, Samples.name)
    versions = [
        (month, [m.hash if (m := lake.manifest(SPORT, name, month)) else None for name in wanted])
        for month in lake.partitions(SPORT, Workouts.name)
    ]
    chosen = {
        name: {**asdict(one.settings), "base": getattr(one.base, "__qualname__", None)}
        for name, one in networks.items()
    }
    return fingerprint(VERSION, chosen, versions)
