"""The command as a person runs it: arguments in, exit code, stdout and stderr out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets import launch
from formguide.cli import main
from formguide.formula1.sample import write_sample


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]

INSTANCE_IN = launch.instance_in


@contextmanager
def forgotten() -> Iterator[None]:
    """Dagster keeps the history of runs in memory: on disk it takes half of a small run's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "instance_in", lambda _: dg.DagsterInstance.ephemeral())
        yield


@pytest.fixture(scope="module", autouse=True)
def history_in_memory() -> Iterator[None]:
    """No history on disk, but for who asks for `history_on_disk`."""
    with forgotten():
        yield


@pytest.fixture
def history_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The history where the command keeps it."""
    monkeypatch.setattr(launch, "instance_in", INSTANCE_IN)


@pytest.fixture
def formguide(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`formguide("run", "--sample")` runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Said:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return Said(code, told.out, told.err)

    return call


@pytest.fixture(scope="session")
def league(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seasons of six races; of the last, four have been run and the fifth has had its qualifying."""
    folder = tmp_path_factory.mktemp("league") / "files"
    write_sample(folder, seed=7, seasons=2, races=6, rounds_run=4, first_season=2023)
    return folder


@pytest.fixture(scope="session")
def made_lake(tmp_path_factory: pytest.TempPathFactory, league: Path) -> Path:
    """A lake that `formguide run --from` made of the league."""
    lake = tmp_path_factory.mktemp("made") / "lake"
    with forgotten():
        assert main(["run", "--from", str(league), "--lake", str(lake)]) == 0
    return lake


@pytest.fixture
def lake(tmp_path: Path, made_lake: Path) -> Path:
    """A copy of the made lake, to be changed."""
    return Path(shutil.copytree(made_lake, tmp_path / "lake", symlinks=True))


@pytest.fixture
def forecast(formguide: Command, lake: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """`forecast("--p-wet", 1)` asks for a forecast and returns the document that it wrote."""

    def ask(*arguments: object, output: Path = tmp_path / "answer.json") -> dict[str, Any]:
        said = formguide("forecast", "formula1", "--lake", lake, "--output", output, *arguments)
        assert said.code == 0, said.err
        document: dict[str, Any] = json.loads(output.read_text())
        return document

    return ask
