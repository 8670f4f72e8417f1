"""What every command shares: its errors, where the lake is, and how it speaks."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import typer
from rich.console import Console
from typer.core import TyperGroup

from formguide.plain import PlainError

if TYPE_CHECKING:
    from formguide.lake import Lake

LAKE = "FORMGUIDE_LAKE"
WATCH = "FORMGUIDE_WATCH"
LOG = logging.getLogger("formguide")


class CommandError(PlainError, RuntimeError):
    """What keeps a command from doing what it was asked; the message is one line that says what to do."""


class UsageError(CommandError):
    """The command was asked something that it cannot mean."""


class Sport(StrEnum):
    """The sports there are."""

    formula1 = "formula1"
    baseball = "baseball"
    track = "track"
    triathlon = "triathlon"
    heartrate = "heartrate"


class BySport(TyperGroup):
    """A command with options of its own for each sport: `formguide backtest baseball --seeds 3`. Without a
    sport it speaks of the first that there is."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the first sport where none is named."""
        asks_for_help = bool(args) and args[0] in ctx.help_option_names
        if not asks_for_help and (not args or args[0].startswith("-")):
            args = [next(iter(Sport)).value, *args]
        return super().parse_args(ctx, args)


LakeOption = Annotated[
    Path | None,
    typer.Option(
        "--lake",
        envvar=LAKE,
        help="The folder that holds everything Formguide makes. Two lakes know nothing of each other.",
        show_default="data/lake beside the project",
    ),
]
SeasonsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--seasons",
        metavar="SEASONS",
        help="Only these seasons: 2024, 2023-2025, 2021,2023-2024 or 2023 2024; of heart rate also months: "
        "202103, 202103-202105.",
    ),
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Write a log of everything that happens (see --log-file).")
]
LogFileOption = Annotated[
    Path | None,
    typer.Option("--log-file", help="Where --verbose writes to.", show_default="formguide.log in the lake"),
]


def out() -> Console:
    """Where answers go; into a file or a pipe they are as wide as a wide terminal."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def err() -> Console:
    """Where progress and errors go."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def project_root() -> Path:
    """The folder that the platform's code is in."""
    found = find_spec("definitions")
    if found is None or found.origin is None:
        raise CommandError(
            "the platform is not installed beside the library: run pip install -e . in the project"
        )
    return Path(found.origin).resolve().parent


def open_lake(chosen: Path | None) -> Lake:
    """The lake that was chosen, or the project's own. Everything started from here uses the same one."""
    from upath import UPath  # not for --help, like the lake, which brings polars along

    from formguide.lake import Lake

    root = str(chosen) if chosen else str(project_root() / "data" / "lake")
    if "://" not in root:
        place = Path(root).expanduser().absolute()
        if place.exists() and not place.is_dir():
            raise CommandError(f"{place} is a file: a lake is a folder")
        root = str(place)
    os.environ[LAKE] = root
    return Lake(UPath(root))


def dagster_home(lake: Lake, chosen: Path | None) -> Path:
    """Where Dagster keeps the history of a lake: the project's own for the project's lake, else inside the
    lake."""
    if os.environ.get("DAGSTER_HOME"):
        return Path(os.environ["DAGSTER_HOME"]).absolute()
    if chosen is None:
        return project_root() / "data" / "dagster"
    return Path(str(lake.root)) / ".dagster"


def keep_log(lake: Lake, verbose: bool, chosen: Path | None) -> None:
    """Has everything that happens from here on written to a file, if that was asked for."""
    if not verbose and chosen is None:
        return
    path = (chosen or Path(str(lake.root)) / "formguide.log").expanduser().absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    LOG.addHandler(handler)
    LOG.setLevel(logging.DEBUG)
    err().print(f"[dim]logging to {path}[/dim]")


def parse_seasons(words: Sequence[str] | None) -> set[int] | None:
    """The seasons of `2024`, `2023-2025` or `2021,2023-2024`, one below the other; None for all. Raises
    `UsageError`."""
    if not words:
        return None
    text = ",".join(words)
    seasons: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise UsageError(f"--seasons {text!r}: write 2024, 2023-2025 or 2021,2023-2024")
        wanted = range(int(first), int(last or first) + 1)
        if not wanted:
            raise UsageError(f"--seasons {text!r}: {first} is after {last}")
        # A month is written 202103, and there are more of those.
        if len(wanted) > (200 if wanted[-1] < 10_000 else 20_000):
            raise UsageError(f"--seasons {text!r}: that is {len(wanted)} seasons")
        there = {season for season in wanted if season < 10_000 or 1 <= season % 100 <= 12}
        if not {wanted[0], wanted[-1]} <= there:
            raise UsageError(f"--seasons {text!r}: a year has the months 01 to 12")
        seasons |= there
    return seasons
