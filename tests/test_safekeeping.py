"""Backups: made while the station works, brought back whole, refused when altered, never over anything."""

import json
import shutil
import threading
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import NOW, WANG, Home, Wearer, enrol
from freezing import keyring as frozen_keyring
from freezing import thaw

from station import elders, founding, safekeeping, schema, seal
from station.config import Config
from station.db import transaction
from station.errors import SettingError
from station.incidents import reports, views
from station.incidents.intake import Report
from station.incidents.reports import Door
from station.issuing import records


def report(home: Home, wearer: Wearer, note: str) -> int | None:
    badge = records.get(home.db, wearer.badge_id)
    sent = Report(uuid.uuid4().hex, "with_elder", note=note)
    return reports.report(home.db, home.vault, Door(1, badge.serial), sent, NOW).incident_id


@pytest.fixture
def backup(home: Home, wang: Wearer, tmp_path: Path) -> Path:
    report(home, wang, "穿红棉袄")
    return safekeeping.back_up(home.config, home.ring, tmp_path / "backups", NOW)


@pytest.fixture
def other_house(home: Home, tmp_path: Path) -> Config:
    """A second machine to which only the keyring was brought."""
    folder = tmp_path / "other"
    folder.mkdir(mode=0o700)
    seal.write_keyring(folder / "keyring.json", home.ring)
    return Config(folder, folder / "keyring.json", home.config.base_url)


def names_in(config: Config) -> set[str]:
    return {path.name for path in config.data_dir.iterdir()}


def test_a_backup_comes_back_whole_in_an_empty_folder(home, wang, backup, other_house):
    safekeeping.restore(other_house, home.ring, backup)
    with founding.opened(other_house, home.ring) as (db, vault):
        elder = elders.get(db, vault, wang.id)
        assert (elder.name, elder.address) == (WANG.name, "吉林省吉林市丰满区龙城社区" + WANG.address)
        assert views.whole(db, vault, 1).told[0].note == "穿红棉袄"
        badge = records.get(db, wang.badge_id)
        assert seal.badge_token(home.ring, 1, badge.serial, badge.key_digit) == wang.token
        for mine, theirs in ((home.db, db), (home.vault.keys, vault.keys)):
            for row in mine.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
                query = f"SELECT * FROM {row['name']}"
                # How old the newest backup is was written down after it was made.
                later = [one for one in mine.rows(query) if one.get("key") != "backup_at"]
                assert later == theirs.rows(query)
    for name in safekeeping.FILES:
        assert (other_house.data_dir / name).stat().st_mode & 0o777 == 0o600
    assert not [name for name in names_in(other_house) if "restoring" in name]


def test_a_backup_holds_neither_the_keyring_nor_a_name(home, wang, backup):
    content = b"".join(path.read_bytes() for path in backup.iterdir())
    assert {path.name for path in backup.iterdir()} == {"station.db", "keys.db", "backup.json"}
    assert backup.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in backup.glob("*.db"))
    for secret in (*home.ring.kek.values(), *home.ring.badge.values(), home.ring.root, home.ring.blind):
        assert secret not in content
    for text in (WANG.name, WANG.address, "穿红棉袄", wang.token):
        assert text.encode() not in content


def test_a_backup_made_in_the_middle_of_work_lacks_no_key(home, wang, other_house, tmp_path):
    """Records and their keys lie in two files: no record may arrive whose key stayed behind."""
    stop, made = threading.Event(), []

    def work() -> None:
        with founding.opened(home.config, home.ring) as (db, vault):
            busy = Home(home.config, home.ring, db, vault)
            while not stop.is_set():
                wearer = enrol(busy, WANG, uuid.uuid4().hex)
                report(busy, wearer, "在江边")
                made.append(wearer.id)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        backups = []
        for n in range(5):
            backups.append(
                safekeeping.back_up(home.config, home.ring, tmp_path / "b", NOW + timedelta(seconds=n))
            )
            wanted = len(made) + 3
            while len(made) < wanted:
                stop.wait(0.005)
    finally:
        stop.set()
        worker.join()
    found = []
    for backup in backups:
        for name in ("station.db", "keys.db"):
            (other_house.data_dir / name).unlink(missing_ok=True)
        safekeeping.restore(other_house, home.ring, backup)
        with founding.opened(other_house, home.ring) as (db, vault):
            ids = [row["id"] for row in db.rows("SELECT id FROM elder")]
            assert {elders.get(db, vault, elder_id).name for elder_id in ids} == {WANG.name}
            for row in db.rows("SELECT id FROM incident"):
                assert views.whole(db, vault, row["id"]).told[0].note == "在江边"
            found.append(len(ids))
    assert found == sorted(found)
    assert found[-1] > found[0], "nothing was written meanwhile"


@pytest.mark.parametrize("name", ["station.db", "keys.db"])
@pytest.mark.parametrize("where", [0, 30, 5000, -1])
def test_an_altered_backup_is_refused_and_nothing_is_touched(home, backup, other_house, name, where):
    content = bytearray((backup / name).read_bytes())
    content[where] ^= 1
    (backup / name).write_bytes(content)
    before = names_in(other_house)
    with pytest.raises(SettingError, match=f"{name} in .* differs from its checksum"):
        safekeeping.restore(other_house, home.ring, backup)
    assert names_in(other_house) == before


@pytest.mark.parametrize("name", ["station.db", "keys.db", "backup.json"])
def test_half_a_backup_is_refused(home, backup, other_house, name):
    (backup / name).unlink()
    with pytest.raises(SettingError, match="no whole backup"):
        safekeeping.restore(other_house, home.ring, backup)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sha256": {}}', '{"sha256": []}'])
def test_an_unreadable_list_of_checksums_is_refused(home, backup, other_house, text):
    (backup / "backup.json").write_text(text)
    with pytest.raises(SettingError, match="no whole backup"):
        safekeeping.restore(other_house, home.ring, backup)


@pytest.mark.parametrize("page", [0, 1, 20])
def test_a_backup_damaged_before_its_checksum_was_made_is_refused(home, backup, other_house, page):
    path = backup / "station.db"
    content = bytearray(path.read_bytes())
    content[page * 4096 : page * 4096 + 4096] = bytes(4096)
    path.write_bytes(content)
    manifest = json.loads((backup / "backup.json").read_text())
    manifest["sha256"]["station.db"] = seal.sha256(bytes(content))
    (backup / "backup.json").write_text(json.dumps(manifest))
    before = names_in(other_house)
    with pytest.raises(SettingError, match="damaged"):
        safekeeping.restore(other_house, home.ring, backup)
    assert names_in(other_house) == before


def test_a_database_is_never_overwritten(home, wang, backup):
    before = (home.config.database.read_bytes(), home.config.keys_database.read_bytes())
    with pytest.raises(SettingError, match="never overwrites"):
        safekeeping.restore(home.config, home.ring, backup)
    assert (home.config.database.read_bytes(), home.config.keys_database.read_bytes()) == before


def test_another_keyring_brings_nothing_back_and_costs_nothing(home, backup, other_house):
    """The erasure ledger in the keys.db that is still there must outlive a try with the wrong keyring."""
    shutil.copy(home.config.keys_database, other_house.keys_database)
    before = names_in(other_house), other_house.keys_database.read_bytes()
    with pytest.raises(SettingError, match="another keyring"):
        safekeeping.restore(other_house, seal.new_keyring(), backup)
    assert names_in(other_house) - {"keys.lock"} == before[0]
    assert other_house.keys_database.read_bytes() == before[1]
    safekeeping.restore(other_house, home.ring, backup)


def test_two_backups_in_one_second_do_not_mix(home, backup, tmp_path):
    before = (backup / "backup.json").read_bytes()
    with pytest.raises(SettingError, match="already"):
        safekeeping.back_up(home.config, home.ring, tmp_path / "backups", NOW)
    assert (backup / "backup.json").read_bytes() == before


def test_an_old_backup_gets_the_newest_schema(tmp_path):
    old = thaw(tmp_path / "old", 1)
    folder = tmp_path / "backup"
    folder.mkdir()
    for name in safekeeping.FILES:
        shutil.copy(old.data_dir / name, folder / name)
    sums = {name: seal.sha256((folder / name).read_bytes()) for name in safekeeping.FILES}
    (folder / "backup.json").write_text(json.dumps({"sha256": sums}))
    new = Config(tmp_path / "new", old.keyring, old.base_url)
    safekeeping.restore(new, frozen_keyring(), folder)
    with founding.opened(new, frozen_keyring()) as (db, vault):
        assert schema.is_current(db)
        assert elders.get(db, vault, 1).name == "王秀兰"


def test_work_goes_on_after_a_restore(home, wang, backup, other_house):
    safekeeping.restore(other_house, home.ring, backup)
    with founding.opened(other_house, home.ring) as (db, vault):
        there = Home(other_house, home.ring, db, vault)
        second = enrol(there, WANG, "after the move")
        assert second.token != wang.token, "a serial is never given twice"
        assert report(there, second, "江边") != report(there, wang, "桥头")
        with transaction(db):
            assert db.scalar("SELECT count(*) FROM incident WHERE closed_at IS NULL") == 2


def test_a_log_left_behind_is_not_replayed_into_the_restored_database(home, wang, backup, other_house):
    other_house.data_dir.mkdir(exist_ok=True)
    left = Path(f"{other_house.database}-wal")
    left.write_bytes(b"the log of a database that was moved away")
    safekeeping.restore(other_house, home.ring, backup)
    assert left.with_name(left.name + ".before-restore").read_bytes().startswith(b"the log of")
    with founding.opened(other_house, home.ring) as (db, _):
        assert db.scalar("PRAGMA integrity_check") == "ok"
        assert db.scalar("SELECT count(*) FROM elder") == 1


def test_a_scan_joins_an_incident_whose_key_the_older_keys_do_not_have(home, wang):
    first = report(home, wang, "in the snow")
    with transaction(home.vault.keys):
        home.vault.keys.write("DELETE FROM dek WHERE subject LIKE 'incident/%'")
    assert report(home, wang, "still there") == first
