"""Other people's decoders read what leaves the station: every artwork, theme and form, and a bad photo of it.

quirc and zbar's decoder share no line with zxing-cpp, which guards the files, or with the encoder.
"""

from io import BytesIO

import deqr
import pypdfium2 as pdfium
import pytest
import zxingcpp
from PIL import Image, ImageFilter

from badges import artwork, files, sheets, themes
from badges.artwork import BadgeText

TOKEN = "4" + "0123456789" * 5 + "9"
SHORT, LONG = f"https://example.cn/{TOKEN}", f"https://a-longer-host.example.cn/{TOKEN}"
DESIGNS = [
    (form, art, theme) for form in artwork.FORMS for art in artwork.ARTWORKS for theme in themes.THEMES
]


def badge(url: str = SHORT, number: str = "0231-7") -> BadgeText:
    return BadgeText(url, "龙城社区防走失驿站", "0432-62010000", number)


def quirc(picture: Image.Image) -> list[str]:
    return addresses(deqr.QuircDecoder(), picture)


def zbar(picture: Image.Image) -> list[str]:
    return addresses(deqr.QRdecDecoder(), picture)


def zxing(picture: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(picture)]


def addresses(decoder, picture: Image.Image) -> list[str]:
    """The text of each code; its address and its digits are two pieces to some decoders."""
    codes = decoder.decode(picture.convert("L"), convert_data=False)
    return [b"".join(entry.data for entry in code.data_entries).decode() for code in codes]


def printed(pdf: bytes, dpi: float = 300) -> list[Image.Image]:
    """The pages as a printer sees them."""
    document = pdfium.PdfDocument(pdf)
    pages = [page.render(scale=dpi / 72).to_pil().convert("RGB") for page in document]
    document.close()
    return pages


@pytest.mark.parametrize(("form", "art", "theme"), DESIGNS)
def test_other_decoders_read_every_released_file_to_the_same_address(form, art, theme):
    made = files.make(badge(), form=form, artwork=art, theme=theme)
    front, back = printed(made.pdf)
    screen = Image.open(BytesIO(made.png))
    for read in (quirc, zbar):
        assert read(front) == [SHORT]
        assert read(back) == []
        assert read(screen) == [SHORT]


@pytest.mark.parametrize("art", artwork.ARTWORKS)
def test_other_decoders_read_the_code_of_a_longer_host(art):
    made = files.make(badge(LONG), artwork=art)
    assert made.report.readings[0].level == "M"
    for read in (quirc, zbar):
        assert read(printed(made.pdf)[0]) == [LONG]


def test_another_decoder_reads_every_badge_of_a_sheet():
    texts = [badge(f"https://example.cn/{str(n % 10) * 52}", f"000{n}-7") for n in range(1, 10)]
    fronts, _ = printed(sheets.sheet(texts).pdf)
    # quirc keeps at most 32 finder patterns of a picture, and what looks like one counts.
    assert sorted(zbar(fronts)) == sorted(text.url for text in texts)


@pytest.fixture(scope="module", params=artwork.ARTWORKS)
def photo(request) -> Image.Image:
    """From 45 cm, a little out of focus, turned, in half light, through a chat program's JPEG, on a dark jacket."""
    front = Image.open(BytesIO(files.make(badge(), artwork=request.param).png)).convert("L")
    small = front.resize((220, 220), Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(1.0))
    scene = Image.new("L", (340, 340), 60)
    scene.paste(small, (60, 60))
    dim = scene.rotate(17, Image.Resampling.BICUBIC, fillcolor=60).point(lambda grey: grey // 2 + 10)
    file = BytesIO()
    dim.save(file, "JPEG", quality=40)
    return Image.open(file)


# quirc gives up at the slightest blur.
@pytest.mark.parametrize("read", [zxing, zbar])
def test_a_bad_photo_of_a_badge_is_still_read(photo, read):
    assert read(photo) == [SHORT]
