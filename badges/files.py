"""The files of one badge, each read back and compared before anybody gets it."""

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw

from badges import artwork as designs
from badges import check, matrix, pdf, render, svg
from badges.artwork import BadgeText
from badges.check import Lettering, Report, Slot
from badges.layout import PIXEL, Art, Form
from badges.matrix import Matrix

DPI = 600
_SMOOTH = 4


@dataclass(frozen=True)
class BadgeFiles:
    """pdf: front and back for the press. png: the front at 600 dpi. svg: the front for screens."""

    pdf: bytes
    png: bytes
    svg: bytes
    report: Report


def make(text: BadgeText, *, form: str = "badge", artwork: str = "ring", theme: str = "navy") -> BadgeFiles:
    """Draw a badge and read every file of it back.

    Raises a BadgeError when a text does not fit or cannot be drawn, the address is bad or a check fails.
    """
    art = designs.make(text, form=form, artwork=artwork, theme=theme)
    code = matrix.make(text.url, relaxed=text.relaxed)
    print_file = pdf.draw(art, code)
    place = slot(art, code)
    report = check.check_pdf(print_file, [place], letterings(art))
    picture = _png(_trimmed(render.colour(print_file, 0, DPI), art))
    check.check_png(picture, place)
    screen = svg.draw(art, code)
    check.check_svg(screen, code)
    return BadgeFiles(print_file, picture, screen, report)


def slot(art: Art, code: Matrix) -> Slot:
    """Where the code must be read in the PDF of a single badge."""
    across, up = pdf.page_pixels(art.form)
    left, bottom, pixels = art.code.box(code.size)
    return Slot(0, across // 2 + left, up // 2 - bottom - code.size * pixels, pixels, code)


def letterings(art: Art) -> list[Lettering]:
    """The badge number on both pages."""
    across, up = pdf.page_pixels(art.form)
    return [Lettering(page, across // 2, up // 2, label) for page, label in enumerate(art.labels)]


def _trimmed(picture: Image.Image, art: Art) -> Image.Image:
    """The picture as it looks after cutting: white outside, and no cut line."""
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=_inside(art.form, picture.size))
    return paper


@lru_cache(maxsize=len(designs.FORMS))
def _inside(form: Form, size: tuple[int, int]) -> Image.Image:
    """Soft mask of what lies two pixels within the cut line."""
    fine, inset = (size[0] * _SMOOTH, size[1] * _SMOOTH), 2 * _SMOOTH
    half_w, half_h = (side / 2 / PIXEL * _SMOOTH - inset for side in (form.width, form.height))
    box = (fine[0] / 2 - half_w, fine[1] / 2 - half_h, fine[0] / 2 + half_w - 1, fine[1] / 2 + half_h - 1)
    mask = Image.new("L", fine, 0)
    ImageDraw.Draw(mask).rounded_rectangle(box, form.corner / PIXEL * _SMOOTH - inset, fill=255)
    return mask.resize(size, Image.Resampling.BOX)


def _png(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "PNG", dpi=(DPI, DPI))
    return out.getvalue()
