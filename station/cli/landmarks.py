"""`station landmarks`: the gazetteer from and to a table, on the command line."""

from pathlib import Path

import click

from station import clock, communities
from station.cli.people import instance
from station.db import StationDatabase
from station.errors import Invalid
from station.landmarks import files, records

STATION = click.option("--station", "number", default=1, show_default=True)


@click.group()
def landmarks() -> None:
    """Shops, stops, gates and lamp posts that finders name."""


@landmarks.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@STATION
@click.option(
    "--crs",
    default="wgs84",
    show_default=True,
    type=click.Choice(records.CRS),
    help="From which map the coordinates come.",
)
@click.option("--check", is_flag=True, help="Only say what would happen.")
def take_in(file: Path, number: int, crs: str, check: bool) -> None:
    """Take in a table (CSV or XLSX; docs/operating.md shows the columns). Rows with mistakes are named and left out.

    Ends with status 1 when there were such rows.
    """
    with instance() as (_, db, vault):
        station, areas = _where(db, number)
        try:
            found = files.read(file.read_bytes(), crs, station, areas)
        except Invalid as error:
            raise click.ClickException(f"{file}: {error}") from error
        for one in found.wrong:
            click.echo(f"row {one.row} {one.name}: {' '.join(str(error) for error in one.errors)}", err=True)
        if check:
            click.echo(f"{len(found.good)} landmarks could be taken in.")
        else:
            added, renewed = records.take_in(
                db, vault.ring, found.good, station=number, by=None, now=clock.utcnow()
            )
            click.echo(f"Added {added}, renewed {renewed}.")
    if found.wrong:
        raise click.exceptions.Exit(1)


@landmarks.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@STATION
def export(file: Path, number: int) -> None:
    """Write all landmarks in use into a CSV that can be taken in again (WGS-84)."""
    with instance() as (_, db, _vault):
        _, areas = _where(db, number)
        known = records.listing(db, number)
        file.write_bytes(files.write(known, areas))
    click.echo(f"Wrote {len(known)} landmarks to {file}.")


def _where(db: StationDatabase, number: int) -> tuple[communities.Station, list[communities.Community]]:
    areas = [one for one in communities.communities(db) if one.station == number]
    return communities.station(db, number), areas
