"""Where a finder's report waits when the database cannot take it: sealed, fsynced files, imported on recovery."""

import errno
import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from station import clock, places, seal
from station.incidents import reports
from station.incidents.intake import Report, Sighting
from station.seal import Keyring, Unsealable

# Room kept for reports on a full disk: files that a report is written into and that then take its name. Deleting
# one big reserve does not do: the database's log takes the room before the next report comes.
RESERVED = 64
RESERVED_BYTES = 8192  # longer than a report gets: its texts are cut
FULL = (errno.ENOSPC, errno.EDQUOT)
# So many reports of one badge, and of one network at it, wait each in a file of their own, and of one badge in the
# room kept on a full disk. Beyond that, of each act only the newest stays, and how many gave way to it.
MOST_OF_BADGE = 1200
MOST_OF_SOURCE = 120
MOST_OF_RESERVE = 8


@dataclass(frozen=True)
class Spooled:
    """One waiting report: where it came in, what it said, when, and how many of its kind gave way to it."""

    path: Path
    written: int  # when, as the file system counts
    station: int
    serial: int | None
    source: bytes
    report: Report
    at: datetime
    more: int = 0


def prepare(folder: Path) -> None:
    """Make the spool folder and its reserve; called at every start and after every import."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for n in range(RESERVED):
        path = folder / f"{n:03d}.reserve"
        if not path.exists() and not _fill(path):
            return


def _fill(path: Path) -> bool:
    """Write one reserved file; False on a full disk, where a station must still start."""
    try:
        with open(path, "xb", opener=_private) as file:
            file.write(os.urandom(RESERVED_BYTES))
    except FileExistsError:  # another process made it meanwhile
        return True
    except OSError as error:
        path.unlink(missing_ok=True)
        if error.errno not in FULL:
            raise
        return False
    return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def write(
    folder: Path,
    ring: Keyring,
    report: Report,
    *,
    station: int,
    serial: int | None,
    source: bytes,
    now: datetime,
) -> str:
    """Put a report on the disk, readable with the keyring alone; returns the name of its file.

    The same request id writes the same file, so that an impatient finder is one report.
    """
    page = reports.waiting_token(ring, station, serial, report.request_id)
    name = f"{_of_badge(ring, station, serial)}-{source.hex()[:6] or '0'}-{_of_page(page)}.report"
    if (folder / name).exists():
        return name
    told = {
        "station": station,
        "serial": serial,
        "source": source.hex(),
        "report": asdict(report),
        "at": clock.text(now),
    }
    if _has_room(folder, name) and _write_or_make_room(folder, name, _sealed(ring, name, told)):
        return name
    return _write_newest(folder, ring, name, told)


def find(folder: Path, ring: Keyring, page: str) -> Spooled | None:
    """The waiting report whose finder has this page; None also for one that gave way to a newer."""
    for path in folder.glob(f"*-{_of_page(page)}.report"):
        with suppress(Unsealable):
            return _open(path, ring)
    return None


def is_known(folder: Path, ring: Keyring, station: int, serial: int | None) -> bool:
    """Whether any report of this badge waits."""
    return any(folder.glob(f"{_of_badge(ring, station, serial)}-*.report"))


def waiting(folder: Path, ring: Keyring, *, tidy: bool = False) -> Iterator[Spooled]:
    """The reports that wait, oldest first. One that does not open is passed over; `tidy` renames it to .damaged."""
    for path in sorted(folder.glob("*.report"), key=_written_at):
        try:
            found = _open(path, ring)
        except Unsealable:
            if tidy:
                path.rename(path.with_suffix(".damaged"))
            continue
        if found:
            yield found


def done(spooled: Spooled) -> None:
    """Forget a report that is in the database now; not the newer one that has taken its place meanwhile."""
    with _alone(spooled.path.parent):
        if _written_at(spooled.path) == spooled.written:
            spooled.path.unlink(missing_ok=True)


def put_aside(spooled: Spooled) -> None:
    """Keep a report that the database refuses out of the way of the others; /healthz counts it."""
    spooled.path.rename(spooled.path.with_suffix(".damaged"))


def _open(path: Path, ring: Keyring) -> Spooled | None:
    """None for one that the sender has imported meanwhile. Raises Unsealable."""
    written = _written_at(path)
    try:
        raw = json.loads(seal.unseal(ring.derive("spool"), path.read_bytes(), f"spool|{path.name}"))
    except FileNotFoundError:
        return None
    return _spooled(path, written, raw)


def _sealed(ring: Keyring, name: str, told: dict[str, Any]) -> bytes:
    return seal.seal(ring.derive("spool"), json.dumps(told, ensure_ascii=False).encode(), f"spool|{name}")


def _of_badge(ring: Keyring, station: int, serial: int | None) -> str:
    return seal.blind_index(ring, "spool", f"{station}|{serial}").hex()[:12]


def _of_page(page: str) -> str:
    return seal.token_hash(page).hex()[:20]


def _has_room(folder: Path, name: str) -> bool:
    badge, source, _ = name.split("-")
    of_badge = [path.name for path in folder.glob(f"{badge}-*.report")]
    of_source = [one for one in of_badge if one.startswith(f"{badge}-{source}-")]
    return len(of_badge) < MOST_OF_BADGE and len(of_source) < MOST_OF_SOURCE


def _write_newest(folder: Path, ring: Keyring, name: str, told: dict[str, Any]) -> str:
    """Put a report in the place of the one that came before it in a flood, with how many that makes."""
    name = f"{name.split('-')[0]}-newest-{_of_page(told['report']['act'])}.report"
    with _alone(folder):
        before = None
        with suppress(Unsealable):
            before = _open(folder / name, ring)
        content = _sealed(ring, name, told | {"more": before.more + 1 if before else 0})
        _write_or_make_room(folder, name, content, MOST_OF_BADGE)
        prepare(folder)
    return name


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process and thread replaces or forgets a report meanwhile."""
    at = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(at, fcntl.LOCK_EX)
        yield
    finally:
        os.close(at)


def _written_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _spooled(path: Path, written: int, raw: dict[str, Any]) -> Spooled:
    report = raw["report"]
    sighting = report.pop("sighting")
    point = places.Point(**sighting["point"]) if sighting["point"] else None
    return Spooled(
        path=path,
        written=written,
        station=raw["station"],
        serial=raw["serial"],
        source=bytes.fromhex(raw["source"]),
        report=Report(**report, sighting=Sighting(**{**sighting, "point": point})),
        at=clock.parse(raw["at"]),
        more=raw.get("more", 0),
    )


def _write_or_make_room(folder: Path, name: str, sealed: bytes, most: int = MOST_OF_RESERVE) -> bool:
    """Write a report, on a full disk into the room kept; False when the badge has had its `most` of that."""
    draft = folder / f".{name}.{uuid.uuid4().hex}"
    try:
        draft.touch(mode=0o600)
        _write_through(draft, folder / name, sealed)
    except OSError as error:
        if error.errno not in FULL:
            raise
        if sum(1 for _ in folder.glob(f"{name.split('-')[0]}-*.report")) >= most:
            return False
        if not _take_reserved(folder, draft):
            raise
        _write_through(draft, folder / name, sealed)
    return True


def _take_reserved(folder: Path, draft: Path) -> bool:
    """Make one of the reserved files the draft; renaming it is how two threads cannot take the same one."""
    for reserved in folder.glob("*.reserve"):
        try:
            reserved.rename(draft)
        except FileNotFoundError:
            continue
        return True
    return False


def _write_through(draft: Path, path: Path, content: bytes) -> None:
    """Write a file so that it survives a power cut: content, then name, then folder on the disk."""
    try:
        with draft.open("r+b") as file:
            file.write(content)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
