"""After the run that the sensor asked for: what Dagster holds for new, for unchanged and for stale."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from upath import UPath

from assets import formula1, launch
from definitions import build_defs
from formguide.formula1.sample import write_sample
from formguide.lake import Lake
from resources import LakeResource, WatchedFolders
from sensors.formula1 import formula1_files

SEASONS = ("2022", "2023", "2024")
Partition = tuple[str, str]


@dataclass
class Platform:
    """The platform over one lake and one folder, as the sensor and the daemon would drive it."""

    lake: Lake
    folder: Path
    instance: dg.DagsterInstance
    cursor: str | None = None

    @cached_property
    def definitions(self) -> dg.Definitions:
        return build_defs(
            {
                "lake": LakeResource(root=str(self.lake.root)),
                "watched": WatchedFolders(folders=[str(self.folder)]),
            },
            loggers={"test": launch.told_to(lambda *_: None)},
        )

    def news(self) -> list[dg.RunRequest]:
        """Looks at the folder once it is quiet, and runs what the sensor asks for, as it asks for it."""
        resources = {
            "lake": LakeResource(root=str(self.lake.root)),
            "watched": WatchedFolders(folders=[str(self.folder)]),
        }
        with (
            pytest.MonkeyPatch.context() as patch,
            dg.build_sensor_context(
                instance=self.instance, cursor=self.cursor, resources=resources
            ) as context,
        ):
            later = time.time() + 60
            patch.setattr("sensors.files.time.time", lambda: later)
            result = formula1_files(context)
        if not isinstance(result, dg.SensorResult):
            return []
        self.cursor = result.cursor
        definitions, asked = self.definitions, list(result.run_requests or [])
        for request in asked:
            ran = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
                instance=self.instance,
                asset_selection=sorted(formula1.SEASON_CHAIN.resolve(definitions.resolve_asset_graph())),
                partition_key=request.partition_key,
                tags=request.tags,
            )
            assert ran.success
        return asked

    def chain(self) -> list[dg.AssetKey]:
        """The assets that share the season."""
        return sorted(formula1.SEASON_CHAIN.resolve(self.definitions.resolve_asset_graph()))

    def versions(self) -> dict[Partition, tuple[str, int]]:
        """Of every partition its data version and which report says so."""
        found = {}
        for key in self.chain():
            for season in SEASONS:
                wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[season])
                (record,) = self.instance.fetch_materializations(wanted, limit=1).records
                assert record.asset_materialization and record.asset_materialization.tags
                version = record.asset_materialization.tags["dagster/data_version"]
                found[key.path[-1], season] = (version, record.storage_id)
        return found

    def not_fresh(self) -> set[tuple[str, str, StaleStatus]]:
        """The partitions of the chain that the UI would mark."""
        resolver = CachingStaleStatusResolver(
            self.instance, self.definitions.resolve_asset_graph(), LoadingContextForTest(self.instance)
        )
        statuses = {
            (key, season): resolver.get_status(key, season) for key in self.chain() for season in SEASONS
        }
        return {
            (key.path[-1], season, status)
            for (key, season), status in statuses.items()
            if status is not StaleStatus.FRESH
        }


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Three seasons of four races, taken in by the sensor's own run; of the last, two races were run. Every
    test brings its own news."""
    tmp_path = tmp_path_factory.mktemp("platform")
    write_sample(tmp_path / "files", seed=2, seasons=3, races=4, rounds_run=2)
    with dg.DagsterInstance.ephemeral() as instance:
        made = Platform(Lake(UPath(tmp_path / "lake")), tmp_path / "files", instance)
        (request,) = made.news()
        assert request.tags["formguide/changed_seasons"] == ",".join(SEASONS)
        yield made


def swap_the_first_two(folder: Path, season: str, number: int) -> None:
    """Corrects a race's result."""
    (race,) = (folder / "f1db" / "seasons" / season / "races").glob(f"{number:02}-*")
    lines = (race / "race-results.yml").read_text().splitlines()
    for key in ("driverId:", "constructorId:"):
        first, second = [i for i, line in enumerate(lines) if key in line][:2]
        lines[first], lines[second] = lines[second], lines[first]
    (race / "race-results.yml").write_text("\n".join(lines) + "\n")


FELT = {"source_files", "race_results", "race_conditions", "strengths", "race_forecasts", "season_forecasts"}
"""What says something else once a race's result is corrected."""
LEANS = FELT - {"source_files", "race_results", "race_conditions"}
"""What of a later season does."""


def test_nothing_is_stale_once_everything_was_taken_in(platform: Platform) -> None:
    assert platform.not_fresh() == set()


@pytest.mark.parametrize(
    ("season", "number", "changed"),
    [
        ("2024", 1, {(name, "2024") for name in FELT | {"forecast_log"}}),
        (
            "2023",
            3,
            {(name, "2023") for name in FELT} | {(name, "2024") for name in LEANS | {"forecast_log"}},
        ),
    ],
    ids=["the-last-season", "a-season-before"],
)
def test_a_corrected_race_updates_what_leans_on_it_and_leaves_the_rest_fresh(
    platform: Platform, season: str, number: int, changed: set[Partition]
) -> None:
    before = platform.versions()
    swap_the_first_two(platform.folder, season, number)
    (request,) = platform.news()
    assert request.tags["formguide/changed_seasons"] == season
    after = platform.versions()
    assert {key for key in after if after[key][0] != before[key][0]} == changed
    # Seasons before it were not even looked at.
    assert all(after[key] == before[key] for key in after if key[1] < season)
    assert platform.not_fresh() == set()
    assert platform.news() == []


def test_a_file_of_the_same_meaning_makes_nothing_stale(platform: Platform) -> None:
    (race,) = (platform.folder / "f1db/seasons/2024/races").glob("01-*")
    file = race / "race-results.yml"
    file.write_text("# looked at again\n" + file.read_text())
    before = platform.versions()
    assert len(platform.news()) == 1
    after = platform.versions()
    changed = {key for key in after if after[key][0] != before[key][0]}
    # The rows name the file that they were read from.
    assert changed == {(name, "2024") for name in ("source_files", "race_results", "race_conditions")}
    assert platform.not_fresh() == set()
