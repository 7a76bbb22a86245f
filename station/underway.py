"""What is under way in the demonstration: badges on their way to the door, applications that wait."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from station import communities, enrolment, photos, trials
from station.applications import drafts, pictures, questions
from station.applications.drafts import Content
from station.communities import Station
from station.config import Config
from station.db import StationDatabase
from station.delivery import grids
from station.enrolment import ContactForm, ElderForm, Locality
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


def try_on(db: StationDatabase, vault: Vault, elder_id: int, now: datetime) -> None:
    """Let an elder wear a sample since longer than a week."""
    then = now - trials.LASTS - timedelta(days=2)
    trials.lend(db, vault, elder_id, "badge", today=then.date(), by=WORKER, now=then)


# Three families have applied: one waits, one waits too long and may be registered already, one is asked something.
_FAMILIES = (
    ("郑玉兰", "1947-05-12", "female", "锦绣花园3号楼2单元301", "19900003001", 20),
    ("王秀兰", "1946-03-05", "female", "帝景小区105号楼2单元301", "19900001001", 150),
    ("何长顺", "1940-10-02", "male", "江畔人家7号楼", "19900003003", 26),
)
_PICTURES = (("identity", photos.document), ("portrait", photos.clean))


def apply(db: StationDatabase, vault: Vault, station: Station, now: datetime) -> None:
    """Let the three families apply; the first has sent both pictures."""
    ids = frozenset(one.id for one in communities.communities(db) if one.station == station.number)
    local = Locality(station.area_code, station.address_prefix, ids)
    for n, (name, born, sex, address, phone, hours) in enumerate(_FAMILIES):
        form = ElderForm(
            name=name,
            birth_date=born,
            sex=sex,
            address=address,
            community_id="1",
            contacts=(ContactForm(f"{name[0]}家属", phone, "daughter"),),
            health_notes=("memory",),
            consents=("record", "family_place", "photo", "health_notes"),
        )
        then = now - timedelta(hours=hours)
        draft = drafts.begin(db, vault, Content(form), then)
        for kind, clean in _PICTURES if n == 0 else ():
            sent = (Path(__file__).parent / "static" / f"demo-{kind}.jpg").read_bytes()
            pictures.keep(db, vault, draft.uid, kind, clean(sent).jpeg, then)
        checked = enrolment.check(form, local, now.date())
        drafts.send(db, vault, draft, checked, station=station.number, now=then)
    last = int(db.scalar("SELECT max(id) FROM application"))
    questions.ask(db, vault, last, "where", "几单元几号？", by=WORKER, now=now - timedelta(hours=3))
