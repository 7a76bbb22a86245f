"""Shapes with paint, and text set straight or on a circle; the same drawing becomes PDF and SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, degrees, radians, sin

from badges import paths, typeface
from badges.paths import Path

CENTRE = 0.375
"""Height of the middle of a Chinese character, and of a digit, over the baseline, in em."""
_NARROW = dict.fromkeys("、，。", 0.62)
"""Full-width punctuation leaves half its box empty; unshortened it tears a hole into an arc."""


@dataclass(frozen=True)
class Paint:
    """One printing colour: CMYK in 0..1 for the press, a web colour for the screen, spot for an extra plate."""

    cmyk: tuple[float, float, float, float]
    web: str
    spot: str = ""


BLACK = Paint((0, 0, 0, 1), "#000000")
WHITE = Paint((0, 0, 0, 0), "#ffffff")


@dataclass(frozen=True)
class Shape:
    """A path in mm around the middle of the form, y upwards, filled by the non-zero rule."""

    path: Path
    paint: Paint


Drawing = tuple[Shape, ...]


@dataclass(frozen=True)
class Label:
    """A short text that differs from badge to badge: x is its middle, y its baseline, all in mm."""

    text: str
    x: float
    y: float
    em: float
    paint: Paint


@dataclass(frozen=True)
class Piece:
    """Part of a line: its text, its size as a factor of the line's size, space after each glyph in em."""

    text: str
    factor: float = 1.0
    spacing: float = 0.0


@dataclass(frozen=True)
class Arc:
    """A circle of text around the origin: radius to the middle of the glyphs in mm."""

    radius: float
    below: bool = False


def advance(character: str) -> float:
    """Room a character takes in a line, in em."""
    return _NARROW.get(character, typeface.glyph(character).advance)


def width(pieces: Sequence[Piece]) -> float:
    """Length of the line in em, without the space after its last glyph."""
    last = pieces[-1].factor * pieces[-1].spacing if pieces else 0.0
    return sum(step for _, _, step in _glyphs(pieces)) - last


def line(text: str, x: float, y: float, em: float) -> Path:
    """Text centred on x with its baseline on y."""
    pieces = (Piece(text),)
    start = x - width(pieces) * em / 2
    path: list[paths.Segment] = []
    for character, factor, step in _glyphs(pieces):
        path.extend(paths.transform(typeface.glyph(character).path, paths.placed(start, y, em * factor)))
        start += step * em
    return tuple(path)


def on_arc(pieces: Sequence[Piece], arc: Arc, em: float) -> Path:
    """Text centred at the top of a circle, or at its bottom reading upright from below."""
    way = 1 if arc.below else -1
    per_em = degrees(em / arc.radius)
    angle = (-90 if arc.below else 90) - way * width(pieces) * per_em / 2
    path: list[paths.Segment] = []
    for character, factor, step in _glyphs(pieces):
        # The spacing stands after the glyph, so the glyph itself is centred on its own advance.
        own = advance(character) * factor
        middle = angle + way * own * per_em / 2
        path.extend(_turned(character, middle, arc, em * factor))
        angle += way * step * per_em
    return tuple(path)


def _turned(character: str, at: float, arc: Arc, em: float) -> Path:
    """One glyph with its middle at the angle `at` (degrees) of the arc."""
    glyph = typeface.glyph(character)
    turn = at + 90 if arc.below else at - 90
    shifted = paths.transform(glyph.path, (1, 0, 0, 1, -advance(character) / 2, -CENTRE))
    x, y = arc.radius * cos(radians(at)), arc.radius * sin(radians(at))
    return paths.transform(shifted, paths.placed(x, y, em, turn))


def _glyphs(pieces: Sequence[Piece]) -> list[tuple[str, float, float]]:
    """Character, size factor and advance in em of the line for every glyph."""
    return [(c, p.factor, (advance(c) + p.spacing) * p.factor) for p in pieces for c in p.text]
