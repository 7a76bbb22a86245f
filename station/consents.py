"""The consent ledger: who said yes or no to which item, in which words, when; nothing in it is ever changed."""

from datetime import datetime
from typing import Any

from station import clock, vocabulary
from station.db import StationDatabase
from station.enrolment import Enrolment


def standing(db: StationDatabase, elder_id: int) -> tuple[str, ...]:
    """The items that stand: the newest ledger row of each item says yes."""
    rows = db.rows("SELECT item, given, max(id) FROM consent WHERE elder_id = ? GROUP BY item", elder_id)
    given = {row["item"] for row in rows if row["given"]}
    return tuple(item for item in vocabulary.CONSENT_ITEMS if item in given)


def ledger(db: StationDatabase, elder_id: int) -> list[dict[str, Any]]:
    """Every answer ever given, oldest first."""
    return db.rows("SELECT * FROM consent WHERE elder_id = ? ORDER BY id", elder_id)


def write(
    db: StationDatabase, elder_id: int, enrolment: Enrolment, *, by: int | None, means: str, now: datetime
) -> None:
    """Add a ledger row for each item whose answer changed; inside the caller's transaction."""
    before = set(standing(db, elder_id))
    for item in vocabulary.CONSENT_ITEMS:
        given = item in enrolment.consents
        if given != (item in before):
            db.insert(
                "consent",
                elder_id=elder_id,
                item=item,
                given=int(given),
                given_by=enrolment.given_by,
                means=means,
                text_version=vocabulary.CONSENT_VERSION,
                staff_id=by,
                at=clock.text(now),
            )
    if "voice" not in enrolment.consents:  # a clip that was kept by consent goes with it
        db.write("DELETE FROM voice_clip WHERE elder_id = ?", elder_id)
