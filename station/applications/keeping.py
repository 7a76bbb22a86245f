"""What of applications ends by itself: drafts that were left lying, identity pictures, old forms, codes."""

from datetime import datetime

from station.applications import confirming, decisions, drafts, pictures
from station.db import StationDatabase
from station.vault import Vault


def forget_old(db: StationDatabase, vault: Vault, now: datetime) -> None:
    """Destroy what has run out; cheap when nothing has."""
    drafts.forget_old(db, vault, now)
    pictures.forget_old(db, vault, now)
    decisions.forget_old(db, vault, now)
    confirming.forget_old(db, now)
