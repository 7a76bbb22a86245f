"""Wearing a sample badge on trial, before anybody decides: lent, asked about on a day, and what came of it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from station import audit, clock, coverage, vocabulary
from station.db import IntegrityError, StationDatabase, transaction
from station.errors import Conflict, Invalid
from station.vault import Vault
from station.vocabulary import N_

LASTS = timedelta(days=7)
OVER = N_("This trial has ended already. Load the page again.")


@dataclass(frozen=True)
class Trial:
    id: int
    elder_id: int
    form: str  # a code of vocabulary.BADGE_FORMS
    lent_at: datetime
    ask_on: date
    outcome: str  # empty while the sample is out
    ended_at: datetime | None


def lend(
    db: StationDatabase, vault: Vault, elder_id: int, form: str, *, today: date, by: int, now: datetime
) -> None:
    """Lend a sample without any code on it. Twice is once."""
    if form not in vocabulary.BADGE_FORMS:
        raise Invalid("form", "Choose the kind of badge.")
    try:
        with transaction(db):
            db.insert(
                "badge_trial",
                elder_id=elder_id,
                form=form,
                lent_at=clock.text(now),
                ask_on=(today + LASTS).isoformat(),
                lent_by=by,
            )
            audit.record(db, vault.ring, staff_id=by, action="trial.lend", about=f"elder/{elder_id}", now=now)
    except IntegrityError:
        return  # the sample is out already


def end(
    db: StationDatabase,
    vault: Vault,
    elder_id: int,
    outcome: str,
    reason: str,
    *,
    form_id: str,
    by: int,
    now: datetime,
) -> None:
    """Note what came of it; a refusal is kept with its reason, and counted with the others.

    Raises Invalid for an unknown outcome or reason, Conflict when no sample is out.
    """
    if outcome not in vocabulary.TRIAL_OUTCOMES:
        raise Invalid("outcome", "Choose how it ended.")
    if outcome == "refused" and reason not in vocabulary.REFUSALS:
        raise Invalid("reason", "Choose the reason.")
    with transaction(db):
        if not db.write(
            "UPDATE badge_trial SET outcome = ?, ended_at = ?, ended_by = ? WHERE elder_id = ? AND ended_at IS NULL",
            outcome,
            clock.text(now),
            by,
            elder_id,
        ):
            raise Conflict(OVER)
        about = f"elder/{elder_id}"
        audit.record(db, vault.ring, staff_id=by, action="trial.end", about=about, detail=outcome, now=now)
    if outcome == "refused":
        community = int(db.scalar("SELECT community_id FROM elder WHERE id = ?", elder_id))
        coverage.refuse(
            db, vault, reason, community_id=community, elder_id=elder_id, form_id=form_id, by=by, now=now
        )


def ask_later(
    db: StationDatabase, vault: Vault, elder_id: int, *, today: date, by: int, now: datetime
) -> None:
    """Nobody was reached: the sample stays out and is asked about in a week. Raises Conflict when none is out."""
    with transaction(db):
        if not db.write(
            "UPDATE badge_trial SET ask_on = ? WHERE elder_id = ? AND ended_at IS NULL",
            (today + LASTS).isoformat(),
            elder_id,
        ):
            raise Conflict(OVER)
        audit.record(db, vault.ring, staff_id=by, action="trial.later", about=f"elder/{elder_id}", now=now)


def of_elder(db: StationDatabase, elder_id: int) -> Trial | None:
    """The newest trial."""
    row = db.row("SELECT * FROM badge_trial WHERE elder_id = ? ORDER BY id DESC LIMIT 1", elder_id)
    return _trial(row) if row else None


def out(db: StationDatabase, station: int) -> list[Trial]:
    """Samples that are with elders who live here, those to be asked about first in front."""
    rows = db.rows(
        "SELECT badge_trial.* FROM badge_trial JOIN elder ON elder.id = badge_trial.elder_id "
        "WHERE elder.station = ? AND elder.status = 'living' AND ended_at IS NULL ORDER BY ask_on, badge_trial.id",
        station,
    )
    return [_trial(row) for row in rows]


def to_ask(db: StationDatabase, station: int, today: date) -> list[Trial]:
    """Those of them whose day to ask has come."""
    return [one for one in out(db, station) if one.ask_on <= today]


def counts(db: StationDatabase, station: int) -> dict[str, int]:
    """How many trials there were by outcome; those that are out under the empty word."""
    rows = db.rows(
        "SELECT coalesce(outcome, '') AS outcome, count(*) AS trials FROM badge_trial "
        "JOIN elder ON elder.id = badge_trial.elder_id WHERE elder.station = ? GROUP BY 1",
        station,
    )
    return {row["outcome"]: row["trials"] for row in rows}


def _trial(row: dict[str, Any]) -> Trial:
    ended = clock.parse(row["ended_at"]) if row["ended_at"] else None
    lent, ask = clock.parse(row["lent_at"]), date.fromisoformat(row["ask_on"])
    return Trial(row["id"], row["elder_id"], row["form"], lent, ask, row["outcome"] or "", ended)
