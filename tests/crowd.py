"""Many people at once around a real demo station, and what must be true of its disk afterwards."""

import http.client
import itertools
import json
import os
import shutil
import socket
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

import requests
from running import DeskSession, Running

from station import founding, seal, spool
from station.config import Config
from station.db import StationDatabase
from station.incidents import reports, rowless
from station.vault import Vault


@cache
def _furnished() -> tuple[tempfile.TemporaryDirectory, int]:
    """A demo station's folder with drawn badges, and the port that is printed on them; made once a test run."""
    kept = tempfile.TemporaryDirectory()
    port = _unused_port(20_000 + os.getpid() % 120 * 100)
    with Running(Path(kept.name) / "data", "--port", str(port)):
        return kept, port


def _unused_port(first: int) -> int:
    """The next port that nobody holds. Those below 32768 stay ours between two starts: the system gives out others."""
    for port in range(first, first + 100):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError(f"no port is free from {first} on")


def furnish(data: Path) -> Path:
    """A copy of the furnished demo station if the folder is new."""
    if not data.exists():
        shutil.copytree(Path(_furnished()[0].name) / "data", data)
    return data


def start(data: Path, *options: str, whole: bool = True) -> Running:
    """Start a demo station in `data`: a furnished one if the folder is new, else as it was left."""
    # While another station of the tests holds the port, this one takes the next and draws its badges anew.
    return Running(furnish(data), "--port", str(_unused_port(_furnished()[1])), *options, whole=whole)


class SignedIn(DeskSession):
    """A staff member whose session was opened without the login page."""

    def __init__(self, base_url: str, session: str) -> None:
        self.base_url = base_url
        self.http = requests.Session()
        self.http.headers["Accept"] = "application/json"
        self.http.cookies.set("station-session", session)
        self.token = self.get("/desk/session").json()["csrf_token"]


@contextmanager
def disk(data: Path) -> Iterator[tuple[StationDatabase, Vault]]:
    """The station's own files, while it runs or after."""
    config = Config(data, data / "keyring.json", "http://127.0.0.1:1")
    with founding.opened(config, seal.read_keyring(config.keyring)) as pair:
        yield pair


def badge_path(data: Path, serial: int) -> str:
    """The path of an authentic badge that was never issued, so that a test has as many badges as it likes."""
    return f"/{seal.badge_token(seal.read_keyring(data / 'keyring.json'), 1, serial)}"


def post(base_url: str, path: str, body: dict, headers: dict[str, str] | None = None) -> tuple[int, dict]:
    """One POST on a connection of its own, as a phone does it; status and JSON."""
    connection = http.client.HTTPConnection(base_url.removeprefix("http://"), timeout=30)
    try:
        sent = {"Content-Type": "application/json", "Accept": "application/json"} | (headers or {})
        connection.request("POST", path, json.dumps(body), sent)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def at_once(work: Callable[[int], Any], count: int, threads: int) -> list[Any]:
    """Results of work(0) … work(count - 1) from so many threads, all released at the same moment."""
    gate = threading.Barrier(threads)
    results: list[Any] = [None] * count

    def run(first: int) -> None:
        gate.wait(30)
        for n in range(first, count, threads):
            results[n] = work(n)

    running = [threading.Thread(target=run, args=(n,)) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(120)
    return results


@dataclass
class Passers:
    """Finders that scan one badge after the other; whoever gets no answer presses again with the same request id."""

    station: Running
    threads: int = 3
    pause_s: float = 0.4
    answered: dict[str, tuple[int, dict]] = field(default_factory=dict)  # by request id: status and answer
    stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        ring = seal.read_keyring(self.station.data / "keyring.json")
        self._running = [threading.Thread(target=self._walk, args=(ring, n)) for n in range(self.threads)]
        for thread in self._running:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.stopping.set()
        for thread in self._running:
            thread.join(60)

    def more(self, count: int) -> Callable[[], bool]:
        """A condition for `wait_for`: so many answers more than now."""
        wanted = len(self.answered) + count
        return lambda: len(self.answered) >= wanted

    def _walk(self, ring: seal.Keyring, first: int) -> None:
        for serial in itertools.count(5000 + first, self.threads):
            path, request_id = f"/{seal.badge_token(ring, 1, serial)}/scans", uuid.uuid4().hex
            while request_id not in self.answered:
                with suppress(OSError, http.client.HTTPException):
                    self.answered[request_id] = post(
                        self.station.base_url, path, {"act": "with_elder", "request_id": request_id}
                    )
                if self.stopping.wait(self.pause_s):
                    return


def lost(data: Path, answered: dict[str, tuple[int, dict]]) -> list[str]:
    """The accepted requests that are neither in the database nor in the spool, or in another incident than was said."""
    missing = []
    with disk(data) as (db, vault):
        waiting = {
            reports.waiting_token(vault.ring, one.station, one.serial, one.report.request_id)
            for one in spool.waiting(data / "spool", vault.ring)
        }
        for request_id, (status, answer) in answered.items():
            assert status in (201, 202), answer
            token = answer["status_url"].rsplit("/", 1)[1]
            scan = db.row("SELECT incident_id FROM scan WHERE status_hash = ?", seal.token_hash(token))
            said = int(answer["incident"]) if answer["incident"] else None
            counted = rowless.find(db, vault.ring, token) if scan is None else None
            if scan is None and counted is None and token not in waiting:
                missing.append(request_id)
            if scan is not None and said not in (None, scan["incident_id"]):
                missing.append(request_id)
    return missing


def untold(data: Path, taken_ids: set[str]) -> list[int]:
    """The incidents whose duty officer has no notice at the provider."""
    with disk(data) as (db, _):
        rows = db.rows(
            "SELECT incident.id, alert.uid FROM incident LEFT JOIN alert ON alert.incident_id = incident.id "
            "AND alert.kind = 'notice' AND alert.staff_id = (SELECT id FROM staff WHERE username = 'duty')"
        )
        return sorted({row["id"] for row in rows if row["uid"] not in taken_ids})


def rows(data: Path) -> dict[str, list[tuple]]:
    """Everything in both databases, table by table."""
    with disk(data) as (db, vault):
        return {
            name: list(source.conn.execute(f'SELECT * FROM "{name}"'))  # noqa: S608
            for source in (db, vault.keys)
            for name in source.table_names()
        }


def ids(requests: list) -> set[str]:
    """The message ids of webhook requests."""
    return {json.loads(request.body)["id"] for request in requests}


def wait_until_gone(pids: list[int], seconds: float = 60) -> list[int]:
    """Wait for processes that are not our children to end; those that did not."""
    until = time.monotonic() + seconds
    while (left := [pid for pid in pids if _lives(pid)]) and time.monotonic() < until:
        time.sleep(0.05)
    return left


def _lives(pid: int) -> bool:
    try:
        # A zombie whose parent was killed waits for init; once its last thread ended it holds no file any more.
        status = Path(f"/proc/{pid}/status").read_text()
        return "\nState:\tZ" not in status or "\nThreads:\t1\n" not in status
    except OSError:
        return False
