"""Rectangular forms: the card for a purse (ISO/IEC 7810 ID-1) and the label ironed onto clothes."""

from functools import partial

from badges import drawing, paths
from badges.drawing import BLACK, WHITE, Drawing, Piece, Shape, line
from badges.layout import Art, CodePlace, Form, NumberPlace, Words, centred, fitted, house
from badges.rounds import CALL, DANGER, HOME, LOST, NUMBER, SLOGAN
from badges.themes import Theme

CARD = Form("card", 85.6, 53.98, 3.18)
CLOTH = Form("cloth", 45, 68, 3)
_RIM = 1.3
_SMALL_NAME = 2.9


def card(words: Words, theme: Theme, *, band: bool) -> Art:
    """The code on the left, what to do and whom to ring on the right."""
    head = _head(words, theme, CARD, 11.5, band=band)
    loud = theme.main if band else theme.accent
    say = partial(centred, x=20.6)
    front = (
        *head,
        say(SLOGAN, 7.6, 4.9, loud, room=37),
        say("24小时值守电话", 0.3, 3.5, theme.main),
        say(words.hotline, -7.6, 7, loud, room=37),
        say(DANGER, -21.2, 2.9, theme.main),
    )
    back = (
        *head,
        centred(f"{LOST}，{HOME}", 6.4, 6.2, theme.main, room=76),
        centred(CALL, -0.6, 4.2, theme.main),
        centred(words.hotline, -11.6, 10.5, loud, room=74),
        centred(DANGER, -22.6, 3.2, theme.main),
    )
    numbers = (
        NumberPlace(20.6, -14.4, 3.4, 37, BLACK, NUMBER),
        NumberPlace(0, -17.3, 3.4, 60, BLACK, NUMBER),
    )
    return Art(CARD, CodePlace(-20.9, -5.1, 23), front, back, numbers)


def cloth(words: Words, theme: Theme, *, band: bool) -> Art:
    """The code as large as a collar or a sleeve allows, for ink that bleeds into cloth."""
    head = _head(words, theme, CLOTH, 9.5, band=band)
    loud = theme.main if band else theme.accent
    front = (
        *head,
        centred(SLOGAN, -20.9, 3.4, loud),
        centred(words.hotline, -26.2, 4.8, theme.main, room=39),
    )
    back = (
        *head,
        centred(LOST, 14.6, 5.4, theme.main),
        centred(HOME, 6.2, 6.2, loud),
        centred(CALL, -1.2, 3.6, theme.main),
        centred(words.hotline, -10.8, 7, loud, room=39),
        centred(DANGER, -25.6, 3, theme.main),
    )
    numbers = (NumberPlace(0, -30.2, 2.6, 38, BLACK), NumberPlace(0, -18, 3.2, 38, BLACK, NUMBER))
    return Art(CLOTH, CodePlace(0, 3.3, 24), front, back, numbers)


def _head(words: Words, theme: Theme, form: Form, height: float, *, band: bool) -> Drawing:
    """The station's name between two houses: white on a band, or in a frame of the accent colour."""
    ink = WHITE if band else theme.main
    y = form.height / 2 - (height / 2 + 0.3 if band else height / 2 + _RIM)
    icon, margin = height * 0.4, 2.4
    inner = form.width - 2 * margin
    wide = drawing.width((Piece(words.station_name),)) * _SMALL_NAME
    # A long name on a narrow form takes the room of the houses too.
    room = inner - 3.4 * icon if wide < inner - 3.4 * icon else inner
    em = fitted((Piece(words.station_name),), room, height * 0.46, ("station name", words.station_name))
    side = inner / 2 - icon * 0.56
    houses = tuple(Shape(house(x, y, icon), ink) for x in (-side, side) if room < inner)
    ground = _band(form, height) if band else _frame(form)
    return (
        Shape(ground, theme.main if band else theme.accent),
        Shape(line(words.station_name, 0, y - drawing.CENTRE * em, em), ink),
        *houses,
    )


def _band(form: Form, height: float) -> paths.Path:
    half_w, half_h = form.width / 2 + form.bleed, form.height / 2 + form.bleed
    return paths.rectangle(-half_w, half_h - form.bleed - height, 2 * half_w, height + form.bleed)


def _frame(form: Form) -> paths.Path:
    """From the bleed to 1.3 mm inside the cut; the inner edge runs the other way, so it is a hole."""
    return form.outline(form.bleed) + paths.transform(form.outline(-_RIM), (-1, 0, 0, 1, 0, 0))
