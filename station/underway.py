"""What is under way in the demonstration: badges on their way to the door."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from station.config import Config
from station.db import StationDatabase
from station.delivery import grids
from station.issuing import life, making, trips
from station.vault import Vault

GRIDS = "第一网格：帝景小区101-105\n第二网格：江畔人家；锦绣花园"
WORKER = 1


def set_out(db: StationDatabase, vault: Vault, config: Config, now: datetime) -> None:
    """Print what is ordered; the worker carries the first badge, at whose door nobody opened yesterday."""
    grids.write(db, vault, 1, GRIDS, by=WORKER, now=now)
    waiting, before = making.waiting(db), now - timedelta(hours=20)
    for badge_id in waiting:
        making.make(db, vault, badge_id, config.base_url, before)
        life.mark_printed(db, vault, badge_id, by=WORKER, now=before)
    trips.take(db, vault, waiting[:1], by=WORKER, now=before)
    today = now.astimezone(ZoneInfo(config.timezone)).date()
    tried = trips.Outcome("not_home", "demo-round", today)
    trips.note(db, vault, waiting[0], tried, today=today, by=WORKER, now=before)
