"""An elder is entered with the keyboard alone, in few strokes, and the badge is made."""

import re

import pytest
from browser import desk
from playwright.sync_api import Browser, Page, expect
from running import Running, wait_for

pytestmark = pytest.mark.e2e

# Strokes for one Chinese character with a pinyin input method that completes words: on average some letters and a
# share of the key that chooses.
PER_CHARACTER = 2.6
MOST = 110


class Keyboard:
    """Types like a worker and counts what the fingers do."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.strokes = 0.0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.strokes += key.count("+") + 1

    def type(self, text: str) -> None:
        for letter in text:
            if letter.isascii():
                self.press(letter)
            else:
                self.page.keyboard.insert_text(letter)
                self.strokes += PER_CHARACTER


def test_a_typical_elder_takes_few_strokes_and_no_mouse(browser: Browser, demo: Running):
    with desk(browser, demo.base_url, demo.account("worker")) as worker:
        page = worker.new_page()
        page.goto(f"{demo.base_url}/elders/new")
        keys = Keyboard(page)
        keys.type("220204194908172220")
        keys.press("Enter")
        keys.type("孟秀英")
        keys.press("Enter")
        keys.type("帝景小区105号楼2单元301")
        keys.press("Enter", "Enter")  # the community is the worker's own
        keys.type("19900003101")
        keys.press("Enter")
        keys.type("张伟")
        keys.press("Enter")
        keys.press("1", "Enter")  # a son
        keys.press("j", "d", "Enter")  # poor memory, diabetes
        keys.press("1", "2", "3", "4", "Control+Enter")
        page.wait_for_url(re.compile(r"/elders/\d+"))
        assert keys.strokes <= MOST, keys.strokes
        expect(page.locator("a[href$='/badge.pdf']")).to_be_visible()
        for shown in (
            "孟秀英",
            "1949-08-17",
            "帝景小区105号楼2单元301",
            "张伟 (儿子)",
            "199 0000 3101",
            "糖尿病",
        ):
            expect(page.locator("main")).to_contain_text(shown)


def test_a_tab_that_dies_loses_nothing(browser: Browser, demo: Running):
    with desk(browser, demo.base_url, demo.account("worker")) as worker:
        page = worker.new_page()
        page.goto(f"{demo.base_url}/elders/new")
        page.fill("#name", "尉迟桂")
        expect(page.locator("#kept")).to_contain_text("草稿已保存")
        page.fill("#address", "江畔小区7号楼")
        page.close()  # at once: before anything was kept by itself
        again = worker.new_page()

        def goes_on() -> bool:
            again.goto(f"{demo.base_url}/elders/new")
            again.locator(".draft", has_text="尉迟桂").get_by_text("继续写").click()
            again.wait_for_url("**/elders/new?draft=**")
            return again.locator("#address").input_value() == "江畔小区7号楼"

        wait_for(goes_on)  # what a tab sends while it dies arrives a moment later
        expect(again.locator("#name")).to_have_value("尉迟桂")
        worker.clear_cookies()
        again.fill("#contact1_name", "尉迟军")
        expect(again.locator("#kept")).to_contain_text("登录已过期")


def test_who_may_be_registered_already_is_shown_while_typing_and_stops_nothing(
    browser: Browser, demo: Running
):
    known = demo.elders[0]["name"]
    with desk(browser, demo.base_url, demo.account("worker")) as worker:
        page = worker.new_page()
        page.goto(f"{demo.base_url}/elders/new")
        page.fill("#name", known)
        box = page.locator("#alike")
        expect(box.get_by_role("link", name=known)).to_be_visible()
        expect(box).to_contain_text("姓名相同")

        page.fill("#name", f"{known}华")
        expect(box).to_be_hidden()
        page.fill("#name", known)
        expect(box).to_be_visible()
        page.fill("#address", "锦绣花园9号楼1单元101")
        page.fill("#contact1_phone", "1990000")
        page.fill("#contact1_name", "孙女")
        slip = page.locator("#contact1_phone-error")
        expect(slip).to_contain_text("号码位数不对")  # as soon as the field is left
        page.fill("#contact1_phone", "19900003199")
        page.focus("#contact1_name")
        expect(slip).to_be_empty()
        page.check("input[name=consents][value=record]")
        page.get_by_role("button", name="只保存").click()
        page.wait_for_url(re.compile(r"/elders/\d+$"))
