"""What the sender does with spooled reports: tells those on duty from sealed files, imports them on recovery."""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from station import seal, spool
from station.addresses import Address
from station.alerts import letters
from station.channels import registry
from station.channels.base import Outgoing, Result
from station.config import Config
from station.db import IntegrityError, StationDatabase
from station.emergency import EmergencyFile
from station.incidents import reports
from station.seal import Keyring
from station.vault import Unsealable, Vault

log = logging.getLogger("station.sender")

SLOTS = 8
AGAIN_S = 2.0
LONGEST_TRY_S = 60.0


def deliver(address: Address, message: Outgoing, now: datetime) -> Result:
    return registry.send(
        address.kind,
        address.settings,
        address.destination,
        message,
        now=now,
        allow_private=address.allow_private,
    )


def import_spool(
    config: Config, ring: Keyring, db: StationDatabase, vault: Vault, beat: Callable[[], None]
) -> int:
    """Bring reports that waited on the disk into the database, with the time at which they were made."""
    count = 0
    for waiting in spool.waiting(config.spool, ring, tidy=True):
        beat()
        door = reports.Door(waiting.station, waiting.serial, waiting.source, spooled=True)
        try:
            reports.report(db, vault, door, waiting.report, waiting.at)
        except (IntegrityError, Unsealable):
            log.exception("report %s cannot be imported", waiting.path.stem)
            spool.put_aside(waiting)
            continue
        spool.done(waiting)
        count += 1
    if count:
        spool.prepare(config.spool)
        log.warning("%s reports came in from the spool", count)
    return count


class WithoutDatabase:
    """Remembers whom it told of what, so that nobody is told twice while the process lives."""

    def __init__(self, config: Config, ring: Keyring) -> None:
        self.config = config
        self.ring = ring
        self.emergency = EmergencyFile(config.emergency_file, ring)
        self.pool = ThreadPoolExecutor(SLOTS, "emergency")
        self.next_try: dict[tuple[str, int], float] = {}  # time.monotonic, for each report and address
        self.attempts: Counter[tuple[str, int]] = Counter()

    def tick(self, now: datetime) -> None:
        """Try whatever is due; returns at once, for a provider that hangs must not look like a dead sender."""
        content = self.emergency.now()
        if content is None:
            return
        for waiting in spool.waiting(self.config.spool, self.ring):
            card = content.card(waiting.station)
            message = _message(waiting, card.name if card else "", self.config, now)
            for officer in content.on_duty:
                if officer.station == waiting.station:
                    own = seal.token_hash(f"{message.id}|staff{officer.staff_id}").hex()[:32]
                    self._tell(waiting.path.name, officer.addresses, replace(message, id=own), now)

    def _tell(self, name: str, ways: tuple[Address, ...], message: Outgoing, now: datetime) -> None:
        moment = time.monotonic()
        for address in ways:
            key = (name, address.id)
            if moment >= self.next_try.get(key, 0.0):
                self.next_try[key] = moment + LONGEST_TRY_S
                self.attempts[key] += 1
                self.pool.submit(self._try, key, address, replace(message, attempt=self.attempts[key]), now)

    def _try(self, key: tuple[str, int], address: Address, message: Outgoing, now: datetime) -> None:
        again = deliver(address, message, now).outcome == "retry"
        self.next_try[key] = time.monotonic() + AGAIN_S if again else math.inf


def _message(waiting: spool.Spooled, station: str, config: Config, now: datetime) -> Outgoing:
    sighting = waiting.report.sighting
    return Outgoing(
        id=waiting.path.stem,
        incident="",
        kind="notice",
        title=station,
        text=letters.emergency_text(waiting, config),
        url=f"{config.base_url}/desk",
        station=station,
        badge_number=None,
        location=letters.location(sighting),
        attempt=1,
        at=now,
    )
