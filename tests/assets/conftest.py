"""A tiny sample league and a lake that was made of it, once for all tests of the assets."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from upath import UPath

from assets import formula1, launch
from definitions import build_defs
from formguide.formula1.sample import write_sample
from formguide.lake import Lake
from resources import LakeResource, WatchedFolders
from tests.conftest import painting, unpainted

SEASONS = (2023, 2024)


@dataclass
class House:
    """The platform over one lake and one folder, with an instance that is forgotten."""

    root: Path
    folder: Path
    instance: dg.DagsterInstance

    @property
    def lake(self) -> Lake:
        return Lake(UPath(self.root))

    @property
    def definitions(self) -> dg.Definitions:
        return build_defs(
            {
                "lake": LakeResource(root=str(self.root)),
                "watched": WatchedFolders(folders=[str(self.folder)]),
            },
            loggers={"test": launch.told_to(lambda *_: None)},
        )

    def run(
        self, seasons: Sequence[int] = SEASONS, selection: dg.AssetSelection = formula1.SEASON_CHAIN
    ) -> dict[str, dict[str, object]]:
        """Materialises a selection; what was said of each asset, by its name."""
        return launch.materialise(self.definitions, selection, self.instance, seasons)

    def said_of(self, *asset: str, partition: str | None = None) -> dict[str, object]:
        """What was said of an asset or one of its partitions when it was last made here."""
        asked = dg.AssetRecordsFilter(
            asset_key=dg.AssetKey(asset), asset_partitions=None if partition is None else [partition]
        )
        (record,) = self.instance.fetch_materializations(asked, limit=1).records
        assert record.asset_materialization is not None
        return {name: value.value for name, value in record.asset_materialization.metadata.items()}

    def checked(self, selection: dg.AssetSelection) -> dict[tuple[str, str], bool]:
        """What the latest check of each kind found that was run here: (asset, check) to whether it passed."""
        graph = self.definitions.resolve_asset_graph()
        keys = [key for key in graph.asset_check_keys if key.asset_key in selection.resolve(graph)]
        found = self.instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
        return {
            (key.asset_key.path[-1], key.name): record.event.dagster_event.asset_check_evaluation_data.passed
            for key, record in found.items()
            if record.event is not None and record.event.dagster_event is not None
        }


@pytest.fixture(scope="module", autouse=True)
def pictures_unpainted() -> Iterator[None]:
    """Nothing is painted here, but for who asks for `painted`."""
    with unpainted():
        yield


@pytest.fixture(scope="session")
def league(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seasons of six races; of the last, four have been run."""
    folder = tmp_path_factory.mktemp("league") / "files"
    write_sample(folder, seed=5, seasons=2, races=6, rounds_run=4, first_season=SEASONS[0])
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, league: Path) -> Iterator[House]:
    """The league taken all the way, with its pictures; tests that change it work on a copy."""
    root = tmp_path_factory.mktemp("made")
    with dg.DagsterInstance.ephemeral() as instance:
        house = House(root / "lake", league, instance)
        with painting():
            house.run()
        yield house


@pytest.fixture
def house(tmp_path: Path, made: House) -> Iterator[House]:
    """A copy of the made lake and of its files, to be changed; Dagster remembers nothing of it."""
    shutil.copytree(made.root, tmp_path / "lake")
    shutil.copytree(made.folder, tmp_path / "files")
    with dg.DagsterInstance.ephemeral() as instance:
        yield House(tmp_path / "lake", tmp_path / "files", instance)


@pytest.fixture
def race_file(house: House) -> Callable[[int, int, str], Path]:
    """`race_file(2024, 4, "race-results")` is that file of the house's folder."""

    def of(season: int, number: int, what: str) -> Path:
        (race,) = (house.folder / "f1db" / "seasons" / str(season) / "races").glob(f"{number:02}-*")
        return race / f"{what}.yml"

    return of
