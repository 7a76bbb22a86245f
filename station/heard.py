"""Badge numbers as they are read out: without the check digit, with one digit wrong, or only a part of them."""

import re
import unicodedata

from station import damm
from station.db import StationDatabase

SHORTEST, LONGEST = 3, 8  # digits that are known; fewer fit half the register, more are a phone's
MOST = 20
WHOLE = 6  # digits of a number that was read out from end to end
_SPOKEN = re.compile(r"[0-9_]+")


def like(db: StationDatabase, text: str, *, station: int) -> list[tuple[str, int | None]]:
    """Badges of a station that may be meant, as (number, elder or None of a blank one), the likeliest first.

    A question mark (also * and x) stands for a digit that nobody could read. Empty when the text is no part of a number, or fits none.
    """
    pattern = _pattern(text)
    if pattern is None:
        return []
    return (
        _fitting(db, station, pattern)
        or _fitting(db, station, f"{pattern}_")  # the check digit was left out
        or _one_wrong(db, station, pattern)
        or (_fitting(db, station, f"%{pattern}%") if len(pattern) < WHOLE else [])
    )


def _pattern(text: str) -> str | None:
    """What was typed as a LIKE pattern; None when it is no part of a badge number."""
    plain = re.sub(r"[\s\-–—]", "", unicodedata.normalize("NFKC", text))
    pattern = re.sub("[?*xX]", "_", plain)
    known = len(pattern.replace("_", ""))
    fits = _SPOKEN.fullmatch(pattern) and known >= SHORTEST and len(pattern) <= LONGEST
    return pattern if fits else None


def _fitting(db: StationDatabase, station: int, pattern: str) -> list[tuple[str, int | None]]:
    rows = db.rows(
        "SELECT number, elder_id FROM badge WHERE station = ? AND number LIKE ? ORDER BY number LIMIT ?",
        station,
        pattern,
        MOST,
    )
    return [(row["number"], row["elder_id"]) for row in rows]


def _one_wrong(db: StationDatabase, station: int, digits: str) -> list[tuple[str, int | None]]:
    """One digit was misheard, or two neighbours changed places: at most a dozen numbers can be meant."""
    if "_" in digits or len(digits) < WHOLE:
        return []
    found = [_fitting(db, station, number) for number in sorted(_neighbours(digits))]
    return [badge for badges in found for badge in badges]


def _neighbours(digits: str) -> set[str]:
    spots = range(len(digits))
    changed = {digits[:n] + other + digits[n + 1 :] for n in spots for other in "0123456789"}
    swapped = {digits[:n] + digits[n + 1] + digits[n] + digits[n + 2 :] for n in spots[:-1]}
    return {number for number in changed | swapped if damm.is_valid(number)}
