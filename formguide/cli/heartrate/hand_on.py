"""`formguide heartrate export …` and `formguide heartrate demo`: what leaves the lake."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from formguide.cli.base import CommandError, LakeOption, err, open_lake, out

export_app = typer.Typer(
    no_args_is_help=True,
    help="Folders that are ready to be a Hugging Face repository: a model, or the workouts.",
)

OutOption = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="The folder to write: new, empty or ours.")
]
UploadOption = Annotated[
    str | None,
    typer.Option(
        "--upload", metavar="OWNER/NAME", help="Upload it as well; needs HF_TOKEN, and goes to HF_ENDPOINT."
    ),
]
PublicOption = Annotated[
    bool, typer.Option("--public", help="A repository that the upload makes is public; private otherwise.")
]

LicenceOption = Annotated[
    str | None,
    typer.Option(
        "--license",
        metavar="NAME",
        help="The licence of the workouts, for the card: cc-by-4.0, odbl, mit …",
        show_default="none is named, and the card says so; of the sample league mit",
    ),
]


@export_app.command()
def model(
    to: OutOption,
    user: Annotated[
        str | None,
        typer.Option("--user", help="This runner's own parameters.", show_default="what all have in common"),
    ] = None,
    licence: LicenceOption = None,
    upload: UploadOption = None,
    public: PublicOption = False,
    lake: LakeOption = None,
) -> None:
    """The model: parameters (safetensors), configuration, a card with the honest scores, a script to use."""
    from formguide.heartrate import export

    place, folder = open_lake(lake), to.expanduser().absolute()
    try:
        with err().status("[dim]fitting …[/dim]"):
            written = export.model(place, folder, user, licence_name=licence)
    except export.ExportError as error:
        raise CommandError(str(error)) from error
    _say(folder, written)
    _upload(folder, upload, "model", public)


@export_app.command()
def dataset(
    to: OutOption,
    names: Annotated[
        bool, typer.Option("--names", help="Keep the users' names; otherwise they get numbers.")
    ] = False,
    title: Annotated[str, typer.Option("--title", help="What its card is called.")] = "Heart rate in running",
    licence: LicenceOption = None,
    upload: UploadOption = None,
    public: PublicOption = False,
    lake: LakeOption = None,
) -> None:
    """The workouts: Parquet by month and a card; without coordinates and names of files."""
    from formguide.heartrate import export

    place, folder = open_lake(lake), to.expanduser().absolute()
    try:
        written = export.dataset(place, folder, pseudonyms=not names, title=title, licence_name=licence)
    except export.ExportError as error:
        raise CommandError(str(error)) from error
    _say(folder, written)
    _upload(folder, upload, "dataset", public)


def demo(
    model: Annotated[
        Path, typer.Option("--model", metavar="DIR", help="A folder of `export model`, for planned runs.")
    ],
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where it listens.")] = 7860,
    lake: LakeOption = None,
) -> None:
    """A page on this machine: look at the lake's workouts, try a prediction. Needs gradio (extra `demo`)."""
    from formguide.heartrate.demo import NoDemoError, serve

    try:
        serve(model.expanduser().absolute(), open_lake(lake), port)
    except NoDemoError as error:
        raise CommandError(str(error)) from error


def _say(folder: Path, written: Sequence[Path]) -> None:
    size = sum(path.stat().st_size for path in written)
    out().print(f"{folder}  [dim]{len(written)} files, {size / 1e6:.2f} MB[/dim]", soft_wrap=True)


def _upload(folder: Path, repository: str | None, kind: str, public: bool) -> None:
    if repository is None:
        return
    from formguide.heartrate import publishing

    try:
        with err().status("[dim]uploading …[/dim]"):
            address = publishing.upload(
                folder, repository, "model" if kind == "model" else "dataset", private=not public
            )
    except publishing.PublishError as error:
        raise CommandError(str(error)) from error
    out().print(address, soft_wrap=True)
