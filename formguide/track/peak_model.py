"""The model of a season's peak: the forecaster that did best on seasons it had not seen, and its intervals.

The last training seasons are forecast by `forecasters` fitted on what came before each of them. Which of them
is the default is decided there, and its intervals are learnt there; then everything is fitted again on all
training seasons. A model is a function of the performances dated before its `as_of`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide import asof
from formguide.making import TooLittle
from formguide.track import forecasters, intervals
from formguide.track.features import Features, from_percent, season_over, targets
from formguide.track.forecasters import (
    FORECASTERS,
    MAY_SHIP,
    WITHOUT_NETWORK,
    Forecasters,
    PeakSettings,
    as_json,
    as_parquet,
)
from formguide.track.intervals import Intervals
from formguide.track.lstm_settings import LstmSettings
from formguide.track.peaks import season_peaks
from formguide.track.sequences import SeasonSequences, season_sequences
from formguide.track.tables import INDOOR, season_start
from formguide.track.windows import season_windows

__all__ = [
    "FORECASTERS",
    "MAY_SHIP",
    "VERSION",
    "History",
    "PeakModel",
    "PeakSettings",
    "fit",
    "history",
]

Floats = NDArray[np.float64]

VERSION = "3"
"""Changes when the same performances would give another model."""


@dataclass(frozen=True)
class History:
    """What was known on a day: performances dated before it, and what follows from them."""

    performances: pl.DataFrame
    peaks: pl.DataFrame
    sequences: SeasonSequences
    windows: pl.DataFrame


def history(performances: pl.DataFrame, as_of: date, settings: PeakSettings | None = None) -> History:
    """What follows from the performances dated before `as_of`, with the windows of seasons that are over."""
    lstm = (settings or PeakSettings()).lstm
    known = asof.before(performances, as_of, "date")
    peaks, sequences = season_peaks(known), season_sequences(known, lstm.marks)
    windows = season_windows(peaks, sequences, lstm.seasons_back).filter(season_over() <= as_of)
    return History(known, peaks, sequences, windows)


@dataclass(frozen=True)
class PeakModel:
    """Fitted forecasters and the default's intervals. validation: one row per forecaster with its mean
    absolute error on the validation seasons, percent of log speed."""

    as_of: date
    forecasters: Forecasters
    intervals: Intervals
    default: str
    validation: pl.DataFrame
    n_windows: int
    settings: PeakSettings

    @property
    def lstm(self) -> LstmSettings:
        """How many marks and seasons back it reads."""
        return self.settings.lstm

    def forecast(
        self, windows: pl.DataFrame, performances: pl.DataFrame, sequences: SeasonSequences | None = None
    ) -> pl.DataFrame:
        """Forecasts of windows in their order: every forecaster's mark (`last`, `best`, `linear`, …), the
        default's 10, 50 and 90 % quantiles (`low`, `median`, `high`: from the worse to the better mark), and
        the default's name (`model`).

        Of the performances, those on or after each window's `as_of` are not used. sequences: those that the
        windows point to, if they are at hand.
        """
        if sequences is None:
            sequences = season_sequences(performances, self.lstm.marks)
        found = self.forecasters.features(windows, performances)
        said = self.forecasters.improvements(windows, found, sequences)
        around = self.intervals.around(said[self.default], found)
        start, unit = windows["last_peak"].to_numpy(), windows["unit"].cast(pl.String).to_numpy()
        marks = {name: from_percent(start, said[name], unit) for name in FORECASTERS}
        quantiles = [from_percent(start, around[:, i], unit) for i in range(3)]
        return windows.with_columns(
            *(pl.Series(name, values) for name, values in marks.items()),
            *(pl.Series(n, q) for n, q in zip(("low", "median", "high"), quantiles, strict=True)),
            model=pl.lit(self.default),
        )

    def to_files(self) -> dict[str, bytes]:
        """The model as files, of which loading none runs code."""
        meta = {
            "version": VERSION,
            "as_of": self.as_of.isoformat(),
            "default": self.default,
            "n_windows": self.n_windows,
            "settings": asdict(self.settings),
            "intervals": self.intervals.as_json(),
        }
        files = {"meta.json": as_json(meta), "validation.parquet": as_parquet(self.validation)}
        return files | self.forecasters.to_files()

    @classmethod
    def of_files(cls, files: Mapping[str, bytes]) -> PeakModel:
        """The model that `to_files` gave; raises ValueError if another version wrote it."""
        meta: dict[str, Any] = json.loads(files["meta.json"])
        if meta["version"] != VERSION:
            raise ValueError(f"this model is of version {meta['version']}, not {VERSION}: fit it again")
        return cls(
            as_of=date.fromisoformat(meta["as_of"]),
            forecasters=Forecasters.of_files(files),
            intervals=Intervals.of_json(meta["intervals"]),
            default=meta["default"],
            validation=pl.read_parquet(io.BytesIO(files["validation.parquet"])),
            n_windows=meta["n_windows"],
            settings=PeakSettings.of_json(meta["settings"]),
        )


def fit(performances: pl.DataFrame, as_of: date, settings: PeakSettings | None = None) -> PeakModel:
    """Fits every forecaster to the performances dated before `as_of`, and chooses among them.

    Raises `TooLittle` where there are fewer training windows than `settings.least_windows`.
    """
    settings = settings or PeakSettings()
    known = history(performances, as_of, settings)
    if known.windows.height < settings.least_windows:
        raise TooLittle(
            f"{known.windows.height} seasons that follow a season of the same event before {as_of}, and a "
            f"model needs {settings.least_windows}"
        )
    unseen = _unseen(known, settings)
    error = {name: float(np.abs(unseen.came - said).mean()) for name, said in unseen.improvements.items()}
    fitted = forecasters.fit(known.performances, known.windows, known.sequences, settings)
    # Without a network what is called by its name is the regression over again.
    default = min(MAY_SHIP if fitted.lstm else WITHOUT_NETWORK, key=lambda name: error[name])
    return PeakModel(
        as_of=as_of,
        forecasters=fitted,
        intervals=intervals.fit(unseen.features, unseen.improvements[default], unseen.came),
        default=default,
        validation=pl.DataFrame(
            {
                "forecaster": list(error),
                "mae_pct": list(error.values()),
                "n": len(unseen.came),
                "first_season": min(unseen.seasons),
                "last_season": max(unseen.seasons),
            }
        ),
        n_windows=known.windows.height,
        settings=settings,
    )


@dataclass(frozen=True)
class _Unseen:
    """The validation seasons as forecast by forecasters that had not seen them: windows one below the
    other."""

    seasons: list[int]
    features: Features
    improvements: dict[str, Floats]
    came: Floats


def _unseen(known: History, settings: PeakSettings) -> _Unseen:
    """Forecasts of the last seasons, each from what was known when its first day came."""
    years = sorted(known.windows["season"].unique().to_list())
    # A first model wants something to learn from, however short the history is.
    enough = [y for y in years if (known.windows["season"] < y).sum() >= settings.least_windows // 2]
    parts: list[_Unseen] = []
    for year in enough[-settings.folds :]:
        before = history(known.performances, season_start(year, INDOOR), settings)
        if before.windows.is_empty():
            continue
        fitted = forecasters.fit(before.performances, before.windows, before.sequences, settings)
        asked = known.windows.filter(pl.col("season") == year)
        found = fitted.features(asked, known.performances)
        said = fitted.improvements(asked, found, known.sequences)
        parts.append(_Unseen([year], found, said, targets(asked)))
    if not parts:
        raise TooLittle(f"{len(years)} seasons with a season before them: no model can be tried on one")
    return _Unseen(
        seasons=[year for part in parts for year in part.seasons],
        features=Features(
            parts[0].features.names,
            np.concatenate([p.features.values for p in parts]),
            np.concatenate([p.features.group for p in parts]),
        ),
        improvements={n: np.concatenate([p.improvements[n] for p in parts]) for n in FORECASTERS},
        came=np.concatenate([p.came for p in parts]),
    )
