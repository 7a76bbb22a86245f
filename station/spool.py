"""Where a finder's report waits when the database cannot take it: sealed, fsynced files, imported on recovery."""

import errno
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from station import clock, places, seal
from station.incidents.intake import Report, Sighting
from station.seal import Keyring, Unsealable

# Room kept for reports on a full disk: files that a report is written into and that then take its name. Deleting
# one big reserve does not do: the database's log takes the room before the next report comes.
RESERVED = 64
RESERVED_BYTES = 8192  # longer than a report gets: its texts are cut
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Spooled:
    """One waiting report: where it came in, what it said, when."""

    path: Path
    station: int
    serial: int | None
    source: bytes
    report: Report
    at: datetime


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
    name = name_of(station, serial, report.request_id)
    body = json.dumps(
        {
            "station": station,
            "serial": serial,
            "source": source.hex(),
            "report": asdict(report),
            "at": clock.text(now),
        },
        ensure_ascii=False,
    ).encode()
    sealed = seal.seal(ring.derive("spool"), body, f"spool|{name}")
    if not (folder / name).exists():
        _write_or_make_room(folder, name, sealed)
    return name


def name_of(station: int, serial: int | None, request_id: str) -> str:
    """The name of the file in which the report of a request at a badge waits."""
    return seal.token_hash(f"{station}|{serial}|{request_id}").hex()[:32] + ".report"


def waiting(folder: Path, ring: Keyring, *, tidy: bool = False) -> Iterator[Spooled]:
    """The reports that wait, oldest first. One that does not open is passed over; `tidy` renames it to .damaged."""
    for path in sorted(folder.glob("*.report"), key=_written_at):
        try:
            raw = json.loads(seal.unseal(ring.derive("spool"), path.read_bytes(), f"spool|{path.name}"))
        except FileNotFoundError:  # the sender has imported it meanwhile
            continue
        except Unsealable:
            if tidy:
                path.rename(path.with_suffix(".damaged"))
            continue
        yield _spooled(path, raw)


def is_waiting(folder: Path, name: str) -> bool:
    return (folder / name).exists()


def done(spooled: Spooled) -> None:
    """Forget a report that is in the database now."""
    spooled.path.unlink(missing_ok=True)


def put_aside(spooled: Spooled) -> None:
    """Keep a report that the database refuses out of the way of the others; /healthz counts it."""
    spooled.path.rename(spooled.path.with_suffix(".damaged"))


def _written_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _spooled(path: Path, raw: dict[str, Any]) -> Spooled:
    report = raw["report"]
    sighting = report.pop("sighting")
    point = places.Point(**sighting["point"]) if sighting["point"] else None
    return Spooled(
        path=path,
        station=raw["station"],
        serial=raw["serial"],
        source=bytes.fromhex(raw["source"]),
        report=Report(**report, sighting=Sighting(**{**sighting, "point": point})),
        at=clock.parse(raw["at"]),
    )


def _write_or_make_room(folder: Path, name: str, sealed: bytes) -> None:
    draft = folder / f".{name}.{uuid.uuid4().hex}"
    try:
        draft.touch(mode=0o600)
        _write_through(draft, folder / name, sealed)
    except OSError as error:
        if error.errno not in FULL or not _take_reserved(folder, draft):
            raise
        _write_through(draft, folder / name, sealed)


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
