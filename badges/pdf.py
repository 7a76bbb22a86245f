"""Print-ready PDF: CMYK paths, spot colours for cut and white, page boxes; no font, no picture."""

import zlib
from io import BytesIO

from reportlab import rl_config
from reportlab.lib.colors import CMYKColor, CMYKColorSep
from reportlab.pdfbase.pdfdoc import PDFName, PDFStream
from reportlab.pdfgen.canvas import Canvas

from badges import paths
from badges.drawing import BLACK, Drawing, Label, Paint, line
from badges.layout import Art, CodePlace, Form
from badges.matrix import Matrix
from badges.paths import Path

POINT = 72 / 25.4
PIXEL = 0.12
"""One pixel of 600 dpi, in points; codes stand on this grid."""
CUT = Paint((0, 1, 0, 0), "#ec008c", "CutContour")
UNDERBASE = Paint((0, 0, 0, 0), "#ffffff", "White")
_CUT_WIDTH = 0.25
_GRID = 24

rl_config.useA85 = 0  # text armour makes every stream a quarter longer and serves no printer


def page_pixels(form: Form) -> tuple[int, int]:
    """Page of a single badge at 600 dpi: form and bleed, rounded up to whole pixels at 150 and 200 dpi too."""
    sides = (form.width + 2 * form.bleed, form.height + 2 * form.bleed)
    across, up = (-int(-side * POINT / PIXEL // _GRID) * _GRID for side in sides)
    return across, up


def draw(art: Art, matrix: Matrix) -> bytes:
    """The badge as a PDF of two pages, front and back."""
    out = BytesIO()
    across, up = (side * PIXEL for side in page_pixels(art.form))
    canvas = new(out, (across, up))
    for drawing, label, code in ((art.front, art.labels[0], matrix), (art.back, art.labels[1], None)):
        _boxes(canvas, art.form, across / 2, up / 2)
        canvas.translate(across / 2, up / 2)
        start(canvas)
        under(canvas, art.form)
        ink(canvas, drawing)
        letter(canvas, label)
        if code:
            symbol(canvas, art.code, code)
        cut(canvas, art.form)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


class _Fontless(Canvas):
    """reportlab selects Helvetica on every page, used or not, and preflight then asks for the font."""

    def _make_preamble(self) -> None:
        self._preamble = "1 0 0 1 0 0 cm"

    def showPage(self) -> None:
        """Compress the page now, not at the end: 10,000 badges on sheets are 70 MB of drawing commands."""
        super().showPage()
        page = self._doc.Pages.pages[-1]
        page.Contents = PDFStream(content=zlib.compress(page.stream.encode()))
        page.Contents.dictionary["Filter"] = PDFName("FlateDecode")
        page.stream = None


def new(out: BytesIO, size: tuple[float, float]) -> Canvas:
    """An empty document of that page size in points, the same bytes for the same drawing."""
    canvas = _Fontless(out, pagesize=size, invariant=1, pageCompression=1, pdfVersion=(1, 4))
    canvas.setTitle("Badges")
    canvas.setCreator("anti-wandering station")
    return canvas


def start(canvas: Canvas) -> None:
    """Let colours print over the white plate instead of cutting holes into it."""
    canvas.setFillOverprint(True)
    canvas.setStrokeOverprint(True)
    # Mode 0: a zero in CMYK still erases CMYK (white letters on the ring), and leaves spot plates alone.
    canvas.setOverprintMask(0)


def under(canvas: Canvas, form: Form) -> None:
    """The white plate below everything: acrylic is transparent, and a code without it cannot be read."""
    _fill(canvas, form.outline(form.bleed), UNDERBASE)


def cut(canvas: Canvas, form: Form) -> None:
    """The cut line, as a spot colour for the cutter."""
    cutter(canvas)
    contour(canvas, form.outline(), POINT)


def ink(canvas: Canvas, drawing: Drawing) -> None:
    """All shapes, around the present origin."""
    for shape in drawing:
        _fill(canvas, shape.path, shape.paint)


def letter(canvas: Canvas, label: Label) -> None:
    """A label as outlines."""
    _fill(canvas, line(label.text, label.x, label.y, label.em), label.paint)


def symbol(canvas: Canvas, place: CodePlace, matrix: Matrix) -> None:
    """The modules in pure black, as one path so that no seam can show; runs of a row are one rectangle."""
    left, bottom, pixels = place.box(matrix.size)
    module = pixels * PIXEL
    canvas.saveState()
    canvas.transform(module, 0, 0, module, left * PIXEL, bottom * PIXEL)
    colour(canvas, BLACK)
    canvas.addLiteral("\n".join(f"{x} {y} {width} 1 re" for x, y, width in runs(matrix)) + " f")
    canvas.restoreState()


def runs(matrix: Matrix) -> list[tuple[int, int, int]]:
    """Black stretches as column, row from below, and length, in modules."""
    found = []
    for row, modules in enumerate(matrix.modules):
        text = "".join("X" if black else " " for black in modules)
        start = 0
        for part in text.split(" "):
            if part:
                found.append((start, matrix.size - 1 - row, len(part)))
            start += len(part) + 1
    return found


def _boxes(canvas: Canvas, form: Form, x: float, y: float) -> None:
    w, h, bleed = (side * POINT for side in (form.width / 2, form.height / 2, form.bleed))
    canvas.setTrimBox((x - w, y - h, x + w, y + h))
    canvas.setBleedBox((x - w - bleed, y - h - bleed, x + w + bleed, y + h + bleed))


def colour(canvas: Canvas, paint: Paint) -> None:
    """Fill with this paint from now on."""
    canvas.setFillColor(_colour(paint))


def cutter(canvas: Canvas) -> None:
    """Stroke with the cutter's spot colour from now on."""
    canvas.setStrokeColor(_colour(CUT))
    canvas.setLineWidth(_CUT_WIDTH)


def contour(canvas: Canvas, path: Path, scale: float) -> None:
    """Stroke a path with the present colour and width."""
    canvas.drawPath(_path(canvas, path, scale), stroke=1, fill=0)


def outline(canvas: Canvas, path: Path, scale: float = 1.0) -> None:
    """Fill a path with the present colour."""
    canvas.drawPath(_path(canvas, path, scale), stroke=0, fill=1, fillMode=1)


def _fill(canvas: Canvas, path: Path, paint: Paint) -> None:
    colour(canvas, paint)
    outline(canvas, path, POINT)


def _path(canvas: Canvas, path: Path, scale: float) -> object:
    target = canvas.beginPath()
    verbs = {"M": target.moveTo, "L": target.lineTo, "C": target.curveTo, "Z": target.close}
    for kind, points in paths.transform(path, (scale, 0, 0, scale, 0, 0)):
        verbs[kind](*(round(value, 3) for value in points))
    return target


def _colour(paint: Paint) -> CMYKColor:
    if paint.spot:
        return CMYKColorSep(*paint.cmyk, spotName=paint.spot)
    return CMYKColor(*paint.cmyk)
