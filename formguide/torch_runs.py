"""How every network is trained and run: on which device, on one thread, from a seed.

It imports torch: only modules that a training or a network's forecast needs import it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def device_name() -> tuple[str, str]:
    """Where training runs, for torch and for people: the first GPU if there is one, else the CPU."""
    if torch.cuda.is_available():
        return "cuda", torch.cuda.get_device_name(0)
    return "cpu", "CPU"


def as_arrays(weights: Mapping[str, Tensor]) -> dict[str, NDArray[np.float32]]:
    """A network's tensors as arrays, by name."""
    return {name: tensor.detach().cpu().numpy().astype(np.float32) for name, tensor in weights.items()}


@contextmanager
def one_thread_and_seed(seed: int, device: str) -> Iterator[None]:
    """One thread, a seeded generator and deterministic kernels within; as it was outside."""
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    strict = torch.are_deterministic_algorithms_enabled()
    if device == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=device == "cuda")
    torch.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_rng_state(state)
        torch.use_deterministic_algorithms(strict)
