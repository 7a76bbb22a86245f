"""Reading codes in pictures with zxing-cpp, which shares nothing with the encoder."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO
from typing import Any

import zxingcpp
from PIL import Image, UnidentifiedImageError

from badges import render
from badges.errors import CheckFailed
from badges.render import Grey

NAME = f"zxing-cpp {version('zxing-cpp')}"
_MOST_PIXELS = 50_000_000
_DPI = 200
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


@dataclass(frozen=True)
class Decoded:
    """One code: its text, version, error level, mask, page from 0, and its middle in pixels of that picture."""

    text: str
    version: int
    level: str
    mask: int
    page: int
    x: float
    y: float
    intact: bool


def read(image_or_pdf: bytes) -> list[Decoded]:
    """Every QR code in a PDF or in any picture Pillow knows; raises CheckFailed for anything else."""
    pages = render.greys(image_or_pdf, _DPI) if image_or_pdf.startswith(b"%PDF") else _picture(image_or_pdf)
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
    return [_decoded(code, page) for code in found]


def _decoded(code: zxingcpp.Barcode, page: int) -> Decoded:
    corners = (
        code.position.top_left,
        code.position.top_right,
        code.position.bottom_right,
        code.position.bottom_left,
    )
    facts: dict[str, Any] = dict(code.extra)  # type: ignore[call-overload]
    return Decoded(
        text=code.text,
        version=int(facts.get("Version", 0)),
        level=code.ec_level,
        mask=int(facts.get("DataMask", -1)),
        page=page,
        x=sum(corner.x for corner in corners) / 4,
        y=sum(corner.y for corner in corners) / 4,
        intact=facts.get("UEC") == 1.0,
    )


def _picture(data: bytes) -> Iterator[Grey]:
    try:
        with Image.open(BytesIO(data)) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise CheckFailed("the picture is too large to read; send a smaller one")
            flat = Image.new("RGB", image.size, "white")
            flat.paste(image.convert("RGBA"), mask=image.convert("RGBA"))
    except (UnidentifiedImageError, OSError) as error:
        raise CheckFailed("it is neither a PDF nor a picture") from error
    grey = flat.convert("L")
    yield Grey(grey.width, grey.height, grey.tobytes())
