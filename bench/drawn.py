"""Sheets of the same badges drawn in two ways, in a module that imports nothing else, for its memory is measured."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw, ImageFont
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_Q

from badges import sheets, typeface
from badges.artwork import BadgeText

NAME, HOTLINE = "龙城社区防走失驿站", "0432-62010000"


def texts(count: int) -> list[BadgeText]:
    """Made-up badges, the same at every run."""
    digits = random.Random(20191121)
    return [
        BadgeText(
            f"https://example.cn/{''.join(digits.choices('0123456789', k=52))}", NAME, HOTLINE, f"{n:04d}-7"
        )
        for n in range(count)
    ]


def checked_vector(count: int) -> int:
    """Ours: CMYK vector PDF, front and back, every module and number compared; size in bytes."""
    made = sheets.sheet(texts(count))
    assert made.report.differing == 0
    assert made.report.modules == count * 1089
    return len(made.pdf)


def unchecked_raster(count: int) -> int:
    """The usual way: qrcode pictures pasted on 300 dpi pages with the name and number, fronts only."""
    everything = texts(count)
    name_font = ImageFont.truetype(typeface.SHIPPED, 32)
    with TemporaryDirectory() as folder:
        target = Path(folder) / "sheets.pdf"
        for at in range(0, count, 15):
            page = _raster_page(everything[at : at + 15], name_font)
            # Page by page: all pages in one call need 2.3 GB.
            page.save(target, "PDF", resolution=300, append=at > 0)
        return target.stat().st_size


def _raster_page(badges: list[BadgeText], font: ImageFont.FreeTypeFont) -> Image.Image:
    page = Image.new("RGB", (2480, 3508), "white")
    draw = ImageDraw.Draw(page)
    for place, badge in enumerate(badges):
        row, column = divmod(place, 3)
        x, y = 570 + column * 670, 450 + row * 655
        code = QRCode(version=4, error_correction=ERROR_CORRECT_Q, box_size=9, border=4)
        code.add_data(badge.url)
        code.make()
        picture = code.make_image().get_image()
        draw.ellipse((x - 295, y - 295, x + 295, y + 295), outline="#0b3063", width=52)
        page.paste(picture, (x - picture.width // 2, y - picture.height // 2))
        draw.text((x, y - 222), badge.station_name, "#0b3063", font, anchor="mm")
        draw.text((x, y + 222), badge.number, "black", font, anchor="mm")
    return page
