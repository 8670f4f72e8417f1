"""How much each forecaster of track and field gains from more athletes: docs/track_learning_curve.png.

    python -m scripts.track_learning_curve --lake LAKE --season 2018

Fits every forecaster to an eighth, a quarter, half and all of the lake's athletes (those with the least hash
of their id, so that each share holds the smaller ones), on what was known when the season's first day came,
and forecasts that season's peaks of all of them. The season should be one of the training years: what is
learnt here may lead to decisions, and the last years are for scoring alone.
"""

from __future__ import annotations

import argparse
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl

from formguide.lake import Lake
from formguide.track import forecasters
from formguide.track.features import targets
from formguide.track.forecasters import FORECASTERS, PeakSettings
from formguide.track.issuing import performances
from formguide.track.peak_model import history
from formguide.track.tables import INDOOR, season_start

SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)
PICTURE = Path(__file__).parent.parent / "docs" / "track_learning_curve.png"
_LINES = {"last": ":", "best": ":", "linear": "--"}


def curve(known: pl.DataFrame, season: int, settings: PeakSettings | None = None) -> pl.DataFrame:
    """Mean absolute error, percent of log speed, by share of athletes and forecaster."""
    chosen = settings or PeakSettings()
    asked = history(known, date(season + 1, 1, 1)).windows.filter(pl.col("season") == season)
    came = targets(asked)
    before = history(known, season_start(season, INDOOR))
    everything = history(known, date(season + 1, 1, 1)).sequences
    rows = []
    for share in SHARES:
        ids = known["athlete_id"].unique().to_list()
        few = sorted(ids, key=lambda name: sha256(name.encode()).hexdigest())[: round(share * len(ids))]
        of_them = pl.col("athlete_id").is_in(few)
        windows = before.windows.filter(of_them)
        fitted = forecasters.fit(before.performances.filter(of_them), windows, before.sequences, chosen)
        said = fitted.improvements(asked, fitted.features(asked, known), everything)
        athletes = windows["athlete_id"].n_unique()
        rows += [
            {
                "athletes": athletes,
                "windows": windows.height,
                "forecaster": name,
                "mae_pct": float(np.abs(came - said[name]).mean()),
                "n": len(came),
            }
            for name in FORECASTERS
        ]
        print(f"{athletes} athletes, {windows.height} seasons", flush=True)
    return pl.DataFrame(rows)


def draw(table: pl.DataFrame, season: int, path: Path) -> None:
    """The curve as a picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for name in FORECASTERS:
        line = table.filter(pl.col("forecaster") == name)
        axes.plot(
            line["athletes"], line["mae_pct"], _LINES.get(name, "-"), marker="o", markersize=3, label=name
        )
    axes.set_xscale("log")
    axes.set_xticks(sorted(set(table["athletes"])), [str(n) for n in sorted(set(table["athletes"]))])
    axes.minorticks_off()
    axes.set_xlabel("athletes that the models were fitted to")
    axes.set_ylabel(f"mean absolute error of {season}'s peaks, %")
    axes.legend(frameon=False, fontsize=8, ncols=2)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Prints the table and draws the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--season", type=int, default=2018)
    parser.add_argument("--picture", type=Path, default=PICTURE)
    said = parser.parse_args()
    table = curve(performances(Lake(said.lake)), said.season)
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=140, tbl_hide_dataframe_shape=True):
        print(table.pivot(on="forecaster", index=["athletes", "windows", "n"], values="mae_pct"))
    draw(table, said.season, said.picture)


if __name__ == "__main__":
    main()
