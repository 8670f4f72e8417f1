"""The exact posterior of a hierarchical Gaussian model over all rows, from their sufficient statistics.

`fit` takes a design of any length to draws of every parameter: one pass makes the sums (`_cells`), the
effects are integrated out given the few scales (`_scales`), the scales are explored (`_explore`), and for
each of their draws the effects are drawn exactly. `Posterior` holds the draws by name, with what ArviZ says
of them, and is kept as netCDF.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.findings import Finding
from formguide.triathlon import _explore, _scales
from formguide.triathlon._cells import Design, Group, Moments, moments
from formguide.triathlon._scales import Priors

__all__ = [
    "Design",
    "Group",
    "Moments",
    "Posterior",
    "Priors",
    "converged",
    "fit",
    "fit_moments",
    "from_netcdf",
    "moments",
]

Floats = NDArray[np.float64]

VERSION = "1"
LEAST_ESS, MOST_R_HAT = 400.0, 1.01
"""What every parameter's draws must come to."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of every parameter.

    draws: by name, (chains, draws) for a scalar and (chains, draws, levels) for a group's effects; the scales
    are named sigma_<group> and sigma. levels: each group's levels in words. method, effective, accepted: how
    the scales were explored, see `_explore.Explored`. n, cells: rows and cells of the data.
    """

    draws: dict[str, Floats]
    levels: dict[str, tuple[str, ...]]
    method: str
    effective: float
    accepted: float
    n: int
    cells: int

    def mean(self, name: str) -> Any:
        """Posterior mean of a parameter."""
        return self.draws[name].mean(axis=(0, 1))

    def sd(self, name: str) -> Any:
        """Posterior standard deviation of a parameter."""
        return self.draws[name].std(axis=(0, 1))

    def flat(self, name: str) -> Floats:
        """All draws of a parameter, chains one after the other."""
        values = self.draws[name]
        return values.reshape(-1, *values.shape[2:])

    def identified(self, counts: Mapping[str, Sequence[float]]) -> Posterior:
        """The same posterior in contrasts: each group's effects are taken from their mean over its rows
        (`counts`: rows of each level), which the intercept takes up. Predictions do not change."""
        draws = dict(self.draws)
        for name, rows in counts.items():
            share = np.asarray(rows, dtype=np.float64)
            centre = draws[name] @ (share / share.sum())
            draws[name] = draws[name] - centre[..., None]
            draws["intercept"] = draws["intercept"] + centre
        return Posterior(draws, self.levels, self.method, self.effective, self.accepted, self.n, self.cells)

    def table(self, scale: float = 1.0) -> pl.DataFrame:
        """One row per parameter: parameter, level (null for a scalar), mean, sd and 2.5, 5, 50, 95 and 97.5 %
        points of the draws times `scale`."""
        rows = []
        for name, values in self.draws.items():
            flat = values.reshape(values.shape[0] * values.shape[1], -1) * scale
            points = np.quantile(flat, [0.025, 0.05, 0.5, 0.95, 0.975], axis=0)
            for i, level in enumerate(self.levels.get(name, (None,))):
                rows.append((name, level, flat[:, i].mean(), flat[:, i].std(), *points[:, i]))
        columns = {"parameter": pl.String(), "level": pl.String()} | {
            c: pl.Float64() for c in ("mean", "sd", "p2_5", "p5", "p50", "p95", "p97_5")
        }
        return pl.DataFrame(rows, schema=columns, orient="row")

    def diagnostics(self) -> pl.DataFrame:
        """ArviZ's verdict on every parameter: parameter, level, r_hat, ess_bulk, ess_tail."""
        import arviz

        az: Any = arviz  # its functions carry no types
        rows = []
        for name, values in self.draws.items():
            cube = values if values.ndim == 3 else values[..., None]
            for i, level in enumerate(self.levels.get(name, (None,))):
                one = np.ascontiguousarray(cube[..., i])
                rows.append(
                    (
                        name,
                        level,
                        float(az.rhat(one)),
                        float(az.ess(one, method="bulk")),
                        float(az.ess(one, method="tail")),
                    )
                )
        columns = {"parameter": pl.String(), "level": pl.String()} | {
            c: pl.Float64() for c in ("r_hat", "ess_bulk", "ess_tail")
        }
        return pl.DataFrame(rows, schema=columns, orient="row")

    def converged(self) -> Finding:
        """Whether r_hat ≤ 1.01 and bulk and tail ESS ≥ 400 hold for every parameter."""
        return converged(self.diagnostics(), self.method, self.effective)

    def to_netcdf(self) -> bytes:
        """The draws as an ArviZ netCDF file (group `posterior`); the same draws give the same bytes."""
        import arviz

        coords = {f"{name}_level": list(levels) for name, levels in self.levels.items()}
        dims = {name: [f"{name}_level"] for name in self.levels}
        data = arviz.from_dict(posterior=self.draws, coords=coords, dims=dims)
        # ArviZ notes the time and its version; the bytes must not depend on either.
        data.posterior.attrs = {
            "method": self.method,
            "effective": self.effective,
            "accepted": self.accepted,
            "n": self.n,
            "cells": self.cells,
        }
        data.attrs.clear()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "posterior.nc"
            data.to_netcdf(str(path), engine="h5netcdf")
            return path.read_bytes()


def fit(
    design: Design,
    priors: Priors,
    draws: int = 500,
    chains: int = 4,
    seed: int = 0,
    method: str = "auto",
    thin: int = 1,
) -> Posterior:
    """The posterior of a hierarchical Gaussian model over all rows of a design.

    Model: see `formguide.triathlon._scales`. The fixed effects are "intercept" and the covariates by name.
    method: "auto", "importance" or "nuts", how the scales are explored; thin: every so
    manyth state of the chains is kept. The same seed gives the same draws.

    Raises:
        ValueError: if arrays do not match, a number is not finite, or a prior is missing.
    """
    return fit_moments(moments(design), priors, draws, chains, seed, method, thin)


def fit_moments(
    found: Moments,
    priors: Priors,
    draws: int = 500,
    chains: int = 4,
    seed: int = 0,
    method: str = "auto",
    thin: int = 1,
) -> Posterior:
    """`fit` from the sufficient statistics."""
    model = _scales.problem(found, priors)
    scales = _explore.explore(model, draws, chains, seed, method, thin)
    thetas = np.ascontiguousarray(scales.thetas.reshape(chains * draws, -1))
    normal = np.random.default_rng([seed, 1]).standard_normal((chains * draws, len(model.cross)))
    effects = np.empty_like(normal)
    effects[:, model.order] = _scales.draw_effects(thetas, normal, *model.arguments())
    cube = effects.reshape(chains, draws, -1)
    values: dict[str, Floats] = {}
    at = 0
    for name, levels in found.groups:
        values[name] = cube[..., at : at + len(levels)]
        at += len(levels)
    for i, name in enumerate(found.fixed):
        values[name] = cube[..., at + i]
    sigmas = np.exp(scales.thetas)
    for g, (name, _) in enumerate(found.groups):
        values[f"sigma_{name}"] = sigmas[..., g]
    values["sigma"] = sigmas[..., -1]
    return Posterior(
        draws=values,
        levels=dict(found.groups),
        method=scales.method,
        effective=scales.effective,
        accepted=scales.accepted,
        n=found.n,
        cells=found.cells,
    )


def converged(diagnostics: pl.DataFrame, method: str, effective: float) -> Finding:
    """What `Posterior.diagnostics` comes to; method, effective: how the scales were explored."""
    good = (
        (pl.col("r_hat") <= MOST_R_HAT)
        & (pl.col("ess_bulk") >= LEAST_ESS)
        & (pl.col("ess_tail") >= LEAST_ESS)
    )
    bad = diagnostics.filter(~good)
    least = diagnostics.select(pl.min_horizontal("ess_bulk", "ess_tail").min()).item()
    most = diagnostics.select(pl.col("r_hat").max()).item()
    said = (
        f"{diagnostics.height} parameters: r_hat at most {most:.4f}, ESS at least {least:.0f}; "
        f"scales by {method}, importance weights worth {effective:.0%}"
    )
    return Finding(bad.is_empty(), said, bad.height, bad)


def from_netcdf(data: bytes) -> Posterior:
    """A posterior from the bytes that `Posterior.to_netcdf` made."""
    import io

    import xarray

    with xarray.open_dataset(io.BytesIO(data), group="posterior", engine="h5netcdf") as found:
        draws = {
            str(name): np.asarray(values.values, dtype=np.float64) for name, values in found.data_vars.items()
        }
        levels = {
            name: tuple(str(level) for level in found[f"{name}_level"].values)
            for name in draws
            if f"{name}_level" in found.coords
        }
        facts = found.attrs
        return Posterior(
            draws, levels, str(facts["method"]), float(facts["effective"]), float(facts["accepted"]),
            int(facts["n"]), int(facts["cells"]),
        )  # fmt: skip
