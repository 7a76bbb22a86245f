"""What the reviewer asks back, and what the family answers on the pages where it applied."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from station import clock, family_words, vocabulary
from station.applications import records
from station.applications.records import Application
from station.db import StationDatabase, transaction
from station.enrolment import ElderForm, Enrolment
from station.errors import Conflict, Invalid, NotFound
from station.vault import Vault

LONGEST = 200


@dataclass(frozen=True)
class Question:
    id: int
    application_id: int
    about: str  # a key of family_words.ASKABLE: the page on which it is answered
    text: str  # the reviewer's own words; may be empty
    answer: str  # the family's own words; may be empty although it was answered, for the page says it all
    asked_by: int
    asked_at: datetime
    answered_at: datetime | None


def ask(
    db: StationDatabase, vault: Vault, application_id: int, about: str, text: str, *, by: int, now: datetime
) -> int:
    """Ask the family about one page of its application. Raises Invalid, Conflict when it is decided.

    A second question about the same page takes the place of the open one.
    """
    if about not in family_words.ASKABLE:
        raise Invalid("about", "Choose what you ask about.")
    said = text.strip()[:LONGEST]
    if about == "other" and not said:
        raise Invalid("text", "Write the question; the family reads it.")
    application = records.get(db, vault, application_id)
    if application.state != "received":
        raise Conflict("This application has been decided already.")
    uid = uuid.uuid4().hex
    sealed = vault.seal(records.key(application.uid), f"application_question|{uid}|asked", said)
    with transaction(db):
        db.write(
            "DELETE FROM application_question WHERE application_id = ? AND about = ? AND answered_at IS NULL",
            application_id,
            about,
        )
        made = db.insert(
            "application_question",
            uid=uid,
            application_id=application_id,
            about=about,
            asked=sealed,
            asked_by=by,
            asked_at=clock.text(now),
        )
        records.note(db, vault, "application.ask", application_id, about, by=by, now=now)
    return made


def take_back(
    db: StationDatabase, vault: Vault, application_id: int, question_id: int, *, by: int, now: datetime
) -> None:
    """Withdraw a question that was not answered; a second press changes nothing."""
    with transaction(db):
        gone = db.write(
            "DELETE FROM application_question WHERE id = ? AND application_id = ? AND answered_at IS NULL",
            question_id,
            application_id,
        )
        if gone:
            records.note(db, vault, "application.unask", application_id, by=by, now=now)


def of(db: StationDatabase, vault: Vault, application_id: int) -> list[Question]:
    """All questions about an application, oldest first; their words are empty once its form was destroyed."""
    rows = db.rows(
        "SELECT application_question.*, application.uid AS application, form FROM application_question "
        "JOIN application ON application.id = application_id WHERE application_id = ? "
        "ORDER BY application_question.id",
        application_id,
    )
    return [_question(vault, row) for row in rows]


def open_of(db: StationDatabase, vault: Vault, application_id: int) -> list[Question]:
    return [one for one in of(db, vault, application_id) if one.answered_at is None]


def answer(
    db: StationDatabase,
    vault: Vault,
    question: Question,
    text: str,
    *,
    changed: tuple[ElderForm, Enrolment] | None = None,
    now: datetime,
) -> None:
    """Answer a question: in words, or by a form in which the page asked about was corrected, or both.

    Raises NotFound when it was taken back meanwhile, Conflict when the application is decided.
    """
    application = records.get(db, vault, question.application_id)
    if application.state != "received":
        raise Conflict("This application has been decided already.")
    sealed = vault.seal(
        records.key(application.uid),
        f"application_question|{_uid(db, question.id)}|answer",
        text.strip()[:LONGEST],
    )
    with transaction(db):
        if db.scalar("SELECT state FROM application WHERE id = ?", application.id) != "received":
            raise Conflict("This application has been decided already.")
        answered = db.write(
            "UPDATE application_question SET answer = ?, answered_at = ? WHERE id = ? AND answered_at IS NULL",
            sealed,
            clock.text(now),
            question.id,
        )
        if answered and changed:
            _replace(db, vault, application, changed, now)


def _replace(
    db: StationDatabase,
    vault: Vault,
    application: Application,
    changed: tuple[ElderForm, Enrolment],
    now: datetime,
) -> None:
    uid, form, phone = application.uid, changed[0], changed[1].contacts[0].phone
    index, details = vault.blind("phone", phone), application.details
    if (form.consents, form.given_by) != (application.form.consents, application.form.given_by):
        details = replace(details, consent_version=vocabulary.CONSENT_VERSION, consented_at=clock.text(now))
    # A phone that was confirmed is not the one that was typed now.
    db.write(
        "UPDATE application SET confirmed_by = '', confirmed_at = NULL WHERE id = ? AND phone_index <> ?",
        application.id,
        index,
    )
    db.write(
        "UPDATE application SET form = ?, details = ?, phone_index = ?, tail_index = ? WHERE id = ?",
        records.seal_form(vault, uid, form),
        records.seal_details(vault, uid, details),
        index,
        records.tail_index(vault, uid, phone),
        application.id,
    )


def _uid(db: StationDatabase, question_id: int) -> str:
    found = db.scalar("SELECT uid FROM application_question WHERE id = ?", question_id)
    if found is None:
        raise NotFound("The station has taken this question back. Nothing more is needed.")
    return str(found)


def _question(vault: Vault, row: dict[str, Any]) -> Question:
    def said(column: str) -> str:
        if not row[column] or not row["form"]:
            return ""
        place = f"application_question|{row['uid']}|{column}"
        return str(vault.open(records.key(row["application"]), place, row[column]))

    return Question(
        id=row["id"],
        application_id=row["application_id"],
        about=row["about"],
        text=said("asked"),
        answer=said("answer"),
        asked_by=row["asked_by"],
        asked_at=clock.parse(row["asked_at"]),
        answered_at=clock.parse(row["answered_at"]) if row["answered_at"] else None,
    )
