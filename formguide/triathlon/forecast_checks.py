"""What must hold of triathlon's posterior and forecasts, as findings."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import polars as pl

from formguide.findings import SHOWN, Finding
from formguide.lake import Lake
from formguide.triathlon import issuing
from formguide.triathlon.arrivals import SPORT
from formguide.triathlon.forecast import QUANTILES
from formguide.triathlon.posterior import converged
from formguide.triathlon.tables import SPLITS


def posterior_diagnostics(lake: Lake, distances: Iterable[str]) -> Finding:
    """r_hat ≤ 1.01 and bulk and tail ESS ≥ 400 for every parameter of every distance that has a posterior."""
    found = {}
    for distance in distances:
        manifest = lake.manifest(SPORT, issuing.POSTERIOR, distance)
        if manifest is not None:
            scales = str(manifest.extra["scales_by"]), float(manifest.extra["importance_weights_worth"])
            found[distance] = converged(issuing.read_diagnostics(lake, distance), *scales)
    bad = [f.rows.with_columns(distance=pl.lit(d)) for d, f in found.items() if not f.passed]
    return Finding(
        passed=not bad,
        said="; ".join(f"{distance}: {finding.said}" for distance, finding in found.items())
        or "no posterior yet",
        count=sum(f.count for f in found.values()),
        rows=pl.concat(bad).head(SHOWN) if bad else pl.DataFrame(),
    )


def intervals_in_order(frame: pl.DataFrame) -> Finding:
    """Every forecast's quantiles rise, its standard deviation is above 0, and the middles of its parts add
    up to the middle of the total within a second."""
    names = [f"{q}_sec" for q in QUANTILES]
    rising = pl.all_horizontal(*(pl.col(a) < pl.col(b) for a, b in pairwise(names)))
    parts = pl.sum_horizontal(*(pl.col(c.replace("_sec", "_p50_sec")) for c in SPLITS))
    good = rising & (pl.col("sd_sec") > 0) & ((parts - pl.col("p50_sec")).abs() < 1)
    bad = frame.filter(~good.fill_null(False))
    return Finding(bad.is_empty(), f"{frame.height} forecasts", bad.height, bad.head(SHOWN))
