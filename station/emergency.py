"""The sealed emergency file: hotlines, and who is on duty with how to reach them, readable without the database."""

import json
import os
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from station import accounts, addresses, clock, communities, duty, phones, seal
from station.addresses import Address
from station.db import StationDatabase
from station.seal import Keyring, Unsealable
from station.vault import Vault

AHEAD_DAYS = 1


@dataclass(frozen=True)
class StationCard:
    """What strangers may read of a station; all that the finder's page needs."""

    number: int
    name: str
    hotline: str  # E.164
    hotline_shown: str
    hotline_uri: str
    lat: float
    lon: float


@dataclass(frozen=True)
class OnDuty:
    """One person to reach directly when the database is gone."""

    station: int
    staff_id: int
    addresses: tuple[Address, ...]


@dataclass(frozen=True)
class Emergency:
    written_at: datetime
    stations: tuple[StationCard, ...]
    on_duty: tuple[OnDuty, ...]

    def card(self, number: int) -> StationCard | None:
        return next((card for card in self.stations if card.number == number), None)


def refresh(db: StationDatabase, vault: Vault, path: Path, timezone: str, now: datetime) -> None:
    """Write the file anew; called at every start, at each roster or channel change, and as shifts change."""
    stations = communities.stations(db)
    body = {
        "written_at": clock.text(now),
        "stations": [asdict(_card(station)) for station in stations],
        "on_duty": [
            asdict(one) for station in stations for one in _on_duty(db, vault, station.number, timezone, now)
        ],
    }
    _replace(path, seal.seal(vault.ring.derive("emergency"), json.dumps(body).encode(), "emergency"))


def read(path: Path, ring: Keyring) -> Emergency:
    """Open the file. Raises OSError when it is missing, Unsealable when it is damaged or another keyring's."""
    raw = json.loads(seal.unseal(ring.derive("emergency"), path.read_bytes(), "emergency"))
    return Emergency(
        written_at=clock.parse(raw["written_at"]),
        stations=tuple(StationCard(**card) for card in raw["stations"]),
        on_duty=tuple(
            OnDuty(one["station"], one["staff_id"], tuple(Address(**address) for address in one["addresses"]))
            for one in raw["on_duty"]
        ),
    )


class EmergencyFile:
    """The file as a running process sees it: read once, and again when it was replaced."""

    def __init__(self, path: Path, ring: Keyring) -> None:
        self.path = path
        self.ring = ring
        self._stamp: tuple[int, int] | None = None
        self._read: Emergency | None = None

    def now(self) -> Emergency | None:
        """The newest readable content; the last good one when the file is gone or damaged; None if never read."""
        try:
            found = self.path.stat()
            stamp = (found.st_ino, found.st_mtime_ns)
            if stamp != self._stamp:
                self._read, self._stamp = read(self.path, self.ring), stamp
        except (OSError, Unsealable, ValueError):
            return self._read
        return self._read

    def card(self, station: int) -> StationCard | None:
        content = self.now()
        return content.card(station) if content else None


def _card(station: communities.Station) -> StationCard:
    hotline = phones.from_e164(station.hotline)
    return StationCard(
        station.number,
        station.name,
        station.hotline,
        hotline.shown,
        hotline.tel_uri,
        station.lat,
        station.lon,
    )


def _on_duty(db: StationDatabase, vault: Vault, station: int, timezone: str, now: datetime) -> list[OnDuty]:
    """Everybody on duty or backup within the next 24 hours, those on duty now first."""
    ids: list[int] = []
    for stretch in duty.ahead(duty.read(db, station), duty.local(now, timezone), AHEAD_DAYS):
        ids += [*stretch.on_duty, *stretch.backup]
    known = {staff.id for staff in accounts.all_staff(db, vault, station)}
    return [
        OnDuty(station, staff_id, tuple(_open_all(db, vault, addresses.of_staff(db, staff_id))))
        for staff_id in dict.fromkeys(ids)
        if staff_id in known
    ]


def _open_all(db: StationDatabase, vault: Vault, ids: list[int]) -> list[Address]:
    opened = (addresses.open_address(db, vault, address_id) for address_id in ids)
    return [address for address in opened if address]


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
