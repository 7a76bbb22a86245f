"""A file whose codes are not exactly right is never handed out."""

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageFilter

from badges import artwork, check, decode, files, imposition, matrix, pdf, sheets
from badges.artwork import BadgeText
from badges.drawing import BLACK, Paint, Shape
from badges.errors import CheckFailed
from badges.paths import rectangle

TOKENS = [digit * 52 for digit in "123456789"]
TEXTS = [
    BadgeText(f"https://example.cn/{token}", "龙城社区防走失驿站", "0432-62010000", f"000{token[0]}-7")
    for token in TOKENS
]
ART = artwork.make(TEXTS[0])
CODE = matrix.make(TEXTS[0].url)


def flipped(code, *places):
    rows = [list(row) for row in code.modules]
    for row, column in places:
        rows[row][column] = not rows[row][column]
    return replace(code, modules=tuple(map(tuple, rows)))


def test_one_wrong_module_is_caught_although_every_phone_would_still_read_it():
    spoilt = pdf.draw(ART, flipped(CODE, (20, 20)))
    assert [code.text for code in decode.read(spoilt)] == [CODE.url]
    with pytest.raises(CheckFailed, match="1 of its 1089 modules") as refusal:
        check.check_pdf(spoilt, [files.slot(ART, CODE)])
    assert refusal.value.params["differing"] == 1


def test_thirty_wrong_modules_are_counted():
    spoilt = pdf.draw(
        ART, flipped(CODE, *((row, 20) for row in range(12, 17)), *((22, c) for c in range(10, 12)))
    )
    with pytest.raises(CheckFailed, match="7 of its 1089"):
        check.check_pdf(spoilt, [files.slot(ART, CODE)])


def test_the_code_of_another_badge_is_caught_and_no_token_is_told():
    other = matrix.make(TEXTS[1].url)
    with pytest.raises(CheckFailed, match="wrong address") as refusal:
        check.check_pdf(pdf.draw(ART, other), [files.slot(ART, CODE)])
    assert TOKENS[0] not in str(refusal.value)
    assert TOKENS[1] not in str(refusal.value)


def test_the_right_address_at_another_mask_or_level_is_caught():
    longer = matrix.make(f"https://a-longer-host.example.cn/{TOKENS[0]}")
    assert longer.level == "M"
    with pytest.raises(CheckFailed, match="mask"):
        check.check_pdf(pdf.draw(ART, CODE), [files.slot(ART, replace(CODE, mask=(CODE.mask + 1) % 8))])
    with pytest.raises(CheckFailed, match="error level \\(M instead of Q\\)"):
        check.check_pdf(pdf.draw(ART, longer), [files.slot(ART, replace(longer, level="Q"))])


@pytest.mark.parametrize(
    ("blot", "reason"),
    [
        (rectangle(-3, 14.5, 6, 1), "modules beside it are white"),
        (rectangle(13.6, 13.6, 1, 1), "modules from it"),
    ],
)
def test_ink_in_the_white_around_the_code_is_caught(blot, reason):
    spoilt = replace(ART, front=(*ART.front, Shape(blot, BLACK)))
    with pytest.raises(CheckFailed, match=reason):
        check.check_pdf(pdf.draw(spoilt, CODE), [files.slot(ART, CODE)])


def test_a_code_on_a_dark_ground_is_caught():
    beige = Paint((0, 0.05, 0.15, 0.2), "#cfc8b4")
    spoilt = replace(ART, front=(Shape(rectangle(-30, -30, 60, 60), beige), *ART.front))
    with pytest.raises(CheckFailed, match="contrast"):
        check.check_pdf(pdf.draw(spoilt, CODE), [files.slot(ART, CODE)])


def test_a_file_without_its_code_with_a_second_one_or_no_file_at_all_is_caught():
    good = pdf.draw(ART, CODE)
    blank = replace(CODE, modules=((False,) * 33,) * 33)
    with pytest.raises(CheckFailed, match="1 readable codes instead of 0"):
        check.check_pdf(good, [])
    with pytest.raises(CheckFailed, match="1 readable codes instead of 0"):
        check.check_pdf(good, [replace(files.slot(ART, CODE), page=1)])
    with pytest.raises(CheckFailed, match="2 pages"):
        check.check_pdf(good, [files.slot(ART, CODE), replace(files.slot(ART, CODE), page=5)])
    with pytest.raises(CheckFailed, match="0 readable codes instead of 1"):
        check.check_pdf(pdf.draw(ART, blank), [files.slot(ART, CODE)])
    with pytest.raises(CheckFailed, match="not a readable PDF"):
        check.check_pdf(b"%PDF-1.4 cut short", [files.slot(ART, CODE)])


def test_swapped_badges_on_a_sheet_are_caught_although_all_of_them_are_there():
    sheet = sheets.sheet(TEXTS)
    badges = [(artwork.make(text), matrix.make(text.url)) for text in TEXTS]
    grid = imposition.grid(ART.form)
    assert (
        check.check_pdf(sheet.pdf, sheets.slots([badges], grid), dpi=sheets.DPI).readings
        == sheet.report.readings
    )
    badges[3], badges[7] = badges[7], badges[3]
    with pytest.raises(CheckFailed, match="wrong address"):
        check.check_pdf(sheet.pdf, sheets.slots([badges], grid), dpi=sheets.DPI)


def test_a_back_with_the_number_of_another_badge_is_caught():
    badges = [(artwork.make(text), matrix.make(text.url)) for text in TEXTS]
    grid = imposition.grid(ART.form)
    numbers = sheets.letterings([badges], grid)
    sheet = sheets.sheet(TEXTS)
    assert sheet.report.characters == len(TEXTS) * (5 + 7)
    wrong = [
        replace(n, label=badges[4][0].labels[1]) if n.page == 1 and "0007" in n.label.text else n
        for n in numbers
    ]
    with pytest.raises(CheckFailed, match="number on page 2"):
        check.check_pdf(sheet.pdf, sheets.slots([badges], grid), wrong, dpi=sheets.DPI)
    single = pdf.draw(ART, CODE)
    with pytest.raises(CheckFailed, match="number on page 1"):
        check.check_pdf(single, [files.slot(ART, CODE)], files.letterings(artwork.make(TEXTS[5])))


def test_a_blurred_or_shifted_png_and_a_spoilt_svg_are_caught():
    made = files.make(TEXTS[0])
    place = files.slot(ART, CODE)
    check.check_png(made.png, place)
    with Image.open(BytesIO(made.png)) as picture:
        for spoilt in (picture.filter(ImageFilter.GaussianBlur(1)), ImageChops.offset(picture, 1, 0)):
            out = BytesIO()
            spoilt.save(out, "PNG")
            with pytest.raises(CheckFailed, match="PNG"):
                check.check_png(out.getvalue(), place)
    check.check_svg(made.svg, CODE)
    with pytest.raises(CheckFailed, match="SVG"):
        check.check_svg(made.svg.replace(b"h1v1h-1z", b"h2v1h-2z", 1), CODE)


def test_reading_finds_every_code_in_a_pdf_and_in_a_picture_but_refuses_other_files():
    sheet = sheets.sheet(TEXTS)
    assert sorted(code.text for code in check.read(sheet.pdf)) == [text.url for text in TEXTS]
    made = files.make(TEXTS[0])
    (code,) = check.read(made.png)
    assert (code.text, code.version, code.level, code.intact) == (TEXTS[0].url, 4, "Q", True)
    with pytest.raises(CheckFailed, match="neither a PDF nor a picture"):
        check.read(b"hello")


def test_every_sheet_slot_is_read_by_a_fresh_decoder_at_its_place():
    sheet = sheets.sheet(TEXTS)
    found = sorted(check.read(sheet.pdf), key=lambda code: (round(code.y / 100), code.x))
    assert [code.text for code in found] == [text.url for text in TEXTS]
