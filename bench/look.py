"""How long a stranger looks at a white page: the hotline's first paint on slow networks, in a real browser."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from bench import stations
from bench.figures import Figure, at_most

LOOKS = 7
# Name, delay of each round trip in ms, bits a second down, bits a second up, seconds we hold ourselves to. The first
# is what browsers' tools call slow 3G; the second is EDGE as it is in a basement.
NETWORKS = (("slow 3G", 400, 400_000, 400_000, 1.0), ("2G", 650, 100_000, 50_000, 1.5))
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def run() -> list[Figure]:
    with stations.running() as station, _browser() as browser:
        url = station.about["elders"][0]["scan_url"]
        return [_on(browser, url, *network) for network in NETWORKS]


def _on(browser: Browser, url: str, name: str, delay_ms: int, down: int, up: int, limit_s: float) -> Figure:
    seconds = [_look(browser, url, delay_ms, down / 8, up / 8) for _ in range(LOOKS)]
    return at_most(f"hotline on the screen over {name}, median", median(seconds), limit_s, "s")


def _look(browser: Browser, url: str, delay_ms: int, down: float, up: float) -> float:
    """Seconds from the start of the navigation to the first paint, in which the call button must be."""
    context = browser.new_context(viewport={"width": 360, "height": 640}, locale="zh-CN")
    page = context.new_page()
    context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": delay_ms, "downloadThroughput": down, "uploadThroughput": up},
    )
    page.goto(url, wait_until="load")
    page.wait_for_function(PAINTED)
    assert _call_button_is_seen(page), "the hotline is not in the first view"
    painted = page.evaluate(PAINTED)
    context.close()
    return float(painted) / 1000


def _call_button_is_seen(page: Page) -> bool:
    box = page.locator("a.c").first.bounding_box()
    return box is not None and box["y"] + box["height"] <= 640


@contextmanager
def _browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "install Chromium first"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
