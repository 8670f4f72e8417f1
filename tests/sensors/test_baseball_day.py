"""The day's sensor and assets: runs for what is due and nothing else, twice never, and posts once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from upath import UPath

from assets import baseball_day as assets
from formguide.baseball.day import Day, DaySettings, ledger, life, plan
from formguide.baseball.day.pick import Advice, by_thresholds
from formguide.baseball.day.play import stage
from formguide.baseball.day.rates import forecast_by_rates
from formguide.baseball.day.source import FolderSource, NetworkSource
from formguide.baseball.day.tables import DayChecks, PickResults, Picks, Published
from formguide.baseball.publisher import Bluesky, PrivatePublisher, PublishError
from formguide.baseball.sample import write_sample
from formguide.lake import Lake
from resources import LakeResource
from resources.publisher import DayResource, PublisherResource, day_resources
from sensors.baseball_day import STEP, baseball_day
from tests.baseball.day.conftest import Board
from tests.baseball.day.tiny import DAY, Clock, TinyGame, TinyLeague, batter, forecaster

MORNING = datetime(2024, 6, 11, 14)
START = datetime(2024, 6, 11, 17, 5)
FIRST = batter(11, 1)


@dataclass
class House:
    """The day's sensor and the runs that it asks for, on a clock of the test's."""

    lake: Path
    instance: dg.DagsterInstance
    clock: Clock = field(default_factory=lambda: Clock(MORNING))
    board: Board = field(default_factory=Board)
    keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        game = TinyGame(1, 11, 22, START, START - timedelta(hours=2), hits=((30, FIRST),))
        self.league = TinyLeague([game], self.clock)
        self.forecast: Any = forecaster({FIRST: 0.8})

        self.day: Callable[[Lake], Day] = self.tiny_day

    def tiny_day(self, lake: Lake) -> Day:
        return Day(
            lake,
            self.league,
            self.forecast,
            lambda s: Advice("single", "one is enough"),
            self.board,
            DaySettings(),
            self.clock,
        )

    @property
    def resources(self) -> dict[str, Any]:
        return {"lake": LakeResource(root=str(self.lake)), "baseball_day": self.day, "publisher": self.board}

    def tick(self) -> list[dg.RunRequest]:
        with dg.build_sensor_context(instance=self.instance, resources=self.resources) as context:
            result = baseball_day(context)
        if isinstance(result, dg.SkipReason):
            return []
        assert isinstance(result, dg.SensorResult)
        return list(result.run_requests or [])

    def run(self, request: dg.RunRequest) -> bool:
        """Does what the daemon would: a run key that it has seen it does not start again."""
        assert request.run_key is not None
        if request.run_key in self.keys:
            return False
        self.keys.append(request.run_key)
        definitions = dg.Definitions(
            assets=[dg.AssetSpec(["baseball", "plate_appearances"]), *assets.ASSETS], resources=self.resources
        )
        result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance,
            asset_selection=list(request.asset_selection or []),
            partition_key=request.partition_key,
            tags=request.tags,
            run_config=request.run_config,
            raise_on_error=False,
        )
        return result.success

    def kinds(self, requests: list[dg.RunRequest]) -> list[str]:
        return [request.tags[STEP].split("-", 3)[3] for request in requests]

    def settled(self) -> list[str]:
        """Runs everything that is due now, tick by tick; the kinds of the runs."""
        done = []
        while requests := self.tick():
            done += self.kinds(requests)
            for request in requests:
                self.run(request)
        return done

    def rows(self, table: Any) -> pl.DataFrame:
        return ledger.read(Lake(UPath(self.lake)), table)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield House(tmp_path / "lake", instance)


def test_a_day_goes_from_the_morning_to_the_result_by_runs(house):
    assert house.settled() == ["reconcile", "morning"]
    house.clock.now = START - timedelta(minutes=45)
    assert house.settled() == ["lineups", "shadow", "publish"]
    (pick,) = house.rows(Picks).filter(pl.col("model") == "blend").iter_rows(named=True)
    assert (pick["batter_id"], pick["status"]) == (FIRST, "locked")
    house.clock.now = START + timedelta(minutes=40)
    assert house.settled() == ["results", "publish"]
    assert house.rows(Published)["post_key"].to_list() == ["pick/blend/1", "result/blend/1/hit"]
    assert len(house.board.attempts) == 2


def test_nothing_is_asked_for_when_nothing_is_due(house):
    house.settled()
    house.clock.now += timedelta(minutes=10)
    assert house.tick() == []


def test_a_second_tick_before_the_run_asks_under_the_same_key(house):
    first, again = house.tick(), house.tick()
    assert [r.run_key for r in first] == [r.run_key for r in again]


def test_a_restart_asks_for_what_is_still_due_and_for_nothing_else(house):
    house.settled()
    house.clock.now = START - timedelta(minutes=45)
    before = [r.run_key for r in house.tick()]
    other = replace(house, instance=house.instance)
    assert [r.run_key for r in other.tick()] == before
    house.settled()
    assert other.tick() == []


def test_a_step_selects_its_own_assets_only(house):
    requests = {kind: r for r in house.tick() for kind in house.kinds([r])}
    names = {key.path[-1] for key in requests["morning"].asset_selection or ()}
    assert names == {"day_games", "day_lineups", "batter_forecasts", "picks", "day_checks"}
    assert {key.path[-1] for key in requests["reconcile"].asset_selection or ()} == {"pick_results"}


def test_a_failed_run_leaves_a_row_and_is_asked_for_again_later(house):
    house.league.down = [(MORNING, MORNING + timedelta(minutes=3))]
    house.settled()
    failed = house.rows(DayChecks).filter(pl.col("outcome") == "failed")
    assert sorted(failed["kind"]) == ["morning", "reconcile"]
    assert "no answer" in failed["says"][0]
    house.clock.now += timedelta(minutes=4)
    assert house.tick() == []
    house.clock.now += timedelta(minutes=1)
    assert house.settled() == ["reconcile", "morning"]
    assert house.rows(Picks).height == 1


def test_a_run_that_died_without_a_trace_is_run_again(house):
    (_, morning) = house.tick()
    # As if the process had been killed: a run of that step that is over, and nothing in the lake.
    house.keys.append(morning.run_key or "")
    house.instance.create_run_for_job(
        dg.Definitions(
            assets=assets.ASSETS, resources=house.resources
        ).resolve_implicit_global_asset_job_def(),
        status=dg.DagsterRunStatus.FAILURE,
        tags=morning.tags,
    )
    assert "morning" in house.settled()
    assert house.rows(Picks).height == 1


def test_a_step_that_is_being_run_is_not_asked_for_again(house):
    (_, morning) = house.tick()
    house.instance.create_run_for_job(
        dg.Definitions(
            assets=assets.ASSETS, resources=house.resources
        ).resolve_implicit_global_asset_job_def(),
        status=dg.DagsterRunStatus.STARTED,
        tags=morning.tags,
    )
    assert house.kinds(house.tick()) == ["reconcile"]


def test_the_records_follow_the_results(house):
    house.settled()
    house.clock.now = START - timedelta(minutes=45)
    house.settled()
    house.clock.now = START + timedelta(minutes=40)
    house.settled()
    result = dg.materialize(
        [assets.streak_record, assets.shadow_report], instance=house.instance, resources=house.resources
    )
    assert result.success
    record = ledger.read_record(Lake(UPath(house.lake)))
    assert record.filter(pl.col("model") == "blend")["streak_after"].to_list() == [1]
    report = Lake(UPath(house.lake)).read_table("baseball", "shadow_report")
    assert report["days"].to_list() == [1, 1, 1]


def test_the_date_before_the_first_partition_is_left_alone(house):
    house.clock.now = datetime(2019, 6, 11, 14)
    assert house.tick() == []


def test_every_kind_of_step_has_assets():
    for kind in plan.ORDER:
        assert assets.selection(plan.Step(DAY, kind, MORNING))


def test_the_resources_follow_settings_and_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("FORMGUIDE_BLUESKY_HANDLE", "me.test")
    monkeypatch.setenv("FORMGUIDE_BLUESKY_APP_PASSWORD", "not-to-be-seen")
    public = tmp_path / "day.toml"
    public.write_text('private_mode = false\nearly_lock_gap = 0.05\nalert_recipient = "did:plc:you"\n')
    lake = Lake(UPath(tmp_path / "lake"))

    def made(**fields: str) -> tuple[Any, Day]:
        file = fields.pop("settings_file", "")
        resources = {
            "publisher": PublisherResource(settings_file=file),
            "baseball_day": DayResource(settings_file=file, **fields),
        }
        with dg.build_resources(resources) as built:
            return built.publisher, built.baseball_day(lake)

    publisher, day = made()
    assert isinstance(publisher, PrivatePublisher)
    assert isinstance(day.source, NetworkSource) and day.gather is not None and day.alarm is None
    publisher, day = made(settings_file=str(public), documents=str(tmp_path))
    assert isinstance(publisher, Bluesky) and "not-to-be-seen" not in repr(publisher)
    assert day.settings.early_lock_gap == 0.05
    assert isinstance(day.source, FolderSource) and day.gather is None
    assert isinstance(day.alarm, Bluesky) and day.alarm.recipient == "did:plc:you"
    monkeypatch.setenv("FORMGUIDE_DAY_SETTINGS", str(public))
    assert day_resources()["publisher"].settings_file == str(public)


def test_in_public_without_an_account_the_run_says_so(tmp_path, monkeypatch):
    monkeypatch.delenv("FORMGUIDE_BLUESKY_HANDLE", raising=False)
    monkeypatch.delenv("FORMGUIDE_BLUESKY_APP_PASSWORD", raising=False)
    public = tmp_path / "day.toml"
    public.write_text("private_mode = false\n")
    resources = {"publisher": PublisherResource(settings_file=str(public))}
    with pytest.raises(dg.DagsterError) as raised, dg.build_resources(resources):
        pass
    assert isinstance(raised.value.__cause__, PublishError)
    assert "FORMGUIDE_BLUESKY_HANDLE" in str(raised.value.__cause__)


@pytest.mark.slow
def test_two_days_of_the_sample_league_by_runs_leave_what_the_library_leaves(tmp_path, house):
    """Tick by tick and run by run through Dagster, against the same days lived through without it."""
    league = tmp_path / "league"
    truth = write_sample(league, seasons=1, dates=8, dates_played=6)
    dates = [date.fromisoformat(day) for day in truth.next_dates[:2]]
    plain = stage(
        Day(
            Lake(UPath(tmp_path / "plain")),
            house.league,
            forecast_by_rates,
            by_thresholds,
            Board(),
            DaySettings(),
        ),
        league,
        dates,
    )
    start, board = plain.clock.now, Board()
    assert all(scene.ran.done for scene in plain.scenes(plain.ends_at))
    plain.clock.now = start
    house.clock, house.board = plain.clock, board
    house.day = lambda lake: replace(plain.day, lake=lake, publisher=board)
    while house.clock.now <= plain.ends_at:
        house.settled()
        wake = life.wake_at(house.day(Lake(UPath(house.lake))))
        house.clock.now = max(wake, house.clock.now + timedelta(seconds=1))
    for table in (Picks, PickResults, Published):
        assert house.rows(table).equals(ledger.read(plain.day.lake, table)), table.name
    assert ledger.read_record(Lake(UPath(house.lake))).equals(ledger.read_record(plain.day.lake))
    assert len(board.attempts) == len(board.posts) > 2
