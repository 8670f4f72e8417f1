"""The demonstration: a page on this machine to look at workouts and to try a prediction.

    main(folder)      serves the page on 127.0.0.1; needs the extra `demo` (gradio)

What it shows comes from the functions that the commands use. A prediction is of a run of the lake, by what
had ended when it began, or of a plan: stretches of pace and grade that are typed in (`typed_plan`), drawn as
they are typed, and forecast from a folder that `export.model` made.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import socket
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from formguide.heartrate import pictures
from formguide.heartrate.backtest import is_run
from formguide.heartrate.curves import Curve
from formguide.heartrate.export import CONFIG_FILE, FORMAT
from formguide.heartrate.exported import usage
from formguide.heartrate.forecast_tables import GIVEN, SPEED_RUN
from formguide.heartrate.histories import read_history
from formguide.heartrate.pace_doubt import pace_doubt_bpm
from formguide.heartrate.pace_plan import NoRoute, at_distances, planned, widened
from formguide.heartrate.personal import Personal, fit_personal
from formguide.heartrate.sequences import Inputs, Recorded
from formguide.heartrate.shown import PLANNED, Shown
from formguide.heartrate.typed_plan import EXAMPLE, PlanError, inputs_of
from formguide.lake import Lake
from formguide.plain import not_installed

_HERE = "127.0.0.1"
_BUTTONS = ["download", "fullscreen"]


class NoDemoError(RuntimeError):
    """The page cannot be served; the message is one line that says what to do."""


def of_plan(folder: Path, text: str) -> Shown:
    """A plan forecast from a model's folder. Raises PlanError."""
    inputs = inputs_of(text)
    curve = Curve(*usage.forecast(folder, inputs.speed_mps, inputs.altitude_m))
    return Shown(inputs, None, curve, PLANNED, of_plan=True)


def curve_csv(shown: Shown) -> str:
    """The forecast as CSV: t_sec, distance_m, speed_mps, p10_bpm, p50_bpm, p90_bpm."""
    assert shown.curve is not None
    columns = {
        "t_sec": shown.inputs.t_sec.astype(int),
        "distance_m": shown.inputs.distance_m.round(1),
        "speed_mps": shown.inputs.speed_mps.round(3),
        "p10_bpm": shown.curve.p10.round(1),
        "p50_bpm": shown.curve.p50.round(1),
        "p90_bpm": shown.curve.p90.round(1),
    }
    return pl.DataFrame(columns).write_csv()


class Explorer:
    """The workouts of a lake, and what would have been forecast of each when it began."""

    def __init__(self, lake: Lake) -> None:
        history = read_history(lake, correct=True)
        self.runs: dict[str, Recorded] = {run.inputs.workout_id: run for run in history.runs}
        self._learnt = history.learnt
        self._forecasters: dict[str, Personal] = {}

    def names(self) -> list[str]:
        """Ids of the workouts, the newest first."""
        return sorted(self.runs, key=lambda name: (self.runs[name].inputs.started_at, name), reverse=True)

    def shown(self, workout: str, given: str = SPEED_RUN) -> Shown:
        """One workout; of a run, its forecast from what had ended when it began. Raises NoRoute for a route
        that is too short to plan."""
        run = self.runs[workout]
        if not is_run(run):
            return Shown(run.inputs, run.heart_rate_bpm, None, given)
        before = [one for one in self._learnt if one.inputs.ended_at < run.inputs.started_at]
        past = [one for one in before if one.inputs.user_id == run.inputs.user_id]
        month = f"{run.inputs.started_at:%Y%m}"
        if month not in self._forecasters:
            begun = datetime(run.inputs.started_at.year, run.inputs.started_at.month, 1)
            self._forecasters[month] = fit_personal([one for one in before if one.inputs.ended_at < begun])
        forecaster = self._forecasters[month]
        if given == SPEED_RUN:
            return Shown(run.inputs, run.heart_rate_bpm, forecaster.curve(run.inputs, past), given)
        plan = planned(run.inputs, past)
        curve = at_distances(
            widened(forecaster.curve(plan, past), pace_doubt_bpm(past)), plan, run.inputs.distance_m
        )
        return Shown(run.inputs, run.heart_rate_bpm, curve, given)

    def facts(self, workout: str) -> str:
        """Length, distance and measured heart rate in words."""
        run = self.runs[workout]
        known = run.heart_rate_bpm[np.isfinite(run.heart_rate_bpm)]
        heart = f"mean {known.mean():.0f}, highest {known.max():.0f} bpm" if len(known) else "no heart rate"
        return f"{len(run.inputs) / 60:.0f} min, {run.inputs.distance_m[-1] / 1000:.1f} km, {heart}"


def build(folder: Path, explorer: Explorer | None) -> Any:
    """The page, as gradio's Blocks. folder: of a model; explorer: of a lake, or None. Raises NoDemoError."""
    gr = _gradio()
    with gr.Blocks(title="Formguide: heart rate", analytics_enabled=False) as page:
        gr.Markdown(f"# Heart rate of a run\n{_about(folder)}")
        if explorer is not None and explorer.runs:
            with gr.Tab("Workouts"):
                _workouts_tab(gr, page, explorer)
        with gr.Tab("Plan a run"):
            _plan_tab(gr, page, folder)
    return page


def _workouts_tab(gr: Any, page: Any, explorer: Explorer) -> None:
    with gr.Row():
        names = explorer.names()
        workout = gr.Dropdown(names, value=names[0], label="Workout", elem_id="workout")
        given = gr.Radio(list(GIVEN), value=SPEED_RUN, label="The forecast is given the", elem_id="given")
    said = gr.Markdown(elem_id="said")
    picture = gr.Image(
        label="Forecast and measured", elem_id="workout-picture", show_label=False, buttons=_BUTTONS
    )

    def draw(name: str | None, what: str) -> tuple[str, Any]:
        if not name or name not in explorer.runs:
            return "Choose a workout.", None
        try:
            shown = explorer.shown(name, what)
        except NoRoute as error:
            return f"{explorer.facts(name)}; {error}", None
        off = "" if shown.mae_bpm is None else f"; the forecast was off by {shown.mae_bpm:.1f} bpm on average"
        off = off if shown.curve is not None else "; no run, so nothing is forecast of it"
        return explorer.facts(name) + off, _array(pictures.forecast(shown))

    workout.change(draw, [workout, given], [said, picture], api_name="workout")
    for change in (given.change, page.load):
        change(draw, [workout, given], [said, picture], api_visibility="private")


def _plan_tab(gr: Any, page: Any, folder: Path) -> None:
    with gr.Row():
        text = gr.Textbox(
            EXAMPLE,
            lines=8,
            label="A line a stretch: how long or how far, pace a km, grade",
            info="10 min 5:30 · 2 km 5:10 up 3 % · 400 m 4:00 down 1 % · 90 s rest",
            elem_id="plan",
        )
        with gr.Column():
            drawn = gr.Image(label="The plan", elem_id="plan-drawn", show_label=False, buttons=[])
            ask = gr.Button("Forecast", variant="primary", elem_id="ask")
            said = gr.Markdown(elem_id="plan-said")
            file = gr.File(label="The curve as CSV", elem_id="curve")
    picture = gr.Image(label="Forecast", elem_id="plan-picture", show_label=False, buttons=_BUTTONS)

    def sketch(typed: str) -> tuple[str, Any]:
        try:
            plan = inputs_of(typed)
        except PlanError as error:
            return f"**{error}**", gr.skip()
        return _length(plan), _array(pictures.plan(plan))

    text.change(sketch, [text], [said, drawn], api_name="plan", show_progress="hidden")
    page.load(sketch, [text], [said, drawn], api_visibility="private", show_progress="hidden")
    kept = tempfile.TemporaryDirectory(prefix="formguide-demo-")

    def draw(typed: str) -> tuple[str, Any, str | None]:
        try:
            shown = of_plan(folder, typed)
        except PlanError as error:
            return f"**{error}**", None, None
        assert shown.curve is not None
        mean, most = shown.curve.p50.mean(), shown.curve.p50.max()
        path = Path(kept.name) / "curve.csv"
        path.write_text(curve_csv(shown), "utf-8")
        return (
            f"{_length(shown.inputs)}: mean {mean:.0f}, highest {most:.0f} bpm",
            _array(pictures.forecast(shown)),
            str(path),
        )

    ask.click(draw, [text], [said, picture, file], api_name="forecast")


def main(folder: Path, arguments: Sequence[str] | None = None) -> None:
    """Serves the page of a model's folder on this machine until it is stopped."""
    parser = argparse.ArgumentParser(description="Look at workouts and try a prediction, on this machine.")
    parser.add_argument(
        "--lake", default=os.environ.get("FORMGUIDE_LAKE"), help="the lake whose workouts are shown"
    )
    parser.add_argument("--port", type=int, default=7860)
    told = parser.parse_args(arguments)
    try:
        serve(folder, Lake(told.lake) if told.lake else None, told.port)
    except NoDemoError as error:
        raise SystemExit(str(error)) from error


def serve(folder: Path, lake: Lake | None, port: int = 7860) -> None:
    """Serves the page on the loopback address. Raises NoDemoError."""
    again = f"formguide heartrate export model --out {folder}"
    if not (folder / CONFIG_FILE).is_file():
        raise NoDemoError(f"{folder} holds no model: {again}")
    if json.loads((folder / CONFIG_FILE).read_text("utf-8")).get("format") != FORMAT:
        raise NoDemoError(f"{folder} holds a model of another version of formguide: {again}")
    gr = _gradio()
    _require_free(port)
    page = build(folder, Explorer(lake) if lake is not None else None)
    # The usual theme asks another host for its fonts.
    fonts = {"font": ["system-ui", "sans-serif"], "font_mono": ["ui-monospace", "monospace"]}
    page.launch(
        server_name=_HERE,
        server_port=port,
        share=False,
        inbrowser=False,
        footer_links=[],
        theme=gr.themes.Default(**fonts),
        # It would speak of public links.
        quiet=True,
        prevent_thread_lock=True,
    )
    print(f"http://{_HERE}:{port}/  on this machine; Ctrl-C ends it", flush=True)
    page.block_thread()


def _require_free(port: int) -> None:
    """Raises NoDemoError where nothing can listen on a port."""
    with socket.socket() as asked:
        # What listened a moment ago is no hindrance.
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind((_HERE, port))
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise NoDemoError(
                f"nothing can listen on port {port} ({why}): name another with --port"
            ) from error


def _gradio() -> Any:
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import gradio
    except ImportError as error:
        raise NoDemoError(not_installed("gradio", "demo")) from error
    return gradio


def _about(folder: Path) -> str:
    about = json.loads((folder / CONFIG_FILE).read_text("utf-8"))["about"]
    runs = about["runs_of_the_runner"]
    whose = f"one runner, {runs} runs" if runs else f"what {about['users']} runners have in common"
    known = f"learnt until {about['learnt_until']}"
    return f"Model: {whose}, {known}. Time, speed and altitude in; never a heart rate."


def _length(plan: Inputs) -> str:
    """How long and how far, and how much of it is climbed."""
    climbed = float(np.maximum(np.diff(plan.altitude_m), 0).sum())
    up = f", {climbed:.0f} m up" if climbed >= 1 else ""
    return f"{len(plan) / 60:.0f} min, {plan.distance_m[-1] / 1000:.1f} km{up}"


def _array(png: bytes) -> Any:
    from PIL import Image

    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB"))
