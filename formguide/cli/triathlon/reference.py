"""`formguide triathlon reference`: what the reference's model makes of the lake, for comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from formguide.cli.base import CommandError, LakeOption, err, open_lake, out
from formguide.cli.screen import table
from formguide.triathlon.arrivals import SPORT
from formguide.triathlon.tables import DISTANCES, RaceResults

CSV_FILES = ("athlete_race.csv", "athlete_profile.csv", "cluster_assignments.csv")

triathlon_app = typer.Typer(no_args_is_help=True, help="What only triathlon has.")


@triathlon_app.callback()
def _group() -> None:
    """Keeps the command a word of its own."""


@triathlon_app.command()
def reference(
    to: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the CSV files go.")],
    csv: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="DIR", help=f"A folder with {', '.join(CSV_FILES)}.", show_default="the lake"
        ),
    ] = None,
    lake: LakeOption = None,
) -> None:
    """The reference's hierarchical model over all rows: effects, predictive checks and its CSV files.

    Legacy, for comparison: its profiles know the race that is predicted and later ones, and it is checked on
    the rows it was fitted to. No row of it is a forecast.
    """
    from formguide.triathlon import reference_model  # loads in a second: not for --help

    rows = _from_csv(csv.expanduser()) if csv else _from_lake(lake)
    outcome = {}
    for distance in DISTANCES:
        if rows.filter(pl.col("event_distance").cast(pl.String) == distance).height > 1:
            with err().status(f"[dim]{distance} …[/dim]"):
                outcome[distance] = reference_model.run(rows, distance)
    if not outcome:
        raise CommandError("there are no finishes over 70.3 or 140.6 to fit to")
    console = out()
    for distance, found in outcome.items():
        shown = found.effects.filter(~pl.col("parameter").is_in(["mu_age", "mu_cluster"]))
        table(
            console,
            f"{distance}: {found.posterior.n:,} finishes",
            shown.select("parameter", "level", "mean", "sd", "p2_5", "p97_5", "mean_sec"),
        )
        table(console, "posterior predictive checks, in sample", pl.DataFrame([found.checks]))
        console.print(found.posterior.converged().said)
    written = reference_model.write(outcome, to.expanduser())
    console.print(f"[dim]{reference_model.LABEL}[/dim]")
    for path in written:
        console.print(str(path), soft_wrap=True)


def _from_lake(lake: Path | None) -> pl.DataFrame:
    from formguide.triathlon import reference_model

    place = open_lake(lake)
    results = place.read_table(SPORT, RaceResults.name, None, RaceResults)
    if results.is_empty():
        raise CommandError("the lake holds no races: formguide run triathlon --sample, or --from PATH")
    return reference_model.from_results(results)


def _from_csv(folder: Path) -> pl.DataFrame:
    from formguide.triathlon import reference_model

    frames = []
    for name in CSV_FILES:
        path = folder / name
        if not path.is_file():
            raise CommandError(f"{path}: there is no such file")
        frames.append(pl.read_csv(path, infer_schema_length=None))
    try:
        return reference_model.prepare(*frames)
    except ValueError as error:
        raise CommandError(f"{folder}: {error}") from error
