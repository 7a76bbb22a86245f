"""The same badge with other codes on it: what a longer host, a logo or another kind of token would cost."""

import base64
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, log10

from PIL import Image, ImageDraw
from qrcode import QRCode, util
from qrcode.constants import ERROR_CORRECT_M, ERROR_CORRECT_Q

from badges import artwork, masks, matrix, pdf, render
from badges.artwork import BadgeText
from badges.matrix import Matrix

SHORT, LONG = "example.cn", "zhanwu.jilin.exa.cn1"
_DPI, _SHRINK = 600, 2
_LEVELS = {"M": ERROR_CORRECT_M, "Q": ERROR_CORRECT_Q}
_LOGO = 0.2  # of the side


@dataclass(frozen=True)
class Rival:
    """A short name for the table, what it is, and how its code is made from a seed."""

    name: str
    about: str
    code: Callable[[int], Matrix]
    logo: bool = False


def picture(rival: Rival, seed: int) -> tuple[str, Image.Image]:
    """Its text and its front at 300 dpi, bleed and all, through the same PDF as every badge."""
    code = rival.code(seed)
    art = artwork.make(BadgeText(code.url, "龙城社区防走失驿站", "0432-62010000", "0231-7"))
    # A finer symbol gets the whole number of pixels a module that comes nearest to the same side.
    pixels = round(33 * art.code.pixels / code.size)
    art = replace(art, code=replace(art.code, pixels=ceil(pixels * code.size / 33)))
    front = render.colour(pdf.draw(art, code), 0, _DPI).convert("L")
    if rival.logo:
        _paste_logo(front, code.size * pixels)
    return code.url, _trimmed(front).reduce(_SHRINK)


def _trimmed(front: Image.Image) -> Image.Image:
    """Badge and bleed: print marks and paper go."""
    side = round(54 / 25.4 * _DPI) // 4 * 4
    left, top = (front.width - side) // 2, (front.height - side) // 2
    return front.crop((left, top, left + side, top + side))


def _paste_logo(front: Image.Image, side: int) -> None:
    half, middle = side * _LOGO / 2, (front.width / 2, front.height / 2)
    draw = ImageDraw.Draw(front)
    for grow, grey in ((1.0, 255), (0.8, 70)):
        box = [
            middle[0] - half * grow,
            middle[1] - half * grow,
            middle[0] + half * grow,
            middle[1] + half * grow,
        ]
        draw.rounded_rectangle(box, half * 0.3, fill=grey)


def _digits(seed: int, count: int = 52) -> str:
    return "".join(random.Random(f"token {seed}").choices("0123456789", k=count))


def ours(host: str) -> Callable[[int], Matrix]:
    """As the badges package makes it."""
    return lambda seed: matrix.make(f"https://{host}/{_digits(seed)}")


def fixed(host: str, version: int, level: str) -> Callable[[int], Matrix]:
    """Our address in another symbol."""
    return lambda seed: symbol(f"https://{host}/", _digits(seed), version, level)


def foreign(size: int, version: int, level: str, *, decimal: bool) -> Callable[[int], Matrix]:
    """A token of that many bytes behind the short host: as base64, or in decimal digits as ours are."""

    def make(seed: int) -> Matrix:
        token = random.Random(f"bytes {seed}").randbytes(size)
        if decimal:
            return symbol(
                f"https://{SHORT}/",
                f"{int.from_bytes(token, 'big'):0{ceil(8 * size * log10(2))}d}",
                version,
                level,
            )
        text = base64.urlsafe_b64encode(token).decode().rstrip("=")
        return symbol(f"https://{SHORT}/{text}", "", version, level)

    return make


def symbol(head: str, digits: str, version: int, level: str) -> Matrix:
    """With the best mask, like ours; raises when the text does not fit."""
    segments = [util.QRData(head.encode(), util.MODE_8BIT_BYTE)]
    if digits:
        segments.append(util.QRData(digits.encode(), util.MODE_NUMBER))
    best: tuple[int, int, tuple[tuple[bool, ...], ...]] | None = None
    for mask in range(8):
        code = QRCode(version=version, error_correction=_LEVELS[level], border=0, mask_pattern=mask)
        for segment in segments:
            code.add_data(segment)
        code.make(fit=False)
        modules = tuple(tuple(bool(black) for black in row) for row in code.modules)
        penalty = masks.penalty(tuple(sum(1 << x for x, black in enumerate(row) if black) for row in modules))
        if best is None or penalty < best[0]:
            best = (penalty, mask, modules)
    assert best is not None
    return Matrix(head + digits, version, level, len(best[2]), best[2], best[1])


FERNET, GCM = 73, 12 + 8 + 16  # bytes for a payload of 8, which both can hold at least
RIVALS = (
    Rival("4-Q", "ours, host of 10 characters", ours(SHORT)),
    Rival("4-M", "ours, host of 20 characters, 4-M", fixed(LONG, 4, "M")),
    Rival("5-Q", "ours, host of 20 characters, 5-Q", fixed(LONG, 5, "Q")),
    Rival("logo", "ours, host of 10, a logo over 20 % of the side", ours(SHORT), logo=True),
    Rival("GCM", "AES-GCM token as base64, 5-M", foreign(GCM, 5, "M", decimal=False)),
    Rival("GCM9", "AES-GCM token in digits like ours, 4-M", foreign(GCM, 4, "M", decimal=True)),
    Rival("Fern", "Fernet token as base64, 7-M", foreign(FERNET, 7, "M", decimal=False)),
    Rival("Fern9", "Fernet token in digits like ours, 6-M", foreign(FERNET, 6, "M", decimal=True)),
)
