"""Windows → numbers for the network: scaled by constants that come from the training windows alone.

`Encoder.learn` takes those constants; `Encoder.encode` applies them to any windows. In the plain form a mark
is its event's z-score, the day gap and the wind. With extras it is also the percent below the season's best
once the wind is taken out, at the event's own rate, which is estimated on the training seasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.track.lstm_settings import LstmSettings
from formguide.track.sequences import OPENING
from formguide.track.tables import INDOOR, OUTDOOR
from formguide.track.windows import WindowArrays

Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]
Ints = NDArray[np.int64]

GAP_SCALE_DAYS, WIND_SCALE_MPS = 14.0, 2.0
PERCENT_SCALE, WIDEST = 5.0, 6.0
_SHRINK_WINDOWS = 30.0
_SHRINK_WIND = 200.0
_MIN_SEQUENCES = 5
_AGE, _AGE_SCALE = 24.0, 5.0
_YEAR = 365.2425
SEASON_EXTRAS, WINDOW_EXTRAS = 6, 17


@dataclass(frozen=True)
class Scale:
    """An event's mean and standard deviation, in the unit that the scaled number has."""

    mean: float
    sd: float


@dataclass(frozen=True)
class Encoded:
    """Windows as the network takes them; N windows, K seasons, S sequences with T marks in all.

    marks: [T, F]; start: [S + 1]; season: row of the sequence or -1, [N, K]; label: 0 indoor, 1 outdoor, [N,
    K]; season_extras: [N, K, 6 or 0]; window_extras: [N, 17 or 0, and p]; event: head of the event or -1,
    [N]; centre and scale: a network's output u means centre + scale · u in the target's unit, [N].
    """

    marks: Float32s
    start: Ints
    season: Ints
    label: Ints
    season_extras: Float32s
    window_extras: Float32s
    event: Ints
    centre: Floats
    scale: Floats


@dataclass(frozen=True)
class Encoder:
    """The constants of the training windows: heads, the scales of inputs and targets, and the wind's effect.

    events: events with a head, in the order of the heads; targets: scale of the target per event with a head,
    and under "" that of all; values: scale of the marks per event used in seasons; wind_percent: percent that
    1 m/s is worth, per event; `native` gives values as they are (networks that were trained so).
    """

    target: str
    extras: bool
    events: tuple[str, ...]
    targets: Mapping[str, Scale]
    values: Mapping[str, Scale]
    wind_percent: Mapping[str, float]
    native: bool = False
    features: tuple[Scale, ...] = ()

    @classmethod
    def learn(
        cls,
        windows: WindowArrays,
        rows: NDArray[np.bool_],
        target: Floats,
        settings: LstmSettings,
        features: Floats | None = None,
    ) -> Encoder:
        """The constants of the windows of `rows`, of which `target` is [N] in the target's unit; features:
        [N, p] or none.
        """
        train = windows.take(rows)
        used = np.unique(train.season_index[train.season_index >= 0])
        sequences = windows.sequences.take(used)
        log = settings.target == "change"
        table = sequences.table.select("event", x=_comparable(pl.col("best"), log))
        by_event = table.group_by("event").agg(
            pl.len(), pl.col("x").mean().alias("mean"), pl.col("x").std().alias("sd")
        )
        values = {
            event: Scale(mean, sd)
            for event, n, mean, sd in by_event.sort("event").iter_rows()
            if n >= _MIN_SEQUENCES and sd > 0
        }
        events, targets = _target_scales(train.table["event"], target[rows], settings)
        rates = _wind_rates(sequences) if settings.extras else {}
        given = () if features is None else tuple(_scale(x) for x in features[rows].T)
        return cls(settings.target, settings.extras, events, targets, values, rates, features=given)

    def encode(
        self, windows: WindowArrays, offset: Floats | None = None, features: Floats | None = None
    ) -> Encoded:
        """The windows in numbers.

        offset: what to add to the forecast, [N], in percent; only where the target is a change. features: [N,
        p], of as many numbers as were given when the constants were learnt; raises ValueError if they are
        not.
        """
        if (0 if features is None else features.shape[1]) != len(self.features):
            raise ValueError(f"the network was trained with {len(self.features)} features of its windows")
        sequences, season = windows.sequences, windows.season_index
        scales = [self.targets.get(e, self.targets[""]) for e in windows.table["event"].to_list()]
        centre, scale = np.array([s.mean for s in scales]), np.array([s.sd for s in scales])
        if self.native:
            worth = _sign(windows.table["unit"])
            centre, scale = worth * centre, worth * scale
        heads = {event: head for head, event in enumerate(self.events)}
        label = (sequences.table["label"] == OUTDOOR).to_numpy().astype(np.int64)
        n, k = season.shape
        own = [self._window_extras(windows) if self.extras else np.zeros((n, 0), np.float32)]
        if features is not None:
            mean, sd = (np.array([getattr(s, name) for s in self.features]) for name in ("mean", "sd"))
            own.append(_clipped((features - mean) / sd))
        return Encoded(
            marks=self._marks(windows),
            start=sequences.start,
            season=season,
            label=np.where(season >= 0, label[season] if len(label) else 0, 0),
            season_extras=self._season_extras(windows) if self.extras else np.zeros((n, k, 0), np.float32),
            window_extras=np.concatenate(own, axis=1),
            event=np.array([heads.get(e, -1) for e in windows.table["event"].to_list()], dtype=np.int64),
            centre=centre.reshape(n) + (0.0 if offset is None else offset),
            scale=scale.reshape(n),
        )

    def _marks(self, windows: WindowArrays) -> Float32s:
        sequences = windows.sequences
        wind = np.nan_to_num(sequences.wind_mps)
        if self.native:
            return np.stack([sequences.value, sequences.gap_days, wind], axis=1).astype(np.float32)
        log = self.target == "change"
        events = sequences.table["event"].to_list()
        scales = [self.values.get(e) for e in events]
        mean = np.array([s.mean if s else 0.0 for s in scales])
        sd = np.array([s.sd if s else np.inf for s in scales])
        worth = _sign(sequences.table["unit"])
        of = np.repeat(np.arange(len(sequences)), sequences.lengths)
        value = sequences.value.astype(np.float64)
        x = worth[of] * (100 * np.log(value) if log else value)
        columns = [(x - mean[of]) / sd[of], sequences.gap_days / GAP_SCALE_DAYS, wind / WIND_SCALE_MPS]
        if self.extras:
            best = sequences.table["best"].to_numpy()
            rate = np.array([self.wind_percent.get(e, 0.0) for e in events])
            below = worth[of] * 100 * np.log(value / best[of]) - rate[of] * wind
            columns.append(below / PERCENT_SCALE)
        return _clipped(np.stack(columns, axis=1))

    def _season_extras(self, windows: WindowArrays) -> Float32s:
        table, season = windows.sequences.table, windows.season_index
        worth = _sign(windows.table["unit"])[:, None]
        events = np.array(windows.table["event"].to_list(), dtype=object)[:, None]
        used = np.array([*table["event"].to_list(), ""], dtype=object)[season]
        best = np.append(table["best"].to_numpy(), 1.0)[season]
        same = (used == events) & (season >= 0)
        last = windows.table["last_peak"].to_numpy()[:, None]
        change = np.where(same, worth * 100 * np.log(best / last), 0.0)
        ended = np.append(_days(table["last_date"]), 0)[season]
        ago = np.where(season >= 0, (_days(windows.table["as_of"])[:, None] - ended) / _YEAR, 0.0)
        n_marks = np.append(table["n_marks"].to_numpy(), 0)[season]
        opening = np.append((table["part"] == OPENING).to_numpy(), False)[season]
        outdoor = np.append((table["label"] == OUTDOOR).to_numpy(), False)[season]
        asked = (windows.table["label"] == OUTDOOR).to_numpy()[:, None]
        parts = [change / PERCENT_SCALE, same, ago / 2, np.log1p(n_marks) / 2, opening, outdoor == asked]
        return _clipped(np.stack(parts, axis=2))

    def _window_extras(self, windows: WindowArrays) -> Float32s:
        table = windows.table
        worth = _sign(table["unit"])
        last = table["last_peak"].to_numpy()

        def percent(column: str) -> Floats:
            """How much better than the last peak, scaled; 0 where unknown."""
            other = table[column].cast(pl.Float64).to_numpy()
            return np.asarray(np.nan_to_num(worth * 100 * np.log(other / last)) / PERCENT_SCALE)

        def known(column: str) -> NDArray[np.bool_]:
            return np.asarray(table[column].is_not_null().to_numpy())

        age = np.nan_to_num((table["age_years"].cast(pl.Float64).to_numpy() - _AGE) / _AGE_SCALE)
        class_year = np.nan_to_num(table["class_year"].cast(pl.Float64).to_numpy() - 2.5) / 2
        scales = [self.values.get(e) for e in table["event"].to_list()]
        x = worth * 100 * np.log(last)
        level = np.array([(v - s.mean) / s.sd if s else 0.0 for v, s in zip(x, scales, strict=True)])
        since = table["season"].to_numpy() - table["last_season"].to_numpy() - 1
        parts = [
            *(age, age**2, known("age_years"), class_year, known("class_year")),
            *(since / 2, np.log(table["n_seasons"].to_numpy()), np.log(table["last_n_marks"].to_numpy()) / 2),
            *(percent("previous_peak"), known("previous_peak"), percent("best_peak")),
            *(percent("last_second"), known("last_second"), percent("last_median")),
            *(
                table["last_wind_aided"].to_numpy(),
                (table["label"] == INDOOR).to_numpy(),
                level.reshape(len(table)),
            ),
        ]
        return _clipped(np.stack([np.asarray(p, dtype=np.float64) for p in parts], axis=1))

    def as_dict(self) -> dict[str, Any]:
        """All constants, as JSON holds them."""
        return {
            "target": self.target,
            "extras": self.extras,
            "native": self.native,
            "events": list(self.events),
            "targets": {e: [s.mean, s.sd] for e, s in self.targets.items()},
            "values": {e: [s.mean, s.sd] for e, s in self.values.items()},
            "wind_percent": dict(self.wind_percent),
            "features": [[s.mean, s.sd] for s in self.features],
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Encoder:
        """What `as_dict` gave."""
        return cls(
            target=found["target"],
            extras=found["extras"],
            events=tuple(found["events"]),
            targets={event: Scale(*pair) for event, pair in found["targets"].items()},
            values={event: Scale(*pair) for event, pair in found["values"].items()},
            wind_percent=found["wind_percent"],
            native=found["native"],
            features=tuple(Scale(*pair) for pair in found["features"]),
        )


def improvement(windows: pl.DataFrame) -> Floats:
    """100 × log ratio of the peak to the last peak of `Windows`, positive where better; NaN where it is to
    come.
    """
    ratio = windows["peak"].cast(pl.Float64).to_numpy() / windows["last_peak"].to_numpy()
    return np.asarray(_sign(windows["unit"]) * 100 * np.log(ratio))


def signed_peak(windows: pl.DataFrame) -> Floats:
    """The peak of `Windows` in its unit, times negated so that more is better; NaN where it is to come."""
    return np.asarray(_sign(windows["unit"]) * windows["peak"].cast(pl.Float64).to_numpy())


def _scale(x: Floats) -> Scale:
    """Mean and spread of a number; of one that is always the same the spread counts as 1."""
    return Scale(float(x.mean()), float(x.std()) or 1.0)


def _target_scales(
    event: pl.Series, target: Floats, settings: LstmSettings
) -> tuple[tuple[str, ...], dict[str, Scale]]:
    """Events with enough training windows, and their targets' scales.

    A z-score's are plain. A change's are drawn to those of all events, as if each event had 30 windows more.
    """
    mean, sd = float(target.mean()), float(target.std())
    scales = {"": Scale(mean, sd)}
    names, place, counts = np.unique(event.to_list(), return_inverse=True, return_counts=True)
    for number, name in enumerate(names.tolist()):
        own, n = target[place == number], int(counts[number])
        if settings.target == "z":
            own_mean, own_sd = float(own.mean()), float(own.std())
        else:
            keep = n / (n + _SHRINK_WINDOWS)
            own_mean = keep * float(own.mean()) + (1 - keep) * mean
            own_sd = float(np.sqrt(keep * own.var() + (1 - keep) * sd**2))
        if n >= settings.min_samples and own_sd > 0:
            scales[name] = Scale(own_mean, own_sd)
    return tuple(name for name in scales if name), scales


def _wind_rates(sequences: Any) -> dict[str, float]:
    """Percent that 1 m/s of wind is worth per event: marks against wind within a season, by least squares.

    Drawn to nothing where the winds of an event's seasons hardly differ (as if 200 (m/s)² more spoke for 0).
    """
    of = np.repeat(np.arange(len(sequences)), sequences.lengths)
    frame = pl.DataFrame({"of": of, "value": sequences.value, "wind": sequences.wind_mps}).filter(
        pl.col("wind").is_not_nan()
    )
    worth = _sign(sequences.table["unit"])
    frame = frame.with_columns(
        x=pl.Series(
            worth[frame["of"].to_numpy()] * 100 * np.log(frame["value"].to_numpy().astype(np.float64))
        ),
        event=sequences.table["event"].gather(frame["of"]),
    )
    centred = frame.with_columns(
        x=pl.col("x") - pl.col("x").mean().over("of"),
        wind=pl.col("wind").cast(pl.Float64) - pl.col("wind").cast(pl.Float64).mean().over("of"),
    )
    rates = centred.group_by("event").agg(
        ((pl.col("x") * pl.col("wind")).sum() / ((pl.col("wind") ** 2).sum() + _SHRINK_WIND)).alias("rate")
    )
    return dict(rates.sort("event").iter_rows())


def _comparable(mark: pl.Expr, log: bool) -> pl.Expr:
    scaled = 100 * mark.log() if log else mark
    return pl.when(pl.col("unit") == "sec").then(-scaled).otherwise(scaled)


def _clipped(x: Floats) -> Float32s:
    return np.asarray(np.clip(x, -WIDEST, WIDEST), dtype=np.float32)


def _sign(unit: pl.Series) -> Floats:
    return np.where((unit == "sec").to_numpy(), -1.0, 1.0)


def _days(dates: pl.Series) -> Ints:
    return np.asarray(dates.to_physical().to_numpy(), dtype=np.int64)
