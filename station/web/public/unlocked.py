"""What the officer shows to one finder for half an hour: read for that finder's page, and its two files."""

from dataclasses import dataclass
from datetime import datetime

from station import portraits, vocabulary, voices
from station.errors import NotFound
from station.incidents import disclosures, views
from station.incidents.views import FinderStatus
from station.vault import Unsealable
from station.voices import Clip
from station.web import connection


@dataclass(frozen=True)
class Unlocked:
    """Shown on one finder's status page and nowhere else. What is not unlocked is empty."""

    until: datetime  # when the first of it ends
    items: tuple[str, ...]  # keys of vocabulary.SHOWABLE
    call_name: str = ""
    health_notes: tuple[str, ...] = ()  # codes of vocabulary.HEALTH_NOTES, the life-critical ones first

    @property
    def photo(self) -> bool:
        return "photo" in self.items

    @property
    def voice(self) -> bool:
        return "voice" in self.items


def of_report(found: FinderStatus) -> Unlocked | None:
    """What this finder is shown now; None when it is nothing."""
    db, vault = connection.get_db(), connection.get_vault()
    live = disclosures.live(db, found.scan_id, connection.now()) if found.incident_id else {}
    if not live:
        return None
    try:
        record = views.elder_of(db, vault, found.incident_id or 0)
    except Unsealable:  # erased meanwhile
        return None
    assert record is not None, "only an elder who is known can be shown"
    notes = sorted(record.health_notes, key=lambda code: code not in vocabulary.LIFE_CRITICAL)
    return Unlocked(
        until=min(live.values()),
        items=tuple(item for item in vocabulary.SHOWABLE if item in live),
        call_name=record.call_name if "call_name" in live else "",
        health_notes=tuple(notes) if "health_notes" in live else (),
    )


def photo(token: str) -> bytes:
    """The JPEG behind a finder's page. Raises NotFound when it is not shown there now."""
    return portraits.jpeg(connection.get_db(), connection.get_vault(), _elder(token, "photo"))


def voice(token: str) -> Clip:
    return voices.clip(connection.get_db(), connection.get_vault(), _elder(token, "voice"))


def _elder(token: str, item: str) -> int:
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    found = views.finder_status(db, vault, token, now)
    if found.incident_id is None or item not in disclosures.live(db, found.scan_id, now):
        raise NotFound("The station does not show this now.")
    return int(db.scalar("SELECT elder_id FROM incident WHERE id = ?", found.incident_id))
