"""`formguide track import-checkpoint`: a network that FlightPhase saved, and the marks beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from upath import UPath

from formguide import files
from formguide.cli.base import CommandError, LakeOption, open_lake, out
from formguide.lake import Lake
from formguide.track import imported
from formguide.track.checkpoint import CheckpointError, checkpoints_in
from formguide.track.folders import MARKS_CSV, read_folder
from formguide.track.hierarchical_lstm import FittedLstm
from formguide.track.tables import SPORT

track_app = typer.Typer(no_args_is_help=True, help="Track and field: networks that others have trained.")

HELD = "imported"
"""The inbox's folder for marks that came with a checkpoint."""

_LEFT = (
    "It was trained on seasons with zeros before their first mark, of which it read as many steps from the "
    "front as there are marks: of up to 16 marks it sees zeros only. It is fed the same way here."
)


@track_app.callback()
def _track() -> None:
    """Keeps `import-checkpoint` a command of its own name while there is no other."""


@track_app.command("import-checkpoint")
def import_checkpoint(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="A folder with model.pth and meta.json, such as Men/, or one that holds several of them.",
        ),
    ],
    lake: LakeOption = None,
) -> None:
    """Take in networks that FlightPhase saved, and the CSV marks beside them.

    Only tensors are read from model.pth, and nothing in it is run. Tables of marks (CSV) are put into the
    lake's inbox; a pickled .npy is refused, because loading it could run code: save it as CSV. Afterwards
    `formguide forecast track --imported` asks the network.
    """
    place, console = open_lake(lake), out()
    try:
        found = checkpoints_in(folder)
        for checkpoint in found:
            network, written = imported.import_checkpoint(place, checkpoint)
            state = "kept in the lake" if written.changed else "in the lake already"
            console.print(f"[bold]{checkpoint}[/bold]: {_told(network)}; {state}.", soft_wrap=True)
            if unknown := network.about["events_unknown"]:
                console.print(f"  Not known here, and never asked: {', '.join(unknown)}.", soft_wrap=True)
    except CheckpointError as error:
        raise CommandError(str(error)) from error
    console.print(_LEFT, soft_wrap=True)
    _take_marks(place, folder)


def _told(network: FittedLstm) -> str:
    about, settings = network.about, network.settings
    stated = about["stated"].get("val_L1_z")
    said = f", an error of {stated:.3g} standard deviations by its own account" if stated else ""
    return (
        f"{about['gender']}, {len(network.events)} events, {settings.head} heads, labels "
        f"{', '.join(about['vocabulary']).lower()}{said}"
    )


def _take_marks(lake: Lake, folder: Path) -> None:
    """Puts the tables of marks of a folder into the inbox, and names what is refused."""
    console, notes = out(), list[str]()
    tables = read_folder(folder, notes)[MARKS_CSV]
    for path, body in tables.items():
        files.put(UPath(lake.inbox(SPORT)) / HELD / path, body)
    for note in notes:
        name = note.partition(":")[0]
        if name.endswith((".csv", ".npy", ".pkl", ".pickle")):
            console.print(f"[yellow]passed over:[/yellow] {note}", soft_wrap=True)
    if tables:
        many = "1 table" if len(tables) == 1 else f"{len(tables)} tables"
        console.print(f"{many} of marks put into {lake.inbox(SPORT) / HELD}. Next: formguide run track")
