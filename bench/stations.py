"""Real stations to measure: demo instances in processes of their own, and as many elders as wanted."""

import json
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from bench import load
from station import accounts, clock, demo, founding, names, seal
from station.config import Config
from station.db import StationDatabase, transaction
from station.vault import Vault

FIRST_SERIAL = 1_000_000
BEGAN = datetime(2026, 11, 21, tzinfo=UTC)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林罗"
GIVEN = "秀兰桂芝玉梅淑琴德福国栋长江英子建军志强丽华文明海涛春生"


Enter = Callable[[StationDatabase, Vault, int], None]


@dataclass(frozen=True)
class Station:
    """A running demo station; `about` is what it printed."""

    data: Path
    about: dict[str, Any]

    @property
    def port(self) -> int:
        return int(self.about["base_url"].rsplit(":", 1)[1])

    def page(self, n: int) -> str:
        """The path of the n-th elder's badge."""
        return str(self.about["elders"][n]["scan_url"]).removeprefix(self.about["base_url"])

    def token(self, serial: int) -> str:
        return f"/{seal.badge_token(seal.read_keyring(self.data / 'keyring.json'), 1, serial)}"

    def scans(self, paths: list[str]) -> list[str]:
        """Requests that report each of these badges. With a note: a mere press from one network would only be counted."""
        sent = {"act": "with_elder", "request_id": "{id}", "note": "near the bridge"}
        return [load.post(f"{path}/scans", sent) for path in paths]


@contextmanager
def running(*options: str, elders: int = 0, enter: Enter | None = None) -> Iterator[Station]:
    """Make a station in a new folder (with so many more elders), run it, and end it with all its files."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        if elders:
            with _demo(data):
                pass
            with opened(data) as (db, vault):
                (enter or fill)(db, vault, elders)
        with _demo(data, *options) as about:
            _quieten(data)
            yield Station(data, about)


@contextmanager
def opened(data: Path) -> Iterator[tuple[StationDatabase, Vault]]:
    """The files of an instance; made when there are none."""
    config = Config(data, data / "keyring.json", "http://127.0.0.1:1")
    with founding.opened(config, founding.found(config)) as pair:
        yield pair


@contextmanager
def filled(data: Path, elders: int) -> Iterator[tuple[StationDatabase, Vault]]:
    """The files of an instance with a station and so many elders, which nobody serves."""
    with opened(data) as (db, vault):
        demo.furnish(db, vault, demo.Note(""), BEGAN)
        fill(db, vault, elders)
        yield db, vault


def sessions(data: Path, count: int) -> list[str]:
    """The cookies of so many browsers in which a duty officer has signed in."""
    with opened(data) as (db, vault):
        new = accounts.NewStaff(f"bench{uuid.uuid4().hex[:6]}", uuid.uuid4().hex, "duty", 1, "值班")
        accounts.add(db, vault, new, BEGAN)
        tokens = [
            accounts.log_in(db, vault, new.username, new.password, "", clock.utcnow()) for _ in range(count)
        ]
    return [f"station-session={token}" for token in tokens]


def fill(db: StationDatabase, vault: Vault, count: int) -> None:
    """Enter so many elders with a badge each, thousands to a transaction."""
    people = [a + b + c for a, b, c in product(SURNAMES, GIVEN, GIVEN)]
    keys = {name: names.search_keys(name) for name in people[: min(count, len(people))]}
    for begin in range(0, count, 5000):
        uids = {n: uuid.uuid4().hex for n in range(begin, min(count, begin + 5000))}
        vault.create((f"elder/{uid}" for uid in uids.values()), BEGAN)
        with transaction(db):
            for n, uid in uids.items():
                name = people[n % len(people)]
                _enter(db, vault, n, uid, {"name": name, "keys": list(keys[name])})


def _enter(db: StationDatabase, vault: Vault, n: int, uid: str, name: dict[str, Any]) -> None:
    at = clock.text(BEGAN)
    sealed = vault.seal(f"elder/{uid}", f"elder|{uid}|name", name)
    record = vault.seal(
        f"elder/{uid}", f"elder|{uid}|record", {"address": f"帝景小区{n}号楼", "birth_date": ""}
    )
    elder_id = db.insert(
        "elder", uid=uid, station=1, community_id=1, name=sealed, record=record, form_id=uid, created_at=at, updated_at=at,
    )  # fmt: skip
    db.insert(
        "badge", station=1, serial=FIRST_SERIAL + n, number=f"9{n:08d}", elder_id=elder_id, state="made",
        key_digit="1", artwork="ring", theme="navy", ordered_at=at, made_at=at,
    )  # fmt: skip


@contextmanager
def _demo(data: Path, *options: str) -> Iterator[dict[str, Any]]:
    command = [
        sys.executable,
        "-m",
        "station",
        "demo",
        "--data",
        str(data),
        "--port",
        "0",
        "--json",
        *options,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(20)


def _quieten(data: Path) -> None:
    """The demonstration's own phones are answered by the very server that is measured; they are switched off."""
    with opened(data) as (db, _), transaction(db):
        changed = db.write("UPDATE channel SET active = 0 WHERE label = ?", demo.PHONES)
    assert changed == 1, "the demonstration's phones are not where they were"
