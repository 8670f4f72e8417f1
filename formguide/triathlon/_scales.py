"""The marginal posterior of a hierarchical Gaussian model's few scales, everything else integrated out.

Model, with columns A of the design, groups g, weights w and fixed effects b:

    y ~ Normal(A u, sigma² / w),   u_g ~ Normal(0, sigma_g²),   u_b ~ Normal(m_b, s_b²)
    sigma_g ~ HalfNormal(tau_g),   sigma ~ HalfNormal(tau)

Given the scales the effects are jointly normal with precision A'WA / sigma² + P (Lindley and Smith, "Bayes
estimates for the linear model", JRSS B 34, 1972), so the likelihood of the scales alone is known in closed
form from the Gram matrix. No row has two levels of one group: the largest group's block is diagonal and is
eliminated by hand, which leaves a small dense core to factorise. Scales are explored by their logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from formguide.triathlon._cells import Moments

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Priors:
    """Priors in the order of the model's columns.

    group_scale: tau_g of each group; noise_scale: tau; fixed: (mean, sd) of each fixed effect by name.
    """

    group_scale: dict[str, float]
    noise_scale: float
    fixed: dict[str, tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Problem:
    """A model made ready: columns reordered so that the largest group comes first.

    order: (p,) place of each of our columns in `Moments`; first: levels of the first group; owner: (p,)
    group of each column, −1 for a fixed effect; mean, precision: (p,) prior of the fixed effects, 0
    elsewhere; tau: prior scales of the groups, then of the noise.
    """

    gram: Floats
    cross: Floats
    square: float
    n: int
    log_weight: float
    order: NDArray[np.int64]
    first: int
    owner: NDArray[np.int64]
    mean: Floats
    precision: Floats
    tau: Floats

    def arguments(self) -> tuple[Any, ...]:
        """What the compiled functions take after the scales."""
        constant = 0.5 * self.log_weight - 0.5 * self.n * np.log(2 * np.pi)
        return (
            self.gram, self.cross, self.square, float(self.n), constant, self.first, self.owner, self.mean,
            self.precision, self.tau,
        )  # fmt: skip


def problem(moments: Moments, priors: Priors) -> Problem:
    """The model of some moments under priors.

    Raises:
        ValueError: if a group or a fixed effect has no prior, or a scale is not above 0.
    """
    names = [name for name, _ in moments.groups]
    absent = [n for n in names if n not in priors.group_scale] + [
        n for n in moments.fixed if n not in priors.fixed
    ]
    if absent:
        raise ValueError(f"no prior for {', '.join(absent)}")
    tau = np.array([*(priors.group_scale[name] for name in names), priors.noise_scale])
    spread = np.array([priors.fixed[name][1] for name in moments.fixed])
    if not ((tau > 0).all() and (spread > 0).all()):
        raise ValueError("a prior scale must be above 0")
    sizes = moments.sizes
    owner = np.concatenate([np.repeat(np.arange(len(sizes)), sizes), np.full(len(moments.fixed), -1)])
    largest = int(np.argmax(sizes)) if sizes else -1
    order = np.argsort(np.where(owner == largest, 0, 1) if sizes else owner, kind="stable")
    mean, precision = np.zeros(len(owner)), np.zeros(len(owner))
    mean[owner < 0] = [priors.fixed[name][0] for name in moments.fixed]
    precision[owner < 0] = 1 / spread**2
    return Problem(
        gram=np.ascontiguousarray(moments.gram[np.ix_(order, order)]),
        cross=moments.cross[order],
        square=moments.square,
        n=moments.n,
        log_weight=moments.log_weight,
        order=order,
        first=max(sizes) if sizes else 0,
        owner=owner[order].astype(np.int64),
        mean=mean[order],
        precision=precision[order],
        tau=tau,
    )


@numba.njit(cache=True, error_model="numpy")
def _condition(
    theta: Floats,
    gram: Floats,
    cross: Floats,
    first: int,
    owner: NDArray[np.int64],
    mean: Floats,
    precision: Floats,
) -> tuple[Floats, Floats, Floats, Floats, float]:
    """Precision of the effects given log scales: diagonal of the first block and its right-hand side,
    Cholesky factor of the core, L⁻¹ of the core's right-hand side, and half the log determinant of the
    whole."""
    p = len(cross)
    noise = np.exp(-2 * theta[-1])
    diagonal, right = np.empty(p), np.empty(p)
    for i in range(p):
        prior = precision[i] if owner[i] < 0 else np.exp(-2 * theta[owner[i]])
        diagonal[i] = prior
        right[i] = noise * cross[i] + prior * mean[i]
    lam, r0 = np.empty(first), right[:first].copy()
    half_log_det = 0.0
    for j in range(first):
        lam[j] = noise * gram[j, j] + diagonal[j]
        half_log_det += 0.5 * np.log(lam[j])
    q = p - first
    core = noise * gram[first:, first:]
    scaled = np.empty((first, q))
    r1 = right[first:].copy()
    for j in range(first):
        root = noise / np.sqrt(lam[j])
        for a in range(q):
            g = gram[j, first + a]
            scaled[j, a] = root * g
            r1[a] -= noise * g * r0[j] / lam[j]
    if first > 0:
        core = core - scaled.T @ scaled
    for a in range(q):
        core[a, a] += diagonal[first + a]
    lower = np.linalg.cholesky(core)
    for a in range(q):
        total = r1[a]
        for b in range(a):
            total -= lower[a, b] * r1[b]
        r1[a] = total / lower[a, a]
        half_log_det += np.log(lower[a, a])
    return lam, r0, lower, r1, half_log_det


@numba.njit(cache=True, error_model="numpy")
def log_density(
    theta: Floats,
    gram: Floats,
    cross: Floats,
    square: float,
    n: float,
    constant: float,
    first: int,
    owner: NDArray[np.int64],
    mean: Floats,
    precision: Floats,
    tau: Floats,
) -> float:
    """Log posterior density of the log scales (groups, then noise), effects integrated out; constants
    kept."""
    lam, r0, _, half, half_log_det = _condition(theta, gram, cross, first, owner, mean, precision)
    noise = np.exp(-2 * theta[-1])
    value: float = constant - n * theta[-1] - 0.5 * noise * square - half_log_det
    for i in range(len(cross)):
        if owner[i] < 0:
            value += 0.5 * np.log(precision[i]) - 0.5 * precision[i] * mean[i] ** 2
        else:
            value -= theta[owner[i]]
    for j in range(first):
        value += 0.5 * r0[j] ** 2 / lam[j]
    for a in range(len(half)):
        value += 0.5 * half[a] ** 2
    for s in range(len(theta)):
        # Half-normal in the scale, times the scale for the change to its logarithm.
        value += (
            0.5 * np.log(2 / np.pi) - np.log(tau[s]) - 0.5 * np.exp(2 * theta[s]) / tau[s] ** 2 + theta[s]
        )
    return value


@numba.njit(cache=True, error_model="numpy")
def log_densities(
    thetas: Floats,
    gram: Floats,
    cross: Floats,
    square: float,
    n: float,
    constant: float,
    first: int,
    owner: NDArray[np.int64],
    mean: Floats,
    precision: Floats,
    tau: Floats,
) -> Floats:
    """`log_density` of each row of thetas."""
    values = np.empty(len(thetas))
    for i in range(len(thetas)):
        values[i] = log_density(
            thetas[i], gram, cross, square, n, constant, first, owner, mean, precision, tau
        )
    return values


@numba.njit(cache=True, error_model="numpy")
def draw_effects(
    thetas: Floats,
    normal: Floats,
    gram: Floats,
    cross: Floats,
    square: float,
    n: float,
    constant: float,
    first: int,
    owner: NDArray[np.int64],
    mean: Floats,
    precision: Floats,
    tau: Floats,
) -> Floats:
    """One exact draw of all effects (m, p) for each row of thetas from standard normals (m, p); with zeros
    for normals, their conditional means."""
    m, p = normal.shape
    q = p - first
    effects = np.empty((m, p))
    for i in range(m):
        lam, r0, lower, half, _ = _condition(thetas[i], gram, cross, first, owner, mean, precision)
        noise = np.exp(-2 * thetas[i, -1])
        for a in range(q - 1, -1, -1):
            total = half[a] + normal[i, first + a]
            for b in range(a + 1, q):
                total -= lower[b, a] * effects[i, first + b]
            effects[i, first + a] = total / lower[a, a]
        for j in range(first):
            total = r0[j]
            for a in range(q):
                total -= noise * gram[j, first + a] * effects[i, first + a]
            effects[i, j] = total / lam[j] + normal[i, j] / np.sqrt(lam[j])
    return effects
