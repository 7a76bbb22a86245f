"""Is the printed number the right one? Every character is compared with a picture of it drawn alone.

The number names a badge to a caller who cannot scan; behind the wrong code it would name another elder.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from math import ceil, floor

from badges import drawing, pdf, render, typeface
from badges.drawing import Label
from badges.errors import CheckFailed
from badges.render import Grey

_TOLERANCE = 10.0  # mean grey levels; the same character differs by less than 1, a 3 and an 8 by 28

_BAR = 5  # segments of a plain rectangle, as of a hyphen: pdfium moves those to whole pixels when drawn alone


@dataclass(frozen=True)
class Lettering:
    """A label that must stand on a page; x, y is the middle of its form in pixels at 600 dpi from the upper left."""

    page: int
    x: int
    y: int
    label: Label


@dataclass(frozen=True)
class _Cell:
    """A character of a label: its left edge and baseline in pixels from the middle of the form, y downwards."""

    character: str
    x: float
    y: float
    em: float


def compare(grey: Grey, lettering: Lettering, dpi: float) -> int:
    """Number of characters that were compared; raises CheckFailed when one is not the right one."""
    scale = dpi / 600
    middle = (round(lettering.x * scale), round(lettering.y * scale))
    cells = list(_cells(lettering.label, dpi / 25.4))
    for cell in cells:
        _compare(grey, cell, middle, lettering.page, dpi)
    return len(cells)


def _cells(label: Label, per_mm: float) -> Iterator[_Cell]:
    x = label.x - drawing.width((drawing.Piece(label.text),)) * label.em / 2
    for character in label.text:
        if len(typeface.glyph(character).path) > _BAR:
            yield _Cell(character, x * per_mm, -label.y * per_mm, label.em * per_mm)
        x += drawing.advance(character) * label.em


def _compare(grey: Grey, cell: _Cell, middle: tuple[int, int], page: int, dpi: float) -> None:
    left, base = floor(cell.x), floor(cell.y)
    wanted = _alone(cell.character, round(cell.em, 3), round(cell.x - left, 3), round(cell.y - base, 3), dpi)
    inset = wanted.inset
    found = grey.crop(
        middle[0] + left + inset, middle[1] + base - wanted.up, wanted.grey.width, wanted.grey.height
    )
    if found.pixels == wanted.grey.pixels:
        return
    pairs = zip(found.pixels, wanted.grey.pixels, strict=True)
    if sum(abs(a - b) for a, b in pairs) > _TOLERANCE * len(found.pixels):
        raise CheckFailed(f"a number on page {page + 1} is not the right one", page=page)


@dataclass(frozen=True)
class _Reference:
    """A character without its outermost columns, into which its neighbours' edges may reach."""

    grey: Grey
    inset: int
    up: int


@lru_cache(maxsize=2048)
def _alone(character: str, em: float, phase_x: float, phase_y: float, dpi: float) -> _Reference:
    wide = ceil(drawing.advance(character) * em + phase_x)
    up, down = ceil(0.9 * em), ceil(0.15 * em)
    out, pixel = BytesIO(), 72 / dpi
    canvas = pdf.new(out, (wide * pixel, (up + down) * pixel))
    canvas.translate(phase_x * pixel, (down - phase_y) * pixel)
    pdf.colour(canvas, drawing.BLACK)
    pdf.outline(canvas, drawing.line(character, drawing.advance(character) * em / 2, 0, em), pixel)
    canvas.showPage()
    canvas.save()
    (whole,) = render.greys(out.getvalue(), dpi)
    return _Reference(whole.crop(1, 0, wide - 2, up + down), 1, up)
