"""Making an instance from nothing, and opening one that exists: folder, keyring, both databases, spool."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from station import schema, seal, spool, vault
from station.config import Config
from station.db import StationDatabase, create
from station.errors import SettingError, StorageGone
from station.seal import Keyring, Unsealable
from station.vault import Vault


def found(config: Config) -> Keyring:
    """Make what is missing of an instance: folder, keyring, databases, spool. Existing parts stay as they are.

    Raises SettingError when a database exists but its keyring does not: a new one could never open it.
    """
    config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not config.keyring.exists():
        if config.database.exists():
            raise SettingError(
                f"There is a database at {config.database} but no keyring at {config.keyring}. "
                "Bring the keyring back from the paper copy: station keys from-paper"
            )
        seal.write_keyring(config.keyring, seal.new_keyring())
    ring = seal.read_keyring(config.keyring)
    create(config.database).close()
    create(config.keys_database).close()
    migrate(config, ring)
    spool.prepare(config.spool)
    return ring


def migrate(config: Config, ring: Keyring) -> None:
    """Bring both databases to the newest schema; for the parent process, before it starts the others."""
    with _named_errors(config.database):
        keys = StationDatabase(config.keys_database)
        schema.migrate_keys(keys)
        keys.close()
        db = StationDatabase(config.database)
        schema.migrate(db)
        vault.found(db, ring)
        db.close()


@contextmanager
def opened(config: Config, ring: Keyring) -> Iterator[tuple[StationDatabase, Vault]]:
    """Both databases, for a command or a process; closed at the end.

    Raises SettingError with what to do when a file is missing or the keyring is another one's.
    """
    with _named_errors(config.database):
        db = StationDatabase(config.database)
        opened_vault = vault.open_vault(ring, db, config.keys_database)
    try:
        yield db, opened_vault
    finally:
        opened_vault.close()
        db.close()


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except StorageGone as error:
        raise SettingError(
            f"{error}. Make an instance with `station init`, or bring one back with `station restore`."
        ) from error
    except Unsealable as error:
        raise SettingError(f"{path} cannot be opened: {error}. Put its own keyring in place.") from error
