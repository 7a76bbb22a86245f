"""A family that applies from home, page after page, over whatever speaks HTTP."""

import re
from collections.abc import Callable
from typing import Any

# method, path, form fields -> the page at which it ends
Open = Callable[[str, str, dict[str, Any] | None], str]

ZHAO = {
    "who": {"given_by": "relative"},
    "name": {"name": "赵桂芝"},
    "birth": {"birth_date": "1944-11-02"},
    "where": {"community_id": "1", "address": "江畔小区7号楼1单元202"},
    "you": {"contact1_phone": "199 0000 0077", "contact1_name": "赵刚", "contact1_relation": "son"},
    "code": {"do": "skip"},
    "contacts": {},
    "health": {"health_notes": ["memory", "heart"], "history": "爱听戏。"},
    "stranger": {"call_name": "赵奶奶", "hints": ["slowly"]},
    "shown": {"consents": ["page_hints"]},
    "identity": {},
    "portrait": {},
    "consent": {"consents": ["record", "family_place"]},
}


class Family:
    """Somebody with a browser. `page` is what it shows."""

    def __init__(self, open_page: Open) -> None:
        self.open = open_page
        self.page = ""
        self.code = ""

    def look(self, path: str) -> str:
        self.page = self.open("GET", path, None)
        return self.page

    def press(self, path: str, **fields: Any) -> str:
        """Send the form of the page that is shown, with its hidden fields."""
        hidden = {
            name: found[1]
            for name in ("csrf_token", "draft")
            if (found := re.search(rf'name="{name}" value="([^"]+)"', self.page))
        }
        self.page = self.open("POST", path, hidden | fields)
        if found := re.search(r"<b class=\"number\">(\d{4} \d{4} \d{4})</b>", self.page):
            self.code = found[1]
        return self.page

    def begin(self) -> "Family":
        self.look("/apply?l=zh")
        self.press("/apply?l=zh")
        return self

    def fill(self, answers: dict[str, dict[str, Any]] = ZHAO, *, until: str = "") -> "Family":
        """Go through the pages, the one called `until` and all after it left out."""
        for step, fields in answers.items():
            if step == until:
                break
            self.press(f"/apply/{step}?l=zh", **fields)
        return self

    def send(self) -> "Family":
        self.look("/apply/check?l=zh")
        self.press("/apply/send?l=zh")
        return self


def applied(open_page: Open, answers: dict[str, dict[str, Any]] = ZHAO) -> Family:
    """The whole way, up to the receipt."""
    return Family(open_page).begin().fill(answers).send()
