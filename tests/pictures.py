"""The pictures of the README, taken anew from a running demo station: PYTHONPATH=. .venv/bin/python tests/pictures.py"""

import io
import math
import re
import tempfile
from collections import Counter
from pathlib import Path

from browser import ARGUMENTS, JILIN, desk, find, phone
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from running import ROOT, Running, wait_for

from badges import files
from badges.artwork import BadgeText

PICTURES = ROOT / "docs" / "pictures"
SCALE = 1.5
COLOURS = 28
# An address of nobody, so that the code in the picture leads nowhere and is the same every time.
NOWHERE = "https://zj.example.cn/1" + "0123456789" * 5 + "0"


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=list(ARGUMENTS))
        with Running(Path(folder) / "data") as station:
            keep(badge(station.elders[0]["badge_number"]), "badge", colours=96)
            registration(browser, station)
            incident(browser, station)
        browser.close()


def badge(number: str) -> bytes:
    """The front of a badge, as drawn for the press, at about a quarter of its 600 dpi."""
    text = BadgeText(NOWHERE, "龙城社区防走失驿站", "0432-62012345", number)
    with Image.open(io.BytesIO(files.make(text).png)) as drawn:
        small = drawn.convert("RGB").resize((360, 360), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "PNG")
    return out.getvalue()


def registration(browser: Browser, station: Running) -> None:
    """A worker enters an elder; the preview beside the form shows what a stranger will see."""
    account = station.account("worker")
    options = {"viewport": {"width": 1100, "height": 900}, "device_scale_factor": SCALE}
    with desk(browser, station.base_url, account, **options) as worker:
        page = worker.new_page()
        page.goto(f"{station.base_url}/elders/new")
        page.fill("#birth_date", "1949-08-16")
        page.select_option("#sex", "female")
        page.fill("#name", "郭玉兰")
        page.fill("#address", "锦绣花园3号楼1单元101")
        page.fill("#contact1_phone", "199 0000 3001")
        page.fill("#contact1_name", "郭女士")
        page.select_option("#contact1_relation", "daughter")
        for consent in ("record", "family_place", "finding_community"):
            page.check(f"input[name=consents][value={consent}]")
        page.locator("#name").focus()
        page.evaluate("scrollTo(0, 0)")
        shoot(page, "registration")


def incident(browser: Browser, station: Running) -> None:
    """A passer-by scans and sends the place; an officer takes it; the passer-by reads who is coming."""
    options = {"geolocation": JILIN, "permissions": ["geolocation"], "device_scale_factor": SCALE}
    with (
        phone(browser, **options) as finder,
        desk(browser, station.base_url, station.account("duty"), device_scale_factor=SCALE) as officer,
    ):
        page = finder.new_page()
        page.goto(station.elders[0]["scan_url"])
        page.get_by_text(re.compile(r"^\d{3}$")).wait_for()
        shoot(page, "finder")
        page.get_by_role("button", name=re.compile("把我的位置发给值班员")).tap()
        opened = wait_for(lambda: station.desk().get("/desk/incidents?open=1").json())[0]["id"]
        messages(browser, station)
        case = officer.new_page()
        case.set_viewport_size({"width": 1366, "height": 800})
        case.goto(f"{station.base_url}/desk")
        case.get_by_role("button", name="开始值班").click()
        case.locator(f"a[href*='/desk/incidents/{opened}']").first.click()
        case.get_by_role("button", name=re.compile("我来接")).click()
        case.get_by_role("button", name="已出发").wait_for()
        shoot(case, "desk")
        case.get_by_role("button", name="已出发").click()
        page.get_by_text(re.compile("出发")).first.wait_for()
        page.evaluate("document.activeElement.blur()")
        shoot(page, "finder-told")


def messages(browser: Browser, station: Running) -> None:
    """What two phones received, side by side: the officer's, after the first ring, and a relative's."""
    with browser.new_context(
        viewport={"width": 400, "height": 800}, locale="zh-CN", device_scale_factor=SCALE
    ) as context:
        page = context.new_page()
        page.goto(f"{station.base_url}/demo/phones")
        page.get_by_text(re.compile("还没有人接单")).first.wait_for()
        page.wait_for_load_state()
        heads = [page.get_by_role("heading", name=re.compile(who)) for who in ("王强", "王秀兰的家属")]
        whose = [page.locator("section", has=head).last for head in heads]
        keep(beside([phone.screenshot() for phone in whose]), "messages")


def beside(pictures: list[bytes]) -> bytes:
    """Pictures side by side on white, with a gap."""
    opened = [Image.open(io.BytesIO(picture)) for picture in pictures]
    gap, tallest = 24, max(picture.height for picture in opened)
    joined = Image.new("RGB", (sum(p.width for p in opened) + gap * (len(opened) - 1), tallest), "white")
    left = 0
    for picture in opened:
        joined.paste(picture, (left, 0))
        left += picture.width + gap
    out = io.BytesIO()
    joined.save(out, "PNG")
    return out.getvalue()


def shoot(page: Page, name: str) -> None:
    keep(page.screenshot(animations="disabled", caret="hide"), name)


def keep(picture: bytes, name: str, colours: int = COLOURS) -> None:
    """Store it in its most frequent colours: those of the page stay exact, only soft edges of letters are rounded."""
    with Image.open(io.BytesIO(picture)) as opened:
        full = opened.convert("RGB")
    # Pillow's own search for the nearest colour is not exact: it turned white into light grey.
    parts = iter(full.tobytes())
    pixels = list(zip(parts, parts, parts, strict=True))
    palette = [colour for colour, _ in Counter(pixels).most_common(colours)]
    nearest = {c: min(range(len(palette)), key=lambda n: math.dist(c, palette[n])) for c in set(pixels)}
    few = Image.frombytes("P", full.size, bytes(nearest[pixel] for pixel in pixels))
    few.putpalette([part for colour in palette for part in colour])
    path = PICTURES / f"{name}.png"
    few.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
