"""The network in the lake: fitted to some users, scored on others, and kept with what it was worth.

What is kept is the very network that was scored: nothing is fitted again to the users that it was tested on.
A lake of a few runners has no users to hold out, and gets none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from formguide.asof import fingerprint
from formguide.heartrate import population_backtest
from formguide.heartrate.arrivals import ARRIVALS
from formguide.heartrate.backtest import GENERATED, REAL, Told
from formguide.heartrate.forecast_tables import CORRECTED, HeldOutScores
from formguide.heartrate.histories import read_history
from formguide.heartrate.network import FittedNetwork
from formguide.heartrate.population_backtest import NETWORK, NETWORKS, Candidate
from formguide.heartrate.tables import SPORT, Corrections, Samples, Workouts
from formguide.heartrate.tracking import Kept, Several, Tracker
from formguide.lake import Lake
from formguide.making import Made, carried_over
from formguide.schema import empty

MODEL = "heart_rate_network"
"""The asset of the fitted network."""

VERSION = "1"
"""Changes when the same workouts would give another network or other scores."""

LEAST_USERS = 20
"""Of fewer, three or four would be held out, and say nothing."""

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
    `LEAST_USERS` users who have usable workouts there is no network, and the scores are empty.
    """
    sample = ARRIVALS.holds_sample(lake)
    networks = networks or (SAMPLE_NETWORKS if sample else NETWORKS)
    made_from = _made_from(lake, networks)
    manifest = lake.manifest(SPORT, HeldOutScores.name, None)
    if manifest is not None and manifest.made_from == made_from:
        return carried_over(manifest)
    history = read_history(lake, correct=True)
    users = len({run.inputs.user_id for run in history.learnt})
    facts: dict[str, Any] = {"users": users}
    scores = empty(HeldOutScores)
    if users < LEAST_USERS:
        facts |= {"network": f"none: {users} users with usable workouts, {LEAST_USERS} are the fewest"}
        lake.delete(SPORT, MODEL, None)
    else:
        progress(f"{len(networks)} networks, {users} users")
        kept = Kept()
        told = Told(GENERATED if sample else REAL, CORRECTED)
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


def _made_from(lake: Lake, networks: Mapping[str, Candidate]) -> str:
    wanted = (Workouts.name, Samples.name, Corrections.name)
    versions = [
        (month, [m.hash if (m := lake.manifest(SPORT, name, month)) else None for name in wanted])
        for month in lake.partitions(SPORT, Workouts.name)
    ]
    chosen = {
        name: {
            **asdict(one.settings),
            "share": one.share,
            "base": getattr(one.base, "__qualname__", None),
        }
        for name, one in networks.items()
    }
    return fingerprint(VERSION, chosen, versions)
