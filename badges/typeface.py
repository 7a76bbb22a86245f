"""Glyph outlines of the badge font, so that a print file needs no font at all."""

import os
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

from fontTools.misc.transform import Identity
from fontTools.pens.basePen import BasePen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

from badges.errors import MissingGlyph
from badges.paths import Segment

SHIPPED = Path(__file__).parent / "fonts" / "StationBadgeSC-Bold.otf"
# Place names such as 鄠邑 and 郎峃 are outside GB2312; these are where systems keep the whole font.
SYSTEM = (
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc"),
    Path("/usr/share/fonts/noto-cjk/NotoSansCJK-Bold.ttc"),
    Path("/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Bold.ttc"),
    Path("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Bold.ttc"),
)
# A page of text is easier to read in the regular weight, where the system has it.
PLAIN = tuple(path.with_name("NotoSansCJK-Regular.ttc") for path in SYSTEM)
PRINTABLE = ("L", "N", "P", "S")
RIGHT_TO_LEFT = ("R", "AL", "RLE", "RLO", "RLI")
_READING = Lock()  # a font is read piece by piece from one file handle
_configured: list[Path] = []
_opened: dict[Path, tuple[TTFont, dict[int, str]]] = {}


@dataclass(frozen=True)
class Glyph:
    """An outline in em (1.0 = the font size), baseline at y = 0, y upwards."""

    advance: float
    path: tuple[Segment, ...]


def configure(*fonts: Path) -> None:
    """Look for glyphs in these font files too, after the shipped one and before the system's."""
    _configured[:] = fonts
    for known in (_faces, _plain_faces, glyph, plain):
        known.cache_clear()


@lru_cache(maxsize=1024)
def glyph(character: str) -> Glyph:
    """Outline of one character; raises MissingGlyph instead of drawing an empty box."""
    return _find(character, _faces())


@lru_cache(maxsize=4096)
def plain(character: str) -> Glyph:
    """The same in the regular weight where the system has one, for running text."""
    return _find(character, _plain_faces())


def _find(character: str, faces: tuple[Path, ...]) -> Glyph:
    _refuse_unprintable(character)
    with _READING:
        for path in faces:
            font, cmap = _open(path)
            if ord(character) in cmap:
                return _outline(font, cmap[ord(character)])
    raise MissingGlyph(character, _name(character), installable=unicodedata.category(character)[0] in "LN")


def simplified_face(path: Path) -> int:
    """Index of the simplified Chinese face in a font collection; -1 for a plain font file."""
    if path.suffix.lower() not in (".ttc", ".otc"):
        return -1
    with TTFont(path, fontNumber=0, lazy=True) as first:
        count = first.reader.numFonts
    for number in range(count):
        with TTFont(path, fontNumber=number, lazy=True) as face:
            if "SC" in str(face["name"].getDebugName(1)):
                return number
    return 0


def _refuse_unprintable(character: str) -> None:
    drawable = character == " " or unicodedata.category(character)[0] in PRINTABLE
    if not drawable or unicodedata.bidirectional(character) in RIGHT_TO_LEFT:
        raise MissingGlyph(character, _name(character), installable=False)


def _name(character: str) -> str:
    return unicodedata.name(character, "unnamed character")


@lru_cache(maxsize=1)
def _faces() -> tuple[Path, ...]:
    return (SHIPPED, *_configured, *(path for path in SYSTEM if path.exists()))


@lru_cache(maxsize=1)
def _plain_faces() -> tuple[Path, ...]:
    return (*(path for path in PLAIN if path.exists()), *_faces())


def _open(path: Path) -> tuple[TTFont, dict[int, str]]:
    if path not in _opened:
        font = TTFont(path, fontNumber=simplified_face(path), lazy=True)
        _opened[path] = font, font.getBestCmap()
    return _opened[path]


def _let_go() -> None:
    for font, _ in _opened.values():
        font.close()
    _opened.clear()


# Two processes would read from one place in the file and move it for each other.
os.register_at_fork(after_in_child=_let_go)


def _outline(font: TTFont, name: str) -> Glyph:
    glyphs = font.getGlyphSet()
    scale = 1 / font["head"].unitsPerEm
    pen = _SegmentPen(glyphs)
    glyphs[name].draw(TransformPen(pen, Identity.scale(scale)))
    return Glyph(glyphs[name].width * scale, tuple(pen.segments))


class _SegmentPen(BasePen):
    """Collects an outline as segments; BasePen turns TrueType curves into cubic ones."""

    def __init__(self, glyphs: object) -> None:
        super().__init__(glyphs)
        self.segments: list[Segment] = []

    def _moveTo(self, point: tuple[float, float]) -> None:
        self.segments.append(("M", point))

    def _lineTo(self, point: tuple[float, float]) -> None:
        self.segments.append(("L", point))

    def _curveToOne(self, *points: tuple[float, float]) -> None:
        self.segments.append(("C", tuple(value for point in points for value in point)))

    def _closePath(self) -> None:
        self.segments.append(("Z", ()))
