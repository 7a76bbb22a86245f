"""`station keys`, `backup`, `restore`, `doctor`: what keeps an instance alive."""

import base64
import os
import sys
import zlib
from pathlib import Path
from typing import TextIO

import click

from station import clock, config, emergency, founding, safekeeping, schema, seal
from station import db as database
from station.config import Config
from station.errors import SettingError
from station.seal import Keyring

_LINE = 40  # characters of base32 in one line of the paper copy


@click.group()
def keys() -> None:
    """The keyring."""


@keys.command("paper")
def paper() -> None:
    """Print the keyring so that it can be typed in again. Lock the paper away."""
    click.echo(paper_copy(seal.read_keyring(config.read(os.environ).keyring)))


@keys.command("from-paper")
@click.argument("file", type=click.File("r"), default="-")
def from_paper(file: TextIO) -> None:
    """Make the keyring again from its paper copy (a file, or typed in). Never overwrites one."""
    read = config.read(os.environ)
    ring = from_paper_copy(file.read())
    read.keyring.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        seal.write_keyring(read.keyring, ring)
    except FileExistsError as error:
        raise SettingError(f"There is a keyring at {read.keyring} already; move it away first.") from error
    click.echo(f"Made {read.keyring}.")


@click.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def backup(folder: Path) -> None:
    """Copy both databases into a new folder inside FOLDER, while the station runs."""
    read = config.read(os.environ)
    target = safekeeping.back_up(read, seal.read_keyring(read.keyring), folder, clock.utcnow())
    click.echo(f"Made {target}. The keyring is not in it: keep its paper copy elsewhere.")


@click.command("restore")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def restore(folder: Path) -> None:
    """Bring a backup into STATION_DATA. Stop the station first."""
    read = config.read(os.environ)
    safekeeping.restore(read, seal.read_keyring(read.keyring), folder)
    click.echo(f"Restored into {read.data_dir}. Start the station with `station serve`.")


@click.command("doctor")
def doctor() -> None:
    """Look for what will hurt one night: keyring, databases, SQLite, address, disk."""
    read = config.read(os.environ)
    problems = list(_problems(read))
    for problem in problems:
        click.echo(f"- {problem}")
    click.echo("Something needs mending." if problems else "All is well.")
    sys.exit(1 if problems else 0)


def paper_copy(ring: Keyring) -> str:
    """The keyring in base32 lines, each with a number and a check sum, so that a typing slip is found in its line."""
    packed = base64.b32encode(zlib.compress(seal.dump_keyring(ring).encode(), 9)).decode()
    lines = [packed[n : n + _LINE] for n in range(0, len(packed), _LINE)]
    shown = [
        f"{n:02d} {' '.join(line[i : i + 5] for i in range(0, len(line), 5))} {_sum(line)}"
        for n, line in enumerate(lines, 1)
    ]
    return "\n".join(["# keyring of the anti-wandering station; line number, letters, check", *shown])


def from_paper_copy(text: str) -> Keyring:
    """The inverse of `paper_copy`. Raises SettingError that names the first wrong line."""
    packed = ""
    expected = 1
    for line in text.splitlines():
        parts = line.upper().split()
        if not parts or parts[0].startswith("#"):
            continue
        letters = "".join(parts[1:-1])
        if parts[0] != f"{expected:02d}" or parts[-1] != _sum(letters):
            raise SettingError(
                f"Line {expected:02d} of the paper copy has a slip; compare it letter by letter."
            )
        packed += letters
        expected += 1
    try:
        return seal.load_keyring(zlib.decompress(base64.b32decode(packed)).decode())
    except (ValueError, zlib.error) as error:
        raise SettingError("The paper copy is not whole; lines are missing at the end.") from error


def refresh_emergency(read: Config, ring: Keyring) -> None:
    with founding.opened(read, ring) as (db, vault):
        emergency.refresh(db, vault, read.emergency_file, read.timezone, clock.utcnow())


def _sum(line: str) -> str:
    return f"{zlib.crc32(line.encode()) % 10000:04d}"


def _problems(read: Config) -> list[str]:
    found = []
    if database.SQLITE_VERSION < database.WAL_RESET_MENDED:
        version = ".".join(map(str, database.SQLITE_VERSION))
        found.append(
            f"SQLite {version} has the WAL-reset bug, mended in 3.51.3; install pysqlite3 or a newer Python."
        )
    if not read.secure:
        found.append("The address is not https; phones will not give their location.")
    if len(read.host) > 14:
        found.append(
            f"The host {read.host} has more than 14 characters, so badges lose an error level; a shorter one reads better."
        )
    ring = seal.read_keyring(read.keyring)
    with founding.opened(read, ring) as (db, _):
        if not schema.is_current(db):
            found.append("The database has an older schema; `station serve` brings it up to date.")
        if db.scalar("PRAGMA quick_check") != "ok":
            found.append("The database is damaged; restore a backup.")
    return found
