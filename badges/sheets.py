"""Badges side by side on A4 for the press: fronts and mirrored backs, every slot read back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

from badges import artwork as designs
from badges import check, imposition, matrix, paths, pdf
from badges.artwork import BadgeText
from badges.check import Lettering, Report, Slot
from badges.drawing import BLACK, Shape, line
from badges.errors import BadgeError
from badges.imposition import PAGE, Grid
from badges.layout import PIXEL, Art
from badges.matrix import Matrix
from badges.stamps import Stamps

DPI = 150
Progress = Callable[[int, int], None]
_Badge = tuple[Art, Matrix]


@dataclass(frozen=True)
class SheetFile:
    """pdf: front and back pages in turn, for printing both sides turned over the long edge."""

    pdf: bytes
    report: Report
    sheets: int


def sheet(
    texts: Sequence[BadgeText],
    *,
    form: str = "badge",
    artwork: str = "ring",
    theme: str = "navy",
    progress: Progress | None = None,
) -> SheetFile:
    """Draw and check sheets of badges. progress hears (pages drawn or checked, pages to draw and check).

    Raises a BadgeError as files.make does, and when texts is empty.
    """
    if not texts:
        raise BadgeError("There is nothing to print. Choose at least one badge.")
    badges = [
        (
            designs.make(text, form=form, artwork=artwork, theme=theme),
            matrix.make(text.url, relaxed=text.relaxed),
        )
        for text in texts
    ]
    grid = imposition.grid(badges[0][0].form)
    pages = [badges[at : at + grid.places] for at in range(0, len(badges), grid.places)]
    tell = _counter(progress, 4 * len(pages))
    print_file = _draw(pages, grid, tell)
    report = check.check_pdf(print_file, slots(pages, grid), letterings(pages, grid), dpi=DPI, tell=tell)
    return SheetFile(print_file, report, len(pages))


def _counter(progress: Progress | None, steps: int) -> Callable[[], None]:
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, steps)

    return tell


def _draw(pages: Sequence[Sequence[_Badge]], grid: Grid, tell: Callable[[], None]) -> bytes:
    out = BytesIO()
    canvas = pdf.new(out, (PAGE[0] * pdf.PIXEL, PAGE[1] * pdf.PIXEL))
    stamps = Stamps(canvas)
    stamps.store_form(pages[0][0][0].form)
    for art, _ in (badge for page in pages for badge in page):
        stamps.store(art.front, art.form)
        stamps.store(art.back, art.form)
        stamps.store_glyphs("".join(label.text for label in art.labels))
    for number, page in enumerate(pages, start=1):
        for back in (False, True):
            pdf.start(canvas)
            _furniture(canvas, f"{'反面' if back else '正面'} {number}/{len(pages)}")
            for place, badge in enumerate(page):
                _badge(canvas, stamps, badge, grid.middle(place, back=back), back=back)
            canvas.showPage()
            tell()
    canvas.save()
    return out.getvalue()


def _badge(canvas: Canvas, stamps: Stamps, badge: _Badge, middle: tuple[int, int], *, back: bool) -> None:
    art, code = badge
    canvas.saveState()
    canvas.translate(middle[0] * pdf.PIXEL, middle[1] * pdf.PIXEL)
    stamps.under()
    stamps.place(art.back if back else art.front)
    stamps.letter(art.labels[back])
    if not back:
        pdf.symbol(canvas, art.code, code)
    stamps.cut()
    canvas.restoreState()


def _furniture(canvas: Canvas, caption: str) -> None:
    """Four squares for the cutter's camera, and which page this is."""
    width, height = PAGE[0] * PIXEL, PAGE[1] * PIXEL
    squares = [Shape(paths.rectangle(x, y, 5, 5), BLACK) for x in (5, width - 10) for y in (5, height - 10)]
    pdf.ink(canvas, (*squares, Shape(line(caption, width / 2, 4, 2.6), BLACK)))


def slots(pages: Sequence[Sequence[_Badge]], grid: Grid) -> list[Slot]:
    """Where each code must be read: fronts are the even pages; backs carry none."""
    return [
        _slot(2 * number, grid.middle(place), badge)
        for number, page in enumerate(pages)
        for place, badge in enumerate(page)
    ]


def letterings(pages: Sequence[Sequence[_Badge]], grid: Grid) -> list[Lettering]:
    """Where each badge number must stand, on fronts and backs."""
    return [
        Lettering(2 * number + back, x, PAGE[1] - y, art.labels[back])
        for number, page in enumerate(pages)
        for place, (art, _) in enumerate(page)
        for back in (False, True)
        for x, y in [grid.middle(place, back=back)]
    ]


def _slot(page: int, middle: tuple[int, int], badge: _Badge) -> Slot:
    art, code = badge
    left, bottom, pixels = art.code.box(code.size)
    top = PAGE[1] - (middle[1] + bottom + code.size * pixels)
    return Slot(page, middle[0] + left, top, pixels, code)
