"""News of triathlon."""

from assets import triathlon
from formguide.triathlon.arrivals import ARRIVALS
from sensors.files import files_sensor

triathlon_files = files_sensor(ARRIVALS, "race results", triathlon.SEASON_CHAIN)
