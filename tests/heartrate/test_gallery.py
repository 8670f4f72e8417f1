"""The gallery: what its page holds, and that a browser can sort, filter and open what is on it."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from formguide.heartrate import gallery, pages
from formguide.heartrate.tables import SPORT, QualityFindings, Samples, Workouts
from formguide.heartrate.thumbnails import POINTS, thumbnails
from formguide.lake import Lake
from tests.browser import Browser, chromium
from tests.heartrate.invented_workouts import Invented, invented

HOSTILE = "</script><script>document.title='taken'</script><!--<img src=x onerror=alert(1)>"


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found
    data: dict[str, Any] = json.loads(found.group(1))
    return data


def test_a_thumbnail_is_the_mean_of_each_part_within_a_step_of_its_scale() -> None:
    made = invented(9)
    drawn = thumbnails(made.workouts, made.samples)
    for row, workout in enumerate(made.workouts.iter_rows(named=True)):
        own = made.samples.filter(workout_id=workout["workout_id"])
        part = (own["t_sec"].to_numpy() * POINTS) // (int(workout["duration_sec"]) + 1)
        for point in range(POINTS):
            here = own.filter(pl.Series(part == point))
            speed = (drawn.series[row, 1, point] - 1) / 254 * drawn.top_speed_mps[row]
            assert speed == pytest.approx(here["speed_mps"].mean(), abs=drawn.top_speed_mps[row] / 254)
            scale = drawn.high_m[row] - drawn.low_m[row]
            altitude = drawn.low_m[row] + (drawn.series[row, 2, point] - 1) / 254 * scale
            assert altitude == pytest.approx(here["altitude_m"].mean(), abs=scale / 254)
            heart = int(drawn.series[row, 0, point])
            if workout["has_heart_rate"]:
                assert heart + 29 == pytest.approx(here["heart_rate_bpm"].mean(), abs=0.5)
            else:
                assert heart == 0


def test_what_nobody_measured_is_zero_and_not_a_low_value() -> None:
    made = invented(1)
    silent = made.samples.with_columns(
        altitude_m=pl.lit(None, pl.Float64),
        heart_rate_bpm=pl.when(pl.col("t_sec") >= 600).then("heart_rate_bpm"),
    )
    drawn = thumbnails(made.workouts, silent)
    assert not drawn.series[0, 2].any() and drawn.low_m[0] == drawn.high_m[0] == 0
    duration = made.workouts["duration_sec"][0]
    first = int(600 * POINTS / (duration + 1))
    assert not drawn.series[0, 0, :first].any() and drawn.series[0, 0, first + 1 :].all()
    assert not thumbnails(made.workouts, made.samples.head(0)).series.any()


def test_the_page_is_one_file_that_loads_nothing() -> None:
    page = gallery.page(*invented(6))
    assert not re.search(r"""(src|href)\s*=|https?:|@import|url\(|fetch\(|XMLHttp|import\(""", page)
    assert "default-src 'none'" in html.unescape(page)


def test_same_rows_same_bytes_in_one_part_or_in_several() -> None:
    made = invented(40)
    months = made.samples.join(made.workouts.select("workout_id", "month"), on="workout_id")
    parts = [part.drop("month") for part in months.partition_by("month", maintain_order=True)]
    assert len(parts) == 2
    assert gallery.page(made.workouts, parts, made.findings) == gallery.page(*made)


def test_a_workout_without_samples_is_on_the_page_too() -> None:
    made = invented(5)
    without = made.samples.filter(pl.col("workout_id") != made.workouts["workout_id"][2])
    data = data_of(gallery.page(made.workouts, without, made.findings))
    series = np.frombuffer(base64.b64decode(data["series"]), np.uint8).reshape(5, 3, POINTS)
    place = data["id"].index(made.workouts["workout_id"][2])
    assert sorted(data["id"]) == sorted(made.workouts["workout_id"])
    assert [bool(one.any()) for one in series] == [k != place for k in range(5)]


def test_no_coordinates_even_if_the_samples_have_some() -> None:
    made = invented(3)
    located = made.samples.with_columns(latitude=pl.lit(47.123456), longitude=pl.lit(8.654321))
    page = gallery.page(made.workouts, located, made.findings)
    assert "47.123" not in page and page == gallery.page(*made)


def test_json_in_a_page_cannot_end_its_element() -> None:
    text = pages.as_json({"a": HOSTILE + "\u2028&"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": HOSTILE + "\u2028&"}


def test_of_a_lake_the_newest(tmp_path: Path) -> None:
    made, lake = invented(40), Lake(tmp_path)
    months = made.workouts["month"].unique().to_list()
    for table, rows in ((Workouts, made.workouts), (Samples, made.samples), (QualityFindings, made.findings)):
        for month in months:
            ids = made.workouts.filter(month=month).select("workout_id")
            lake.write_table(
                SPORT, table.name, str(month), rows.join(ids, on="workout_id", how="semi"), table, "test"
            )
    page = gallery.of_lake(lake, most=9)
    newest = made.workouts.sort("started_at")["workout_id"].tail(9).to_list()
    assert data_of(page)["id"] == newest and "The newest 9 of 40 workouts." in page


# -- in a browser ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def made() -> Invented:
    return invented(200, ("ana", "bo", HOSTILE))


@pytest.fixture
def opened(browser: Browser, made: Invented, tmp_path: Path) -> Browser:
    path = tmp_path / "gallery.html"
    path.write_text(gallery.page(*made, title=f"Ours {HOSTILE}"), "utf-8")
    browser.resize(1200, 800)
    browser.open(path)
    return browser


def settled(browser: Browser) -> str:
    """The count, after the filters had the time to act."""
    return str(
        browser.run(
            "return new Promise(r => setTimeout(() => r(document.getElementById('count').textContent), 150))"
        )
    )


def cards(browser: Browser) -> list[str]:
    """What is said of the cards that can be seen, in their order."""
    found: list[str] = browser.run(
        "return [...document.querySelectorAll('.card:not([hidden])')].sort((a, b) => a.place - b.place)"
        ".map(c => c.getAttribute('aria-label'))"
    )
    return found


def test_it_shows_sorts_and_filters(opened: Browser, made: Invented) -> None:
    rows = made.workouts
    assert settled(opened) == "200 of 200 workouts"
    seen = cards(opened)
    assert 15 <= len(seen) < 60 and "2021-09-16" in seen[0]
    opened.click("#turn")
    assert "2021-03-01" in cards(opened)[0]
    opened.click("#turn")
    opened.run("sort.value = 'duration'; sort.dispatchEvent(new Event('input', {bubbles: true}))")
    assert settled(opened) == "200 of 200 workouts"
    longest = sorted(rows["duration_sec"], reverse=True)[: len(seen)]
    shown = [re.findall(r" (\d+:\d\d(?::\d\d)?),", card)[0] for card in cards(opened)]
    assert (
        shown[:6]
        == [
            f"{int(s) // 3600}:{int(s) // 60 % 60:02}:00" if s >= 3600 else f"{int(s) // 60}:00"
            for s in longest
        ][:6]
    )
    opened.type("#user", "ana")
    of_ana = rows.filter(user_id="ana")
    assert settled(opened) == f"{of_ana.height} of 200 workouts"
    opened.type("#quality", "100")
    good = of_ana.filter(pl.col("quality") >= 1)
    assert settled(opened) == f"{good.height} of 200 workouts"
    opened.run("sport.selectedIndex = 1; sport.dispatchEvent(new Event('input', {bubbles: true}))")
    rides = good.filter(activity="ride")
    assert settled(opened) == f"{rides.height} of 200 workouts"
    assert all("ana, ride" in card for card in cards(opened))
    opened.click("button[type=reset]")
    assert settled(opened) == "200 of 200 workouts"
    opened.type("#shortest", "40")
    opened.type("#longest", "50")
    between = rows.filter(pl.col("duration_sec").is_between(2400, 3000))
    assert settled(opened) == f"{between.height} of 200 workouts"
    opened.click("button[type=reset]")
    opened.type("#q", "heart_rate_range 2021-04")
    april = made.findings.filter(rule="heart_rate_range", month=202104)
    assert settled(opened) == f"{april.height} of 200 workouts"
    opened.type("#q", "nobody")
    assert settled(opened) == "0 of 200 workouts" and not cards(opened)
    opened.click("#again")
    assert settled(opened) == "200 of 200 workouts"
    assert not opened.complaints()


def test_a_workout_opens_by_mouse_and_by_keyboard(opened: Browser) -> None:
    opened.click(".card:not([hidden]) canvas")
    title = "return document.getElementById('name').textContent"
    first = opened.run(title)
    assert opened.run("return big.open") and "2021-09-16" in first
    painted = (
        "const c = chart; return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(b => b)"
    )
    assert opened.run(painted)
    opened.press("ArrowRight")
    assert "2021-09-15" in opened.run(title)
    opened.press("Escape")
    assert not opened.run("return big.open")
    assert opened.run("return document.activeElement.place") == 1
    opened.press("ArrowRight", "ArrowDown", "Enter")
    assert opened.run("return big.open") and opened.run(title) not in (first, "")
    assert opened.run("return location.hash").startswith("#w=")
    opened.press("Escape", "End", "Enter")
    assert "2021-03-01" in opened.run(title)
    found = opened.run("return document.getElementById('found').textContent")
    assert "245 bpm is above 230" in found
    opened.press("Escape", "/")
    assert opened.run("return document.activeElement.id") == "q"


def test_a_key_pressed_right_after_a_workout_is_closed_counts(opened: Browser) -> None:
    """The dialog tells of its closing in a later task: both keys are in one, as on a slow machine."""
    opened.click(".card:not([hidden])")
    focused = opened.run("""
        for (const key of ["Escape", "/"]) document.dispatchEvent(new KeyboardEvent("keydown", { key }));
        return new Promise(r => setTimeout(() => r([document.activeElement.id, big.open]), 150));
    """)
    assert focused == ["q", False]


def test_a_name_is_text_and_never_markup(opened: Browser, made: Invented) -> None:
    assert opened.run("return document.title") == f"Ours {HOSTILE}"
    assert opened.run("return document.querySelectorAll('script').length") == 2
    assert not opened.run("return document.querySelectorAll('img').length")
    opened.type("#user", "onerror")
    assert settled(opened) == f"{made.workouts.filter(user_id=HOSTILE).height} of 200 workouts"
    opened.click(".card:not([hidden])")
    assert opened.run("return document.getElementById('name').textContent").startswith(HOSTILE)
    assert not opened.complaints()


def test_it_fits_a_narrow_screen(opened: Browser) -> None:
    opened.resize(500, 800)
    assert opened.run("return document.documentElement.scrollWidth <= innerWidth")
    right = (
        "return Math.max(...[...document.querySelectorAll('.card:not([hidden])')]"
        ".map(c => c.getBoundingClientRect().right))"
    )
    assert settled(opened) and opened.run(right) <= opened.run("return innerWidth")
