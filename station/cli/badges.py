"""`station badges`: made, listed, reissued, and brought into one file for the press."""

import hashlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from badges.errors import BadgeError
from station import audit, clock, damm
from station.cli.people import instance
from station.config import Config
from station.db import DatabaseError, StationDatabase, transaction
from station.issuing import batches, life, making, orders, printfile, records
from station.issuing.records import READY, Badge, shown_number
from station.vault import Vault

KINDS = {".pdf": "sheet", ".zip": "package"}
ENDS_AS = {"lost": "lost", "stolen": "revoked"}  # the other reasons leave it worn until the new one is there
INTERRUPTED = 130  # what a shell says of a command that ^C ended


@click.group()
def badges() -> None:
    """Badges."""


@badges.command("list")
@click.option("--state", type=click.Choice((*records.UNFINISHED, "worn", *records.ENDED)), help="Only these.")
@click.option("--station", "number", type=int, help="Only this station's.")
def list_badges(state: str | None, number: int | None) -> None:
    """Every badge with its number, state and form; no names."""
    with instance() as (_, db, _vault):
        for row in db.rows(
            "SELECT number, state, form, ordered_at FROM badge WHERE state = coalesce(?, state) "
            "AND station = coalesce(?, station) ORDER BY id",
            state,
            number,
        ):
            shown = shown_number(row["number"])
            click.echo(f"{shown}  {row['state']:<9} {row['form']:<6} {row['ordered_at'][:10]}")


@badges.command("make")
def make() -> None:
    """Draw and check every ordered badge now. One that was interrupted goes on where it stopped."""
    with instance() as (read, db, vault), _told():
        failed = _make(db, vault, read, making.waiting(db))
    if failed:
        raise click.ClickException(f"{failed} could not be made; the board of badges says why.")


@badges.command("reissue")
@click.argument("number")
@click.option("--reason", required=True, type=click.Choice(orders.REASONS))
def reissue(number: str, reason: str) -> None:
    """Order a badge in place of NUMBER. Both stay in the elder's history."""
    now = clock.utcnow()
    with instance() as (_, db, vault):
        old = _badge(db, number)
        new = records.get(db, orders.reissue(db, vault, old.id, reason=reason, by=None, now=now))
        ends_as = ENDS_AS.get(reason)
        if ends_as and old.state not in records.ENDED:
            life.end(db, vault, old.id, ends_as, by=None, now=now)
    click.echo(f"Ordered {shown_number(new.number)} in place of {shown_number(old.number)} ({reason}).")
    if ends_as is None:
        click.echo("The old one counts until the new one is handed over.")


@badges.command("sheet")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@click.option("--batch", type=int, help="The badges of this print file of the board.")
@click.option("--station", type=int, default=1, show_default=True, help="Whose waiting badges.")
@click.option("--form", type=click.Choice(orders.FORMS), help="Only badges of this form.")
@click.option("--force", is_flag=True, help="Replace FILE when it is there already.")
def sheet(
    file: Path, numbers: tuple[str, ...], batch: int | None, station: int, form: str | None, force: bool
) -> None:
    """Bring badges into FILE: A4 sheets when it ends in .pdf, a package for the print shop when in .zip.

    Without numbers all that wait to be printed. FILE appears when all of it is made and checked; after an
    interrupt the same command goes on where it stopped.
    """
    kind = KINDS.get(file.suffix.lower())
    if kind is None:
        raise click.ClickException("FILE must end in .pdf for A4 sheets or in .zip for single files.")
    if file.exists() and not force:
        raise click.ClickException(f"{file} is there already. Name another file, or add --force.")
    with instance() as (read, db, vault), _told(file):
        wanted = _chosen(db, vault, read, numbers, batch, station)
        wanted = _of_one_design([one for one in wanted if form in (None, one.form)])
        with _appearing(file) as out, _Bar("Drawing and checking") as bar:
            printfile.write(
                db, vault, kind, wanted, read.base_url, out=out, now=clock.utcnow(), tell=bar.tell
            )
        with file.open("rb") as made:
            digest = hashlib.file_digest(made, "sha256").hexdigest()
        _note(db, vault, wanted[0].station, f"{kind}|{len(wanted)}|{digest}")
    click.echo(f"Made {file}: {len(wanted)} badges, every module compared. SHA-256 {digest}")


class _Bar:
    """A progress bar on a terminal, nothing anywhere else; ^C ends the work between two steps.

    An interrupt in the middle of what two threads share would leave its lock held, and the end waiting for it for ever.
    """

    def __init__(self, label: str) -> None:
        self._bar: Any = click.progressbar(
            length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
        )
        self._is_stopped = False

    def __enter__(self) -> "_Bar":
        self._bar.__enter__()
        self._before = signal.signal(signal.SIGINT, self._stop)
        return self

    def __exit__(self, *error: Any) -> None:
        signal.signal(signal.SIGINT, self._before)
        self._bar.__exit__(*error)

    def _stop(self, *_: object) -> None:
        self._is_stopped = True
        signal.signal(signal.SIGINT, self._before)  # a second one does not wait for the step to end

    def tell(self, done: int, steps: int) -> None:
        if self._is_stopped:
            raise KeyboardInterrupt
        self._bar.length = steps
        self._bar.update(done - self._bar.pos)


def _make(db: StationDatabase, vault: Vault, read: Config, waiting: Sequence[int]) -> int:
    """Draw and check these badges; how many of them failed."""
    with _Bar("Making badges") as bar:
        for done, badge_id in enumerate(waiting, start=1):
            making.make(db, vault, badge_id, read.base_url, clock.utcnow())
            bar.tell(done, len(waiting))
    return sum(records.get(db, badge_id).state == "ordered" for badge_id in waiting)


def _chosen(
    db: StationDatabase,
    vault: Vault,
    read: Config,
    numbers: Sequence[str],
    batch: int | None,
    station: int,
) -> list[Badge]:
    """The badges asked for, made where they were only ordered. Raises ClickException when one cannot be printed."""
    chosen = [_badge(db, number) for number in numbers]
    if batch is not None:
        chosen += [one for one in batches.badges_of(db, batches.get(db, batch).id) if one not in chosen]
    if not chosen and batch is None:
        waiting = [one for one in records.unfinished(db, station) if one.state != "printed"]
        chosen = [one for one in waiting if not one.temporary and not one.problem]
    _make(db, vault, read, [one.id for one in chosen if one.state == "ordered"])
    wanted = [records.get(db, one.id) for one in dict.fromkeys(chosen)]
    for one in wanted:
        if one.state not in (*READY, "worn"):
            why = "could not be made" if one.state == "ordered" else f"is {one.state}"
            raise click.ClickException(f"Badge {shown_number(one.number)} {why}; leave it out.")
    return wanted


def _of_one_design(wanted: list[Badge]) -> list[Badge]:
    if not wanted:
        raise click.ClickException("No badge waits to be printed. Name badges by their numbers.")
    found = printfile.designs(wanted)
    if len(found) > 1:
        kinds = ", ".join(f"{len(some)} × {' '.join(design[1:])}" for design, some in found.items())
        raise click.ClickException(
            f"These badges are of several kinds ({kinds}), and a print file has one. Choose with --form, or name them."
        )
    return wanted


def _badge(db: StationDatabase, number: str) -> Badge:
    digits = "".join(one for one in number if one.isascii() and one.isdigit())
    found = records.by_number(db, digits) if damm.is_valid(digits) else None
    if found is None:
        raise click.ClickException(f"There is no badge {number}. Read its number once more, digit by digit.")
    return found


@contextmanager
def _appearing(file: Path) -> Iterator[IO[bytes]]:
    """A file that is there as a whole or not at all."""
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _told(file: Path | None = None) -> Iterator[None]:
    """What may stop long work, in words, and that nothing of it is lost."""
    again = "Run the same command again: it goes on where it stopped."
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"Stopped. {again}", err=True)
        sys.exit(INTERRUPTED)
    except BadgeError as error:
        raise click.ClickException(str(error)) from error
    except (OSError, DatabaseError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise click.ClickException(
            f"{file or 'A badge'} could not be written ({why}), and no part of it is there. Make room. {again}"
        ) from error


def _note(db: StationDatabase, vault: Vault, station: int, detail: str) -> None:
    with transaction(db):
        audit.record(
            db, vault.ring, staff_id=None, action="badges.file", about=f"station/{station}",
            detail=detail, now=clock.utcnow(),
        )  # fmt: skip
