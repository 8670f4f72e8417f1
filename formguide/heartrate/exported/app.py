"""A page on this machine to look at workouts and to try a prediction. Needs Formguide's extra `demo`."""

from __future__ import annotations

from pathlib import Path

from formguide.heartrate.demo import main

if __name__ == "__main__":
    main(Path(__file__).parent)
