"""The print shop's list as a spreadsheet and as CSV: which file is which badge, and its hash; nothing personal."""

import csv
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from io import BytesIO, StringIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

HEADINGS = ("badge number", "form", "file", "sha256")
_WIDTHS = (16, 10, 22, 70)
_DAY = b"2019-11-21T00:00:00Z"  # the same list must be the same bytes, whenever it is written


@dataclass(frozen=True)
class Entry:
    """One file of the package."""

    number: str
    form: str
    file: str
    sha256: str


def as_csv(entries: Sequence[Entry]) -> bytes:
    """Comma separated, with the mark by which Excel knows UTF-8."""
    out = StringIO(newline="")
    csv.writer(out).writerows([HEADINGS, *(map(plain, astuple(entry)) for entry in entries)])
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(entries: Sequence[Entry]) -> bytes:
    """One sheet of text cells, so that no program makes a date of a badge number."""
    book = Workbook(write_only=True)
    page = book.create_sheet("badges")
    for column, width in zip("ABCD", _WIDTHS, strict=True):
        page.column_dimensions[column].width = width
    for row in (HEADINGS, *(astuple(entry) for entry in entries)):
        page.append([_cell(page, text) for text in row])
    out = BytesIO()
    book.save(out)
    return _timeless(out.getvalue())


def plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe stands before what could begin one (OWASP)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text


def _cell(page: object, text: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, plain(text))
    cell.data_type, cell.number_format = "s", "@"
    return cell


def _timeless(xlsx: bytes) -> bytes:
    """The same workbook without the time at which it was made."""
    out = BytesIO()
    with ZipFile(BytesIO(xlsx)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for info in old.infolist():
            # A new ZipInfo has no time of day; openpyxl writes the hour into the properties as well.
            data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", _DAY, old.read(info))
            new.writestr(ZipInfo(info.filename), data, ZIP_DEFLATED)
    return out.getvalue()
