"""News of track and field."""

from assets import track
from formguide.track.arrivals import ARRIVALS
from sensors.files import files_sensor

track_files = files_sensor(ARRIVALS, "pages and careers", track.SEASON_CHAIN)
