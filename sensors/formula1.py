"""News of Formula 1."""

from assets import formula1
from formguide.formula1.arrivals import ARRIVALS
from sensors.files import files_sensor

formula1_files = files_sensor(ARRIVALS, "race-weekend files", formula1.SEASON_CHAIN)
