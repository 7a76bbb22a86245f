"""The round badge of 50 mm: `ring`, white words on a coloured ring, and `classic`, the badge of 2019."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

from badges import drawing, paths
from badges.drawing import BLACK, WHITE, Arc, Drawing, Paint, Piece, Shape
from badges.errors import TextTooLong
from badges.layout import SMALLEST, Art, CodePlace, Form, NumberPlace, Words, at, centred, house, spread
from badges.themes import Theme

BADGE = Form("badge", 50, 50, 25)
SLOGAN = "扫码、找家、救人"
LOST, HOME = "我可能迷路了", "请帮我回家"
CALL = "请拨打24小时值守电话"
DANGER = "有危险请拨打 120 或 110"
NUMBER = "编号 "
HOTLINE_AT = -8.3


@dataclass(frozen=True)
class Style:
    """Measures of a round artwork in mm; text lies between its outer radius and, at most, 1.5 mm of the rim."""

    rim: float
    text_outer: float
    em: float
    pixels: int
    longest_name: int


RING = Style(rim=20.45, text_outer=23.5, em=2.8, pixels=19, longest_name=16)
CLASSIC = Style(rim=23.75, text_outer=23.15, em=2.9, pixels=20, longest_name=14)


def ring(words: Words, theme: Theme) -> Art:
    """Name on top of the ring, slogan and hotline at its bottom, all white on the theme's colour."""
    rim = Shape(paths.ring(BADGE.width / 2 + BADGE.bleed, RING.rim), theme.main)
    name = _name(words, RING, WHITE)
    slogan = (Piece(SLOGAN), Piece("  "), Piece(words.hotline, 1.16, 0.02))
    houses = tuple(Shape(house(*at(angle, 22.1), 2.5), WHITE) for angle in (0, 180))
    foot = _arc(slogan, RING, ("hotline", words.hotline), WHITE)
    danger = _arc((Piece(DANGER, spacing=0.04),), RING, ("text", DANGER), WHITE)
    return Art(
        BADGE,
        CodePlace(0, 0, RING.pixels),
        (rim, name, foot, *houses),
        (rim, name, danger, *houses, *_plea(words, theme.main, theme.main, RING.rim)),
        (NumberPlace(0, -18.5, 2.5, 15, BLACK), NumberPlace(0, -14.7, 2.9, 18, BLACK, NUMBER)),
    )


def classic(words: Words, theme: Theme) -> Art:
    """A thin rim, the name above and the slogan below the code on white, as worn since 2019."""
    rim = Shape(paths.ring(BADGE.width / 2 + BADGE.bleed, CLASSIC.rim), theme.accent)
    name = _name(words, CLASSIC, theme.main)
    slogan = _arc((Piece(SLOGAN),), replace(CLASSIC, em=2.6), ("text", SLOGAN), theme.accent)
    danger = _arc((Piece(DANGER, spacing=0.04),), CLASSIC, ("text", DANGER), theme.accent)
    return Art(
        BADGE,
        CodePlace(0, 0, CLASSIC.pixels),
        (rim, name, slogan),
        (rim, name, danger, *_plea(words, theme.main, theme.accent, 22.2)),
        (NumberPlace(0, -19.1, SMALLEST, 12.6, BLACK), NumberPlace(0, -14.7, 2.9, 18, BLACK, NUMBER)),
    )


def _name(words: Words, style: Style, paint: Paint) -> Shape:
    name = words.station_name
    if len(name) > style.longest_name:
        raise TextTooLong("station name", name, style.longest_name)
    # Short names are spaced so that they sit on the arc as calmly as long ones.
    spacing = min(0.2, max(0.04, (style.longest_name - len(name)) * 0.025))
    return _arc((Piece(name, spacing=spacing),), style, ("station name", name), paint, below=False)


def _arc(
    pieces: Sequence[Piece], style: Style, named: tuple[str, str], paint: Paint, *, below: bool = True
) -> Shape:
    """Text at the largest size that keeps off the code and leaves the sides of the arc free."""
    place = CodePlace(0, 0, style.pixels)
    em = style.em
    while em >= SMALLEST:
        arc = Arc(style.text_outer - 0.47 * em, below)
        if spread(pieces, arc, em, place, limit=156):
            return Shape(drawing.on_arc(pieces, arc, em), paint)
        em -= 0.02
    raise TextTooLong(*named, limit=len(named[1]) - 1)


def _plea(words: Words, calm: Paint, loud: Paint, radius: float) -> Drawing:
    """The lines of the back between the arcs: what has happened, what to do, the number to ring."""
    room = 2 * (sqrt(radius**2 - HOTLINE_AT**2) - 1.4)
    return (
        centred(LOST, 9.2, 4.3, calm),
        centred(HOME, 3.3, 4.9, loud),
        centred(CALL, -1.6, 2.9, calm),
        centred(words.hotline, HOTLINE_AT, 5.8, loud, room=room),
    )
