"""The sender process: a tick plans alerts from what is on the disk and sends what is due."""

import logging
import queue
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from station import addresses, clock, communities, fallback, terms
from station.addresses import Address
from station.alerts import letters, mending, outbox, plan, recall
from station.alerts.gates import URGENT, Gates, Way
from station.alerts.outbox import Due
from station.alerts.planner import Planner, apart, one_look
from station.channels import beacon
from station.channels.base import Outgoing, Result
from station.config import Config
from station.db import StationDatabase, commits
from station.errors import StorageGone
from station.incidents import events, lanes, leases
from station.seal import Keyring
from station.selfwatch import auditor, rounds
from station.vault import Unsealable, Vault
from station.vocabulary import N_

log = logging.getLogger("station.sender")

SLOTS = 32  # four channels may hang at once before a fifth waits, see gates.SLOTS_OF_A_CHANNEL
LOOK_EVERY_S = 0.02
GLANCES = 4  # at memory that is shared, within each wait for the next look at the disk
HOUSEKEEPING_EVERY_S = 1.0
PLAN_ALL_EVERY_S = 15.0
ROSTER_EVERY = timedelta(minutes=5)
CHANNEL_GONE = Result("permanent", detail=N_("the address or its channel was switched off"))
BROKEN = Result("retry", detail=N_("the message could not be made; the log says why"))


@dataclass
class Sender:
    """The state of the one sending process; everything that matters is in the database."""

    config: Config
    ring: Keyring
    db: StationDatabase
    vault: Vault
    beat: Callable[[], None] = lambda: (
        None
    )  # called within long work, so that a busy sender is not taken for a dead one
    still_leads: Callable[[], None] = lambda: None  # raises Superseded
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(SLOTS, "send"))
    results: "queue.SimpleQueue[tuple[Due, Way | None, Result]]" = field(default_factory=queue.SimpleQueue)
    gates: Gates = field(default_factory=Gates)
    planner: Planner = field(init=False)
    cursor: int = 0
    version: int = -1
    seen: tuple[int, int] = (0, 0)  # the commits of our own processes before the last look
    last_look: float = 0.0
    last_plan: float = 0.0
    last_ping: float = -1e9
    clock_offset: float | None = None  # of the wall clock before the machine's own count of seconds
    last_roster: datetime | None = None

    def __post_init__(self) -> None:
        self.planner = Planner(self.db, self.vault, self.config.timezone, self.beat)

    @property
    def in_the_air(self) -> Counter[int]:
        """How many messages are on their way, by channel."""
        return self.gates.in_the_air

    def start(self, now: datetime) -> None:
        """Begin a term of the lead, take back what a dead sender left, and plan everything once from the disk."""
        self.still_leads = terms.take(self.db, now)
        outbox.reclaim(self.db, now)
        with apart("what is known of the ways"):
            recall.ways(self.db, self.vault, self.gates, now)
        # Events of the last day are looked at again: their messages are unique, so nothing goes out twice
        # that was planned, and nothing is missed that was not.
        since = clock.text(now - outbox.LAST_WORDS)
        first = self.db.scalar("SELECT min(id) FROM event WHERE at > ?", since)
        self.cursor = int(first) - 1 if first else events.newest_id(self.db)
        self.last_plan = 0.0

    def tick(self, now: datetime) -> None:
        """One look: follow new events, ring the next rungs, send what is due, write down what came back."""
        moment, self.seen = time.monotonic(), commits()
        self._collect(now)
        if moment - self.last_look >= HOUSEKEEPING_EVERY_S:
            self.last_look = moment
            self._housekeeping(now)
        version = self.db.scalar("PRAGMA data_version")
        if version != self.version:
            self.still_leads()
            self.version = version
            self._follow_events(now)
        if moment - self.last_plan >= PLAN_ALL_EVERY_S:
            self.last_plan = moment
            self.planner.look_at_all()
            with apart("the audit"):
                self._watch_over(now)
        self._go_on_planning(now)
        self.planner.ring_next(now)
        self._send(now)

    def _housekeeping(self, now: datetime) -> None:
        with apart("the leases"):
            for incident_id in [*leases.lapse(self.db, now), *leases.overdue(self.db, now)]:
                self.planner.plan([incident_id], now)
        if fallback.import_spool(self.config, self.ring, self.db, self.vault, self.beat):
            self.version = -1  # own commits do not move the number by which others' are noticed
        with apart("the rehearsals"):
            plan.plan_rehearsals(self.db, timezone=self.config.timezone, now=now)
        with apart("the self-watch"):
            for incident_id in rounds.every_second(self.db, self.vault, self.config, now):
                self.planner.plan([incident_id], now)
        with apart("the roster"):
            self._look_at_roster(now)
        outbox.mend_clock(self.db, now)
        self._ring_sightings(now)

    def _follow_events(self, now: datetime) -> None:
        touched: set[int] = set()
        sighted = False
        while batch := events.after(self.db, self.cursor, most=500):
            sighted = sighted or any(event.kind in ("scan", "place") for event in batch)
            for event in batch:
                if event.incident_id is not None:
                    touched |= {event.incident_id} if plan.may_call(event) else set()
                elif event.kind == "opened":
                    with apart(f"the opening in event {event.id}"):
                        plan.plan_opening(self.db, self.vault, event, timezone=self.config.timezone, now=now)
            self.cursor = batch[-1].id
        self.planner.plan_touched(sorted(touched), now)
        if sighted:
            self._ring_sightings(now)

    def _look_at_roster(self, now: datetime) -> None:
        """Trials and swaps at each look; holes in the coming week every few minutes, told once a day."""
        timezone = self.config.timezone
        plan.plan_roster(self.db, timezone=timezone, now=now)
        if self.last_roster is not None and abs(now - self.last_roster) < ROSTER_EVERY:
            return
        self.last_roster = now
        for station in communities.stations(self.db):
            plan.plan_gaps(self.db, station.number, timezone=timezone, now=now)
            if not self.config.demo:  # invented people have no holidays
                mending.tell_of_holidays(self.db, station.number, timezone=timezone, now=now)

    def _ring_sightings(self, now: datetime) -> None:
        """New sightings in incidents that are open: what their lanes allow rings now."""
        for incident_id in lanes.waiting(self.db):
            with apart(f"the sightings of incident {incident_id}"):
                if lanes.ring(self.db, self.vault, incident_id, now):
                    self.planner.plan([incident_id], now)

    def _go_on_planning(self, now: datetime) -> None:
        for incident_id in self.planner.go_on(now):
            with apart(f"the audit of incident {incident_id}"):
                auditor.note_late(self.db, incident_id, now)

    def _watch_over(self, now: datetime) -> None:
        """The rest of the auditor's round; a healthy station says so to the watcher outside."""
        moment = time.monotonic()
        before, self.clock_offset = self.clock_offset, now.timestamp() - moment
        rounds.mend(self.db, self.config, 0.0 if before is None else self.clock_offset - before, now)
        url = self.config.dead_man_url
        due = url and moment - self.last_ping >= rounds.PING_EVERY_S
        if due and rounds.is_well(self.db, self.vault, self.config, now):
            self.last_ping = moment
            self.pool.submit(beacon.ping, url)

    def _send(self, now: datetime) -> None:
        free = SLOTS - sum(self.in_the_air.values())
        if free <= 0:
            return
        claimed = outbox.claim(self.db, now, free, self.gates.rooms(now))
        with one_look(self.db, self.vault):
            for due in claimed:
                self._launch(due, now)

    def _launch(self, due: Due, now: datetime) -> None:
        result = BROKEN
        with apart(f"alert {due.alert_id}"):
            prepared = self._prepare(due, now)
            if prepared:
                self._let_out(due, *prepared, now)
                return
            result = CHANNEL_GONE
        self.results.put((due, None, result))
        self.in_the_air[0] += 1

    def _let_out(self, due: Due, address: Address, message: Outgoing, now: datetime) -> None:
        """Send now, or put the alert back when the provider's limit or its trouble says later."""
        way = recall.way_to(address)
        wait = self.gates.enter(way, now, urgent=due.kind in URGENT)
        if wait is None:
            self.still_leads()  # it may have hung since it claimed this
            self.pool.submit(self._deliver, due, way, address, message, now)
        else:
            outbox.put_back(self.db, due, wait, now)

    def _prepare(self, due: Due, now: datetime) -> tuple[Address, Outgoing] | None:
        """Where an alert goes and its words; None when it can go nowhere any more."""
        try:
            address = addresses.open_address(self.db, self.vault, due.address_id)
            message = letters.compose(self.db, self.vault, due, self.config, now)
        except Unsealable:  # the person was erased between planning and sending
            return None
        return (address, message) if address else None

    def _deliver(self, due: Due, way: Way, address: Address, message: Outgoing, now: datetime) -> None:
        """Runs in a thread of the pool; touches no database."""
        result = Result("retry", detail=N_("the attempt broke off"))
        try:
            result = fallback.deliver(address, message, now)
        finally:
            self.results.put((due, way, result))

    def _collect(self, now: datetime) -> None:
        done: list[tuple[Due, Result]] = []
        while not self.results.empty():
            due, way, result = self.results.get()
            if way:
                self.gates.leave(way, result, now)
            else:
                self.in_the_air[0] -= 1
            done.append((due, result))
            if result.outcome != "ok":
                log.warning(
                    "%s of incident %s, attempt %s: %s (%s)",
                    due.kind,
                    due.incident_id,
                    due.attempt,
                    result.outcome,
                    result.detail,
                )
        if done:
            outbox.record(self.db, done, now)
        if any(result.outcome == "permanent" for _, result in done):
            with apart("channels that refuse"):
                mending.tell_of_refusals(self.db, timezone=self.config.timezone, now=now)
        # A ring that was refused for good may bring the next rung at once.
        for incident_id in {
            due.incident_id for due, result in done if due.kind == "ladder" and result.outcome == "permanent"
        }:
            if incident_id is not None:
                self.planner.plan([incident_id], now)

    def idle(self) -> None:
        """Wait a moment, or until a result comes back, or one of our own processes has written."""
        if self.planner.backlog:
            return
        for _ in range(GLANCES):
            try:
                first = self.results.get(timeout=LOOK_EVERY_S / GLANCES)
            except queue.Empty:
                if commits() != self.seen:
                    return
            else:
                self.results.put(first)
                return

    def drain(self, seconds: float) -> None:
        """At the end: give what is in the air a little time, and write down how it went."""
        until = time.monotonic() + seconds
        while sum(self.in_the_air.values()) and time.monotonic() < until:
            self.beat()
            self.idle()
            self._collect(clock.utcnow())

    def end(self) -> None:
        """Nothing more leaves from here; what waits for a free thread is another sender's to send."""
        self.pool.shutdown(wait=False, cancel_futures=True)


def reopen(sender: Sender) -> bool:
    """Whether the sender's connections must be opened anew because a file was removed or replaced."""
    try:
        sender.db.check_same_file()
        sender.vault.keys.check_same_file()
    except StorageGone:
        return True
    return False
