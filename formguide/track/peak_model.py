"""The model of a season's peak: several forecasters, which of them did best on seasons that it had not seen,
and how far off it may be.

    last, best      the last peak of the event under the label; the best so far
    linear          a regression on last, best, trend, depth and age
    regression      a regression on everything in `features`
    trees           boosted trees on the same
    blend           the mean of the last two

All are fitted on both genders together, which know their own gender: women's events are too few to learn the
shape of a career from alone, and men's gain too. The last training seasons are forecast by models fitted on
what came before each of them. Which forecaster is the default is decided there, and the intervals are
learnt there; then everything is fitted again on all training seasons. A model is a function of the
performances dated before its `as_of`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide import asof
from formguide.track import intervals, regression, trees
from formguide.track.features import (
    Features,
    from_percent,
    population,
    season_over,
    targets,
    window_features,
)
from formguide.track.intervals import Intervals
from formguide.track.peaks import season_peaks
from formguide.track.regression import FULL, LINEAR, Regression
from formguide.track.sequences import SeasonSequences, season_sequences
from formguide.track.tables import INDOOR, season_start
from formguide.track.trees import Trees, TreeSettings
from formguide.track.windows import season_windows

Floats = NDArray[np.float64]

VERSION = "1"
"""Changes when the same performances would give another model."""

FORECASTERS = ("last", "best", "linear", "regression", "trees", "blend")
MAY_SHIP = ("linear", "regression", "trees", "blend")
"""Of these the one with the least error on the validation seasons is the default."""


@dataclass(frozen=True)
class PeakSettings:
    """How a model is fitted. folds: seasons (years) at the end of the training data that are forecast unseen;
    least_windows: fewer training windows than this are too few; seed: of the trees."""

    folds: int = 3
    least_windows: int = 60
    seed: int = 0
    trees: TreeSettings = field(default_factory=TreeSettings)


class TooLittle(ValueError):
    """There is too little history to fit a model to."""


@dataclass(frozen=True)
class History:
    """What was known on a day: performances dated before it, and what follows from them."""

    performances: pl.DataFrame
    peaks: pl.DataFrame
    sequences: SeasonSequences
    windows: pl.DataFrame


def history(performances: pl.DataFrame, as_of: date) -> History:
    """What follows from the performances dated before `as_of`, with the windows of seasons that are over."""
    known = asof.before(performances, as_of, "date")
    peaks, sequences = season_peaks(known), season_sequences(known)
    windows = season_windows(peaks, sequences).filter(season_over() <= as_of)
    return History(known, peaks, sequences, windows)


@dataclass(frozen=True)
class PeakModel:
    """Fitted forecasters. validation: one row per forecaster with its error on the validation seasons."""

    as_of: date
    population: pl.DataFrame
    linear: Regression
    regression: Regression
    trees: Trees
    intervals: Intervals
    default: str
    validation: pl.DataFrame
    n_windows: int
    settings: PeakSettings

    def features(self, windows: pl.DataFrame, performances: pl.DataFrame) -> Features:
        """The features of windows, as this model compares them with its population."""
        return window_features(windows, performances, self.population)

    def forecast(self, windows: pl.DataFrame, performances: pl.DataFrame) -> pl.DataFrame:
        """Forecasts of windows in their order: every forecaster's mark (`last`, `best`, `linear`, …), the
        default's 10, 50 and 90 % quantiles (`low`, `median`, `high`: from the worse to the better mark), and
        the default's name (`model`).

        Of the performances, those on or after each window's `as_of` are not used.
        """
        found = self.features(windows, performances)
        said = _forecasts(found, self.linear, self.regression, self.trees)
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
        """The model as files: JSON, Parquet and LightGBM's own text. Loading them runs no code."""
        meta = {
            "version": VERSION,
            "as_of": self.as_of.isoformat(),
            "default": self.default,
            "n_windows": self.n_windows,
            "settings": asdict(self.settings),
            "linear": self.linear.as_json(),
            "regression": self.regression.as_json(),
            "intervals": self.intervals.as_json(),
            "tree_features": list(self.trees.names),
        }
        files = {
            "meta.json": json.dumps(meta, indent=1, sort_keys=True).encode(),
            "population.parquet": _parquet(self.population),
            "validation.parquet": _parquet(self.validation),
        }
        return files | {f"trees_{i}.txt": m.encode() for i, m in enumerate(self.trees.models)}

    @classmethod
    def of_files(cls, files: Mapping[str, bytes]) -> PeakModel:
        """The model that `to_files` gave; raises ValueError if another version wrote it."""
        meta: dict[str, Any] = json.loads(files["meta.json"])
        if meta["version"] != VERSION:
            raise ValueError(f"this model is of version {meta['version']}, not {VERSION}: fit it again")
        settings = meta["settings"]
        grown = [files[f"trees_{i}.txt"].decode() for i in range(settings["trees"]["seeds"])]
        return cls(
            as_of=date.fromisoformat(meta["as_of"]),
            population=pl.read_parquet(io.BytesIO(files["population.parquet"])),
            linear=Regression.of_json(meta["linear"]),
            regression=Regression.of_json(meta["regression"]),
            trees=Trees(tuple(meta["tree_features"]), tuple(grown)),
            intervals=Intervals.of_json(meta["intervals"]),
            default=meta["default"],
            validation=pl.read_parquet(io.BytesIO(files["validation.parquet"])),
            n_windows=meta["n_windows"],
            settings=PeakSettings(**{**settings, "trees": TreeSettings(**settings["trees"])}),
        )


def fit(performances: pl.DataFrame, as_of: date, settings: PeakSettings | None = None) -> PeakModel:
    """Fits every forecaster to the performances dated before `as_of`, and chooses among them.

    Raises `TooLittle` where there are fewer training windows than `settings.least_windows`.
    """
    settings = settings or PeakSettings()
    known = history(performances, as_of)
    if known.windows.height < settings.least_windows:
        raise TooLittle(
            f"{known.windows.height} seasons that follow a season of the same event before {as_of}, and a "
            f"model needs {settings.least_windows}"
        )
    unseen = _unseen(known, settings)
    default = _best_of(unseen)
    among = population(known.performances)
    found = window_features(known.windows, known.performances, among)
    came = targets(known.windows)
    return PeakModel(
        as_of=as_of,
        population=among,
        linear=regression.fit(found, came, LINEAR),
        regression=regression.fit(found, came, FULL),
        trees=trees.grow(found, came, settings.trees, settings.seed),
        intervals=intervals.fit(unseen.features, unseen.forecasts[default], unseen.came),
        default=default,
        validation=_errors(unseen),
        n_windows=known.windows.height,
        settings=settings,
    )


@dataclass(frozen=True)
class _Unseen:
    """The validation seasons as forecast by models that had not seen them."""

    windows: pl.DataFrame
    features: Features
    forecasts: dict[str, Floats]
    came: Floats


def _unseen(known: History, settings: PeakSettings) -> _Unseen:
    """Forecasts of the last seasons, each from what was known when its first day came."""
    years = sorted(known.windows["season"].unique().to_list())
    # A first model wants something to learn from, however short the history is.
    enough = [y for y in years if (known.windows["season"] < y).sum() >= settings.least_windows // 2]
    parts: list[_Unseen] = []
    for year in enough[-settings.folds :]:
        start = season_start(year, INDOOR)
        before = history(known.performances, start)
        if before.windows.is_empty():
            continue
        among = population(before.performances)
        found = window_features(before.windows, before.performances, among)
        came = targets(before.windows)
        asked = known.windows.filter(pl.col("season") == year)
        asked_features = window_features(asked, known.performances, among)
        said = _forecasts(
            asked_features,
            regression.fit(found, came, LINEAR),
            regression.fit(found, came, FULL),
            trees.grow(found, came, settings.trees, settings.seed),
        )
        parts.append(_Unseen(asked, asked_features, said, targets(asked)))
    if not parts:
        raise TooLittle(
            f"{len(years)} seasons with a season before them: no model can be tried on one of them"
        )
    first = parts[0].features
    return _Unseen(
        windows=pl.concat([p.windows for p in parts]),
        features=Features(
            first.names,
            np.concatenate([p.features.values for p in parts]),
            np.concatenate([p.features.group for p in parts]),
        ),
        forecasts={name: np.concatenate([p.forecasts[name] for p in parts]) for name in FORECASTERS},
        came=np.concatenate([p.came for p in parts]),
    )


def _forecasts(found: Features, linear: Regression, full: Regression, grown: Trees) -> dict[str, Floats]:
    """Every forecaster's improvement on the last peak, percent of log speed, [n]."""
    line, tree = full.predict(found), grown.predict(found)
    return {
        "last": np.zeros(len(found.values)),
        "best": found.columns("best")[:, 0],
        "linear": linear.predict(found),
        "regression": line,
        "trees": tree,
        "blend": (line + tree) / 2,
    }


def _errors(unseen: _Unseen) -> pl.DataFrame:
    """Mean absolute error on the validation seasons, percent of log speed, by forecaster."""
    rows = [(name, float(np.abs(unseen.came - f).mean())) for name, f in unseen.forecasts.items()]
    seasons = sorted(unseen.windows["season"].unique().to_list())
    return pl.DataFrame(
        rows, schema={"forecaster": pl.String, "mae_pct": pl.Float64}, orient="row"
    ).with_columns(
        n=pl.lit(len(unseen.came)), first_season=pl.lit(seasons[0]), last_season=pl.lit(seasons[-1])
    )


def _best_of(unseen: _Unseen) -> str:
    error = {name: float(np.abs(unseen.came - unseen.forecasts[name]).mean()) for name in MAY_SHIP}
    return min(error, key=lambda name: error[name])


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    asof.compact(frame).write_parquet(buffer, compression="zstd", statistics=False)
    return buffer.getvalue()
