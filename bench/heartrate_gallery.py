"""A gallery of 10,000 workouts: how long a browser takes to show it, how large it is, and how it answers.

    python -m bench.heartrate_gallery

Needs Chromium with its driver. Time is the browser's own, from asking for the file to the first picture
(wall clock: nothing else measures what a person waits for), beside the same cards all drawn at once.
"""

from __future__ import annotations

from bench._timing import check, duration  # isort: skip  (one thread, set before NumPy starts)

import statistics
import tempfile
import time
from pathlib import Path

import polars as pl

from formguide.heartrate import gallery
from tests.browser import Browser, chromium
from tests.heartrate.invented_workouts import Invented, invented

WORKOUTS, MADE, MOST_SEC, MOST_MB, ROUNDS = 10_000, 200, 2.0, 15.0, 5

_ALL = """
const begun = performance.now(), grid = document.getElementById('grid');
const card = document.querySelector('.card');
for (let i = 0; i < arguments[0]; i++) {
  const copy = card.cloneNode(true);
  grid.append(copy);
  const canvas = copy.querySelector('canvas'), ctx = canvas.getContext('2d');
  canvas.width = 200; canvas.height = 100;
  ctx.beginPath();
  for (let p = 0; p < 64; p++) ctx.lineTo(3 * p, 50 + 40 * Math.sin(i + p / 9));
  ctx.stroke();
}
return (performance.now() - begun) / 1000;
"""
_SORT = """
const began = performance.now(), sort = document.getElementById('sort');
sort.value = arguments[0];
document.getElementById('turn').click();
return (performance.now() - began) / 1000;
"""


def many() -> Invented:
    """10,000 workouts of some 500 samples: 200 invented ones, told again under other names."""
    made = invented(MADE, tuple(f"user{k}" for k in range(40)))

    def again(frame: pl.DataFrame) -> pl.DataFrame:
        copies = (
            frame.with_columns(workout_id=pl.format("{}-{}", "workout_id", pl.lit(k)))
            for k in range(WORKOUTS // MADE)
        )
        return pl.concat(copies)

    return Invented(*(again(frame) for frame in made))


def opened_in(browser: Browser, path: Path) -> float:
    """Seconds from asking for the page to its first picture."""
    browser.open(path)
    for _ in range(200):
        if shown := browser.run("return document.documentElement.dataset.drawnAfterMs || ''"):
            return float(shown) / 1000
        time.sleep(0.05)
    raise SystemExit("the page did not come up in ten seconds")


def main() -> None:
    """Print the figures, and stop where the page is too slow or too large."""
    made = many()
    begun = time.process_time()
    html = gallery.page(*made)
    print(f"made of {made.samples.height:,} samples in {duration(time.process_time() - begun)} of CPU")
    size = len(html.encode()) / 1e6
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "gallery.html"
        path.write_text(html, "utf-8")
        waits = [opened_in(browser, path) for _ in range(ROUNDS)]
        told = browser.run("return document.getElementById('count').textContent")
        check(f"the browser has them all: {told}", told == f"{WORKOUTS:,} of {WORKOUTS:,} workouts")
        sorts = [browser.run(_SORT, by) for by in ("quality", "user", "duration", "hr", "start")]
        at_once = browser.run(_ALL, WORKOUTS)
    print(f"{size:.1f} MB; opens in {duration(statistics.median(waits))} (worst {duration(max(waits))})")
    print(f"sorts in {duration(statistics.median(sorts))}; all cards at once take {duration(at_once)} more")
    check(f"opens in {MOST_SEC:g} s", statistics.median(waits) <= MOST_SEC)
    check(f"at most {MOST_MB:g} MB", size <= MOST_MB)


if __name__ == "__main__":
    main()
