"""Workouts of every format, made by hand: the bytes that a device or a site would write."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2021, 3, 24, 21, 40, 55, tzinfo=UTC)
Row = Mapping[str, Any]


def at(second: float, start: datetime = START) -> datetime:
    """A moment of a workout."""
    return start + timedelta(seconds=second)


def run(n: int = 400, start: datetime = START, **fixed: Any) -> list[dict[str, Any]]:
    """Points of a run at 3 m/s whose heart rate rises from 100 to 150; what is fixed is so in every point."""
    return [
        {
            "time": at(t, start),
            "heart_rate": 100 + min(50, t // 6),
            "speed": 3.0,
            "altitude": 20.0 + 5 * ((t // 100) % 2),
            "distance": 3.0 * t,
            "cadence": 85,
            **fixed,
        }
        for t in range(n)
    ]


_CSV = {
    "time": "timestamp",
    "heart_rate": "heart_rate",
    "speed": "enhanced_speed",
    "altitude": "enhanced_altitude",
    "distance": "distance",
    "cadence": "cadence",
    "power": "power",
}


def csv(rows: Sequence[Row], names: Mapping[str, str] = _CSV) -> bytes:
    """A table with FIT's names; what a row does not say is empty."""
    known = [name for name in names if any(name in row for row in rows)]
    lines = [",".join(names[name] for name in known)]
    for row in rows:
        lines.append(",".join(_cell(row.get(name)) for name in known))
    return ("\n".join(lines) + "\n").encode()


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}+00:00"
    return "" if value is None else str(value)


def gpx(rows: Sequence[Row], kind: str | None = "running", head: str = "") -> bytes:
    """A track with Garmin's extension."""
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\n{head}"
        '<gpx version="1.1" creator="hand" xmlns="http://www.topografix.com/GPX/1/1" '
        'xmlns:x="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">' + track(rows, kind) + "</gpx>"
    ).encode()


def track(rows: Sequence[Row], kind: str | None = "running") -> str:
    """One track of a GPX file."""
    points = "".join(
        f'<trkpt lat="{row.get("lat", -41.0):.7f}" lon="{row.get("lon", -21.0):.7f}">'
        + (f"<ele>{row['altitude']}</ele>" if "altitude" in row else "")
        + (f"<time>{row['time']:%Y-%m-%dT%H:%M:%SZ}</time>" if isinstance(row.get("time"), datetime) else "")
        + (f"<time>{row['time']}</time>" if isinstance(row.get("time"), str) else "")
        + (
            "<extensions><x:TrackPointExtension>"
            f"<x:hr>{row['heart_rate']}</x:hr><x:cad>{row.get('cadence', 80)}</x:cad>"
            "</x:TrackPointExtension></extensions>"
            if "heart_rate" in row
            else ""
        )
        + "</trkpt>"
        for row in rows
    )
    said = f"<type>{kind}</type>" if kind else ""
    return f"<trk>{said}<trkseg>{points}</trkseg></trk>"


def tcx(rows: Sequence[Row], sport: str = "Running") -> bytes:
    """An activity of one lap."""
    points = "".join(
        f"<Trackpoint><Time>{row['time']:%Y-%m-%dT%H:%M:%S.000Z}</Time>"
        f"<AltitudeMeters>{row['altitude']}</AltitudeMeters><DistanceMeters>{row['distance']}</DistanceMeters>"
        f"<HeartRateBpm><Value>{row['heart_rate']}</Value></HeartRateBpm>"
        f"<Extensions><ns3:TPX><ns3:Speed>{row['speed']}</ns3:Speed><ns3:Watts>210</ns3:Watts>"
        f"<ns3:RunCadence>{row['cadence']}</ns3:RunCadence></ns3:TPX></Extensions></Trackpoint>"
        for row in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><TrainingCenterDatabase '
        'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2" '
        'xmlns:ns3="http://www.garmin.com/xmlschemas/ActivityExtension/v2"><Activities>'
        f'<Activity Sport="{sport}"><Id>x</Id><Lap><Calories>321</Calories><Track>{points}</Track></Lap>'
        "</Activity></Activities></TrainingCenterDatabase>"
    ).encode()


def fitrec(rows: Sequence[Row], user: int = 7, python: bool = False, **more: Any) -> bytes:
    """A line; speed in km/h, as the site has it."""
    told: dict[str, Any] = {
        "altitude": [row["altitude"] for row in rows],
        "sport": "run",
        "id": 1,
        "heart_rate": [row["heart_rate"] for row in rows],
        "gender": "female",
        "timestamp": [int(row["time"].timestamp()) for row in rows],
        "userId": user,
        "speed": [row["speed"] * 3.6 for row in rows],
        **more,
    }
    told = {name: value for name, value in told.items() if value is not None}
    return (repr(told) if python else json.dumps(told)).encode()


# -- FIT -------------------------------------------------------------------------------------------

_FIT_EPOCH = datetime(1989, 12, 31, tzinfo=UTC)
_FILE_ID, _SESSION, _RECORD = 0, 18, 20
_U8, _U16, _U32 = (2, "B", 0xFF), (0x84, "H", 0xFFFF), (0x86, "I", 0xFFFFFFFF)
_FIELDS: tuple[tuple[str, int, tuple[int, str, int], float, float], ...] = (
    # name, number, base type, scale, offset: as FIT's profile has them
    ("time", 253, _U32, 1, 0),
    ("heart_rate", 3, _U8, 1, 0),
    ("cadence", 4, _U8, 1, 0),
    ("distance", 5, _U32, 100, 0),
    ("speed", 73, _U32, 1000, 0),
    ("altitude", 78, _U32, 5, 500),
    ("power", 7, _U16, 1, 0),
)


def fit(rows: Iterable[Row], sport: int = 1) -> bytes:
    """A FIT file of record messages and a session (sport 1 is running, 2 cycling, 11 walking)."""
    data = _definition(0, _FILE_ID, [(0, 1, 0)]) + b"\x00" + struct.pack("<B", 4)
    data += _definition(
        1, _RECORD, [(number, struct.calcsize(f"<{kind[1]}"), kind[0]) for _, number, kind, _, _ in _FIELDS]
    )
    for row in rows:
        data += b"\x01" + b"".join(
            struct.pack(f"<{kind[1]}", _raw(row.get(name), kind[2], scale, offset))
            for name, _, kind, scale, offset in _FIELDS
        )
    data += _definition(2, _SESSION, [(5, 1, 0)]) + b"\x02" + struct.pack("<B", sport)
    head = struct.pack("<BBHI4s", 14, 0x20, 2132, len(data), b".FIT")
    head += struct.pack("<H", _crc(head))
    return head + data + struct.pack("<H", _crc(head + data))


def _definition(local: int, message: int, fields: list[tuple[int, int, int]]) -> bytes:
    said = struct.pack("<BBBHB", 0x40 | local, 0, 0, message, len(fields))
    return said + b"".join(struct.pack("<BBB", *field) for field in fields)


def _raw(value: object, missing: int, scale: float, offset: float) -> int:
    if isinstance(value, datetime):
        return int((value - _FIT_EPOCH).total_seconds())
    return round((float(value) + offset) * scale) if isinstance(value, int | float) else missing


def _crc(data: bytes) -> int:
    """FIT's checksum: CRC-16/ARC."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
    return crc
