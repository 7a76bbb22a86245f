"""What incidents call for, written down in batches short enough to hold up no message that is ready."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from station import clock
from station.alerts import ladder, plan, planned
from station.communities import Policy
from station.db import DatabaseError, IntegrityError, StationDatabase
from station.errors import StorageGone, Superseded
from station.incidents.codes import NoFreeCode
from station.incidents.states import rings
from station.vault import Vault

log = logging.getLogger("station.planner")

TOGETHER = 50  # incidents of one look and one transaction
RUNGS_AT_ONCE = 4 * TOGETHER
BETWEEN_MESSAGES = 10  # of those that merely wait to be looked at
UNWRITABLE = (IntegrityError, NoFreeCode)  # what is the fault of one incident, not of the storage


@dataclass
class Ringing:
    """How long one round of an incident has been ringing, by this process's own clock."""

    round: int
    first_seen: float  # time.monotonic
    head_start: float  # seconds that it had been ringing at least when this process first saw it
    next_rung: float = 0.0  # seconds after this process first saw it


@dataclass
class Planner:
    """Which incidents ring, and which are still to be looked at. Everything that matters is in the database."""

    db: StationDatabase
    vault: Vault
    timezone: str
    beat: Callable[[], None]  # so that who is busy is not taken for dead
    ringing: dict[int, Ringing] = field(default_factory=dict)
    backlog: dict[int, None] = field(default_factory=dict)  # in the order in which they are looked at

    def plan_touched(self, incident_ids: Sequence[int], now: datetime) -> None:
        """Something happened in these. When they are many, those of which nobody was told yet come at once.

        So whoever takes over a thousand open incidents tells of the next one before it goes through the thousand.
        """
        if len(incident_ids) <= TOGETHER:
            self.plan(incident_ids, now)
            return
        untold = self._untold()
        self.plan([one for one in incident_ids if one in untold], now)
        self.backlog |= dict.fromkeys(one for one in incident_ids if one not in untold)

    def look_at_all(self) -> None:
        """Whatever was forgotten, for whatever reason, is planned by the next calls of `go_on`."""
        still_open = [row["id"] for row in self.db.rows("SELECT id FROM incident WHERE closed_at IS NULL")]
        self.backlog |= dict.fromkeys(still_open)
        known = set(still_open)
        self.ringing = {key: value for key, value in self.ringing.items() if key in known}

    def go_on(self, now: datetime) -> list[int]:
        """Plan the next batch of those that wait to be looked at; which they were."""
        some = list(self.backlog)[:BETWEEN_MESSAGES]
        self.plan(some, now)
        for incident_id in some:
            del self.backlog[incident_id]
        return some

    def ring_next(self, now: datetime) -> None:
        """The next rung of every incident whose time has come, the most overdue first."""
        moment = time.monotonic()
        late = {key: moment - one.first_seen - one.next_rung for key, one in self.ringing.items()}
        rung = sorted((key for key in late if late[key] >= 0), key=lambda key: -late[key])
        self.plan(rung[:RUNGS_AT_ONCE], now)

    def plan(self, incident_ids: Sequence[int], now: datetime) -> None:
        """What incidents call for, many in one transaction; a defect in one stops no other."""
        for first in range(0, len(incident_ids), TOGETHER):
            some = incident_ids[first : first + TOGETHER]
            try:
                self._plan_together(some, now)
            except UNWRITABLE:
                self._plan_apart(some, now)

    def _untold(self) -> set[int]:
        rows = self.db.rows(
            "SELECT id FROM incident WHERE closed_at IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM alert WHERE alert.incident_id = incident.id)"
        )
        return {row["id"] for row in rows}

    def _plan_apart(self, incident_ids: Sequence[int], now: datetime) -> None:
        for incident_id in incident_ids:
            try:
                self._plan_together([incident_id], now)
            except UNWRITABLE:
                log.exception("what incident %s calls for cannot be written", incident_id)
                self.ringing.pop(incident_id, None)

    def _plan_together(self, incident_ids: Sequence[int], now: datetime) -> None:
        rows: list[dict[str, Any]] = []
        with one_look(self.db, self.vault):
            for incident_id in incident_ids:
                self.beat()
                is_known = False
                with apart(f"incident {incident_id}"):
                    rows += self._plan_one(incident_id, now)
                    is_known = True
                if not is_known:  # it is tried again with all the others, not at every tick
                    self.ringing.pop(incident_id, None)
            planned.insert_of_incidents(self.db, self.vault, rows)

    def _plan_one(self, incident_id: int, now: datetime) -> list[dict[str, Any]]:
        row = self.db.row(
            "SELECT state, ring_since, ring_round, policy, closed_at, on_site_by, liaison_by FROM incident WHERE id = ?",
            incident_id,
        )
        if row is None:
            return []
        elapsed = self._elapsed(incident_id, row, now)
        wanted = plan.called_for(self.db, incident_id, elapsed_s=elapsed, timezone=self.timezone, now=now)
        if not rings(row):
            self.ringing.pop(incident_id, None)
            return wanted
        following = ladder.next_after(Policy.load(row["policy"]), elapsed)
        state = self.ringing[incident_id]
        state.next_rung = following - elapsed + (time.monotonic() - state.first_seen)
        return wanted

    def _elapsed(self, incident_id: int, row: dict[str, Any], now: datetime) -> float:
        """Seconds since ringing began. A machine's clock that steps back must not silence the ladder,

        so the longer of the wall clock's count and our own holds; ours goes on from the highest rung on the disk.
        """
        moment = time.monotonic()
        state = self.ringing.get(incident_id)
        if state is None or state.round != row["ring_round"]:
            state = Ringing(row["ring_round"], moment, self._head_start(incident_id, row))
            self.ringing[incident_id] = state
        by_wall = (now - clock.parse(row["ring_since"])).total_seconds()
        return max(by_wall, state.head_start + moment - state.first_seen)

    def _head_start(self, incident_id: int, row: dict[str, Any]) -> float:
        highest = self.db.scalar(
            "SELECT max(step) FROM alert WHERE incident_id = ? AND kind = 'ladder' AND ring_round = ? AND step >= 0",
            incident_id,
            row["ring_round"],
        )
        return 0.0 if highest is None else ladder.begins_s(Policy.load(row["policy"]), highest)


@contextmanager
def one_look(db: StationDatabase, vault: Vault) -> Iterator[None]:
    """Many messages have most of what they need in common: each thing is read and unsealed once."""
    with db.one_look(), vault.keys.one_look():
        yield


@contextmanager
def apart(what: str) -> Iterator[None]:
    """A defect in one incident must not silence the others: it is logged, and they go on.

    Trouble with the storage itself is everybody's, and rises.
    """
    try:
        yield
    except (StorageGone, DatabaseError, Superseded):
        raise
    except Exception:
        log.exception("%s cannot be handled", what)
