"""News of baseball's games; the day itself has sensors of its own, in `sensors.baseball_day`."""

from assets import baseball
from formguide.baseball.arrivals import ARRIVALS
from sensors.files import files_sensor

baseball_files = files_sensor(ARRIVALS, "game files", baseball.SEASON_CHAIN)
