"""Badges side by side on A4 for the press: fronts and mirrored backs, every slot read back."""

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

from badges import artwork as designs
from badges import check, imposition, matrix, paths, pdf, render
from badges.artwork import BadgeText
from badges.check import Lettering, Page, Report, Slot
from badges.drawing import BLACK, Shape, line
from badges.errors import BadgeError, CheckFailed
from badges.imposition import PAGE, Grid
from badges.layout import PIXEL, Art
from badges.matrix import Matrix, Packed
from badges.stamps import Stamps

DPI = 150
# Pages of a sheet that somebody waits for. The second thread saves a quarter of the time, but the pictures it
# allocates cost 25 MB more in 1,334 pages (measured), and a sheet so large must stay below 200 MB.
_AHEAD = 300
Progress = Callable[[int, int], None]
_Badge = tuple[Art, Matrix]


@dataclass(frozen=True)
class SheetFile:
    """pdf: front and back pages in turn, for printing both sides turned over the long edge."""

    pdf: bytes
    report: Report
    sheets: int


class Memory:
    """What survives an interrupt. This one forgets; a caller with a disk gives one that does not."""

    def drawn(self) -> bytes | None:
        """The file as it was drawn before."""
        return None

    def keep(self, print_file: bytes) -> None:
        """The file is drawn; nothing of it is checked yet."""

    def passed(self) -> dict[int, Page]:
        """The pages of that file that have passed their check; the addresses in them may be left out."""
        return {}

    def add(self, page: Page) -> None:
        """One more page has passed."""


class _Plan:
    """Which badge lies where. What a badge looks like is made when it is needed, and its code kept small:

    10,000 drawings and matrices, whole, would take 120 MB.
    """

    def __init__(self, texts: Sequence[BadgeText], form: str, artwork: str, theme: str) -> None:
        self.texts = texts
        self._art = partial(designs.make, form=form, artwork=artwork, theme=theme)
        self.grid = imposition.grid(self._art(texts[0]).form)
        self.sheets = -(-len(texts) // self.grid.places)
        self._codes: dict[int, Packed] = {}

    def arts(self) -> Iterator[Art]:
        """All badges but for their codes. Raises BadgeError for a text that cannot be printed."""
        return map(self._art, self.texts)

    def sheet(self, number: int) -> list[_Badge]:
        places = range(len(self.texts))[number * self.grid.places : (number + 1) * self.grid.places]
        return [(self._art(self.texts[place]), self._code(place)) for place in places]

    def urls(self, page: int) -> list[str]:
        """What the codes of a page must say; backs carry none."""
        first = page // 2 * self.grid.places
        return [] if page % 2 else [text.url for text in self.texts[first : first + self.grid.places]]

    def _code(self, place: int) -> Matrix:
        if place in self._codes:
            return matrix.unpack(self._codes[place])
        made = matrix.make(self.texts[place].url, relaxed=self.texts[place].relaxed)
        self._codes[place] = matrix.pack(made)
        return made


def sheet(
    texts: Sequence[BadgeText],
    *,
    form: str = "badge",
    artwork: str = "ring",
    theme: str = "navy",
    progress: Progress | None = None,
    memory: Memory | None = None,
) -> SheetFile:
    """Draw and check sheets of badges. progress hears (pages drawn or checked, pages to draw and check).

    With a memory, what was drawn and checked before an interrupt is not drawn and checked again.
    Raises a BadgeError as files.make does, and when texts is empty.
    """
    if not texts:
        raise BadgeError("There is nothing to print. Choose at least one badge.")
    memory = memory or Memory()
    plan = _Plan(texts, form, artwork, theme)
    tell = _counter(progress, 4 * plan.sheets)
    print_file = _drawn(plan, memory, tell)
    report = _check(print_file, plan, memory, tell)
    return SheetFile(print_file, report, plan.sheets)


def _counter(progress: Progress | None, steps: int) -> Callable[[], None]:
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, steps)

    return tell


def _drawn(plan: _Plan, memory: Memory, tell: Callable[[], None]) -> bytes:
    print_file = memory.drawn()
    if print_file is None:
        print_file = _draw(plan, tell)
        gc.collect()  # a reportlab document is a ring of references, and this one has everything twice
        memory.keep(print_file)
    else:
        for _ in range(2 * plan.sheets):
            tell()
    return print_file


def _draw(plan: _Plan, tell: Callable[[], None]) -> bytes:
    canvas = pdf.new(BytesIO(), (PAGE[0] * pdf.PIXEL, PAGE[1] * pdf.PIXEL))
    stamps = Stamps(canvas)
    stamps.store_form(next(plan.arts()).form)
    for art in plan.arts():
        stamps.store(art.front, art.form)
        stamps.store(art.back, art.form)
        stamps.store_glyphs("".join(label.text for label in art.labels))
    for number in range(plan.sheets):
        badges = plan.sheet(number)
        for back in (False, True):
            canvas.setTrimBox((0, 0, PAGE[0] * pdf.PIXEL, PAGE[1] * pdf.PIXEL))
            pdf.start(canvas)
            _furniture(canvas, f"{'反面' if back else '正面'} {number + 1}/{plan.sheets}")
            for place, badge in enumerate(badges):
                _badge(canvas, stamps, badge, plan.grid.middle(place, back=back), back=back)
            canvas.showPage()
            tell()
    print_file: bytes = canvas.getpdfdata()
    return print_file


def _check(print_file: bytes, plan: _Plan, memory: Memory, tell: Callable[[], None]) -> Report:
    """Look at every page that has not passed yet."""
    count = render.count(print_file)
    if count != 2 * plan.sheets:
        raise CheckFailed(f"it has {count} pages instead of {2 * plan.sheets}")
    pages = {number: _addressed(page, plan.urls(number)) for number, page in memory.passed().items()}
    for _ in pages:
        tell()
    missing = [number for number in range(count) if number not in pages]
    pictures = render.greys(print_file, DPI, missing)
    if len(missing) <= _AHEAD:
        pictures = render.ahead(pictures)
    for number, grey in zip(missing, pictures, strict=True):
        front, back = _wanted(plan, number)
        pages[number] = check.look(grey, number, front, back, DPI)
        memory.add(pages[number])
        tell()
    return check.report(print_file, [pages[number] for number in range(count)], len(plan.texts), DPI)


def _addressed(page: Page, urls: Sequence[str]) -> Page:
    """A remembered page with the addresses that its codes were compared with."""
    pairs = zip(page.readings, urls, strict=True)
    return replace(page, readings=tuple(replace(reading, url=url) for reading, url in pairs))


def _wanted(plan: _Plan, page: int) -> tuple[list[Slot], list[Lettering]]:
    number, back = divmod(page, 2)
    badges = plan.sheet(number)
    return (
        [] if back else _slots(number, badges, plan.grid),
        _letterings(number, badges, plan.grid, back=bool(back)),
    )


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
    return [slot for number, page in enumerate(pages) for slot in _slots(number, page, grid)]


def _slots(number: int, page: Sequence[_Badge], grid: Grid) -> list[Slot]:
    return [_slot(2 * number, grid.middle(place), badge) for place, badge in enumerate(page)]


def letterings(pages: Sequence[Sequence[_Badge]], grid: Grid) -> list[Lettering]:
    """Where each badge number must stand, on fronts and backs."""
    return [
        label
        for number, page in enumerate(pages)
        for back in (False, True)
        for label in _letterings(number, page, grid, back=back)
    ]


def _letterings(number: int, page: Sequence[_Badge], grid: Grid, *, back: bool) -> list[Lettering]:
    middles = [grid.middle(place, back=back) for place in range(len(page))]
    return [
        Lettering(2 * number + back, x, PAGE[1] - y, art.labels[back])
        for (art, _), (x, y) in zip(page, middles, strict=True)
    ]


def _slot(page: int, middle: tuple[int, int], badge: _Badge) -> Slot:
    art, code = badge
    left, bottom, pixels = art.code.box(code.size)
    top = PAGE[1] - (middle[1] + bottom + code.size * pixels)
    return Slot(page, middle[0] + left, top, pixels, code)
