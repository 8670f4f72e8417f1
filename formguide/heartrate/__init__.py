"""Heart rate: the curve of a run before it is run.

Workouts of any common format become one table of workouts and one of samples (`tables`), those become
arrays without gaps (`sequences`), and of those a forecast (`curves`) sees speed, altitude, cadence and power,
never a heart rate.
"""
