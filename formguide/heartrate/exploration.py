"""What a lake's workouts look like, as files for a browser and a spreadsheet, made again when they changed.

gallery.html, quality.html: pages that need nothing else; correlations.png, correlations.csv: how the features
and the heart rate of runs go together, within workouts and between them.
"""

from __future__ import annotations

from formguide import making
from formguide.asof import fingerprint
from formguide.heartrate import correlations, gallery, pictures, quality_report
from formguide.heartrate.arrivals import ARRIVALS
from formguide.heartrate.feature_table import WorkoutFeatures
from formguide.heartrate.tables import SPORT, Corrections, QualityFindings, Samples, Workouts
from formguide.lake import Lake
from formguide.making import Made, carried_over

NAME = "exploration"
"""The asset."""

VERSION = "3"
"""Changes when the same workouts would look otherwise."""

GALLERY, QUALITY, PICTURE, TABLE = "gallery.html", "quality.html", "correlations.png", "correlations.csv"


def make_exploration(lake: Lake) -> Made:
    """The files of everything in a lake; none of them while it holds no workout."""
    inputs = (Workouts, Samples, QualityFindings, Corrections, WorkoutFeatures)
    months = lake.partitions(SPORT, Workouts.name)
    made_from = fingerprint(
        VERSION, [[making.version_of(lake, SPORT, table.name, month) for table in inputs] for month in months]
    )
    manifest = lake.manifest(SPORT, NAME, None)
    if manifest is not None and manifest.made_from == made_from:
        return carried_over(manifest)
    found = correlations.of_lake(lake)
    files = {
        GALLERY: gallery.of_lake(lake, title=titled("Workouts", lake)).encode(),
        QUALITY: quality_report.of_lake(lake, titled("Quality of the workouts", lake)).encode(),
        PICTURE: pictures.correlations(found.names, found.within, found.between),
        TABLE: found.table().write_csv().encode(),
    }
    strongest = found.with_heart_rate().head(5)
    facts = {
        "runs": found.workouts,
        "strongest_with_heart_rate": [
            f"{name}: {within:+.2f}"
            for name, within in strongest.drop_nulls().select("feature", "within").rows()
        ],
    }
    written = lake.write_bytes(SPORT, NAME, None, files, made_from, facts)
    return Made(written.hash, found.workouts, 1, 0, facts)


def titled(title: str, lake: Lake) -> str:
    """The title of a page, which says so where the workouts are the sample's."""
    return f"{title} (the sample, made up by Formguide)" if ARRIVALS.holds_sample(lake) else title
