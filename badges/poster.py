"""A small poster for a shop's door: where one is, what to do, a code for the phone, and the hotline; read back."""

from dataclasses import dataclass
from io import BytesIO
from math import sqrt

from qrcode.constants import ERROR_CORRECT_Q

from badges import decode, paths, pdf, plain, themes
from badges.drawing import BLACK, WHITE, Drawing, Shape
from badges.errors import CheckFailed, TextMissing, UnknownDesign
from badges.layout import CodePlace, Form, centred, house
from badges.matrix import Matrix
from badges.themes import Theme

A6 = Form("a6", 105, 148, 0, 0)
# An A5 sheet is an A6 one drawn larger by the root of two (ISO 216).
SIZES = {"a6": 1.0, "a5": sqrt(2)}
_ROOM = 93.0  # mm of a line; the rest is margin that home printers cannot reach
_CODE = CodePlace(0, -4.5, 37)
_BAND = 24.0


@dataclass(frozen=True)
class PosterText:
    """All that the poster says of its own; url leads to the page of the place."""

    url: str
    place: str
    hotline: str
    station_name: str


def draw(text: PosterText, *, size: str = "a6", theme: str = "navy") -> bytes:
    """The poster as a PDF of one page, its code read back.

    Raises TextMissing, TextTooLong, MissingGlyph, UnknownDesign or CheckFailed.
    """
    if size not in SIZES:
        raise UnknownDesign("size", size, list(SIZES))
    for field, value in (
        ("place", text.place),
        ("hotline", text.hotline),
        ("station name", text.station_name),
    ):
        if not value.strip():
            raise TextMissing(field)
    shapes, code, scale = _words(text, themes.get(theme)), _matrix(text.url), SIZES[size]
    out = BytesIO()
    width, height = (side * pdf.POINT * scale for side in (A6.width, A6.height))
    canvas = pdf.new(out, (width, height))
    canvas.setTitle("Poster")
    canvas.translate(width / 2, height / 2)
    canvas.scale(scale, scale)
    pdf.ink(canvas, shapes)
    pdf.symbol(canvas, _CODE, code)
    canvas.showPage()
    canvas.save()
    return _read_back(out.getvalue(), text.url)


def _words(text: PosterText, theme: Theme) -> Drawing:
    top = A6.height / 2
    return (
        Shape(paths.rectangle(-A6.width / 2, top - _BAND, A6.width, _BAND), theme.main),
        Shape(house(-15, top - 7.7, 6), WHITE),
        Shape(house(15, top - 7.7, 6), WHITE),
        centred("您在这里", top - 9, 4.2, WHITE),
        centred(text.place, top - 19, 7.5, WHITE, room=_ROOM),
        centred("遇到像是走失的老人？", top - 34.5, 8.2, theme.accent, room=_ROOM),
        centred("扫一扫，告诉驿站：有人马上来接", top - 43, 5.2, theme.main, room=_ROOM),
        centred("Someone seems lost? Scan or call.", top - 49, 3.6, theme.main, room=_ROOM),
        centred(text.url.partition("://")[2], -36, 3.4, BLACK, room=_ROOM),
        centred("24小时值守电话", -42.5, 4.2, theme.main),
        centred(text.hotline, -53, 10.5, theme.accent, room=_ROOM),
        centred("受伤或昏倒：先打 120", -60.5, 4.2, theme.main),
        centred(text.station_name, -68, 4.2, theme.main, room=_ROOM),
    )


def _matrix(url: str) -> Matrix:
    """Level Q: a door sees rain, sun and scratches."""
    return plain.symbol(url, ERROR_CORRECT_Q)


def _read_back(file: bytes, url: str) -> bytes:
    found = [code.text for code in decode.read(file)]
    if found != [url]:
        raise CheckFailed("its code does not lead to the place")
    return file
