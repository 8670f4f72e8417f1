"""News of heart rate: a workout that somebody drops into the inbox."""

from assets import heartrate
from assets.partitions import MONTHS
from formguide.heartrate.arrivals import ARRIVALS
from sensors.files import files_sensor

heartrate_files = files_sensor(ARRIVALS, "workouts", heartrate.SEASON_CHAIN, MONTHS)
