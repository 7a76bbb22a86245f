"""The three coordinate systems of maps in China: WGS-84, GCJ-02 and BD-09, all in degrees."""

import math
from collections.abc import Callable
from typing import Literal

Crs = Literal["wgs84", "gcj02", "bd09"]


def from_wgs84(lat: float, lon: float, crs: Crs) -> tuple[float, float]:
    """Return WGS-84 degrees as latitude and longitude in another system; unchanged outside China."""
    return _FORWARD[crs](lat, lon)


def to_wgs84(lat: float, lon: float, crs: Crs) -> tuple[float, float]:
    """Return the latitude and longitude that `from_wgs84` moves to `lat`, `lon`, to less than a millimetre."""
    y, x = lat, lon
    # The offset changes so slowly that each round leaves under a hundredth of the error: 500 m, then 2.7 cm
    # after two, far below a millimetre after six. The usual single subtraction leaves up to 4 m.
    for _ in range(6):
        moved_y, moved_x = _FORWARD[crs](y, x)
        y, x = y - (moved_y - lat), x - (moved_x - lon)
    return y, x


def _wgs84(lat: float, lon: float) -> tuple[float, float]:
    return lat, lon


def _gcj02(lat: float, lon: float) -> tuple[float, float]:
    # GCJ-02 is not published. These are the polynomials that EvilTransform made known in 2013 (prcoords,
    # CC0, has them too), on the Krasovsky 1940 ellipsoid, with the usual rectangle, which takes in parts of
    # the neighbours.
    if not (0.8293 <= lat <= 55.8271 and 72.004 <= lon <= 137.8347):
        return lat, lon
    x, y, root = lon - 105, lat - 35, math.sqrt(abs(lon - 105))
    shared = 20 * _sin(6 * x) + 20 * _sin(2 * x)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (shared + 20 * _sin(y) + 40 * _sin(y / 3) + 160 * _sin(y / 12) + 320 * _sin(y / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (shared + 20 * _sin(x) + 40 * _sin(x / 3) + 150 * _sin(x / 12) + 300 * _sin(x / 30)) * 2 / 3
    axis, eccentricity = 6_378_245.0, 0.006_693_421_622_965_943
    rest = 1 - eccentricity * math.sin(math.radians(lat)) ** 2
    meridian = axis * (1 - eccentricity) / rest**1.5
    parallel = axis / math.sqrt(rest) * math.cos(math.radians(lat))
    return lat + math.degrees(north / meridian), lon + math.degrees(east / parallel)


def _sin(half_turns: float) -> float:
    return math.sin(half_turns * math.pi)


def _bd09(lat: float, lon: float) -> tuple[float, float]:
    # Baidu turns and shifts GCJ-02 once more (same source).
    y, x = _gcj02(lat, lon)
    if (y, x) == (lat, lon):
        return lat, lon
    length = math.hypot(x, y) + 0.00002 * _sin(y * 3000 / 180)
    angle = math.atan2(y, x) + 0.000003 * math.cos(x * math.pi * 3000 / 180)
    return length * math.sin(angle) + 0.006, length * math.cos(angle) + 0.0065


_FORWARD: dict[Crs, Callable[[float, float], tuple[float, float]]] = {
    "wgs84": _wgs84,
    "gcj02": _gcj02,
    "bd09": _bd09,
}
