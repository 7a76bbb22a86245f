"""What stands where on a badge: from texts to drawings, for every form, artwork and theme."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

from badges import flat, layout, rounds, themes
from badges.errors import TextMissing, TextTooLong, UnknownDesign
from badges.layout import Art, Words


@dataclass(frozen=True)
class BadgeText:
    """Everything a badge says. number is the short printed number, never the serial inside the url."""

    url: str
    station_name: str
    hotline: str
    number: str
    relaxed: bool = False


LONGEST_NAME, LONGEST_HOTLINE, LONGEST_NUMBER = 16, 18, 10
_LAYOUTS: dict[str, dict[str, Callable[[Words, themes.Theme], Art]]] = {
    "badge": {"ring": rounds.ring, "classic": rounds.classic},
    "card": {"ring": partial(flat.card, band=True), "classic": partial(flat.card, band=False)},
    "cloth": {"ring": partial(flat.cloth, band=True), "classic": partial(flat.cloth, band=False)},
}
FORMS = tuple(_LAYOUTS)
ARTWORKS = ("ring", "classic")


def make(text: BadgeText, *, form: str = "badge", artwork: str = "ring", theme: str = "navy") -> Art:
    """The finished drawing of a badge but for its QR symbol.

    Raises TextMissing, TextTooLong, MissingGlyph or UnknownDesign.
    """
    if form not in _LAYOUTS:
        raise UnknownDesign("form", form, list(_LAYOUTS))
    if artwork not in ARTWORKS:
        raise UnknownDesign("artwork", artwork, list(ARTWORKS))
    _refuse_bad_texts(text)
    return layout.numbered(_common(text.station_name, text.hotline, form, artwork, theme), text.number)


@lru_cache(maxsize=64)
def _common(station_name: str, hotline: str, form: str, artwork: str, theme: str) -> Art:
    """The part that all badges of a station share; a sheet draws it once."""
    return _LAYOUTS[form][artwork](Words(station_name, hotline), themes.get(theme))


def _refuse_bad_texts(text: BadgeText) -> None:
    fields = (
        ("station name", text.station_name, LONGEST_NAME),
        ("hotline", text.hotline, LONGEST_HOTLINE),
        ("badge number", text.number, LONGEST_NUMBER),
    )
    for field, value, limit in fields:
        if not value.strip():
            raise TextMissing(field)
        if len(value) > limit:
            raise TextTooLong(field, value, limit)
