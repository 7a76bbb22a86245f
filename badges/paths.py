"""Outlines as plain data in millimetres: made, moved and turned before any file format is chosen."""

from collections.abc import Iterable
from math import cos, radians, sin, tan

Segment = tuple[str, tuple[float, ...]]
"""M x y, L x y, C x1 y1 x2 y2 x y, Z: as in SVG, but y upwards."""
Path = tuple[Segment, ...]
Matrix6 = tuple[float, float, float, float, float, float]
"""x' = a x + c y + e, y' = b x + d y + f, in the order a b c d e f of PDF and SVG."""


def transform(path: Iterable[Segment], matrix: Matrix6) -> Path:
    """Every point of the path sent through the matrix."""
    a, b, c, d, e, f = matrix
    return tuple(
        (
            kind,
            tuple(
                v
                for x, y in zip(p[::2], p[1::2], strict=True)
                for v in (a * x + c * y + e, b * x + d * y + f)
            ),
        )
        for kind, p in path
    )


def placed(x: float, y: float, scale: float, degrees: float = 0.0) -> Matrix6:
    """Matrix that scales, then turns anticlockwise, then moves to x, y."""
    angle = radians(degrees)
    return (scale * cos(angle), scale * sin(angle), -scale * sin(angle), scale * cos(angle), x, y)


def polygon(*points: tuple[float, float]) -> Path:
    """Closed polygon."""
    first, *rest = points
    return (("M", first), *(("L", point) for point in rest), ("Z", ()))


def rectangle(x: float, y: float, width: float, height: float) -> Path:
    """Rectangle with its lower left corner at x, y."""
    return polygon((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def rounded(x: float, y: float, width: float, height: float, radius: float) -> Path:
    """Rectangle with round corners, anticlockwise from its lower edge."""
    right, top, k = x + width, y + height, radius * (1 - _handle(90))
    return (
        ("M", (x + radius, y)),
        ("L", (right - radius, y)),
        ("C", (right - k, y, right, y + k, right, y + radius)),
        ("L", (right, top - radius)),
        ("C", (right, top - k, right - k, top, right - radius, top)),
        ("L", (x + radius, top)),
        ("C", (x + k, top, x, top - k, x, top - radius)),
        ("L", (x, y + radius)),
        ("C", (x, y + k, x + k, y, x + radius, y)),
        ("Z", ()),
    )


def circle(radius: float, x: float = 0.0, y: float = 0.0) -> Path:
    """Circle around x, y from four curves, 0.03 % off at most."""
    return rounded(x - radius, y - radius, 2 * radius, 2 * radius, radius)


def ring(outer: float, inner: float) -> Path:
    """Area between two circles around the origin (the inner one runs the other way, for the non-zero rule)."""
    return circle(outer) + transform(circle(inner), (-1, 0, 0, 1, 0, 0))


def _handle(degrees: float) -> float:
    """Length of a cubic handle for an arc of the unit circle."""
    return 4 / 3 * tan(radians(degrees) / 4)
