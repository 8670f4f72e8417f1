"""The heart rate of people whom nobody has seen: one network for all, told what earlier workouts say.

    fit(train, validation, settings, base)   → FittedNetwork
    FittedNetwork.curve(inputs, history)     → Curve
    FittedNetwork.to_files(), .from_files(…) → safetensors and JSON

It corrects another forecast: by default what the population's and the user's own answer to work (`response`)
say, else any `base`, such as a relaxation fitted to the user. Who the user is comes in as numbers computed
from the earlier workouts, so that somebody new needs no training. Only training and forecasting import torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from formguide import model_files
from formguide.heartrate import response as responses
from formguide.heartrate._encoding import Base, Encoder, Example, Scaled, example, examples
from formguide.heartrate.curves import Curve
from formguide.heartrate.network_settings import PARITY, NetworkSettings
from formguide.heartrate.response import Response
from formguide.heartrate.sequences import Floats, Inputs, Recorded
from formguide.heartrate.tracking import Tracker
from formguide.model_files import WEIGHTS_FILE, ModelFileError

if TYPE_CHECKING:
    from formguide.heartrate._training import Runner

__all__ = ["PARITY", "FittedNetwork", "NetworkSettings", "curves", "fit"]

META_FILE = "config.json"
FORMAT = "formguide heart rate network 2"
_COVERAGE = 0.8
_LEAST_BPM, _MOST_BPM = 30.0, 230.0
_FEW = (0, 1, 3, 8)
"""From how many earlier workouts on intervals are widened alike."""


@dataclass(frozen=True)
class FittedNetwork:
    """A trained network with all that a forecast needs; a `Forecaster`.

    shape: the network's sizes; weights: its tensors; response: the population that it is told users by, or
    None; base: the forecast that it corrects, where that is not the response's (it is not saved: who loads
    such a network gives it again); below, above (4,): by what the interval is widened on either side to cover
    80 % of the validation workouts, for users with 0, 1, 3 and 8 earlier workouts or more; of a network
    without quantiles its half widths, scaled; learnt_until: when the last workout that it was trained or
    validated on ended; about: split, losses, device, scores.
    """

    settings: NetworkSettings
    encoder: Encoder
    shape: Mapping[str, Any]
    weights: Mapping[str, NDArray[np.float32]]
    learnt_until: datetime
    response: Response | None = None
    base: Base | None = None
    below: tuple[float, ...] = (1.0,) * len(_FEW)
    above: tuple[float, ...] = (1.0,) * len(_FEW)
    about: Mapping[str, Any] = field(default_factory=dict)
    name: str = "network"

    def curve(self, inputs: Inputs, history: Sequence[Recorded]) -> Curve:
        """The forecast of one workout at 1 Hz: what the network says at a step holds until the next one, of
        the forecast that it corrects its correction, so that no second is known to an earlier one.

        history: the user's workouts that had ended when this one began, of which those of the same activity
        count; their heart rates are all that is known of the user's heart.
        """
        history = [run for run in history if run.inputs.activity == inputs.activity]
        told = self.response.told(history) if self.response is not None else []
        nothing = Recorded(inputs, np.full(len(inputs), np.nan))
        given = example(nothing, history, told, self.settings, self.response, self.base)
        made = self._quantiles([self.encoder.scaled(given)], np.array([len(history)]))[0]
        return _at_every_second(made, given, inputs, self.settings.step_sec)

    def _quantiles(self, rows: Sequence[Scaled], earlier: NDArray[np.int64]) -> list[Floats]:
        """bpm at every step of each row, (T, 3)."""
        made = []
        for row, out, known in zip(rows, self._runner().outputs(rows), earlier, strict=True):
            few = int(np.searchsorted(_FEW, known, side="right")) - 1
            middle = out[:, 1 if out.shape[1] == 3 else 0].astype(np.float64)
            low = out[:, 0] - middle if out.shape[1] == 3 else -np.ones(len(out))
            high = out[:, 2] - middle if out.shape[1] == 3 else np.ones(len(out))
            scaled = np.stack([middle + self.below[few] * low, middle, middle + self.above[few] * high], 1)
            made.append(
                np.clip(row.offset[:, None] + self.encoder.rate_spread * scaled, _LEAST_BPM, _MOST_BPM)
            )
        return made

    def _runner(self) -> Runner:
        from formguide.heartrate._network import Shape
        from formguide.heartrate._training import Runner

        found = self.__dict__.get("_ready")
        if found is None:
            found = Runner(self.weights, Shape(**self.shape))
            object.__setattr__(self, "_ready", found)
        ready: Runner = found
        return ready

    def to_files(self) -> dict[str, bytes]:
        """`weights.safetensors` and `config.json`; equal models give equal bytes."""
        tensors: dict[str, NDArray[Any]] = {f"network.{k}": v for k, v in sorted(self.weights.items())}
        if self.response is not None:
            tensors |= {f"response.{k}": v for k, v in sorted(self.response.to_arrays().items())}
        meta = {
            "format": FORMAT,
            "name": self.name,
            "settings": self.settings.as_dict(),
            "encoder": self.encoder.as_dict(),
            "shape": dict(self.shape),
            "needs_base": self.base is not None,
            "below": list(self.below),
            "above": list(self.above),
            "learnt_until": self.learnt_until.isoformat(),
            "about": dict(self.about),
        }
        return model_files.to_files(tensors, META_FILE, meta)

    @classmethod
    def from_files(cls, contents: Mapping[str, bytes], base: Base | None = None) -> FittedNetwork:
        """What `to_files` gave; base: the forecast that it corrects, if it was trained with another than its
        own. Raises ModelFileError naming the file and what is wrong with it."""
        tensors, meta = model_files.from_files(contents, META_FILE, FORMAT)
        with model_files.reading(META_FILE):
            settings = NetworkSettings(**meta["settings"])
            encoder = Encoder.from_dict(meta["encoder"])
            shape, below, above = meta["shape"], tuple(meta["below"]), tuple(meta["above"])
            about, name = meta["about"], meta["name"]
            until = datetime.fromisoformat(meta["learnt_until"])
            if bool(meta["needs_base"]) != (base is not None):
                wanted = "needs a base" if meta["needs_base"] else "corrects its own base, and takes no other"
                raise ModelFileError(f"{META_FILE}: needs_base: the network {wanted}")
        weights = {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
        kept = {k.removeprefix("response."): v for k, v in tensors.items() if k.startswith("response.")}
        with model_files.reading(WEIGHTS_FILE):
            response = Response.from_arrays(kept) if kept else None
            made = cls(settings, encoder, shape, weights, until, response, base, below, above, about, name)
            made._runner()
        return made


def fit(
    train: Sequence[Recorded],
    validation: Sequence[Recorded],
    settings: NetworkSettings | None = None,
    base: Base | None = None,
    response: Response | None = None,
    tracker: Tracker | None = None,
    name: str = "network",
) -> FittedNetwork:
    """Trains on the workouts of `train` and stops by those of `validation`; each knows its user's earlier
    ones of both.

    base: what it is to correct, if not the response; response: a population fitted before, to the same
    training workouts (by default it is fitted here); tracker: hears of the training. Raises ValueError if
    either part has no measured heart rate, or both have a workout in common.
    """
    from formguide import torch_runs
    from formguide.heartrate import _training
    from formguide.heartrate._network import Shape

    settings = settings or NetworkSettings()
    if base is not None and not settings.base:
        raise ValueError("a base is given, but by its settings the network corrects none")
    parts = [[run for run in part if np.isfinite(run.heart_rate_bpm).any()] for part in (train, validation)]
    for what, part in zip(("train on", "stop by"), parts, strict=True):
        if not part:
            raise ValueError(f"there is no workout with a heart rate to {what}")
    common = {r.inputs.workout_id for r in parts[0]} & {r.inputs.workout_id for r in parts[1]}
    if common:
        raise ValueError(f"{min(common)} is trained on and validated on")
    if settings.embedding or (settings.base and base is None):
        response = response or responses.fit(parts[0])
    else:
        response = None
    both = examples([*parts[0], *parts[1]], settings, response, base)
    raw = [both[: len(parts[0])], both[len(parts[0]) :]]
    encoder = Encoder.learn(raw[0], settings)
    rows, held = ([encoder.scaled(e) for e in part] for part in raw)
    step_in, fixed_in = rows[0].steps.shape[1], rows[0].fixed.shape[0]
    outputs = 3 if settings.loss == "quantile" else 1
    shape = Shape(
        kind=settings.kind,
        step_in=step_in,
        fixed_in=fixed_in,
        hidden=settings.hidden,
        layers=settings.layers,
        heads=settings.heads,
        outputs=outputs,
        dropout=settings.dropout,
    )
    counts = {
        "workouts": {"train": len(rows), "validation": len(held)},
        "users": {
            what: len({run.inputs.user_id for run in part})
            for what, part in zip(("train", "validation"), parts, strict=True)
        },
        "device": torch_runs.device_name()[1],
    }
    if tracker is not None:
        tracker.began({"name": name, **settings.as_dict(), **counts})
    made = _training.train(rows, held, shape, settings, tracker.epoch if tracker is not None else None)
    until = max(run.inputs.ended_at for part in parts for run in part)
    fitted = FittedNetwork(settings, encoder, shape.as_dict(), made.weights, until, response, base, name=name)
    about = counts | {"best_epoch": made.best_epoch, "losses": [list(pair) for pair in made.losses]}
    earlier = _earlier([*parts[0], *parts[1]])[len(rows) :]
    fitted = _calibrated(fitted, held, raw[1], earlier, about)
    if tracker is not None:
        tracker.ended(fitted.about["validation"])
    return fitted


def curves(fitted: FittedNetwork, runs: Sequence[Recorded]) -> list[Curve]:
    """The forecasts of many workouts, each from those of the same user among `runs` that had ended when it
    began; the same as `curve` of each, sooner."""
    made = examples(runs, fitted.settings, fitted.response, fitted.base)
    rows = [fitted.encoder.scaled(e) for e in made]
    out = fitted._quantiles(rows, _earlier(runs))
    return [
        _at_every_second(q, given, run.inputs, fitted.settings.step_sec)
        for q, given, run in zip(out, made, runs, strict=True)
    ]


def _calibrated(
    fitted: FittedNetwork,
    held: Sequence[Scaled],
    raw: Sequence[Example],
    earlier: NDArray[np.int64],
    about: dict[str, Any],
) -> FittedNetwork:
    """The network with intervals of which each side misses 10 % of the validation's steps."""
    plain = replace(fitted, below=(1.0,) * len(_FEW), above=(1.0,) * len(_FEW))
    made = plain._quantiles(held, earlier)
    group = np.searchsorted(_FEW, earlier, side="right") - 1
    below, above = [], []
    for few in range(len(_FEW)):
        rows = [i for i in range(len(held)) if group[i] == few] or list(range(len(held)))
        q = np.concatenate([made[i][np.isfinite(raw[i].rate)] for i in rows])
        y = np.concatenate([raw[i].rate[np.isfinite(raw[i].rate)] for i in rows])
        off = y - q[:, 1]
        below.append(max(float(np.quantile(-off / (q[:, 1] - q[:, 0]), 0.9)), 0.05))
        above.append(max(float(np.quantile(off / (q[:, 2] - q[:, 1]), 0.9)), 0.05))
    errors = [np.nanmean(np.abs(e.rate - q[:, 1])) for e, q in zip(raw, made, strict=True)]
    inside = [
        np.nanmean(np.where(np.isfinite(e.rate), (e.rate >= q[:, 0]) & (e.rate <= q[:, 2]), np.nan))
        for e, q in zip(raw, made, strict=True)
    ]
    scores = {
        "mae_bpm": float(np.mean(errors)),
        "coverage_before_calibration": float(np.mean(inside)),
    }
    about = about | {"validation": scores}
    return replace(fitted, below=tuple(below), above=tuple(above), about=about)


def _earlier(runs: Sequence[Recorded]) -> NDArray[np.int64]:
    """How many workouts of the same user and activity among `runs` had ended when each began."""
    ends: dict[tuple[str, str], list[Any]] = {}
    for run in runs:
        ends.setdefault((run.inputs.user_id, run.inputs.activity), []).append(run.inputs.ended_at)
    of_run = [ends[r.inputs.user_id, r.inputs.activity] for r in runs]
    return np.array(
        [sum(end < r.inputs.started_at for end in mine) for r, mine in zip(runs, of_run, strict=True)]
    )


def _at_every_second(made: Floats, given: Example, inputs: Inputs, step_sec: int) -> Curve:
    rows = np.arange(len(inputs)) // step_sec
    held = made[rows]
    if given.every is not None:
        moved = given.every - given.every[rows * step_sec]
        held = np.clip(held + moved[:, None], _LEAST_BPM, _MOST_BPM)
    return Curve(*held.T)
