"""A text that cannot be printed well is refused in words that say what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

from badges import artwork, errors, files, typeface
from badges.artwork import BadgeText
from badges.errors import BadgeError, MissingGlyph, TextMissing, TextTooLong, UnknownDesign

LONG = "吉林省吉林市昌邑区龙城社区防走失"


def badge(name="龙城社区防走失驿站", hotline="0432-62010000", number="0231-7"):
    return BadgeText(f"https://example.cn/{'3' * 52}", name, hotline, number)


@pytest.mark.parametrize("form", artwork.FORMS)
@pytest.mark.parametrize(("art", "longest"), [("ring", 16), ("classic", 14)])
def test_the_longest_name_is_printed_and_checked(form, art, longest):
    report = files.make(badge(LONG[:longest]), form=form, artwork=art).report
    assert report.differing == 0


@pytest.mark.parametrize(("art", "longest"), [("ring", 16), ("classic", 14)])
def test_a_longer_name_is_refused_with_the_limit(art, longest):
    with pytest.raises(TextTooLong, match=f"Shorten it to {longest} characters") as refusal:
        artwork.make(badge((LONG + "驿站")[: longest + 1]), artwork=art)
    assert refusal.value.params["limit"] == longest
    assert refusal.value.params["field"] == "station name"


@pytest.mark.parametrize(
    "hotline", ["110", "0432-62010000", "400-000-0000", "+86 432 6201 0000", "199 0000 0000"]
)
@pytest.mark.parametrize("form", artwork.FORMS)
@pytest.mark.parametrize("art", artwork.ARTWORKS)
def test_every_usual_hotline_fits_beside_the_longest_name(form, art, hotline):
    assert artwork.make(badge(LONG[:14], hotline, "L0230231-7"), form=form, artwork=art).labels


@pytest.mark.parametrize(
    ("text", "field"),
    [(badge(name=" "), "station name"), (badge(hotline=""), "hotline"), (badge(number="　"), "badge number")],
)
def test_an_empty_text_is_refused(text, field):
    with pytest.raises(TextMissing, match=f"Enter the {field}"):
        artwork.make(text)


@pytest.mark.parametrize(
    ("character", "named"),
    [("😀", "GRINNING FACE"), ("א", "ALEF"), ("\u202e", "OVERRIDE"), ("\n", "U\\+000A")],
)
def test_emoji_right_to_left_and_control_characters_are_refused_by_name(character, named):
    with pytest.raises(MissingGlyph, match=named) as refusal:
        artwork.make(badge(f"龙城{character}驿站"))
    assert "Remove it" in str(refusal.value)


def test_a_rare_place_name_is_printed_from_a_font_that_has_it_or_named(monkeypatch):
    monkeypatch.setattr(typeface, "SYSTEM", ())
    typeface.configure()
    with pytest.raises(MissingGlyph, match="“鄠” \\(U\\+9120 .*install a font") as refusal:
        artwork.make(badge("鄠邑区驿站"))
    assert refusal.value.params["code_point"] == "U+9120"
    whole = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc")
    if whole.exists():
        typeface.configure(whole)
        assert artwork.make(badge("鄠邑区驿站")).front
    monkeypatch.undo()
    typeface.configure()


def test_the_shipped_font_has_all_of_gb2312_and_says_its_licence():
    codes = [bytes([row, cell]) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF)]
    every = "".join(code.decode("gb2312", errors="ignore") for code in codes)
    assert len(every) == 6763
    assert all(typeface.glyph(character).path for character in every[::61])
    folder = typeface.SHIPPED.parent
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text()
    assert b"Noto" not in typeface.SHIPPED.name.encode()


@pytest.mark.parametrize("design", [{"form": "cup"}, {"artwork": "baroque"}, {"theme": "yellow"}])
def test_an_unknown_design_is_refused_with_the_known_ones(design):
    with pytest.raises(UnknownDesign, match="Choose one of: .*(badge|ring|navy)"):
        files.make(badge(), **design)


def test_every_refusal_has_a_code_and_values_for_a_translator():
    kinds = BadgeError.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds) == 6
    assert issubclass(errors.BadgeError, ValueError)


def test_a_forked_process_reads_the_font_from_a_file_of_its_own():
    """Children close what they did not open, and two who share a file move its place for each other."""
    code = """
import os
from badges import errors, typeface
try:
    typeface.glyph('\\U0003134a')  # looked for in every font, and found in none
except errors.MissingGlyph:
    pass
if os.fork() == 0:
    os.closerange(3, 256)
    os._exit(0 if typeface.glyph('城').path else 1)
assert os.wait()[1] == 0
assert typeface.glyph('社').path
"""
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stderr
