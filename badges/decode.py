"""Reading codes in pictures with zxing-cpp, which shares nothing with the encoder."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO
from typing import Any

import zxingcpp
from PIL import Image, UnidentifiedImageError

from badges import render, reserve, vector
from badges.errors import CheckFailed
from badges.render import Grey

NAME = f"zxing-cpp {version('zxing-cpp')}"
_MOST_PIXELS = 50_000_000
_DPI = 200
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")  # Pillow would run a program for others


@dataclass(frozen=True)
class Decoded:
    """One code: its text, version, error level, mask, page from 0, and its middle in pixels of that picture.

    left is how much of the error correction is not used up, 1.0 when no codeword is wrong.
    """

    text: str
    version: int
    level: str
    mask: int
    page: int
    x: float
    y: float
    left: float

    @property
    def intact(self) -> bool:
        return self.left == 1.0


def read(file: bytes) -> list[Decoded]:
    """Every QR code in a PDF, an SVG or a picture; raises CheckFailed for anything else.

    The codes of a PDF lie in pictures of its pages at 200 dpi, those of an SVG in pictures of their own.
    """
    pages: Iterator[Grey]
    if file.startswith(b"%PDF"):
        pages = render.greys(file, _DPI)
    else:
        pages = vector.pictures(file) if vector.is_svg(file) else _picture(file)
    return [code for number, page in enumerate(pages) for code in codes(page, page=number, hard=True)]


def codes(grey: Grey, *, page: int = 0, hard: bool = False) -> list[Decoded]:
    """QR codes in one picture; hard also tries turned, small and inverted ones."""
    found = zxingcpp.read_barcodes(
        memoryview(grey.pixels).cast("B", (grey.height, grey.width)),
        formats=_QR,
        try_rotate=hard,
        try_downscale=hard,
        try_invert=hard,
    )
    return [_decoded(code, page, grey if hard else None) for code in found]


def _decoded(code: zxingcpp.Barcode, page: int, grey: Grey | None) -> Decoded:
    at = code.position
    corners = tuple(
        (float(one.x), float(one.y)) for one in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
    )
    facts: dict[str, Any] = dict(code.extra)  # type: ignore[call-overload]
    version, mask, left = (
        int(facts.get("Version", 0)),
        int(facts.get("DataMask", -1)),
        float(facts.get("UEC", 0)),
    )
    if grey is not None and left < 1.0:
        left = reserve.measured(grey, corners, reserve.Known(code.text, version, code.ec_level, mask), left)
    return Decoded(
        text=code.text,
        version=version,
        level=code.ec_level,
        mask=mask,
        page=page,
        x=sum(x for x, _ in corners) / 4,
        y=sum(y for _, y in corners) / 4,
        left=left,
    )


def _picture(data: bytes) -> Iterator[Grey]:
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise CheckFailed("the picture is too large to read; send a smaller one")
            grey = _on_white(image).convert("L")
    except (UnidentifiedImageError, OSError) as error:
        raise CheckFailed("it is neither a PDF nor a picture") from error
    yield Grey(grey.width, grey.height, grey.tobytes())


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:  # as photos are; each copy of one takes up to 200 MB
        return image
    coloured = image.convert("RGBA")
    flat = Image.new("RGB", image.size, "white")
    flat.paste(coloured, mask=coloured)
    return flat
