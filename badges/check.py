"""The gate: nothing is printed before the finished bytes have been read back, slot by slot.

Decoding alone is too weak: a symbol with 30 wrong modules still decodes, but has spent the reserve that dirt
and scratches need. So every module is compared as well, and the white around the code is measured.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from math import hypot
from operator import ne
from typing import TypeVar

from PIL import Image

from badges import decode, grid, lettering, render, themes
from badges.decode import Decoded, read
from badges.errors import CheckFailed
from badges.lettering import Lettering
from badges.matrix import Matrix
from badges.render import Grey

QUIET_FLAT, QUIET_CORNER = 4.0, 1.8
"""Least white around a code, in modules: along its sides, and anywhere (2 by drawing, less what one pixel hides)."""
MIN_CONTRAST, MIN_STEP = 7.0, 180
_SHARP = b"X" * 64 + b"?" * 186 + b" " * 6  # pdfium leaves some whites at 254


@dataclass(frozen=True)
class Slot:
    """Where a code must stand: page, its left upper corner and module in pixels at 600 dpi, and its matrix."""

    page: int
    left: int
    top: int
    module: int
    matrix: Matrix


_OnPage = TypeVar("_OnPage", Slot, Lettering)


@dataclass(frozen=True)
class Reading:
    """What one slot of the finished file carries. quiet_* in modules (5.0: at least 5), contrast as in WCAG."""

    page: int
    url: str
    version: int
    level: str
    modules: int
    differing: int
    quiet_flat: float
    quiet_corner: float
    contrast: float


@dataclass(frozen=True)
class Page:
    """What was found on one page: its codes, and how many characters of printed numbers were compared."""

    number: int
    characters: int
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Report:
    """Proof that a file was read back: with what, at which resolution, and what every slot said.

    characters counts those of the printed numbers, compared on both sides.
    """

    sha256: str
    decoder: str
    renderer: str
    dpi: float
    pages: int
    characters: int
    readings: tuple[Reading, ...]

    @property
    def modules(self) -> int:
        """Modules compared in all slots."""
        return sum(reading.modules for reading in self.readings)

    @property
    def differing(self) -> int:
        """Modules that differed; always 0 in a report, since a difference raises."""
        return sum(reading.differing for reading in self.readings)


def check_pdf(
    pdf: bytes,
    slots: Sequence[Slot],
    letterings: Sequence[Lettering] = (),
    *,
    dpi: float = 200,
    tell: Callable[[], None] = lambda: None,
) -> Report:
    """Read the finished file and compare it with what every slot must carry; other pages must carry no code.

    letterings are the numbers that must be legible at their places.
    tell is called after every page.
    Raises CheckFailed at the first difference.
    """
    codes, labels = by_page(slots), by_page(letterings)
    pages = []
    for number, grey in enumerate(render.greys(pdf, dpi)):
        pages.append(look(grey, number, codes.get(number, []), labels.get(number, []), dpi))
        tell()
    return report(pdf, pages, len(slots), dpi)


def look(grey: Grey, number: int, slots: Sequence[Slot], letterings: Sequence[Lettering], dpi: float) -> Page:
    """Compare one rendered page with what it must carry. Raises CheckFailed."""
    readings = tuple(check_page(grey, slots, dpi, page=number))
    return Page(number, sum(lettering.compare(grey, label, dpi) for label in letterings), readings)


def report(pdf: bytes, pages: Sequence[Page], wanted: int, dpi: float) -> Report:
    """The proof for a file of which every page was looked at. Raises CheckFailed when it has not `wanted` codes."""
    readings = tuple(reading for page in pages for reading in page.readings)
    if len(readings) != wanted:
        raise CheckFailed(f"it has {len(pages)} pages with {len(readings)} codes instead of {wanted}")
    characters = sum(page.characters for page in pages)
    return Report(sha256(pdf).hexdigest(), decode.NAME, render.NAME, dpi, len(pages), characters, readings)


def by_page(things: Sequence[_OnPage]) -> dict[int, list[_OnPage]]:
    pages: dict[int, list[_OnPage]] = {}
    for thing in things:
        pages.setdefault(thing.page, []).append(thing)
    return pages


def check_page(grey: Grey, slots: Sequence[Slot], dpi: float, *, page: int = 0) -> list[Reading]:
    """Check one rendered page against its slots."""
    found = decode.codes(grey, page=page)
    if len(found) != len(slots):
        raise CheckFailed(
            f"page {page + 1} carries {len(found)} readable codes instead of {len(slots)}", page=page
        )
    return [_check_slot(grey, slot, found, dpi) for slot in slots]


def _check_slot(grey: Grey, slot: Slot, found: Sequence[Decoded], dpi: float) -> Reading:
    scale = dpi / 600
    side = slot.matrix.size * slot.module * scale
    middle_x, middle_y = slot.left * scale + side / 2, slot.top * scale + side / 2
    near = [code for code in found if hypot(code.x - middle_x, code.y - middle_y) < side / 4]
    if len(near) != 1:
        raise CheckFailed(f"a slot of page {slot.page + 1} carries {len(near)} codes", page=slot.page)
    _compare(near[0], slot)
    return _measure(grey, slot, scale)


def _compare(code: Decoded, slot: Slot) -> None:
    wanted = slot.matrix
    pairs = (
        ("address", code.text, wanted.url),
        ("version", code.version, wanted.version),
        ("error level", code.level, wanted.level),
        ("mask", code.mask, wanted.mask),
    )
    for what, got, right in pairs:
        if got != right:
            # The addresses stay out of the message: it may be logged, and they are bearer tokens.
            told = "" if what == "address" else f" ({got} instead of {right})"
            raise CheckFailed(
                f"a code on page {slot.page + 1} has the wrong {what}{told}", what=what, page=slot.page
            )


def _measure(grey: Grey, slot: Slot, scale: float) -> Reading:
    matrix = slot.matrix
    seen = grid.sample(grey, slot.left * scale, slot.top * scale, slot.module * scale, matrix.size)
    wanted = bytes(black for row in matrix.modules for black in row)
    differing = sum(map(ne, seen.black, wanted))
    _require(slot, not differing, f"{differing} of its {len(wanted)} modules are wrong", differing=differing)
    dark = max(value for value, black in zip(seen.centres, wanted, strict=True) if black)
    light = min(value for value, black in zip(seen.centres, wanted, strict=True) if not black)
    contrast = round(themes.contrast((dark, dark, dark), (light, light, light)), 1)
    _require(slot, contrast >= MIN_CONTRAST and light - dark >= MIN_STEP, f"its contrast is only {contrast}")
    _require(slot, seen.quiet_flat >= QUIET_FLAT, f"only {seen.quiet_flat:.1f} modules beside it are white")
    _require(slot, seen.quiet_corner >= QUIET_CORNER, f"there is ink {seen.quiet_corner:.1f} modules from it")
    shape = (matrix.version, matrix.level, len(wanted), differing)
    return Reading(slot.page, matrix.url, *shape, seen.quiet_flat, seen.quiet_corner, contrast)


def _require(slot: Slot, good: bool, problem: str, **params: object) -> None:
    if not good:
        raise CheckFailed(f"the code on page {slot.page + 1}: {problem}", page=slot.page, **params)


def check_png(png: bytes, slot: Slot) -> None:
    """Every pixel of every module has the module's own colour: nothing was scaled, blurred or cut off."""
    with Image.open(BytesIO(png)) as picture:
        size, pixels = slot.matrix.size, slot.module
        box = (slot.left, slot.top, slot.left + size * pixels, slot.top + size * pixels)
        code = picture.convert("L").crop(box).tobytes().translate(_SHARP)
    rows = (b"".join((b"X" if black else b" ") * pixels for black in row) for row in slot.matrix.modules)
    if code != b"".join(row * pixels for row in rows):
        raise CheckFailed("the PNG is not sharp to the pixel")


def check_svg(svg: bytes, matrix: Matrix) -> None:
    """The rectangles of the code in the SVG are exactly the black modules."""
    found = {
        (int(x) + step, matrix.size - 1 - int(y))
        for x, y, width in re.findall(rb"M(\d+) (\d+)h(\d+)v1h-\3z", svg)
        for step in range(int(width))
    }
    if found != {(x, y) for y, row in enumerate(matrix.modules) for x, black in enumerate(row) if black}:
        raise CheckFailed("the SVG does not carry the code")


__all__ = [
    "Lettering",
    "Page",
    "Reading",
    "Report",
    "Slot",
    "check_page",
    "check_pdf",
    "check_png",
    "check_svg",
    "look",
    "read",
    "report",
]
