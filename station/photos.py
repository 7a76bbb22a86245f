"""Photos: whatever a phone sends becomes a small plain picture, or is refused with the reason."""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageDraw, ImageFont, UnidentifiedImageError

from badges.typeface import SHIPPED

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 25_000_000
WIDTH, HEIGHT = 480, 600
DOCUMENT_SIDE = 1600  # pixels; the print of an identity card that fills half of the photo is still read
CODE_SIDE = 3000  # pixels; a code of 250 in a photo of 12 megapixels is still read, in a tenth of a second

Box = tuple[float, float, float, float]  # left, top, right, bottom as parts (0 to 1) of the upright picture

REASONS = {
    "empty": "The file is empty. Choose the photo again.",
    "too_big": "The file is larger than 8 MB. Choose a smaller photo or take a new one.",
    "not_a_picture": "This file is no picture. Choose a photo (JPEG, PNG or WEBP).",
    "unsupported": "This is a %(kind)s file, which cannot be used. Save it as JPEG and choose that one.",
    "too_many_pixels": "The picture has more than 25 million pixels. Choose a smaller photo or take a new one.",
    "damaged": "The picture is damaged or did not arrive completely. Choose it again.",
    "late": "Too many photos have come at once. Try again in a minute.",
    "crop": "The chosen part lies outside the picture or is empty. Choose it again.",
}

_FORMATS = ("JPEG", "PNG", "WEBP")
_BEGINNINGS = (b"\xff\xd8", b"\x89PNG", b"RIFF")
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow's decoders raise for bytes that make no sense (found by feeding them 18,000 spoilt files).
_SPOILT = (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, struct.error, zlib.error)

# Once for the whole process, because catch_warnings would change the filters of all other threads too.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class PhotoError(ValueError):
    """Bytes that are no usable photo; `code` is a key of REASONS, `params` fills its text."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(REASONS[code] % params)
        self.code = code
        self.params = params


@dataclass(frozen=True)
class Photo:
    jpeg: bytes
    width: int  # pixels, at most WIDTH
    height: int  # pixels, at most HEIGHT


def clean(data: bytes, box: Box | None = None) -> Photo:
    """Re-encode a photo upright, cropped and small, with nothing in it but the picture.

    `box` is the part to keep; without it the largest 4:5 part in the middle. Place, time, comments, thumbnails
    and anything behind the picture are lost on purpose. Raises PhotoError.
    """
    _weigh(data)
    if box and not (0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1):
        raise PhotoError("crop")
    with _opened(data) as image:
        try:
            small = _small(image, box)
        except _SPOILT:
            raise PhotoError("damaged") from None
    return _encoded(small)


def document(data: bytes) -> Photo:
    """A photo of a paper or card, whole and upright, of at most DOCUMENT_SIDE pixels a side, with nothing in it but the

    picture. Raises PhotoError.
    """
    _weigh(data)
    with _opened(data) as image:
        try:
            turn = image.getexif().get(ExifTags.Base.Orientation)
            image.draft("RGB", (DOCUMENT_SIDE, DOCUMENT_SIDE))
            image.load()
            upright = image.transpose(_UPRIGHT[turn]) if turn in _UPRIGHT else image.copy()
            upright.thumbnail((DOCUMENT_SIDE, DOCUMENT_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
            small = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        except _SPOILT:
            raise PhotoError("damaged") from None
    return _encoded(small)


def marked(jpeg: bytes, words: str) -> bytes:
    """A picture of ours with words slanting all over it, so that a photo of the screen says who took it."""
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        plain = image.convert("RGBA")
    size = max(14, min(plain.size) // 24)
    font = ImageFont.truetype(str(SHIPPED), size)  # what it lacks is drawn as a box
    wide = int(font.getlength(words)) + 3 * size
    side = int((plain.width**2 + plain.height**2) ** 0.5) + wide
    veil = Image.new("RGBA", (side, side))
    drawing = ImageDraw.Draw(veil)
    for row, y in enumerate(range(0, side, 5 * size)):
        for x in range(-(row % 2) * wide // 2, side, wide):
            # Light and dark, so that it shows on any ground.
            drawing.text(
                (x, y),
                words,
                font=font,
                fill=(20, 20, 20, 110),
                stroke_width=1,
                stroke_fill=(255, 255, 255, 110),
            )
    slanting = veil.rotate(25, Image.Resampling.BILINEAR)
    left, top = (side - plain.width) // 2, (side - plain.height) // 2
    plain.alpha_composite(slanting.crop((left, top, left + plain.width, top + plain.height)))
    return _encoded(plain.convert("RGB")).jpeg


def for_reading(data: bytes) -> bytes:
    """A photo of a code as a grey BMP of at most CODE_SIDE pixels a side, for a decoder. Raises PhotoError."""
    _weigh(data)
    with _opened(data) as image:
        try:
            image.draft("L", (CODE_SIDE, CODE_SIDE))
            grey = image.convert("L")
        except _SPOILT:
            raise PhotoError("damaged") from None
    grey.thumbnail((CODE_SIDE, CODE_SIDE))
    out = io.BytesIO()
    grey.save(out, "BMP")
    return out.getvalue()


def _weigh(data: bytes) -> None:
    if not data:
        raise PhotoError("empty")
    if len(data) > MAX_BYTES:
        raise PhotoError("too_big")


def _opened(data: bytes) -> Image.Image:
    """Read the header alone; no pixel is decoded before their number is known."""
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise PhotoError("too_many_pixels") from None
    except UnidentifiedImageError:
        raise _refusal(data) from None
    except _SPOILT:
        raise PhotoError("damaged") from None
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise PhotoError("too_many_pixels")
    return image


def _refusal(data: bytes) -> PhotoError:
    kind = _foreign_kind(data)
    if kind:
        return PhotoError("unsupported", kind=kind)
    return PhotoError("damaged" if data.startswith(_BEGINNINGS) else "not_a_picture")


def _foreign_kind(data: bytes) -> str | None:
    if data[4:8] == b"ftyp":
        return "AVIF" if data[8:12] in {b"avif", b"avis"} else "HEIC"
    if b"<svg" in data[:1024].lower():
        return "SVG"
    beginnings = {b"GIF8": "GIF", b"BM": "BMP", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"%PDF": "PDF"}
    return next((kind for beginning, kind in beginnings.items() if data.startswith(beginning)), None)


def _small(image: Image.Image, box: Box | None) -> Image.Image:
    turn = image.getexif().get(ExifTags.Base.Orientation)
    sideways = turn in {5, 6, 7, 8}
    part = box or _middle(*(reversed(image.size) if sideways else image.size))
    # A JPEG decoder can leave out detail that nobody will see: 12 megapixels in 40 % of the time.
    factor = _factor(image.size[::-1] if sideways else image.size, part)
    image.draft(None, (int(image.width * factor), int(image.height * factor)))
    image.load()
    upright = image.transpose(_UPRIGHT[turn]) if turn in _UPRIGHT else image
    return _cut(upright, part)


def _middle(width: int, height: int) -> Box:
    keep_x = min(1.0, height * WIDTH / HEIGHT / width)
    keep_y = min(1.0, width * HEIGHT / WIDTH / height)
    return (1 - keep_x) / 2, (1 - keep_y) / 2, (1 + keep_x) / 2, (1 + keep_y) / 2


def _factor(size: tuple[int, int], part: Box) -> float:
    """How much smaller the part has to become; never larger."""
    return min(1.0, WIDTH / (size[0] * (part[2] - part[0])), HEIGHT / (size[1] * (part[3] - part[1])))


def _cut(upright: Image.Image, part: Box) -> Image.Image:
    width, height = upright.size
    factor = _factor(upright.size, part)
    region = (part[0] * width, part[1] * height, part[2] * width, part[3] * height)
    size = (
        max(1, round((region[2] - region[0]) * factor)),
        max(1, round((region[3] - region[1]) * factor)),
    )
    coloured = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    return coloured.resize(size, Image.Resampling.LANCZOS, box=region, reducing_gap=2.0)


def _encoded(small: Image.Image) -> Photo:
    # A new picture, since Pillow copies the comment of an opened JPEG into the saved one.
    plain = Image.new("RGB", small.size, "white")
    plain.paste(small, mask=small if small.mode == "RGBA" else None)
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=85, optimize=True)
    return Photo(out.getvalue(), *plain.size)
