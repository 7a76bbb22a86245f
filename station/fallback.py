"""What the sender does with spooled reports: tells those on duty from sealed files, imports them on recovery."""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable
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
from station.incidents import lanes, reports
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
        door = reports.Door(waiting.station, waiting.serial, waiting.source, spooled=True, more=waiting.more)
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


class Rings:
    """Which waiting reports those on duty are told of: the lanes of docs/decisions/0009, kept in memory alone."""

    def __init__(self) -> None:
        self.rung: dict[tuple[int, int | None, str], list[datetime]] = {}
        self.told: dict[str, int] = {}  # by a report's name, how many others its message speaks for
        self.settled: set[str] = set()

    def due(self, waiting: Iterable[spool.Spooled], now: datetime) -> list[tuple[spool.Spooled, int]]:
        """The reports that are told of, new and old ones, each with the number of those it speaks for."""
        known = {_name(one): one for one in waiting}
        self.settled &= known.keys()
        self.told = {name: others for name, others in self.told.items() if name in known}
        fresh: dict[tuple[int, int | None, str], list[spool.Spooled]] = {}
        for name, one in known.items():
            if name not in self.settled:
                fresh.setdefault((one.station, one.serial, lanes.lane_of(one.report)), []).append(one)
        for lane, ones in fresh.items():
            self._ring(lane, ones, now)
        return [(known[name], others) for name, others in self.told.items()]

    def _ring(self, lane: tuple[int, int | None, str], fresh: list[spool.Spooled], now: datetime) -> None:
        rung = [at for at in self.rung.get(lane, []) if now - lanes.LEDGER < at <= now]
        tokens = int(lanes.left(rung, lanes.EVERY[lane[2]], now) + lanes.SHORT_OF_ONE)
        if not tokens:
            return
        # The first of all as it is; when there are more than may ring, the newest speaks for the rest.
        apart = fresh if len(fresh) <= tokens else fresh[: tokens - 1] + fresh[-1:]
        self.told |= {_name(one): 0 for one in apart}
        self.told[_name(apart[-1])] = len(fresh) - len(apart)
        self.settled |= {_name(one) for one in fresh}
        self.rung[lane] = [*rung, *([now] * len(apart))]


def _name(waiting: spool.Spooled) -> str:
    """What stands for a report; the newest of a flood keeps its file's name, and is another report each time."""
    return f"{waiting.path.name}{waiting.more or ''}"


class WithoutDatabase:
    """Remembers whom it told of what, so that nobody is told twice while the process lives."""

    def __init__(self, config: Config, ring: Keyring) -> None:
        self.config = config
        self.ring = ring
        self.emergency = EmergencyFile(config.emergency_file, ring)
        self.pool = ThreadPoolExecutor(SLOTS, "emergency")
        self.rings = Rings()
        self.next_try: dict[tuple[str, int], float] = {}  # time.monotonic, for each report and address
        self.attempts: Counter[tuple[str, int]] = Counter()

    def tick(self, now: datetime) -> None:
        """Try whatever is due; returns at once, for a provider that hangs must not look like a dead sender."""
        content = self.emergency.now()
        if content is None:
            return
        for waiting, others in self.rings.due(spool.waiting(self.config.spool, self.ring), now):
            card = content.card(waiting.station)
            message = _message(waiting, others, card.name if card else "", self.config, now)
            for officer in content.on_duty:
                if officer.station == waiting.station:
                    own = seal.token_hash(f"{message.id}|staff{officer.staff_id}").hex()[:32]
                    self._tell(message.id, officer.addresses, replace(message, id=own), now)

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


def _message(waiting: spool.Spooled, others: int, station: str, config: Config, now: datetime) -> Outgoing:
    sighting = waiting.report.sighting
    return Outgoing(
        id=seal.token_hash(_name(waiting)).hex()[:32],
        incident="",
        kind="notice",
        title=station,
        text=letters.emergency_text(waiting, others, config),
        url=f"{config.base_url}/desk",
        station=station,
        badge_number=None,
        location=letters.location(sighting),
        attempt=1,
        at=now,
    )
