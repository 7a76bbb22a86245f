"""Drawings kept once in a PDF and placed many times, so that 1,000 badges stay under a megabyte."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from reportlab.pdfgen.canvas import Canvas

from badges import drawing, pdf, typeface
from badges.drawing import Drawing, Label
from badges.layout import Form
from badges.pdf import POINT


class Stamps:
    """The drawings and glyphs one document has stored as form objects."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        # Found by identity: comparing two drawings takes longer than drawing one.
        self._names: dict[int, tuple[str, Drawing]] = {}
        self._glyphs: set[str] = set()

    def store_form(self, form: Form) -> None:
        """Keep the white plate and the cut line, without their colours: a form object knows no spot colour."""
        with self._form("under", form):
            pdf.outline(self._canvas, form.outline(form.bleed), POINT)
        with self._form("cut", form):
            pdf.contour(self._canvas, form.outline(), POINT)

    def store(self, shapes: Drawing, form: Form) -> None:
        """Keep a drawing; must happen before the first page is begun."""
        if id(shapes) in self._names:
            return
        name = f"art{len(self._names)}"
        self._names[id(shapes)] = (name, shapes)
        with self._form(name, form):
            pdf.ink(self._canvas, shapes)

    def store_glyphs(self, characters: Iterable[str]) -> None:
        """Keep outlines in em without a colour; must happen before the first page is begun."""
        for character in sorted(set(characters) - self._glyphs):
            self._glyphs.add(character)
            self._canvas.beginForm(_glyph_name(character), -0.5, -0.5, 1.5, 1.5)
            pdf.outline(self._canvas, typeface.glyph(character).path)
            self._canvas.endForm()

    def under(self) -> None:
        """The white plate, on its own spot colour."""
        pdf.colour(self._canvas, pdf.UNDERBASE)
        self._canvas.doForm("under")

    def cut(self) -> None:
        """The cut line, on its own spot colour."""
        pdf.cutter(self._canvas)
        self._canvas.doForm("cut")

    def place(self, shapes: Drawing) -> None:
        """Draw a kept drawing around the present origin."""
        self._canvas.doForm(self._names[id(shapes)][0])

    def letter(self, label: Label) -> None:
        """Draw a label from kept glyphs, at the very places of drawing.line."""
        canvas, em = self._canvas, label.em * POINT
        start = label.x * POINT - drawing.width((drawing.Piece(label.text),)) * em / 2
        canvas.saveState()
        pdf.colour(canvas, label.paint)
        canvas.transform(em, 0, 0, em, start, label.y * POINT)
        for character in label.text:
            canvas.doForm(_glyph_name(character))
            canvas.transform(1, 0, 0, 1, drawing.advance(character), 0)
        canvas.restoreState()

    @contextmanager
    def _form(self, name: str, form: Form) -> Iterator[None]:
        x, y = ((side / 2 + form.bleed) * POINT for side in (form.width, form.height))
        self._canvas.beginForm(name, -x, -y, x, y)
        yield
        self._canvas.endForm()


def _glyph_name(character: str) -> str:
    return f"g{ord(character):x}"
