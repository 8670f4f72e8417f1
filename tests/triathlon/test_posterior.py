"""The exact posterior against a dense computation, quadrature, NUTS, and itself under simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from formguide.triathlon import _explore, _scales
from formguide.triathlon.posterior import Design, Group, Priors, fit, from_netcdf, moments

PRIORS = Priors(
    group_scale={"a": 0.5, "b": 0.5},
    noise_scale=1.0,
    fixed={"intercept": (0.0, 1.0), "x": (0.3, 0.2), "z": (-0.1, 0.1)},
)


def small(n=300, seed=0, weighted=False, priors=PRIORS):
    """A design with a row of no level in b, and what it was drawn from."""
    rng = np.random.default_rng(seed)
    tau = [abs(rng.normal(0, s)) for s in (*priors.group_scale.values(), priors.noise_scale)]
    truth = {"sigma_a": tau[0], "sigma_b": tau[1], "sigma": tau[2]}
    a, b = rng.integers(0, 3, n), rng.integers(-1, 7, n)
    x = rng.normal(size=(n, 2))
    ua, ub = rng.normal(0, tau[0], 3), rng.normal(0, tau[1], 7)
    beta = [rng.normal(*priors.fixed[name]) for name in ("intercept", "x", "z")]
    weight = rng.uniform(0.3, 3.0, n) if weighted else None
    noise = rng.normal(size=n) * tau[2] / np.sqrt(1.0 if weight is None else weight)
    y = beta[0] + ua[a] + np.where(b >= 0, ub[b], 0.0) + x @ beta[1:] + noise
    truth |= {"x": beta[1], "z": beta[2], "intercept": beta[0], "a0": ua[0], "b3": ub[3]}
    groups = (
        Group("a", tuple("pqr"), a.astype(np.int32)),
        Group("b", tuple("tuvwxyz"), b.astype(np.int32)),
    )
    return Design(groups, y, ("x", "z"), x, weight), truth


def dense(design):
    """The design as a matrix, column by column as the posterior orders them."""
    columns = [
        (group.index == level).astype(float) for group in design.groups for level in range(len(group.levels))
    ]
    return np.column_stack([*columns, np.ones(len(design.y)), design.x])


@pytest.mark.parametrize("weighted", [False, True])
def test_the_sums_are_those_of_the_dense_matrix(weighted):
    design, _ = small(weighted=weighted)
    found, full = moments(design), dense(design)
    weight = np.ones(len(design.y)) if design.weight is None else design.weight
    np.testing.assert_allclose(found.gram, (full * weight[:, None]).T @ full, atol=1e-9)
    np.testing.assert_allclose(found.cross, (full * weight[:, None]).T @ design.y, atol=1e-9)
    assert found.square == pytest.approx((weight * design.y**2).sum())
    assert found.n == 300


def test_cells_too_many_to_number_are_found():
    rng = np.random.default_rng(1)
    n = 500
    groups = tuple(
        Group(name, tuple(map(str, range(90))), rng.integers(-1, 90, n).astype(np.int32)) for name in "abc"
    )
    design = Design(groups, rng.normal(size=n), ("x",), rng.normal(size=(n, 1)))
    full = dense(design)
    found = moments(design)
    np.testing.assert_allclose(found.gram, full.T @ full, atol=1e-9)
    assert found.cells <= n


@pytest.mark.parametrize("weighted", [False, True])
def test_the_marginal_density_is_that_of_the_dense_normal(weighted):
    design, _ = small(n=60, weighted=weighted)
    model = _scales.problem(moments(design), PRIORS)
    full = dense(design)
    weight = np.ones(60) if design.weight is None else design.weight
    mean = full[:, 10:] @ np.array([0.0, 0.3, -0.1])
    for sigmas in ([0.3, 0.2, 0.7], [1.5, 0.01, 0.1]):
        prior = np.r_[np.full(3, sigmas[0]), np.full(7, sigmas[1]), 1.0, 0.2, 0.1]
        covariance = (full * prior**2) @ full.T + np.diag(sigmas[2] ** 2 / weight)
        expected = stats.multivariate_normal(mean, covariance).logpdf(design.y)
        expected += sum(
            stats.halfnorm(scale=s).logpdf(v) + np.log(v)
            for s, v in zip((0.5, 0.5, 1.0), sigmas, strict=True)
        )
        assert _scales.log_density(np.log(sigmas), *model.arguments()) == pytest.approx(expected, abs=1e-6)


def test_effects_are_drawn_from_the_dense_conditional():
    design, _ = small(n=80, seed=3)
    model = _scales.problem(moments(design), PRIORS)
    sigmas = np.array([0.4, 0.3, 0.6])
    full = dense(design)
    precision = full.T @ full / 0.36 + np.diag(
        1 / np.r_[np.full(3, 0.4), np.full(7, 0.3), 1.0, 0.2, 0.1] ** 2
    )
    shift = full.T @ design.y / 0.36 + np.r_[np.zeros(11), 0.3 / 0.04, -0.1 / 0.01]
    mean, covariance = np.linalg.solve(precision, shift), np.linalg.inv(precision)
    thetas = np.tile(np.log(sigmas), (40_000, 1))
    normal = np.random.default_rng(0).standard_normal((40_000, 13))
    drawn = np.empty_like(normal)
    drawn[:, model.order] = _scales.draw_effects(thetas, normal, *model.arguments())
    np.testing.assert_allclose(
        drawn.mean(axis=0), mean, atol=4 * np.sqrt(covariance.diagonal().max() / 40_000)
    )
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.02 * covariance.diagonal().max())
    still = np.empty((1, 13))
    still[:, model.order] = _scales.draw_effects(thetas[:1], normal[:1] * 0, *model.arguments())
    np.testing.assert_allclose(still[0], mean, atol=1e-8)


def test_one_scale_agrees_with_quadrature():
    """One group of three levels: the posterior of its scale and of the noise on a grid."""
    rng = np.random.default_rng(5)
    index = rng.integers(0, 3, 60).astype(np.int32)
    design = Design(
        (Group("a", ("1", "2", "3"), index),), rng.normal(0, 0.7, 60) + np.array([0.5, -0.2, 0.1])[index]
    )
    priors = Priors({"a": 0.5}, 1.0, {"intercept": (0.0, 1.0)})
    model = _scales.problem(moments(design), priors)
    first, second = np.meshgrid(np.linspace(-9, 2, 221), np.linspace(-0.9, 0.3, 121), indexing="ij")
    grid = np.column_stack([first.ravel(), second.ravel()])
    log_p = _scales.log_densities(grid, *model.arguments())
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    found = fit(design, priors, draws=4000, chains=4, seed=1, thin=2)
    assert found.method == "importance"
    for name, column in (("sigma_a", 0), ("sigma", 1)):
        values = np.exp(grid[:, column])
        mean = float(p @ values)
        sd = float(np.sqrt(p @ (values - mean) ** 2))
        assert float(found.mean(name)) == pytest.approx(mean, abs=5 * sd / np.sqrt(4000))
        assert float(found.sd(name)) == pytest.approx(sd, rel=0.1)


def test_the_same_seed_gives_the_same_bytes_and_they_come_back():
    design, _ = small()
    one, two = (fit(design, PRIORS, draws=60, chains=2, seed=4) for _ in range(2))
    data = one.to_netcdf()
    assert data == two.to_netcdf()
    back = from_netcdf(data)
    assert back.levels == one.levels
    assert back.method == one.method
    for name, values in one.draws.items():
        np.testing.assert_array_equal(back.draws[name], values)


def test_contrasts_change_no_prediction():
    design, _ = small()
    found = fit(design, PRIORS, draws=50, chains=2)
    counts = {
        "a": np.bincount(design.groups[0].index, minlength=3),
        "b": np.bincount(design.groups[1].index[design.groups[1].index >= 0], minlength=7),
    }
    contrasts = found.identified({"a": counts["a"].tolist()})
    np.testing.assert_allclose(
        found.draws["intercept"] + found.draws["a"][..., 1],
        contrasts.draws["intercept"] + contrasts.draws["a"][..., 1],
    )
    np.testing.assert_allclose(contrasts.draws["a"] @ counts["a"], 0, atol=1e-9)
    assert contrasts.draws["a"].std() < found.draws["a"].std()


def test_diagnostics_pass_what_is_exact_and_fail_what_is_not():
    design, _ = small()
    found = fit(design, PRIORS, draws=500, chains=4, thin=3)
    assert found.converged().passed, found.converged().rows
    stuck = found.draws["sigma"].copy()
    stuck[0] += 5 * stuck.std()
    bad = type(found)(found.draws | {"sigma": stuck}, found.levels, "importance", 1.0, 1.0, 1, 1).converged()
    assert not bad.passed
    assert bad.rows["parameter"].to_list() == ["sigma"]


def test_what_is_asked_wrongly_is_said():
    design, _ = small()
    with pytest.raises(ValueError, match="no prior for b"):
        fit(design, Priors({"a": 0.5}, 1.0, PRIORS.fixed))
    with pytest.raises(ValueError, match="not a finite number"):
        fit(Design(design.groups, np.where(design.y > 0, np.nan, design.y), ("x", "z"), design.x), PRIORS)
    with pytest.raises(ValueError, match="not auto, importance or nuts"):
        fit(design, PRIORS, method="magic")
    with pytest.raises(ValueError, match="a level that is not one of 2"):
        Group("a", ("1", "2"), np.array([2], dtype=np.int32))


@pytest.mark.slow
def test_nuts_on_the_scales_says_the_same():
    design, _ = small(seed=2)
    exact = fit(design, PRIORS, draws=2000, chains=2, seed=1)
    nuts = fit(design, PRIORS, draws=800, chains=2, seed=1, method="nuts")
    assert nuts.method == "nuts"
    for name in ("sigma_a", "sigma_b", "sigma", "x", "intercept"):
        spread = float(exact.sd(name))
        assert float(nuts.mean(name)) == pytest.approx(float(exact.mean(name)), abs=6 * spread / np.sqrt(400))


@pytest.mark.slow
def test_simulation_based_calibration():
    """Parameters drawn from the prior lie anywhere in their posteriors, evenly (Talts et al., 2018)."""
    names = ("sigma_a", "sigma_b", "sigma", "x", "z", "intercept")
    ranks: dict[str, list[int]] = {name: [] for name in names}
    for seed in range(120):
        design, truth = small(n=60, seed=1000 + seed)
        found = fit(design, PRIORS, draws=99, chains=1, seed=seed, thin=8)
        for name in names:
            ranks[name].append(int((found.flat(name) < truth[name]).sum()))
    for name, values in ranks.items():
        counts = np.bincount(np.minimum(np.array(values) // 20, 4), minlength=5)
        assert stats.chisquare(counts).pvalue > 1e-3, (name, counts)


def test_the_mode_is_a_mode():
    design, _ = small(seed=7)
    model = _scales.problem(moments(design), PRIORS)
    mode, covariance = _explore.find_mode(model)
    top = _scales.log_density(mode, *model.arguments())
    rng = np.random.default_rng(0)
    for _ in range(50):
        step = 0.1 * np.linalg.cholesky(covariance) @ rng.normal(size=3)
        assert _scales.log_density(mode + step, *model.arguments()) <= top + 1e-9
