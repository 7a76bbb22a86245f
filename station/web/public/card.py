"""HelpCard: all that a stranger may see of a badge, with or without a database."""

import time
from dataclasses import dataclass, replace
from typing import NamedTuple

from station import cards, places, vocabulary
from station.db import DatabaseError, commits
from station.emergency import StationCard
from station.errors import StorageGone
from station.issuing import records
from station.seal import Unsealable
from station.web import connection

# What a database does that is missing, damaged, full or sealed with another keyring.
UNREACHABLE = (StorageGone, DatabaseError, Unsealable)
HOLDS_S = 1.0
MOST_SEEN = 4096


@dataclass(frozen=True)
class HelpCard:
    """The finder's pages know this of a badge and nothing else. Consented items are empty unless consented."""

    station_name: str
    hotline_shown: str
    hotline_uri: str
    number: str = ""  # as printed on the badge
    call_name: str = ""
    hints: tuple[str, ...] = ()  # codes of vocabulary.HINTS
    flags: tuple[str, ...] = ()  # codes of vocabulary.HEALTH_NOTES; only after the "hurt" press


class Seen(NamedTuple):
    """The two cards of a badge's page, as the database had them after so many commits."""

    until: float  # of time.monotonic
    written: tuple[int, int]
    plain: HelpCard
    badge: HelpCard


# A badge whose station is not in the emergency file: the police bring elders home as well.
POLICE = HelpCard("", "110", "tel:110")


def of_station(station: int) -> HelpCard:
    """The station's hotline, from the sealed file that outlives the database."""
    card = connection.emergency().card(station)
    return _plain(card) if card else POLICE


def hotlines() -> list[HelpCard]:
    """Every station of this instance; empty when the emergency file was never readable."""
    content = connection.emergency().now()
    return [_plain(card) for card in content.stations] if content else []


def point(station: int) -> places.Point | None:
    """Where the station is, by which swapped coordinates are noticed."""
    card = connection.emergency().card(station)
    return places.Point(card.lat, card.lon) if card else None


def of_page(station: int, serial: int) -> tuple[HelpCard, HelpCard]:
    """The station's plain card and the badge's own, with its number and consented items.

    A picture of a badge that goes round is opened by thousands at once; they cost the database one look a second, or
    one for each commit. What another program writes (the command line, a restore) is seen within that second.
    """
    seen, at, written = connection.service().seen, time.monotonic(), commits()
    known = seen.get((station, serial))
    if known is None or known.until < at or known.written != written:
        plain = of_station(station)
        known = Seen(at + HOLDS_S, written, plain, _of_badge(plain, station, serial))
        if len(seen) >= MOST_SEEN:
            seen.clear()
        seen[station, serial] = known
    return known.plain, known.badge


def _of_badge(plain: HelpCard, station: int, serial: int) -> HelpCard:
    """The plain card with the badge's number and its consented items; without them while the database cannot answer.

    It never depends on the state of badge, elder or incident: a photo of a badge must not become a monitor.
    """
    try:
        worn = cards.worn(connection.get_db(), connection.get_vault(), station, serial)
    except UNREACHABLE:
        return plain
    if worn is None:
        return plain
    number, items = worn
    return replace(
        plain,
        number=records.shown_number(number),
        call_name=items.call_name,
        hints=tuple(hint for hint in items.hints if hint in vocabulary.HINTS),
    )


def of_report(station: int, serial: int | None, *, hurt: bool) -> HelpCard:
    """The card on a finder's status page: the number, and after the "hurt" press the life-critical flags."""
    plain, db, vault = of_station(station), connection.get_db(), connection.get_vault()
    worn = None if serial is None else cards.worn(db, vault, station, serial)
    if worn is None:
        return plain
    number, items = worn
    flags = items.flags if hurt else ()
    return replace(
        plain,
        number=records.shown_number(number),
        flags=tuple(flag for flag in flags if flag in vocabulary.LIFE_CRITICAL),
    )


def _plain(card: StationCard) -> HelpCard:
    return HelpCard(card.name, card.hotline_shown, card.hotline_uri)
