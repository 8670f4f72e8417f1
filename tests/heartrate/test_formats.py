"""Each format's reader: the same run of every format, and what is wrong with a file, named."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import gpxpy
import numpy as np
import pytest

from formguide.heartrate import csv_files, readers, results
from formguide.heartrate.clock import clocked
from formguide.heartrate.readings import Reading
from formguide.heartrate.tables import FORMATS
from formguide.records import Reject
from tests.heartrate import workout_files as files

BODIES: dict[str, Callable[..., bytes]] = {
    "ann/x.csv": files.csv,
    "ann/x.fit": files.fit,
    "ann/x.tcx": files.tcx,
    "ann/x.gpx": files.gpx,
}


def read(path: str, body: bytes, source: str = readers.WORKOUTS) -> list[Reading]:
    """What a file holds; nothing of it may be refused."""
    found = list(readers.read(source, path, body))
    assert not [reject for reject in found if isinstance(reject, Reject)]
    return [reading for reading in found if isinstance(reading, Reading)]


def refused(path: str, body: bytes) -> str:
    """Why a file is set aside, with its place."""
    (found,) = readers.read(readers.WORKOUTS, path, body)
    assert isinstance(found, Reject)
    assert found.payload == body
    return str(found)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("path", BODIES)
def test_the_same_run_of_every_format(path, packed):
    rows = files.run(120)
    body = BODIES[path](rows)
    (found,) = read(path + ".gz", gzip.compress(body)) if packed else read(path, body)
    assert (found.user_id, found.format) == ("ann", path.rpartition(".")[2])
    assert found.format in FORMATS
    assert found.activity == (None if ".csv" in path else "run")
    assert found.time_sec.tolist() == [row["time"].timestamp() for row in rows]
    for name in ("heart_rate", "cadence"):
        column = {"heart_rate": "heart_rate_bpm", "cadence": "cadence_rpm"}[name]
        assert found.channels[column].tolist() == [row[name] for row in rows]
    assert np.allclose(found.channels["altitude_m"], [row["altitude"] for row in rows])
    if ".gpx" not in path:
        assert np.allclose(found.channels["speed_mps"], 3.0)
        assert np.allclose(found.channels["distance_m"], [row["distance"] for row in rows])
    assert "calories" not in found.channels


def test_a_line_of_fitrec_as_json_and_as_python():
    rows = files.run(60)
    lines = [
        files.fitrec(rows),
        files.fitrec(rows, python=True),
        files.fitrec(rows, python=True, note='a "b"'),
    ]
    body = b"".join(b"%d\t%s\n" % (number, line) for number, line in enumerate(lines, start=5))
    found = read("site/all.json/202103-0000.jsonl", body, readers.FITREC)
    assert [reading.path for reading in found] == [f"site/all.json:{n}" for n in (5, 6, 7)]
    for reading in found:
        assert (reading.user_id, reading.gender, reading.activity) == ("endomondo-7", "F", "run")
        assert np.allclose(reading.channels["speed_mps"], 3.0), "the site has km/h"
        assert reading.channels["heart_rate_bpm"].tolist() == [row["heart_rate"] for row in rows]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (files.fitrec(files.run(9))[:-40], "neither JSON nor a Python dict"),
        (b"__import__('os').getcwd()", "neither JSON nor a Python dict"),
        (b"[1, 2]", "a list where an object was expected"),
        (files.fitrec(files.run(2), timestamp=["a", 1]), "record 1, field timestamp: 'a' is not a number"),
        (files.fitrec(files.run(2), timestamp="now"), "field timestamp: 'now' is not an array"),
        (files.fitrec(files.run(9), timestamp=None), "field timestamp: is missing"),
        (files.fitrec(files.run(9), userId=None), "field userId: is missing"),
    ],
)
def test_a_bad_line_is_named_and_the_others_go_on(line, said):
    good = files.fitrec(files.run(9))
    found = list(readers.read(readers.FITREC, "f.json/202103-0000.jsonl", b"1\t%s\n2\t%s\n" % (line, good)))
    assert isinstance(found[0], Reject) and isinstance(found[1], Reading)
    assert str(found[0]).startswith("f.json:1") and said in str(found[0])
    assert found[0].payload == line


@pytest.mark.parametrize("sensor", ["heart_rate", "altitude", "speed", "latitude"])
@pytest.mark.parametrize(
    ("values", "said", "known"),
    [
        ([1, 2], ["field SENSOR: has 2 values for 9 timestamps"], []),
        ("high", ["field SENSOR: 'high' is not an array"], []),
        ({"a": 1}, ["field SENSOR: \"{'a': 1}\" is not an array"], []),
        (
            [50, "a", None, 53, [54], 10**400, *[56] * 3],
            [
                "record 2, field SENSOR: 'a' is not a number",
                "record 5, field SENSOR: [54] is not a number",
                f"record 6, field SENSOR: 1{'0' * 59} is not a number",
            ],
            [0, 3, 6, 7, 8],
        ),
        ([[50]] * 9, [f"record {n}, field SENSOR: [50] is not a number" for n in range(1, 10)], []),
    ],
)
def test_what_a_sensor_of_a_line_says_wrongly_is_set_aside_and_the_workout_stays(sensor, values, said, known):
    line = files.fitrec(files.run(9), **{sensor: values})
    (found,) = readers.read(readers.FITREC, "f.json/202103-0000.jsonl", b"1\t%s\n" % line)
    assert isinstance(found, Reading) and len(found.time_sec) == 9
    assert [str(note) for note in found.notes] == [
        f"f.json:1, {reason.replace('SENSOR', sensor)}" for reason in said
    ]
    channels = {**found.channels, "latitude": found.latitude}
    channel = {"heart_rate": "heart_rate_bpm", "altitude": "altitude_m", "speed": "speed_mps"}.get(
        sensor, sensor
    )
    kept = channels.get(channel)
    assert ([] if kept is None else np.flatnonzero(np.isfinite(kept)).tolist()) == known
    others = {"heart_rate_bpm", "altitude_m", "speed_mps"} - {channel}
    assert all(np.isfinite(found.channels[other]).all() for other in others)


def test_no_heart_rate_decides_whether_a_line_is_a_workout():
    rows = files.run(400)
    lines = [files.fitrec(rows, heart_rate=said) for said in (None, [1], ["a"] * 400, ["a", *[90] * 399])]
    months = [
        results.read_month(202103, {readers.FITREC: {"f.json/202103-0000.jsonl": b"1\t%s\n" % line}})
        for line in lines
    ]
    for month in months:
        assert not month.refused and month.workouts.height == 1
        assert month.samples.drop("heart_rate_bpm").equals(months[0].samples.drop("heart_rate_bpm"))
    assert [len(month.rejects) for month in months] == [0, 1, 21, 1]
    assert str(months[2].rejects[-1]) == "f.json:1, field heart_rate: 380 more could not be read"
    assert [month.workouts["has_heart_rate"][0] for month in months] == [False, False, False, True]


@pytest.mark.parametrize("name", ["x.gpx", "x.tcx"])
def test_the_times_of_a_file_are_those_of_its_points(name):
    rows = files.run(5)
    body = files.gpx(rows) if name == "x.gpx" else files.tcx(rows)
    when = [row["time"].timestamp() for row in rows]
    other = b"<time>2015-01-01T00:00:00Z</time>"
    for mark in (b"<trk>", b"</trk>", b"<Lap>", b"</Activity>"):
        body = body.replace(mark, other + mark + (b"" if mark == b"<Lap>" else other))
    assert body.count(other) >= 3 and readers.times_in(name, body).tolist() == when
    for tag in (b"trkpt", b"Trackpoint"):
        body = body.replace(b"<" + tag, b"<g:" + tag).replace(b"</" + tag, b"</g:" + tag)
    assert readers.times_in(name, body).tolist() == when
    assert not len(readers.times_in("x.gpx", b"<gpx>" + b'<trkpt lat="1"/>' * 50_000))


BOMB = (
    '<!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
ROUTE = b'<gpx><rte><rtept lat="1" lon="2"/><rtept lat="1" lon="3"/></rte></gpx>'
OUTSIDE = '<!DOCTYPE gpx [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("head", [BOMB, OUTSIDE, "<!DOCTYPE gpx>"], ids=["bomb", "file", "doctype"])
@pytest.mark.parametrize("name", ["x.gpx", "x.tcx"])
def test_xml_that_declares_entities_is_refused(head, name):
    body = files.gpx(files.run(3), head=head).replace(b"running", b"&i;")
    if name == "x.tcx":
        body = files.tcx(files.run(3)).replace(
            b"?>", b"?>" + head.replace("gpx", "TrainingCenterDatabase").encode()
        )
    assert "refused: it declares a document type or entities" in refused(name, body)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("x.fit", b"", "the file is empty"),
        ("x.csv.gz", gzip.compress(b"", mtime=0), "the file is empty"),
        ("x.csv.gz", b"timestamp,heart_rate\n", "its name says gzip, but it is none"),
        ("x.csv.gz", gzip.compress(files.csv(files.run(99)), mtime=0)[:60], "the gzip is damaged"),
        ("x.csv.gz", gzip.compress(files.csv(files.run(99)), mtime=0)[:-8] + bytes(8), "the gzip is damaged"),
        ("x.gpx.gz", gzip.compress(files.gpx(files.run(99)), mtime=0)[:-9], "the gzip is damaged"),
        ("x.fit", files.gpx(files.run(3)), "its name says FIT, but it is GPX"),
        ("x.fit", files.fit(files.run(3))[:8], "no FIT file can be read: it does not begin as one"),
        ("x.gpx", files.fit(files.run(3)), "its name says GPX, but it is FIT"),
        ("x.gpx", files.tcx(files.run(3)), "its name says GPX, but it is TCX"),
        ("x.csv", files.fit(files.run(3)), "its name says CSV, but it is FIT"),
        ("x.zip", b"PK\x03\x04\x14\x00", "x.zip: a zip archive is not read: unpack it first"),
        ("x.zip", b"some words", "x.zip: a zip archive is not read: unpack it first"),
        ("x.csv", b"PK\x03\x04\x14\x00", "x.csv: a zip archive is not read: unpack it first"),
        ("x.json", b"{}", "its name says JSON, which is not read here (CSV, FIT, GPX, TCX are)"),
        ("x.gpx", files.gpx(files.run(30))[:900], "no XML can be read"),
        ("x.gpx", files.gpx([]), "no track has a point in it: a route is no workout"),
        (
            "x.gpx",
            ROUTE,
            "no track has a point in it: it is a route, no workout; formguide forecast",
        ),
        ("x.gpx", files.gpx([{}, {}]), "no point has a time: it is a route, no workout"),
        ("x.tcx", files.tcx([]), "no activity has a track point in it"),
        ("x.fit", files.fit([]), "no record message"),
        ("x.fit", files.fit(files.run(3))[:20], "no FIT file can be read"),
        ("x.csv", b"heart_rate\n100\n", "field timestamp: no column of the time"),
        ("x.csv", b"timestamp,heart_rate\n", "a header without rows"),
        ("x.csv", b"a,b\n1,2\n", "x.csv, record 1: no column that is known: wanted are a time (timestamp)"),
        ("x.csv", b"timestamp,b\n1616622055,2\n", "no column of what was measured: wanted are"),
        ("x.csv", b"timestamp,heart_rate\nyesterday,100\n", "no row has a time that can be read"),
    ],
)
def test_a_file_of_which_nothing_can_be_used(path, body, said):
    assert refused(path, body).startswith(path) and said in refused(path, body)


def test_a_fit_file_that_ends_too_early_keeps_what_was_read():
    rows = files.run(200)
    whole = files.fit(rows)
    (found,) = read("x.fit", whole[: len(whole) // 2])
    n = len(found.time_sec)
    assert 80 < n < 120
    assert found.channels["heart_rate_bpm"].tolist() == [row["heart_rate"] for row in rows[:n]]
    (note,) = found.notes
    assert str(note).startswith(f"x.fit, record {n}: ends too early or is damaged, {n} points were read")


@pytest.mark.parametrize("path", ["ann/x.csv", "ann/x.fit"])
def test_of_a_gzip_that_breaks_off_the_points_before_are_read(path):
    rows = [{**row, "heart_rate": 100 + k * k % 61} for k, row in enumerate(files.run(2000))]
    whole = gzip.compress(BODIES[path](rows), mtime=0)
    cut = whole[: len(whole) // 2]
    (found,) = read(path + ".gz", cut)
    n = len(found.time_sec)
    assert 200 < n < 1800
    assert found.channels["heart_rate_bpm"].tolist() == [row["heart_rate"] for row in rows[:n]]
    note = str(found.notes[0])
    assert note.startswith(f"{path}.gz: the gzip is damaged: Compressed file ended before")
    assert note.endswith(f"; {n:,} points of it are read")
    assert readers.times_in(path + ".gz", cut)[0] == rows[0]["time"].timestamp()


def test_a_fit_file_with_a_wrong_checksum_is_kept_and_named():
    whole = bytearray(files.fit(files.run(50)))
    whole[-1] ^= 0xFF
    (found,) = read("x.fit", bytes(whole))
    assert len(found.time_sec) == 50
    assert "damaged" in str(found.notes[0])


def test_a_bad_cell_is_named_and_its_row_goes_on():
    rows = files.run(30)
    rows[4]["heart_rate"] = "1O1"
    (found,) = read("x.csv", files.csv(rows))
    assert [str(note) for note in found.notes] == [
        "x.csv, record 6, field heart_rate_bpm: '1O1' is not a number"
    ]
    assert np.isnan(found.channels["heart_rate_bpm"][4])
    assert np.isfinite(found.channels["speed_mps"]).all()


def test_many_bad_cells_are_counted():
    rows = [{**row, "heart_rate": "?"} for row in files.run(100)]
    (found,) = read("x.csv", files.csv(rows))
    assert len(found.notes) == 21
    assert "80 more cells" in str(found.notes[-1])


def test_a_bad_time_of_a_track_point_is_named():
    rows: list[dict[str, Any]] = files.run(20)
    rows[7]["time"] = "soon"
    (found,) = read("x.gpx", files.gpx(rows))
    assert [str(note) for note in found.notes] == ["x.gpx, record 8, field time: 'soon' is not a time"]
    assert clocked(found).set_aside == {"no_time": 1}


def test_tracks_and_activities_are_workouts_of_their_own():
    later = files.run(30, start=files.at(90_000))
    both = files.gpx(files.run(30)).replace(b"</gpx>", files.track(later, "cycling").encode() + b"</gpx>")
    found = read("ann/x.gpx", both)
    assert [(reading.path, reading.activity) for reading in found] == [
        ("ann/x.gpx:1", "run"),
        ("ann/x.gpx:2", "ride"),
    ]


def test_gpx_is_read_as_another_library_reads_it():
    rows = [{**row, "lat": -41 + k * 1e-5, "lon": -21 - k * 2e-5} for k, row in enumerate(files.run(50))]
    body = files.gpx(rows)
    (found,) = read("x.gpx", body)
    theirs = gpxpy.parse(body.decode()).tracks[0].segments[0].points
    assert found.latitude is not None and found.longitude is not None
    assert found.latitude.tolist() == [point.latitude for point in theirs]
    assert found.longitude.tolist() == [point.longitude for point in theirs]
    assert found.channels["altitude_m"].tolist() == [point.elevation for point in theirs]
    assert found.time_sec.tolist() == [point.time.timestamp() for point in theirs if point.time]
    ours = clocked(found)
    there = [a.distance_2d(b) or 0.0 for a, b in zip(theirs[1:], theirs[:-1], strict=True)]
    assert ours.speed_from == "gps"
    # gpxpy measures short ways on a plane of another radius: some tenths of a per cent.
    assert ours.channels["speed_mps"][1:] == pytest.approx(there, rel=5e-3)


def test_plain_names_units_and_times_of_a_table():
    names = {"time": "Time", "heart_rate": "Heart Rate", "speed": "Speed (km/h)", "altitude": "Elevation"}
    rows = [{**row, "speed": 10.8} for row in files.run(10)]
    (found,) = read("RUN_x.csv", files.csv(rows, names))
    assert found.channels["speed_mps"] == pytest.approx([3.0] * 10)
    assert (found.user_id, found.activity) == ("me", "run")


@pytest.mark.parametrize(
    "header",
    [
        '"timestamp","heart_rate","speed"\r\n',
        "timestamp;heart_rate;speed\n",
        "timestamp\theart_rate\tspeed\n",
    ],
    ids=["quotes", "semicolons", "tabs"],
)
def test_how_the_columns_of_a_table_are_parted(header):
    part = ";" if ";" in header else "\t" if "\t" in header else ","
    speed = "3,5" if part == ";" else "3.5"
    rows = "".join(f"2021-03-24 21:40:{55 + k}{part}{100 + k}{part}{speed}\n" for k in range(4))
    (found,) = read("x.csv", ("\ufeff" + header + rows).encode())
    assert found.channels["heart_rate_bpm"].tolist() == [100, 101, 102, 103]
    assert found.channels["speed_mps"].tolist() == [3.5] * 4
    assert found.notes == []


@pytest.mark.parametrize(
    "written",
    [
        "2021-03-25T10:40:55+13:00",
        "2021-03-24T21:40:55",
        "2021-03-24 21:40:55.000Z",
        "1616622055",
        "1616622055000",
    ],
)
def test_a_time_of_a_table(written):
    assert csv_files.times_of(f"time,hr\n{written},100\n".encode()).tolist() == [files.START.timestamp()]


def test_a_power_that_repeats_the_temperature_is_not_read():
    header = b"timestamp,heart_rate,temperature,power\n"
    body = header + b"2021-03-24 21:40:55,100,26,26\n2021-03-24 21:40:56,100,27,27\n"
    (found,) = read("x.csv", body)
    assert "power_w" not in found.channels
    assert "repeats the temperature" in str(found.notes[0])
    (real,) = read("x.csv", body.replace(b"27,27", b"27,210"))
    assert real.channels["power_w"].tolist() == [26, 210]


def test_semicircles_become_degrees():
    body = b"timestamp,heart_rate,position_lat,position_long\n2021-03-24 21:40:55,100,-489186330,-250539123\n"
    (found,) = read("x.csv", body)
    assert found.latitude == pytest.approx([-41.003], abs=1e-3)
    assert found.longitude == pytest.approx([-21.0], abs=1e-3)
