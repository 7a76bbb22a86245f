"""A complete small station with invented people, for `station demo`: made once, then kept."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from station import accounts, addresses, communities, duty, elders, enrolment, readiness, underway
from station.communities import Policy, Station
from station.config import Config
from station.db import StationDatabase, transaction
from station.enrolment import ContactForm, ElderForm
from station.incidents import urgency
from station.issuing import life, making, orders, records
from station.landmarks import records as landmarks
from station.landmarks.records import Entry
from station.vault import Vault

STATION = 1
PHONES = "演示手机"
OUTSIDE = "webhook"
MAIL = "演示邮箱"
MAIL_DOMAIN = "demo.example"  # reserved; nothing leaves the machine
ONE_WAY = "secretary3"  # shows what somebody looks like who can be reached by one way alone
TRIED = timedelta(days=2)  # ago
NOTE = "demo.json"
LONG_AGO = timedelta(days=200)


@dataclass
class Note:
    """What the demonstration must remember to print it again: logins, the webhook's secret, the address on the badges."""

    webhook_secret: str
    accounts: list[dict[str, str]] = field(default_factory=list)
    base_url: str = ""
    port: int = 0
    webhook: str = ""
    mail_port: int = 0


# Invented people. Mobile numbers of the form 199 0000 00xx are in no use.
_STAFF = (
    ("worker", "worker", "李敏", 0),
    ("duty", "duty", "王强", 0),
    ("duty2", "duty", "赵军", 0),
    ("secretary", "secretary", "孙丽", 0),
    ("secretary2", "secretary", "周平", 1),
    ("secretary3", "secretary", "郑芳", 2),
    ("operator", "operator", "吴工", None),
)
# Places in Jilin city, WGS-84; the names of the two neighbours are invented.
_COMMUNITIES = (
    ("龙城社区", 43.8210, 126.5620, 900.0),
    ("滨江社区", 43.8330, 126.5480, 900.0),
    ("松园社区", 43.8090, 126.5790, 900.0),
)
# Invented places near them; who works at the safe ones has agreed to sit with an elder for a while.
_LANDMARKS = (
    Entry("stop", "东市场公交站", "43.8168", "126.5683", also="东市场站牌"),
    Entry("shop", "向阳药房", "43.8172", "126.5671", also="向阳大药房", safe=True, hours="8:00-20:00", phone="0432-62010021"),
    Entry("station", "龙城社区防走失驿站", "43.8210", "126.5620", also="驿站", safe=True, hours="24小时", phone="0432-62012345"),
    Entry("shop", "老孙家面馆", "43.8226", "126.5648", safe=True, hours="6:00-21:00", phone="0432-62010022"),
    Entry("gate", "帝景小区东门", "43.8199", "126.5611"),
    Entry("lamp_post", "灯杆 10432", "43.8247", "126.5594"),
    Entry("lamp_post", "灯杆 10433", "43.8250", "126.5589"),
    Entry("square", "滨江广场", "43.8334", "126.5476"),
    Entry("police", "松园派出所", "43.8094", "126.5782", safe=True, hours="24小时", phone="0432-62010023"),
    Entry("hospital", "滨江社区卫生服务中心", "43.8327", "126.5492", safe=True, hours="8:00-17:00", phone="0432-62010024"),
)  # fmt: skip
_ALL = ("record", "family_place", "finding_community", "photo", "health_notes")
_VOLUNTEERS = ("王秀兰", "刘桂芝", "陈玉梅")  # their families would have volunteers asked
_SHY = "单长江"  # of him not even health notes are told to anybody
_ELDERS = (
    ("王秀兰", "1946-03-05", "female", "帝景小区105号楼2单元301", "son", ("memory", "diabetes"), "王奶奶", ("slowly", "forgets")),
    ("肖德福", "1941-11-20", "male", "帝景小区103号楼1单元502", "daughter", ("memory", "walking", "anticoagulant"), "", ()),
    ("刘桂芝", "1950-06-12", "female", "江畔人家7号楼3单元201", "spouse", ("memory", "mood"), "", ()),
    ("朴英子", "1948-09-30", "female", "江畔人家2号楼1单元101", "son", ("memory", "hearing"), "", ("korean", "loudly")),
    ("张国栋", "1939-01-17", "male", "锦绣花园12号楼2单元402", "in_law", ("memory", "heart"), "", ()),
    ("陈玉梅", "1952-04-08", "female", "锦绣花园9号楼1单元601", "grandchild", ("memory",), "陈阿姨", ("anxious",)),
    ("单长江", "1944-12-25", "male", "帝景小区101号楼3单元302", "sibling", ("speech", "stroke"), "", ("slowly", "unsteady")),
    ("关淑琴", "1947-07-03", "female", "松江小区5号楼2单元102", "carer", ("memory", "seizures"), "", ()),
)  # fmt: skip

# Their badges are printed and on the way to them.
_WAITING = (
    ("孙玉珍", "1949-02-11", "female", "帝景小区103号楼2单元202", "daughter", ("memory",), "", ()),
    ("马占山", "1943-08-16", "male", "江畔人家7号楼1单元601", "son", ("memory", "heart"), "", ()),
)  # fmt: skip

# Tries a sample before anything is decided; the day to ask has passed.
_TRYING = ("吴桂云", "1951-10-09", "female", "松江小区2号楼1单元401", "daughter", ("memory",), "", ())


def exists(folder: Path) -> bool:
    """Whether a whole demonstration lies in the folder."""
    return (folder / NOTE).exists()


def new_note(config: Config) -> Note:
    return Note(webhook_secret=secrets.token_hex(16), base_url=config.base_url)


def read_note(config: Config) -> Note:
    return Note(**json.loads((config.data_dir / NOTE).read_text()))


def write_note(config: Config, note: Note) -> None:
    path = config.data_dir / NOTE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(note), file, ensure_ascii=False)


def furnish(db: StationDatabase, vault: Vault, note: Note, now: datetime) -> None:
    """Fill a new instance; the logins go into the note."""
    with transaction(db):
        communities.add_station(
            db,
            Station(
                STATION, "龙城社区防走失驿站", "+8643262012345", "0432", "吉林省吉林市丰满区龙城社区",
                _COMMUNITIES[0][1], _COMMUNITIES[0][2], "ring", "navy", Policy(),
            ),
        )  # fmt: skip
        for name, lat, lon, radius in _COMMUNITIES:
            communities.add_community(db, station=STATION, name=name, lat=lat, lon=lon, radius_m=radius)
        urgency.set_climate(db, STATION, urgency.JILIN)
    _name_places(db, vault, now)
    _engage(db, vault, note, now)
    for number, person in enumerate(_ELDERS):
        orders.order(db, vault, _enrol(db, vault, number, person, now), by=1, now=now)


def set_pace(db: StationDatabase, factor: float) -> None:
    """Let the ladder and the leases of new incidents run `factor` times faster."""
    with transaction(db):
        db.write("UPDATE station SET policy = ? WHERE number = ?", Policy().scaled(factor).dump(), STATION)


def connect(db: StationDatabase, vault: Vault, note: Note, now: datetime) -> None:
    """Point everybody's phone at this machine's demo page, and at the note's webhook when there is one."""
    outside = _channel(db, vault, OUTSIDE, note, now)
    addresses.switch_channel(db, outside, on=bool(note.webhook))
    _connect_mail(db, vault, note, now)
    phones = _channel(db, vault, PHONES, note, now)
    addresses.change_channel(
        db, vault, phones, {"secret": note.webhook_secret} | _for_applicants(PHONES, note)
    )
    for who, owner in _owners(db):
        _point_all(db, vault, note, who, owner, now)
    readiness.note_confirmed(db, now - TRIED, now)


def _connect_mail(db: StationDatabase, vault: Vault, note: Note, now: datetime) -> None:
    """The staff's second way, unless an address outside is theirs: mail that the demonstration itself takes."""
    settings = {
        "host": "127.0.0.1",
        "port": str(note.mail_port),
        "security": "plain",
        "sender": f"station@{MAIL_DOMAIN}",
    }
    channel_id = db.scalar("SELECT id FROM channel WHERE station = ? AND label = ?", STATION, MAIL)
    if channel_id is None:
        channel_id = addresses.add_channel(
            db, vault, station=STATION, kind="smtp", label=MAIL, settings=settings, now=now
        )
    addresses.change_channel(db, vault, int(channel_id), settings)
    addresses.switch_channel(db, int(channel_id), on=not note.webhook)
    for who, owner in _owners(db):
        if "staff_id" in owner and who != ONE_WAY:
            _point(db, vault, int(channel_id), owner, f"{who}@{MAIL_DOMAIN}")


def connect_new(db: StationDatabase, vault: Vault, note: Note, now: datetime) -> None:
    """Give contacts that were entered meanwhile a phone too, so that their family sees what would arrive."""
    rows = db.rows(
        "SELECT id FROM contact WHERE id NOT IN (SELECT contact_id FROM address WHERE contact_id IS NOT NULL)"
    )
    for row in rows:
        _point_all(db, vault, note, f"family-{row['id']}", {"contact_id": row["id"]}, now)


def _point_all(
    db: StationDatabase, vault: Vault, note: Note, who: str, owner: dict[str, int], now: datetime
) -> None:
    phones = _channel(db, vault, PHONES, note, now)
    _point(db, vault, phones, owner, f"http://127.0.0.1:{note.port}/demo/phones/{who}")
    if note.webhook:
        _point(db, vault, _channel(db, vault, OUTSIDE, note, now), owner, note.webhook)


def make_badges(db: StationDatabase, vault: Vault, config: Config, now: datetime) -> None:
    """Make, check and hand over every ordered badge."""
    for badge_id in making.waiting(db):
        making.make(db, vault, badge_id, config.base_url, now)
        life.activate(db, vault, badge_id, by=1, now=now)


def send_out(db: StationDatabase, vault: Vault, config: Config, now: datetime) -> None:
    """Let a worker be on the way with badges to people who wait for them."""
    for number, person in enumerate(_WAITING, len(_ELDERS)):
        then = now - timedelta(hours=30)
        orders.order(db, vault, _enrol(db, vault, number, person, then), by=1, now=then)
    underway.try_on(db, vault, _enrol(db, vault, len(_ELDERS) + len(_WAITING), _TRYING, now), now)
    underway.set_out(db, vault, config, now)
    underway.apply(db, vault, communities.station(db, STATION), now)


def redraw_badges(db: StationDatabase, vault: Vault, config: Config, now: datetime) -> None:
    """Draw every badge anew; the address on them has changed, the tokens have not."""
    for row in db.rows("SELECT DISTINCT badge_id FROM badge_file ORDER BY badge_id"):
        making.redraw(db, vault, row["badge_id"], config.base_url, now)


def listing(db: StationDatabase, vault: Vault, config: Config) -> list[dict[str, str]]:
    """The elders with their badges, the files written beside the database for whoever wants to print them."""
    folder = config.data_dir / "badges"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = []
    for row in db.rows(
        "SELECT id, elder_id FROM badge WHERE state = 'worn' AND elder_id IS NOT NULL ORDER BY id"
    ):
        badge = records.get(db, row["id"])
        number = records.shown_number(badge.number)
        paths = {
            kind: _write(folder / f"{number}.{kind}", making.file(db, vault, badge.id, kind))
            for kind in ("pdf", "png")
        }
        found.append(
            {
                "name": elders.get(db, vault, row["elder_id"]).name,
                "badge_number": number,
                "scan_url": records.url(vault.ring, badge, config.base_url),
                "badge_pdf": paths["pdf"],
                "badge_png": paths["png"],
            }
        )
    return found


def _name_places(db: StationDatabase, vault: Vault, now: datetime) -> None:
    station, areas = communities.station(db, STATION), communities.communities(db)
    known = [landmarks.check(entry, station, areas) for entry in _LANDMARKS]
    landmarks.take_in(db, vault.ring, known, station=STATION, by=None, now=now)


def _engage(db: StationDatabase, vault: Vault, note: Note, now: datetime) -> None:
    ids = {}
    for n, (username, role, name, community) in enumerate(_STAFF, 1):
        password = f"{username}-{secrets.token_hex(4)}"
        new = accounts.NewStaff(
            username,
            password,
            role,
            STATION,
            name,
            f"+861990000{n:04d}",
            None if community is None else community + 1,
        )
        ids[username] = accounts.add(db, vault, new, now)
        note.accounts.append({"role": role, "username": username, "password": password})
    shifts = duty.around_the_clock([ids["duty"]]) + duty.around_the_clock([ids["duty2"]], level="backup")
    duty.replace_roster(db, STATION, shifts)


def _enrol(db: StationDatabase, vault: Vault, number: int, person: tuple[Any, ...], now: datetime) -> int:
    name, born, sex, address, relation, notes, call_name, hints = person
    shown = (("page_call_name",) if call_name else ()) + (("page_hints",) if hints else ()) + ("page_flags",)
    form = ElderForm(
        name=name,
        birth_date=born,
        sex=sex,
        address=address,
        community_id="1",
        contacts=(
            ContactForm(f"{name[0]}家属", f"1990000{1001 + number}", relation),
            ContactForm("第二联系人", f"1990000{2001 + number}", "other"),
        ),
        health_notes=notes,
        history="演示数据：喜欢去江边散步，走失过一次。",
        call_name=call_name,
        hints=hints,
        consents=_agreed(name, shown),
    )
    station = communities.station(db, STATION)
    ids = frozenset(community.id for community in communities.communities(db))
    checked = enrolment.check(
        form, enrolment.Locality(station.area_code, station.address_prefix, ids), now.date()
    )
    entered = now - LONG_AGO if number == len(_ELDERS) - 1 else now  # the last one's half-yearly check is due
    return elders.register(db, vault, checked, form_id=f"demo-{number}", station=STATION, by=1, now=entered)


def _agreed(name: str, shown: tuple[str, ...]) -> tuple[str, ...]:
    if name == _SHY:
        return ("record", "family_place", "photo", *(item for item in shown if item != "page_flags"))
    return _ALL + shown + (("volunteers",) if name in _VOLUNTEERS else ())


def _channel(db: StationDatabase, vault: Vault, label: str, note: Note, now: datetime) -> int:
    known = db.scalar("SELECT id FROM channel WHERE station = ? AND label = ?", STATION, label)
    if known is not None:
        return int(known)
    return addresses.add_channel(
        db,
        vault,
        station=STATION,
        kind="webhook",
        label=label,
        settings={"secret": note.webhook_secret} | _for_applicants(label, note),
        allow_private=True,
        now=now,
    )


def _for_applicants(label: str, note: Note) -> dict[str, str]:
    """The demonstration's page shows what applicants' phones would receive, too."""
    return {"applicants": f"http://127.0.0.1:{note.port}/demo/phones/applicants"} if label == PHONES else {}


def _owners(db: StationDatabase) -> list[tuple[str, dict[str, int]]]:
    """Everybody with a phone: the staff by account name, the contacts by number."""
    staff = db.rows("SELECT id, username FROM staff WHERE role <> 'operator' ORDER BY id")
    contacts = db.rows("SELECT id FROM contact ORDER BY id")
    return [(row["username"], {"staff_id": row["id"]}) for row in staff] + [
        (f"family-{row['id']}", {"contact_id": row["id"]}) for row in contacts
    ]


def _point(
    db: StationDatabase, vault: Vault, channel_id: int, owner: dict[str, int], destination: str
) -> None:
    known = db.scalar(
        "SELECT id FROM address WHERE channel_id = ? AND staff_id IS ? AND contact_id IS ?",
        channel_id,
        owner.get("staff_id"),
        owner.get("contact_id"),
    )
    if known is None:
        with transaction(db):
            addresses.add(db, vault, channel_id=channel_id, destination=destination, **owner)
    else:
        addresses.change_destination(db, vault, int(known), destination)


def _write(path: Path, content: bytes) -> str:
    """Write a badge file that only its owner can read: whoever has it can raise an alert."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return str(path.resolve())
