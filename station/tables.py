"""Tables that people keep in spreadsheets: rows of text out of CSV or XLSX, and into it."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

MOST_ROWS = 5000
MOST_COLUMNS = 40
# Bytes. A small file can unpack to gigabytes.
LARGEST = 2 * 1024 * 1024
LARGEST_UNPACKED = 40 * 1024 * 1024

REASONS = {
    "unreadable": "This file is neither a CSV nor an XLSX table. Save it as one of them and choose it again.",
    "too_large": "The file is too large. Send at most 2 MB and 5000 rows at once.",
    "empty": "There is nothing in this file. Its first row holds the names of the columns, each further row one place.",
    "cut": "This file is damaged or arrived only in part. Save it once more and choose it again.",
    "old_excel": "This is an old XLS file or one with a password. Save it as XLSX without a password and choose it again.",
}
# What the first bytes of an XLS file, and of a locked XLSX file, are.
_OLE = b"\xd0\xcf\x11\xe0"


class TableError(ValueError):
    """A file that is no table; `code` is a key of REASONS."""

    def __init__(self, code: str) -> None:
        super().__init__(REASONS[code])
        self.code = code


def read(content: bytes, *, formulas: bool = False) -> list[list[str]]:
    """The rows of a file with their cells as text, headings first, empty rows left in place. Raises TableError.

    With `formulas` a formula whose value the spreadsheet did not store comes as its text (=A1), else as nothing.
    """
    if len(content) > LARGEST:
        raise TableError("too_large")
    if content.startswith(_OLE):
        raise TableError("old_excel")
    rows = _workbook(content, formulas) if content.startswith(b"PK") else _csv(_text(content))
    if len(rows) > MOST_ROWS + 1:
        raise TableError("too_large")
    if not any(any(row) for row in rows[1:]):
        raise TableError("empty")
    return rows


def harmless(text: str) -> str:
    """The text of a cell, so that no spreadsheet runs it as a formula (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")) else text


def bare(text: str) -> str:
    """What `harmless` made, and Excel's own mark of a text, undone."""
    return text[1:] if text[:1] in "'’" and text[1:2] in "=+-@\t\r＝＋－＠0123456789" else text


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV in UTF-8 with the mark that spreadsheets need."""
    out = io.StringIO()
    csv.writer(out).writerows([harmless(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def write_xlsx(sheets: dict[str, Sequence[Sequence[str]]]) -> bytes:
    """Rows of text as XLSX, a sheet for each title; cells are texts, so that nothing is taken for a number."""
    book = Workbook(write_only=True)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for column in range(1, MOST_COLUMNS + 1):
            # An empty column has to be text too: it is what people type into.
            sheet.column_dimensions[get_column_letter(column)].number_format = "@"
            sheet.column_dimensions[get_column_letter(column)].width = 20
        for row in rows:
            sheet.append([_text_cell(sheet, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _text_cell(sheet: object, value: str) -> object:
    cell = WriteOnlyCell(sheet, harmless(ILLEGAL_CHARACTERS_RE.sub("", value)))
    cell.data_type = "s"
    cell.number_format = "@"
    return cell


def _text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):  # what Excel calls Unicode text
        return content.decode("utf-16", "replace")
    # Spreadsheets here write GB18030 unless told otherwise; no such text happens to be UTF-8 as well.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            # GB18030 would make other characters of a UTF-8 text that ends within one.
            if encoding == "utf-8-sig" and error.reason == "unexpected end of data" and error.start > 2:
                raise TableError("cut") from error
            continue
        if "\0" not in text:
            return text
    raise TableError("unreadable")


def _csv(text: str) -> list[list[str]]:
    heading = text.split("\n", 1)[0]
    delimiter = max(",;\t，", key=heading.count)
    try:
        return [
            [cell.strip() for cell in row[:MOST_COLUMNS]]
            for row in csv.reader(io.StringIO(text), delimiter=delimiter)
        ]
    except csv.Error as error:
        raise TableError("unreadable") from error


def _workbook(content: bytes, formulas: bool) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST_UNPACKED:
                raise TableError("too_large")
        rows = _sheet(content, data_only=True)
        if formulas and _has_formulas(content):
            rows = [
                [a or (b if b.startswith("=") else "") for a, b in zip_longest(values, written, fillvalue="")]
                for values, written in zip(rows, _sheet(content, data_only=False), strict=True)
            ]
        return rows
    except TableError:
        raise
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise TableError("cut") from error
    except (
        InvalidFileException,
        KeyError,
        ValueError,
        IndexError,
        SyntaxError,
        OSError,
    ) as error:
        raise TableError("unreadable") from error


def _has_formulas(content: bytes) -> bool:
    """Whether it is worth reading the sheet twice."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        sheets = [part for part in packed.namelist() if part.startswith("xl/worksheets/")]
        return any(b"<f" in packed.read(part).replace(b"<for", b"") for part in sheets)


def _sheet(content: bytes, *, data_only: bool) -> list[list[str]]:
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=data_only)
    sheet = book.worksheets[0]
    # What a file says about its own size is not believed; it may be a lie, or missing.
    sheet.reset_dimensions()
    rows = sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=MOST_COLUMNS, values_only=True)
    return [_without_end([_cell(value) for value in row]) for row in rows]


def _without_end(row: list[str]) -> list[str]:
    """The row up to its last cell that holds something."""
    while row and not row[-1]:
        row.pop()
    return row


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, ArrayFormula | DataTableFormula):
        return "="
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(
            int(value)
        )  # a lamp post's number, which spreadsheets keep as 12345.0; beyond, digits are lost
    return str(value).strip()
