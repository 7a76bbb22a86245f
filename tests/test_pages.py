"""Every page a person can see, looked at in a real browser: everybody can read it, reach it and use it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import looking
import pytest
from browser import PHONE, browser, desk, phone
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from running import Running
from scenery import SHOTS, Scenery, Shot, paint

__all__ = ["browser"]

pytestmark = pytest.mark.e2e

STAFF = ("worker", "secretary", "operator")
LANGUAGES = {"finder": ("zh", "en", "ko")}
CASES = [(name, spoken) for name, shot in SHOTS.items() for spoken in LANGUAGES.get(shot.who, ("zh", "en"))]

Visit = Callable[[str, str], Page]


@pytest.fixture(scope="module")
def scenery(tmp_path_factory) -> Iterator[Scenery]:
    with Running(tmp_path_factory.mktemp("pages") / "data") as running:
        yield paint(running)


@pytest.fixture(scope="module")
def people(browser: Browser, scenery: Scenery) -> Iterator[dict[str, BrowserContext]]:
    """A browser for each kind of person, staff signed in."""
    with ExitStack() as stack:
        outside = stack.enter_context(phone(browser, has_touch=False))
        found = dict.fromkeys(("finder", "family", "stranger"), outside)
        for role in STAFF:
            account = scenery.running.account(role)
            found[role] = stack.enter_context(desk(browser, scenery.base_url, account, viewport=PHONE))
        yield found


@pytest.fixture
def visit(people, scenery) -> Iterator[Visit]:
    """`visit("login", "zh")` opens that page; it must not complain in the console."""
    complaints: list[str] = []
    opened: list[Page] = []

    def complain(said: ConsoleMessage) -> None:
        # The browser notes a page's own status, which is what the page is about.
        if said.type == "error" and "the server responded with a status of 4" not in said.text:
            complaints.append(said.text)

    def look(name: str, spoken: str) -> Page:
        shot = SHOTS[name]
        context = people[shot.who]
        context.add_cookies([{"name": "language", "value": spoken, "url": scenery.base_url}])
        page = context.new_page()
        page.on("console", complain)
        opened.append(page)
        open_shot(page, scenery, shot, spoken)
        return page

    yield look
    for page in opened:
        page.close()
    assert not complaints


def open_shot(page: Page, scenery: Scenery, shot: Shot, spoken: str) -> None:
    path = scenery.path(shot)
    page.goto(f"{scenery.base_url}{path}{'&' if '?' in path else '?'}l={spoken}")
    if shot.sent is not None:
        with page.expect_navigation():
            page.evaluate(SEND, [shot.form, scenery.sent(shot)])


SEND = """([where, typed]) => {
  const form = document.querySelector(where);
  for (const [name, value] of Object.entries(typed)) {
    const field = form.elements[name];
    if (field && field.type === 'checkbox') field.checked = true;
    else if (field && !field.length) field.value = value;
    else if (field && field.tagName === 'SELECT') field.value = value;
    else if (field) [...field].forEach((one) => { one.checked = one.value === value; one.disabled = false; });
  }
  HTMLFormElement.prototype.submit.call(form);
}"""


@pytest.mark.parametrize(("name", "spoken"), CASES)
def test_everybody_can_read_it_and_use_it(visit, name, spoken):
    """In Chinese and Korean by day, in English by night."""
    page = visit(name, spoken)
    page.emulate_media(color_scheme="dark" if spoken == "en" else "light")
    looking.open_everything(page)
    found = looking.foreign_words(page, spoken)
    found += looking.small_things(page, finders=SHOTS[name].who == "finder")
    found += looking.overflow(page)
    found += looking.barriers(page)
    if spoken == "zh":
        found += looking.focus_trouble(page)
    assert not found, "\n".join(found)
