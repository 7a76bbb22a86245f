"""HelpCard: all that a stranger may see of a badge, with or without a database."""

from dataclasses import dataclass, replace

from station import cards, places, vocabulary
from station.db import DatabaseError, StationDatabase
from station.emergency import StationCard
from station.errors import StorageGone
from station.issuing import records
from station.seal import Unsealable
from station.web import connection

# What a database does that is missing, damaged, full or sealed with another keyring.
UNREACHABLE = (StorageGone, DatabaseError, Unsealable)


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


def of_badge(plain: HelpCard, station: int, serial: int) -> HelpCard:
    """The station's plain card with the badge's number and its consented items; without them while the database cannot answer.

    It never depends on the state of badge, elder or incident: a photo of a badge must not become a monitor.
    """
    try:
        db = connection.get_db()
        badge = records.by_serial(db, station, serial)
        if badge is None:
            return plain
        items = _items(db, badge.elder_id)
    except UNREACHABLE:
        return plain
    return replace(
        plain,
        number=records.shown_number(badge.number),
        call_name=items.call_name,
        hints=tuple(hint for hint in items.hints if hint in vocabulary.HINTS),
    )


def of_report(station: int, serial: int | None, *, hurt: bool) -> HelpCard:
    """The card on a finder's status page: the number, and after the "hurt" press the life-critical flags."""
    plain, db = of_station(station), connection.get_db()
    badge = None if serial is None else records.by_serial(db, station, serial)
    if badge is None:
        return plain
    flags = _items(db, badge.elder_id).flags if hurt else ()
    return replace(
        plain,
        number=records.shown_number(badge.number),
        flags=tuple(flag for flag in flags if flag in vocabulary.LIFE_CRITICAL),
    )


def _plain(card: StationCard) -> HelpCard:
    return HelpCard(card.name, card.hotline_shown, card.hotline_uri)


def _items(db: StationDatabase, elder_id: int | None) -> cards.PublicItems:
    try:
        return cards.of_elder(db, connection.get_vault(), elder_id)
    except Unsealable:  # erased: the badge still leads to the hotline
        return cards.PublicItems()
