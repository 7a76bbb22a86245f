"""Six digits that stand for a person's link to an incident, for messages in which no link can stand."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from station import clock, damm, seal
from station.db import StationDatabase
from station.errors import NotFound
from station.incidents import links
from station.seal import Keyring
from station.vault import Vault

DIGITS = 6
_TURNS = 1000


class NoFreeCode(Exception):
    """Every code that could stand for an officer and an incident belongs to another open incident."""


def make(db: StationDatabase, vault: Vault, holders: Collection[tuple[int, int]], now: datetime) -> None:
    """The codes of officers for incidents, as (incident, officer); inside the caller's transaction.

    Who has one keeps it. Two open incidents never share a code: the first free one of a row that is derived from the
    two is taken.
    """
    waiting = set(holders) - _known(db, {incident_id for incident_id, _ in holders})
    for turn in range(_TURNS):
        if not waiting:
            return
        rows = [row for row in (_row(vault.ring, *one, turn, now) for one in sorted(waiting)) if row]
        if rows:
            db.write(
                "DELETE FROM claim_code WHERE code_index IN "  # noqa: S608
                f"({', '.join('?' * len(rows))}) AND incident_id IN (SELECT id FROM incident WHERE closed_at IS NOT NULL)",
                *(row["code_index"] for row in rows),
            )
            made = {row["code_index"] for row in db.insert_new("claim_code", rows, "code_index")}
            for row in rows:
                if row["code_index"] in made:
                    made.remove(row["code_index"])  # of two that want the same one the first has it
                    waiting.remove((row["incident_id"], row["staff_id"]))
    if waiting:
        raise NoFreeCode


def _known(db: StationDatabase, incidents: Collection[int]) -> set[tuple[int, int]]:
    rows = db.rows(
        "SELECT incident_id, staff_id FROM claim_code WHERE incident_id IN (SELECT value FROM json_each(?))",
        json.dumps(sorted(incidents)),
    )
    return {(row["incident_id"], row["staff_id"]) for row in rows}


def _row(ring: Keyring, incident_id: int, staff_id: int, turn: int, now: datetime) -> dict[str, Any] | None:
    """What is stored of one candidate; None for one that could be typed for a badge's number, and the other way round."""
    code = _code(ring, incident_id, staff_id, turn)
    if damm.is_valid(code):
        return None
    return {
        "code_index": _index(ring, code),
        "incident_id": incident_id,
        "staff_id": staff_id,
        "turn": turn,
        "created_at": clock.text(now),
    }


def of(db: StationDatabase, ring: Keyring, incident_id: int, staff_id: int) -> str:
    """The code that was made, or empty. What is stored cannot be turned back into it."""
    turn = db.scalar(
        "SELECT turn FROM claim_code WHERE incident_id = ? AND staff_id = ?", incident_id, staff_id
    )
    return "" if turn is None else _code(ring, incident_id, staff_id, turn)


def open_code(db: StationDatabase, vault: Vault, code: str) -> str:
    """The token of the link that a code stands for.

    Raises NotFound for a code that was never given out, or whose incident is closed or holder has left.
    """
    row = db.row(
        "SELECT claim_code.incident_id, claim_code.staff_id FROM claim_code "
        "JOIN incident ON incident.id = claim_code.incident_id JOIN staff ON staff.id = claim_code.staff_id "
        "WHERE code_index = ? AND closed_at IS NULL AND staff.active = 1",
        _index(vault.ring, code),
    )
    if row is None:
        raise NotFound("This code is not known or has ended. Use the link, the desk, or ring the hotline.")
    return links.token(vault.ring, row["incident_id"], staff_id=row["staff_id"])


def _code(ring: Keyring, incident_id: int, staff_id: int, turn: int) -> str:
    secret = seal.derived_token(ring, "claim-code", f"{incident_id}|{staff_id}|{turn}")
    return f"{int(secret, 16) % 10**DIGITS:0{DIGITS}d}"


def _index(ring: Keyring, code: str) -> bytes:
    return seal.blind_index(ring, "claim-code", code)
