"""The tables, as migrations; rules live here as constraints. `migrate` is run by the parent process alone."""

import re

from sqlite_utils import Database, Migrations

from station import (
    first_schema,
    fourth_schema,
    register_schema,
    second_schema,
    seventh_schema,
    sixth_schema,
    third_schema,
)
from station.db import StationDatabase

migrations = Migrations("station")
key_migrations = Migrations("keys")


def migrate(db: StationDatabase) -> None:
    """Bring a station database to the newest schema.

    Foreign keys are off meanwhile, since a table may be remade; they can only be switched outside a transaction.
    """
    db.conn.execute("PRAGMA foreign_keys = OFF")
    try:
        migrations.apply(db)
    finally:
        db.conn.execute("PRAGMA foreign_keys = ON")


def migrate_keys(db: StationDatabase) -> None:
    """Bring a keys database to the newest schema."""
    key_migrations.apply(db)


def is_current(db: StationDatabase) -> bool:
    return not migrations.pending(db)


def _run(db: Database, script: str) -> None:
    # executescript would commit the migration's transaction; statements are split at blank lines instead,
    # so that a trigger's inner semicolons survive.
    for statement in script.strip().split("\n\n"):
        db.conn.execute(statement)


@key_migrations()
def keys_001(db: Database) -> None:
    _run(db, first_schema.KEYS)


@migrations()
def station_001(db: Database) -> None:
    for script in first_schema.SCRIPTS:
        _run(db, script)


@migrations()
def station_002(db: Database) -> None:
    for script in second_schema.SCRIPTS:
        _run(db, script)
    broken = db.conn.execute("PRAGMA foreign_key_check").fetchall()
    assert not broken, f"rows that point to nothing: {broken[:5]}"


@migrations()
def station_003(db: Database) -> None:
    for script in third_schema.SCRIPTS:
        _run(db, script)


@migrations()
def station_004(db: Database) -> None:
    for script in fourth_schema.SCRIPTS:
        _run(db, script)
    broken = db.conn.execute("PRAGMA foreign_key_check").fetchall()
    assert not broken, f"rows that point to nothing: {broken[:5]}"


@migrations()
def station_006(db: Database) -> None:
    _remake(db, "alert", sixth_schema.KINDS)
    for script in sixth_schema.SCRIPTS:
        _run(db, script)
    broken = db.conn.execute("PRAGMA foreign_key_check").fetchall()
    assert not broken, f"rows that point to nothing: {broken[:5]}"


@migrations()
def station_007(db: Database) -> None:
    _remake(db, "consent", register_schema.GIVEN_BY, "given_by")
    _remake(db, "consent", register_schema.MEANS, "means")
    _remake(db, "application", seventh_schema.APPLICATION_STATES, "state")
    for script in (*seventh_schema.SCRIPTS, *register_schema.SCRIPTS):
        _run(db, script)


@migrations()
def station_008(db: Database) -> None:
    # In the order of outbox.claim: of 50,000 messages that wait, the first 32 are read instead of all being sorted.
    _run(
        db,
        "CREATE INDEX alert_waiting ON alert (kind <> 'notice', turn + attempts, id) WHERE state = 'pending'",
    )


def _remake(db: Database, table: str, kinds: tuple[str, ...], column: str = "kind") -> None:
    """Make a table anew whose CHECK allows more kinds, with every column, index, trigger and reference it has by now."""
    [made] = db.conn.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    more = "".join(f", '{kind}'" for kind in kinds)
    wider = re.sub(rf"(CHECK \({column} IN\s*\([^)]*)\)", rf"\1{more})", made, count=1)
    belongings = db.conn.execute(
        "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL",
        (table,),
    ).fetchall()
    sequence = db.conn.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    for statement in (
        re.sub(rf'^CREATE TABLE "?{table}"?', f"CREATE TABLE {table}_new", wider),
        f"INSERT INTO {table}_new SELECT * FROM {table}",  # noqa: S608
        f"DROP TABLE {table}",
        f"ALTER TABLE {table}_new RENAME TO {table}",
        *(sql for (sql,) in belongings),
    ):
        db.conn.execute(statement)
    if sequence:  # a number that was given once is never given again
        db.conn.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (*sequence, table))
