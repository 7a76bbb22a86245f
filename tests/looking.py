"""What a person with a keyboard, a small screen or another language would stumble over on a page, as a list of words."""

import json
import re

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Page

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
LANG = {"zh": "zh-CN", "en": "en", "ko": "ko"}
# Latin words that stand on a Chinese or Korean page for a reason.
FOREIGN = {
    "english",
    "pdf",
    "png",
    "svg",
    "jpeg",
    "webp",
    "enter",
    "ctrl",
    "javascript",
    "wxl",
    "zip",
    "sha",
    "excel",
    "wps",
    "csv",
    "xlsx",
    "wgs",
    "gcj",
    "bark",
    "apprise",
    "server",
    "webhook",
    "https",
}

_OPEN = "() => document.querySelectorAll('details').forEach((one) => { one.open = true; })"
_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 4).map((e) => `wider than the screen: ${e.outerHTML.slice(0, 120)}`).concat('scrolls sideways')"""
# An inline link in a sentence may be as high as its line (WCAG 2.5.8); everything else is aimed at with a thumb.
_SMALL = """([font, main]) => {
  const inSentence = (e) => getComputedStyle(e).display === 'inline';
  const found = [];
  for (const e of document.querySelectorAll('button, input, select, textarea, summary, a[href]')) {
    if (e.type === 'hidden' || !e.checkVisibility({visibilityProperty: true}) || e.closest('.skip, [hidden]')) continue;
    if (e.tagName === 'A' && inSentence(e)) continue;
    const style = getComputedStyle(e), aim = e.matches('[type=checkbox], [type=radio]') ? e.closest('label') : e;
    const height = aim.getBoundingClientRect().height, least = main && e.matches('.c, .o, .h, button') ? 60 : 44;
    if (parseFloat(style.fontSize) < font) found.push(`type of ${style.fontSize}: ${e.outerHTML.slice(0, 120)}`);
    if (height < least) found.push(`${height} px high: ${aim.outerHTML.slice(0, 160)}`);
  }
  return found;
}"""
_WORDS = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [document.title];
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!parent.closest('script, style, noscript, textarea, [lang]:not(html)')) found.push(node.data);
  }
  for (const e of document.querySelectorAll('*')) {
    for (const name of ['aria-label', 'placeholder', 'alt', 'title']) if (e.hasAttribute(name)) found.push(e.getAttribute(name));
    if (!e.closest('script, style')) for (const word of Object.values(e.dataset)) if (/[a-z] [a-z]/i.test(word)) found.push(word);
  }
  return found.map((text) => text.replace(/\\s+/g, ' ').trim()).filter(Boolean);
}"""


def equip(context: BrowserContext) -> None:
    """Give every page of the context the accessibility rules."""
    context.add_init_script(AXE_SCRIPT)


def open_everything(page: Page) -> None:
    """What waits behind a summary is part of the page."""
    page.evaluate(_OPEN)


def barriers(page: Page) -> list[str]:
    """What axe finds."""
    options = {
        "runOnly": {"type": "tag", "values": RULES},
        "resultTypes": ["violations"],
        "preload": False,
        "selectors": False,
    }
    answer = page.evaluate(f"axe.run(document, {json.dumps(options)})")
    return [
        f"axe {one['id']}: {node['html'][:160]} {node['failureSummary']}"
        for one in answer["violations"]
        for node in one["nodes"]
    ]


def overflow(page: Page) -> list[str]:
    """What makes the page scroll sideways."""
    return page.evaluate(_WIDE)


def small_things(page: Page, *, finders: bool) -> list[str]:
    """Controls whose words or whose height are too small."""
    return page.evaluate(_SMALL, [18 if finders else 16, finders])


def foreign_words(page: Page, language: str) -> list[str]:
    """Texts in another language than the page's."""
    wrong = [] if page.locator("html").get_attribute("lang") == LANG[language] else ["html lang is wrong"]
    texts = page.evaluate(_WORDS)
    if language == "en":
        return wrong
    return wrong + [f"not translated: {text}" for text in texts if _has_latin(text)]


def _has_latin(text: str) -> bool:
    words = re.findall(r"[A-Za-z]{3,}", re.sub(r"https?://\S+|/p/\w+|\b\w*\d\w*\b", "", text))
    return any(word.lower() not in FOREIGN for word in words)


# The next Tab begins at the top of the page, wherever the page itself has put the focus.
_TO_TOP = """() => {
  const top = document.createElement('a');
  top.tabIndex = -1;
  document.body.prepend(top);
  top.focus();
  top.remove();
}"""
# Numbers the controls in the order of the page and notes what each Tab finds.
_WATCH_TABS = """() => {
  window.controls = () => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
    .filter((e) => !e.disabled && e.tabIndex >= 0 && e.type !== 'hidden' && e.checkVisibility({visibilityProperty: true}))
    // Of a group of radio buttons Tab reaches one; the arrows do the rest.
    .filter((e, _, all) => e.type !== 'radio' || e === (all.find((o) => o.name === e.name && o.checked) || all.find((o) => o.name === e.name)));
  window.visited = [];
  controls().forEach((e, n) => { e.dataset.stop = n; });
  document.addEventListener('focusin', ({target: e}) => {
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== 'none';
    const at = document.elementFromPoint(
      Math.min(Math.max(box.x + box.width / 2, 0), innerWidth - 1),
      Math.min(Math.max(box.y + Math.min(box.height, 40) / 2, 0), innerHeight - 1));
    const seen = at && (e.contains(at) || at.contains(e) || e.labels && [...e.labels].some((l) => l.contains(at)));
    visited.push([e.dataset.stop, ring, Boolean(seen), e.outerHTML.slice(0, 120)]);
  });
  return controls().length;
}"""
_TABS = """() => [visited, controls().some((e) => !e.dataset.stop) || document.querySelectorAll('[data-stop]').length]"""


def go_to_top(page: Page) -> None:
    page.evaluate(_TO_TOP)


def focus_trouble(page: Page) -> list[str]:
    """Tab from the top: every control in the order of the page, each seen and with its ring."""
    go_to_top(page)
    count = page.evaluate(_WATCH_TABS)
    for _ in range(count):
        page.keyboard.down("Tab")
    page.keyboard.up("Tab")
    visited, numbered = page.evaluate(_TABS)
    if numbered != count:  # the page follows what happens and has renewed a part meanwhile
        page.reload()
        return focus_trouble(page)
    found = [] if len(visited) == count else [f"Tab reached {len(visited)} of {count} controls"]
    for n, (stop, ring, seen, what) in enumerate(visited):
        if stop != str(n):
            return [*found, f"Tab number {n} went to {stop}: {what}"]
        found += [f"{trouble}: {what}" for trouble, fine in (("no ring", ring), ("hidden", seen)) if not fine]
    return found
