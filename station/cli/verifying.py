"""`station badges verify`: what the codes in a file are, whether they are ours, and how much they can still bear."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from badges import check
from badges.decode import Decoded
from badges.errors import CheckFailed
from station import config, founding, seal
from station.config import Config
from station.db import StationDatabase
from station.errors import SettingError
from station.issuing import records
from station.issuing.records import shown_number
from station.seal import Keyring

LONGEST_TEXT = 80  # characters shown of a code that is not ours


@dataclass(frozen=True)
class Verdict:
    """One code in words."""

    authentic: bool
    whose: str  # "badge 48217-3", or what a foreign code says
    said: str


@click.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--show-address", is_flag=True, help="Also print addresses: whoever has one can raise an alert."
)
def verify(file: Path, show_address: bool) -> None:
    """Read every code in FILE: a PDF, an SVG, or a picture such as a photo. Ends with 0 when all are authentic."""
    read = config.read(os.environ)
    ring = seal.read_keyring(read.keyring)
    try:
        codes = check.read(file.read_bytes())
    except CheckFailed as error:
        raise click.ClickException(f"{file}: {error.params['problem']}.") from error
    if not codes:
        raise click.ClickException(f"{file}: no code can be read in it.")
    with _register(read, ring) as db:
        verdicts = [_judge(db, ring, read, code) for code in codes]
    for code, verdict in zip(codes, verdicts, strict=True):
        click.echo(f"page {code.page + 1}: {verdict.whose}: {verdict.said}; {_condition(code)}")
        if show_address:
            click.echo(f"  {_printable(code.text)}")
    wrong = sum(not verdict.authentic for verdict in verdicts)
    click.echo(f"{len(codes)} read, {len(codes) - wrong} authentic.")
    sys.exit(1 if wrong else 0)


def _judge(db: StationDatabase | None, ring: Keyring, read: Config, code: Decoded) -> Verdict:
    address, _, token = code.text.rpartition("/")
    opened = seal.open_badge_token(ring, token)
    if opened is None:
        return Verdict(False, f"“{_masked(code.text)}”", "NOT AUTHENTIC, not made with this keyring")
    whose, state = _state(db, *opened)
    if address != read.base_url:
        said = f"NOT AUTHENTIC, our token behind another address ({_masked(address)})"
        return Verdict(False, whose, said)
    return Verdict(True, whose, f"authentic, {state}")


def _state(db: StationDatabase | None, station: int, serial: int) -> tuple[str, str]:
    unnumbered = f"badge of station {station}, serial {serial}"
    if db is None:
        return unnumbered, "state unknown without the database"
    badge = records.by_serial(db, station, serial)
    if badge is None:
        return unnumbered, "but not in this register"
    made = "temporary" if badge.temporary else badge.form
    return f"badge {shown_number(badge.number)}", f"{badge.state} ({made})"


def _condition(code: Decoded) -> str:
    return f"{code.left:.0%} of the error correction left (version {code.version}-{code.level})"


@contextmanager
def _register(read: Config, ring: Keyring) -> Iterator[StationDatabase | None]:
    """The station's database; None on a machine that has the keyring alone, or while it cannot be opened."""
    if not read.database.exists():
        click.echo("There is no database here, so the state of badges is not known.", err=True)
        yield None
        return
    db: StationDatabase | None = None
    with ExitStack() as stack:
        try:
            db, _ = stack.enter_context(founding.opened(read, ring))
        except SettingError as error:
            click.echo(f"The state of badges is not known: {error}", err=True)
        yield db


def _masked(text: str) -> str:
    """A foreign code's text without anything that may be a token, or steer a terminal."""
    shown = _printable(re.sub(r"[0-9A-Za-z_-]{16,}", "…", text))
    return shown if len(shown) <= LONGEST_TEXT else f"{shown[:LONGEST_TEXT]}…"


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "�" for one in text)
