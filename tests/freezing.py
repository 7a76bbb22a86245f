"""Old instances, kept as SQL, and how they are made: before a release that changes the schema run

python tests/freezing.py 2

and commit the two files. A frozen file is never made again: real instances look like it.
"""

import sys
import tempfile
import uuid
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from station import (
    accounts,
    addresses,
    communities,
    duty,
    elders,
    enrolment,
    founding,
    places,
    portraits,
    seal,
)
from station.applications import intake
from station.communities import Policy, Station
from station.config import Config
from station.db import StationDatabase, create, transaction
from station.enrolment import ContactForm, ElderForm, Locality
from station.incidents import acts, events, links, reports
from station.incidents.acts import Move
from station.incidents.intake import Report, Sighting
from station.incidents.reports import Door
from station.issuing import orders, records
from station.seal import Keyring
from station.vault import Vault

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 21, 19, 0, tzinfo=UTC)
ELDER = ElderForm(
    name="王秀兰",
    birth_date="1946-03-05",
    sex="female",
    address="帝景小区105号楼2单元301",
    community_id="1",
    contacts=(ContactForm("张伟", "19900000002", "son"),),
    health_notes=("memory", "diabetes"),
    history="喜欢去江边。",
    call_name="王奶奶",
    hints=("slowly",),
    consents=("record", "family_place", "photo", "page_call_name", "page_hints", "page_flags"),
)


def keyring() -> Keyring:
    """The same in every run, and good for nothing but these files."""

    def key(label: str) -> bytes:
        return sha256(f"frozen {label}".encode()).digest()

    return Keyring(
        kek={1: key("kek")}, badge={"1": key("a") + key("b")}, root=key("root"), blind=key("blind")
    )


def config(folder: Path) -> Config:
    return Config(folder, folder / "keyring.json", "https://zj.example.cn")


def thaw(folder: Path, number: int) -> Config:
    """An instance as the release with that schema left it."""
    found = config(folder)
    folder.mkdir(mode=0o700, parents=True)
    seal.write_keyring(found.keyring, keyring())
    for path, name in ((found.database, "schema"), (found.keys_database, "keys")):
        db = create(path)
        db.conn.executescript((HERE / f"{name}_{number:03d}.sql").read_text())
        db.close()
    return found


def freeze(folder: Path, number: int) -> None:
    made = config(folder)
    folder.mkdir(parents=True)
    seal.write_keyring(made.keyring, keyring())
    ring = founding.found(made)
    with founding.opened(made, ring) as (db, vault):
        _settle(db, vault)
        _live(db, vault)
        for source, name in ((db, "schema"), (vault.keys, "keys")):
            (HERE / f"{name}_{number:03d}.sql").write_text(_dump(source))


def _dump(db: StationDatabase) -> str:
    """Schema and rows as SQL; Python's own iterdump is missing where pysqlite3 is used."""
    made = db.rows("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY rowid")
    lines = ["PRAGMA foreign_keys = OFF;"]
    lines += [one["sql"] + ";" for one in made if one["sql"]]
    for table in [one["name"] for one in made if one["type"] == "table"]:
        columns = ", ".join(f"quote({column['name']})" for column in db.rows(f"PRAGMA table_info({table})"))
        for row in db.conn.execute(f"SELECT {columns} FROM {table}"):
            lines.append(f"INSERT INTO {table} VALUES ({', '.join(row)});")
    return "\n".join([*lines, ""])


def _settle(db: StationDatabase, vault: Vault) -> None:
    with transaction(db):
        communities.add_station(
            db,
            Station(1, "龙城社区防走失驿站", "+8643262012345", "0432", "吉林省吉林市", 43.8210, 126.5620, "ring", "navy", Policy()),
        )  # fmt: skip
        communities.add_community(db, station=1, name="龙城社区", lat=43.8210, lon=126.5620, radius_m=900)
    new = accounts.NewStaff("duty", "snow at three o'clock", "duty", 1, "王强", "+8619900000001", 1)
    staff_id = accounts.add(db, vault, new, NOW)
    accounts.set_totp(db, vault, "duty", NOW)
    duty.replace_roster(db, 1, duty.around_the_clock([staff_id]))
    secret = {"secret": "a secret of the frozen station"}
    channel = addresses.add_channel(
        db, vault, station=1, kind="webhook", label="phones", settings=secret, now=NOW
    )
    with transaction(db):
        addresses.add(
            db, vault, channel_id=channel, destination="https://provider.example.cn/1", staff_id=staff_id
        )
        db.insert(
            "session", token_hash=b"hash", staff_id=1, created_at=NOW.isoformat(), seen_at=NOW.isoformat()
        )


def _live(db: StationDatabase, vault: Vault) -> None:
    """One of everything: every table gets a row."""
    checked = enrolment.check(ELDER, Locality("0432", "吉林省吉林市", frozenset({1})), NOW.date())
    intake.receive(db, vault, ELDER, checked, form_id="f" * 32, station=1, now=NOW)
    elder_id = elders.register(db, vault, checked, form_id="frozen", station=1, by=1, now=NOW)
    portraits.keep(db, vault, elder_id, b"a jpeg", by=1, now=NOW)
    badge_id = orders.order(db, vault, elder_id, by=1, now=NOW)
    door = Door(1, records.get(db, badge_id).serial)
    sighting = Sighting(places.Point(43.8255, 126.5601), 15.0, "东市场公交站旁")
    sent = Report(uuid.UUID(int=1).hex, "with_elder", sighting, "穿红棉袄", "19900000055")
    incident_id = reports.report(db, vault, door, sent, NOW).incident_id
    assert incident_id is not None
    acts.claim(db, incident_id, "both", by=1, now=NOW)
    acts.say(db, vault, incident_id, "马上到", by=1, scan_id=None, now=NOW)
    _move_through(db, vault, incident_id)
    _rest(db, incident_id, badge_id, vault)


def _move_through(db: StationDatabase, vault: Vault, incident_id: int) -> None:
    for state in ("going", "with_elder", "handed_over"):
        version = db.scalar("SELECT version FROM incident WHERE id = ?", incident_id)
        move = Move(state, version, eta_minutes=8, collected_by="张伟", relation="儿子", identity_seen=True)
        acts.move(db, vault, incident_id, move, by=1, now=NOW)


def _rest(db: StationDatabase, incident_id: int, badge_id: int, vault: Vault) -> None:
    at = NOW.isoformat()
    with transaction(db):
        links.make(db, vault, incident_id, staff_id=1, now=NOW)
        db.insert(
            "badge_file",
            badge_id=badge_id,
            kind="pdf",
            sha256="0",
            content=b"%PDF",
            checked_at=at,
            checked_with="",
        )
        alert = db.insert(
            "alert", uid="u", dedup="d", incident_id=incident_id, kind="notice", address_id=1, staff_id=1,
            state="accepted", due_at=at, created_at=at,
        )  # fmt: skip
        db.insert("attempt", alert_id=alert, number=1, started_at=at, outcome="ok")
        events.add(db, incident_id, "seen", actor="staff", staff_id=1, now=NOW)
    with transaction(vault.keys):  # the keys made ahead would fill the file
        vault.keys.write("DELETE FROM dek WHERE subject LIKE 'incident/%' AND subject <> 'incident/1'")
    vault.create(["elder/gone"], NOW)
    vault.destroy("elder/gone", NOW)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        freeze(Path(temporary) / "instance", int(sys.argv[1]))
