"""Next season's peak by a hierarchical LSTM: within a season mark by mark, then season by season, then per
event.

    fit(windows, train, validation, settings, offset)  → FittedLstm FittedLstm.quantiles(windows, offset)
    → the 10, 50 and 90 % quantiles of what it was asked for FittedLstm.peaks(windows, offset)
    → the same as marks FittedLstm.to_files(), FittedLstm.from_files(files) → safetensors and meta.json

With an `offset`, another forecast of the change in percent, the network learns what that one leaves: it
begins at no correction and keeps what helps on the validation windows. Only training imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formguide import model_files
from formguide.model_files import WEIGHTS_FILE, ModelFileError
from formguide.track import _forward
from formguide.track._encoding import SEASON_EXTRAS, Encoded, Encoder, improvement, signed_peak
from formguide.track.lstm_settings import REFERENCE, LstmSettings
from formguide.track.tables import LABELS
from formguide.track.windows import WindowArrays

__all__ = ["REFERENCE", "FittedLstm", "LstmSettings", "fit", "improvement", "signed_peak"]

META_FILE = "meta.json"
FORMAT = "formguide track hierarchical lstm 1"
_COVERAGE = 0.8
_QUANTILES = (0.1, 0.5, 0.9)

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class FittedLstm:
    """A trained network, or several of which the quantiles are averaged, with all that a forecast needs.

    weights: per member its tensors by name; shape: the network's sizes; interval: for a network without
    quantiles of its own how far its 10 and 90 % quantiles lie from the median, in the target's scaled unit;
    width: by what the interval is widened to cover what it says on the validation windows; about: split,
    scores, device, offset.
    """

    settings: LstmSettings
    encoder: Encoder
    shape: Mapping[str, Any]
    weights: tuple[Mapping[str, NDArray[np.float32]], ...]
    interval: tuple[float, float] = (0.0, 0.0)
    width: float = 1.0
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def events(self) -> tuple[str, ...]:
        """Events with a head of their own."""
        return self.encoder.events

    def quantiles(
        self, windows: WindowArrays, offset: Floats | None = None, features: Floats | None = None
    ) -> Floats:
        """The 10, 50 and 90 % quantiles, [n, 3], from worse to better.

        Of the change against the last peak in percent (100 × log ratio), or, of a network that was asked for
        it, of the event's z-score; positive is better. offset: the forecast that it corrects, [n], in
        percent, which it needs if it was trained with one. NaN where an event has no head and there is no
        shared one.
        """
        if (offset is not None) != bool(self.about.get("offset", False)):
            raise ValueError("a network needs an offset if, and only if, it was trained with one")
        data = self.encoder.encode(windows, offset, features)
        scaled = self._scaled(data)
        if self.settings.target == "z":
            # Where a larger z-score is a slower time, the scale is negative.
            return np.sort(scaled * np.sign(data.scale)[:, None], axis=1)
        return data.centre[:, None] + data.scale[:, None] * scaled

    def peaks(
        self, windows: WindowArrays, offset: Floats | None = None, features: Floats | None = None
    ) -> Floats:
        """The quantiles as marks in each event's unit, [n, 3], from worse to better."""
        made = self.quantiles(windows, offset, features)
        sign = np.where((windows.table["unit"] == "sec").to_numpy(), -1.0, 1.0)[:, None]
        if self.settings.target == "change":
            return np.asarray(windows.table["last_peak"].to_numpy()[:, None] * np.exp(sign * made / 100))
        data = self.encoder.encode(windows, None, features)
        return sign * (data.centre[:, None] + np.abs(data.scale)[:, None] * made)

    def _scaled(self, data: Any) -> Floats:
        marks = self.settings.marks
        members = [_forward.outputs(w, self.shape, data, marks) for w in self.weights]
        if self.settings.loss == "quantile":
            mean = np.mean([_forward.spread(out) for out in members], axis=0).astype(np.float64)
        else:
            middle = np.mean([out[:, 0] for out in members], axis=0).astype(np.float64)
            mean = np.stack([middle + self.interval[0], middle, middle + self.interval[1]], axis=1)
        middle = mean[:, 1:2]
        return np.asarray(middle + self.width * (mean - middle))

    def to_files(self) -> dict[str, bytes]:
        """`weights.safetensors` and `meta.json`; equal models give equal bytes."""
        tensors = {f"{i}.{name}": t for i, w in enumerate(self.weights) for name, t in sorted(w.items())}
        meta = {
            "format": FORMAT,
            "settings": self.settings.as_dict(),
            "encoder": self.encoder.as_dict(),
            "shape": dict(self.shape),
            "labels": list(LABELS),
            "interval": list(self.interval),
            "width": self.width,
            "about": dict(self.about),
        }
        return model_files.to_files(tensors, META_FILE, meta)

    @classmethod
    def from_files(cls, contents: Mapping[str, bytes]) -> FittedLstm:
        """What `to_files` gave; raises ModelFileError naming the file and what is wrong with it."""
        tensors, meta = model_files.from_files(contents, META_FILE, FORMAT)
        with model_files.reading(META_FILE):
            settings = LstmSettings(**meta["settings"])
            encoder = Encoder.from_dict(meta["encoder"])
            shape, interval = meta["shape"], (meta["interval"][0], meta["interval"][1])
            width, about = float(meta["width"]), meta["about"]
        members: dict[str, dict[str, NDArray[np.float32]]] = {}
        for name, tensor in tensors.items():
            number, _, rest = name.partition(".")
            members.setdefault(number, {})[rest] = tensor
        weights = tuple(members[number] for number in sorted(members, key=int))
        if len(weights) != settings.members:
            raise ModelFileError(
                f"{WEIGHTS_FILE}: {len(weights)} networks where {META_FILE} says {settings.members}"
            )
        return cls(settings, encoder, shape, weights, interval, width, about)


def fit(
    windows: WindowArrays,
    train: Rows,
    validation: Rows,
    settings: LstmSettings | None = None,
    offset: Floats | None = None,
    features: Floats | None = None,
) -> FittedLstm:
    """Trains on the windows of `train` and stops by those of `validation`; the other rows are not looked at.

    With `settings.refit` the networks are then trained again, on both, for as many epochs as were best; the
    interval is that of the first ones.

    train, validation: [N], true where a row belongs; their peaks must be known. offset: [N], a forecast of
    the change in percent that the network is to correct; made as honestly as a forecast, else the correction
    learns too little. Raises ValueError if a part is empty, a peak is missing or rows are in both.
    """
    from formguide import torch_runs
    from formguide.track import _training
    from formguide.track._network import Shape

    settings = settings or LstmSettings()
    _check(windows, train, validation, settings, offset)
    target = improvement(windows.table) if settings.target == "change" else signed_peak(windows.table)
    if offset is not None:
        target = target - offset
    encoder = Encoder.learn(windows, train, target, settings, features)
    data = encoder.encode(windows, None, features)
    scaled = ((target - data.centre) / data.scale).astype(np.float32)
    has_head = (data.event >= 0) | settings.shared_head
    rows, held = np.flatnonzero(train & has_head), np.flatnonzero(validation & has_head)
    if not len(rows) or not len(held):
        raise ValueError(f"no event has {settings.min_samples} training windows and one to validate on")
    shape = Shape(
        in_dim=data.marks.shape[1],
        season_extras=SEASON_EXTRAS if settings.extras else 0,
        window_extras=data.window_extras.shape[1],
        hid_season=settings.hid_season,
        hid_across=settings.hid_across,
        emb_label=settings.emb_label,
        labels=len(LABELS),
        events=len(encoder.events),
        outputs=3 if settings.loss == "quantile" else 1,
        head=settings.head,
        shared_head=settings.shared_head,
        dropout=settings.dropout,
    )
    athlete = np.unique(windows.table["athlete_id"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    job = _training.Job(data, scaled, athlete, shape, settings)
    made = [_training.train(job, rows, held, settings.seed + i) for i in range(settings.members)]
    fitted = FittedLstm(settings, encoder, shape.as_dict(), tuple(m.weights for m in made))
    about = {
        "device": torch_runs.device_name()[1],
        "offset": offset is not None,
        "padding": "right",
        "best_epochs": [m.best_epoch for m in made],
        "losses": [[list(pair) for pair in m.losses] for m in made],
        "split": _split(windows, train, validation),
    }
    fitted = _calibrated(fitted, data, held, scaled, about)
    if not settings.refit:
        return fitted
    both = np.flatnonzero((train | validation) & has_head)
    again = [
        _training.train_again(job, both, settings.seed + i, epochs=m.best_epoch + 1)
        for i, m in enumerate(made)
    ]
    return replace(fitted, weights=tuple(m.weights for m in again))


def _calibrated(
    fitted: FittedLstm, data: Encoded, held: NDArray[np.int64], scaled: Any, about: dict[str, Any]
) -> FittedLstm:
    """The network with intervals that cover 80 % of the validation windows, and its scores on them."""
    settings = fitted.settings
    made = fitted._scaled(data)[held]
    y = scaled[held].astype(np.float64)
    interval, width = fitted.interval, 1.0
    if settings.loss == "l1":
        low, high = np.quantile(y - made[:, 1], [_QUANTILES[0], _QUANTILES[2]])
        interval = (min(float(low), 0.0), max(float(high), 0.0))
    elif settings.calibrate:
        half = np.where(y < made[:, 1], made[:, 1] - made[:, 0], made[:, 2] - made[:, 1])
        width = float(np.quantile(np.abs(y - made[:, 1]) / half, _COVERAGE))
    scores = {
        "n": len(y),
        "mae_scaled": float(np.abs(y - made[:, 1]).mean()),
        "mae": float((np.abs(y - made[:, 1]) * data.scale[held]).mean()),
        "coverage_before_calibration": float(((y >= made[:, 0]) & (y <= made[:, 2])).mean()),
    }
    return FittedLstm(
        settings,
        fitted.encoder,
        fitted.shape,
        fitted.weights,
        interval,
        width,
        about | {"validation": scores},
    )


def _split(windows: WindowArrays, train: Rows, validation: Rows) -> dict[str, Any]:
    """Which seasons were trained on and stopped by, with how many windows."""
    parts = {}
    for name, rows in (("train", train), ("validation", validation)):
        as_of = windows.table["as_of"].filter(rows.tolist())
        parts[name] = {"n": int(rows.sum()), "from": str(as_of.min()), "to": str(as_of.max())}
    return parts


def _check(
    windows: WindowArrays, train: Rows, validation: Rows, settings: LstmSettings, offset: Floats | None
) -> None:
    if (train & validation).any():
        raise ValueError("a window is trained on and validated on")
    for name, rows in (("training", train), ("validation", validation)):
        if not rows.any():
            raise ValueError(f"there are no {name} windows")
        if windows.table["peak"].filter(rows.tolist()).null_count():
            raise ValueError(f"a {name} window has no peak yet")
        if offset is not None and not np.isfinite(offset[rows]).all():
            raise ValueError(f"a {name} window has no offset")
    if offset is not None and settings.target != "change":
        raise ValueError("an offset is a change in percent, so the target must be one too")
