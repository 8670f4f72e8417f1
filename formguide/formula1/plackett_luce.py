"""The Plackett–Luce likelihood of a finishing order, and its Gaussian (Laplace) update.

Under Plackett–Luce the winner is drawn with probability proportional to his worth exp(x / scale), the second
from those who are left, and so on (Plackett 1975; Luce 1959). Drawn from the front it is most sure about the
winner, drawn from the back about the last; a mixture of both exponents (`backward`) treats the two ends of
the field alike.
"""

from __future__ import annotations

import numpy as np


def log_likelihood(x: np.ndarray, scale: float, backward: float = 0.0) -> float:
    """Composite log likelihood of the order 0, 1, …, n-1 given paces x (n,), best first.

    (1 - backward) × log P(order drawn from the front) + backward × log P(order drawn from the back).
    """
    forward = _log_likelihood_front(x / scale) if backward < 1 else 0.0
    reverse = _log_likelihood_front(-x[::-1] / scale) if backward > 0 else 0.0
    return (1 - backward) * forward + backward * reverse


def _log_likelihood_front(z: np.ndarray) -> float:
    top = z.max()
    rest = np.cumsum(np.exp(z - top)[::-1])[::-1]
    return float(np.sum(z[:-1] - top - np.log(rest[:-1])))


def gradient_and_information(x: np.ndarray, scale: float, backward: float) -> tuple[np.ndarray, np.ndarray]:
    """Gradient (n,) and negative Hessian (n, n) of `log_likelihood` in x."""
    n = len(x)
    gradient, information = np.zeros(n), np.zeros((n, n))
    if backward < 1:
        g, h = _front(x / scale)
        gradient += (1 - backward) * g
        information += (1 - backward) * h
    if backward > 0:
        g, h = _front(-x[::-1] / scale)
        gradient -= backward * g[::-1]
        information += backward * h[::-1, ::-1]
    return gradient / scale, information / scale**2


def _front(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    worth = np.exp(z - z.max())
    rest = np.cumsum(worth[::-1])[::-1]
    # chosen[s, j]: probability that j is taken at stage s, zero for those already placed.
    chosen = np.triu(worth[None, :] / rest[:, None])[:-1]
    total = chosen.sum(axis=0)
    placed = np.ones(len(z))
    placed[-1] = 0.0
    return placed - total, np.diag(total) - chosen.T @ chosen


def laplace(
    mean: np.ndarray, cov: np.ndarray, scale: float, weight: float = 1.0, backward: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Mode (n,) of N(mean, cov) × likelihood^weight of the order 0, 1, …, and the likelihood's information
    there.

    mean (n,), cov (n, n): the paces before, in finishing order. Newton's method on a concave function; steps
    are bounded so that a surprising order cannot overshoot. Raises ArithmeticError if it does not settle.
    """
    n = len(mean)
    precision = np.linalg.inv(cov + 1e-9 * np.eye(n))
    x = mean.copy()
    for _ in range(100):
        gradient, information = gradient_and_information(x, scale, backward)
        step = np.linalg.solve(precision + weight * information, weight * gradient - precision @ (x - mean))
        largest = np.abs(step).max()
        x = x + step * min(1.0, 6 * scale / max(largest, 1e-300))
        if largest < 1e-9 * max(scale, 1e-3):
            break
    else:
        raise ArithmeticError("the finishing-order update did not settle within 100 Newton steps")
    return x, weight * gradient_and_information(x, scale, backward)[1]
