"""Track's chain as Dagster runs it: from careers to windows by season, to models and forecasts by gender."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets import launch, track, track_models, warehouse
from formguide.findings import Finding
from formguide.track import checks, incremental, issuing, peak_model
from formguide.track.arrivals import SPORT
from formguide.track.tables import GENDERS
from tests.assets.conftest import House
from tests.conftest import painting
from tests.track.career_files import SEASONS, career, careers, put, result

TABLES = ("source_files", "performances", "season_peaks", "season_sequences", "windows")


@pytest.fixture(scope="module")
def meets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The careers taken all the way, with their pictures; tests that change something work on a copy."""
    root = tmp_path_factory.mktemp("meets")
    put(root / "files", careers())
    with dg.DagsterInstance.ephemeral() as instance:
        house = House(root / "lake", root / "files", instance)
        with painting():
            house.run(SEASONS, track.SEASON_CHAIN)
            for gender in GENDERS:
                launch.materialise(house.definitions, track_models.GENDER_CHAIN, instance, partition=gender)
            house.run((), track_models.BACKTEST | track_models.OVER_ALL_SEASONS)
        yield house


@pytest.fixture
def stadium(tmp_path: Path, meets: House) -> Iterator[House]:
    """A copy of the lake and of its files, to be changed."""
    shutil.copytree(meets.root, tmp_path / "lake")
    shutil.copytree(meets.folder, tmp_path / "files")
    with dg.DagsterInstance.ephemeral() as instance:
        yield House(tmp_path / "lake", tmp_path / "files", instance)


def test_every_table_is_made_of_every_season_and_gender(meets):
    for name in TABLES:
        assert meets.lake.partitions(SPORT, name) == [str(season) for season in SEASONS], name
    for name in ("peak_model", "peak_forecasts"):
        assert meets.lake.partitions(SPORT, name) == ["gender=men", "gender=women"], name
    windows = meets.lake.read_table(SPORT, "windows")
    assert windows.height == 32 * 5
    forecasts = issuing.forecasts(meets.lake)
    assert forecasts.height == 32
    assert forecasts.select("season", "label").unique().rows() == [(2021, "Outdoor")]
    assert meets.lake.read_table(SPORT, "forecast_log").height == 32
    card = meets.lake.read_table(SPORT, "forecast_scorecard")
    assert set(card["first_season"]) == {2020}
    assert not card["is_sample"].any()


def test_every_check_passes(meets):
    evaluated = meets.checked(track.SEASON_CHAIN)
    assert {asset for asset, name in evaluated if name == "fits_declaration"} == set(TABLES)
    assert {name for _, name in evaluated} == {
        "fits_declaration",
        "every_row_accounted_for",
        "marks_in_range",
        "one_family_per_event",
        "indoor_in_winter",
        "peaks_are_the_best",
        "nothing_from_later",
    }
    assert [key for key, passed in evaluated.items() if not passed] == []


def test_a_second_run_computes_nothing_and_writes_nothing(stadium):
    before = stadium.lake.state()
    said = stadium.run(SEASONS, track.SEASON_CHAIN)
    for gender in GENDERS:
        said |= launch.materialise(
            stadium.definitions, track_models.GENDER_CHAIN, stadium.instance, partition=gender
        )
    said |= stadium.run((), track_models.BACKTEST | track_models.OVER_ALL_SEASONS)
    assert {name: numbers["computed"] for name, numbers in said.items()} == dict.fromkeys(said, 0)
    assert stadium.lake.state() == before


def test_what_cannot_be_used_is_named_beside_the_season(stadium):
    put(
        stadium.folder,
        {
            "openath_athletes/99.json": career(
                99, [result("2021-06-01", "11.x"), result("2021-06-02", "12.9")]
            ),
            "openath_athletes/98.json": b"not a career",
            "marks.npy": b"\x93NUMPY",
        },
    )
    said = stadium.run((2021,), track.SEASON_CHAIN)
    assert said["performances"]["rejects"] == [
        "openath_athletes/99.json, record 1, field mark: '11.x' is no mark of 100 Meters"
    ]
    assert said["source_files"]["undated"] == [
        "openath_athletes/98.json: no date of a mark can be read in it"
    ]
    (passed_over,) = said["source_files"]["passed_over"]
    assert "marks.npy" in passed_over and "may run code" in passed_over
    assert len(stadium.lake.quarantined(SPORT)) == 2
    assert said["performances"]["marks"].startswith("| source |")


def test_a_check_that_fails_stops_what_comes_after(stadium, monkeypatch):
    monkeypatch.setattr(checks, "marks_in_range", lambda _: Finding(False, "out of range", 9))
    with pytest.raises(launch.RunFailed):
        stadium.run((2021,), track.SEASON_CHAIN)
    peaks = dg.AssetKey([SPORT, "season_peaks"])
    assert stadium.instance.get_latest_materialization_event(peaks) is None


def test_the_second_gender_takes_over_the_model_that_is_fitted_to_both(stadium, monkeypatch):
    fits, fit = [], peak_model.fit

    def counted(*given):
        fits.append(given)
        return fit(*given)

    monkeypatch.setattr(peak_model, "fit", counted)
    for gender in GENDERS:
        stadium.lake.delete(SPORT, "peak_model", f"gender={gender}")
    made = issuing.make_models(stadium.lake, ["men"]) | issuing.make_models(stadium.lake, ["women"])
    assert len(fits) == 1
    assert made["men"].version == made["women"].version


def test_forecasts_and_scores_are_shown_as_tables_and_pictures(meets):
    shown = {
        **meets.said_of(SPORT, "peak_model", partition="women"),
        **meets.said_of(SPORT, "peak_forecasts", partition="women"),
        **meets.said_of(SPORT, "forecast_scorecard"),
    }
    for name, head in {"validation": "forecaster", "best_to_come": "event", "scores": "population"}.items():
        assert str(shown[name]).startswith(f"| {head} |"), name
    for name in ("changes", "forecast_and_peak"):
        assert "data:image/png;base64," in str(shown[name]), name


def test_too_little_history_is_said_and_no_failure(stadium):
    shutil.rmtree(stadium.root)
    for file in sorted((stadium.folder / "openath_athletes").iterdir())[3:]:
        file.unlink()
    stadium.run(SEASONS, track.SEASON_CHAIN)
    said = launch.materialise(
        stadium.definitions, track_models.GENDER_CHAIN, stadium.instance, partition="men"
    )
    assert said == {}
    assert stadium.lake.partitions(SPORT, "peak_model") == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*include_sources.*")
def test_models_and_forecasts_follow_the_news_by_automation(stadium):
    def asked(cursor=None):
        result = dg.evaluate_automation_conditions(stadium.definitions, stadium.instance, cursor=cursor)
        wanted = {(r.key.path[-1], key) for r in result.results for key in _keys(r)}
        return wanted, result.cursor

    _, cursor = asked()
    stadium.run(SEASONS, track.SEASON_CHAIN)
    first, cursor = asked(cursor)
    chain = {(n, g) for n in ("peak_model", "peak_forecasts", "forecast_log") for g in GENDERS}
    assert {one for one in first if one[0] != "warehouse"} == chain
    for gender in GENDERS:
        launch.materialise(stadium.definitions, track_models.GENDER_CHAIN, stadium.instance, partition=gender)
    stadium.run((), warehouse.WAREHOUSE)
    _, cursor = asked(cursor)
    again, cursor = asked(cursor)
    assert again == set()
    stadium.run((), track_models.BACKTEST)
    assert ("forecast_scorecard", None) in asked(cursor)[0]


def _keys(evaluated):
    """The partitions that are asked for; None of an asset without any."""
    subset = evaluated.true_subset
    if subset.is_empty:
        return []
    if not subset.is_partitioned:
        return [None]
    return list(subset.expensively_compute_partition_keys())


def test_windows_and_sequences_have_settings_in_the_run(stadium):
    launch.materialise(
        stadium.definitions,
        track.SEASON_CHAIN,
        stadium.instance,
        SEASONS,
        config={"track__season_sequences": {"marks": 2}, "track__windows": {"seasons_back": 1}},
    )
    assert max(incremental.sequences(stadium.lake).lengths) == 2
    windows = stadium.lake.read_table(SPORT, "windows")
    assert set(windows["sequence_ids"].list.len()) == {1}
