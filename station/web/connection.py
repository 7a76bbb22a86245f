"""The request's own connections, the running configuration, and the time of the request."""

from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, LifoQueue
from typing import Any, cast

from flask import Flask, current_app, g

from station import clock, vault
from station.config import Config
from station.db import StationDatabase
from station.emergency import EmergencyFile
from station.errors import StorageGone
from station.seal import Keyring
from station.vault import Vault

Pair = tuple[StationDatabase, Vault]

# Opening a pair takes 3 ms of the processor. A crowd waits its turn for one of these instead, unless others hold them.
ENOUGH = 24  # as many as together.py writes in one transaction
PATIENCE_S = 0.25


@dataclass
class Service:
    """What the running web process holds; made by app.create_app, found under app.extensions["station"]."""

    config: Config
    ring: Keyring
    emergency: EmergencyFile
    # Connections that no request uses. The last one put back is the next one taken: a few are warm, and a process has
    # as many as requests were ever answered at once, not one for each of its threads.
    idle: "LifoQueue[Pair]" = field(default_factory=LifoQueue)
    opened: int = 0  # about how many there are
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


def install(app: Flask) -> None:
    app.teardown_appcontext(_put_back)


def get_db() -> StationDatabase:
    """This request's connection to station.db. Raises StorageGone when the file is missing or was replaced."""
    return _pair()[0]


def get_vault() -> Vault:
    return _pair()[1]


def now() -> datetime:
    """The time of this request, read once."""
    if "now" not in g:
        g.now = clock.utcnow()
    return cast(datetime, g.now)


def _pair() -> Pair:
    if "pair" not in g:
        g.pair = _idle() or _open()
    return cast(Pair, g.pair)


def _idle() -> Pair | None:
    """One that was put back, unless its file was removed or restored since."""
    held = service()
    while True:
        try:
            db, keeper = held.idle.get(held.opened >= ENOUGH, PATIENCE_S)
        except Empty:
            return None
        try:
            # A look at two inodes a request costs microseconds.
            db.check_same_file()
            keeper.keys.check_same_file()
        except StorageGone:
            held.opened -= 1
            db.close()
            keeper.close()
        else:
            return db, keeper


def _put_back(_: BaseException | None = None) -> None:
    pair = g.pop("pair", None)
    if pair:
        service().idle.put(pair)


def _open() -> Pair:
    db = StationDatabase(config().database)
    try:
        pair = db, vault.open_vault(ring(), db, config().keys_database)
    except BaseException:
        db.close()
        raise
    service().opened += 1
    return pair
