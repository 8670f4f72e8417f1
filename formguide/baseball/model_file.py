"""Fitted models as files that hold no code: LightGBM's text, NumPy's arrays, JSON."""

from __future__ import annotations

import io
import json
from datetime import date

import numpy as np

from formguide.baseball.abilities import HitRegression
from formguide.baseball.blend import Blend
from formguide.baseball.forecast import Models
from formguide.baseball.opportunity import OpportunityModel

_ARRAYS = "arrays.npz"
_ABOUT = "models.json"
_REGRESSION = ("mean", "scale", "weights")
_OPPORTUNITY = ("weights", "mean", "scale", "team_pa", "replaced", "faced")


def as_files(models: Models) -> dict[str, bytes]:
    """The models as named files."""
    arrays = {f"regression_{name}": getattr(models.regression, name) for name in _REGRESSION}
    arrays |= {f"opportunity_{name}": getattr(models.opportunity, name) for name in _OPPORTUNITY}
    arrays["calibration"] = models.calibration
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    files = {_ARRAYS: buffer.getvalue()}
    blends = {}
    for seed, fitted in models.blends.items():
        names = {name: f"seed-{seed}-{place}.txt" for place, name in enumerate(fitted.boosters)}
        files |= {names[name]: text.encode() for name, text in fitted.texts().items()}
        blends[str(seed)] = {
            "files": names,
            "columns": {name: list(columns) for name, columns in fitted.columns.items()},
            "left_out": list(fitted.left_out),
            "stood_in": list(fitted.stood_in),
        }
    files[_ABOUT] = json.dumps({"as_of": models.as_of.isoformat(), "blends": blends}, sort_keys=True).encode()
    return files


def from_files(files: dict[str, bytes]) -> Models:
    """The models that `as_files` wrote. Raises KeyError or ValueError if they are something else."""
    import lightgbm as lgb  # loads in a second, pandas with it: not for --help

    about = json.loads(files[_ABOUT])
    with np.load(io.BytesIO(files[_ARRAYS]), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    blends = {
        int(seed): Blend(
            {name: tuple(columns) for name, columns in told["columns"].items()},
            {
                name: lgb.Booster(model_str=files[file].decode())
                for name, file in sorted(told["files"].items(), key=lambda item: _place(item[1]))
            },
            tuple(told["left_out"]),
            tuple(told["stood_in"]),
        )
        for seed, told in sorted(about["blends"].items(), key=lambda item: int(item[0]))
    }
    return Models(
        date.fromisoformat(about["as_of"]),
        HitRegression(*(arrays[f"regression_{name}"] for name in _REGRESSION)),
        blends,
        OpportunityModel(*(arrays[f"opportunity_{name}"] for name in _OPPORTUNITY)),
        arrays["calibration"],
    )


def _place(file: str) -> int:
    """The order in which the variants were fitted, and are added up."""
    return int(file.rsplit("-", 1)[1].removesuffix(".txt"))
