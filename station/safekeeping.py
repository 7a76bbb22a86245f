"""Backups and their way back: both databases as consistent copies with checksums; never the keyring."""

import json
import shutil
from datetime import datetime
from pathlib import Path

from station import founding, schema, seal
from station.config import Config
from station.db import StationDatabase
from station.errors import SettingError
from station.seal import Keyring
from station.vault import Vault

MANIFEST = "backup.json"
FILES = ("station.db", "keys.db")


def back_up(config: Config, ring: Keyring, folder: Path, now: datetime) -> Path:
    """Copy both databases while the station runs; returns the new folder inside `folder`.

    The copies hold sealed data only. Keep those of keys.db no longer than seven days, so that erasure holds.
    """
    target = folder / f"station-{now:%Y%m%dT%H%M%SZ}"
    target.mkdir(mode=0o700, parents=True)
    with founding.opened(config, ring) as (db, vault):
        # Keys first: a person entered between the two copies then has no record yet, never a record without a key.
        _copy(vault.keys, target / "keys.db")
        _copy(db, target / "station.db")
        _copy_new_keys(vault, target / "keys.db")
    sums = {name: seal.sha256((target / name).read_bytes()) for name in FILES}
    (target / MANIFEST).write_text(json.dumps({"made_at": now.isoformat(), "sha256": sums}, indent=1))
    return target


def restore(config: Config, ring: Keyring, folder: Path) -> None:
    """Bring a backup into an empty data folder, check it, and bring it to the newest schema.

    Raises SettingError when files are missing or altered, when a database is in the way, or when the keyring
    is another one's. What was erased since the backup was made is erased again when a keys.db is still here.
    """
    _check(folder)
    if config.database.exists():
        raise SettingError(
            f"There is a database at {config.database}. Move it away first; restore never overwrites one."
        )
    config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    ledger = _erased(config)
    for name in FILES:
        draft = config.data_dir / f".{name}.restoring"
        shutil.copyfile(folder / name, draft)
        draft.chmod(0o600)
        draft.rename(config.data_dir / name)
    founding.migrate(config, ring)
    with founding.opened(config, ring) as (db, vault):
        if db.scalar("PRAGMA integrity_check") != "ok":
            raise SettingError("The restored database is damaged inside; restore an older backup.")
        for subject, at in ledger:
            vault.destroy(subject, at)
    founding.spool.prepare(config.spool)


def _copy(source: StationDatabase, target: Path) -> None:
    source.conn.execute("VACUUM INTO ?", (str(target),))
    target.chmod(0o600)


def _copy_new_keys(vault: Vault, copy: Path) -> None:
    """Keys that came after the first copy, so that no record of the second copy lacks its key."""
    vault.keys.conn.execute("ATTACH ? AS copy", (str(copy),))
    vault.keys.conn.execute("INSERT OR IGNORE INTO copy.dek SELECT * FROM main.dek")
    vault.keys.conn.execute("DETACH copy")


def _check(folder: Path) -> None:
    try:
        sums = json.loads((folder / MANIFEST).read_text())["sha256"]
        wrong = [name for name in FILES if seal.sha256((folder / name).read_bytes()) != sums[name]]
    except (OSError, ValueError, KeyError) as error:
        raise SettingError(
            f"{folder} is no whole backup: it needs {MANIFEST}, station.db and keys.db."
        ) from error
    if wrong:
        raise SettingError(f"{', '.join(wrong)} in {folder} differs from its checksum; use another backup.")


def _erased(config: Config) -> list[tuple[str, datetime]]:
    """The erasure ledger of the keys.db that is still in the folder, which is then put aside."""
    if not config.keys_database.exists():
        return []
    keys = StationDatabase(config.keys_database)
    schema.migrate_keys(keys)
    rows = keys.rows("SELECT subject, erased_at FROM erased")
    keys.close()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{config.keys_database}{suffix}").unlink(missing_ok=True)
    return [(row["subject"], datetime.fromisoformat(row["erased_at"])) for row in rows]
