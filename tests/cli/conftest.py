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
from tests.conftest import unpainted


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@contextmanager
def forgotten() -> Iterator[list[Path | None]]:
    """Dagster keeps the history of runs in memory, where on disk it takes half of a small run's time, and no
    picture is painted. Where the histories would have been kept, in the order of the runs."""
    homes: list[Path | None] = []

    def instance_in(home: Path | None) -> dg.DagsterInstance:
        homes.append(home)
        return dg.DagsterInstance.ephemeral()

    with pytest.MonkeyPatch.context() as patch, unpainted():
        patch.setattr(launch, "instance_in", instance_in)
        yield homes


@pytest.fixture(scope="module", autouse=True)
def homes() -> Iterator[list[Path | None]]:
    """No history on disk: where it would have been kept. No picture, but for who asks for `painted`."""
    with forgotten() as asked_for:
        yield asked_for


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
