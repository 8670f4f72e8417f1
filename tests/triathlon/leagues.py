"""A small league for tests: the sample's generator, read as a source is."""

from __future__ import annotations

from functools import cache

import polars as pl

from formguide.triathlon.results import read_results
from formguide.triathlon.sample.league import write_sample


@cache
def small(seed: int = 8, years: int = 4, field: int = 90) -> pl.DataFrame:
    """`race_results` of a league of some years (2015 …) and a field of some starters."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write_sample(folder, seed=seed, years=years, field=field)
        return read_results(folder)
