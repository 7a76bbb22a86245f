"""Reading a table that somebody kept in a spreadsheet: rows of text from CSV or XLSX."""

import csv
import io
import zipfile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

MOST_ROWS = 5000
MOST_COLUMNS = 40
# Bytes. A small file can unpack to gigabytes.
LARGEST = 2 * 1024 * 1024
LARGEST_UNPACKED = 40 * 1024 * 1024

REASONS = {
    "unreadable": "This file is neither a CSV nor an XLSX table. Save it as one of them and choose it again.",
    "too_large": "The file is too large. Send at most 2 MB and 5000 rows at once.",
    "empty": "There is nothing in this file. Its first row holds the names of the columns, each further row one place.",
}


class TableError(ValueError):
    """A file that is no table; `code` is a key of REASONS."""

    def __init__(self, code: str) -> None:
        super().__init__(REASONS[code])
        self.code = code


def read(content: bytes) -> list[list[str]]:
    """The rows of a file with their cells as text, headings first, empty rows left in place. Raises TableError."""
    if len(content) > LARGEST:
        raise TableError("too_large")
    rows = _workbook(content) if content.startswith(b"PK") else _csv(_text(content))
    if len(rows) > MOST_ROWS + 1:
        raise TableError("too_large")
    if not any(any(row) for row in rows[1:]):
        raise TableError("empty")
    return rows


def _text(content: bytes) -> str:
    # Spreadsheets here write GB18030 unless told otherwise; no such text happens to be UTF-8 as well.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
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


def _workbook(content: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST_UNPACKED:
                raise TableError("too_large")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=MOST_COLUMNS, values_only=True)
        return [[_cell(value) for value in row] for row in rows]
    except TableError:
        raise
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        KeyError,
        ValueError,
        IndexError,
        SyntaxError,
        OSError,
    ) as error:
        raise TableError("unreadable") from error


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a lamp post's number, which spreadsheets keep as 12345.0
    return str(value).strip()
