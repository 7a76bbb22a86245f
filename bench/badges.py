"""1,000 checked badges in a print-ready PDF, against qrcode and Pillow sheets without any check."""

import multiprocessing
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw, ImageFont
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_Q

from badges import files, sheets, typeface
from badges.artwork import BadgeText

COUNT = 1000
NAME, HOTLINE = "龙城社区防走失驿站", "0432-62010000"
Outcome = tuple[float, int, float]


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


def measured(work: Callable[[int], int], count: int) -> Outcome:
    """CPU seconds, bytes and peak memory in MB of the work, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[Outcome] = context.Queue()
    process = context.Process(target=_measure, args=(work, count, queue))
    process.start()
    outcome = queue.get()
    process.join()
    return outcome


def _measure(work: Callable[[int], int], count: int, queue: "multiprocessing.Queue[Outcome]") -> None:
    start = time.process_time()
    size = work(count)
    spent = time.process_time() - start
    queue.put((spent, size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def single() -> float:
    """CPU milliseconds of one checked badge with PDF, PNG and SVG, once the fonts are warm."""
    badge, *others = texts(11)
    files.make(badge)
    start = time.process_time()
    for other in others:
        files.make(other)
    return (time.process_time() - start) * 100


def run() -> list[tuple[str, str]]:
    """Rows of name and figure; the ratios compare two works of this very run."""
    ours, theirs = measured(checked_vector, COUNT), measured(unchecked_raster, COUNT)
    return [
        ("1,000 checked badges, front and back, A4", f"{ours[0]:.1f} s CPU, {COUNT / ours[0]:.0f} a second"),
        ("qrcode + Pillow, 300 dpi, fronts only, no check", f"{theirs[0]:.1f} s CPU"),
        ("time, ours : theirs", f"{ours[0] / theirs[0]:.2f}"),
        ("PDF size", f"{ours[1] / 1e6:.2f} MB against {theirs[1] / 1e6:.1f} MB ({ours[1] / theirs[1]:.3f})"),
        ("peak memory", f"{ours[2]:.0f} MB against {theirs[2]:.0f} MB ({ours[2] / theirs[2]:.2f})"),
        ("one checked badge as PDF, PNG and SVG", f"{single():.0f} ms CPU"),
        ("shipped font", f"{Path(typeface.SHIPPED).stat().st_size / 1e6:.2f} MB"),
    ]


if __name__ == "__main__":
    for name, text in run():
        print(f"{name:50} {text}")
