"""Each thread's own connections, the running configuration, and the time of the request."""

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from flask import current_app, g

from station import clock, vault
from station.config import Config
from station.db import StationDatabase
from station.emergency import EmergencyFile
from station.errors import StorageGone
from station.seal import Keyring
from station.vault import Vault


@dataclass
class Service:
    """What the running web process holds; made by app.create_app, found under app.extensions["station"]."""

    config: Config
    ring: Keyring
    emergency: EmergencyFile
    local: threading.local = field(default_factory=threading.local)
    # What the finder's pages showed of a badge in this very second, by station and serial.
    seen: dict[tuple[int, int], Any] = field(default_factory=dict)


def service() -> Service:
    return cast(Service, current_app.extensions["station"])


def config() -> Config:
    return service().config


def ring() -> Keyring:
    return service().ring


def emergency() -> EmergencyFile:
    return service().emergency


def get_db() -> StationDatabase:
    """This thread's connection to station.db. Raises StorageGone when the file is missing or was replaced."""
    return _pair()[0]


def get_vault() -> Vault:
    return _pair()[1]


def forget() -> None:
    """Close this thread's connections; the next use opens them anew."""
    local = service().local
    pair = getattr(local, "pair", None)
    local.pair = None
    if pair:
        pair[0].close()
        pair[1].close()


def now() -> datetime:
    """The time of this request, read once."""
    if "now" not in g:
        g.now = clock.utcnow()
    return cast(datetime, g.now)


def _pair() -> tuple[StationDatabase, Vault]:
    local = service().local
    if getattr(local, "pair", None) is None:
        local.pair = _open()
    # The file may have been restored since; a look at two inodes a request costs microseconds.
    if g.get("checked_files") is None:
        try:
            local.pair[0].check_same_file()
            local.pair[1].keys.check_same_file()
        except StorageGone:
            forget()
            local.pair = _open()
        g.checked_files = True
    return cast(tuple[StationDatabase, Vault], local.pair)


def _open() -> tuple[StationDatabase, Vault]:
    db = StationDatabase(config().database)
    try:
        return db, vault.open_vault(ring(), db, config().keys_database)
    except BaseException:
        db.close()
        raise
