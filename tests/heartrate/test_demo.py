"""The demonstration: plans that are typed in, workouts as they would have been forecast, and the page."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import polars as pl
import pytest

from formguide.heartrate import demo, export
from formguide.heartrate.forecast import forecast_month
from formguide.heartrate.forecast_tables import ROUTE_ONLY, SPEED_RUN
from formguide.heartrate.histories import read_history
from formguide.heartrate.tables import SPORT, QualityFindings, Samples, Workouts
from formguide.lake import Lake
from tests.browser import Browser, chromium
from tests.heartrate.invented_workouts import invented


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    made, found = invented(7), Lake(tmp_path_factory.mktemp("shown") / "lake")
    for table, rows in ((Workouts, made.workouts), (Samples, made.samples), (QualityFindings, made.findings)):
        found.write_table(SPORT, table.name, "202103", rows, table, "test")
    return found


@pytest.fixture(scope="module")
def folder(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("model")
    export.model(lake, place, "bo")
    return place


def test_a_plan_is_forecast_and_harder_work_beats_faster(folder: Path) -> None:
    easy, hard = (demo.of_plan(folder, f"20 min {pace}") for pace in ("7:00", "5:00"))
    assert easy.curve is not None and hard.curve is not None
    assert hard.curve.p50[-1] > easy.curve.p50[-1]
    assert (easy.curve.p10 < easy.curve.p50).all() and (easy.curve.p50 < easy.curve.p90).all()
    curve = pl.read_csv(demo.curve_csv(easy).encode())
    assert curve.height == 1200 and curve["p50_bpm"][-1] == pytest.approx(easy.curve.p50[-1], abs=0.05)
    assert "planned" in easy.given and "20 min" in easy.title


def test_workouts_are_forecast_as_the_lake_forecasts_them(lake: Lake) -> None:
    explorer = demo.Explorer(lake)
    rows = forecast_month(read_history(lake, correct=True), 202103).rows
    name = invented(7).workouts["workout_id"][5]
    for given in (SPEED_RUN, ROUTE_ONLY):
        shown = explorer.shown(name, given)
        own = rows.filter(pl.col("workout_id") == name, pl.col("given").cast(pl.String) == given)
        assert shown.curve is not None
        if given == SPEED_RUN:
            assert shown.curve.p50[::5] == pytest.approx(own["p50_bpm"].to_numpy())
        else:
            at = np.interp(shown.inputs.distance_m, own["distance_m"], own["p50_bpm"])
            assert np.abs(shown.curve.p50 - at).max() < 2.5
    ride = invented(7).workouts.filter(activity="ride")["workout_id"][0]
    assert explorer.shown(ride).curve is None
    assert explorer.names()[0] == invented(7).workouts["workout_id"][-1]


def test_its_own_heart_rate_changes_nothing_of_a_forecast(lake: Lake, tmp_path: Path) -> None:
    made, changed = invented(7), Lake(tmp_path / "lake")
    name = made.workouts["workout_id"][4 - 1]
    begun = made.workouts.filter(pl.col("workout_id") == name)["started_at"][0]
    later = made.workouts.filter(pl.col("started_at") >= begun)["workout_id"].to_list()
    scrambled = made.samples.with_columns(
        heart_rate_bpm=pl.when(pl.col("workout_id").is_in(later)).then(pl.col("heart_rate_bpm") * 0.7)
        .otherwise("heart_rate_bpm")
    )  # fmt: skip
    for table, rows in ((Workouts, made.workouts), (Samples, scrambled), (QualityFindings, made.findings)):
        changed.write_table(SPORT, table.name, "202103", rows, table, "test")
    for given in (SPEED_RUN, ROUTE_ONLY):
        first, second = (demo.Explorer(one).shown(name, given).curve for one in (lake, changed))
        assert first is not None and second is not None
        assert first.p50.tobytes() == second.p50.tobytes() and first.p10.tobytes() == second.p10.tobytes()


def test_without_gradio_or_a_model_one_line_says_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit, match="holds no model"):
        demo.main(tmp_path, [])
    (tmp_path / "config.json").write_text('{"format": "formguide heart rate ode 1"}')
    with pytest.raises(SystemExit, match="of another version"):
        demo.main(tmp_path, [])
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(SystemExit, match=r"pip install -e '\.\[demo\]'"):
        demo.main(folder, [])


def test_on_a_taken_port_another_is_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "_gradio", lambda: None)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=rf"on port {port} \(.*in use\): name another with --port"):
            demo.main(folder, ["--port", str(port)])


def test_what_the_command_imports_does_not_load_gradio() -> None:
    import formguide.cli.heartrate.look

    assert formguide.cli.heartrate.look.heartrate_app and "gradio" not in sys.modules


@pytest.mark.slow
def test_the_page_in_a_browser(lake: Lake, folder: Path) -> None:
    if importlib.util.find_spec("gradio") is None:
        pytest.skip('needs gradio: pip install -e ".[demo]"')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = [sys.executable, str(folder / "app.py"), "--lake", str(lake.root), "--port", str(port)]
    log, own = folder / "app.log", {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with log.open("wb") as said, subprocess.Popen(told, stdout=said, stderr=said, env=own) as app:
        try:
            _until(lambda: app.poll() is not None or _answers(f"http://127.0.0.1:{port}/"), log)
            assert app.poll() is None, log.read_text("utf-8", "replace")[-2000:]
            with chromium() as browser:
                browser.open(f"http://127.0.0.1:{port}/")
                _try_it(browser, log)
                hosts = browser.run(
                    "return [...new Set(performance.getEntriesByType('resource')"
                    ".map(e => new URL(e.name).host))]"
                )
                assert [host for host in hosts if host not in ("", f"127.0.0.1:{port}")] == []
            found = httpx.get(f"http://127.0.0.1:{port}/gradio_api/info", trust_env=False).json()
            assert set(found["named_endpoints"]) == {"/workout", "/plan", "/forecast"}
            told_so_far = log.read_text("utf-8")
            assert f"http://127.0.0.1:{port}/" in told_so_far and "share" not in told_so_far
        finally:
            app.terminate()


def _try_it(browser: Browser, log: Path) -> None:
    _until(lambda: browser.run("return !!document.querySelector('#workout-picture img')"), log)
    assert "no heart rate" in browser.run("return document.querySelector('#said').innerText")
    browser.run(
        "[...document.querySelectorAll('button[role=tab]')].find(e => /Plan/.test(e.innerText)).click()"
    )
    _until(lambda: browser.run("return document.querySelector('#ask')?.offsetParent != null"), log)
    _until(lambda: browser.run("return !!document.querySelector('#plan-drawn img')"), log)
    was = browser.run("return document.querySelector('#plan-drawn img').src")
    browser.type("#plan textarea", "2 km 5:00 up 4 %")
    _until(lambda: browser.run("return document.querySelector('#plan-drawn img').src") != was, log)
    _until(lambda: "80 m up" in browser.run("return document.querySelector('#plan-said').innerText"), log)
    browser.click("#ask")
    _until(lambda: browser.run("return !!document.querySelector('#plan-picture img')"), log)
    _until(
        lambda: "80 m up: mean" in browser.run("return document.querySelector('#plan-said').innerText"), log
    )
    browser.type("#plan textarea", "ten minutes")
    _until(lambda: "line 1" in browser.run("return document.querySelector('#plan-said').innerText"), log)


def _until(holds: Callable[[], object], log: Path, seconds: float = 120) -> None:
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, log.read_text("utf-8", "replace")[-2000:]
        time.sleep(0.3)


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, trust_env=False).is_success
    except httpx.TransportError:
        return False
