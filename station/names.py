"""People's names: cleaned for keeping, and found again by pinyin."""

import os
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import product

# Names are read character by character; the dictionary of phrases would cost every process 44 MB for nothing.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")

from pypinyin import Style, lazy_pinyin, pinyin  # noqa: E402

MAX_LENGTH = 40  # characters

REASONS = {
    "empty": "Type a name.",
    "too_long": f"A name has at most {MAX_LENGTH} characters. Shorten it.",
    "no_letters": "A name has letters or characters. Type it as the family writes it.",
    "control": "The name contains invisible characters. Delete it and type it again.",
}

_HAN = r"\u2e80-\u2fdf\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_DOTS = re.compile(r"\s*[·•‧∙⋅・･．]\s*")
_NO_LETTERS = re.compile(r"[\s·.,'’\-]+")


class PersonNameError(ValueError):
    """A text that is no name; `code` is a key of REASONS."""

    def __init__(self, code: str) -> None:
        super().__init__(REASONS[code])
        self.code = code


def validate(name: str) -> str:
    """Return the name as it is kept: one kind of middle dot, no padding between Chinese characters.

    Characters are not checked against a list: rare ones are in no list, or only in a later Unicode.
    Raises PersonNameError.
    """
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFC", name).strip())
    if not text:
        raise PersonNameError("empty")
    # Cc control, Cf invisible and direction-changing, Cs half of a surrogate pair.
    if any(unicodedata.category(c) in {"Cc", "Cf", "Cs"} for c in text):
        raise PersonNameError("control")
    text = re.sub(rf"(?<=[{_HAN}]) (?=[{_HAN}])", "", _DOTS.sub("·", text))
    if all(unicodedata.category(c)[0] in "PSZN" for c in text):  # marks, symbols, spaces and digits alone
        raise PersonNameError("no_letters")
    if len(text) > MAX_LENGTH:
        raise PersonNameError("too_long")
    return text


def search_keys(name: str) -> tuple[str, ...]:
    """Return what a searcher may type for `name`: initials and full pinyin, without tones or spaces.

    王秀兰 gives wxl and wangxiulan. The surname comes in every reading, because dictionaries prefer the everyday
    word to the surname (单 dan for shan, 朴 pu for piao, 曾 ceng for zeng). So do the next two characters: some
    belong to the surname (万俟 moqi), and nobody but the family knows whether 乐 is le or yue. Words in other
    scripts come in small letters and by their initials.
    """
    readings = [_readings(syllable, all_of_them=place < 3) for place, syllable in enumerate(_syllables(name))]
    keys: dict[str, None] = {}
    for reading in product(*readings):
        keys["".join(syllable[:1] for syllable in reading)] = None
        keys["".join(reading)] = None
    return tuple(sorted(filter(None, keys), key=len))


class Searchable:
    """A name made ready for searching: `name`, and what is compared."""

    __slots__ = ("_keys", "_lower", "name")

    def __init__(self, name: str, keys: Sequence[str]) -> None:
        self.name = name
        self._lower = name.lower()
        self._keys = "".join(f"\n{key}" for key in keys)


class Query:
    """What is searched for; an empty one matches everybody. Capitals, accents, spaces, dots and apostrophes do not count."""

    def __init__(self, text: str) -> None:
        self._typed = text
        self._folded = _folded(text)
        self._begins = f"\n{self._folded}"

    def matches(self, one: Searchable) -> bool:
        """Tell whether it is a part of the name or the beginning of one of its `search_keys`."""
        return (
            self._begins in one._keys
            or self._typed in one.name
            or self._folded in one._lower
            or not self._folded
        )


def _syllables(name: str) -> list[str]:
    """Split into single Chinese characters and whole words of other scripts."""
    return re.findall(rf"[{_HAN}]|[^{_HAN}\s·.,\-]+", name)


def _readings(syllable: str, *, all_of_them: bool) -> list[str]:
    if not re.match(f"[{_HAN}]", syllable):
        return [_folded(syllable)]
    if not all_of_them:
        return lazy_pinyin(syllable)
    found = pinyin(syllable, style=Style.NORMAL, heteronym=True)[0]
    # 吕 is typed lv, or lu by those who do not know that v stands for ü, and printed LYU in passports.
    return list(dict.fromkeys(r.replace("v", u) for r in found for u in ("v", "u", "yu")))


@lru_cache(maxsize=64)
def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", _NO_LETTERS.sub("", plain))


def masked(name: str) -> str:
    """A name for paper that may be lost: 王** for 王秀兰, J** for John Smith."""
    return f"{name[:1]}**"
