"""Sheets for the press: every badge at its place, its back behind it, small files."""

import re

import pypdfium2 as pdfium
import pytest

from badges import check, imposition, layout, rounds, sheets
from badges.artwork import BadgeText
from badges.errors import BadgeError

TEXTS = [
    BadgeText(f"https://example.cn/{n:052d}", "龙城社区防走失驿站", "0432-62010000", f"{n:04d}-7")
    for n in range(1, 18)
]


@pytest.fixture(scope="module")
def sheet():
    return sheets.sheet(TEXTS)


def test_seventeen_badges_take_two_sheets_of_fronts_and_backs(sheet):
    assert sheet.sheets == 2
    assert sheet.report.pages == 4
    assert [reading.url for reading in sheet.report.readings] == [text.url for text in TEXTS]
    assert [reading.page for reading in sheet.report.readings] == [0] * 15 + [2] * 2
    assert sheet.report.modules == 17 * 1089


def test_a_back_lies_behind_its_front_when_the_paper_is_turned_over_its_long_edge():
    grid = imposition.grid(rounds.BADGE)
    assert (grid.columns, grid.rows) == (3, 5)
    for place in range(grid.places):
        (x, y), (back_x, back_y) = grid.middle(place), grid.middle(place, back=True)
        assert (imposition.PAGE[0] - x, y) == (back_x, back_y)


def test_badges_keep_their_bleed_apart_and_stay_on_the_paper():
    grid = imposition.grid(rounds.BADGE)
    whole = 54 / layout.PIXEL
    assert min(grid.pitch_x, grid.pitch_y) >= whole
    for place in range(grid.places):
        x, y = grid.middle(place)
        assert whole / 2 < x < imposition.PAGE[0] - whole / 2
        assert whole / 2 < y < imposition.PAGE[1] - whole / 2


def test_the_pages_are_a4_with_corner_marks_and_hold_no_font_and_no_picture(sheet):
    assert not re.search(rb"/BaseFont|/FontFile|/Subtype\s*/Image", sheet.pdf)
    assert b"/CutContour" in sheet.pdf
    assert b"/Separation /White" in sheet.pdf
    document = pdfium.PdfDocument(sheet.pdf)
    for page in document:
        assert page.get_size() == pytest.approx((595.28, 841.89), abs=0.1)
        grey = page.render(scale=1, grayscale=True).to_pil()
        assert all(grey.getpixel(spot) < 64 for spot in ((20, 20), (575, 20), (20, 822), (575, 822)))
    document.close()


def test_every_page_of_sheets_has_the_box_that_a_press_asks_for(sheet):
    paper = pdfium.PdfDocument(sheet.pdf)
    assert all(page.get_trimbox(fallback_ok=False) == page.get_mediabox() for page in paper)
    paper.close()


def test_common_artwork_is_kept_once_so_that_a_thousand_badges_stay_under_a_megabyte(sheet):
    one = sheets.sheet(TEXTS[:1])
    assert (len(sheet.pdf) - len(one.pdf)) / 16 < 1000


def test_progress_counts_to_its_end():
    heard = []
    sheets.sheet(TEXTS, progress=lambda done, of: heard.append((done, of)))
    assert heard == [(step, 8) for step in range(1, 9)]


def test_an_empty_list_is_refused():
    with pytest.raises(BadgeError, match="at least one badge"):
        sheets.sheet([])


@pytest.mark.parametrize(("form", "places"), [("card", 8), ("cloth", 9)])
def test_cards_and_labels_go_on_sheets_too(form, places):
    made = sheets.sheet(TEXTS[: places + 1], form=form)
    assert made.sheets == 2
    assert sorted(code.text for code in check.read(made.pdf)) == [text.url for text in TEXTS[: places + 1]]
