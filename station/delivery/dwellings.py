"""A living place as typed, taken apart into compound, building, unit and door, so that a walk has an order."""

import re
import unicodedata
from dataclasses import dataclass

_LAST = 10**9  # what has no number comes after what has one
_HAN = {digit: value for value, digit in enumerate("零一二三四五六七八九十")}
_NUMBER = r"(\d+|[一二三四五六七八九十]+|(?<![A-Za-z])[A-Za-z]\d*)"
_BUILDING = re.compile(rf"(.*?){_NUMBER}\s*(号楼|号院|栋|幢|座|#楼|#|楼(?!层))(.*)")
_UNIT = re.compile(rf"[-,，]?{_NUMBER}(?:单元|门洞|门)(.*)")
_TRIPLE = re.compile(r"(\D*?)(\d+)-(\d+)-(\d+)(?:室|号|户)?")
_PAIR = re.compile(r"(\d+)-(\d+)(?:室|号|户)?")
_STREET = re.compile(r"(\D+)(\d.*)")
_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Dwelling:
    """Where somebody lives, without the part of the address that the whole station shares."""

    compound: str  # 帝景小区; of a house in a street or a village, the street
    building: str  # 105号楼; empty where there is none
    unit: str
    door: str

    @property
    def house(self) -> str:
        """The building as people say it."""
        return f"{self.compound} {self.building}".strip()

    @property
    def same_house(self) -> tuple[str, object]:
        """Equal for 105号楼 and 105栋 of one compound."""
        return self.compound, self.building if self.number is None else self.number

    @property
    def inside(self) -> str:
        """What is left to find once one stands before the building."""
        return " ".join(part for part in (self.unit, self.door) if part)

    @property
    def number(self) -> int | None:
        """The building's number; None when it has none."""
        return _number(self.building)

    @property
    def order(self) -> tuple[object, ...]:
        """A walk's order: building 9 before 12, door 301 before 1002."""
        number = self.number
        return (
            self.compound,
            _LAST if number is None else number,
            self.building if number is None else "",
            _natural(self.unit),
            _natural(self.door),
        )


def parse(address: str, *without: str) -> Dwelling:
    """Take an address apart; `without` are prefixes that everybody there shares.

    What cannot be taken apart stays whole as the compound, so nobody falls off a list.
    """
    text = "".join(unicodedata.normalize("NFKC", address).split())
    for prefix in without:
        text = text.removeprefix("".join(unicodedata.normalize("NFKC", prefix).split()))
    building = _BUILDING.fullmatch(text)
    if building:
        compound, number, kind, rest = building.groups()
        return Dwelling(compound, f"{number}{'号楼' if kind.startswith('#') else kind}", *_inside(rest))
    triple = _TRIPLE.fullmatch(text)
    if triple:
        compound, number, unit, door = triple.groups()
        return Dwelling(compound, f"{number}号楼", f"{unit}单元", door)
    street = _STREET.fullmatch(text)
    return Dwelling(street[1], "", "", street[2]) if street else Dwelling(text, "", "", "")


def _inside(rest: str) -> tuple[str, str]:
    """Unit and door from what follows the building."""
    rest = rest.strip("-,，、 ")
    unit = _UNIT.fullmatch(rest)
    if unit:
        number = _number(unit[1])
        return f"{unit[1] if number is None else number}单元", unit[2].strip("-,，、 ")
    pair = _PAIR.fullmatch(rest)
    return (f"{pair[1]}单元", pair[2]) if pair else ("", rest)


def _number(text: str) -> int | None:
    """The first number in a text, also one to ninety-nine in Chinese digits."""
    found = _NUMBERS.search(text)
    if found:
        return int(found[1])
    digits = re.match("[一二三四五六七八九十]+", text)
    if not digits:
        return None
    tens, ten, ones = digits[0].rpartition("十")
    return (_HAN.get(tens, 1) * 10 if ten else 0) + _HAN.get(ones, 0)


def _natural(text: str) -> tuple[tuple[int, str], ...]:
    """Numbers by their size, words by their letters."""
    parts = _NUMBERS.split(text)
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts if part)
