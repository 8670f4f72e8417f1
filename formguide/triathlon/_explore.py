"""Exploring a posterior density of a few log scales: mode, heavy-tailed proposal, weights; or NUTS.

The mode is found by a quasi-Newton search and the curvature there by finite differences. A multivariate t
around it is drawn from; importance weights say how well it fits, and independence Metropolis-Hastings with it
gives chains whose stationary distribution is exact (Tierney, Annals of Statistics 22, 1994). Where the
weights say that it fits badly, NUTS takes over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formguide.triathlon import _scales
from formguide.triathlon._scales import Problem

Floats = NDArray[np.float64]

FREEDOM = 9.0
"""Degrees of freedom of the proposal: heavier tails than a posterior of scales."""
ENOUGH = 0.1
"""Weights that are worth less than this share of their number are not relied upon. Of two leagues of 1,440
starts, where they are worth .18 and .20, the chains mix as well as those of NUTS (an effective size of at
least 340 and 508 of 2,000 beside 335 and 488), say the same, and take a fiftieth of the time."""
_NEAR = 1e-4
_LEAST, _MOST = -25.0, 5.0
_IMPOSSIBLE = -1e100
"""Log density where the precision is singular to double precision."""


@dataclass(frozen=True, eq=False)
class Explored:
    """Draws of the log scales.

    thetas: (chains, draws, s); mode: (s,); covariance: (s, s), the curvature's inverse at the mode; method:
    "importance" or "nuts"; effective: what the importance weights of all the proposals are worth, as a share
    of their number; accepted: share of the proposals that the chains took.
    """

    thetas: Floats
    mode: Floats
    covariance: Floats
    method: str
    effective: float
    accepted: float


def find_mode(model: Problem) -> tuple[Floats, Floats]:
    """The mode of the log scales and the inverse of the negative curvature there.

    Raises:
        ValueError: if the density has no proper peak to be found.
    """
    from scipy import optimize

    size = len(model.tau)
    start = np.log(model.tau * 0.3)
    start[-1] = 0.5 * np.log(max(model.square / max(model.n, 1), 1e-12))

    def value(theta: Floats) -> float:
        return -float(_densities(model, theta[None])[0])

    def gradient(theta: Floats) -> Floats:
        step = _NEAR * np.eye(size)
        found = _densities(model, np.concatenate([theta + step, theta - step]))
        return (found[size:] - found[:size]) / (2 * _NEAR)

    found = optimize.minimize(
        value, start, jac=gradient, method="BFGS", options={"gtol": 0.1, "maxiter": 200}
    )
    mode: Floats = np.clip(found.x, _LEAST, _MOST)
    for _ in range(6):
        curvature = _curvature(model, mode)
        step = np.linalg.lstsq(curvature, gradient(mode), rcond=None)[0]
        if not (np.isfinite(step).all() and np.abs(step).max() < 1) or value(mode - step) > value(mode):
            break
        mode = mode - step
        if np.abs(step).max() < 1e-4:
            break
    curvature = _curvature(model, mode)
    values, vectors = np.linalg.eigh(0.5 * (curvature + curvature.T))
    if not np.isfinite(values).all() or values.max() <= 0:
        raise ValueError("the posterior of the scales has no peak: check the data and the priors")
    # A direction the data say nothing about is as wide as a factor of e and no wider.
    covariance: Floats = (vectors / np.maximum(values, 1.0)) @ vectors.T
    return mode, covariance


def explore(
    model: Problem, draws: int, chains: int, seed: int, method: str = "auto", thin: int = 1
) -> Explored:
    """Draws of the log scales, `draws` in each of `chains`, every `thin`-th state being kept; the same seed
    gives the same draws.

    method: "importance", "nuts", or "auto": the first unless its weights are worth too little.
    """
    if method not in ("auto", "importance", "nuts"):
        raise ValueError(f"method {method!r} is not auto, importance or nuts")
    mode, covariance = find_mode(model)
    rng = np.random.default_rng(seed)
    size, steps = len(mode), draws * thin
    root = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
    below, above = _sides(model, mode, root)
    normal = np.abs(rng.standard_normal((chains, steps + 1, size)))
    up = rng.random((chains, steps + 1, size)) < above / (below + above)
    chi = rng.chisquare(FREEDOM, (chains, steps + 1)) / FREEDOM
    normal = normal / np.sqrt(chi)[..., None]
    proposals = mode + np.where(up, normal * above, -normal * below) @ root.T
    log_q = -0.5 * (FREEDOM + size) * np.log1p((normal**2).sum(axis=2) / FREEDOM)
    flat = proposals.reshape(-1, size)
    log_p = _densities(model, flat).reshape(chains, steps + 1)
    log_w = np.where(np.isfinite(log_p), log_p, -np.inf) - log_q
    weight = np.exp(log_w - log_w.max())
    effective = float(weight.sum() ** 2 / (weight**2).sum() / weight.size)
    if method == "nuts" or (method == "auto" and effective < ENOUGH):
        return Explored(
            _nuts(model, mode, covariance, draws, chains, seed), mode, covariance, "nuts", effective, 1.0
        )
    log_u = np.log(rng.random((chains, steps)))
    thetas = np.empty((chains, draws, size))
    accepted = 0
    for c in range(chains):
        # The first state is drawn from the weights, as if the chain had been there for long.
        at = int(rng.choice(steps + 1, p=weight[c] / weight[c].sum()))
        for step in range(steps):
            if log_u[c, step] < log_w[c, step + 1] - log_w[c, at]:
                at = step + 1
                accepted += 1
            if (step + 1) % thin == 0:
                thetas[c, step // thin] = proposals[c, at]
    return Explored(thetas, mode, covariance, "importance", effective, accepted / max(chains * steps, 1))


def _sides(model: Problem, mode: Floats, root: Floats) -> tuple[Floats, Floats]:
    """How wide the density is below and above the mode along each axis, in units of the curvature's: a scale
    of few levels has a long upper tail (split-t proposal: Geweke, Econometrica 57, 1989)."""
    size = len(mode)
    there = _densities(model, mode[None])[0]
    reach = np.array([0.75, 1.5, 2.5, 4.0, 6.0, 9.0])
    widths = []
    for sign in (-1.0, 1.0):
        points = mode + sign * reach[:, None, None] * root.T[None]
        fall = there - _densities(model, points.reshape(-1, size)).reshape(len(reach), size)
        width = reach[:, None] / np.sqrt(2 * np.maximum(fall, 1e-3))
        widths.append(np.clip(width.max(axis=0), 0.5, 6.0))
    return widths[0], widths[1]


def _densities(model: Problem, thetas: Floats) -> Floats:
    """Log density of each row; beyond what a double can hold it is that of the border."""
    least = np.full(thetas.shape[1], _LEAST)
    # Chance of a ten-thousandth of the outcome's size is as small as double precision can tell from none.
    least[-1] = 0.5 * np.log(max(model.square / max(model.n, 1), 1e-12)) - 9.0
    inside = np.ascontiguousarray(np.clip(thetas, least, _MOST))
    try:
        return _scales.log_densities(inside, *model.arguments())
    except np.linalg.LinAlgError:
        return np.array([_one_density(model, row) for row in inside])


def _one_density(model: Problem, theta: Floats) -> float:
    try:
        return float(_scales.log_density(theta, *model.arguments()))
    except np.linalg.LinAlgError:
        return _IMPOSSIBLE


def _curvature(model: Problem, x: Floats, step: float = 2e-3) -> Floats:
    """Minus the second derivatives of the log density, by central differences."""
    size = len(x)
    unit = step * np.eye(size)
    pairs = [(i, j) for i in range(size) for j in range(i)]
    both = np.array([unit[i] + unit[j] for i, j in pairs]).reshape(-1, size)
    values = -_densities(model, np.concatenate([x[None], x + unit, x - unit, x + both, x - both]))
    here, plus, minus = values[0], values[1 : size + 1], values[size + 1 : 2 * size + 1]
    corner = values[2 * size + 1 :].reshape(2, -1).sum(axis=0)
    matrix = np.diag((plus - 2 * here + minus) / step**2)
    for (i, j), c in zip(pairs, corner, strict=True):
        matrix[i, j] = matrix[j, i] = (c - plus[i] - minus[i] - plus[j] - minus[j] + 2 * here) / (2 * step**2)
    return matrix


def _nuts(model: Problem, mode: Floats, covariance: Floats, draws: int, chains: int, seed: int) -> Floats:
    """NumPyro's NUTS on the same density, in coordinates in which the curvature at the mode is the
    identity."""
    import jax
    import jax.numpy as jnp
    from numpyro.infer import MCMC, NUTS

    with jax.enable_x64(True):
        gram, cross = jnp.asarray(model.gram), jnp.asarray(model.cross)
        owner, mean, precision = (jnp.asarray(a) for a in (model.owner, model.mean, model.precision))
        tau, first = jnp.asarray(model.tau), model.first
        centre, root = jnp.asarray(mode), jnp.asarray(np.linalg.cholesky(covariance))

        def potential(z: jax.Array) -> jax.Array:
            theta = centre + root @ z
            noise = jnp.exp(-2 * theta[-1])
            prior = jnp.where(owner < 0, precision, jnp.exp(-2 * theta[jnp.maximum(owner, 0)]))
            right = noise * cross + prior * mean
            lam = noise * jnp.diag(gram)[:first] + prior[:first]
            side = noise * gram[:first, first:]
            core = noise * gram[first:, first:] + jnp.diag(prior[first:]) - (side / lam[:, None]).T @ side
            lower = jnp.linalg.cholesky(core)
            r1 = right[first:] - side.T @ (right[:first] / lam)
            half = jax.scipy.linalg.solve_triangular(lower, r1, lower=True)
            value = -model.n * theta[-1] - 0.5 * noise * model.square
            value += 0.5 * jnp.where(owner < 0, 0.0, jnp.log(prior)).sum()
            value += -0.5 * jnp.log(lam).sum() - jnp.log(jnp.diag(lower)).sum()
            value += 0.5 * (right[:first] ** 2 / lam).sum() + 0.5 * (half**2).sum()
            return -(value + (theta - 0.5 * jnp.exp(2 * theta) / tau**2).sum())

        sampler = MCMC(
            NUTS(potential_fn=jax.jit(potential), target_accept_prob=0.9),
            num_warmup=500,
            num_samples=draws,
            num_chains=chains,
            chain_method="sequential",
            progress_bar=False,
        )
        start = 0.1 * np.random.default_rng(seed).standard_normal((chains, len(mode)))
        sampler.run(jax.random.PRNGKey(seed), init_params=jnp.asarray(start if chains > 1 else start[0]))
        z = np.asarray(sampler.get_samples(group_by_chain=True), dtype=np.float64)
    thetas: Floats = mode + z @ np.linalg.cholesky(covariance).T
    return thetas
