"""`station keys`, `backup`, `restore`: what keeps an instance alive."""

import base64
import os
import zlib
from pathlib import Path
from typing import TextIO

import click

from station import clock, config, emergency, founding, safekeeping, seal
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
