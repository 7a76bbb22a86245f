"""The job process's part of an import: look at every row, then save the valid ones, each durably and once."""

from collections.abc import Callable, Iterator
from datetime import date, datetime

from station import clock, communities, elders, institutions, seal, tables
from station.db import IntegrityError, StationDatabase, transaction
from station.elders import Origin
from station.enrolment import Locality
from station.errors import Invalid, NotFound
from station.lists import columns, imports, reading
from station.lists.imports import Finding, Import
from station.lists.matching import ELSEWHERE, Matcher
from station.lists.reading import ReadRow, Setting
from station.vault import Unsealable, Vault

SLICE = 100  # rows whose keys are made, or whose count is shown, at once
TOGETHER = 8  # rows that share a sync of the disk; a scan that comes meanwhile waits for no more than these

Tell = Callable[[], object]  # called after each slice; something true ends the work for now


def waiting(db: StationDatabase) -> list[int]:
    rows = db.rows("SELECT id FROM elder_import WHERE state IN ('waiting', 'saving') ORDER BY id")
    return [row["id"] for row in rows]


def work(
    db: StationDatabase,
    vault: Vault,
    import_id: int,
    *,
    today: date,
    now: datetime,
    tell: Tell = lambda: None,
) -> None:
    """Do what an import waits for. Killed in the middle, it goes on where it was: what was saved stays saved.

    `tell` is called after each slice, and ends it for now by saying True. `today` is the station's date.
    """
    one = imports.get(db, import_id)
    try:
        if one.state == "waiting":
            _look(db, vault, one, today, now, tell)
        elif one.state == "saving":
            _save(db, vault, one, today, now, tell)
    except (NotFound, Unsealable):
        # Discarded, or done by another process (the command line's), while this one was at it.
        if imports.get(db, import_id).state == one.state:
            raise


def setting(db: StationDatabase, vault: Vault, one: Import, today: date) -> Setting:
    """What the list is read against."""
    station = communities.station(db, one.station)
    here = {c.name: c.id for c in communities.communities(db) if c.station == one.station}
    locality = Locality(station.area_code, station.address_prefix, frozenset(here.values()))
    named = {columns.plain(name): number for name, number in here.items()}
    homes = {columns.plain(home.name): home for home in institutions.of_station(db, vault, one.station)}
    return Setting(locality, named, one.community_id, today, homes)


# Looking ------------------------------------------------------------------------------------------


def _look(db: StationDatabase, vault: Vault, one: Import, today: date, now: datetime, tell: Tell) -> None:
    try:
        rows = tables.read(imports.content(db, vault, one), formulas=True)
        where = reading.places(rows[0])
    except tables.TableError as error:
        return _unreadable(db, vault, one, Invalid("file", str(error)), now)
    except Invalid as error:
        return _unreadable(db, vault, one, error, now)
    total = sum(any(row) for row in rows[1:])
    found = []
    for finding in _findings(rows, where, setting(db, vault, one, today), Matcher(db, vault, one.station)):
        found.append(finding)
        if len(found) % SLICE == 0 or len(found) == total:
            _count(db, one, total, found)
            if tell():
                return None
    with transaction(db):
        db.write(
            "UPDATE elder_import SET state = 'checked', content = ?, findings = ? WHERE id = ? AND state = 'waiting'",
            imports.sealed(vault, one, "content", rows),
            imports.sealed(vault, one, "findings", [finding.dump() for finding in found]),
            one.id,
        )
    return None


def _findings(
    rows: list[list[str]], where: dict[str, int], setting: Setting, matcher: Matcher
) -> Iterator[Finding]:
    for number, row in enumerate(rows[1:], 2):
        if any(row):
            yield _finding(reading.read(number, row, where, setting), matcher)


def _finding(read: ReadRow, matcher: Matcher) -> Finding:
    name, home = read.name[:40], read.home.name if read.home else ""
    if read.enrolment is None:
        return Finding(read.number, "wrong", name, None, read.errors, read.notes)
    try:
        elder_id = matcher.registered(read.enrolment)
        if elder_id is not None:
            return Finding(read.number, "known", name, elder_id, home=home)
        matcher.refuse_twin(read.number, read.enrolment)
    except Invalid as error:
        return Finding(read.number, "wrong", name, None, (error,), read.notes)
    return Finding(read.number, "good", name, None, (), read.notes, home)


def _count(db: StationDatabase, one: Import, total: int, found: list[Finding]) -> None:
    good, known, wrong = (sum(f.outcome == outcome for f in found) for outcome in ("good", "known", "wrong"))
    with transaction(db):
        db.write(
            "UPDATE elder_import SET total = ?, looked_at = ?, good = ?, known = ?, wrong = ? WHERE id = ?",
            total,
            len(found),
            good,
            known,
            wrong,
            one.id,
        )


def _unreadable(db: StationDatabase, vault: Vault, one: Import, error: Invalid, now: datetime) -> None:
    """The whole file cannot be read: it is forgotten at once, but not why."""
    why = imports.sealed(vault, one, "findings", [Finding(1, "wrong", "", None, (error,)).dump()])
    with transaction(db):
        db.write(
            "UPDATE elder_import SET state = 'unreadable', content = NULL, findings = ?, ended_at = ? "
            "WHERE id = ? AND state = 'waiting'",
            why,
            clock.text(now),
            one.id,
        )


# Saving -------------------------------------------------------------------------------------------


def _save(db: StationDatabase, vault: Vault, one: Import, today: date, now: datetime, tell: Tell) -> None:
    rows = imports.rows(db, vault, one)
    where, against = reading.places(rows[0]), setting(db, vault, one, today)
    found = {finding.row: finding for finding in imports.findings(db, vault, one)}
    behind = {row["row"] for row in db.rows("SELECT row FROM elder_import_row WHERE import_id = ?", one.id)}
    ahead = [n for n, finding in found.items() if finding.outcome == "good" and n not in behind]
    matcher = Matcher(db, vault, one.station)
    for start in range(0, len(ahead), SLICE):
        part = ahead[start : start + SLICE]
        # One write for the keys of many; a key that nobody comes to use opens nothing.
        vault.create([f"elder/{_uid(vault, one, n)}" for n in part], now)
        for first in range(0, len(part), TOGETHER):
            read = [reading.read(n, rows[n - 1], where, against) for n in part[first : first + TOGETHER]]
            _save_rows(db, vault, one, read, matcher, now)
        if tell():
            return
    _finish(db, vault, one, rows, found, now)


def _uid(vault: Vault, one: Import, number: int) -> str:
    """The same row gets the same key, however often it is tried."""
    return seal.derived_token(vault.ring, "import-row", f"{one.uid}/{number}")


def _save_rows(
    db: StationDatabase, vault: Vault, one: Import, read: list[ReadRow], matcher: Matcher, now: datetime
) -> None:
    """Rows in one transaction, each with the note that it is behind us. One that fails keeps no other from its place."""
    try:
        with transaction(db):
            for row in read:
                _save_row(db, vault, one, row, matcher, now)
    except (Invalid, IntegrityError):
        if len(read) > 1:
            for row in read:
                _save_rows(db, vault, one, [row], matcher, now)
        else:
            with transaction(db):
                _behind(db, one, read[0].number, "wrong", None, now)


def _save_row(
    db: StationDatabase, vault: Vault, one: Import, read: ReadRow, matcher: Matcher, now: datetime
) -> None:
    """Inside the transaction, when nobody else can write: a colleague may have entered the elder meanwhile."""
    if db.scalar("SELECT 1 FROM elder_import_row WHERE import_id = ? AND row = ?", one.id, read.number):
        return None
    if read.enrolment is None:
        return _behind(db, one, read.number, "wrong", None, now)
    known = matcher.registered(read.enrolment)
    if known is not None:
        return _behind(db, one, read.number, "known", known, now)
    origin = Origin(f"import-{one.uid}-{read.number}", one.station, one.staff_id, "paper")
    elder_id = elders.add(db, vault, _uid(vault, one, read.number), read.enrolment, origin, now)
    if read.home:
        institutions.move_in(db, vault, read.home, elder_id, by=one.staff_id, now=now)
    return _behind(db, one, read.number, "saved", elder_id, now)


def _behind(
    db: StationDatabase, one: Import, number: int, outcome: str, elder_id: int | None, now: datetime
) -> None:
    db.insert(
        "elder_import_row",
        import_id=one.id,
        row=number,
        outcome=outcome,
        elder_id=elder_id,
        at=clock.text(now),
    )


def _finish(
    db: StationDatabase,
    vault: Vault,
    one: Import,
    rows: list[list[str]],
    found: dict[int, Finding],
    now: datetime,
) -> None:
    """Keep of the file what was not saved, so that it can be mended and sent again."""
    outcomes = {
        row["row"]: row for row in db.rows("SELECT * FROM elder_import_row WHERE import_id = ?", one.id)
    }
    ended = [_ended(finding, outcomes.get(n)) for n, finding in found.items()]
    rest = {finding.row for finding in ended if finding.outcome == "wrong"}
    kept = [row if n == 1 or n in rest else [] for n, row in enumerate(rows, 1)]
    counts = [sum(f.outcome == outcome for f in ended) for outcome in ("saved", "known", "wrong")]
    with transaction(db):
        db.write(
            "UPDATE elder_import SET state = 'done', content = ?, findings = ?, good = ?, known = ?, wrong = ?, "
            "ended_at = ? WHERE id = ? AND state = 'saving'",
            imports.sealed(vault, one, "content", kept),
            imports.sealed(vault, one, "findings", [finding.dump() for finding in ended]),
            *counts,
            clock.text(now),
            one.id,
        )


def _ended(finding: Finding, outcome: dict[str, object] | None) -> Finding:
    """What became of a row; of who was saved the name need not be kept twice."""
    if outcome is None:
        return finding
    elder_id = outcome["elder_id"]
    assert elder_id is None or isinstance(elder_id, int)
    errors = (Invalid("identity_number", ELSEWHERE),) if outcome["outcome"] == "wrong" else ()
    return Finding(
        finding.row, str(outcome["outcome"]), finding.name, elder_id, errors, finding.notes, finding.home
    )
