"""The station's channels with their secrets, and the address of each person on them, all sealed."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any

from station import audit, seal
from station.db import StationDatabase, transaction
from station.errors import Invalid, NotFound
from station.vault import Vault

LONGEST_DESTINATION = 500
_MAILBOX = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")


@dataclass(frozen=True)
class Address:
    """One way to reach one person, ready to send."""

    id: int
    channel_id: int
    kind: str
    settings: Mapping[str, str]
    destination: str
    allow_private: bool


def add_channel(
    db: StationDatabase,
    vault: Vault,
    *,
    station: int,
    kind: str,
    label: str,
    settings: Mapping[str, str],
    allow_private: bool = False,
    now: datetime,
) -> int:
    """Set up a channel of a station. `settings` hold its secrets and are sealed under the station's key.

    `allow_private` lets it reach addresses inside this machine's own networks; a demonstration needs that.
    """
    uid = uuid.uuid4().hex
    vault.create([f"station/{station}"], now)
    sealed = vault.seal(f"station/{station}", f"channel|{uid}|settings", dict(settings))
    with transaction(db):
        return db.insert(
            "channel",
            uid=uid,
            station=station,
            kind=kind,
            label=label,
            settings=sealed,
            allow_private=int(allow_private),
        )


def open_channel(db: StationDatabase, vault: Vault, channel_id: int) -> tuple[Mapping[str, str], bool]:
    """The settings of a channel, unsealed, and whether it may reach the local network."""
    row = db.row("SELECT uid, station, settings, allow_private FROM channel WHERE id = ?", channel_id)
    assert row is not None, "the caller names an existing channel"
    opened = vault.open(f"station/{row['station']}", f"channel|{row['uid']}|settings", row["settings"])
    return opened, bool(row["allow_private"])


def door_of(vault: Vault, row: Mapping[str, Any]) -> str:
    """The secret end of the address at which a channel's provider speaks to the station; 32 hexadecimal digits.

    `row` has the channel's uid and door_epoch. It is made again when it is needed and stored nowhere, so that a
    stolen database opens no door.
    """
    epoch = row["door_epoch"]
    return seal.derived_token(vault.ring, "door", f"{row['uid']}|{epoch}" if epoch else row["uid"])


def renew_door(db: StationDatabase, channel_id: int) -> None:
    """Give a channel another address for what its provider reports; the one before opens nothing any more."""
    with transaction(db):
        db.write("UPDATE channel SET door_epoch = door_epoch + 1 WHERE id = ?", channel_id)


def at_door(db: StationDatabase, vault: Vault, door: str) -> dict[str, Any] | None:
    """The working channel whose door this is: id, kind, station, uid."""
    rows = db.rows("SELECT id, kind, station, uid, door_epoch FROM channel WHERE active = 1")
    return next((row for row in rows if compare_digest(door_of(vault, row).encode(), door.encode())), None)


def change_channel(db: StationDatabase, vault: Vault, channel_id: int, settings: Mapping[str, str]) -> None:
    row = db.row("SELECT uid, station FROM channel WHERE id = ?", channel_id)
    assert row is not None, "the caller names an existing channel"
    sealed = vault.seal(f"station/{row['station']}", f"channel|{row['uid']}|settings", dict(settings))
    with transaction(db):
        db.write("UPDATE channel SET settings = ? WHERE id = ?", sealed, channel_id)


def switch_channel(db: StationDatabase, channel_id: int, *, on: bool) -> None:
    """Switch a channel on or off; its addresses stay."""
    with transaction(db):
        db.write("UPDATE channel SET active = ? WHERE id = ?", int(on), channel_id)


def change_destination(db: StationDatabase, vault: Vault, address_id: int, destination: str) -> None:
    """Give an address another destination; its history stays."""
    row = db.row("SELECT uid, staff_id, contact_id FROM address WHERE id = ?", address_id)
    assert row is not None, "the caller names an existing address"
    owner = _owner(db, row["staff_id"], row["contact_id"])
    with transaction(db):
        db.write(
            "UPDATE address SET destination = ? WHERE id = ?",
            vault.seal(owner, f"address|{row['uid']}|destination", destination),
            address_id,
        )


def channels(db: StationDatabase, station: int) -> list[dict[str, Any]]:
    """The channels of a station without their secrets: id, kind, label."""
    return db.rows(
        "SELECT id, kind, label FROM channel WHERE station = ? AND active = 1 ORDER BY id", station
    )


def add(
    db: StationDatabase,
    vault: Vault,
    *,
    channel_id: int,
    destination: str,
    staff_id: int | None = None,
    contact_id: int | None = None,
) -> int:
    """Give a staff member or a family contact an address on a channel; inside the caller's transaction."""
    uid = uuid.uuid4().hex
    sealed = vault.seal(_owner(db, staff_id, contact_id), f"address|{uid}|destination", destination)
    return db.insert(
        "address",
        uid=uid,
        channel_id=channel_id,
        staff_id=staff_id,
        contact_id=contact_id,
        destination=sealed,
    )


def of_staff(db: StationDatabase, staff_id: int) -> list[int]:
    """The ids of a staff member's working addresses."""
    return _ids(db, "staff_id", staff_id)


def of_contact(db: StationDatabase, contact_id: int) -> list[int]:
    return _ids(db, "contact_id", contact_id)


@dataclass(frozen=True)
class Way:
    """One way to reach a contact, as the worker who looks after it sees it."""

    id: int
    contact_id: int
    label: str
    kind: str
    destination: str


def ways_of_elder(db: StationDatabase, vault: Vault, elder_id: int) -> list[Way]:
    """The working ways to reach an elder's contacts, opened."""
    rows = db.rows(
        "SELECT address.id, address.uid, address.contact_id, address.destination, channel.label, channel.kind, "
        "elder.uid AS elder_uid FROM address JOIN channel ON channel.id = address.channel_id "
        "JOIN contact ON contact.id = address.contact_id JOIN elder ON elder.id = contact.elder_id "
        "WHERE elder.id = ? AND address.active = 1 AND channel.active = 1 ORDER BY contact.position, address.id",
        elder_id,
    )
    return [
        Way(
            id=row["id"],
            contact_id=row["contact_id"],
            label=row["label"],
            kind=row["kind"],
            destination=vault.open(
                f"elder/{row['elder_uid']}", f"address|{row['uid']}|destination", row["destination"]
            ),
        )
        for row in rows
    ]


def add_way(
    db: StationDatabase,
    vault: Vault,
    elder_id: int,
    contact_id: int,
    *,
    channel_id: int,
    destination: str,
    by: int,
    now: datetime,
) -> None:
    """Let a contact of an elder be reached on one more channel of the elder's station. Raises NotFound, Invalid."""
    station = db.scalar(
        "SELECT elder.station FROM contact JOIN elder ON elder.id = contact.elder_id "
        "WHERE contact.id = ? AND elder.id = ?",
        contact_id,
        elder_id,
    )
    if station is None:
        raise NotFound("This contact is not there any more. Load the page again.")
    kind = db.scalar(
        "SELECT kind FROM channel WHERE id = ? AND station = ? AND active = 1", channel_id, station
    )
    if kind is None:
        raise Invalid("channel_id", "Choose a channel of your station.")
    typed = destination.strip()
    if not typed or len(typed) > LONGEST_DESTINATION or not typed.isprintable():
        raise Invalid("destination", "Write the address at which the contact is reached.")
    if kind == "smtp" and not _MAILBOX.fullmatch(typed):
        raise Invalid("destination", "This is no e-mail address; write it as name@example.cn.")
    with transaction(db):
        add(db, vault, channel_id=channel_id, destination=typed, contact_id=contact_id)
        audit.record(db, vault.ring, staff_id=by, action="contact.way", about=f"elder/{elder_id}", now=now)


def drop_way(
    db: StationDatabase, vault: Vault, elder_id: int, address_id: int, *, by: int, now: datetime
) -> None:
    """Stop using one way to reach a contact; what was sent there stays on record."""
    with transaction(db):
        changed = db.write(
            "UPDATE address SET active = 0 WHERE id = ? AND contact_id IN (SELECT id FROM contact WHERE elder_id = ?)",
            address_id,
            elder_id,
        )
        if not changed:
            raise NotFound("This contact is not there any more. Load the page again.")
        audit.record(
            db, vault.ring, staff_id=by, action="contact.way.off", about=f"elder/{elder_id}", now=now
        )


def open_address(db: StationDatabase, vault: Vault, address_id: int) -> Address | None:
    """Unseal one address with its channel's settings, or None when either was switched off."""
    row = db.row(
        "SELECT address.*, channel.kind, channel.settings, channel.uid AS channel_uid, channel.station, "
        "channel.allow_private FROM address JOIN channel ON channel.id = address.channel_id "
        "WHERE address.id = ? AND address.active = 1 AND channel.active = 1",
        address_id,
    )
    if row is None:
        return None
    owner = _owner(db, row["staff_id"], row["contact_id"])
    return Address(
        id=row["id"],
        channel_id=row["channel_id"],
        kind=row["kind"],
        settings=vault.open(
            f"station/{row['station']}", f"channel|{row['channel_uid']}|settings", row["settings"]
        ),
        destination=vault.open(owner, f"address|{row['uid']}|destination", row["destination"]),
        allow_private=bool(row["allow_private"]),
    )


def _ids(db: StationDatabase, owner: str, owner_id: int) -> list[int]:
    rows = db.rows(
        f"SELECT address.id FROM address JOIN channel ON channel.id = address.channel_id "  # noqa: S608
        f"WHERE address.{owner} = ? AND address.active = 1 AND channel.active = 1 ORDER BY address.id",
        owner_id,
    )
    return [row["id"] for row in rows]


def _owner(db: StationDatabase, staff_id: int | None, contact_id: int | None) -> str:
    """The subject under whose key an address is sealed: the staff member, or the contact's elder."""
    if staff_id is not None:
        uid = db.scalar("SELECT uid FROM staff WHERE id = ?", staff_id)
        return f"staff/{uid}"
    uid = db.scalar(
        "SELECT elder.uid FROM contact JOIN elder ON elder.id = contact.elder_id WHERE contact.id = ?",
        contact_id,
    )
    return f"elder/{uid}"
