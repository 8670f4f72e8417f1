"""Kinds of athletes, from what was known before a season: pace against the field, and where the time goes.

k-means (Lloyd's iteration) on four numbers of every athlete who had finished by then, each shrunk toward
the field by how few results there are. The first season's centres are drawn with a fixed seed (k-means++,
Arthur and Vassilvitskii 2007) and numbered by pace; every later season starts from the centres of the one
before, so a number means the same kind of athlete in every season, and the same results give the same kinds
in every run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide import making
from formguide.asof import fingerprint
from formguide.lake import Lake
from formguide.making import Made, carried_over
from formguide.schema import dtypes
from formguide.triathlon.incremental import up_to, versions_up_to
from formguide.triathlon.profiles import against_the_field
from formguide.triathlon.tables import SPORT, AthleteClusters, RaceResults, as_table

VERSION = "1"
"""Changes when the same results would give other kinds."""

KINDS = 8
"""How many kinds there are, as in the reference system."""

FEATURES = ("mean_rel", "swim_share_rel", "bike_share_rel", "run_share_rel")

_PRIOR_RACES = 1.0
"""As many results at the field's mean are added to everybody's."""

_LEAST_ATHLETES = 20 * KINDS
_ITERATIONS, _SEED = 30, 8128
_SETTLED = 0.001


@dataclass(frozen=True)
class Kinds:
    """A season's kinds: the table, and the centres (KINDS, 4) in the units of `FEATURES`."""

    table: pl.DataFrame
    centres: NDArray[np.float64] | None


def athlete_clusters(results: pl.DataFrame, season: int, before: NDArray[np.float64] | None = None) -> Kinds:
    """The kinds of all athletes who had finished before a season.

    results: `RaceResults`, of which only what was known before the season's first day is looked at; before:
    the centres of the season before, if there were any. With too few athletes there are no kinds.
    """
    athletes = _athletes(results.filter(pl.col("known_on") < pl.date(season, 1, 1)))
    if athletes.height < _LEAST_ATHLETES:
        return Kinds(pl.DataFrame(schema=dtypes(AthleteClusters)), before)
    points = athletes.select(FEATURES).to_numpy()
    scale = np.maximum(points.std(axis=0), 1e-9)
    start = _first_centres(points / scale) if before is None else before / scale
    centres, kind = _lloyd(points / scale, start)
    if before is None:
        order = np.argsort(centres[:, 0], kind="stable")
        centres, kind = centres[order], np.argsort(order, kind="stable")[kind]
    distance = np.linalg.norm(points / scale - centres[kind], axis=1)
    table = athletes.with_columns(
        pl.lit(season).alias("year"), pl.Series("cluster", kind), pl.Series("distance_to_centre", distance)
    )
    return Kinds(as_table(table, AthleteClusters), centres * scale)


def make_clusters(lake: Lake, seasons: Iterable[int]) -> dict[int, Made]:
    """The kinds of athletes of some seasons, each from the results before it and the last season's
    centres."""
    made, wanted = {}, sorted(seasons)
    everything: pl.DataFrame | None = None
    for season in wanted:
        made_from = fingerprint(
            VERSION,
            versions_up_to(lake, RaceResults.name, season - 1),
            making.version_of(lake, SPORT, AthleteClusters.name, season - 1),
            _centres(lake, season - 1),
        )
        manifest = lake.manifest(SPORT, AthleteClusters.name, str(season))
        if manifest is not None and manifest.made_from == made_from:
            made[season] = carried_over(manifest)
            continue
        if everything is None:
            known = up_to(lake, RaceResults.name, wanted[-1] - 1)
            everything = lake.read_table(SPORT, RaceResults.name, known, RaceResults)
        before = _centres(lake, season - 1)
        kinds = athlete_clusters(everything, season, None if before is None else np.array(before))
        sizes = kinds.table.group_by("cluster").len().sort("cluster")["len"].to_list()
        facts: dict[str, Any] = {
            "sizes": sizes,
            "centres": [] if kinds.centres is None else kinds.centres.tolist(),
        }
        written = lake.write_table(
            SPORT, AthleteClusters.name, str(season), kinds.table, AthleteClusters, made_from, facts
        )
        made[season] = Made(written.hash, kinds.table.height, 1, 0, facts)
    return made


def _centres(lake: Lake, season: int) -> list[list[float]] | None:
    """The centres of a season as they were kept beside it; None where it has none."""
    manifest = lake.manifest(SPORT, AthleteClusters.name, str(season))
    kept: list[list[float]] | None = manifest.extra.get("centres") if manifest else None
    return kept or None


def _athletes(past: pl.DataFrame) -> pl.DataFrame:
    """One row per athlete with a finish, in the order of their ids."""
    rows = past.with_columns(against_the_field()).filter("usable")
    n, with_legs = pl.len(), pl.col("swim_rel").count()
    legs = [
        (pl.col(f"{leg}_rel").sum() / (with_legs + _PRIOR_RACES)).alias(f"{leg}_share_rel")
        for leg in ("swim", "bike", "run")
    ]
    mean = (pl.col("rel").sum() / (n + _PRIOR_RACES)).alias("mean_rel")
    return (
        rows.group_by("athlete_id", maintain_order=True)
        .agg(n.alias("races_before"), mean, *legs)
        .sort("athlete_id")
    )


def _first_centres(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """k-means++: each next centre is drawn with a chance that grows with the square of how far it is from the
    others."""
    rng = np.random.default_rng(_SEED)
    centres = [points[rng.integers(len(points))]]
    nearest = ((points - centres[0]) ** 2).sum(axis=1)
    while len(centres) < KINDS:
        drawn = np.searchsorted(np.cumsum(nearest), rng.random() * nearest.sum(), side="right")
        centres.append(points[min(drawn, len(points) - 1)])
        nearest = np.minimum(nearest, ((points - centres[-1]) ** 2).sum(axis=1))
    return np.array(centres)


def _lloyd(
    points: NDArray[np.float64], centres: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Centres and everybody's nearest, from where they start to where hardly anybody changes; a centre that
    nobody is near stays where it is."""
    kind = np.full(len(points), -1)
    for _ in range(_ITERATIONS):
        far = (points**2).sum(axis=1)[:, None] - 2 * points @ centres.T + (centres**2).sum(axis=1)
        nearest = far.argmin(axis=1)
        settled = (nearest != kind).mean() <= _SETTLED
        kind = nearest
        if settled:
            break
        sizes = np.bincount(kind, minlength=KINDS)
        sums = np.stack([np.bincount(kind, points[:, j], KINDS) for j in range(points.shape[1])], axis=1)
        centres = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres)
    return centres, kind
