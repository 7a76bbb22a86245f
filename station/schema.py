"""The tables, as migrations; rules live here as constraints. `migrate` is run by the parent process alone."""

from sqlite_utils import Database, Migrations

from station import first_schema, fourth_schema, second_schema, third_schema
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
