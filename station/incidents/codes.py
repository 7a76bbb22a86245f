"""Six digits that stand for a person's link to an incident, for messages in which no link can stand."""

from datetime import datetime

from station import clock, damm, seal
from station.db import StationDatabase
from station.errors import NotFound
from station.incidents import links
from station.seal import Keyring
from station.vault import Vault

DIGITS = 6
_TURNS = 1000


def make(db: StationDatabase, vault: Vault, incident_id: int, staff_id: int, now: datetime) -> str:
    """The code of one officer for one incident; inside the caller's transaction. The same again for the same two.

    Two open incidents never share a code: the first free one of a row that is derived from the two is taken.
    """
    known = of(db, vault.ring, incident_id, staff_id)
    if known:
        return known
    for turn in range(_TURNS):
        code = _code(vault.ring, incident_id, staff_id, turn)
        if damm.is_valid(code):  # else it could be typed for a badge's number, and the other way round
            continue
        index = _index(vault.ring, code)
        db.write(
            "DELETE FROM claim_code WHERE code_index = ? "
            "AND incident_id IN (SELECT id FROM incident WHERE closed_at IS NOT NULL)",
            index,
        )
        if db.write(
            "INSERT OR IGNORE INTO claim_code (code_index, incident_id, staff_id, turn, created_at) "
            "VALUES (?, ?, ?, ?, ?)",
            index,
            incident_id,
            staff_id,
            turn,
            clock.text(now),
        ):
            return code
    raise RuntimeError("no free code is left")


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
