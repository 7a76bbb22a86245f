"""What an interrupted sheet left on the disk, so that the next try goes on where it stopped."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from badges.check import Page, Reading
from badges.errors import BadgeError
from badges.sheets import Memory
from station.errors import Conflict
from station.seal import Unsealable
from station.vault import Vault

LEFT_FOR = timedelta(days=7)  # a sheet that nobody goes on with


class Workplace(Memory):
    """The folder of one sheet. The drawn file is sealed, for its codes are bearer tokens; of pages there are no addresses."""

    def __init__(self, folder: Path, vault: Vault, subject: str) -> None:
        self._file, self._journal = folder / "drawn", folder / "passed"
        self._vault, self._subject = vault, subject
        self._place = f"workplace|{folder.name}|drawn"

    def drawn(self) -> bytes | None:
        try:
            return self._vault.open_bytes(self._subject, self._place, self._file.read_bytes())
        except (FileNotFoundError, Unsealable):  # never drawn, or half written when the power failed
            return None

    def keep(self, print_file: bytes) -> None:
        self._journal.unlink(missing_ok=True)
        part = self._file.with_name("part")
        part.write_bytes(self._vault.seal(self._subject, self._place, print_file))
        part.replace(self._file)

    def passed(self) -> dict[int, Page]:
        if not self._journal.exists():
            return {}
        pages = {}
        for line in self._journal.read_text().splitlines():
            with suppress(ValueError):  # the line that was being written
                page = json.loads(line)
                readings = tuple(Reading(**reading) for reading in page["readings"])
                pages[page["number"]] = Page(page["number"], page["characters"], readings)
        return pages

    def add(self, page: Page) -> None:
        raw = asdict(page)
        raw["readings"] = [{**reading, "url": ""} for reading in raw["readings"]]
        with self._journal.open("a") as journal:
            # A line of its own even after one that an interrupt cut off.
            journal.write(f"\n{json.dumps(raw)}")


@contextmanager
def entered(root: Path, vault: Vault, station: int, key: str, now: datetime) -> Iterator[Workplace]:
    """The workplace of the file that `key` names; gone when the file is done or cannot be made at all.

    Raises Conflict while another process makes the very same file.
    """
    subject = f"station/{station}"
    vault.create([subject], now)
    _clear(root, now)
    folder = root / key
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(folder):
        try:
            yield Workplace(folder, vault, subject)
        except BadgeError:
            shutil.rmtree(folder)
            raise
        shutil.rmtree(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict("Another process is making this very file. Wait until it is done.") from error
        yield
    finally:
        os.close(lock)


def _clear(root: Path, now: datetime) -> None:
    for folder in root.glob("*"):
        if now.timestamp() - folder.stat().st_mtime > LEFT_FOR.total_seconds():
            shutil.rmtree(folder, ignore_errors=True)
