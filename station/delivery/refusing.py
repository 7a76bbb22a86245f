"""Somebody does not want the badge that stands at their door: it goes back, and the reason counts in the coverage."""

from datetime import date, datetime

from station import coverage
from station.db import StationDatabase
from station.issuing import records, trips
from station.vault import Vault


def refuse(
    db: StationDatabase,
    vault: Vault,
    badge_id: int,
    reason: str,
    *,
    today: date,
    form_id: str,
    by: int,
    now: datetime,
) -> None:
    """Note the refusal with its reason, one of vocabulary.REFUSALS; the badge lies at the station until a change of mind.

    Raises Invalid for another reason, Conflict unless the badge is printed.
    """
    elder_id = records.get(db, badge_id).elder_id
    community_id = db.scalar("SELECT community_id FROM elder WHERE id = ?", elder_id)
    # The reason first: a badge that is marked as refused without one would count nowhere.
    coverage.refuse(
        db, vault, reason, community_id=community_id, elder_id=elder_id, form_id=form_id, by=by, now=now
    )
    outcome = trips.Outcome("refused", form_id)
    trips.note(db, vault, badge_id, outcome, today=today, by=by, now=now)
