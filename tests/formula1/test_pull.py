"""Pulling a season from a server on this machine that behaves like Jolpica, and as badly as servers do."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from formguide.fetch import Fetcher
from formguide.formula1 import results
from formguide.formula1.pull import JOLPICA, PullError, PullReport, PullStep, pull
from formguide.formula1.sample import sample_league
from formguide.formula1.sample.files import clock
from formguide.formula1.sample.schedule import Weekend, schedule
from formguide.formula1.sample.world import DRIVERS, TEAMS
from formguide.hosts import HostLimit, Rate

SEASON = 2024
NAMES = {d.driver_id: d for d in DRIVERS}
TEAM_NAMES = {t.team_id: t.name for t in TEAMS}
Record = dict[str, Any]


# -- a Jolpica made of the sample league -----------------------------------------------------------


def stamp(moment: datetime) -> dict[str, str]:
    return {"date": f"{moment:%Y-%m-%d}", "time": f"{moment:%H:%M:%SZ}"}


def race_header(w: Weekend) -> Record:
    sunday = datetime(w.day.year, w.day.month, w.day.day, w.circuit.hour_utc)
    names = {
        "freePractice1": "FirstPractice",
        "freePractice2": "SecondPractice",
        "freePractice3": "ThirdPractice",
        "qualifying": "Qualifying",
        "sprintRace": "Sprint",
        "sprintQualifying": "SprintQualifying",
    }
    return {
        "season": str(w.season),
        "round": str(w.round),
        "url": "https://example.invalid",
        "raceName": w.circuit.race_name,
        "Circuit": {
            "circuitId": w.circuit.circuit_id.replace("-", "_"),
            "circuitName": w.circuit.circuit_id.replace("-", " ").title(),
        },
        **stamp(sunday),
        **{names[session]: stamp(start) for session, start in schedule(w).items()},
    }


def who(driver: str, team: str) -> Record:
    d = NAMES[driver]
    return {
        "number": str(d.number),
        "Driver": {
            "driverId": driver.replace("-", "_"),
            "code": d.code,
            "givenName": d.first_name,
            "familyName": d.last_name,
        },
        "Constructor": {"constructorId": team.replace("-", "_"), "name": TEAM_NAMES[team]},
    }


def classification(run: Any) -> list[Record]:
    records = []
    for place, f in enumerate(run.finishes, start=1):
        letter = {"DNF": "R", "DNS": "W", "DSQ": "D"}.get(f.position, f.position)
        record = who(f.driver, f.team) | {
            "position": str(place),
            "positionText": letter,
            "points": str(f.points),
            "grid": "0" if f.grid in ("PL", "") else f.grid,
            "laps": str(f.laps or 0),
            "status": "Finished" if f.position.isdigit() else "Retired",
        }
        if f.time is not None and f.position.isdigit():
            text = clock(f.time) if place == 1 else f"+{clock(f.gap)}"
            record["Time"] = {"millis": str(f.time), "time": text}
        records.append(record)
    return records


def listings_of(weekends: list[Weekend]) -> dict[str, tuple[str, list[Record], Record]]:
    """Listing → (section, records, race) of everything that has been held."""
    found: dict[str, tuple[str, list[Record], Record]] = {}
    for w in weekends:
        at, race = f"{w.season}/{w.round}", race_header(w)
        if w.qualifying is not None:
            rows = [
                who(t.driver, t.team)
                | {"position": str(place)}
                | {f"Q{i}": clock(time) for i, time in enumerate(t.times, start=1) if time is not None}
                for place, t in enumerate(w.qualifying, start=1)
            ]
            found[f"{at}/qualifying"] = ("QualifyingResults", rows, race)
        if w.sprint is not None:
            found[f"{at}/sprint"] = ("SprintResults", classification(w.sprint), race)
        if w.race is not None:
            found[f"{at}/results"] = ("Results", classification(w.race), race)
            stops = [
                {
                    "driverId": s.driver.replace("-", "_"),
                    "lap": str(s.lap),
                    "stop": str(s.number),
                    "time": "15:00:00",
                    "duration": clock(s.time),
                }
                for s in w.race.stops
            ]
            found[f"{at}/pitstops"] = ("PitStops", stops, race)
    return found


def body(listing: str, races: list[Record], limit: int, offset: int, total: int) -> bytes:
    season, _, rest = listing.partition("/")
    table = {"season": season} | ({"round": rest.partition("/")[0]} if rest else {}) | {"Races": races}
    numbers = {"limit": str(limit), "offset": str(offset), "total": str(total)}
    head = {"xmlns": "", "series": "f1", "url": f"{JOLPICA}/{listing}.json"}
    return json.dumps({"MRData": {**head, **numbers, "RaceTable": table}}).encode()


def pages(listing: str, section: str, records: list[Record], race: Record, granted: int) -> dict[str, bytes]:
    """Path with its query → body, every page of a listing, `granted` records each."""
    found = {}
    for offset in range(0, max(len(records), 1), granted):
        part = records[offset : offset + granted]
        races = [race | {section: part}] if part else []
        query = "?limit=100" + (f"&offset={offset}" if offset else "")
        found[f"/ergast/f1/{listing}.json{query}"] = body(listing, races, granted, offset, len(records))
    return found


class Jolpica:
    """The sample season behind a loopback server; `bodies` is what it answers, by path with query."""

    def __init__(self, loopback: Any, reply: Any, weekends: list[Weekend], granted: int = 100) -> None:
        self.loopback, self.reply = loopback, reply
        headers = [race_header(w) for w in weekends]
        self.bodies: dict[str, bytes] = {}
        for at in range(0, len(headers), granted):
            query = "?limit=100" + (f"&offset={at}" if at else "")
            page = body(str(SEASON), headers[at : at + granted], granted, at, len(headers))
            self.bodies[f"/ergast/f1/{SEASON}.json{query}"] = page
        held = listings_of(weekends)
        for header in headers:
            for kind in ("qualifying", "results", "pitstops", *(["sprint"] if "Sprint" in header else [])):
                listing = f"{SEASON}/{header['round']}/{kind}"
                section, records, race = held.get(listing, ("Results", [], header))
                self.bodies |= pages(listing, section, records, race, granted)
        for path, content in self.bodies.items():
            loopback.serve(path, reply(content))

    def breaks(self, listing: str, *replies: Any) -> str:
        """Answers a listing's first page so, and then as it should; returns its path."""
        path = f"/ergast/f1/{listing}.json?limit=100"
        self.loopback.serve(path, *replies, self.reply(self.bodies[path]))
        return path

    def asked(self, since: int = 0) -> list[str]:
        return [p.removeprefix("/ergast/f1/") for p in self.loopback.paths()[since:]]


@pytest.fixture(scope="module")
def weekends() -> list[Weekend]:
    """A season of 8 races of which 5 have been run and the sixth has had its qualifying."""
    return sample_league(4, 1, races=8, rounds_run=5, first_season=SEASON)[1]


@pytest.fixture
def now(weekends: list[Weekend]) -> datetime:
    """The Saturday evening before round 6."""
    day = weekends[5].day
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=1)


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def fetcher(tmp_path: Path, loopback: Any, slept: list[float]) -> Fetcher:
    """A fetcher that takes the loopback server for api.jolpi.ca and does not wait for real."""
    generous = HostLimit("api.jolpi.ca", (Rate(10_000, 1),), why="it is ours")
    return Fetcher(
        tmp_path / "cache",
        limits=(generous,),
        base_urls={"https://api.jolpi.ca": loopback.url},
        cap_sec=1.0,
        backoff_sec=0.01,
        sleep=slept.append,
    )


@pytest.fixture
def site(loopback: Any, reply: Any, weekends: list[Weekend]) -> Jolpica:
    return Jolpica(loopback, reply, weekends)


@pytest.fixture
def run(fetcher: Fetcher, site: Jolpica, tmp_path: Path, now: datetime) -> Callable[..., PullReport]:
    def run(rounds: list[int] | None = None, **more: Any) -> PullReport:
        return pull(fetcher, SEASON, rounds, **{"out": tmp_path / "out", "now": now, **more})

    return run


def folder_of(tmp_path: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((tmp_path / "out" / "jolpica").iterdir())}


def age(fetcher: Fetcher, seconds: float) -> None:
    """Makes everything in the cache older."""
    for note in (fetcher.cache_dir / "bodies").rglob("*.json"):
        told = json.loads(note.read_text())
        note.write_text(json.dumps(told | {"fetched_at": told["fetched_at"] - seconds}))


# -- what comes ------------------------------------------------------------------------------------


def test_a_season_comes_whole_and_byte_for_byte(
    run: Callable[..., PullReport], site: Jolpica, tmp_path: Path
) -> None:
    report = run()
    kept = folder_of(tmp_path)
    expected = {
        path.removeprefix("/").removesuffix("?limit=100").replace("/", "_"): content
        for path, content in site.bodies.items()
        if json.loads(content)["MRData"]["RaceTable"]["Races"]
    }
    assert kept == expected
    assert "ergast_f1_2024_1_results.json" in kept
    assert sorted(report.written) == sorted(kept)
    assert report.complete
    assert (report.rounds, report.to_come) == (tuple(range(1, 9)), (7, 8))
    assert report.requests == len(site.asked()) == len(set(site.asked()))
    sprints = {
        w.round for w in sample_league(4, 1, races=8, rounds_run=5, first_season=SEASON)[1] if w.has_sprint
    }
    assert {int(p.split("/")[1]) for p in site.asked() if "sprint" in p} == {r for r in sprints if r <= 6}
    assert not [p for p in site.asked() if p.startswith(("2024/6/results", "2024/7/", "2024/8/"))]


@pytest.mark.parametrize("granted", [100, 30, 7])
def test_what_was_pulled_reads_like_the_files_of_f1db(
    loopback: Any,
    reply: Any,
    weekends: list[Weekend],
    fetcher: Fetcher,
    tmp_path: Path,
    now: datetime,
    granted: int,
) -> None:
    """The server grants fewer records than asked for, without a word: all of them come nevertheless."""
    site = Jolpica(loopback, reply, weekends, granted)
    report = pull(fetcher, SEASON, out=tmp_path / "out", now=now)
    assert report.complete
    assert len(site.asked()) == len(set(site.asked()))
    read = results.build_season(SEASON, results.read_folder(tmp_path / "out"))
    assert read.rejects == []
    for name, run, kind in (("race_results", "race", "race"), ("sprint_results", "sprint", "sprint")):
        told = sorted(
            (w.round, f.driver, f.team, float(f.points), int(f.position) if f.position.isdigit() else None)
            for w in weekends
            if getattr(w, run) is not None
            for f in getattr(w, run).finishes
        )
        columns = ("round", "driver_id", "constructor_id", "points", "position")
        assert sorted(read.tables[name].select(columns).rows()) == told, kind
    stops = sorted((w.round, s.driver, s.number, s.lap) for w in weekends if w.race for s in w.race.stops)
    assert sorted(read.tables["pit_stops"].select("round", "driver_id", "stop", "lap").rows()) == stops
    assert read.tables["qualifying_results"].height == 20 * 6
    assert read.tables["race_calendar"].height == 8


def test_pages_follow_each_other_by_the_limit_that_was_granted(
    loopback: Any, reply: Any, weekends: list[Weekend], fetcher: Fetcher, tmp_path: Path, now: datetime
) -> None:
    site = Jolpica(loopback, reply, weekends, granted=8)
    pull(fetcher, SEASON, [2], out=tmp_path / "out", now=now)
    assert [p for p in site.asked() if "results" in p] == [
        "2024/2/results.json?limit=100",
        "2024/2/results.json?limit=100&offset=8",
        "2024/2/results.json?limit=100&offset=16",
    ]
    assert {n for n in folder_of(tmp_path) if "results" in n} == {
        "ergast_f1_2024_2_results.json",
        "ergast_f1_2024_2_results.json__offset=8",
        "ergast_f1_2024_2_results.json__offset=16",
    }


def test_only_the_rounds_asked_for(run: Callable[..., PullReport], site: Jolpica) -> None:
    report = run([3])
    assert report.rounds == (3,)
    assert {p.split("/")[1] for p in site.asked() if "/" in p} == {"3"}


def test_progress_is_told_after_every_listing(run: Callable[..., PullReport]) -> None:
    steps: list[PullStep] = []
    run(progress=steps.append)
    assert [s.done for s in steps] == list(range(1, steps[-1].planned + 1))
    assert steps[0].what == "2024" and steps[0].records == 8
    assert {s.what for s in steps} >= {"2024/1/qualifying", "2024/5/pitstops", "2024/6/qualifying"}
    assert next(s for s in steps if s.what == "2024/5/results").records == 20


@pytest.mark.parametrize("rounds", [[9], [0], [1, 23]])
def test_a_round_that_is_not_there_is_named(run: Callable[..., PullReport], rounds: list[int]) -> None:
    with pytest.raises(PullError, match=rf"rounds 1 to 8, and no round {rounds[-1]}"):
        run(rounds)


def test_a_season_without_races_is_named(site: Jolpica, fetcher: Fetcher, tmp_path: Path) -> None:
    site.loopback.serve("/ergast/f1/2031.json?limit=100", site.reply(body("2031", [], 100, 0, 0)))
    with pytest.raises(PullError, match="no races of 2031"):
        pull(fetcher, 2031, out=tmp_path / "out")
    with pytest.raises(PullError, match=r"no calendar of 1931.*404"):
        pull(fetcher, 1931, out=tmp_path / "out")
    assert not (tmp_path / "out" / "jolpica").exists()


# -- what is asked for again -----------------------------------------------------------------------


def test_nothing_is_asked_twice_within_ten_minutes(
    run: Callable[..., PullReport], site: Jolpica, tmp_path: Path
) -> None:
    first = run()
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "jolpica").iterdir()}
    second = run()
    assert len(site.asked()) == first.requests
    assert (second.requests, second.kept, second.written) == (0, first.requests, ())
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "jolpica").iterdir()} == before


def test_later_only_what_may_have_changed_is_asked_for(
    run: Callable[..., PullReport], site: Jolpica, fetcher: Fetcher
) -> None:
    count = run().requests
    age(fetcher, 3600)
    run()
    assert site.asked(count) == ["2024.json?limit=100", "2024/6/qualifying.json?limit=100"]


def test_a_race_is_asked_for_until_the_stewards_are_through(
    run: Callable[..., PullReport], site: Jolpica, fetcher: Fetcher, weekends: list[Weekend]
) -> None:
    """Pulled a day after the race, again once it is settled, and then never again."""
    day = weekends[4].day
    start = datetime(day.year, day.month, day.day, weekends[4].circuit.hour_utc, tzinfo=UTC)
    run([5], now=start + timedelta(days=1))
    age(fetcher, timedelta(days=4).total_seconds())
    count = len(site.asked())
    run([5], now=start + timedelta(days=5))
    assert "2024/5/results.json?limit=100" in site.asked(count)
    age(fetcher, timedelta(days=300).total_seconds())
    count = len(site.asked())
    run([5], now=start + timedelta(days=305))
    assert site.asked(count) == ["2024.json?limit=100"]


def test_a_correction_replaces_the_page(
    run: Callable[..., PullReport], site: Jolpica, fetcher: Fetcher, tmp_path: Path, weekends: list[Weekend]
) -> None:
    day = weekends[4].day
    sunday = datetime(day.year, day.month, day.day, 23, 0, tzinfo=UTC)
    run([5], now=sunday)
    age(fetcher, 3600)
    path = "/ergast/f1/2024/5/results.json?limit=100"
    corrected = site.bodies[path].replace(b'"positionText": "2"', b'"positionText": "D"')
    site.loopback.serve(path, site.reply(corrected))
    report = run([5], now=sunday)
    assert report.written == ("ergast_f1_2024_5_results.json",)
    assert folder_of(tmp_path)["ergast_f1_2024_5_results.json"] == corrected


def test_an_answer_without_records_waits_and_never_replaces_one_with_some(
    run: Callable[..., PullReport], site: Jolpica, fetcher: Fetcher, tmp_path: Path, weekends: list[Weekend]
) -> None:
    day = weekends[4].day
    sunday = datetime(day.year, day.month, day.day, 23, 0, tzinfo=UTC)
    path = "/ergast/f1/2024/5/results.json?limit=100"
    nothing = site.reply(body("2024/5/results", [], 100, 0, 0))
    site.loopback.serve(path, nothing, site.reply(site.bodies[path]), nothing)
    assert run([5], now=sunday).waiting == ("2024/5/results",)
    assert "ergast_f1_2024_5_results.json" not in folder_of(tmp_path)
    for waiting in ((), ("2024/5/results",)):
        age(fetcher, 3600)
        assert run([5], now=sunday).waiting == waiting
        assert folder_of(tmp_path)["ergast_f1_2024_5_results.json"] == site.bodies[path]


def test_a_listing_that_became_shorter_leaves_no_page_behind(
    run: Callable[..., PullReport], site: Jolpica, fetcher: Fetcher, tmp_path: Path, weekends: list[Weekend]
) -> None:
    day = weekends[4].day
    sunday = datetime(day.year, day.month, day.day, 23, 0, tzinfo=UTC)
    section, records, race = listings_of(weekends)["2024/5/pitstops"]
    for count in (23, 17):
        for path, content in pages("2024/5/pitstops", section, records[:count], race, 10).items():
            site.loopback.serve(path, site.reply(content))
        run([5], now=sunday)
        age(fetcher, 3600)
        names = sorted(n for n in folder_of(tmp_path) if "pitstops" in n)
        assert names == [
            f"ergast_f1_2024_5_pitstops.json{page}"
            for page in ("", "__offset=10", "__offset=20")[: -(-count // 10)]
        ]


def test_pages_of_two_states_are_read_anew(
    run: Callable[..., PullReport], site: Jolpica, tmp_path: Path, weekends: list[Weekend]
) -> None:
    """A stop was added between the first page and the second: the first is asked for once more."""
    section, records, race = listings_of(weekends)["2024/5/pitstops"]
    old, new = (pages("2024/5/pitstops", section, records[:n], race, 10) for n in (14, 15))
    first, second = new
    site.loopback.serve(first, site.reply(old[first]), site.reply(new[first]))
    site.loopback.serve(second, site.reply(new[second]))
    assert run([5]).complete
    assert folder_of(tmp_path)["ergast_f1_2024_5_pitstops.json"] == new[first]


# -- when things go wrong --------------------------------------------------------------------------


def test_a_pause_that_the_host_asks_for_is_kept(
    run: Callable[..., PullReport], site: Jolpica, slept: list[float], reply: Any
) -> None:
    path = site.breaks("2024/2/results", reply(status=429, headers={"Retry-After": "17"}))
    assert run().complete
    assert site.loopback.paths().count(path) == 2
    assert max(slept) == 17.0


def test_a_pause_too_long_to_wait_for_is_reported(
    run: Callable[..., PullReport], site: Jolpica, reply: Any
) -> None:
    path = site.breaks("2024/2/results", reply(status=429, headers={"Retry-After": "3600"}))
    report = run()
    assert [f.what for f in report.failures] == ["2024/2/results"]
    assert "pause" in report.failures[0].reason
    assert site.loopback.paths().count(path) == 1


@pytest.mark.parametrize("trouble", ["failed", "stalled", "cut", "half"])
def test_what_can_pass_is_tried_again(
    run: Callable[..., PullReport], site: Jolpica, tmp_path: Path, reply: Any, trouble: str
) -> None:
    whole = site.bodies["/ergast/f1/2024/4/results.json?limit=100"]
    bad = {
        "failed": reply(status=500),
        "stalled": reply(whole, stall_sec=5.0),
        "cut": reply(whole, cut_at=len(whole) // 2),  # the connection breaks
        "half": reply(whole[: len(whole) // 2]),  # the server says that this is all
    }[trouble]
    path = site.breaks("2024/4/results", bad)
    assert run([4]).complete
    assert site.loopback.paths().count(path) == 2
    assert folder_of(tmp_path)["ergast_f1_2024_4_results.json"] == whole


def test_one_bad_listing_spares_the_others_and_the_next_pull_takes_it_up(
    run: Callable[..., PullReport], site: Jolpica, tmp_path: Path, reply: Any
) -> None:
    site.loopback.serve("/ergast/f1/2024/2/results.json?limit=100", reply(status=500))
    report = run()
    assert [f.what for f in report.failures] == ["2024/2/results"]
    assert "500" in report.failures[0].reason
    assert report.left == () and not report.complete
    assert "ergast_f1_2024_5_pitstops.json" in folder_of(tmp_path)
    count = len(site.asked())
    site.breaks("2024/2/results")
    assert run().complete
    assert site.asked(count) == ["2024/2/results.json?limit=100"]


@pytest.mark.parametrize("mixed_up", ["race", "season", "page", "html"])
def test_an_answer_to_another_question_is_not_kept(
    run: Callable[..., PullReport], site: Jolpica, tmp_path: Path, reply: Any, mixed_up: str
) -> None:
    path = "/ergast/f1/2024/2/results.json?limit=100"
    wrong = {
        "race": site.bodies["/ergast/f1/2024/3/results.json?limit=100"],
        "season": site.bodies[path].replace(b'"season": "2024"', b'"season": "2023"'),
        "page": site.bodies[path].replace(b'"offset": "0"', b'"offset": "30"'),
        "html": b"<html><body>Checking your browser</body></html>",
    }[mixed_up]
    site.loopback.serve(path, reply(wrong))
    assert [f.what for f in run([2]).failures] == ["2024/2/results"]
    assert "ergast_f1_2024_2_results.json" not in folder_of(tmp_path)


def test_a_host_that_is_gone_is_not_asked_for_the_rest(
    run: Callable[..., PullReport], site: Jolpica, reply: Any
) -> None:
    for number in range(1, 6):
        for listing in ("qualifying", "results", "pitstops", "sprint"):
            site.loopback.serve(f"/ergast/f1/2024/{number}/{listing}.json?limit=100", reply(status=503))
    report = run()
    assert len(report.failures) == 3
    assert len(report.left) >= 10
    assert not set(report.left) & {f.what for f in report.failures}


def test_no_network_is_one_clear_line(tmp_path: Path, now: datetime) -> None:
    nowhere = Fetcher(
        tmp_path / "cache",
        base_urls={"https://api.jolpi.ca": "http://127.0.0.1:9"},
        attempts=1,
        sleep=lambda _: None,
    )
    with pytest.raises(PullError, match=r"no calendar of 2024: .*cannot connect") as error:
        pull(nowhere, SEASON, out=tmp_path / "out", now=now)
    assert "\n" not in str(error.value)


def test_a_limit_that_is_used_up_ends_the_pull_with_what_came(
    fetcher: Fetcher, site: Jolpica, loopback: Any, tmp_path: Path, now: datetime
) -> None:
    hour = HostLimit("api.jolpi.ca", (Rate(6, 3600),), why="a small budget")
    frugal = Fetcher(tmp_path / "cache", limits=(hour,), base_urls={"https://api.jolpi.ca": loopback.url})
    report = pull(frugal, SEASON, out=tmp_path / "out", now=now)
    assert len(loopback.asked) == 6  # robots.txt, the calendar and four listings
    assert "limit is used up" in report.failures[0].reason
    assert report.left
    done = len(folder_of(tmp_path))
    report = pull(fetcher, SEASON, out=tmp_path / "out", now=now)
    assert report.complete and report.kept == done
    assert len(site.asked()) == len(set(site.asked()))


def test_jolpicas_own_limits_are_the_default(site: Jolpica, tmp_path: Path, now: datetime) -> None:
    """Four requests a second, by the clock of the server."""
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(seconds)

    plain = Fetcher(tmp_path / "cache", base_urls={"https://api.jolpi.ca": site.loopback.url}, sleep=sleep)
    started = time.monotonic()
    report = pull(plain, SEASON, [1, 2], out=tmp_path / "out", now=now)
    took = time.monotonic() - started
    assert report.complete and waits
    assert report.requests + 1 <= 4 * (took + 1)


# -- killed ----------------------------------------------------------------------------------------

PROGRAM = """
import sys
from datetime import datetime
from pathlib import Path
from formguide.fetch import Fetcher
from formguide.formula1.pull import pull
from formguide.hosts import HostLimit, Rate
fetcher = Fetcher(
    Path(sys.argv[1]),
    limits=(HostLimit("api.jolpi.ca", (Rate(10_000, 1),), why="it is ours"),),
    base_urls={"https://api.jolpi.ca": sys.argv[2]},
    cap_sec=60.0,
)
pull(fetcher, 2024, out=sys.argv[3], now=datetime.fromisoformat(sys.argv[4]))
"""


def test_killed_and_begun_again_nothing_is_asked_twice(
    run: Callable[..., PullReport], site: Jolpica, fetcher: Fetcher, tmp_path: Path, now: datetime, reply: Any
) -> None:
    path = site.breaks("2024/3/results", reply(b"", stall_sec=60.0))
    arguments = [str(fetcher.cache_dir), site.loopback.url, str(tmp_path / "out"), now.isoformat()]
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments])
    try:
        deadline = time.monotonic() + 60
        while path not in site.loopback.paths() and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = site.asked()
    assert before[-1] == "2024/3/results.json?limit=100"
    assert not [name for name in folder_of(tmp_path) if name.startswith(".")]
    report = run()
    after = site.asked(len(before))
    assert report.complete
    assert set(after) & set(before) == {"2024/3/results.json?limit=100"}  # which had not been answered
    assert len(folder_of(tmp_path)) == len(set(site.asked()))


def test_interrupted_at_the_keyboard_what_came_is_there(
    run: Callable[..., PullReport], site: Jolpica, tmp_path: Path
) -> None:
    def stop(step: PullStep) -> None:
        if step.done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(progress=stop)
    assert len(folder_of(tmp_path)) == 6
    assert run().kept == 6
    assert len(site.asked()) == len(set(site.asked()))


# -- the real bodies -------------------------------------------------------------------------------


def test_recorded_bodies_come_and_read_as_they_are(
    real_data: Callable[[str], Path], loopback: Any, reply: Any, fetcher: Fetcher, tmp_path: Path
) -> None:
    """Real answers of the API, replayed; of the races asked for, what was not recorded has no records."""
    recorded = real_data("formula1") / "jolpica"
    wanted = {
        2019: [14],
        2021: [1, 10, 14, 18, 21],
        2022: [1, 2, 10],
        2023: [1, 4, 5],
        2024: [2, 10, 12],
    }
    served: dict[str, bytes] = {}
    for season, rounds in wanted.items():
        names = [str(season)] + [
            f"{season}/{n}/{kind}" for n in rounds for kind in ("qualifying", "sprint", "results", "pitstops")
        ]
        for listing in names:
            file = recorded / f"ergast_f1_{listing.replace('/', '_')}.json"
            content = file.read_bytes() if file.exists() else body(listing, [], 100, 0, 0)
            loopback.serve(f"/ergast/f1/{listing}.json?limit=100", reply(content))
            served |= {file.name: content} if file.exists() else {}
        report = pull(fetcher, season, rounds, out=tmp_path / "out")
        assert report.complete, report.failures
    assert folder_of(tmp_path) == served
    assert "ergast_f1_2023_4_sprint.json" in served and len(served) >= 18
    files = results.read_folder(tmp_path / "out")
    read = results.build_season(2023, files)
    assert read.rejects == []
    winner = read.tables["race_results"].filter((pl.col("round") == 5) & (pl.col("position") == 1))
    assert winner["driver_id"].to_list() == ["max-verstappen"]
    assert read.tables["sprint_results"].height == 20
    assert read.tables["race_calendar"].height == 22
