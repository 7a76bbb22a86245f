"""Telephone numbers: what people type, in one form to store, one to show and one to dial."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat

REASONS = {
    "empty": "Type a phone number.",
    "characters": "Type one phone number, only digits. Remove words and other signs.",
    "extension": "Calls go out without an extension. Type a number that rings directly, such as a mobile.",
    "short_code": "This is a public service number. Type the number of a person.",
    "country": "This country code does not exist. Begin with +86 or leave the code out.",
    "length": "The number is too short, too long or begins wrongly. Compare it and type it again.",
}

# 110, 12345, 10086, 95588, 96110 …: three to six digits that reach a service from any area.
_SHORT_CODE = re.compile(r"1\d\d|1[02]\d{3}|9\d{4,5}")
_EXTENSION = re.compile(
    r"(?:转|轉|分机|分機|ext\.?|#|;ext=)\s*\d+$|\b0\d{2,3}-?\d{7,8}-\d{1,5}$", re.IGNORECASE
)
_BETWEEN_DIGITS = re.compile(r"[\s\-‐-―−ー()\[\]【】〔〕.·]")


class PhoneError(ValueError):
    """A text that is no telephone number; `code` is a key of REASONS. Never quotes the text."""

    def __init__(self, code: str) -> None:
        super().__init__(REASONS[code])
        self.code = code


@dataclass(frozen=True)
class Phone:
    e164: str  # +8643262012345: to store and compare
    shown: str  # 0432-62012345: to read and to copy by hand
    tel_uri: str  # tel:+86-432-6201-2345: for a link


def parse(text: str, *, area_code: str) -> Phone:
    """Read a number in any typing; a local one is completed with the station's `area_code` ("0432").

    Full-width digits, spaces, dashes, brackets, +86, 0086 and a 0 before a mobile are understood; numbers of
    other countries need their + or 00. Raises PhoneError.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf").strip()
    if _EXTENSION.search(plain):
        raise PhoneError("extension")
    digits = _BETWEEN_DIGITS.sub("", plain)
    if not digits:
        raise PhoneError("empty")
    if not re.fullmatch(r"\+?[0-9]+", digits):
        raise PhoneError("characters")
    return _shown(_checked(_complete(digits, area_code)))


@lru_cache(maxsize=256)
def from_e164(e164: str) -> Phone:
    """Return the other forms of a stored number that `parse` made."""
    return _shown(phonenumbers.parse(e164, None))


def mask(e164: str) -> str:
    """Hide the middle of a stored number: 199****0001, 0432-****2345; +82******5678 for other countries."""
    number = phonenumbers.parse(e164, None)
    digits = phonenumbers.national_significant_number(number)
    if number.country_code != 86:
        ending = digits[-min(4, len(digits) // 2) :]  # some countries have numbers of three digits
        return f"+{number.country_code}{'*' * (len(digits) - len(ending))}{ending}"
    area = phonenumbers.length_of_geographical_area_code(number)
    if area and not _is_mobile(digits):
        return f"0{digits[:area]}-{'*' * (len(digits) - area - 4)}{digits[-4:]}"
    return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"


def _complete(digits: str, area_code: str) -> str:
    """Turn typed digits into + and country code, as phonenumbers wants them."""
    if digits.startswith("+"):
        return digits
    if digits.startswith("00"):
        return "+" + digits[2:]
    if _SHORT_CODE.fullmatch(digits):
        raise PhoneError("short_code")
    if re.fullmatch(r"86[1-9]\d{9,10}", digits):
        return "+" + digits
    # phonenumbers does not know where the station is and would take 62012345 for a whole number.
    if re.fullmatch(r"[2-9]\d{6,7}", digits):
        return "+86" + area_code.lstrip("0") + digits
    return "+86" + digits.removeprefix("0")


def _checked(completed: str) -> PhoneNumber:
    try:
        number = phonenumbers.parse(completed, None)
    except phonenumbers.NumberParseException as error:
        wrong_country = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        raise PhoneError("country" if wrong_country else "length") from None
    digits = phonenumbers.national_significant_number(number)
    if number.country_code == 86 and _SHORT_CODE.fullmatch(digits):
        raise PhoneError("short_code")
    if not _is_acceptable(number, digits):
        raise PhoneError("length")
    return number


def _is_acceptable(number: PhoneNumber, digits: str) -> bool:
    # The library's full check is used where numbers change slowly: it knows that 0432 has eight digits and so
    # notices a forgotten one. It is not asked about mobiles, whose prefixes are opened to carriers (and to
    # demonstrations with numbers nobody has, 199 0000 0001) before a release of the library knows them, nor
    # about other countries: to refuse a daughter's true number is worse than to keep a wrong one.
    if number.country_code == 86:
        return _is_mobile(digits) or phonenumbers.is_valid_number(number)
    return phonenumbers.is_possible_number(number)


def _is_mobile(digits: str) -> bool:
    return re.fullmatch(r"1[3-9]\d{9}", digits) is not None


def _shown(number: PhoneNumber) -> Phone:
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    uri = phonenumbers.format_number(number, PhoneNumberFormat.RFC3966)
    if number.country_code != 86:
        return Phone(e164, phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL), uri)
    digits = phonenumbers.national_significant_number(number)
    if _is_mobile(digits):
        return Phone(e164, f"{digits[:3]} {digits[3:7]} {digits[7:]}", uri)
    area = phonenumbers.length_of_geographical_area_code(number)
    if area:
        return Phone(e164, f"0{digits[:area]}-{digits[area:]}", uri)
    # 400 and 800 numbers are not reached through +86. RFC 3966 wants ";phone-context=+86" behind the local
    # form, which Android dialers take for a pause and more digits.
    return Phone(e164, f"{digits[:3]}-{digits[3:6]}-{digits[6:]}", f"tel:{digits}")
