"""Every page a person can see, looked at in a real browser: everybody can read it, reach it and use it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import looking
import pytest
from browser import desk, phone
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect
from running import Running
from scenery import Scenery, paint
from shots import SHOTS, Shot

pytestmark = pytest.mark.e2e

STAFF = ("worker", "secretary", "operator")
# The narrowest phone; whatever fits here fits everywhere.
NARROW = {"width": 320, "height": 640}
CASES = [(name, spoken) for name, shot in SHOTS.items() for spoken in shot.languages]

Visit = Callable[[str, str], Page]


@pytest.fixture(scope="module")
def scenery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenery]:
    """A station of its own: the phones of one that other tests use show their newest messages alone."""
    with Running(tmp_path_factory.mktemp("scenery") / "data") as running:
        yield paint(running)


@pytest.fixture(scope="module")
def people(browser: Browser, scenery: Scenery) -> Iterator[dict[str, Page]]:
    """A page in a browser of each kind of person, staff signed in."""
    with ExitStack() as stack:
        outside = stack.enter_context(phone(browser, viewport=NARROW, has_touch=False))
        contexts = dict.fromkeys(("finder", "family", "stranger"), outside)
        entered = {"name": "station-family", "value": scenery.values["family session"]}
        outside.add_cookies([entered | {"url": f"{scenery.base_url}/mine"}])
        for role in STAFF:
            account = scenery.running.account(role)
            contexts[role] = stack.enter_context(desk(browser, scenery.base_url, account, viewport=NARROW))
        for context in set(contexts.values()):
            looking.equip(context)
        yield {who: context.new_page() for who, context in contexts.items()}


@pytest.fixture
def visit(people, scenery) -> Iterator[Visit]:
    """`visit("login", "zh")` opens that page, which must not complain in the console nor ask another host."""
    complaints: list[str] = []
    watched: list[Page] = []

    def complain(said: ConsoleMessage) -> None:
        # The browser notes a page's own status, which is what the page is about.
        if said.type == "error" and "the server responded with a status of 4" not in said.text:
            complaints.append(said.text)

    def note_host(asked: Request) -> None:
        if not asked.url.startswith((scenery.base_url, "data:", "blob:")):
            complaints.append(f"asks {asked.url}")

    def look(name: str, spoken: str) -> Page:
        shot = SHOTS[name]
        page = people[shot.who]
        page.on("console", complain)
        page.on("request", note_host)
        watched.append(page)
        page.context.add_cookies([{"name": "language", "value": spoken, "url": scenery.base_url}])
        if shot.session:
            kept = {"name": "station-form", "value": scenery.values[shot.session], "url": scenery.base_url}
            page.context.add_cookies([kept])
        page.emulate_media(color_scheme="dark" if spoken == "en" else "light")
        open_shot(page, scenery, shot, spoken)
        return page

    yield look
    for page in watched:
        page.remove_listener("console", complain)
        page.remove_listener("request", note_host)
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
    else if (field && field.type === 'file') {
      const chosen = new DataTransfer();
      chosen.items.add(new File([value], 'table.csv'));
      field.files = chosen.files;
    }
    else if (field && !field.length) field.value = value;
    else if (field && field.tagName === 'SELECT') field.value = value;
    else if (field) [...field].forEach((one) => { one.checked = one.value === value; one.disabled = false; });
  }
  setTimeout(() => HTMLFormElement.prototype.submit.call(form));  // not before this call has been answered
}"""


@pytest.mark.parametrize(("name", "spoken"), CASES)
def test_everybody_can_read_it_and_use_it(visit, name, spoken):
    """In Chinese and Korean by day, in English by night."""
    page = visit(name, spoken)
    looking.open_everything(page)
    found = looking.foreign_words(page, spoken)
    found += looking.small_things(page, finders=SHOTS[name].who == "finder")
    found += looking.overflow(page)
    found += looking.barriers(page)
    if spoken == "zh":
        found += looking.focus_trouble(page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", ["login", "apply", "elders", "incident going"])
def test_the_bar_can_be_skipped(visit, name):
    page = visit(name, "zh")
    looking.go_to_top(page)
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_focused()
    assert skip.bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
