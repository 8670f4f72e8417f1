"""Pulling games from a server on this machine that plays the real documents, well and badly."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from formguide.baseball import truncate
from formguide.baseball.pull import (
    STATS_API,
    PullError,
    PullReport,
    PullStep,
    is_final,
    kept_status,
    listed_games,
    pull,
)
from formguide.baseball.sample import SampleTruth, day_documents, write_sample
from formguide.baseball.sample.server import Fault, SampleApi
from formguide.fetch import Fetcher
from formguide.hosts import HostLimit, Rate

Json = dict[str, Any]
DAY = date(2024, 7, 1)
NOW = datetime(2024, 7, 5, 12, tzinfo=UTC)
REAL_GAMES = (744914, 747175, 717055)
SCHEDULE = "/api/v1/schedule?sportId=1&gameTypes=R&hydrate=probablePitcher&date="


def feed_path(game_pk: int) -> str:
    return f"/api/v1.1/game/{game_pk}/feed/live"


def listing(game_pk: int, *, coded: str = "F", start: str = "2024-07-01T19:07:00Z", kind: str = "R") -> Json:
    abstract = {"F": "Final", "O": "Final", "D": "Final", "I": "Live", "S": "Preview"}[coded]
    status = {"abstractGameState": abstract, "codedGameState": coded}
    return {"gamePk": game_pk, "gameType": kind, "season": "2024", "gameDate": start, "status": status}


def schedule_body(games: list[Json], day: date = DAY) -> bytes:
    dates = [{"date": day.isoformat(), "games": games}] if games else []
    return json.dumps({"totalGames": len(games), "dates": dates}).encode()


def small_feed(game_pk: int, *, coded: str = "F", plays: int = 3) -> bytes:
    """A generated document, with nothing in it but what tells it from another."""
    return json.dumps(
        {
            "gamePk": game_pk,
            "gameData": {"game": {"pk": game_pk}, "status": listing(game_pk, coded=coded)["status"]},
            "liveData": {"plays": {"allPlays": [{"atBatIndex": i} for i in range(plays)]}},
        }
    ).encode()


def generous(tmp_path: Path, url: str, slept: list[float] | None = None) -> Fetcher:
    """A fetcher that takes a server for the API and does not wait for real."""
    return Fetcher(
        tmp_path / "cache",
        limits=(HostLimit("statsapi.mlb.com", (Rate(100_000, 1),), why="it is ours"),),
        base_urls={STATS_API: url},
        cap_sec=2.0,
        backoff_sec=0.01,
        sleep=(slept if slept is not None else []).append,
    )


@pytest.fixture
def fetcher(tmp_path: Path, loopback: Any) -> Fetcher:
    return generous(tmp_path, loopback.url)


@pytest.fixture
def run(fetcher: Fetcher, tmp_path: Path) -> Callable[..., PullReport]:
    def run(start: date = DAY, end: date = DAY, **more: Any) -> PullReport:
        return pull(fetcher, start, end, **{"out": tmp_path / "inbox", "now": NOW, "cap_sec": 2.0, **more})

    return run


def folder_of(tmp_path: Path) -> dict[str, bytes]:
    inbox = tmp_path / "inbox"
    return {
        p.relative_to(inbox).as_posix(): gzip.decompress(p.read_bytes()) for p in sorted(inbox.rglob("*.gz"))
    }


# -- the real documents ----------------------------------------------------------------------------


@pytest.fixture
def real_site(loopback: Any, reply: Any, real_data: Callable[[str], Path]) -> dict[int, bytes]:
    """The three real games behind the loopback server, all on one date's schedule; returns their bodies."""
    folder = real_data("baseball") / "mlb_api"
    bodies = {pk: (folder / f"feed_live_{pk}.json").read_bytes() for pk in REAL_GAMES}
    for pk, body in bodies.items():
        loopback.serve(feed_path(pk), reply(body))
    loopback.serve(f"{SCHEDULE}{DAY}", reply(schedule_body([listing(pk) for pk in REAL_GAMES])))
    return bodies


def test_real_games_come_whole_and_byte_for_byte(
    run: Callable[..., PullReport], real_site: dict[int, bytes], tmp_path: Path, loopback: Any
) -> None:
    report = run()
    kept = folder_of(tmp_path)
    assert {f"feeds/2024/{pk}.json.gz": body for pk, body in real_site.items()}.items() <= kept.items()
    assert kept.keys() == {f"schedules/{DAY}.json.gz", *(f"feeds/2024/{pk}.json.gz" for pk in REAL_GAMES)}
    assert report.complete
    assert (report.final, report.requests, len(report.written)) == (3, 4, 4)
    for pk in REAL_GAMES:
        status = kept_status(tmp_path / "inbox" / "feeds" / "2024" / f"{pk}.json.gz")
        assert status == json.loads(real_site[pk])["gameData"]["status"]
        assert status is not None
        assert is_final(status)
    cached = [json.loads(note.read_text())["url"] for note in (tmp_path / "cache").rglob("bodies/*/*.json")]
    assert not [url for url in cached if "feed" in url]  # not a second time beside the inbox
    before = len(loopback.paths())
    again = run()
    assert len(loopback.paths()) == before
    assert (again.requests, again.kept, again.written, again.final) == (0, 4, (), 3)


@pytest.mark.parametrize("name", ["schedule_date", "schedule_start_end_date", "schedule_sample"])
def test_real_schedules_are_read(name: str, real_data: Callable[[str], Path]) -> None:
    """One with a byte order mark, one of the postseason, all with games that rain moved."""
    body = (real_data("baseball") / "mlb_api" / f"{name}.json").read_bytes()
    document = json.loads(body)
    games = listed_games(document)
    every = [g for d in document["dates"] for g in d["games"]]
    regular = [g for g in every if g["gameType"] == "R"]
    assert [g.game_pk for g in games] == [g["gamePk"] for g in regular]
    postponed = {g["gamePk"] for g in regular if g["status"]["detailedState"] == "Postponed"}
    assert {g.game_pk for g in games if g.not_played} == postponed
    assert all(g.start_at.tzinfo is not None for g in games)


@pytest.mark.parametrize("trouble", ["truncated", "500", "slow", "another game", "no game", "cut JSON"])
def test_a_failing_real_game_is_reported_and_the_rest_comes(
    trouble: str,
    run: Callable[..., PullReport],
    real_site: dict[int, bytes],
    loopback: Any,
    reply: Any,
    tmp_path: Path,
) -> None:
    broken = REAL_GAMES[1]
    body = real_site[broken]
    bad = {
        "truncated": reply(body, cut_at=len(body) // 2),
        "500": reply(b"", status=500),
        "slow": reply(body, stall_sec=30.0),
        "another game": reply(real_site[REAL_GAMES[0]]),
        "no game": reply(b'{"message": "Object not found"}'),
        "cut JSON": reply(body[: len(body) // 2]),
    }[trouble]
    loopback.serve(feed_path(broken), bad)
    cap = {"cap_sec": 0.3} if trouble == "slow" else {}
    report = run(**cap)
    assert [f.what for f in report.failures] == [f"game {broken}"]
    assert report.failures[0].reason.startswith(f"{STATS_API}{feed_path(broken)}: ")
    assert "\n" not in report.failures[0].reason
    assert not report.complete
    assert report.final == 2
    assert loopback.paths().count(feed_path(broken)) == 4  # it was tried more than once
    assert f"feeds/2024/{broken}.json.gz" not in folder_of(tmp_path)
    loopback.serve(feed_path(broken), reply(body))
    mended = run()
    assert mended.complete
    assert mended.written == (f"feeds/2024/{broken}.json.gz",)
    assert folder_of(tmp_path)[f"feeds/2024/{broken}.json.gz"] == body


def test_trouble_that_passes_is_not_even_noticed(
    run: Callable[..., PullReport], real_site: dict[int, bytes], loopback: Any, reply: Any
) -> None:
    body = real_site[REAL_GAMES[2]]
    loopback.serve(
        feed_path(REAL_GAMES[2]),
        reply(b"", status=503),
        reply(body, cut_at=1000),
        reply(b"{", status=200),
        reply(body),
    )
    assert run().complete


def test_a_live_game_is_asked_again_until_it_is_final(
    run: Callable[..., PullReport], real_site: dict[int, bytes], loopback: Any, reply: Any, tmp_path: Path
) -> None:
    """The same game as Preview, Live and Final: cut from the Final document."""
    pk = REAL_GAMES[0]
    final = json.loads(real_site[pk])
    states = [
        ("S", truncate.preview(final, lineups=True), "to_come"),
        ("I", truncate.cut(final, 30), "under_way"),
        ("F", truncate.cut(final, 66), "under_way"),  # the schedule is ahead of the document
        ("F", final, "final"),
    ]
    first_pitch = datetime(2024, 7, 1, 19, 7, tzinfo=UTC)
    for i, (coded, document, expected) in enumerate(states):
        loopback.serve(f"{SCHEDULE}{DAY}", reply(schedule_body([listing(pk, coded=coded)])))
        loopback.serve(feed_path(pk), reply(json.dumps(document).encode()))
        report = run(now=first_pitch + timedelta(hours=i - 1), fresh_sec=0.0)
        assert {"to_come": report.to_come, "under_way": report.under_way, "final": (pk,) * report.final}[
            expected
        ] == (pk,)
        assert folder_of(tmp_path)[f"feeds/2024/{pk}.json.gz"] == json.dumps(document).encode()
    asked = loopback.paths().count(feed_path(pk))
    assert run(now=first_pitch + timedelta(hours=5), fresh_sec=0.0).kept == 1
    assert loopback.paths().count(feed_path(pk)) == asked


def test_a_minute_old_document_does_not_stand_for_the_final_one(
    run: Callable[..., PullReport], fetcher: Fetcher, loopback: Any, reply: Any, tmp_path: Path
) -> None:
    """The schedule has just heard that the game is over; the document that is still fresh has not."""
    loopback.serve(f"{SCHEDULE}{DAY}", reply(schedule_body([listing(1, coded="I")])))
    loopback.serve(feed_path(1), reply(small_feed(1, coded="I", plays=2)), reply(small_feed(1)))
    during = datetime(2024, 7, 1, 21, tzinfo=UTC)
    assert run(now=during, fresh_sec=600.0).under_way == (1,)
    loopback.serve(f"{SCHEDULE}{DAY}", reply(schedule_body([listing(1)])))
    for note in (fetcher.cache_dir / "bodies").rglob("*.json"):
        told = json.loads(note.read_text())
        if "schedule" in told["url"]:
            note.write_text(json.dumps(told | {"fetched_at": told["fetched_at"] - 601.0}))
    assert run(now=during, fresh_sec=600.0).final == 1
    assert folder_of(tmp_path)["feeds/2024/1.json.gz"] == small_feed(1)


# -- what is asked, and what is not ----------------------------------------------------------------


def test_only_games_of_the_regular_season_that_were_played(
    run: Callable[..., PullReport], loopback: Any, reply: Any
) -> None:
    games = [
        listing(1),
        listing(2, coded="D"),
        listing(3, kind="F"),
        listing(4, coded="S", start="2024-07-09T19:00:00Z"),
    ]
    loopback.serve(f"{SCHEDULE}{DAY}", reply(schedule_body(games)))
    loopback.serve(feed_path(1), reply(small_feed(1)))
    report = run()
    assert [p for p in loopback.paths() if "feed" in p] == [feed_path(1)]
    assert (report.final, report.not_played, report.to_come) == (1, (2,), (4,))
    assert report.complete


def test_a_game_listed_twice_is_one_game(run: Callable[..., PullReport], loopback: Any, reply: Any) -> None:
    """Rained out on one date and played on the next; suspended on one and ended on the next."""
    next_day = DAY + timedelta(days=1)
    loopback.serve(f"{SCHEDULE}{DAY}", reply(schedule_body([listing(1, coded="D"), listing(2)])))
    loopback.serve(f"{SCHEDULE}{next_day}", reply(schedule_body([listing(1), listing(2)], next_day)))
    for pk in (1, 2):
        loopback.serve(feed_path(pk), reply(small_feed(pk)))
    report = run(DAY, next_day)
    assert sorted(p for p in loopback.paths() if "feed" in p) == [feed_path(1), feed_path(2)]
    assert (report.final, report.not_played) == (2, ())


def test_reconcile_asks_again_for_the_games_that_it_names(
    run: Callable[..., PullReport], loopback: Any, reply: Any, tmp_path: Path
) -> None:
    loopback.serve(f"{SCHEDULE}{DAY}", reply(schedule_body([listing(1), listing(2)])))
    for pk in (1, 2):
        loopback.serve(feed_path(pk), reply(small_feed(pk)))
    run()
    corrected = small_feed(1, plays=4)
    loopback.serve(feed_path(1), reply(corrected))
    before = len(loopback.paths())
    report = run(again=(1,))
    assert loopback.paths()[before:] == [feed_path(1)]
    assert report.written == ("feeds/2024/1.json.gz",)
    assert folder_of(tmp_path)["feeds/2024/1.json.gz"] == corrected
    before = len(loopback.paths())
    report = run(again=True)
    assert loopback.paths()[before:] == [f"{SCHEDULE}{DAY}", feed_path(1), feed_path(2)]
    assert (report.written, report.unchanged) == ((), 3)
    before = len(loopback.paths())
    assert run(again=False).requests == 0
    assert len(loopback.paths()) == before


def test_a_damaged_file_is_fetched_again(
    run: Callable[..., PullReport], loopback: Any, reply: Any, tmp_path: Path
) -> None:
    loopback.serve(f"{SCHEDULE}{DAY}", reply(schedule_body([listing(1)])))
    loopback.serve(feed_path(1), reply(small_feed(1)))
    run()
    for name in (f"schedules/{DAY}.json.gz", "feeds/2024/1.json.gz"):
        place = tmp_path / "inbox" / name
        whole = place.read_bytes()
        for damaged in (
            b"",
            b"no gzip",
            whole[: len(whole) // 2],
            gzip.compress(b'{"gameData": {"status": {]'),
        ):
            place.write_bytes(damaged)
            assert run().complete
            assert place.read_bytes() == whole


def test_a_date_without_games_and_dates_in_the_wrong_order(
    run: Callable[..., PullReport], loopback: Any, reply: Any
) -> None:
    loopback.serve(f"{SCHEDULE}{DAY}", reply(schedule_body([])))
    report = run()
    assert report.complete
    assert (report.final, len(report.written)) == (0, 1)
    with pytest.raises(PullError, match="is before the first"):
        run(DAY, DAY - timedelta(days=1))


def test_a_schedule_that_fails_leaves_the_other_dates(
    run: Callable[..., PullReport], loopback: Any, reply: Any
) -> None:
    days = [DAY + timedelta(days=i) for i in range(3)]
    loopback.serve(f"{SCHEDULE}{days[0]}", reply(schedule_body([listing(1)])))
    loopback.serve(f"{SCHEDULE}{days[1]}", reply(schedule_body([listing(2)], DAY)))  # another date's
    loopback.serve(f"{SCHEDULE}{days[2]}", reply(schedule_body([listing(3)], days[2])))
    for pk in (1, 3):
        loopback.serve(feed_path(pk), reply(small_feed(pk)))
    report = run(days[0], days[2])
    assert [f.what for f in report.failures] == [f"schedule {days[1]}"]
    assert report.final == 2


def test_without_any_schedule_there_is_no_pull(run: Callable[..., PullReport], loopback: Any) -> None:
    with pytest.raises(PullError, match="no schedule from 2024-07-01 to 2024-07-02"):
        run(DAY, DAY + timedelta(days=1))
    assert not [p for p in loopback.paths() if "feed" in p]


def test_a_host_that_keeps_failing_is_left_alone(
    run: Callable[..., PullReport], loopback: Any, reply: Any
) -> None:
    pks = list(range(1, 12))
    loopback.serve(f"{SCHEDULE}{DAY}", reply(schedule_body([listing(pk) for pk in pks])))
    for pk in pks:
        loopback.serve(feed_path(pk), reply(b"", status=500))
    loopback.serve(feed_path(2), reply(small_feed(2)))
    report = run()
    assert [f.what for f in report.failures] == [f"game {pk}" for pk in (1, 3, 4, 5, 6, 7)]
    assert report.left == tuple(f"game {pk}" for pk in pks[7:])
    assert report.final == 1


def test_games_that_are_not_there_do_not_stop_the_rest(
    run: Callable[..., PullReport], loopback: Any, reply: Any
) -> None:
    pks = list(range(1, 12))
    loopback.serve(f"{SCHEDULE}{DAY}", reply(schedule_body([listing(pk) for pk in pks])))
    loopback.serve(feed_path(11), reply(small_feed(11)))
    report = run()
    assert len(report.failures) == 10
    assert (report.final, report.left) == (1, ())


def test_progress_is_told_document_by_document(
    run: Callable[..., PullReport], loopback: Any, reply: Any
) -> None:
    loopback.serve(f"{SCHEDULE}{DAY}", reply(schedule_body([listing(1), listing(2)])))
    for pk in (1, 2):
        loopback.serve(feed_path(pk), reply(small_feed(pk, plays=pk)))
    steps: list[PullStep] = []
    run(progress=steps.append)
    assert steps == [
        PullStep(1, 3, f"schedule {DAY}", 2),
        PullStep(2, 3, "game 1", 1),
        PullStep(3, 3, "game 2", 2),
    ]


def test_an_unreachable_host_is_not_asked_for_every_game(
    tmp_path: Path, loopback: Any, reply: Any, run: Callable[..., PullReport]
) -> None:
    loopback.serve(f"{SCHEDULE}{DAY}", reply(schedule_body([listing(pk) for pk in (1, 2, 3)])))
    for pk in (1, 2, 3):
        loopback.serve(feed_path(pk), reply(small_feed(pk)))
    run()
    for path in (tmp_path / "inbox" / "feeds").rglob("*.gz"):
        path.unlink()
    nowhere = generous(tmp_path / "other", "http://127.0.0.1:9")
    report = pull(nowhere, DAY, DAY, out=tmp_path / "inbox", now=NOW)
    assert [f.what for f in report.failures] == ["game 1"]
    assert report.left == ("game 2", "game 3")
    with pytest.raises(PullError, match="cannot connect"):
        pull(generous(tmp_path / "third", "http://127.0.0.1:9"), DAY, DAY, out=tmp_path / "empty", now=NOW)


# -- a thousand games, and a kill in the middle ----------------------------------------------------


@pytest.mark.slow
def test_a_thousand_games_survive_a_kill_and_are_fetched_once(
    tmp_path: Path, loopback: Any, reply: Any
) -> None:
    """The process is killed hard in the middle; the next one takes up what is left, and nothing twice."""
    days = [DAY + timedelta(days=i) for i in range(50)]
    pks = iter(range(5_000, 6_000))
    every: dict[int, bytes] = {}
    for day in days:
        today = [next(pks) for _ in range(20)]
        loopback.serve(f"{SCHEDULE}{day}", reply(schedule_body([listing(pk) for pk in today], day)))
        every |= {pk: small_feed(pk, plays=pk % 7 + 1) for pk in today}
    for pk, body in every.items():
        loopback.serve(feed_path(pk), reply(body))
    script = f"""
from datetime import date, UTC, datetime
from pathlib import Path
from formguide.baseball.pull import pull
from formguide.fetch import Fetcher
from formguide.hosts import HostLimit, Rate
limits = (HostLimit("statsapi.mlb.com", (Rate(10**6, 1),), why="ours"),)
bases = {{{STATS_API!r}: {loopback.url!r}}}
fetcher = Fetcher(Path({str(tmp_path / "cache")!r}), limits=limits, base_urls=bases)
first, last = (date.fromisoformat(day) for day in ({str(days[0])!r}, {str(days[-1])!r}))
pull(fetcher, first, last, out=Path({str(tmp_path / "inbox")!r}), now=datetime(2024, 12, 1, tzinfo=UTC))
"""
    process = subprocess.Popen([sys.executable, "-c", script])
    deadline = time.monotonic() + 120
    while len([p for p in loopback.paths() if "feed" in p]) < 150 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    held = {p.name.partition(".")[0] for p in (tmp_path / "inbox" / "feeds").rglob("*.json.gz")}
    assert 100 < len(held) < 1000
    before = len(loopback.paths())
    fetcher = generous(tmp_path, loopback.url)
    report = pull(fetcher, days[0], days[-1], out=tmp_path / "inbox", now=datetime(2024, 12, 1, tzinfo=UTC))
    assert report.complete
    assert report.final == 1000
    asked = [p for p in loopback.paths()[before:] if "feed" in p]
    assert not {int(pk) for pk in held} & {int(p.split("/")[4]) for p in asked}
    assert len(asked) == len(set(asked))
    kept = folder_of(tmp_path)
    assert {name: body for name, body in kept.items() if name.startswith("feeds")} == {
        f"feeds/2024/{pk}.json.gz": body for pk, body in every.items()
    }


# -- the sample league behind its own server -------------------------------------------------------


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleTruth]:
    folder = tmp_path_factory.mktemp("sample") / "league"
    return folder, write_sample(folder, 1, dates=12, dates_played=9)


@pytest.fixture
def api(league: tuple[Path, SampleTruth]) -> Iterator[tuple[SampleApi, list[datetime]]]:
    folder, truth = league
    script = day_documents(folder, truth.next_date)
    moment = [datetime.combine(truth.next_date, datetime.min.time(), UTC) + timedelta(hours=12)]
    with SampleApi(script, lambda: moment[0], folder=folder) as server:
        yield server, moment


def test_the_sample_league_is_pulled_as_it_lies_there(
    api: tuple[SampleApi, list[datetime]], league: tuple[Path, SampleTruth], tmp_path: Path
) -> None:
    server, moment = api
    folder, truth = league
    days = sorted(date.fromisoformat(d) for d in truth.ball_lots)
    report = pull(generous(tmp_path, server.url), days[0], days[-1], out=tmp_path / "inbox", now=moment[0])
    assert report.complete
    assert report.final == truth.games
    ours = folder_of(tmp_path)
    for path in sorted((folder / "feeds").rglob("*.gz")):
        name = path.relative_to(folder).as_posix()
        assert json.loads(ours[name]) == json.loads(gzip.decompress(path.read_bytes()))


def test_a_day_is_pulled_through_an_outage(
    api: tuple[SampleApi, list[datetime]], league: tuple[Path, SampleTruth], tmp_path: Path
) -> None:
    """Every half hour of the day; the API is down for one hour, then slow to be whole."""
    server, moment = api
    day, start = league[1].next_date, moment[0]
    server.faults = [
        Fault("down", since=start + timedelta(hours=8), until=start + timedelta(hours=9)),
        Fault("truncated", since=start + timedelta(hours=10), until=start + timedelta(hours=10, minutes=30)),
    ]
    finals: list[int] = []
    failed: list[int] = []
    for step in range(40):
        moment[0] = start + timedelta(minutes=30 * step)
        fetcher = generous(tmp_path, server.url)
        try:
            report = pull(
                fetcher, day, day, out=tmp_path / "inbox", now=moment[0], fresh_sec=0.0, cap_sec=2.0
            )
        except PullError:
            failed.append(step)
            continue
        finals.append(report.final)
    assert failed == [16, 17, 20]
    assert finals == sorted(finals)
    assert finals[-1] == 3
    assert report.not_played
    names = [p for p in folder_of(tmp_path) if p.startswith("feeds")]
    assert len(names) == 4  # the rained-out game was read while it was still to come
