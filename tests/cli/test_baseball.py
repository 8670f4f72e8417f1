"""Baseball at the terminal: the season taken in, the day's batters, the backtest, games pulled."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from formguide.baseball.sample import write_sample
from formguide.cli import main
from formguide.formula1.sample import write_sample as write_races

DATES = 10


@pytest.fixture(scope="module")
def games(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short seasons; of the last, three dates are still to come."""
    folder = tmp_path_factory.mktemp("games") / "baseball"
    write_sample(folder, dates=DATES, dates_played=DATES - 3, first_season=2024)
    return folder


@pytest.fixture(scope="module")
def made_diamond(tmp_path_factory: pytest.TempPathFactory, games: Path) -> Path:
    """A lake that `formguide run baseball --from` made of them."""
    lake = tmp_path_factory.mktemp("made-diamond") / "lake"
    assert main(["run", "baseball", "--from", str(games), "--lake", str(lake)]) == 0
    return lake


@pytest.fixture
def diamond(tmp_path: Path, made_diamond: Path) -> Path:
    """A copy of the made lake, to be changed."""
    return Path(shutil.copytree(made_diamond, tmp_path / "diamond", symlinks=True))


def test_run_shows_the_pick_and_why(formguide, games, diamond):
    said = formguide("run", "baseball", "--from", games, "--lake", diamond)
    assert said.code == 0, said.err
    for part in (
        "Who gets a hit on 2025-",
        "Today's pick",
        "plate appearances",
        "Scores per game",
        "Try next:",
    ):
        assert part in said.out, part
    assert "sample league" in said.out
    assert "carried over" in said.err


def test_the_warehouse_answers_for_baseball(formguide, diamond):
    query = "SELECT slot, avg(p_game_hit) AS p FROM baseball.backtest_forecasts GROUP BY 1 ORDER BY 1"
    rows = json.loads(formguide("sql", query, "--format", "json", "--lake", diamond).out)
    assert [row["slot"] for row in rows] == list(range(1, 10))
    assert rows[0]["p"] > rows[-1]["p"]
    days = "SELECT count(*) AS n FROM baseball.batter_forecasts"
    assert json.loads(formguide("sql", days, "--format", "json", "--lake", diamond).out)[0]["n"] > 20
    comment = (
        "SELECT comment FROM duckdb_columns() WHERE table_name = 'features' AND column_name = 'park_factor'"
    )
    assert "park" in formguide("sql", comment, "--lake", diamond).out


def test_the_next_days_batters(formguide, diamond):
    rows = json.loads(formguide("forecast", "baseball", "--json", "--lake", diamond).out)
    chances = [row["p_game_hit"] for row in rows]
    assert chances == sorted(chances, reverse=True)
    assert {row["lineup_status"] for row in rows} <= {"confirmed", "projected"}
    assert all(0 < p < 1 for p in chances)
    top = json.loads(formguide("forecast", "baseball", "--json", "--top", 3, "--lake", diamond).out)
    assert top == rows[:3]
    table = formguide("forecast", "baseball", "--top", 3, "--lake", diamond).out
    assert rows[0]["batter"] in table
    assert rows[3]["batter"] not in table


def test_a_day_without_games_is_an_error_that_says_which_days_there_are(formguide, diamond):
    said = formguide("forecast", "baseball", "--date", "2025-12-24", "--lake", diamond)
    assert (said.code, said.err.count("formguide:")) == (1, 1)
    assert "2024-" in said.err and "2025-" in said.err
    assert formguide("forecast", "baseball", "--date", "tomorrow", "--lake", diamond).code == 2


def test_an_empty_lake_says_what_to_do(formguide, tmp_path):
    for command in ("forecast", "backtest"):
        said = formguide(command, "baseball", "--lake", tmp_path / "lake")
        assert said.code == 1
        assert "formguide run baseball" in said.err


def test_a_forecast_that_was_issued_stays_on_record(formguide, diamond):
    query = "SELECT count(*) AS n, count(DISTINCT made_at) AS times FROM baseball.forecast_log"
    before = json.loads(formguide("sql", query, "--format", "json", "--lake", diamond).out)
    assert before[0]["n"] > 20
    formguide("forecast", "baseball", "--lake", diamond)
    log = diamond / "baseball" / "forecast_log" / "all"
    assert len(list(log.glob("*.parquet"))) == before[0]["times"] == 1


@pytest.fixture(scope="module")
def first_games(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two sports: a season's first three dates, and four races."""
    both = tmp_path_factory.mktemp("results")
    write_sample(both / "baseball", 1, dates=6, dates_played=3, first_season=2025)
    write_races(both / "formula1", seed=7, seasons=1, races=4, rounds_run=2)
    return both


def test_run_takes_every_sport_that_a_folder_has_and_says_what_is_missing_to_forecast_one(
    formguide, first_games, tmp_path
):
    lake = tmp_path / "lake"
    said = formguide("run", "--from", first_games, "--lake", lake)
    assert said.code == 0, said.err
    why = r"\d{3} plate appearances before 2025-04-04, and a forecast needs 2,000"
    for part in ("Grand Prix", "forecast formula1", "forecast baseball"):
        assert part in said.out, part
    assert re.search(f"No day can be forecast: there are {why}", said.out), said.out
    games = formguide("sql", "SELECT count(*) AS n FROM baseball.games", "--format", "json", "--lake", lake)
    assert json.loads(games.out)[0]["n"] == 24
    asked = formguide("forecast", "baseball", "--lake", lake)
    assert (asked.code, asked.err.count("formguide:")) == (1, 1)
    assert re.search(f"nobody can be forecast on 2025-04-04 yet: {why}", asked.err), asked.err
    scored = formguide("backtest", "baseball", "--lake", lake)
    assert (scored.code, scored.err.count("formguide:")) == (1, 1)
    assert "nothing to score" in scored.err
    only = formguide("run", "--from", first_games / "baseball", "--lake", lake)
    assert only.code == 0, only.err
    assert "Grand Prix" not in only.out and "No day can be forecast" in only.out


def test_a_sample_of_one_sport_does_not_stand_in_the_way_of_another(formguide, diamond, league, tmp_path):
    (race,) = (league / "f1db" / "seasons" / "2024" / "races").glob("01-*")
    shutil.copytree(race, tmp_path / "real" / "2024" / "races" / race.name)
    assert formguide("run", "formula1", "--from", tmp_path / "real", "--lake", diamond).code == 0
    game = tmp_path / "game" / "feeds" / "2025"
    game.mkdir(parents=True)
    document = {"gamePk": 1, "gameData": {"game": {"season": "2025"}}}
    (game / "1.json.gz").write_bytes(gzip.compress(json.dumps(document).encode()))
    said = formguide("run", "baseball", "--from", tmp_path / "game", "--lake", diamond)
    assert (said.code, "holds the sample league" in said.err) == (1, True)


def schedule(day: date, *games: tuple[int, str]) -> bytes:
    """What the API says of a date: numbers of games and their codedGameState."""
    listed = [
        {
            "gamePk": pk,
            "gameType": "R",
            "season": str(day.year),
            "gameDate": f"{day}T17:00:00Z",
            "status": {"codedGameState": coded},
        }
        for pk, coded in games
    ]
    return json.dumps({"dates": [{"date": str(day), "games": listed}]}).encode()


def test_pull_puts_documents_into_the_inbox(formguide, loopback, reply, monkeypatch, tmp_path, games):
    feed = sorted((games / "feeds" / "2024").iterdir())[0]
    body = gzip.decompress(feed.read_bytes())
    number, day = json.loads(body)["gamePk"], date(2024, 4, 2)
    loopback.serve("/robots.txt", reply(b"User-agent: *\nAllow: /\n"))
    path = f"/api/v1/schedule?sportId=1&gameTypes=R&hydrate=probablePitcher&date={day}"
    loopback.serve(path, reply(schedule(day, (number, "F"), (999, "D"))))
    loopback.serve(f"/api/v1.1/game/{number}/feed/live", reply(body))
    monkeypatch.setenv("FORMGUIDE_BASE_URLS", f"https://statsapi.mlb.com={loopback.url}")
    asked = ("pull", "baseball", "--start", day, "--end", day, "--lake", tmp_path / "lake")
    said = formguide(*asked)
    assert said.code == 0, said.err
    assert "1 final games, 2 files new or changed" in said.out
    assert "Not played: 1 games" in said.out
    inbox = tmp_path / "lake" / "inbox" / "baseball"
    assert gzip.decompress((inbox / "feeds" / "2024" / f"{number}.json.gz").read_bytes()) == body
    again = formguide(*asked)
    assert (again.code, "0 files new or changed" in again.out) == (0, True)
    assert loopback.paths().count(f"/api/v1.1/game/{number}/feed/live") == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["pull", "baseball"], 2),
        (["pull", "baseball", "--start", "2024-04-02", "--end", "2024-04-01"], 2),
        (["pull", "baseball", "--start", "soon"], 2),
        (["backtest", "baseball", "--seeds", "0"], 2),
        (["backtest", "baseball", "--seasons", "then"], 2),
        (["backtest", "baseball", "--diff", "nowhere.json"], 1),
        (["forecast", "baseball", "--top", "0"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_question_is_one_line(formguide, diamond, arguments, code):
    said = formguide(*arguments, "--lake", diamond)
    assert said.code == code
    assert said.err.startswith("formguide: ")
    assert said.err.count("\n") == 1


def test_backtest_as_rows_of_chosen_seasons(formguide, diamond):
    said = formguide("backtest", "baseball", "--seasons", 2024, 2025, "--json", "--lake", diamond)
    assert said.code == 0, said.err
    rows = json.loads(said.out)
    keys = {"sport", "task", "model", "season", "n", "metric", "value", "standard_error"}
    assert all(keys <= row.keys() for row in rows)
    assert {row["sport"] for row in rows} == {"baseball"}
    assert {row["task"] for row in rows} == {"actual", "projected"}
    assert {row["season"] for row in rows} >= {"all", "2025"}
    assert all(row["is_sample"] for row in rows)


def test_the_scorecard_is_printed_saved_and_compared_with(formguide, diamond, tmp_path):
    file = tmp_path / "scores.json"
    said = formguide("backtest", "baseball", "--save", file, "--lake", diamond)
    assert said.code == 0, said.err
    for part in ("blend", "slot", "hindsight*", "not available before the game", "calibration_slope"):
        assert part in said.out, part
    assert "tenth_1_forecast" not in said.out
    kept = json.loads(file.read_text())
    first = next(row for row in kept if row["metric"] == "log_loss" and row["span"] == "all")
    first["value"] += 0.5
    file.write_text(json.dumps(kept))
    changed = json.loads(formguide("backtest", "baseball", "--diff", file, "--json", "--lake", diamond).out)
    changes = [row["change"] for row in changed if row["change"] is not None]
    assert [change for change in changes if change] == [pytest.approx(-0.5)]
    assert len(changes) > 100
    full = formguide("backtest", "baseball", "--diff", file, "--full", "--lake", diamond).out
    assert "Against" in full and "tenth_1_forecast" in full
    file.write_text("[{}]")
    said = formguide("backtest", "baseball", "--diff", file, "--lake", diamond)
    assert (said.code, "not a saved scorecard" in said.err) == (1, True)


def test_an_audit_of_seeds_is_shown_seed_by_seed(formguide, diamond):
    said = formguide("backtest", "baseball", "--audit", 1, "--full", "--lake", diamond)
    assert said.code == 0, said.err
    assert "Each seed by itself" in said.out
    assert said.err.count("audit of a seed") == 1
    assert "tenth_1_forecast" in said.out
