"""`formguide forecast track`: marks from flags, files, pipes and fingers; the lake's own."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from formguide.lake import Lake
from formguide.track import asked, events, issuing
from formguide.track.peak_model import PeakSettings
from formguide.track.tables import SPORT, Performances
from formguide.track.trees import TreeSettings
from tests.track.history_made import careers, made

MARKS = "2025-02-22, 6.90, +0.9\n6.88\n2024-05-01, 6.80, -0.2\n"
ASKED = ("--label", "outdoor", "--event", "LJ", "--gender", "men")


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def stadium(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with the careers, model and forecasts of a few men and women."""
    folder = tmp_path_factory.mktemp("stadium") / "lake"
    lake = Lake(folder)
    names = {"openath:901": "Grace Bond", "openath:902": "Ada Bond", "tfrrs:4": "Ida Noether"}
    own = careers(
        {
            "athlete_id": who, "athlete": name, "event": "Long Jump", "label": "Outdoor", "gender": "women",
            "date": date(year, 5, 1), "mark": 6.0 + year % 10 / 50,
        }
        for who, name in names.items()
        for year in range(2014, 2019)
    )  # fmt: skip
    everybody = made(50, seed=41).vstack(own)
    for (season,), rows in everybody.group_by("season"):
        part = rows.sort("performance_id")
        lake.write_table(SPORT, Performances.name, f"season={season}", part, Performances, f"{season}")
    trees = TreeSettings(rounds=20, learning_rate=0.1, seeds=1)
    genders = ("men", "women")
    issuing.make_models(lake, genders, PeakSettings(folds=1, lstm_needs=10**6, trees=trees))
    issuing.make_forecasts(lake, genders)
    return folder


Ask = Callable[..., Any]


@pytest.fixture
def ask(formguide: Callable[..., Any], stadium: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """`ask("--label", "outdoor", stdin="6.88")`"""

    def call(*arguments: object, stdin: str | io.StringIO = "") -> Any:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin) if isinstance(stdin, str) else stdin)
        return formguide("forecast", "track", "--lake", stadium, *arguments)

    return call


def answer_of(stadium: Path, **more: Any) -> asked.Answer:
    """What the library says of the same marks."""
    typed, _ = asked.read_marks(MARKS.splitlines(), events.find("Long Jump"))
    model = issuing.model_of(Lake(stadium), "men")
    return asked.forecast_marks(model, "men", "Outdoor", "Long Jump", typed, **more)


def only(said: Any) -> dict[str, Any]:
    assert said.code == 0, said.err
    (row,) = json.loads(said.out)
    return dict(row)


def refused(said: Any, code: int) -> str:
    assert said.code == code, said
    assert said.out == ""
    (line,) = said.err.strip().splitlines()
    assert "Traceback" not in line
    return str(line)


def test_from_standard_input_a_file_and_typed_is_the_same(ask: Ask, stadium: Path, tmp_path: Path) -> None:
    answer = answer_of(stadium)
    row = only(ask(*ASKED, "--marks", "-", "--json", stdin=MARKS))
    for name in ("low", "median", "high", "last", "best", "linear"):
        assert row[name] == pytest.approx(getattr(answer, name), rel=1e-12), name
        assert row[f"{name}_written"] == answer.written(getattr(answer, name))
    assert (row["event"], row["season"], row["label"], row["gender"]) == ("Long Jump", 2026, "Outdoor", "men")
    assert (row["unit"], row["marks"], row["as_of"], row["model"]) == ("m", 3, "2026-01-01", answer.model)
    file = tmp_path / "marks.txt"
    file.write_text("\ufeff" + MARKS, encoding="utf-8")
    assert only(ask(*ASKED, "--marks", file, "--json")) == row
    assert only(ask(*ASKED, "--json", stdin=MARKS)) == row, "a pipe needs no --marks"
    assert only(ask(*ASKED, "--json", stdin=Terminal(MARKS + "\n7.90 is not read\n"))) == row


def test_whoever_gives_no_option_is_asked(ask: Ask) -> None:
    said = ask(stdin=Terminal("outdoor\nmen\nTriple Jump\n2025-05-01, 14.80\n\n"))
    assert said.code == 0, said.err
    for question in ("Season to forecast", "Gender", "Event", "one per line"):
        assert question in said.err
    assert "Triple Jump, 2026 Outdoor" in said.out


def test_the_answer_on_the_screen(ask: Ask, stadium: Path) -> None:
    answer = answer_of(stadium)
    said = ask(*ASKED, "--marks", "-", stdin=MARKS)
    assert said.code == 0, said.err
    sentence, against = said.out.splitlines()[:2]
    assert "Long Jump, 2026 Outdoor (as of 2026-01-01)" in sentence
    assert all(answer.written(mark) in sentence for mark in (answer.low, answer.median, answer.high))
    assert "The 2025 Outdoor peak was 6.90m" in against and "the best so far 6.90m" in against
    assert answer.model in against
    dots = [line for line in said.out.splitlines() if "●" in line]
    assert [line.split()[0] for line in dots] == ["2024-05-01", "2025-02-22", "2025-02-22"]
    assert dots[0].index("●") < dots[2].index("●") < dots[1].index("●"), "further right is better"
    (forecast,) = [line for line in said.out.splitlines() if "◆" in line]
    assert "─" in forecast and answer.written(answer.median) in forecast


def test_in_seconds_further_right_is_faster(ask: Ask) -> None:
    run = ("--label", "outdoor", "--event", "800", "--gender", "women", "--marks", "-")
    said = ask(*run, stdin="2:09.10, 2025-05-01\n2:07.50, 2025-06-01\n")
    slow, fast = (line for line in said.out.splitlines() if "●" in line)
    assert slow.index("●") < fast.index("●")
    assert "peak was 2:07.50" in said.out


def test_born_and_class_are_heeded(ask: Ask, stadium: Path) -> None:
    plain = only(ask(*ASKED, "--json", stdin=MARKS))
    young = only(ask(*ASKED, "--json", "--born", "2006-06-01", stdin=MARKS))
    junior = only(ask(*ASKED, "--json", "--class", "jr", stdin=MARKS))
    assert young["linear"] == pytest.approx(answer_of(stadium, born=date(2006, 6, 1)).linear)
    assert junior["linear"] == pytest.approx(answer_of(stadium, class_year=3).linear)
    assert len({plain["linear"], young["linear"], junior["linear"]}) == 3
    assert only(ask(*ASKED, "--json", "--class", "JR-3", stdin=MARKS)) == junior


def test_bad_lines_are_named_and_left_out(ask: Ask, stadium: Path) -> None:
    said = ask(*ASKED, "--json", stdin=f"seven metres\n{MARKS}\n6.88, 6.90\n")
    assert only(said)["median"] == pytest.approx(answer_of(stadium).median)
    first, second = said.err.strip().splitlines()
    assert first.startswith("left out: line 1 (seven metres): ")
    assert second.startswith("left out: line 6 (6.88, 6.90): which of")


def test_marks_that_come_too_late_are_told(ask: Ask) -> None:
    dated = MARKS.replace("6.88", "6.88, 2025-02-23")
    said = ask(*ASKED, "--json", stdin=dated + "2026-02-01, 7.10, indoor\n")
    assert "left out: marks of 2026-01-01 or later (1)" in said.err
    assert only(said) == only(ask(*ASKED, "--json", stdin=dated))


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "why"),
    [
        ((), "", 2, "--label is missing"),
        (("--label", "outdoor"), "", 2, "--gender is missing"),
        (("--label", "outdoor", "--gender", "men"), "", 2, "--event is missing"),
        (("--label", "summer", *ASKED[2:]), MARKS, 2, "write indoor or outdoor"),
        ((*ASKED[:4], "--gender", "x"), MARKS, 2, "write men or women"),
        ((*ASKED[:2], "--event", "Long Jmp", *ASKED[4:]), MARKS, 2, "near names: Long Jump"),
        ((*ASKED[:2], "--event", "4x400", *ASKED[4:]), MARKS, 2, "no peak of one athlete's"),
        ((*ASKED, "--class", "11"), MARKS, 2, "write FR, SO, JR or SR"),
        ((*ASKED, "--marks", "nowhere.txt"), "", 1, "--marks nowhere.txt"),
        (ASKED, "", 1, "there are no marks"),
        (ASKED, "2025-01-05, 6.90, indoor", 1, "there is no outdoor mark"),
        ((*ASKED, "--born", "2025-03-01"), MARKS, 1, "nobody born on 2025-03-01"),
        (("--athlete", "Bond", "--event", "LJ"), "", 2, "--athlete takes the lake's forecasts"),
        (("--athlete", "Nobody Here"), "", 1, "nobody called 'Nobody Here'"),
        (("--athlete", "bond"), "", 1, "is 2 athletes: Ada Bond (openath:902), Grace Bond (openath:901)"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_said_in_one_line(
    ask: Ask, arguments: tuple[str, ...], stdin: str, code: int, why: str
) -> None:
    assert why in refused(ask(*arguments, stdin=stdin), code)


def test_an_unreadable_day_of_birth_is_a_usage_error(ask: Ask) -> None:
    said = ask(*ASKED, "--born", "yesterday", stdin=MARKS)
    assert said.code == 2 and "--born" in said.err and "Traceback" not in said.err


def test_a_lake_without_a_model_says_what_to_do(
    formguide: Callable[..., Any], tmp_path: Path, ask: Ask
) -> None:
    said = ask(*ASKED, "--lake", tmp_path / "empty", stdin=MARKS)
    assert "no model of men's peaks: formguide run track --sample" in refused(said, 1)
    said = ask("--athlete", "Bond", "--lake", tmp_path / "empty")
    assert "nobody called 'Bond'" in refused(said, 1)


def test_an_athlete_of_the_lake(ask: Ask, stadium: Path) -> None:
    by_name, by_id = (json.loads(ask("--athlete", who, "--json").out) for who in ("noether", "tfrrs:4"))
    assert by_name == by_id
    kept = issuing.forecasts(Lake(stadium)).filter(athlete_id="tfrrs:4")
    assert [row["median"] for row in by_id] == pytest.approx(kept["median"].to_list())
    assert {row["label"] for row in by_id} == {"Outdoor"}
    shown = ask("--athlete", "noether", "--label", "outdoor", "--gender", "women")
    assert shown.code == 0, shown.err
    (row,) = by_id
    for part in (
        "Ida Noether",
        f"{row['season']} Outdoor",
        "Long Jump",
        f"{row['median']:.2f}m",
        f"{row['last']:.2f}m",
    ):
        assert part in shown.out, part
    assert "nobody called" in refused(ask("--athlete", "noether", "--gender", "men"), 1)
