"""Remake the font of the badges: python -m badges.fonts.subset NotoSansCJK-Bold.ttc

The source is Noto Sans CJK SC Bold under the SIL Open Font License 1.1 (OFL.txt beside the result).
The licence lets nobody use a reserved name for a changed font ("Source" is reserved by Adobe, and
"Noto" is a trademark of Google), so the subset carries a name of its own.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from badges.typeface import SHIPPED, simplified_face

NAMES = {
    1: "Station Badge SC",
    2: "Bold",
    3: "Station Badge SC Bold, GB2312 subset of Noto Sans CJK SC Bold 2.004",
    4: "Station Badge SC Bold",
    6: "StationBadgeSC-Bold",
}
KEPT_NAMES = (0, 5, 8, 9, 13, 14)  # copyright, version, maker, designers, licence, licence address


def characters() -> set[int]:
    """Code points of printable ASCII, the middle dot and all of GB2312."""
    codes = {*range(0x20, 0x7F), ord("·")}
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            codes.update(map(ord, bytes([row, cell]).decode("gb2312", errors="ignore")))
    return codes


def remake(source: Path, target: Path = SHIPPED) -> None:
    """Write the subset of source to target; about 1.5 MB, some seconds."""
    options = subset.Options(
        hinting=False, layout_features=[], name_IDs=list(KEPT_NAMES), notdef_outline=True
    )
    font = TTFont(source, fontNumber=simplified_face(source), recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters())
    subsetter.subset(font)
    _rename(font)
    font.save(target)


def _rename(font: TTFont) -> None:
    for number, text in NAMES.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    top = font["CFF "].cff
    top.fontNames[0] = NAMES[6]
    top[0].FullName, top[0].FamilyName = NAMES[4], NAMES[1]


if __name__ == "__main__":
    remake(Path(sys.argv[1]))
