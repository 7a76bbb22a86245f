"""Makers who cut badges one by one get an archive that proves what is in it."""

import csv
import json
from hashlib import sha256
from io import BytesIO, StringIO
from zipfile import ZipFile

import openpyxl
import pytest

from badges import bundle, check, manifest
from badges.artwork import BadgeText
from badges.errors import BadgeError

TOKENS = ["5" * 52, "6" * 52]
TEXTS = [
    BadgeText(f"https://example.cn/{token}", "龙城社区防走失驿站", "0432-62010000", f"{n:04d}-7")
    for n, token in enumerate(TOKENS)
]


def test_the_archive_holds_every_badge_under_its_number_and_a_true_list():
    heard = []
    made = bundle.bundle(TEXTS, progress=lambda *step: heard.append(step))
    archive = ZipFile(BytesIO(made.zip))
    lists = [f"manifest.{kind}" for kind in ("json", "xlsx", "csv")]
    assert archive.namelist() == ["0000-7.pdf", "0000-7.png", "0001-7.pdf", "0001-7.png", *lists]
    for text, name in zip(TEXTS, ("0000-7", "0001-7"), strict=True):
        for kind in ("pdf", "png"):
            assert [code.text for code in check.read(archive.read(f"{name}.{kind}"))] == [text.url]
    listing = archive.read("manifest.json").decode()
    for entry in json.loads(listing)["files"]:
        assert entry["sha256"] == sha256(archive.read(entry["file"])).hexdigest()
        assert (entry["modules_compared"], entry["modules_differing"]) == (1089, 0)
    assert not any(token in listing for token in TOKENS)
    assert heard == [(1, 2), (2, 2)]
    assert made.reports[1].readings[0].url == TEXTS[1].url


def test_the_same_badges_give_the_same_archive():
    assert bundle.bundle(TEXTS[:1]).zip == bundle.bundle(TEXTS[:1]).zip


def test_nothing_and_a_number_given_twice_are_refused():
    with pytest.raises(BadgeError, match="at least one"):
        bundle.bundle([])
    with pytest.raises(BadgeError, match="0000-7 is there 2 times"):
        bundle.bundle([TEXTS[0], TEXTS[0]])


def test_spreadsheet_and_csv_say_the_same_and_match_the_files():
    archive = ZipFile(BytesIO(bundle.bundle(TEXTS, form="card").zip))
    (book,) = openpyxl.load_workbook(BytesIO(archive.read("manifest.xlsx")))
    cells = [list(row) for row in book.iter_rows()]
    assert {cell.data_type for row in cells for cell in row} == {"s"}
    rows = [[cell.value for cell in row] for row in cells]
    assert rows == list(csv.reader(StringIO(archive.read("manifest.csv").decode("utf-8-sig"))))
    assert rows[0] == ["badge number", "form", "file", "sha256"]
    for number, form, file, digest in rows[1:]:
        assert (form, digest) == ("card", sha256(archive.read(file)).hexdigest())
        assert file.startswith(number)
    assert len(rows) == 5
    assert not any(
        token in archive.read(f"manifest.{kind}").decode("latin-1")
        for token in TOKENS
        for kind in ("xlsx", "csv")
    )


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text):
    entry = manifest.Entry(text, "badge", text, "0" * 64)
    _, row = csv.reader(StringIO(manifest.as_csv([entry]).decode("utf-8-sig"), newline=""))
    (book,) = openpyxl.load_workbook(BytesIO(manifest.as_xlsx([entry])))
    cell = book["A2"]
    assert row[0] == f"'{text}"
    assert (cell.data_type, cell.value[0]) == ("s", "'")
