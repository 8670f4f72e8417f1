"""The forecasters of a season's peak, fitted together on what was known on a day.

    last, best      the last peak of the event under the label; the best so far
    linear          a regression on last, best, trend, depth and age
    regression      a regression on everything in `features`
    trees           boosted trees on the same
    blend           the mean of the last two
    lstm            the hierarchical LSTM: marks, seasons, events
    ensemble        the mean of regression, trees and LSTM

All are fitted on both genders together and know the gender: women's events are too few to learn the shape of
a career from alone, and men gain too (`lstm_by_gender` trains a network for each, as the reference does). All
say by how much the next peak is better than the last one, in percent of log speed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide import asof
from formguide.track import hierarchical_lstm, regression, trees
from formguide.track.features import Features, population, targets, window_features
from formguide.track.hierarchical_lstm import FittedLstm, LstmSettings
from formguide.track.regression import FULL, LINEAR, Regression
from formguide.track.sequences import SeasonSequences
from formguide.track.tables import GENDERS
from formguide.track.trees import Trees, TreeSettings
from formguide.track.windows import window_arrays

Floats = NDArray[np.float64]

FORECASTERS = ("last", "best", "linear", "regression", "trees", "blend", "lstm", "ensemble")
MAY_SHIP = ("linear", "regression", "trees", "blend", "lstm", "ensemble")
"""Of these the one with the least error on the validation seasons is the default."""
WITHOUT_NETWORK = ("linear", "regression", "trees", "blend")
"""The same where there was too little to train a network on."""

BOTH = "both"

_TOLD = ("women",)
"""Which features the network is told besides the marks and what it makes of the windows itself."""

_LSTM = LstmSettings(hid_season=32, hid_across=32, dropout=0.2)
"""Half the reference's width: a few thousand windows fill no more."""


@dataclass(frozen=True)
class PeakSettings:
    """How a model is fitted. folds: seasons (years) at the end of the training data that are forecast unseen;
    least_windows: fewer training windows than this are too few, and times `lstm_needs` too few for a network,
    which is left out then; seed: of the trees (the network has its own); lstm_by_gender: a network for each
    gender instead of one for both."""

    folds: int = 3
    least_windows: int = 60
    lstm_needs: int = 5
    lstm_by_gender: bool = False
    seed: int = 0
    trees: TreeSettings = field(default_factory=TreeSettings)
    lstm: LstmSettings = _LSTM

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> PeakSettings:
        """What `dataclasses.asdict` said."""
        parts = {"trees": TreeSettings(**said["trees"]), "lstm": LstmSettings(**said["lstm"])}
        return cls(**{**said, **parts})


@dataclass(frozen=True)
class Forecasters:
    """Fitted forecasters. population: what `features` compares with; lstm: for "both" genders or for each,
    where there was enough to train it on."""

    population: pl.DataFrame
    linear: Regression
    regression: Regression
    trees: Trees
    lstm: Mapping[str, FittedLstm]

    def features(self, windows: pl.DataFrame, performances: pl.DataFrame) -> Features:
        """The features of windows, as these forecasters compare them with their population."""
        return window_features(windows, performances, self.population)

    def improvements(
        self, windows: pl.DataFrame, found: Features, sequences: SeasonSequences
    ) -> dict[str, Floats]:
        """What each says of windows, [n], whose `features` are `found` and whose sequences are at hand."""
        line, tree = self.regression.predict(found), self.trees.predict(found)
        network = self._networks(windows, found, sequences, line)
        return {
            "last": np.zeros(len(found.values)),
            "best": found.columns("best")[:, 0],
            "linear": self.linear.predict(found),
            "regression": line,
            "trees": tree,
            "blend": (line + tree) / 2,
            "lstm": network,
            "ensemble": (line + tree + network) / 3,
        }

    def _networks(
        self, windows: pl.DataFrame, found: Features, sequences: SeasonSequences, otherwise: Floats
    ) -> Floats:
        """The networks' medians; where there is none, or an event has no head, what the regression says."""
        said = otherwise.copy()
        for name, network in sorted(self.lstm.items()):
            rows = np.flatnonzero(windows.select(_of(name)).to_series().to_numpy())
            if len(rows):
                arrays = window_arrays(windows[rows.tolist()], sequences, network.settings.seasons_back)
                medians = network.quantiles(arrays, features=found.columns(*_TOLD)[rows])[:, 1]
                said[rows] = np.where(np.isfinite(medians), medians, said[rows])
        return said

    def to_files(self) -> dict[str, bytes]:
        """JSON, Parquet, LightGBM's own text and safetensors. Loading them runs no code."""
        meta = {
            "linear": self.linear.as_json(),
            "regression": self.regression.as_json(),
            "tree_features": list(self.trees.names),
            "tree_seeds": len(self.trees.models),
            "lstm": sorted(self.lstm),
        }
        files = {"forecasters.json": as_json(meta), "population.parquet": as_parquet(self.population)}
        files |= {f"trees_{i}.txt": m.encode() for i, m in enumerate(self.trees.models)}
        for whose, network in self.lstm.items():
            files |= {f"lstm_{whose}_{name}": body for name, body in network.to_files().items()}
        return files

    @classmethod
    def of_files(cls, files: Mapping[str, bytes]) -> Forecasters:
        """What `to_files` gave."""
        meta = json.loads(files["forecasters.json"])
        networks = {}
        for whose in meta["lstm"]:
            start = f"lstm_{whose}_"
            own = {name.removeprefix(start): b for name, b in files.items() if name.startswith(start)}
            networks[whose] = FittedLstm.from_files(own)
        return cls(
            population=pl.read_parquet(io.BytesIO(files["population.parquet"])),
            linear=Regression.of_json(meta["linear"]),
            regression=Regression.of_json(meta["regression"]),
            trees=Trees(
                tuple(meta["tree_features"]),
                tuple(files[f"trees_{i}.txt"].decode() for i in range(meta["tree_seeds"])),
            ),
            lstm=networks,
        )


def fit(
    performances: pl.DataFrame, windows: pl.DataFrame, sequences: SeasonSequences, settings: PeakSettings
) -> Forecasters:
    """Fits every forecaster to windows of which it is known what came; all of it known on one day.

    The networks stop by the windows' last season and are then trained once more on all of them.
    """
    among = population(performances)
    found, came = window_features(windows, performances, among), targets(windows)
    return Forecasters(
        population=among,
        linear=regression.fit(found, came, LINEAR),
        regression=regression.fit(found, came, FULL),
        trees=trees.grow(found, came, settings.trees, settings.seed),
        lstm=_fit_networks(windows, found, sequences, settings),
    )


def _fit_networks(
    windows: pl.DataFrame, found: Features, sequences: SeasonSequences, settings: PeakSettings
) -> dict[str, FittedLstm]:
    networks = {}
    for whose in GENDERS if settings.lstm_by_gender else (BOTH,):
        rows = np.flatnonzero(windows.select(_of(whose)).to_series().to_numpy())
        own = windows[rows.tolist()]
        season = own["season"].to_numpy()
        last = season == season.max() if len(season) else season == 0
        enough = settings.least_windows * settings.lstm_needs
        if (~last).sum() < enough or not last.any():
            continue
        arrays = window_arrays(own, sequences, settings.lstm.seasons_back)
        networks[whose] = hierarchical_lstm.fit(
            arrays, ~last, last, settings.lstm, features=found.columns(*_TOLD)[rows]
        )
    return networks


def _of(whose: str) -> pl.Expr:
    """The windows that a network is for."""
    return (pl.col("gender").cast(pl.String) == whose) | pl.lit(whose == BOTH)


def as_json(value: Any) -> bytes:
    """JSON that is the same for the same value."""
    return json.dumps(value, indent=1, sort_keys=True).encode()


def as_parquet(frame: pl.DataFrame) -> bytes:
    """A frame's Parquet bytes, the same for the same frame."""
    buffer = io.BytesIO()
    asof.compact(frame).write_parquet(buffer, compression="zstd", statistics=False)
    return buffer.getvalue()
