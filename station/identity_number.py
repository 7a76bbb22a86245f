"""The resident identity number: what was typed, checked, and what it tells about its holder."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from station import ages

MAX_AGE = 125  # years; the oldest documented person reached 122

REASONS = {
    "characters": "The identity number has 17 digits and then a digit or X. Remove everything else.",
    "old_form": "This is the old 15-digit number. Type the 18 digits of the present card, or leave the field empty.",
    "length": "The identity number has 18 characters. Count them and type the number again.",
    "check_digit": "A digit is mistyped or two digits are swapped. Compare the number with the card.",
    "birth_date": "Digits 7 to 14 are no date. Compare the number with the card.",
    "future": "The birth date in this number is in the future. Compare the number with the card.",
    "age": f"The holder of this number would be older than {MAX_AGE}. Compare the number with the card.",
}

# Weight of place i (from the left) is 2^(17-i) mod 11; the check character brings the sum to 1 mod 11.
_WEIGHTS = tuple(pow(2, 17 - place, 11) for place in range(17))


class IdentityNumberError(ValueError):
    """A text that is no identity number; `code` is a key of REASONS. Never quotes the text."""

    def __init__(self, code: str) -> None:
        super().__init__(REASONS[code])
        self.code = code


@dataclass(frozen=True)
class IdentityNumber:
    birth_date: date
    sex: Literal["male", "female"]
    last_four: str
    # Out of repr, so that no log or traceback shows the whole number.
    normal: str = field(repr=False)


def parse(text: str, *, today: date) -> IdentityNumber:
    """Read an 18-character number in any typing (full-width, spaces, dashes, small x).

    Source: GB 11643-1999 (structure: county 6, birth date 8, serial 3 with odd for male, check 1) and
    ISO 7064 MOD 11-2 (check character). Raises IdentityNumberError.

    The county code is not looked at: counties are renamed and merged, and a table of them refuses most
    numbers given out before 1990.
    """
    normal = _normal(text)
    _check_form(normal)
    if normal[17] != _check_character(normal[:17]):
        raise IdentityNumberError("check_digit")
    return IdentityNumber(
        birth_date=_birth_date(normal[6:14], today),
        sex="male" if int(normal[16]) % 2 else "female",
        last_four=normal[14:],
        normal=normal,
    )


def _normal(text: str) -> str:
    # Numbers pasted from chats and spreadsheets carry invisible format characters (category Cf).
    ascii_like = unicodedata.normalize("NFKC", text).upper()
    visible = "".join(c for c in ascii_like if unicodedata.category(c) != "Cf")
    return re.sub(r"[\s\-‐-―−]", "", visible)


def _check_form(normal: str) -> None:
    if re.search("[^0-9X]", normal):
        raise IdentityNumberError("characters")
    if re.fullmatch("[0-9]{15}", normal):
        raise IdentityNumberError("old_form")
    if len(normal) != 18:
        raise IdentityNumberError("length")
    if "X" in normal[:17]:
        raise IdentityNumberError("characters")


def _check_character(body: str) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return "0123456789X"[(1 - total) % 11]


def _birth_date(digits: str, today: date) -> date:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise IdentityNumberError("birth_date") from None
    if born > today:
        raise IdentityNumberError("future")
    if ages.years(born, today) > MAX_AGE:
        raise IdentityNumberError("age")
    return born
