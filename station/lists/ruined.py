"""Numbers that a spreadsheet has ruined: what it did to an identity number, a phone or a date, and how to mend it."""

import re
import unicodedata

from station import phones
from station.errors import Invalid
from station.vocabulary import N_

ROUNDED = N_(
    "The spreadsheet has rounded this identity number (2.2E+17) and its last digits are lost. "
    "Format the column as text and type the number again."
)
ZEROS = N_(
    "This identity number ends in 000, as a spreadsheet leaves it that knows 15 digits only. Format the column as "
    "text and type the number again; if it is right, enter this elder at the desk."
)
SHORT = N_(
    "This identity number has %(count)s digits; one at the beginning or end is lost. Compare it with the card."
)
PHONE = N_("The spreadsheet has rounded this phone number. Format the column as text and type it again.")
FORMULA = N_("This is a formula. Write the value itself (copy the column, then paste as values).")
ZERO_RESTORED = N_("The leading 0 was lost; the number was read as %(phone)s.")
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d*)?E\+?\d+", re.IGNORECASE)


def refuse_formula(field: str, text: str) -> None:
    """Raises Invalid. A formula is never computed, and its text is nobody's name."""
    if text.startswith(("=", "＝")):
        raise Invalid(field, FORMULA)


def identity_number(text: str) -> str:
    """The cell as it may be read on. Raises Invalid when digits are lost."""
    plain = _plain(text)
    if _SCIENTIFIC.fullmatch(plain):
        raise Invalid("identity_number", ROUNDED)
    if re.fullmatch(r"\d{15}000", plain):
        raise Invalid("identity_number", ZEROS)
    if re.fullmatch(r"\d{16,17}", plain):
        raise Invalid("identity_number", SHORT, count=len(plain))
    return text


def phone(field: str, text: str, area_code: str) -> tuple[str, list[Invalid]]:
    """The cell as it may be read on, and what its reader should know. Raises Invalid when digits are lost."""
    plain = _plain(text).removesuffix(".0")
    if _SCIENTIFIC.fullmatch(plain):
        raise Invalid(field, PHONE)
    if not re.fullmatch(r"[1-9]\d{8,10}", plain) or re.fullmatch(r"1[3-9]\d{9}", plain):
        return (plain if plain.isdigit() else text), []
    try:
        read = phones.parse(f"0{plain}", area_code=area_code)
    except phones.PhoneError:
        return text, []
    return f"0{plain}", [Invalid(field, ZERO_RESTORED, phone=read.shown)]


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text)
    return "".join(c for c in folded if unicodedata.category(c) != "Cf" and c not in " -\u3000'’")
