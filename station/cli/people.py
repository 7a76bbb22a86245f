"""`station user`, `station roster`: what is set up from the command line."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import click

from badges import artwork
from badges.artwork import BadgeText
from badges.errors import BadgeError
from station import accounts, clock, communities, config, duty, emergency, founding, phones, places, seal
from station.config import Config
from station.db import IntegrityError, StationDatabase, transaction
from station.errors import Invalid
from station.incidents import urgency
from station.vault import Vault


@contextmanager
def instance() -> Iterator[tuple[Config, StationDatabase, Vault]]:
    """The instance that STATION_* names."""
    read = config.read(os.environ)
    ring = seal.read_keyring(read.keyring)
    with founding.opened(read, ring) as (db, vault):
        yield read, db, vault


@click.group()
def user() -> None:
    """Staff accounts."""


@user.command("add")
@click.argument("username")
@click.option("--role", required=True, type=click.Choice(accounts.ROLES))
@click.option("--name", required=True, help="The person's name, shown to colleagues.")
@click.option("--phone", default="", help="E.164, such as +8619900000001.")
@click.option("--station", "number", default=1, show_default=True)
@click.option("--community", help="Name of the community; a secretary needs one.")
@click.password_option()
def add(
    username: str, role: str, name: str, phone: str, number: int, community: str | None, password: str
) -> None:
    """Make an account."""
    with instance() as (_, db, vault):
        communities.station(db, number)
        new = accounts.NewStaff(
            username, password, role, number, name, phone, _community(db, number, community)
        )
        accounts.add(db, vault, new, clock.utcnow())
    click.echo(f"Made the account {username}.")


@user.command("password")
@click.argument("username")
@click.password_option()
def password_command(username: str, password: str) -> None:
    """Change a password and end the account's sessions."""
    with instance() as (_, db, vault):
        accounts.set_password(db, vault, username, password, clock.utcnow())
    click.echo("Changed; every session of the account has ended.")


@user.command("totp")
@click.argument("username")
def totp(username: str) -> None:
    """Demand a one-time code at login; prints the address for the officer's app."""
    with instance() as (_, db, vault):
        click.echo(accounts.set_totp(db, vault, username, clock.utcnow()))


@click.group()
def roster() -> None:
    """Stations, communities and the duty roster, from a file."""


@roster.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load(file: Path) -> None:
    """Load stations, communities and weekly shifts from a JSON file (docs/operating.md shows one)."""
    plan = _read_plan(file)
    with instance() as (read, db, vault), _named_slips(file):
        _load_places(db, plan)
        rosters = _shifts(db, plan)
        for number, shifts in rosters.items():
            duty.replace_roster(db, number, shifts)
            _say_holes(number, shifts)
        if "shifts" in plan and not rosters:
            click.echo("The file names no shift: the rosters stay as they were.", err=True)
        _load_changes(db, plan)
        emergency.refresh(db, vault, read.emergency_file, read.timezone, clock.utcnow())
    click.echo("Loaded.")


def _say_holes(number: int, shifts: list[duty.Shift]) -> None:
    """What whoever wrote the file should know; the alarm goes out all the same."""
    for begin, end in duty.gaps(shifts):
        click.echo(f"Station {number}: nobody on duty from {_shown(begin)} to {_shown(end)}.", err=True)
    for begin, end in duty.doubles(shifts):
        click.echo(
            f"Station {number}: two or more on duty at once from {_shown(begin)} to {_shown(end)}; all are rung.",
            err=True,
        )


def _load_changes(db: StationDatabase, plan: dict[str, Any]) -> None:
    """The days that differ. One that is known already is left as it is, so that a file can be loaded again."""
    with transaction(db):
        for raw in plan.get("changes", []):
            station, change = _change(db, raw)
            known = {replace(one, id=0) for one in duty.read(db, station).changes}
            if change not in known:
                duty.add_change(db, station, change, by=None, now=clock.utcnow())


def _change(db: StationDatabase, raw: dict[str, Any]) -> tuple[int, duty.Change]:
    try:
        day = date.fromisoformat(raw["day"])
    except ValueError as error:
        raise Invalid("day", "The day %(day)s does not exist in the calendar.", day=raw["day"]) from error
    people = {name: _account(db, raw[name]) for name in ("on", "off") if raw.get(name)}
    if not people:
        raise Invalid("on", "A change names who is on, who is off, or both.")
    ids = {name: row["id"] for name, row in people.items()}
    starts, level = duty.minute_of(raw["starts"]), raw.get("level", "on_duty")
    station = int(next(iter(people.values()))["station"])
    return station, duty.Change(day, starts, raw["minutes"], level, ids.get("off"), ids.get("on"))


def _account(db: StationDatabase, username: str) -> dict[str, Any]:
    row = db.row("SELECT id, station FROM staff WHERE username = ?", username)
    if row is None:
        raise Invalid("username", "There is no account %(name)s; make it first.", name=username)
    return row


@contextmanager
def _named_slips(file: Path) -> Iterator[None]:
    """A missing or misspelt entry of the file in one sentence."""
    try:
        yield
    except KeyError as error:
        raise click.ClickException(f"{file}: the entry {error} is missing.") from error
    except BadgeError as error:
        raise click.ClickException(f"{file}: {error}") from error
    except (TypeError, ValueError, AttributeError, IntegrityError) as error:
        reason = str(error).rstrip(".")
        raise click.ClickException(f"{file}: {reason}. docs/operating.md shows how it is written.") from error


def _read_plan(file: Path) -> dict[str, Any]:
    try:
        plan = json.loads(file.read_text())
    except ValueError as error:
        raise click.ClickException(f"{file} is not JSON: {error}") from error
    if not isinstance(plan, dict):
        raise click.ClickException(f"{file} must hold one JSON object.")
    return plan


def _load_places(db: StationDatabase, plan: dict[str, Any]) -> None:
    """All of the file or nothing: one wrong place leaves the instance as it was."""
    known = {station.number: station for station in communities.stations(db)}
    with transaction(db):
        for raw in plan.get("stations", []):
            areas, temperatures = raw.pop("communities", []), raw.pop("temperatures", None)
            if raw["number"] not in known:
                communities.add_station(db, _printable(_station(raw)))
            elif "policy" in raw:
                policy = known[raw["number"]].policy.changed(raw["policy"])
                communities.set_policy(db, raw["number"], policy)
            if temperatures is not None:
                urgency.set_climate(db, raw["number"], _climate(temperatures))
            for area in areas:
                point = _place(area, area["name"])
                if not db.scalar(
                    "SELECT 1 FROM community WHERE station = ? AND name = ?", raw["number"], area["name"]
                ):
                    communities.add_community(
                        db, station=raw["number"], **{**area, "lat": point.lat, "lon": point.lon}
                    )


def _climate(table: Any) -> tuple[urgency.Month, ...]:
    """Twelve months as [coldest, warmest] in degrees Celsius, or "jilin" for the table that comes along."""
    if table == "jilin":
        return urgency.JILIN
    return tuple(urgency.Month(float(coldest), float(warmest)) for coldest, warmest in table)


def _station(raw: dict[str, Any]) -> communities.Station:
    point = _place(raw, raw["name"])
    policy = communities.Policy().changed(raw.get("policy", {}))
    hotline = phones.parse(raw["hotline"], area_code=raw["area_code"]).e164
    plain = {"address_prefix": "", "artwork": "ring", "theme": "navy", **raw}
    return communities.Station(
        **{**plain, "lat": point.lat, "lon": point.lon, "hotline": hotline, "policy": policy}
    )


def _printable(station: communities.Station) -> communities.Station:
    """The station, if its name and hotline fit on a badge of its design: better known now than at the first badge.

    Raises BadgeError.
    """
    text = BadgeText("", station.name, phones.from_e164(station.hotline).shown, "00000-0")
    artwork.make(text, artwork=station.artwork, theme=station.theme)
    return station


def _place(raw: dict[str, Any], name: str) -> places.Point:
    try:
        return places.parse_point(raw["lat"], raw["lon"])
    except places.PointError as error:
        raise Invalid("lat", "The place of %(name)s: %(reason)s", name=name, reason=str(error)) from error


def _shifts(db: StationDatabase, plan: dict[str, Any]) -> dict[int, list[duty.Shift]]:
    found: dict[int, list[duty.Shift]] = {}
    for raw in plan.get("shifts", []):
        row, starts = _account(db, raw["username"]), duty.minute_of(raw["starts"])
        for weekday in raw.get("weekdays", range(7)):
            shift = duty.Shift(row["id"], weekday, starts, raw["minutes"], raw.get("level", "on_duty"))
            found.setdefault(row["station"], []).append(shift)
    return found


def _community(db: StationDatabase, number: int, name: str | None) -> int | None:
    if name is None:
        return None
    found = db.scalar("SELECT id FROM community WHERE station = ? AND name = ?", number, name)
    if found is None:
        raise Invalid("community", "There is no community %(name)s at this station.", name=name)
    return int(found)


def _shown(minute: int) -> str:
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon")
    return f"{days[minute // 1440]} {minute % 1440 // 60:02d}:{minute % 60:02d}"
