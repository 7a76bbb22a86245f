"""The card of an elder: all that strangers may see, and nothing but what was consented item by item."""

from dataclasses import dataclass
from typing import Any

from station import vocabulary
from station.db import StationDatabase
from station.enrolment import Enrolment
from station.seal import Unsealable
from station.vault import Vault


@dataclass(frozen=True)
class PublicItems:
    """All that the family lets strangers see; empty unless consented item by item."""

    call_name: str = ""
    hints: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()  # shown only after the "hurt" press


def of_elder(db: StationDatabase, vault: Vault, elder_id: int | None) -> PublicItems:
    """What strangers may see of an elder; nothing when the elder is unknown or nothing was consented."""
    row = db.row("SELECT uid, card FROM elder WHERE id = ?", elder_id) if elder_id else None
    return PublicItems() if row is None else _opened(vault, row)


def worn(db: StationDatabase, vault: Vault, station: int, serial: int) -> tuple[str, PublicItems] | None:
    """The number of a badge and what strangers may see of who wears it; None when there is no such badge."""
    row = db.row(
        "SELECT badge.number, elder.uid, elder.card FROM badge LEFT JOIN elder ON elder.id = badge.elder_id "
        "WHERE badge.station = ? AND badge.serial = ?",
        station,
        serial,
    )
    if row is None:
        return None
    try:
        return row["number"], _opened(vault, row)
    except Unsealable:  # erased: the badge still leads to the hotline
        return row["number"], PublicItems()


def _opened(vault: Vault, row: dict[str, Any]) -> PublicItems:
    if row["card"] is None:
        return PublicItems()
    card = vault.open(f"elder/{row['uid']}", f"elder|{row['uid']}|card", row["card"])
    return PublicItems(card["call_name"], tuple(card["hints"]), tuple(card["flags"]))


def preview(enrolment: Enrolment) -> PublicItems:
    """What a stranger would see if this form were saved."""
    allowed = vocabulary.in_force(enrolment.consents)
    critical = tuple(code for code in enrolment.health_notes if code in vocabulary.LIFE_CRITICAL)
    return PublicItems(
        call_name=enrolment.call_name if "page_call_name" in allowed else "",
        hints=enrolment.hints if "page_hints" in allowed else (),
        flags=critical if "page_flags" in allowed else (),
    )
