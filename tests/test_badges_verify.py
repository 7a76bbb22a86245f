"""`station badges verify`: what the codes in any file are worth."""

import io
from pathlib import Path

import pytest
from badge_desk import blanks, run, station, url_of, wearer
from conftest import NOW, Home
from PIL import Image, ImageDraw, ImageFilter

from badges import files
from badges.artwork import BadgeText
from station import seal
from station.issuing import life, making, records

__all__ = ["station", "wearer"]


def badge_file(home: Home, badge_id: int, kind: str, folder: Path) -> Path:
    if records.get(home.db, badge_id).state == "ordered":
        making.make(home.db, home.vault, badge_id, home.config.base_url, NOW)
    path = folder / f"badge.{kind}"
    path.write_bytes(making.file(home.db, home.vault, badge_id, kind))
    return path


@pytest.mark.parametrize("kind", ["pdf", "png", "svg"])
def test_our_own_files_are_authentic_in_every_form(station, wearer, tmp_path, kind):
    answer = run("verify", badge_file(station, wearer.badge_id, kind, tmp_path))
    assert answer.exit_code == 0, answer.output
    assert (
        f"badge {wearer.number}: authentic, made (badge); 100% of the error correction left" in answer.output
    )
    assert wearer.token not in answer.output


def test_the_address_is_shown_only_when_it_is_asked_for(station, wearer, tmp_path):
    answer = run("verify", "--show-address", badge_file(station, wearer.badge_id, "png", tmp_path))
    assert url_of(station, wearer.badge_id) in answer.output


def photo(png: Path, *, blots: int = 0) -> bytes:
    """As a phone sees it: turned, small, a little soft, scratched."""
    with Image.open(png) as picture:
        seen = picture.convert("L")
    draw = ImageDraw.Draw(seen)
    middle = seen.width // 2 - 9  # the left edge of the module in the middle
    for blot in range(blots):
        x, y = middle + 19 * (blot % 5) * 2, middle + 19 * (blot // 5) * 2
        draw.rectangle((x, y, x + 18, y + 18), fill=255 - seen.getpixel((x + 9, y + 9)))
    seen = seen.rotate(17, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)
    seen = seen.resize((500, 500)).filter(ImageFilter.GaussianBlur(0.6))
    out = io.BytesIO()
    seen.save(out, "JPEG", quality=75)
    return out.getvalue()


def left(output: str) -> int:
    return int(output.split("% of the error")[0].rsplit(" ", 1)[-1])


def test_a_photo_of_a_scratched_badge_says_how_much_it_can_still_bear(station, wearer, tmp_path):
    png = badge_file(station, wearer.badge_id, "png", tmp_path)
    found = []
    for blots in (0, 4, 10):
        (tmp_path / "photo.jpg").write_bytes(photo(png, blots=blots))
        answer = run("verify", tmp_path / "photo.jpg")
        assert answer.exit_code == 0, answer.output
        found.append(left(answer.output))
    assert found[0] == 100
    assert found[0] > found[1] > found[2] > 0


def test_a_sheet_is_verified_code_by_code_and_states_are_today_s(station, tmp_path):
    numbers = blanks(station, 16)
    run("sheet", tmp_path / "sheet.pdf")
    life.end(station.db, station.vault, 3, "revoked", by=1, now=NOW)
    answer = run("verify", tmp_path / "sheet.pdf")
    assert answer.exit_code == 0
    assert all(number in answer.output for number in numbers)
    assert answer.output.count("revoked") == 1
    assert "page 3:" in answer.output
    assert "16 read, 16 authentic" in answer.output


def forged(folder: Path, url: str) -> Path:
    made = files.make(BadgeText(url, "龙城社区防走失驿站", "0432-62012345", "12345-6", relaxed=True))
    path = folder / "forged.png"
    path.write_bytes(made.png)
    return path


def test_a_made_up_token_or_ours_behind_another_address_is_not_authentic(station, wearer, tmp_path):
    for url, word in (
        (f"https://zj.example.cn/{'4' * 52}", "not made with this keyring"),
        (f"https://zj.example.xn/{wearer.token}", "behind another address"),
    ):
        answer = run("verify", forged(tmp_path, url))
        assert answer.exit_code == 1
        assert word in answer.output
        assert wearer.token not in answer.output
        assert "1 read, 0 authentic" in answer.output


def test_one_forged_code_among_ours_is_enough_to_fail(station, wearer, tmp_path):
    png = badge_file(station, wearer.badge_id, "png", tmp_path)
    both = Image.new("L", (2600, 1300), 255)
    for place, path in enumerate((png, forged(tmp_path, f"https://zj.example.cn/{'4' * 52}"))):
        with Image.open(path) as one:
            both.paste(one.convert("L"), (place * 1300, 0))
    both.save(tmp_path / "both.png")
    answer = run("verify", tmp_path / "both.png")
    assert (answer.exit_code, "2 read, 1 authentic" in answer.output) == (1, True)


def test_without_the_database_a_badge_is_still_known_as_ours(station, wearer, tmp_path):
    png = badge_file(station, wearer.badge_id, "png", tmp_path)
    for path in station.config.data_dir.glob("station.db*"):
        path.rename(tmp_path / path.name)
    answer = run("verify", png)
    assert answer.exit_code == 0, answer.output
    assert "authentic, state unknown" in answer.output


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"hello", "neither a PDF nor a picture"),
        ("a.pdf", b"%PDF-1.4 cut short", "not a readable PDF"),
        ("a.svg", b"<svg><path d='M0 0L1 1z'/></svg>", "no shape"),
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "neither"),
        ("a.png", b"", "neither"),
    ],
)
def test_a_file_that_cannot_be_read_is_said(station, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    answer = run("verify", tmp_path / name)
    assert answer.exit_code == 1
    assert said in answer.output
    assert "Traceback" not in answer.output
    blank = tmp_path / "blank.png"
    Image.new("L", (50, 50), 255).save(blank)
    assert "no code" in run("verify", blank).output


def test_a_foreign_code_can_neither_steer_the_terminal_nor_tell_a_token(station, tmp_path):
    token = seal.badge_token(seal.new_keyring(), 1, 1)
    from_elsewhere = forged(tmp_path, f"https://other.example/{token}")
    answer = run("verify", from_elsewhere)
    assert token not in answer.output
    assert "\x1b" not in answer.output
