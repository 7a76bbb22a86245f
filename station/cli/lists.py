"""`station import`, `station export`: elders out of a spreadsheet and into one, with a bar that shows how far it is."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from station import clock, communities, duty
from station.cli.people import instance
from station.config import Config
from station.db import StationDatabase
from station.errors import Invalid, UserError
from station.lists import columns, imports, working, writing
from station.lists.imports import Import
from station.vault import Vault

MOST_SHOWN = 50


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--station", "number", default=1, show_default=True)
@click.option("--community", help="Where the rows live that name no community.")
@click.option("--yes", is_flag=True, help="Save the valid rows without asking.")
@click.option(
    "--rest", type=click.Path(path_type=Path), help="Write the other rows, with the reasons, to this file."
)
def import_command(file: Path, number: int, community: str | None, yes: bool, rest: Path | None) -> None:
    """Take elders in from an XLSX or CSV file. Shows what is in it, asks, and saves the valid rows."""
    with instance() as (read, db, vault):
        communities.station(db, number)
        new = imports.keep(
            db,
            vault,
            file.read_bytes(),
            station=number,
            community_id=_community(db, number, community),
            form_id=uuid.uuid4().hex,
            by=None,
            now=clock.utcnow(),
        )
        one = _go_on(read, db, vault, new, "Looking")
        _tell(db, vault, one)
        if one.good and (yes or click.confirm(f"Save {one.good} elders?")):
            imports.save(db, vault, new, by=None, now=clock.utcnow())
            one = _go_on(read, db, vault, new, "Saving")
            click.echo(f"Saved {one.good}; registered already {one.known}; not saved {one.wrong}.")
        if rest and one.wrong:
            _write(rest, writing.rest(db, vault, one, _kind(rest), say=str))
            click.echo(f"The rows that were not saved are in {rest}.")
        imports.discard(db, vault, new, by=None, now=clock.utcnow())
    if one.wrong or one.state == "unreadable":
        raise click.exceptions.Exit(1)


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--station", "number", default=1, show_default=True)
@click.option(
    "--reason", required=True, type=click.Choice(list(writing.REASONS)), help="Kept in the audit log."
)
def export_command(file: Path, number: int, reason: str) -> None:
    """Write the register of a station to an XLSX or CSV file, readable by its owner alone."""
    with instance() as (_, db, vault), _bar("Writing") as tell:
        communities.station(db, number)
        content = writing.export(
            db, vault, _kind(file), station=number, reason=reason, by=None, now=clock.utcnow(), tell=tell
        )
    _write(file, content)
    click.echo(f"Wrote {file}. Whoever has it can read it: keep it locked, delete it after use.")


def _go_on(read: Config, db: StationDatabase, vault: Vault, import_id: int, label: str) -> Import:
    """Do what the import waits for, here and now, or watch the job process do it."""
    now = clock.utcnow()
    today = duty.local(now, read.timezone).date()
    with _bar(label) as tell:

        def shown() -> None:
            one = imports.get(db, import_id)
            tell(imports.progress(db, one), one.good if one.state == "saving" else one.total)

        while imports.get(db, import_id).is_moving:
            working.work(db, vault, import_id, today=today, now=now, tell=shown)
    return imports.get(db, import_id)


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for a person at a terminal; nothing where nobody watches."""
    with click.progressbar(length=1, label=label) as bar:

        def tell(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield tell


def _tell(db: StationDatabase, vault: Vault, one: Import) -> None:
    headings = {field: words[0] for field, words in columns.fields().items()}
    wrong = [finding for finding in imports.findings(db, vault, one) if finding.outcome == "wrong"]
    for finding in wrong[:MOST_SHOWN]:
        for error in finding.errors:
            click.echo(f"Row {finding.row}: {headings.get(error.field, error.field)}: {error}", err=True)
    if len(wrong) > MOST_SHOWN:
        click.echo(f"… and {len(wrong) - MOST_SHOWN} more rows.", err=True)
    click.echo(f"Can be saved {one.good}; registered already {one.known}; with mistakes {one.wrong}.")


def _community(db: StationDatabase, number: int, name: str | None) -> int | None:
    if name is None:
        return None
    found = [c.id for c in communities.communities(db) if (c.station, c.name) == (number, name)]
    if not found:
        raise Invalid("community", "There is no community %(name)s at this station.", name=name)
    return found[0]


def _kind(file: Path) -> str:
    kind = file.suffix.lower().removeprefix(".")
    if kind not in writing.KINDS:
        raise UserError("The name of the file must end in .xlsx or .csv.")
    return kind


def _write(file: Path, content: bytes) -> None:
    """Readable by its owner alone; a file that is there already is not overwritten."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(content)
    except OSError as error:
        raise UserError("%(file)s cannot be written: %(why)s", file=file, why=error.strerror) from error
