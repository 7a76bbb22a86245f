"""A photo from any phone becomes a small picture of the elder that carries nothing else."""

import io
import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from station import photos
from station.photos import REASONS, PhotoError, clean

RED, GREEN, BLUE = (220, 20, 20), (20, 200, 20), (20, 20, 220)
FORMATS = ["JPEG", "PNG", "WEBP"]


def saved(image, kind="JPEG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def stripes(width=900, height=600):
    """Red, green and blue, a third each, from left to right."""
    image = Image.new("RGB", (width, height), GREEN)
    image.paste(RED, (0, 0, width // 3, height))
    image.paste(BLUE, (2 * width // 3, 0, width, height))
    return image


def picture(photo):
    image = Image.open(io.BytesIO(photo.jpeg))
    assert (image.format, image.mode) == ("JPEG", "RGB")
    assert image.size == (photo.width, photo.height)
    return image


def near(colour, wanted):
    return all(abs(a - b) < 40 for a, b in zip(colour, wanted, strict=True))


def code_of(data, box=None):
    with pytest.raises(PhotoError) as refusal:
        clean(data, box)
    assert refusal.value.code in REASONS
    return refusal.value.code


# What comes out


@pytest.mark.parametrize(
    ("size", "kind"),
    [
        ((4000, 3000), "JPEG"),
        ((3000, 4000), "JPEG"),
        ((480, 600), "PNG"),
        ((1200, 1500), "PNG"),
        ((900, 800), "WEBP"),
    ],
)
def test_a_large_photo_becomes_480_by_600(size, kind):
    photo = clean(saved(stripes(*size), kind))
    assert (photo.width, photo.height) == (480, 600)
    picture(photo)


@pytest.mark.parametrize(("size", "wanted"), [((100, 100), (80, 100)), ((1, 1), (1, 1)), ((5000, 1), (1, 1))])
def test_a_small_photo_is_not_blown_up(size, wanted):
    photo = clean(saved(Image.new("RGB", size, RED)))
    assert (photo.width, photo.height) == wanted


def test_without_a_choice_the_middle_is_kept():
    image = picture(clean(saved(stripes(3000, 1000))))
    assert all(near(image.getpixel((x, 300)), GREEN) for x in (5, 240, 475))


@pytest.mark.parametrize("size", [(300, 200), (3000, 2000)])
@pytest.mark.parametrize(("box", "colour"), [((0, 0, 0.3, 1), RED), ((0.7, 0.2, 1, 0.8), BLUE)])
def test_the_chosen_part_is_kept(box, colour, size):
    photo = clean(saved(stripes(*size)), box)
    image = picture(photo)
    assert near(image.getpixel((2, 2)), colour)
    assert near(image.getpixel((photo.width - 3, photo.height - 3)), colour)


def test_a_wide_part_keeps_its_shape():
    photo = clean(saved(stripes(3000, 2000)), (0, 0, 1, 0.5))
    assert (photo.width, photo.height) == (480, 160)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("orientation", "as_stored"),
    [
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
        (99, None),
    ],
)
def test_a_photo_taken_with_the_phone_turned_stands_upright(orientation, as_stored, kind):
    upright = Image.new("RGB", (960, 1200), GREEN)
    upright.paste(RED, (0, 0, 480, 400))
    stored = upright.transpose(as_stored) if as_stored is not None else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = picture(clean(saved(stored, kind, exif=exif)))
    assert image.size == (480, 600)
    assert near(image.getpixel((100, 100)), RED)
    assert near(image.getpixel((380, 100)), GREEN)
    assert near(image.getpixel((100, 500)), GREEN)


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_but_the_picture_is_left(kind):
    exif = Image.Exif()
    exif[0x010F] = "SecretPhone"
    exif.get_ifd(0x8825).update({1: "N", 2: (43.0, 50.0, 16.0), 3: "E", 4: (126.0, 32.0, 57.0)})
    options = {"exif": exif, "icc_profile": b"SecretProfile", "xmp": b"<x:xmpmeta>SecretXmp</x:xmpmeta>"}
    if kind == "JPEG":
        options["comment"] = b"SecretComment"
    data = saved(stripes(), kind, **options) + b"<script>SecretScript</script>"
    assert data.count(b"Secret") >= 2  # PNG packs some of them
    photo = clean(data)
    assert b"Secret" not in photo.jpeg
    image = picture(photo)
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert photo.jpeg.endswith(b"\xff\xd9")


def test_see_through_parts_become_white():
    image = picture(clean(saved(Image.new("RGBA", (100, 100), (0, 0, 0, 0)), "PNG")))
    assert near(image.getpixel((50, 50)), (255, 255, 255))


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16", "CMYK"])
def test_unusual_colour_modes_are_understood(mode):
    picture(clean(saved(Image.new(mode, (60, 75)), "JPEG" if mode == "CMYK" else "PNG")))


def test_of_a_moving_picture_or_a_double_photo_the_first_is_kept():
    first, second = Image.new("RGB", (80, 100), RED), Image.new("RGB", (80, 100), BLUE)
    for kind in ("WEBP", "PNG", "MPO"):
        image = picture(clean(saved(first, kind, save_all=True, append_images=[second])))
        assert near(image.getpixel((40, 50)), RED)


# What is refused


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (saved(Image.new("RGB", (9, 9)), "GIF"), "GIF"),
        (saved(Image.new("RGB", (9, 9)), "BMP"), "BMP"),
        (saved(Image.new("RGB", (9, 9)), "TIFF"), "TIFF"),
        (saved(Image.new("RGB", (9, 9)), "PDF"), "PDF"),
        (saved(Image.new("RGB", (9, 9)), "AVIF"), "AVIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "HEIC"),
        (b'<?xml version="1.0"?>\n<SVG onload="alert(1)"/>', "SVG"),
    ],
)
def test_other_kinds_of_pictures_are_named(data, kind):
    with pytest.raises(PhotoError, match=f"This is a {kind} file") as refusal:
        clean(data)
    assert (refusal.value.code, refusal.value.params) == ("unsupported", {"kind": kind})


@pytest.mark.parametrize(
    "data",
    [
        b"\0",
        b"<html><script>alert(1)</script>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9",
        b"P6 9 9 255 ",
    ],
)
def test_other_files_are_no_pictures(data):
    assert code_of(data) == "not_a_picture"


def test_an_empty_file_has_its_own_word():
    assert code_of(b"") == "empty"


def test_eight_mebibytes_are_the_limit():
    photo = saved(stripes())
    assert clean(photo + bytes(photos.MAX_BYTES - len(photo))).width == 480
    assert code_of(photo + bytes(photos.MAX_BYTES - len(photo) + 1)) == "too_big"


def claiming(width, height):
    """A tiny PNG whose header promises another size."""
    data = saved(Image.new("1", (1, 1)), "PNG")
    header = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


@pytest.mark.parametrize("size", [(5001, 5000), (9000, 9950), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_a_small_file_with_huge_dimensions_is_refused(size):
    assert code_of(claiming(*size)) == "too_many_pixels"


def test_25_megapixels_are_accepted():
    assert clean(saved(Image.new("1", (5000, 5000)), "PNG")).width == 480


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("part", [0.3, 0.7, 0.98])
def test_half_a_photo_is_damaged(kind, part):
    data = saved(Image.effect_noise((300, 375), 90).convert("RGB"), kind)
    assert code_of(data[: int(len(data) * part)]) == "damaged"


@pytest.mark.parametrize("kind", FORMATS)
def test_the_bare_beginning_of_a_photo_is_damaged(kind):
    assert code_of(saved(stripes(), kind)[:20]) == "damaged"


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 1), (0.5, 0, 0.4, 1), (-0.1, 0, 1, 1), (0, 0, 1, 1.01), (0, float("nan"), 1, 1)]
)
def test_a_part_outside_the_picture_is_refused(box):
    assert code_of(saved(stripes()), box) == "crop"


PHOTOS = [saved(Image.effect_noise((64, 48), 90).convert("RGB"), kind) for kind in FORMATS]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow remarks on spoilt metadata and goes on
@given(st.sampled_from(PHOTOS), st.dictionaries(st.integers(0, 3000), st.integers(0, 255), max_size=6))
def test_no_spoilt_photo_is_worse_than_refused(data, changes):
    spoilt = bytearray(data)
    for place, value in changes.items():
        spoilt[place % len(spoilt)] = value
    with suppress(PhotoError):
        picture(clean(bytes(spoilt))).load()
