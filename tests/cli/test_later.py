"""Commands that are imported when they are called."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from formguide.cli import app
from formguide.cli.later import Later


def commands(group: click.Group) -> Iterator[Later]:
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from commands(command)
        else:
            assert isinstance(command, Later)
            yield command


@pytest.mark.parametrize("later", list(commands(app)), ids=lambda later: later._where)
def test_what_stands_for_a_command_says_what_the_command_says(later):
    itself = later.loaded()
    first = (itself.help or "").split("\n\n")[0].replace("\n", " ")

    assert (later.name, later.help) == (itself.name, first)


def imported_by(*words: str) -> set[str]:
    code = f"import sys; from formguide.cli import main; main({list(words)!r}); print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(said.stdout.splitlines()[-1].split())


def test_help_loads_no_library_and_a_forecast_no_other_sport():
    heavy = {"polars", "duckdb", "numba", "dagster", "dataframely", "formguide.lake"}

    assert not imported_by("--help") & heavy
    assert not imported_by("forecast", "--help") & heavy
    of_track = imported_by("forecast", "track", "--help")
    assert "formguide.track.asked" in of_track
    assert (
        not {f"formguide.{sport}" for sport in ("formula1", "baseball", "triathlon", "heartrate")} & of_track
    )
