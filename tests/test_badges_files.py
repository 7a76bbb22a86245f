"""A badge is handsome to the press, exact to the pixel, and never leaves unchecked."""

import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
import pytest
import zxingcpp
from PIL import Image

from badges import artwork, files, layout, matrix, pdf, themes, typeface
from badges.artwork import BadgeText

TOKEN = "4" + "0123456789" * 5 + "9"
URL = f"https://example.cn/{TOKEN}"
BADGE = BadgeText(URL, "龙城社区防走失驿站", "0432-62010000", "0231-7")
ALL = [(form, art) for form in artwork.FORMS for art in artwork.ARTWORKS]


@pytest.fixture(scope="module")
def badge():
    return files.make(BADGE)


@pytest.mark.parametrize(("form", "art"), ALL)
def test_every_form_and_artwork_can_be_scanned_and_says_what_was_checked(form, art):
    made = files.make(BADGE, form=form, artwork=art)
    picture = Image.open(BytesIO(made.png))
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [URL]
    reading = made.report.readings[0]
    assert (reading.url, reading.version, reading.level) == (URL, 4, "Q")
    assert (made.report.modules, made.report.differing, made.report.pages) == (33 * 33, 0, 2)
    assert reading.quiet_flat >= 4
    assert reading.contrast >= 7
    assert made.report.decoder.startswith("zxing-cpp 3")


@pytest.mark.parametrize("theme", list(themes.THEMES))
def test_white_words_can_be_read_on_every_theme_as_it_is_printed(theme):
    picture = Image.open(BytesIO(files.make(BADGE, theme=theme).png))
    ring = picture.getpixel((picture.width // 2 - round(24.4 / layout.PIXEL), picture.height // 2))
    assert themes.contrast(ring, (255, 255, 255)) >= themes.MIN_CONTRAST
    web = themes.THEMES[theme].main.web
    assert all(abs(a - int(web[at : at + 2], 16)) <= 2 for a, at in zip(ring, (1, 3, 5), strict=True))


def test_the_png_has_whole_pixels_for_every_module(badge):
    grey = Image.open(BytesIO(badge.png)).convert("L")
    code = matrix.make(URL)
    left, bottom, pixels = artwork.make(BADGE).code.box(code.size)
    top = grey.height // 2 - bottom - code.size * pixels
    assert pixels == 19
    for row, modules in enumerate(code.modules):
        for column, black in enumerate(modules):
            x, y = grey.width // 2 + left + column * pixels, top + row * pixels
            colours = grey.crop((x, y, x + pixels, y + pixels)).getextrema()
            assert colours[1] - colours[0] <= 1
            assert (colours[0] < 64) == black
    assert Image.open(BytesIO(badge.png)).info["dpi"] == pytest.approx((600, 600), abs=0.1)


def test_the_pdf_has_no_font_and_no_picture(badge):
    document = pdfium.PdfDocument(badge.pdf)
    kinds = {thing.type for page in document for thing in page.get_objects()}
    assert kinds == {pdfium_c.FPDF_PAGEOBJ_PATH}
    raw = badge.pdf
    assert not re.search(rb"/BaseFont|/FontFile|/Subtype\s*/Image|/Helvetica", raw)
    document.close()


def test_the_pdf_tells_the_press_where_to_cut_and_where_white_goes(badge):
    assert b"/CutContour" in badge.pdf
    assert b"/Separation /White" in badge.pdf
    assert b"/op true" in badge.pdf
    assert b"/OP true" in badge.pdf
    assert b"/OPM 1" not in badge.pdf
    document = pdfium.PdfDocument(badge.pdf)
    for page in document:
        left, bottom, right, top = page.get_trimbox()
        assert (right - left, top - bottom) == pytest.approx((50 * pdf.POINT,) * 2, abs=0.01)
        bleed = page.get_bleedbox()
        assert bleed[0] == pytest.approx(left - 2 * pdf.POINT, abs=0.01)
    document.close()


def test_code_and_number_are_printed_in_black_alone_and_nothing_in_screen_colours(badge):
    found = re.findall(rb"/FlateDecode.*?stream\r?\n(.*?)endstream", badge.pdf, re.DOTALL)
    drawing = b"".join(zlib.decompressobj().decompress(stream) for stream in found)
    assert drawing.count(b"0 0 0 1 k") == 3
    assert not re.search(rb" (rg|RG|g|G|Tf)\b", drawing)


def test_the_same_badge_is_the_same_bytes_again(badge):
    again = files.make(BADGE)
    assert again.pdf == badge.pdf
    assert again.report == badge.report


def test_badges_made_at_the_same_time_are_the_same_as_alone(badge):
    texts = [
        BadgeText(URL, f"{name}驿站", "0432-62010000", "0231-7")
        for name in ("龙城", "哈达湾", "莲花", "新地号")
    ]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(files.make, texts * 2))
    typeface.glyph.cache_clear()
    assert [made.pdf for made in together] == [files.make(text).pdf for text in texts] * 2
