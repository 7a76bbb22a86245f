"""A real browser for the tests: Chromium from the system, no page of which may reach another host."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

CANDIDATES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PHONE = {"width": 360, "height": 640}
DESK = {"width": 1366, "height": 900}
JILIN = {"latitude": 43.8255, "longitude": 126.5601, "accuracy": 15}
PATIENCE_MS = 30_000  # a machine that runs other tests beside this one is slow; who waits for something real waits no longer

expect.set_options(timeout=PATIENCE_MS)


def find() -> str:
    """The browser's path. Without one the test is skipped at a desk and fails in CI."""
    for name in CANDIDATES:
        found = shutil.which(name)
        if found:
            return found
    if os.environ.get("CI"):
        pytest.fail("no Chromium on this machine; .ci/run installs it")
    pytest.skip("no Chromium on this machine: install it to run the browser tests")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield opened
        opened.close()


def phone(browser: Browser, **more) -> BrowserContext:
    """A stranger's phone, Chinese, 360x640."""
    options = {"viewport": PHONE, "locale": "zh-CN", "has_touch": True, **more}
    return _watched(browser.new_context(**options))


def desk(browser: Browser, base_url: str, account: dict, **more) -> BrowserContext:
    """A staff member's browser, signed in through the login page."""
    context = _watched(browser.new_context(**{"viewport": DESK, "locale": "zh-CN", **more}))
    page = context.new_page()
    page.goto(f"{base_url}/login")
    page.fill("#username", account["username"])
    page.fill("#password", account["password"])
    page.click("main button")
    page.wait_for_url(lambda url: "/login" not in url)
    page.close()
    return context


def _watched(context: BrowserContext) -> BrowserContext:
    """Every request goes to this machine, and no page logs an error."""
    context.set_default_timeout(PATIENCE_MS)
    context.on("request", _stays_here)
    context.on("weberror", _no_error)
    return context


def _stays_here(request) -> None:
    assert request.url.startswith(("http://127.0.0.1", "data:", "blob:")), request.url


def _no_error(error) -> None:
    raise AssertionError(f"an error in a page: {error.error}")
