"""Whether a record is still true: asked every half year, question by question, until all hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import audit, clock
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid
from station.vault import Vault
from station.vocabulary import N_

HALF_YEAR = timedelta(days=182)
NEXT_TRY = timedelta(days=2)  # after nobody was reached
QUESTIONS = {
    "phone": N_("Is this phone answered, and by this person?"),
    "home": N_("Does the elder still live here?"),
    "photo": N_("Is the photo recent enough to know the elder by?"),
    "health": N_("Are the health notes still true?"),
}
ANSWERS = {
    "yes": N_("Yes, it is true"),
    "no": N_("No, it has changed"),
    "unreached": N_("Could not reach anybody"),
}
STATES = ("mend", "due", "later")  # wrong facts first


@dataclass(frozen=True)
class Question:
    """One thing to ask about one record, and what was answered since it was last confirmed as a whole."""

    code: str  # a key of QUESTIONS
    contact_id: int | None  # of a phone
    answer: str  # a key of ANSWERS, or empty
    at: datetime | None


@dataclass(frozen=True)
class Work:
    """A record whose half year is over, and how far asking has come."""

    elder_id: int
    community_id: int
    confirmed_at: datetime
    asked: int
    questions: int
    state: str  # one of STATES
    next_try: datetime | None

    @property
    def order(self) -> tuple[int, datetime, int]:
        """By state, then the longest unconfirmed."""
        return STATES.index(self.state), self.confirmed_at, self.elder_id


def last_confirmed(db: StationDatabase, elder_id: int) -> datetime:
    """When the whole record last held; an entry is as good as a confirmation."""
    at = db.scalar(
        "SELECT coalesce((SELECT max(at) FROM record_confirmed WHERE elder_id = elder.id), created_at) "
        "FROM elder WHERE id = ?",
        elder_id,
    )
    return clock.parse(at)


def questions(db: StationDatabase, elder_id: int) -> list[Question]:
    """Every question about a record: one for each phone, the home, the photo, the health notes."""
    answered = _answers(db, elder_id, last_confirmed(db, elder_id))
    contacts = db.rows("SELECT id FROM contact WHERE elder_id = ? ORDER BY position", elder_id)
    asked = [("phone", row["id"]) for row in contacts] + [
        (code, None) for code in QUESTIONS if code != "phone"
    ]
    return [_question(code, contact_id, answered.get((code, contact_id))) for code, contact_id in asked]


def due(db: StationDatabase, station: int, now: datetime) -> list[Work]:
    """The records of a station to be asked about, those with wrong facts first."""
    rows = db.rows(
        "SELECT id, community_id, coalesce((SELECT max(at) FROM record_confirmed WHERE elder_id = elder.id), "
        "created_at) AS since FROM elder WHERE station = ? AND status = 'living'",
        station,
    )
    old = [row for row in rows if clock.parse(row["since"]) + HALF_YEAR <= now]
    return sorted((_work(db, row, now) for row in old), key=lambda work: work.order)


def confirmed_lately(db: StationDatabase, station: int, now: datetime) -> tuple[int, int]:
    """(how many records of a station are true within the half year, how many there are)."""
    row = db.row(
        "SELECT count(*) AS every, coalesce(sum(coalesce((SELECT max(at) FROM record_confirmed WHERE elder_id = elder.id), "
        "created_at) > ?), 0) AS fresh FROM elder WHERE station = ? AND status = 'living'",
        clock.text(now - HALF_YEAR),
        station,
    )
    assert row is not None, "an aggregate has one row"
    return row["fresh"], row["every"]


def answer(
    db: StationDatabase,
    vault: Vault,
    elder_id: int,
    question: tuple[str, int | None],
    said: str,
    *,
    by: int,
    now: datetime,
) -> bool:
    """Write down one answer; True when with it the whole record is confirmed.

    Raises Invalid for an unknown answer, Conflict for a question that the record no longer has.
    """
    if said not in ANSWERS:
        raise Invalid("answer", "Press one of the three answers.")
    with transaction(db):
        if question not in [(one.code, one.contact_id) for one in questions(db, elder_id)]:
            raise Conflict("This has changed meanwhile. Look at the question again.")
        code, contact_id = question
        values = {"elder_id": elder_id, "question": code, "contact_id": contact_id, "answer": said}
        db.insert("record_answer", **values, staff_id=by, at=clock.text(now))
        whole = all(one.answer == "yes" for one in questions(db, elder_id))
        if whole:
            db.insert("record_confirmed", elder_id=elder_id, staff_id=by, at=clock.text(now))
        action = "elder.confirmed" if whole else f"elder.asked.{said}"
        audit.record(db, vault.ring, staff_id=by, action=action, about=f"elder/{elder_id}", now=now)
    return whole


def post_week(db: StationDatabase, stations: Iterable[int], week: str, now: datetime) -> None:
    """Put this week's reminder on the board of each station that has records to ask about; once a week.

    `week` is an ISO week such as 2026-W47. It only stands on a page; nobody is sent a message.
    """
    for station in stations:
        if db.scalar("SELECT 1 FROM record_week WHERE station = ? AND week = ?", station, week):
            continue
        count = len(due(db, station, now))
        if count:
            with transaction(db):
                db.write(
                    "INSERT OR IGNORE INTO record_week (station, week, due, made_at) VALUES (?, ?, ?, ?)",
                    station,
                    week,
                    count,
                    clock.text(now),
                )


def reminder(db: StationDatabase, station: int, week: str) -> int | None:
    """How many records this week's reminder counted; None when there is none, or it was put away."""
    count = db.scalar(
        "SELECT due FROM record_week WHERE station = ? AND week = ? AND seen_at IS NULL", station, week
    )
    return None if count is None else int(count)


def put_away(db: StationDatabase, station: int, week: str, *, by: int, now: datetime) -> None:
    """This week's reminder has done its work."""
    with transaction(db):
        db.write(
            "UPDATE record_week SET seen_at = ?, seen_by = ? WHERE station = ? AND week = ? AND seen_at IS NULL",
            clock.text(now),
            by,
            station,
            week,
        )


def week_of(moment: datetime) -> str:
    """The ISO week of a local time, such as 2026-W47."""
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02d}"


def _answers(
    db: StationDatabase, elder_id: int, since: datetime
) -> dict[tuple[str, int | None], dict[str, Any]]:
    """The newest answer to each question since the record last held."""
    rows = db.rows(
        "SELECT question, contact_id, answer, at FROM record_answer WHERE elder_id = ? AND at > ? ORDER BY id",
        elder_id,
        clock.text(since),
    )
    return {(row["question"], row["contact_id"]): row for row in rows}


def _question(code: str, contact_id: int | None, row: dict[str, Any] | None) -> Question:
    if row is None:
        return Question(code, contact_id, "", None)
    return Question(code, contact_id, row["answer"], clock.parse(row["at"]))


def _work(db: StationDatabase, row: dict[str, Any], now: datetime) -> Work:
    asked = questions(db, row["id"])
    tries = [one.at + NEXT_TRY for one in asked if one.answer == "unreached" and one.at]
    next_try = max(tries, default=None)
    waits = next_try is not None and next_try > now
    wrong = any(one.answer == "no" for one in asked)
    state = "mend" if wrong else "later" if waits else "due"
    done = sum(one.answer == "yes" for one in asked)
    return Work(row["id"], row["community_id"], clock.parse(row["since"]), done, len(asked), state, next_try)
