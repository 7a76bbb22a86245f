"""The pieces every layout is made of: the form, the place of the code, and text fitted into its room."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import cos, degrees, hypot, radians, sin

from badges import drawing, paths
from badges.drawing import Arc, Drawing, Label, Paint, Piece, Shape
from badges.errors import TextTooLong
from badges.paths import Path

PIXEL = 25.4 / 600
"""Everything about the code is counted in whole pixels of a 600 dpi printer; this is one of them in mm."""
SMALLEST = 2.12
"""6 pt in mm: print shops take nothing smaller."""
CLEAR = 2.02
"""Modules between the code and any ink, at its corners; below 2 decoders begin to fail."""


@dataclass(frozen=True)
class Form:
    """What is cut: width, height and corner radius in mm (a circle has half its width), and the bleed."""

    name: str
    width: float
    height: float
    corner: float
    bleed: float = 2.0

    def outline(self, grow: float = 0.0) -> Path:
        """The cut line, moved outwards by grow mm."""
        w, h = self.width + 2 * grow, self.height + 2 * grow
        return paths.rounded(-w / 2, -h / 2, w, h, self.corner + grow if self.corner else 0.0)


@dataclass(frozen=True)
class CodePlace:
    """Where the code stands: its middle in mm, and pixels (600 dpi) per module of a version 4 symbol."""

    x: float
    y: float
    pixels: int

    @property
    def half(self) -> float:
        """Half the side of a version 4 code, mm."""
        return 33 * self.pixels * PIXEL / 2

    def box(self, size: int) -> tuple[int, int, int]:
        """Left and bottom edge from the middle of the form, and pixels per module, for a symbol of that size.

        A finer symbol keeps the same area; all three are whole pixels, so no module is wider than another.
        """
        pixels = 33 * self.pixels // size
        half = size * pixels / 2
        return round(self.x / PIXEL - half), round(self.y / PIXEL - half), pixels

    @property
    def clear(self) -> float:
        """Least distance of ink from a corner of the code, mm."""
        return CLEAR * self.pixels * PIXEL


@dataclass(frozen=True)
class NumberPlace:
    """Room for the badge number: middle and baseline, largest size and width in mm, words before it."""

    x: float
    y: float
    em: float
    room: float
    paint: Paint
    before: str = ""

    def label(self, number: str) -> Label:
        """The number as large as it fits."""
        text = self.before + number
        em = fitted((Piece(text),), self.room, self.em, ("badge number", number))
        return Label(text, self.x, self.y, em, self.paint)


@dataclass(frozen=True)
class Words:
    """What all badges of one station say."""

    station_name: str
    hotline: str


@dataclass(frozen=True)
class Art:
    """A badge but for the modules of its code; the labels hold the badge number."""

    form: Form
    code: CodePlace
    front: Drawing
    back: Drawing
    numbers: tuple[NumberPlace, NumberPlace]
    labels: tuple[Label, ...] = ()


def numbered(art: Art, number: str) -> Art:
    """The same drawing with this badge number on both sides."""
    return replace(art, labels=tuple(place.label(number) for place in art.numbers))


def fitted(pieces: Sequence[Piece], room: float, largest: float, named: tuple[str, str]) -> float:
    """Size in mm at which the line fills at most `room` mm; named is (field, text) for the refusal."""
    wide = drawing.width(pieces)
    em = min(largest, room / wide)
    if em < SMALLEST:
        raise TextTooLong(*named, limit=int(len(named[1]) * em / SMALLEST))
    return em


def centred(text: str, y: float, em: float, paint: Paint, *, room: float = 0.0, x: float = 0.0) -> Shape:
    """A straight line of text around x; smaller than em when it would be wider than room (mm)."""
    size = fitted((Piece(text),), room, em, ("text", text)) if room else em
    return Shape(drawing.line(text, x, y, size), paint)


def spread(pieces: Sequence[Piece], arc: Arc, em: float, clear_of: CodePlace, limit: float) -> bool:
    """Whether the text on the arc stays within `limit` degrees and keeps off the code."""
    half = drawing.width(pieces) * em / arc.radius / 2
    if degrees(half) * 2 > limit:
        return False
    inner = arc.radius - 0.47 * em
    steps = [half * step / 8 for step in range(9)]
    return all(_off(inner * sin(a), inner * cos(a), clear_of) >= clear_of.clear for a in steps)


def _off(x: float, y: float, code: CodePlace) -> float:
    """Distance in mm of a point from a code in the middle of the form."""
    return hypot(max(abs(x) - code.half, 0), max(abs(y) - code.half, 0))


def house(x: float, y: float, size: float) -> Path:
    """A house with a heart for a door: the way home. size is its height in mm."""
    walls = paths.polygon(
        (0, 0.52), (0.56, 0.02), (0.42, 0.02), (0.42, -0.48), (-0.42, -0.48), (-0.42, 0.02), (-0.56, 0.02)
    )
    return paths.transform(walls + _heart(0, -0.13, 0.23), (size, 0, 0, size, x, y))


def _heart(x: float, y: float, r: float) -> Path:
    """A heart that runs anticlockwise, so that it is a hole in the clockwise house."""
    return (
        ("M", (x, y - r)),
        ("C", (x + 0.6 * r, y - 0.5 * r, x + 1.1 * r, y - 0.1 * r, x + r, y + 0.45 * r)),
        ("C", (x + 0.9 * r, y + 0.95 * r, x + 0.2 * r, y + 0.95 * r, x, y + 0.4 * r)),
        ("C", (x - 0.2 * r, y + 0.95 * r, x - 0.9 * r, y + 0.95 * r, x - r, y + 0.45 * r)),
        ("C", (x - 1.1 * r, y - 0.1 * r, x - 0.6 * r, y - 0.5 * r, x, y - r)),
        ("Z", ()),
    )


def at(angle: float, radius: float) -> tuple[float, float]:
    """Point at an angle in degrees (0 = right, anticlockwise) on a circle around the middle."""
    return radius * cos(radians(angle)), radius * sin(radians(angle))
