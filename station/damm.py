"""The Damm check digit, which lets a badge number be read over the phone safely."""

import re

# H. M. Damm, "Total anti-symmetrische Quasigruppen", dissertation, Marburg 2004: a totally anti-symmetric
# quasigroup of order 10 with zeros on its diagonal. It catches every single wrong digit and every swap of
# neighbours, which a decimal mod 10 scheme (Luhn) does not, and unlike ISO 7064 MOD 11-2 it needs no X.
_TABLE = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def check_digit(digits: str) -> str:
    """Return the digit to append to `digits` (ASCII digits, at least one; else ValueError).

    Zeros put in front do not change it, so a number should have a fixed length.
    """
    if not re.fullmatch("[0-9]+", digits):
        raise ValueError("A check digit can be computed only for the digits 0 to 9.")
    interim = 0
    for digit in digits:
        interim = int(_TABLE[interim][int(digit)])
    return str(interim)


def is_valid(number: str) -> bool:
    """Tell whether `number` consists of ASCII digits and ends with its check digit."""
    return re.fullmatch("[0-9]{2,}", number) is not None and check_digit(number[:-1]) == number[-1]
