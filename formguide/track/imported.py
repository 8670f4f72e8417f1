"""A network that somebody else trained, in the place of the lake's own model: the same question, its answer.

The lake keeps it as `track/imported_lstm`, by gender. It forecasts what it was trained for: an event that it
has a head for, from the last four seasons of the event's family.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from formguide.asof import fingerprint
from formguide.lake import Lake, LakeError, Written
from formguide.model_files import ModelFileError
from formguide.track.asked import NoForecast
from formguide.track.checkpoint import ASSET, META, MODEL, read_checkpoint
from formguide.track.hierarchical_lstm import FittedLstm
from formguide.track.lstm_settings import LstmSettings
from formguide.track.sequences import SeasonSequences, season_sequences
from formguide.track.tables import SPORT
from formguide.track.windows import window_arrays


@dataclass(frozen=True)
class ImportedModel:
    """An imported network that is asked like the lake's own model."""

    network: FittedLstm

    @property
    def name(self) -> str:
        """What its forecasts are signed with."""
        named = self.network.about.get("stated", {}).get("model_name") or "network"
        return f"imported {named}, padded {self.network.about['padding']}"

    @property
    def lstm(self) -> LstmSettings:
        """How many marks and seasons back it reads."""
        return self.network.settings

    def forecast(
        self, windows: pl.DataFrame, performances: pl.DataFrame, sequences: SeasonSequences | None = None
    ) -> pl.DataFrame:
        """The windows in their order with `last`, `best`, `low`, `median`, `high` and `model`.

        performances: the athletes' marks, from which the sequences are made where they are not given; the
        windows say which of them are known. Raises `NoForecast` for an event that it has no head for.
        """
        marks = sequences or season_sequences(performances)
        arrays = window_arrays(windows, marks, self.network.settings.seasons_back)
        made = self.network.peaks(arrays)
        if (lacking := ~np.isfinite(made[:, 1])).any():
            event = windows["event"].filter(pl.Series(lacking))[0]
            raise NoForecast(
                f"the imported network knows no {event}; it knows {', '.join(self.network.events)}"
            )
        return windows.with_columns(
            *(pl.Series(name, made[:, i]) for i, name in enumerate(("low", "median", "high"))),
            last="last_peak",
            best="best_peak",
            linear=pl.lit(None, pl.Float64),
            model=pl.lit(self.name),
        )


def import_checkpoint(lake: Lake, folder: Path) -> tuple[FittedLstm, Written]:
    """Reads a checkpoint's folder and keeps it in the lake; raises `CheckpointError`."""
    network = read_checkpoint(folder)
    said = fingerprint((folder / MODEL).read_bytes(), (folder / META).read_bytes())
    where = f"gender={network.about['gender']}"
    return network, lake.write_bytes(SPORT, ASSET, where, network.to_files(), made_from=said)


def imported_model(lake: Lake, gender: str) -> ImportedModel:
    """The network imported for a gender; raises `LakeError` if there is none or it is damaged."""
    if lake.manifest(SPORT, ASSET, f"gender={gender}") is None:
        raise LakeError(
            f"{lake.root} has no imported network for {gender}: formguide track import-checkpoint DIR"
        )
    try:
        return ImportedModel(FittedLstm.from_files(lake.read_bytes(SPORT, ASSET, f"gender={gender}")))
    except ModelFileError as error:
        raise LakeError(f"the imported network for {gender}: {error}") from error
