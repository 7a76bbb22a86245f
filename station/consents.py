"""The consent ledger: who said yes or no to which item, in which words, when; nothing in it is ever changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from station import clock, vocabulary
from station.db import StationDatabase
from station.enrolment import Enrolment


@dataclass(frozen=True)
class Given:
    """A yes from before there was a record: to which items, by whom, to which text, how, when."""

    items: tuple[str, ...]
    given_by: str  # a code of vocabulary.GIVEN_BY
    text_version: str
    means: str  # a code of vocabulary.MEANS
    at: datetime


def standing(db: StationDatabase, elder_id: int) -> tuple[str, ...]:
    """The items that stand: the newest ledger row of each item says yes."""
    rows = db.rows("SELECT item, given, max(id) FROM consent WHERE elder_id = ? GROUP BY item", elder_id)
    given = {row["item"] for row in rows if row["given"]}
    return tuple(item for item in vocabulary.CONSENT_ITEMS if item in given)


def ledger(db: StationDatabase, elder_id: int) -> list[dict[str, Any]]:
    """Every answer ever given, oldest first; `answer` is a code of family_words.ANSWERS."""
    rows = db.rows("SELECT * FROM consent WHERE elder_id = ? ORDER BY id", elder_id)
    agreed: set[str] = set()
    for row in rows:
        row["answer"] = "given" if row["given"] else "taken_back" if row["item"] in agreed else "declined"
        (agreed.add if row["given"] else agreed.discard)(row["item"])
    return rows


def latest(db: StationDatabase, elder_id: int) -> dict[str, dict[str, Any]]:
    """By item, the answer that stands; an item that nobody has answered has none."""
    return {row["item"]: row for row in ledger(db, elder_id)}


def last_given_by(db: StationDatabase, elder_id: int) -> str:
    """Who answered last."""
    found = db.scalar("SELECT given_by FROM consent WHERE elder_id = ? ORDER BY id DESC LIMIT 1", elder_id)
    return str(found or "relative")


def carry(db: StationDatabase, elder_id: int, said: Given) -> None:
    """Take a yes over as it was given, not as of today; inside the transaction that makes the record."""
    for item in vocabulary.CONSENT_ITEMS:
        if item in said.items:
            db.insert(
                "consent",
                elder_id=elder_id,
                item=item,
                given=1,
                given_by=said.given_by,
                text_version=said.text_version,
                means=said.means,
                at=clock.text(said.at),
            )


def write(
    db: StationDatabase,
    elder_id: int,
    enrolment: Enrolment,
    *,
    by: int | None,
    means: str,
    now: datetime,
) -> None:
    """Add a ledger row for each item whose answer changed; inside the caller's transaction.

    An item that was asked face to face (`enrolment.asked`) gets one as well for a first no, and when somebody else, or
    to another text, says the same.
    """
    for item in vocabulary.CONSENT_ITEMS:
        last = db.row(
            "SELECT given, given_by, text_version FROM consent WHERE elder_id = ? AND item = ? ORDER BY id DESC LIMIT 1",
            elder_id,
            item,
        )
        given = item in enrolment.consents
        said = {
            "given": int(given),
            "given_by": enrolment.given_by,
            "text_version": vocabulary.CONSENT_VERSION,
        }
        if given != bool(last and last["given"]) or (item in enrolment.asked and said != last):
            db.insert(
                "consent",
                elder_id=elder_id,
                item=item,
                **said,
                means=means,
                staff_id=by,
                at=clock.text(now),
            )
    if "voice" not in enrolment.consents:  # a clip that was kept by consent goes with it
        db.write("DELETE FROM voice_clip WHERE elder_id = ?", elder_id)
