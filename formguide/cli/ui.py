"""`formguide ui`: Dagster's own interface over the lake."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from formguide.cli.base import CommandError, LakeOption, Sport, dagster_home, err, open_lake, project_root


def ui(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where the browser finds it.")] = 3000,
    host: Annotated[str, typer.Option("--host", help="Which address it listens on.")] = "127.0.0.1",
    lake: LakeOption = None,
) -> None:
    """Open the Dagster UI: the asset graph, runs, checks, and the sensors that watch the inbox. Ctrl-C ends
    it."""
    place = open_lake(lake)
    home = dagster_home(place, lake)
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "dagster.yaml"
    if not settings.exists() or not settings.stat().st_size:
        shutil.copyfile(project_root() / "dagster.yaml", settings)
    inboxes = [place.inbox(sport) for sport in Sport]
    program = Path(sys.executable).with_name("dagster")
    if not program.exists():
        raise CommandError(
            "dagster is not installed beside this command: run pip install -e . in the project"
        )
    console = err()
    console.print(f"The UI is at http://{host}:{port} in some seconds; it reads {place.root}")
    console.print("Drop files into an inbox and watch them flow. Ctrl-C ends it.")
    for inbox in inboxes:
        console.print(f"  {inbox}")
    environment = os.environ | {
        "DAGSTER_HOME": str(home),
        "FORMGUIDE_LAKE": str(place.root),
        # Dagster would have `dg dev` used, which wants its own project layout.
        "PYTHONWARNINGS": "ignore:Function `dev_command` is superseded",
    }
    os.chdir(project_root())
    os.execve(program, [str(program), "dev", "--port", str(port), "--host", host], environment)
