"""The child processes: web (several, on one socket), sender and its standby, jobs, photos. Each ends when its parent does."""

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from station import (
    accounts,
    applicants,
    clock,
    communities,
    darkroom,
    demo,
    demo_phones,
    demo_post,
    drafts,
    duty,
    emergency,
    founding,
    heartbeat,
    seal,
    webserver,
)
from station.alerts import letters
from station.applications import keeping
from station.care import endings, halfyear, visits
from station.channels import connect
from station.config import WEB_PROCESSES, Config
from station.db import DatabaseError, StationDatabase
from station.errors import SettingError, StorageGone, Superseded
from station.fallback import WithoutDatabase
from station.issuing import batches, making
from station.lists import exports, imports, working
from station.seal import Keyring
from station.selfwatch import outside
from station.sender import Sender, reopen
from station.standby import Standby
from station.vault import Unsealable, Vault

log = logging.getLogger("station.processes")

BEAT_EVERY_S = 1.0
UNUSABLE = (SettingError, StorageGone, DatabaseError, Unsealable)
# A scan gives the interpreter away at each call of SQLite; beside a thread that reads a photo or lists elders it would
# wait for Python's usual 5 ms each time.
TURN_S = 0.0005
DRAIN_S = 5.0
PORT_WITHIN_S = 2.0


class Stop:
    """Set by SIGTERM or by the parent's end."""

    def __init__(self) -> None:
        self.event = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: self.event.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
        threading.Thread(target=self._watch_parent, daemon=True).start()

    def _watch_parent(self) -> None:
        """Standard input is a pipe from the parent; it ends when the parent does, however it died."""
        with suppress(OSError):
            while os.read(0, 1):
                pass
        self.event.set()
        # A thread that hangs in a provider's answer must not keep an orphan alive.
        time.sleep(DRAIN_S + 1)
        os._exit(0)


def web(config: Config, name: str, listener: socket.socket, to_photos: socket.socket) -> None:
    """Serve pages on the socket that the parent opened and all web processes share; photos go to the process for them."""
    ring = seal.read_keyring(config.keyring)
    stop = Stop()
    sys.setswitchinterval(TURN_S)
    darkroom.room.go_to(to_photos)
    threading.Thread(target=_beat_until, args=(config, name, stop.event), daemon=True).start()
    webserver.serve(config, ring, listener, NAMES.index(name), stop.event)


def sender(config: Config, name: str) -> None:
    """Send alerts until the parent ends, or wait to; of all sender processes one sends."""
    ring = seal.read_keyring(config.keyring)
    stop = Stop()
    letters.warm(config.language)
    connect.tls_context("")
    standby = Standby(config.beats, name)
    while standby.wait(stop.event):
        try:
            _lead(config, ring, standby, stop.event)
        except Superseded as other:
            log.error("this sender steps back: %s", other)
            standby.step_back(stop.event)


def _lead(config: Config, ring: Keyring, standby: Standby, stop: threading.Event) -> None:
    fallback = WithoutDatabase(config, ring)
    while not stop.is_set():
        try:
            with founding.opened(config, ring) as (db, vault):
                _send_until(Sender(config, ring, db, vault, standby.lead), stop)
        except UNUSABLE as error:
            log.error("the database cannot be used: %s", error)
            _send_without_database(standby, fallback, stop)


def _send_until(running: Sender, stop: threading.Event) -> None:
    try:
        running.start(clock.utcnow())
        while not stop.is_set():
            running.beat()
            if reopen(running):
                raise StorageGone("the database was removed or replaced")
            running.tick(clock.utcnow())
            running.idle()
        running.drain(DRAIN_S)
    finally:
        running.end()


def _send_without_database(standby: Standby, fallback: WithoutDatabase, stop: threading.Event) -> None:
    """Tell those on duty from the sealed files, and look every second whether the database is back."""
    for _ in range(5):
        if stop.wait(0.2):
            return
        standby.lead()
        fallback.tick(clock.utcnow())


def jobs(config: Config, post: socket.socket | None = None) -> None:
    """Draw badges and keep house, with low priority so that no scan waits for a picture.

    In a demonstration also take the mail that its people get, on the socket that the parent opened for it.
    """
    ring = seal.read_keyring(config.keyring)
    if post:
        take = partial(_take_mail, config, ring)
        threading.Thread(target=demo_post.serve, args=(post, take), daemon=True).start()
    with suppress(OSError):
        os.nice(10)
    stop = Stop()
    while not stop.event.is_set():
        try:
            with founding.opened(config, ring) as (db, vault):
                _work_until(config, db, vault, stop.event)
        except (*UNUSABLE, OSError) as error:  # OSError: a full disk takes no emergency file
            log.error("the database cannot be used: %s", error)
            heartbeat.beat(config.beats, "jobs")
            stop.event.wait(1.0)


def _take_mail(config: Config, ring: Keyring, who: str, message: demo_post.Message) -> None:
    demo_phones.keep(config, ring, who, message, clock.utcnow())


def _work_until(config: Config, db: StationDatabase, vault: Vault, stop: threading.Event) -> None:
    refreshed = -1e9
    beat = partial(heartbeat.beat, config.beats, "jobs")
    while not stop.is_set():
        beat()
        db.check_same_file()
        for badge_id in making.waiting(db):
            making.make(db, vault, badge_id, config.base_url, clock.utcnow())
            beat()
        for batch_id in batches.waiting(db):
            batches.make(db, vault, batch_id, config.base_url, clock.utcnow(), tell=lambda *_: beat())
        _work_at_lists(db, vault, config, lambda: beat() or stop.is_set())
        outside.ask_due(db, vault, config, clock.utcnow(), tell=beat)
        if config.demo:
            demo.connect_new(db, vault, demo.read_note(config), clock.utcnow())
        applicants.send_due(db, vault, config, clock.utcnow())
        if time.monotonic() - refreshed > 60:
            refreshed = time.monotonic()
            emergency.refresh(db, vault, config.emergency_file, config.timezone, clock.utcnow())
            _forget_old(db, vault)
            _keep_true(db, vault, config)
            applicants.plan(db, vault, config.timezone, clock.utcnow())
        stop.wait(0.1)


def _work_at_lists(db: StationDatabase, vault: Vault, config: Config, tell: Callable[[], object]) -> None:
    """Elders out of spreadsheets, and the register into one."""
    for import_id in working.waiting(db):
        now = clock.utcnow()
        today = duty.local(now, config.timezone).date()
        working.work(db, vault, import_id, today=today, now=now, tell=tell)
    for export_id in exports.waiting(db):
        exports.work(db, vault, export_id, now=clock.utcnow(), tell=tell)


def _forget_old(db: StationDatabase, vault: Vault) -> None:
    """What has been kept for as long as it may be."""
    accounts.forget_old_sessions(db, clock.utcnow())
    for kept in (imports, exports, keeping, drafts):
        kept.forget_old(db, vault, clock.utcnow())


def _keep_true(db: StationDatabase, vault: Vault, config: Config) -> None:
    """The weekly reminder on the board, family pages that have closed, records whose time is over."""
    now = clock.utcnow()
    week = halfyear.week_of(duty.local(now, config.timezone))
    halfyear.post_week(db, [one.number for one in communities.stations(db)], week, now)
    visits.forget_old(db, now)
    endings.erase_due(db, vault, now)


def photos(config: Config, door: socket.socket) -> None:
    """Work on the photos of all web processes. What comes from strangers is decoded here, where no key is read."""
    stop = Stop()
    darkroom.serve(darkroom.WORKS, door, partial(heartbeat.beat, config.beats, PHOTOS), stop.event.is_set)


JOBS, PHOTOS = "jobs", "photos"
NAMES = (*(f"web-{n}" for n in range(1, WEB_PROCESSES + 1)), "sender-1", "sender-2", JOBS, PHOTOS)


def is_web(name: str) -> bool:
    return name.startswith("web")


def run(name: str, config: Config, *sockets: socket.socket) -> None:
    """Be the child of this name until the parent ends; the sockets are what the parent opened for it."""
    if is_web(name):
        web(config, name, *sockets)
    elif name.startswith("sender"):
        sender(config, name)
    elif name == PHOTOS:
        photos(config, *sockets)
    else:
        jobs(config, *sockets)


def _beat_until(config: Config, name: str, stop: threading.Event) -> None:
    while not stop.wait(BEAT_EVERY_S):
        heartbeat.beat(config.beats, name)


def listener(config: Config) -> socket.socket:
    """The listening socket, opened by the parent so that connections wait while a web process is replaced.

    The web processes of a parent that was killed a moment ago still hold the port, and are waited for.
    Raises SettingError when the port is taken.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    until = time.monotonic() + PORT_WITHIN_S
    while (refused := _bind(made, config)) and time.monotonic() < until:
        time.sleep(0.1)
    if refused:
        made.close()
        raise SettingError(
            f"Cannot listen on {config.listen_host}:{config.listen_port} ({refused.strerror}). "
            "Another program may be using it; choose another port."
        ) from refused
    made.listen(1024)
    made.setblocking(False)
    return made


def _bind(made: socket.socket, config: Config) -> OSError | None:
    try:
        made.bind((config.listen_host, config.listen_port))
    except OSError as error:
        return error
    return None


def prepare(config: Config) -> Path:
    config.beats.mkdir(mode=0o700, exist_ok=True)
    return config.beats
