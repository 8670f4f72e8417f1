"""Runs as they unfold: what is measured second by second against a curve that was there before the start.

GIF with Pillow, which is always there; MP4 where the program ffmpeg is found. The same workout gives the same
bytes of a GIF.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from formguide.drawing import figure
from formguide.heartrate.pictures import FORECAST, GREY, GROUND, MEASURED, SPEED, bridged
from formguide.heartrate.sequences import Floats
from formguide.heartrate.shown import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

Draw = Callable[[int], None]
Seconds = NDArray[np.int64]

FORMATS = (".gif", ".mp4")
FRAMES, FRAMES_A_SECOND, END_MS, DPI = 80, 10, 2000, 80
"""END_MS: how long a GIF shows the end before it begins again."""


class NoWriterError(RuntimeError):
    """An animation cannot be written in the format that was asked for; the message says what to do."""


def single(shown: Shown, path: Path, frames: int = FRAMES) -> Path:
    """One workout: its forecast stands from the start, heart rate and speed are drawn as they come, the place
    on the profile moves. Raises `NoWriterError`."""
    drawn = figure(7.0, 4.6, DPI)
    heart, speed, ground = drawn.subplots(3, 1, sharex=True, height_ratios=(3, 1.1, 0.9))
    minutes = shown.inputs.t_sec / 60
    update, moving = _heart(heart, shown, minutes)
    heart.set_ylabel("heart rate, bpm")
    heart.legend(frameon=False, fontsize=7, loc="lower right", ncols=3)
    quick = shown.inputs.speed_mps
    (line,) = speed.plot([], [], color=SPEED, lw=1)
    speed.set_ylim(0, max(1.0, 1.1 * float(quick.max())))
    speed.set_ylabel(shown.speed_label)
    altitude = shown.inputs.altitude_m
    ground.fill_between(minutes, altitude, altitude.min() - 1, color=GROUND)
    ground.set_ylim(altitude.min() - 1, max(altitude.max(), altitude.min() + 20) + 4)
    (place,) = ground.plot([], [], "o", color=MEASURED, ms=5)
    ground.set_ylabel("altitude, m")
    ground.set_xlabel("minutes")
    ground.set_xlim(0, max(minutes[-1], 1 / 60))
    heart.set_title(f"{shown.title}{shown.forecast_given}", fontsize=9, loc="left")
    said = heart.text(1.0, 1.02, "", transform=heart.transAxes, ha="right", fontsize=9)
    far = shown.inputs.distance_m / 1000

    def draw(second: int) -> None:
        update(second)
        line.set_data(minutes[: second + 1], quick[: second + 1])
        place.set_data([minutes[second]], [altitude[second]])
        said.set_text(f"{minutes[second]:.0f} min, {far[second]:.1f} km")

    return _write(drawn, [*moving, line, place, said], draw, _seconds(len(minutes), frames), path)


def categories(shown: Mapping[str, Shown], path: Path, frames: int = FRAMES) -> Path:
    """A workout of each kind (recovery, steady, intensive), one above the other on one clock, each until its
    own end. Raises `NoWriterError`; ValueError without a workout."""
    if not shown:
        raise ValueError("there is no workout to show")
    drawn = figure(7.0, 1.2 + 1.8 * len(shown), DPI)
    axes = drawn.subplots(len(shown), 1, sharex=True, sharey=True, squeeze=False).ravel()
    updates, moving = [], []
    for axis, (kind, one) in zip(axes, shown.items(), strict=True):
        update, artists = _heart(axis, one, one.inputs.t_sec / 60)
        updates.append(update)
        moving += artists
        axis.set_title(f"{kind}: {one.title}{one.forecast_given}", fontsize=8, loc="left")
        axis.set_ylabel("bpm", fontsize=8)
    reaches = np.array([_reach(one) for one in shown.values()])
    axes[0].set_ylim(reaches[:, 0].min(), reaches[:, 1].max())
    axes[0].legend(frameon=False, fontsize=7, loc="lower right", ncols=3)
    longest = max(len(one.inputs) for one in shown.values())
    axes[-1].set_xlim(0, longest / 60)
    axes[-1].set_xlabel("minutes")

    def draw(second: int) -> None:
        for update, one in zip(updates, shown.values(), strict=True):
            update(min(second, len(one.inputs) - 1))

    return _write(drawn, moving, draw, _seconds(longest, frames), path)


def _heart(axis: Any, shown: Shown, minutes: Floats) -> tuple[Draw, list[Any]]:
    """Draws the forecast; returns what draws the measured part up to a second, and what that moves."""
    if shown.curve is not None:
        axis.fill_between(minutes, shown.curve.p10, shown.curve.p90, color=FORECAST, alpha=0.16, lw=0)
        axis.plot(minutes, shown.curve.p50, color=FORECAST, lw=1.2, label="forecast, 80 %")
    measured = np.full(len(minutes), np.nan) if shown.measured_bpm is None else bridged(shown.measured_bpm)
    (line,) = axis.plot([], [], color=MEASURED, lw=1.0, label="measured")
    (point,) = axis.plot([], [], "o", color=MEASURED, ms=4)
    now = axis.axvline(0, color=GREY, lw=0.7)
    axis.set_ylim(*_reach(shown))
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)

    def update(second: int) -> None:
        line.set_data(minutes[: second + 1], measured[: second + 1])
        point.set_data([minutes[second]], [measured[second]])
        now.set_xdata([minutes[second], minutes[second]])

    return update, [now, line, point]


def _reach(shown: Shown) -> tuple[float, float]:
    """Lowest and highest heart rate that is drawn, with some room; 60 to 180 if there is none."""
    known = [] if shown.curve is None else [shown.curve.p10, shown.curve.p90]
    known += [] if shown.measured_bpm is None else [shown.measured_bpm]
    values = np.concatenate([*known, np.zeros(0)])
    values = values[np.isfinite(values)]
    return (float(values.min()) - 4, float(values.max()) + 4) if len(values) else (60.0, 180.0)


def _seconds(n: int, frames: int) -> Seconds:
    """The seconds that are drawn: evenly over the workout, first and last among them."""
    return np.unique(np.linspace(0, n - 1, min(frames, n)).astype(int))


def _write(drawn: Figure, moving: Sequence[Any], draw: Draw, seconds: Seconds, path: Path) -> Path:
    """Writes the frames beside the path, then puts the file there whole."""
    write = _writer(path)
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        write(_frames(drawn, moving, draw, seconds), part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _frames(drawn: Figure, moving: Sequence[Any], draw: Draw, seconds: Seconds) -> Iterator[Image]:
    """Pictures of the seconds: what stands still is laid out and drawn once, what moves drawn over a copy."""
    from PIL import Image

    canvas: Any = drawn.canvas
    for artist in moving:
        artist.set_animated(True)
    canvas.draw()
    drawn.set_layout_engine("none")
    still = canvas.copy_from_bbox(drawn.bbox)
    for second in seconds:
        canvas.restore_region(still)
        draw(int(second))
        for artist in moving:
            artist.axes.draw_artist(artist)
        yield Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def _writer(path: Path) -> Callable[[Iterator[Image], Path], None]:
    match path.suffix.lower():
        case ".gif":
            return _gif
        case ".mp4" if shutil.which("ffmpeg") is None:
            raise NoWriterError(f"{path}: MP4 needs the program ffmpeg, which is not here: write a .gif")
        case ".mp4":
            return _mp4
        case _:
            raise NoWriterError(f"{path}: animations are written as {' or '.join(FORMATS)}")


def _gif(frames: Iterator[Image], path: Path) -> None:
    """The colours are those of the last frame, which has drawn everything."""
    from PIL import Image

    pictures = list(frames)
    palette = pictures[-1].quantize(64)
    flat = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    lasts = [1000 // FRAMES_A_SECOND] * (len(flat) - 1) + [END_MS]
    flat[0].save(path, save_all=True, append_images=flat[1:], duration=lasts, loop=0, optimize=False)


def _mp4(frames: Iterator[Image], path: Path) -> None:
    """H.264 with even sizes in the pixel format that every player reads."""
    first = next(frames)
    told = ["ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    told += ["-s", f"{first.width}x{first.height}", "-r", str(FRAMES_A_SECOND), "-i", "-"]
    told += ["-vf", "scale=trunc(iw/2)*2:trunc(ih/2)*2", "-pix_fmt", "yuv420p", "-c:v", "libx264"]
    told += ["-threads", "1", "-fflags", "+bitexact", "-movflags", "+faststart", str(path)]
    raw = b"".join(frame.tobytes() for frame in (first, *frames))
    run = subprocess.run(told, input=raw, capture_output=True, check=False)
    if run.returncode:
        said = (run.stderr.decode(errors="replace").strip().splitlines() or ["no reason"])[-1]
        raise NoWriterError(f"{path.name}: ffmpeg could not write it: {said}")
