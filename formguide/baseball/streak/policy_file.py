"""A policy as a file: one `npz`, read without pickle, so that opening what somebody sent runs no code.

Inside are plain arrays: the actions (as the kernels' words), the cut of the bins and their rates; and one
JSON text with the format's version, the rules and the name. Whatever does not fit is refused in one line.
The same policy gives the same bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np

from formguide.baseball.streak._kernels import FIVE, PAD
from formguide.baseball.streak.bins import Bins
from formguide.baseball.streak.mdp import Policy, unpack
from formguide.baseball.streak.rules import DOUBLE, Rules

FORMAT = "formguide-streak-policy"
VERSION = 1
FILE_NAME = "policy.npz"

_RATES = ("share", "p_hit", "p_both", "p_first", "p_second", "dates", "days")
_MOST_BYTES = 64 * 1024 * 1024


class PolicyFileError(ValueError):
    """A file is not a policy; the message is one line that says why."""


def policy_bytes(policy: Policy) -> bytes:
    """The policy as the bytes of its file."""
    about = {
        "format": FORMAT,
        "version": VERSION,
        "name": policy.name,
        "rules": {
            "goal": policy.rules.goal,
            "saver_from": policy.rules.saver_from,
            "saver_to": policy.rules.saver_to,
        },
        "late_days": policy.bins.late_days,
    }
    arrays = {name: getattr(policy.bins, name) for name in _RATES}
    text = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, about=text, words=policy.words, edges=policy.bins.edges, **arrays)
    return buffer.getvalue()


def read_policy(data: bytes) -> Policy:
    """The policy in a file's bytes. Raises `PolicyFileError`."""
    try:
        arrays = _arrays(data)
        about = json.loads(arrays["about"].tobytes())
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, KeyError, OSError, EOFError) as error:
        raise PolicyFileError(f"not a streak policy: {error}") from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise PolicyFileError("not a streak policy: it does not say that it is one")
    if about.get("version") != VERSION:
        raise PolicyFileError(
            f"a streak policy of version {about.get('version')}, not {VERSION}: solve it again"
        )
    try:
        return _policy(arrays, about)
    except (KeyError, TypeError, ValueError) as error:
        raise PolicyFileError(f"a damaged streak policy: {error}") from error


def _arrays(data: bytes) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > _MOST_BYTES:
        raise ValueError(f"{size:,} bytes when unpacked")
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in ("about", "words", "edges", *_RATES)}


def _policy(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Policy:
    rules = Rules(**{name: int(value) for name, value in about["rules"].items()})
    late_days, name = int(about["late_days"]), str(about["name"])
    words, edges = arrays["words"], arrays["edges"].astype(np.float64)
    rates = [arrays[name].astype(np.float64) for name in _RATES]
    if edges.ndim != 2 or len(edges) != 2:
        raise ValueError("edges of the wrong shape")
    bins = edges.shape[1] + 1
    wanted = (-(-bins // FIVE), 2 * (rules.goal + PAD))
    if words.dtype != np.int16 or words.ndim != 3 or words.shape[1:] != wanted or not len(words):
        raise ValueError("actions of the wrong shape")
    if any(rate.shape != (2, bins) for rate in rates):
        raise ValueError("rates of the wrong shape")
    chances = np.stack(rates[:5])
    if not ((chances >= 0) & (chances <= 1)).all() or np.abs(rates[0].sum(axis=1) - 1).max() > 1e-9:
        raise ValueError("rates that are no chances")
    if np.isnan(edges).any() or (edges[:, 1:] < edges[:, :-1]).any():
        raise ValueError("edges out of order")
    actions = unpack(words, rules.goal, bins)
    if actions.max() > DOUBLE:
        raise ValueError("an action that does not exist")
    return Policy(name, rules, Bins(edges, late_days, *rates), actions)
