"""A lake with an inbox, and a sensor that is asked by hand at a time of the test's choosing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from upath import UPath

from formguide.formula1 import incremental
from formguide.formula1.sample import write_sample
from formguide.lake import Lake
from resources import LakeResource, WatchedFolders
from sensors.formula1 import formula1_files


@dataclass
class Watch:
    """The files sensor over a lake's inbox and one folder; it remembers its cursor as the daemon would."""

    lake: Lake
    folder: Path
    instance: dg.DagsterInstance
    monkeypatch: pytest.MonkeyPatch
    sensor: dg.SensorDefinition = formula1_files
    make_source_files: Callable[..., object] = incremental.make_source_files
    cursor: str | None = None

    @property
    def inbox(self) -> Path:
        return self.lake.inbox(self.sensor.name.removesuffix("_files"))

    def tick(self, seconds_later: float = 60.0) -> dg.SensorResult | dg.SkipReason:
        """What the sensor says when it looks, some time after the last change."""
        now = time.time() + seconds_later
        self.monkeypatch.setattr("sensors.files.time.time", lambda: now)
        resources = {
            "lake": LakeResource(root=str(self.lake.root)),
            "watched": WatchedFolders(folders=[str(self.folder)]),
        }
        with dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources=resources
        ) as context:
            result = self.sensor(context)
        assert isinstance(result, dg.SensorResult | dg.SkipReason)
        if isinstance(result, dg.SensorResult):
            self.cursor = result.cursor
        return result

    def asked(self, seconds_later: float = 60.0) -> list[dg.RunRequest]:
        """The runs that a tick asks for."""
        result = self.tick(seconds_later)
        return list(result.run_requests or []) if isinstance(result, dg.SensorResult) else []

    def take_in(self, *seasons: int) -> None:
        """What the run that was asked for does first."""
        self.make_source_files(self.lake, seasons, [self.inbox, self.folder])


@pytest.fixture(scope="session")
def league(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seasons of four races, as files."""
    folder = tmp_path_factory.mktemp("league") / "files"
    write_sample(folder, seed=2, seasons=2, races=4, rounds_run=2, first_season=2023)
    return folder


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    (tmp_path / "watched").mkdir()
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watch(Lake(UPath(tmp_path / "lake")), tmp_path / "watched", instance, monkeypatch)
