"""The finder's page on a real phone screen: one light request, help above the fold, nothing that jumps."""

import gzip
import re

import pytest
import requests
from browser import JILIN, PHONE, phone
from playwright.sync_api import expect
from running import DeskSession, Running

pytestmark = pytest.mark.e2e

LANGUAGES = ("zh", "en", "ko")
# Whom to call, where one is, what to do when hurt: before any scrolling. The heading says why.
FIRST = ("h1", "a.c", "#g", "a.h.k")
SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) window.shifts.push([one.value, String(one.sources?.[0]?.node?.outerHTML).slice(0, 80)]);
  }).observe({type: 'layout-shift', buffered: true});
}"""
# What was drawn last has been told to whoever observes: two frames, and the tasks that they left.
DRAWN = (
    "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
)
DIGITS = re.compile(r"\d{3}")


@pytest.fixture(scope="module")
def badge(demo: Running) -> str:
    """The address of a badge whose page says as much as a page can say."""
    return demo.elders[0]["scan_url"]


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_one_request_brings_all_of_it(browser, badge, spoken):
    asked: list[str] = []
    with phone(browser) as finder:
        page = finder.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{badge}?l={spoken}")
        expect(page.locator("#d")).to_have_text(re.compile(r"\d{3}|…"))
        # The one request that follows is the line on the console that somebody looks at this page.
        assert [url for url in asked if not url.endswith(f"/scans?l={spoken}")] == [f"{badge}?l={spoken}"]
    raw = requests.get(f"{badge}?l={spoken}", headers={"Accept-Encoding": "gzip"}, stream=True, timeout=30)
    packed = raw.raw.read(decode_content=False)
    assert len(packed) <= 5000
    script = re.search(rb"<script>(.*)</script>", gzip.decompress(packed), re.DOTALL)[1]
    assert len(script) <= 2560


@pytest.mark.parametrize("spoken", LANGUAGES)
@pytest.mark.parametrize("elder", [0, 1])
def test_help_stands_above_the_fold(browser, demo, spoken, elder):
    with phone(browser) as finder:
        page = finder.new_page()
        page.goto(f"{demo.elders[elder]['scan_url']}?l={spoken}")
        boxes = {what: page.locator(what).first.bounding_box() for what in FIRST}
    bottoms = {what: box["y"] + box["height"] for what, box in boxes.items()}
    assert bottoms["a.c"] <= 300, bottoms
    assert max(bottoms.values()) <= PHONE["height"], bottoms
    assert list(bottoms.values()) == sorted(bottoms.values())


@pytest.mark.parametrize("spoken", LANGUAGES)
@pytest.mark.parametrize("type_size", ["", "&t=1"])
def test_nothing_jumps(browser, badge, spoken, type_size):
    with phone(browser) as finder:
        page = finder.new_page()
        page.add_init_script(f"({SHIFTS})()")
        with page.expect_response(lambda answer: "/scans" in answer.url):  # the page is a second old
            page.goto(f"{badge}?l={spoken}{type_size}")
        expect(page.locator("#d")).to_have_text(DIGITS)
        page.evaluate(DRAWN)
        assert page.evaluate("shifts") == []


@pytest.mark.parametrize("act", ["hurt", "cannot_stay", "gone", "tag_only"])
def test_without_script_each_press_is_heard(browser, demo, act):
    with phone(browser, java_script_enabled=False, has_touch=False) as finder:
        page = finder.new_page()
        page.goto(demo.elders[7]["scan_url"])
        expect(page.locator("#c"), "digits that no desk knows").to_be_hidden()
        page.locator(f"button[value={act}]").last.click()
        page.wait_for_url("**/s/**")
        expect(page.locator("[role=status]").first).not_to_be_empty()
        expect(page.locator("a.c[href^='tel:+86']")).to_be_visible()


def test_large_type_is_larger_and_stays(browser, badge):
    with phone(browser) as finder:
        page = finder.new_page()
        page.goto(badge)
        call, size = page.locator("a.c").first, "(call) => parseFloat(getComputedStyle(call).fontSize)"
        before = call.evaluate(size)
        page.get_by_role("link", name="大字").tap()
        expect(page.locator("html")).to_have_class("t")
        assert call.evaluate(size) >= before * 1.3
        page.get_by_role("button", name="我只是试一试").tap()
        page.wait_for_url("**/s/**")
        expect(page.locator("html")).to_have_class("t")


def test_a_try_is_not_told_as_a_report(browser, demo):
    """The place of a try goes to nobody, so the page must not say that the duty officer has it."""
    tried = demo.elders[-1]
    worker = DeskSession(
        demo.base_url, demo.account("worker")["username"], demo.account("worker")["password"]
    )
    number = tried["badge_number"].replace("-", "")
    found = worker.http.get(
        f"{demo.base_url}/elders", params={"q": number}, headers={"Accept": "text/html"}, timeout=30
    )
    record = re.search(r'href="(/elders/\d+)"', found.text)[1]
    page = worker.get(record, headers={"Accept": "text/html"}).text
    announce = re.search(r'action="(/badges/\d+/announce)"', page)[1]
    assert worker.post(announce, json={}).ok
    with phone(browser, geolocation=JILIN, permissions=["geolocation"]) as finder:
        page = finder.new_page()
        page.goto(tried["scan_url"])
        with page.expect_response(lambda answer: '"lat"' in (answer.request.post_data or "")):
            page.locator("#g").click()
        expect(page.locator("#m")).to_contain_text("这是试用")
        expect(page.locator("#a")).to_have_text("")


SLOW_PHONE = """navigator.geolocation.watchPosition = (found) => {
  setTimeout(() => found({coords: {latitude: 43.8255, longitude: 126.5601, accuracy: 15}}), 1500);
  return 7;
}"""


def test_a_page_that_changes_waits_for_the_place(browser, demo):
    """Whoever joins a matter that nobody has taken is led to another page, but not before the phone gave its place."""
    told = {"state": "sent", "late": True, "page": "late", "text": "Nobody yet", "messages": []}
    with phone(browser) as finder:
        page = finder.new_page()
        page.add_init_script(SLOW_PHONE)
        page.route("**/s/*", lambda route: route.fulfill(json=told) if route.request.resource_type == "fetch" else route.continue_())  # fmt: skip
        page.goto(f"{demo.elders[2]['scan_url']}?l=en")
        with page.expect_response(
            lambda answer: answer.request.post_data and "43.8255" in answer.request.post_data
        ):
            page.click("#g")
        page.wait_for_url("**/s/*")
        page.unroute_all(behavior="ignoreErrors")  # the page goes on asking while it is closed
