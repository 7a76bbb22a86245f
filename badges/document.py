"""A document of several pages: a heading, tables that run over pages, page numbers; its text can be copied."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from threading import Lock

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from badges import pdf, textfont, typeface
from badges.drawing import BLACK, Paint
from badges.errors import MissingGlyph
from badges.typeface import Glyph

WIDTH, HEIGHT = 297.0, 210.0  # A4 across, in mm
MARGIN = 12.0
UNKNOWN = "〓"  # printers' sign for a character that is not in the case
_TOP, _BOTTOM = HEIGHT - 24.0, 19.0
_SIZE, _LEADING = 2.9, 4.1  # mm
_PADDING = 1.5
_GAP = 2.0  # between columns
_GREY, _RULE = Paint((0, 0, 0, 0.68), "#525252"), Paint((0, 0, 0, 0.3), "#b3b3b3")
_WORDS = re.compile(r"[\u0021-\u02ff]+ ?|.", re.DOTALL)
_DRAWING = Lock()  # reportlab knows fonts by name for the whole process


@dataclass(frozen=True)
class Table:
    """A table with a title; widths in mm fill the page together."""

    title: str
    columns: Sequence[tuple[str, float]]
    rows: Sequence[Sequence[str]]
    nothing: str = ""  # said in place of rows when there are none


@dataclass(frozen=True)
class Document:
    """All that is on paper. `page` is a text with %(n)s and %(count)s; `foot` stands on every page too."""

    title: str
    heading: str
    foot: str
    page: str
    before: Sequence[str] = ()
    tables: Sequence[Table] = ()
    after: Sequence[str] = ()


@dataclass(frozen=True)
class _Text:
    x: float
    y: float
    size: float
    text: str
    bold: bool = False
    soft: bool = False


@dataclass
class _Pages:
    """Lines on pages, from the top down."""

    pages: list[list[_Text]] = field(default_factory=lambda: [[]])
    rules: list[list[float]] = field(default_factory=lambda: [[]])
    y: float = _TOP

    def turn(self) -> None:
        self.pages.append([])
        self.rules.append([])
        self.y = _TOP

    def fits(self, height: float) -> bool:
        return self.y - height >= _BOTTOM

    def put(self, *texts: _Text) -> None:
        self.pages[-1].extend(texts)

    def rule(self) -> None:
        self.rules[-1].append(self.y)


def draw(document: Document) -> bytes:
    """The document as a PDF, the same bytes for the same content.

    A character that no font on this machine has is drawn as 〓; nothing is refused for it.
    """
    pages = _laid_out(document)
    every = [[*_frame(document, n, len(pages.pages)), *page] for n, page in enumerate(pages.pages, 1)]
    with _DRAWING:
        names = _fonts([text for page in every for text in page])
        try:
            return _drawn(document.title, every, pages.rules, names)
        finally:
            for name in names.values():
                pdfmetrics._fonts.pop(name, None)


@lru_cache(maxsize=8192)  # the same few names, channels and results stand in thousands of rows
def lines(text: str, room: float, size: float = _SIZE, *, bold: bool = False) -> tuple[str, ...]:
    """A text broken into lines of at most `room` mm: between words, anywhere in Chinese, and in a word too long."""
    found, line, used = [], "", 0.0
    for word in _pieces(text, room, size, bold):
        wide = _width(word.rstrip(), size, bold)
        if word == "\n" or (line and used + wide > room):
            found.append(line.rstrip())
            line, used = "", 0.0
        if word != "\n" and (line or word != " "):
            line, used = line + word, used + _width(word, size, bold)
    return (*found, line.rstrip()) if line or not found else tuple(found)


def _pieces(text: str, room: float, size: float, bold: bool) -> Iterator[str]:
    for word in _WORDS.findall(text):
        yield from ([word] if _width(word, size, bold) <= room else word)


@lru_cache(maxsize=4096)
def _shape(character: str, bold: bool) -> tuple[str, Glyph]:
    """What is drawn for a character, and its outline."""
    look_up = typeface.glyph if bold else typeface.plain
    try:
        return character, look_up(character)
    except MissingGlyph:
        return UNKNOWN, look_up(UNKNOWN)


def _width(text: str, size: float, bold: bool) -> float:
    return sum(_advance(one, bold) for one in text) * size


@lru_cache(maxsize=4096)
def _advance(character: str, bold: bool) -> float:
    return 0.0 if character == "\n" else _shape(character, bold)[1].advance


def _laid_out(document: Document) -> _Pages:
    pages = _Pages()
    _line_up(pages, [document.title], 5.6, bold=True)
    pages.y -= _PADDING
    _line_up(pages, document.before, _SIZE)
    for table in document.tables:
        _lay_table(pages, table)
    pages.y -= _LEADING
    if not pages.fits(_LEADING * (len(document.after) + 1)):
        pages.turn()
    _line_up(pages, document.after, _SIZE)
    return pages


def _line_up(pages: _Pages, texts: Sequence[str], size: float, *, bold: bool = False) -> None:
    for text in texts:
        for line in lines(text, WIDTH - 2 * MARGIN, size, bold=bold):
            height = size * _LEADING / _SIZE
            if not pages.fits(height):
                pages.turn()
            pages.y -= height
            pages.put(_Text(MARGIN, pages.y, size, line, bold))


def _lay_table(pages: _Pages, table: Table) -> None:
    pages.y -= _LEADING
    if not pages.fits(6 * _LEADING):
        pages.turn()
    _line_up(pages, [table.title], 4.0, bold=True)
    pages.y -= _PADDING / 2
    if not table.rows:
        _line_up(pages, [table.nothing], _SIZE)
        return
    _lay_row(pages, table, _broken(table, [name for name, _ in table.columns], True), bold=True)
    most = int((_TOP - _BOTTOM) / _LEADING) - 8
    for row in table.rows:
        cells = _broken(table, row, False)
        # A row stays whole on its page; only one that no page could hold is cut.
        for start in range(0, max(len(cell) for cell in cells), most):
            _lay_row(pages, table, [cell[start : start + most] for cell in cells])


def _broken(table: Table, row: Sequence[str], bold: bool) -> list[tuple[str, ...]]:
    return [
        lines(text, wide - _GAP, bold=bold)
        for text, (_, wide) in zip(row, table.columns, strict=True)
    ]  # fmt: skip


def _lay_row(pages: _Pages, table: Table, cells: list[tuple[str, ...]], *, bold: bool = False) -> None:
    height = max(len(cell) for cell in cells) * _LEADING + _PADDING
    if not pages.fits(height):
        pages.turn()
        if not bold:
            _lay_row(pages, table, _broken(table, [name for name, _ in table.columns], True), bold=True)
    x = MARGIN
    for cell, (_, wide) in zip(cells, table.columns, strict=True):
        for n, text in enumerate(cell, 1):
            pages.put(_Text(x, pages.y - n * _LEADING, _SIZE, text, bold))
        x += wide
    pages.y -= height
    pages.rule()


def _frame(document: Document, n: int, count: int) -> list[_Text]:
    page = document.page % {"n": n, "count": count}
    right = WIDTH - MARGIN - _width(page, _SIZE, False)
    return [
        _Text(MARGIN, HEIGHT - 14, _SIZE, document.heading, bold=True),
        _Text(MARGIN, 10, _SIZE, document.foot, soft=True),
        _Text(right, 10, _SIZE, page, soft=True),
    ]


def _fonts(texts: list[_Text]) -> dict[bool, str]:
    """Make the fonts of a document and tell reportlab of them; by whether they are bold."""
    names = {}
    for bold, look_up in ((False, typeface.plain), (True, typeface.glyph)):
        used = sorted({_shape(one, bold)[0] for text in texts if text.bold is bold for one in text.text})
        mark = hashlib.sha256("".join(used).encode()).hexdigest()[:12]
        names[bold] = f"Station{'Bold' if bold else 'Plain'}{mark}"
        pdfmetrics.registerFont(textfont.make(names[bold], used, look_up))
    return names


def _drawn(title: str, pages: list[list[_Text]], rules: list[list[float]], names: dict[bool, str]) -> bytes:
    out = BytesIO()
    canvas = pdf.new(out, (WIDTH * pdf.POINT, HEIGHT * pdf.POINT))
    canvas.setTitle(title)
    for page, lines_of_page in zip(pages, rules, strict=True):
        _rule(canvas, [HEIGHT - 16, 14.5, *lines_of_page])
        face: tuple[bool, bool, float] | None = None
        for text in page:
            if face != (text.bold, text.soft, text.size):
                face = (text.bold, text.soft, text.size)
                pdf.colour(canvas, _GREY if text.soft else BLACK)
                canvas.setFont(names[text.bold], text.size * pdf.POINT)
            shown = "".join(_shape(one, text.bold)[0] for one in text.text)
            canvas.drawString(text.x * pdf.POINT, text.y * pdf.POINT, shown)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _rule(canvas: Canvas, heights: Sequence[float]) -> None:
    pdf.colour(canvas, _RULE)
    for y in heights:
        wide = (WIDTH - 2 * MARGIN) * pdf.POINT
        canvas.rect(MARGIN * pdf.POINT, y * pdf.POINT, wide, 0.4, stroke=0, fill=1)
