"""Backups and their way back: both databases as consistent copies with checksums; never the keyring."""

import json
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from station import clock, founding, schema, seal
from station.config import Config
from station.db import DatabaseError, StationDatabase, transaction
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
    try:
        target.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        raise SettingError(f"There is already a backup at {target}; try again in a second.") from error
    with founding.opened(config, ring) as (db, vault):
        # Keys first: a person entered between the two copies then has no record yet, never a record without a key.
        _copy(vault.keys, target / "keys.db")
        _copy(db, target / "station.db")
        _copy_new_keys(vault, target / "keys.db")
    sums = {name: seal.sha256((target / name).read_bytes()) for name in FILES}
    (target / MANIFEST).write_text(json.dumps({"made_at": now.isoformat(), "sha256": sums}, indent=1))
    _note(config, ring, now)
    return target


def restore(config: Config, ring: Keyring, folder: Path) -> None:
    """Bring a backup into an empty data folder, check it, and bring it to the newest schema.

    Raises SettingError when files are missing or altered, when a database is in the way, or when the keyring
    is another one's; then nothing has changed. What was erased since the backup was made is erased again
    when a keys.db is still here.
    """
    _check(folder)
    if config.database.exists():
        raise SettingError(
            f"There is a database at {config.database}. Move it away first; restore never overwrites one."
        )
    # Everything is tried in a folder of its own, so that a wrong keyring or a damaged copy cannot cost the
    # erasure ledger of the keys.db that is still here.
    draft = replace(config, data_dir=config.data_dir / ".restoring")
    shutil.rmtree(draft.data_dir, ignore_errors=True)
    draft.data_dir.mkdir(mode=0o700, parents=True)
    try:
        _unpack(folder, draft, ring, _erased(config))
        for name in reversed(FILES):  # station.db last: with it the restore is done
            _put_logs_aside(config.data_dir / name)
            (draft.data_dir / name).rename(config.data_dir / name)
    finally:
        shutil.rmtree(draft.data_dir)
    founding.spool.prepare(config.spool)


def _note(config: Config, ring: Keyring, now: datetime) -> None:
    """Let the station itself know how old its newest backup is."""
    with founding.opened(config, ring) as (db, _), transaction(db):
        db.write(
            "INSERT INTO meta (key, value) VALUES ('backup_at', ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            clock.text(now),
        )


def _unpack(folder: Path, draft: Config, ring: Keyring, ledger: list[tuple[str, datetime]]) -> None:
    for name in FILES:
        shutil.copyfile(folder / name, draft.data_dir / name)
        (draft.data_dir / name).chmod(0o600)
    try:
        founding.migrate(draft, ring)
        with founding.opened(draft, ring) as (db, vault):
            if db.scalar("PRAGMA integrity_check") != "ok":
                raise DatabaseError("its parts do not fit together")
            for subject, at in ledger:
                vault.destroy(subject, at)
    except DatabaseError as error:
        raise SettingError(f"The backup is damaged inside ({error}); restore an older one.") from error


def _put_logs_aside(path: Path) -> None:
    """A log left by a database that was moved away must not be replayed into the restored one, nor be lost."""
    for log in (Path(f"{path}-wal"), Path(f"{path}-shm")):
        if log.exists():
            log.rename(f"{log}.before-restore")


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
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingError(
            f"{folder} is no whole backup: it needs {MANIFEST}, station.db and keys.db."
        ) from error
    if wrong:
        raise SettingError(f"{', '.join(wrong)} in {folder} differs from its checksum; use another backup.")


def _erased(config: Config) -> list[tuple[str, datetime]]:
    """The erasure ledger of the keys.db that is still in the folder; closing it leaves no log beside it."""
    if not config.keys_database.exists():
        return []
    keys = StationDatabase(config.keys_database)
    schema.migrate_keys(keys)
    rows = keys.rows("SELECT subject, erased_at FROM erased")
    keys.close()
    return [(row["subject"], datetime.fromisoformat(row["erased_at"])) for row in rows]
