"""What sets assets off: new files, what follows from them, and what to do when a run fails."""

from sensors.automation import automation
from sensors.baseball import baseball_files
from sensors.baseball_day import baseball_day
from sensors.failures import run_failures
from sensors.formula1 import formula1_files
from sensors.heartrate import heartrate_files
from sensors.track import track_files
from sensors.triathlon import triathlon_files

SENSORS = [
    formula1_files,
    baseball_files,
    track_files,
    triathlon_files,
    heartrate_files,
    baseball_day,
    automation,
    run_failures,
]
