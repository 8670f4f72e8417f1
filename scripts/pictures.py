"""The pictures of the README, drawn anew: asset graphs, forecasts, and how calibrated forecasts were.

    python -m scripts.pictures [--out docs] [--from FOLDER] [--only asset_graph_track forecast calibration …]

The forecast is the sample league's. So is the calibration, unless FOLDER names a folder of real race
weekends (laid out as f1db's): then it is of the last three seasons in it. A picture holds counts and
frequencies, no records. The same inputs give the same bytes with the same matplotlib.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from formguide import scoring
from formguide.cli.base import Sport
from formguide.formula1 import backtest, conditions, figures, forecast, results, strengths
from formguide.formula1.incremental import CONDITION_INPUTS
from formguide.formula1.sample import write_sample
from formguide.formula1.scenarios import MIXED
from formguide.formula1.settings import ForecastSettings
from formguide.formula1.weekends import Weekend, build_weekends
from formguide.heartrate import personal
from formguide.heartrate import pictures as heart_rate
from formguide.heartrate.sample.population import generate
from formguide.heartrate.shown import Shown
from scripts.asset_graph import asset_graph
from scripts.canvas import DEEP, GREY, INK, LIGHT, PALE, STYLE, WARM, figure

# -- one forecast ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class League:
    """A league's races and everything that was forecast of its last three seasons."""

    name: str
    weekends: list[Weekend]
    tables: Mapping[str, pl.DataFrame]
    forecasts: pl.DataFrame


def league(folder: Path, name: str) -> League:
    """Walks forward through the files of a folder."""
    files = results.read_folder(folder)
    seasons = [results.build_season(s, files).tables for s in sorted(results.seasons_of(files))]
    tables = {key: pl.concat([s[key] for s in seasons]) for key in seasons[0]}
    tables["race_conditions"] = conditions.race_conditions(*(tables[key] for key in CONDITION_INPUTS))
    weekends, settings = build_weekends(tables), ForecastSettings()
    last = sorted({w.season for w in weekends if w.race is not None})[-3:]
    points = strengths.run_forward(weekends, settings).checkpoints
    made = forecast.forecast_races(weekends, points, tables["race_conditions"], settings, seasons=last)
    return League(name, [w for w in weekends if w.season in last], tables, made.table)


def one_race(of: League) -> Figure:
    """The next race: where everybody may finish, and the chances to win and to be on the podium."""
    race = figures.next_race(of.forecasts, of.tables["race_calendar"], of.tables["race_results"])
    if race is None:
        raise SystemExit("there is no race to draw")
    rows = figures.latest(of.forecasts, race)
    table = figures.forecast_table(rows)
    weekend = next(w for w in of.weekends if w.race_id == race)
    made = figure(10.0, 0.27 * rows.height + 1.35)
    places, chances = made.subplots(1, 2, width_ratios=[2.3, 1], sharey=True)
    grid = np.array(rows["position_probs"].to_list())
    colors = mpl.colors.LinearSegmentedColormap.from_list("ours", ["#ffffff", LIGHT, DEEP, "#0b2a45"])
    places.imshow(grid, aspect="auto", cmap=colors, vmin=0.0)
    for (i, j), p in np.ndenumerate(grid):
        if p >= 0.095:
            shade = "white" if p > 0.42 * grid.max() else INK
            places.text(j, i, f"{100 * p:.0f}", ha="center", va="center", fontsize=8.5, color=shade)
    names = [f"{d}  {g:.0f}" for d, g in table.select("driver", "grid").iter_rows()]
    places.set_yticks(range(len(names)), names, color=INK)
    places.set_xticks(range(grid.shape[1]), [str(j + 1) for j in range(grid.shape[1])])
    places.tick_params(length=0)
    places.set_xlabel("finishing position, chance in %  (beside the name: place on the grid)")
    places.spines[:].set_visible(False)
    moment = str(rows["moment"][0]).replace("_", " ").replace("on grid", "with the grid known")
    places.set_title(f"{weekend.race_name} {weekend.season}, {moment}  ({of.name})")
    at = np.arange(rows.height)
    chances.barh(at, 100 * table["podium"].to_numpy(), color=LIGHT, height=0.72, label="podium")
    chances.barh(at, 100 * table["win"].to_numpy(), color=DEEP, height=0.72, label="win")
    for i, (win, podium) in enumerate(table.select("win", "podium").iter_rows()):
        if podium >= 0.01:
            chances.text(
                100 * podium + 1.5, i, f"{100 * win:.0f} / {100 * podium:.0f} %", va="center", fontsize=9
            )
    chances.set_xlim(0, 100)
    chances.set_xlabel("chance, %")
    chances.tick_params(axis="y", length=0)
    chances.legend(loc="lower right", frameon=False)
    chances.spines["left"].set_visible(False)
    return made


# -- calibration -----------------------------------------------------------------------------------


def calibration(of: League) -> Figure:
    """Where real positions fell in their forecast distributions, and how often what was forecast happened."""
    run = [w for w in of.weekends if w.race is not None]
    made = figure(10.0, 4.3)
    left, right = made.subplots(1, 2, width_ratios=[1.15, 1])
    draw_pit(left, of, run)
    draw_reliability(right, of, run)
    span = f"{run[0].season} to {run[-1].season}, round {run[-1].round}"
    made.suptitle(
        f"{of.name}, {span}: {len(run)} races; bars: two standard errors; dashed: perfect",
        x=0.01,
        ha="left",
        fontsize=11,
        color=GREY,
    )
    return made


def draw_pit(axes: Axes, of: League, run: Sequence[Weekend], bins: int = 10) -> None:
    """Flat if calibrated; the errors are over races, since one race's positions depend on each other."""
    for moment, shift, color, label in (
        ("before_weekend", -0.02, LIGHT, "before the weekend"), ("on_grid", 0.02, DEEP, "on the grid"),
    ):  # fmt: skip
        values = [v for w in run if len(v := backtest.pit_values([w], of.forecasts, moment))]
        shares = 100 * np.array([scoring.pit_histogram(v, bins) for v in values])
        error = shares.std(axis=0, ddof=1) / np.sqrt(len(shares))
        u = np.concatenate(values)
        inside = 100 * np.mean((u >= 0.1) & (u <= 0.9))
        at = (np.arange(bins) + 0.5) / bins + shift
        axes.bar(at, shares.mean(axis=0), width=0.036, color=color, label=f"{label}: {inside:.0f} %")
        axes.errorbar(at, shares.mean(axis=0), 2 * error, fmt="none", ecolor=GREY, elinewidth=1, capsize=2)
    axes.axhline(100 / bins, color=INK, lw=1, ls="--")
    axes.axvspan(0.1, 0.9, color=PALE, alpha=0.5, lw=0, zorder=0)
    axes.set_ylim(0, 100 / bins * 1.75)
    axes.set_xticks([0, 0.1, 0.25, 0.5, 0.75, 0.9, 1], ["better", "10", "25", "50", "75", "90", "worse"])
    axes.set_xlabel("percentile of the forecast at which a driver finished")
    axes.set_ylabel("share of drivers, %")
    axes.set_title("Where drivers finished in their forecasts")
    axes.legend(
        frameon=False, loc="upper center", ncols=2, fontsize=9.5, title_fontsize=9.5,
        title="share within the 80 % interval (shaded)",
    )  # fmt: skip


def draw_reliability(axes: Axes, of: League, run: Sequence[Weekend]) -> None:
    """Forecast chances on the grid beside frequencies; a dot where at least ten forecasts were made."""
    here = of.forecasts.filter((pl.col("scenario") == MIXED) & (pl.col("moment") == "on_grid"))
    order = [
        (w.race_id, d, place)
        for w in run
        if w.race is not None
        for place, d in enumerate((w.race.drivers[i] for i in np.flatnonzero(w.race.started)), start=1)
    ]
    placed = pl.DataFrame(order, schema=["race_id", "driver_id", "place"], orient="row")
    seen = here.join(placed, on=["race_id", "driver_id"])
    axes.plot([0, 100], [0, 100], color=INK, lw=1, ls="--")
    for column, first, bins, color, marker in (
        ("p_points", 10, 10, LIGHT, "s"), ("p_podium", 3, 10, DEEP, "o"), ("p_win", 1, 5, WARM, "^"),
    ):  # fmt: skip
        found = scoring.reliability(seen[column].to_numpy(), (seen["place"] <= first).to_numpy(), bins)
        many = found.n >= 10
        spread = 200 * found.standard_error[many]
        axes.errorbar(
            100 * found.forecast[many], 100 * found.frequency[many], spread, color=color, fmt=f"{marker}-",
            lw=1.3, ms=6, elinewidth=1, capsize=2, label=column.removeprefix("p_"),
        )  # fmt: skip
    axes.set(xlim=(-2, 102), ylim=(-2, 102), xlabel="forecast chance, %", ylabel="how often it happened, %")
    axes.set_title("Chances on the grid, and what came")
    axes.legend(frameon=False, loc="upper left")


# -- a run ---------------------------------------------------------------------------------------


def one_run(earlier: int = 14, seed: int = 8) -> bytes:
    """A run of a runner of heart rate's sample, forecast from the earlier ones, and what was measured."""
    *past, run = generate(1, earlier + 1, seed).runs
    curve = personal.forecast_run(run.inputs, past)
    return heart_rate.forecast(Shown(run.inputs, run.heart_rate_bpm, curve))


def save(made: Figure | bytes, path: Path) -> None:
    """Writes a PNG without a date or a version in it."""
    if isinstance(made, bytes):
        path.write_bytes(made)
    else:
        made.savefig(path, metadata={"Software": None})
    print(f"{path}: {path.stat().st_size / 1024:.0f} KiB")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "docs")
    parser.add_argument("--from", dest="folder", type=Path, help="real race weekends, for the calibration")
    graphs = {f"asset_graph_{sport.value}": sport.value for sport in Sport}
    names = (*graphs, "forecast", "calibration", "heart_rate")
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    mpl.rcParams.update(STYLE)

    @cache
    def sample() -> League:
        with tempfile.TemporaryDirectory() as scratch:
            write_sample(Path(scratch))
            return league(Path(scratch), "sample league")

    def assets(sport: str) -> Figure:
        from definitions import defs

        return asset_graph(defs, sport)

    draw: dict[str, Callable[[], Figure | bytes]] = {
        **{name: partial(assets, sport) for name, sport in graphs.items()},
        "forecast": lambda: one_race(sample()),
        "calibration": lambda: calibration(league(args.folder, "Formula 1") if args.folder else sample()),
        "heart_rate": one_run,
    }
    for name in args.only:
        save(draw[name](), args.out / f"{name}.png")


if __name__ == "__main__":
    main()
