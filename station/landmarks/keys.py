"""By which spellings a landmark is found in what people type: its names, pinyin, the number of a lamp post."""

import re
import unicodedata
from dataclasses import dataclass

from station import names

LONGEST = 40  # characters of a key
_DIGITS = str.maketrans("零〇一二三四五六七八九", "00123456789")
_BETWEEN = re.compile(r"[,，、;；/\n]+")
_STOP = re.compile(r"(公交车站|公交站|公共汽车站|汽车站|车站|站牌|站)$")
_LAMP = re.compile(
    r"(?:路灯杆?|灯杆|灯柱|灯|电线杆|电杆|杆|lamp\s*post|street\s*lamp|pole|가로등)\W*(?:编号|号码|号|no|번호)?\W*([a-z]{0,4}\W?\d{3,})",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(r"\s*([a-z]{0,4}\W?\d{5,})\s*", re.IGNORECASE)
# What many places are called: a name made of nothing else names none of them.
_GENERIC = re.compile(
    r"\d|号|第|门口|大门|正门|侧门|门|路口|路边|[东南西北中]|公交|汽车|车站|站牌|站|商店|超市|药店|药房|饭店|餐厅|书店|理发店|"
    r"便利店|银行|小学|中学|学校|幼儿园|医院|诊所|卫生院|派出所|警务室|公安局|广场|公园|小区|社区|灯杆|路灯|^灯"
)


@dataclass(frozen=True)
class Key:
    """A spelling as it is looked up. A weak one names a place only together with a person's judgement."""

    text: str
    strong: bool


def folded(text: str) -> str:
    """Letters and digits alone, of one width and case; Chinese digits as Arabic ones."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_DIGITS)
    return "".join(c for c in plain if c.isalnum())


def lamp_keys(text: str) -> set[str]:
    """The numbers of lamp posts that a text names, as keys; a long number alone is taken for one."""
    plain = unicodedata.normalize("NFKC", text)
    bare = _BARE_NUMBER.fullmatch(plain)
    found = [bare[1]] if bare else _LAMP.findall(plain)
    return {"灯#" + folded(one).lstrip("0") for one in found}


def of(kind: str, name: str, also: str) -> list[Key]:
    """All keys of a landmark; `also` holds further names between commas."""
    found: dict[str, bool] = {}
    for spoken in (name, *_BETWEEN.split(also)):
        for key in _spellings(kind, spoken):
            found.setdefault(key, _is_strong(key))
        if kind == "lamp_post":
            found |= dict.fromkeys(lamp_keys(spoken), True)
    return [Key(text, strong) for text, strong in found.items() if 2 <= len(text) <= LONGEST]


def _spellings(kind: str, spoken: str) -> list[str]:
    plain = folded(spoken)
    # People say 东市场 for the bus stop 东市场公交站.
    short = [_STOP.sub("", plain)] if kind == "stop" else []
    return [plain, *short, *names.search_keys(spoken)[:12]]


def _is_strong(key: str) -> bool:
    if key.isascii():
        # Initials and short words stand inside other words.
        return len(key) >= 6 and not key.isdigit()
    numbered = re.fullmatch(r"第\d+(小学|中学|医院)", key)
    return bool(numbered) or (len(key) >= 3 and len(_GENERIC.sub("", key)) >= 2)
