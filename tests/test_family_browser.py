"""A whole application from home on a phone 360 pixels wide: by keyboard alone, by touch alone, and without JavaScript."""

import io
from collections.abc import Iterator

import pytest
from browser import phone
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from running import Running, wait_for

pytestmark = pytest.mark.e2e


def photo(side: int) -> dict:
    """A photo as a phone takes it, with the noise that makes it large."""
    out = io.BytesIO()
    Image.effect_noise((side, side * 3 // 4), 60).convert("RGB").save(out, "JPEG", quality=95)
    return {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


@pytest.fixture
def screen(browser: Browser) -> Iterator[Page]:
    with phone(browser) as context:
        yield context.new_page()


class Keys:
    """Hands that know the keyboard alone."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def to(self, selector: str) -> None:
        for _ in range(60):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("(s) => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"the keyboard never reaches {selector}")

    def fill(self, selector: str, text: str) -> None:
        self.to(selector)
        self.page.keyboard.type(text)

    def choose(self, selector: str, _value: str) -> None:
        self.to(selector)
        self.page.keyboard.press("ArrowDown")

    def tick(self, selector: str) -> None:
        self.to(selector)
        self.page.keyboard.press("Space")

    def press(self, selector: str) -> None:
        self.to(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


class Finger:
    """A finger on the glass; what is typed comes from the keyboard that the phone shows."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def fill(self, selector: str, text: str) -> None:
        self.page.tap(selector)
        self.page.keyboard.type(text)

    def choose(self, selector: str, value: str) -> None:
        self.page.tap(selector)
        self.page.select_option(selector, value)

    def tick(self, selector: str) -> None:
        self.page.tap(f"label:has({selector})")

    def press(self, selector: str) -> None:
        with self.page.expect_navigation():
            self.page.tap(selector)


NEXT = "button[value=next]"


def walk(page: Page, hand: Keys | Finger, base_url: str) -> None:
    page.goto(f"{base_url}/apply")
    hand.press("main form button")
    hand.tick("[value=relative]")
    hand.press(NEXT)
    hand.fill("#name", "白玉兰")
    hand.press(NEXT)
    hand.fill("#birth_date", "19440205")
    hand.press(NEXT)
    hand.choose("#community_id", "1")
    hand.fill("#address", "江畔人家3号楼1单元402")
    hand.press(NEXT)
    hand.fill("#contact1_phone", "19900004401")
    hand.fill("#contact1_name", "白家人")
    hand.choose("#contact1_relation", "son")
    hand.press(NEXT)
    hand.press("[value=skip]")
    hand.press(NEXT)
    hand.tick("[value=memory]")
    hand.press(NEXT)
    hand.fill("#call_name", "白奶奶")
    hand.press(NEXT)
    hand.tick("[value=page_call_name]")
    for _ in ("shown", "identity", "portrait"):
        hand.press(NEXT)
    hand.tick("[value=record]")
    hand.press(NEXT)
    expect(page.locator("main")).to_contain_text("白玉兰")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    hand.press("form[action*=send] button")
    expect(page.locator("h1")).to_have_text("申请已收到")


@pytest.mark.parametrize("hand", [Keys, Finger])
def test_the_whole_application_by_one_way_alone(screen: Page, demo: Running, hand):
    walk(screen, hand(screen), demo.base_url)


def test_it_works_without_javascript(browser: Browser, demo: Running):
    with phone(browser, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{demo.base_url}/apply")
        page.click("main form button")
        page.click(NEXT)
        expect(page.locator(".err-box")).to_contain_text("请选择为谁申请")
        page.click("text=家里的老人")
        page.click(NEXT)
        # A browser that is asked to go back while it loads may have no page.
        expect(page.locator("#name")).to_be_visible()
        page.go_back()
        expect(page.locator("[value=relative]")).to_be_checked()
        page.goto(f"{demo.base_url}/apply/identity")
        page.set_input_files("#picture", photo(400))
        page.click(NEXT)
        expect(page.locator("img.sent")).to_be_visible()


def test_a_photo_too_large_for_the_station_is_made_smaller_on_the_phone(screen: Page, demo: Running):
    large = photo(4600)
    assert len(large["buffer"]) > 8 * 1024 * 1024
    screen.goto(f"{demo.base_url}/apply")
    screen.click("main form button")
    expect(screen.locator(NEXT)).to_be_visible()
    screen.goto(f"{demo.base_url}/apply/portrait")
    screen.set_input_files("#picture", large)
    wait_for(lambda: screen.evaluate("document.getElementById('picture').files[0].size < 8e6"))
    screen.click(NEXT)
    expect(screen.locator("img.sent")).to_be_visible()
