"""Baseball's season chain as Dagster runs it: what is made, checked, carried over, felt and quarantined."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets import baseball, launch
from formguide.baseball import checks
from formguide.baseball.arrivals import SPORT
from formguide.baseball.sample import write_sample
from formguide.baseball.tables import SOURCE_TABLES
from formguide.findings import Finding
from tests.assets.conftest import House

SEASONS = (2024, 2025)


@pytest.fixture(scope="module")
def games(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two seasons of a few dates, taken through the chain; tests that change it work on a copy."""
    root = tmp_path_factory.mktemp("games")
    write_sample(root / "files", dates=8, dates_played=5, first_season=SEASONS[0])
    with dg.DagsterInstance.ephemeral() as instance:
        house = House(root / "lake", root / "files", instance)
        house.run(SEASONS, baseball.SEASON_CHAIN)
        yield house


@pytest.fixture
def diamond(tmp_path: Path, games: House) -> Iterator[House]:
    """A copy of the lake and of its files, to be changed."""
    shutil.copytree(games.root, tmp_path / "lake")
    shutil.copytree(games.folder, tmp_path / "files")
    with dg.DagsterInstance.ephemeral() as instance:
        yield House(tmp_path / "lake", tmp_path / "files", instance)


def feeds(house: House, season: int) -> list[Path]:
    """The documents of a season's games."""
    return sorted((house.folder / "feeds" / str(season)).iterdir())


def test_every_table_of_the_chain_is_made(games):
    for name in ("source_files", *(table.name for table in SOURCE_TABLES), "features"):
        assert games.lake.partitions(SPORT, name) == ["2024", "2025"], name
    rows = {
        name: games.lake.read_table(SPORT, name, ["2025"])
        for name in ("games", "plate_appearances", "features")
    }
    assert set(rows["games"]["state"]) >= {"final", "preview"}
    assert rows["features"].height == rows["plate_appearances"].height > 1000


def test_every_check_passes_on_the_sample(games):
    evaluated = games.checked(baseball.SEASON_CHAIN)
    assert ("plate_appearances", "no_gaps") in evaluated
    assert ("plate_appearances", "retrosheet_totals") in evaluated
    fitting = {asset for asset, name in evaluated if name == "fits_declaration"}
    assert fitting == {"source_files", "features", *(table.name for table in SOURCE_TABLES)}
    assert [key for key, passed in evaluated.items() if not passed] == []


def test_a_second_run_computes_nothing_and_writes_nothing(diamond):
    before = diamond.lake.state()
    said = diamond.run(SEASONS, baseball.SEASON_CHAIN)
    assert {name: numbers["computed"] for name, numbers in said.items()} == dict.fromkeys(said, 0)
    assert diamond.lake.state() == before


def test_a_new_game_is_read_alone_and_a_season_grown_equals_one_made_at_once(tmp_path, games, diamond):
    last = feeds(diamond, 2025)[-1]
    shutil.rmtree(diamond.root)
    kept = last.read_bytes()
    last.unlink()
    before = diamond.run(SEASONS, baseball.SEASON_CHAIN)
    last.write_bytes(kept)
    after = diamond.run((2025,), baseball.SEASON_CHAIN)
    assert before["games"]["carried_over"] == 0
    assert after["plate_appearances"]["computed"] < after["plate_appearances"]["carried_over"]
    grown, at_once = diamond.lake.state(), games.lake.state()
    assert {key: part.hash for key, part in grown.items()} == {
        key: part.hash for key, part in at_once.items()
    }


def test_a_corrected_call_is_felt_from_the_next_date_on(games, diamond):
    first = feeds(diamond, 2024)[0]
    document = json.loads(gzip.decompress(first.read_bytes()))
    hit = next(p for p in document["liveData"]["plays"]["allPlays"] if p["result"]["eventType"] == "single")
    hit["result"]["eventType"], hit["result"]["event"] = "field_error", "Field Error"
    first.write_bytes(gzip.compress(json.dumps(document).encode(), mtime=0))
    diamond.run(SEASONS, baseball.SEASON_CHAIN)

    def features(house: House) -> pl.DataFrame:
        return house.lake.read_table(SPORT, "features").filter(pl.col("batter_id") == batter)

    batter = hit["matchup"]["batter"]["id"]
    was, now = features(games), features(diamond)
    day = was.filter(pl.col("game_pk") == document["gamePk"])["game_date"][0]
    assert was.filter(pl.col("game_date") <= day).equals(now.filter(pl.col("game_date") <= day))
    later = pl.col("game_date") > day
    assert not was.filter(later).equals(now.filter(later))


def test_a_document_that_cannot_be_read_is_set_aside_and_named(diamond):
    feeds(diamond, 2025)[0].write_bytes(b"not a document")
    said = diamond.run((2025,), baseball.SEASON_CHAIN)
    assert any("feeds/2025" in str(reject) for reject in said["games"]["rejects"])
    assert len(diamond.lake.quarantined(SPORT)) == 1


def test_a_game_with_a_gap_stops_what_comes_after(diamond, monkeypatch):
    def broken(_: pl.DataFrame) -> Finding:
        return Finding(False, "a gap", 9)

    monkeypatch.setattr(checks, "no_gaps", broken)
    with pytest.raises(launch.RunFailed):
        diamond.run((2025,), baseball.SEASON_CHAIN)
    features = dg.AssetKey([SPORT, "features"])
    assert diamond.instance.get_latest_materialization_event(features) is None
