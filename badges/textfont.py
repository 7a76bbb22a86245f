"""A TrueType font of just the characters a document needs, so that its text can be read, searched and copied.

Systems keep Chinese fonts with cubic outlines, which no PDF library embeds as they are.
"""

from collections.abc import Callable, Iterable
from io import BytesIO

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._g_l_y_f import Glyph as Outline
from reportlab.pdfbase.ttfonts import TTFont

from badges.typeface import Glyph

_EM = 1000
_MOST_ERROR = 1.0  # units of the em by which a quadratic curve may differ from the cubic one
_UP, _DOWN = 880, -120


def make(name: str, characters: Iterable[str], glyph: Callable[[str], Glyph]) -> TTFont:
    """A font that reportlab embeds, with a glyph for each character; raises MissingGlyph as `glyph` does."""
    known = {f"u{ord(one):05X}": (ord(one), glyph(one)) for one in sorted({" ", *characters})}
    builder = FontBuilder(_EM, isTTF=True)
    builder.setupGlyphOrder([".notdef", *known])
    builder.setupCharacterMap({code: called for called, (code, _) in known.items()})
    outlines = {called: _outline(one) for called, (_, one) in known.items()}
    builder.setupGlyf({".notdef": Outline(), **outlines})
    # The left bearing must be that of the outline, or it is drawn so much too far to the left.
    widths = {
        called: (round(one.advance * _EM), getattr(outlines[called], "xMin", 0))
        for called, (_, one) in known.items()
    }
    builder.setupHorizontalMetrics({".notdef": (_EM, 0), **widths})
    builder.setupHorizontalHeader(ascent=_UP, descent=_DOWN)
    builder.setupNameTable({"familyName": name, "styleName": "Regular", "psName": name})
    builder.setupOS2(sTypoAscender=_UP, sTypoDescender=_DOWN, usWinAscent=_UP, usWinDescent=-_DOWN)
    builder.setupPost()
    out = BytesIO()
    builder.font.recalcTimestamp = False
    builder.save(out)
    out.seek(0)
    return TTFont(name, out)


def _outline(glyph: Glyph) -> Outline:
    made = TTGlyphPen(None)
    pen = Cu2QuPen(made, _MOST_ERROR, reverse_direction=True)
    verbs = {"M": pen.moveTo, "L": pen.lineTo, "C": pen.curveTo}
    for kind, values in glyph.path:
        if kind == "Z":
            pen.closePath()
        else:
            points = [(x * _EM, y * _EM) for x, y in zip(values[::2], values[1::2], strict=True)]
            verbs[kind](*points)
    return made.glyph()
