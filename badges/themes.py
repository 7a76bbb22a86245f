"""Colours of the badges, chosen so that white text on them can be read by old eyes."""

from dataclasses import dataclass

from badges.drawing import Paint
from badges.errors import UnknownDesign

MIN_CONTRAST = 7.0
"""WCAG 2.2, 1.4.6 (AAA), between white and every colour below; a test holds it."""


@dataclass(frozen=True)
class Theme:
    """main carries the ring and the big words; accent is the second colour of the classic badge."""

    name: str
    main: Paint
    accent: Paint


_NAVY = Paint((1.0, 0.82, 0.20, 0.35), "#0b3063")
_RED = Paint((0.15, 1.0, 0.92, 0.28), "#9f1520")
_GREEN = Paint((0.92, 0.32, 0.92, 0.42), "#005831")
_PURPLE = Paint((0.78, 0.98, 0.12, 0.22), "#4f226e")
_TEAL = Paint((1.0, 0.40, 0.48, 0.40), "#00525a")
_BROWN = Paint((0.38, 0.78, 0.95, 0.45), "#693318")

THEMES = {
    theme.name: theme
    for theme in (
        Theme("navy", _NAVY, _RED),
        Theme("red", _RED, _NAVY),
        Theme("green", _GREEN, _RED),
        Theme("purple", _PURPLE, _NAVY),
        Theme("teal", _TEAL, _RED),
        Theme("brown", _BROWN, _GREEN),
    )
}


def get(name: str) -> Theme:
    """The theme of that name; raises UnknownDesign."""
    if name not in THEMES:
        raise UnknownDesign("theme", name, list(THEMES))
    return THEMES[name]


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """Contrast ratio 1..21 of two sRGB colours with parts 0..255 (WCAG 2.2, definition of contrast ratio)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: tuple[int, int, int]) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
