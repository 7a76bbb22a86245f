"""`station doctor`: what will hurt one night, each with what to do about it."""

import os
import sys
from collections.abc import Iterator

import click

from badges import artwork, matrix, typeface
from badges.artwork import BadgeText
from badges.errors import BadgeError, BadUrl, MissingGlyph
from station import communities, config, founding, phones, schema, seal
from station import db as database
from station.communities import Station
from station.config import Config
from station.db import StationDatabase

_TOKEN = "0" * 52
"""Any token will do: all are of one length, and the code's size follows from the length."""


@click.command("doctor")
def doctor() -> None:
    """Look for what will hurt one night: address, SQLite, keyring, databases, names on badges."""
    ill = False
    # One at a time: when a database cannot be opened, what was found before it has been told.
    for problem in _problems(config.read(os.environ)):
        ill = True
        click.echo(f"- {problem}")
    click.echo("Something needs mending." if ill else "All is well.")
    sys.exit(1 if ill else 0)


def _problems(read: Config) -> Iterator[str]:
    yield from _address(read)
    if database.SQLITE_VERSION < database.WAL_RESET_MENDED:
        version = ".".join(map(str, database.SQLITE_VERSION))
        yield f"SQLite {version} has the WAL-reset bug, mended in 3.51.3; install pysqlite3 or a newer Python."
    with founding.opened(read, seal.read_keyring(read.keyring)) as (db, _):
        yield from _database(db)


def _address(read: Config) -> Iterator[str]:
    if not read.secure:
        yield (
            f"The address {read.base_url} is not https: phones will not give their location to its page. "
            "Put an https server such as Caddy in front, set STATION_BASE_URL to https://…, and print no badge before."
        )
    try:
        code = matrix.make(f"{read.base_url}/{_TOKEN}", relaxed=not read.secure)
    except BadUrl as error:
        yield f"No badge can be made. {error}"
        return
    if (code.version, code.level) != (matrix.VERSION, "Q"):
        yield (
            f"The host {read.host} has {len(read.host)} characters, too long for the best code: badges get "
            f"{code.version}-{code.level} instead of {matrix.VERSION}-Q and bear less dirt and blur. "
            f"Take a host of at most {matrix.HOST_AT_Q} characters before the first badge is printed; "
            "badges that are worn already need the old host for as long as they live."
        )


def _database(db: StationDatabase) -> Iterator[str]:
    if not schema.is_current(db):
        yield "The database has an older schema; `station serve` brings it up to date."
        return
    if db.scalar("PRAGMA quick_check") != "ok":
        yield "The database is damaged; restore a backup."
    for station in communities.stations(db):
        for problem in _printing(station):
            yield f"Station {station.number}, {station.name}: no badge can be made. {problem}"


def _printing(station: Station) -> list[str]:
    """Why its name or hotline cannot be printed: every character without a glyph, else whether they fit."""
    shown = phones.from_e164(station.hotline).shown
    without = [told for character in dict.fromkeys(station.name + shown) if (told := _missing(character))]
    if without:
        return without
    text = BadgeText("", station.name, shown, "0000-0")
    try:
        artwork.make(text, artwork=station.artwork, theme=station.theme)
    except BadgeError as error:
        return [str(error)]
    return []


def _missing(character: str) -> str:
    try:
        typeface.glyph(character)
    except MissingGlyph as error:
        return str(error)
    return ""
