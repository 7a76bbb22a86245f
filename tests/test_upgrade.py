"""Instances that exist are brought to the newest schema with everything in them."""

import inspect
import re
from pathlib import Path

import freezing
import pytest

from station import audit, cards, clock, communities, elders, founding, schema, seal
from station.db import DatabaseError, StationDatabase, create, transaction
from station.incidents import acts, events, links, views
from station.incidents.acts import Move
from station.issuing import records

RELEASED = sorted(int(path.stem[-3:]) for path in freezing.HERE.glob("schema_*.sql"))
# On the badges that were printed with the frozen keyring: what was engraved once must open for ever.
ENGRAVED = "1319073387428449426527915907903385841111145536484863"
NEVER = {
    "event_is_never_changed",
    "event_is_never_deleted",
    "audit_is_never_changed",
    "audit_is_never_deleted",
}


def made_of(db: StationDatabase) -> dict[str, str]:
    """Every table, index and trigger with its SQL, white space apart."""
    rows = db.rows("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
    return {row["name"]: " ".join(row["sql"].split()) for row in rows}


def shape_of(db: StationDatabase) -> dict[str, object]:
    """The same as SQLite understands it: a table that was remade is written with other quotes."""
    shape: dict[str, object] = {}
    for row in db.rows("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"):
        if row["type"] == "table":
            shape[row["name"]] = db.rows(f"PRAGMA table_info({row['name']})") + db.rows(
                f"PRAGMA foreign_key_list({row['name']})"
            )
        elif row["type"] == "index":
            shape[row["name"]] = db.rows(f"PRAGMA index_xinfo({row['name']})")
        else:
            shape[row["name"]] = re.sub(r"[\s\"]+", " ", row["sql"])
    return shape


def kept(db: StationDatabase) -> dict[str, list[dict]]:
    tables = db.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite%'")
    return {row["name"]: db.rows(f"SELECT * FROM {row['name']}") for row in tables}


@pytest.fixture
def fresh(tmp_path):
    db, keys = create(tmp_path / "fresh.db"), create(tmp_path / "fresh-keys.db")
    schema.migrate(db)
    schema.migrate_keys(keys)
    yield db, keys
    db.close()
    keys.close()


def opened(path: Path) -> StationDatabase:
    return StationDatabase(path)


@pytest.mark.parametrize("number", RELEASED)
def test_an_old_instance_gets_the_newest_schema_and_keeps_every_row(tmp_path, fresh, number):
    config = freezing.thaw(tmp_path / "old", number)
    before = {}
    for path in (config.database, config.keys_database):
        db = opened(path)
        before[path] = kept(db)
        db.close()
    founding.migrate(config, freezing.keyring())
    for path, new in zip((config.database, config.keys_database), fresh, strict=True):
        db = opened(path)
        assert shape_of(db) == shape_of(new)
        after = kept(db)
        for table, rows in before[path].items():
            assert rows, f"{table} of the frozen instance has no row to lose"
            assert len(after[table]) == len(rows)
            for old, now in zip(rows, after[table], strict=True):
                assert {name: now[name] for name in old if name in now} == {
                    name: value for name, value in old.items() if name in now
                }
        assert db.scalar("PRAGMA integrity_check") == "ok"
        assert db.rows("PRAGMA foreign_key_check") == []
        db.close()


@pytest.mark.parametrize("number", RELEASED)
def test_today_s_code_works_on_with_an_old_instance(tmp_path, number):
    config, ring = freezing.thaw(tmp_path / "old", number), freezing.keyring()
    founding.migrate(config, ring)
    with founding.opened(config, ring) as (db, vault):
        elder = elders.get(db, vault, 1)
        assert (elder.name, elder.contacts[0].name) == (freezing.ELDER.name, "张伟")
        assert cards.of_elder(db, vault, 1).call_name == "王奶奶"
        whole = views.whole(db, vault, 1)
        assert (whole.told[0].note, whole.said[0].text) == ("穿红棉袄", "马上到")
        assert whole.handover is not None
        assert events.replay(whole.story) == whole.brief.state == "handed_over"
        assert audit.first_broken(db, ring) is None
        assert communities.station(db, 1).policy.steps
        acts.move(
            db,
            vault,
            1,
            Move("closed", whole.brief.version, outcome="reunited"),
            by=1,
            now=clock.parse("2026-12-01T00:00:00+00:00"),
        )
        assert vault.has("elder/gone") is False
        with pytest.raises(links.Ended):
            links.open_link(db, seal.derived_token(ring, "link", "1|staff|1"))


def test_a_badge_in_the_field_opens_for_ever(tmp_path):
    config, ring = freezing.thaw(tmp_path / "old", 1), freezing.keyring()
    founding.migrate(config, ring)
    station, serial = seal.open_badge_token(ring, ENGRAVED) or (0, 0)
    with founding.opened(config, ring) as (db, _):
        badge = records.by_serial(db, station, serial)
        assert badge is not None
        assert badge.elder_id == 1
        assert records.url(ring, badge, "https://zj.example.cn") == f"https://zj.example.cn/{ENGRAVED}"


def test_the_first_schema_is_never_edited(tmp_path):
    """Instances made by it exist; a change to it would reach the new ones alone."""
    frozen = freezing.thaw(tmp_path / "frozen", 1)
    for path, migrations, first in (
        (frozen.database, schema.migrations, "station_001"),
        (frozen.keys_database, schema.key_migrations, "keys_001"),
    ):
        names = [step.name for step in migrations._migrations]
        assert names[0] == first
        made = create(tmp_path / f"{first}.db")
        migrations.apply(made, stop_before=names[1:2])
        old = opened(path)
        assert made_of(made) == made_of(old)
        made.close()
        old.close()


@pytest.mark.parametrize("migrations", [schema.migrations, schema.key_migrations], ids=["station", "keys"])
def test_no_step_loses_a_trigger_or_an_index(tmp_path, migrations):
    """sqlite-utils' transform() remakes a table and silently leaves its triggers behind."""
    db = create(tmp_path / "steps.db")
    names = [step.name for step in migrations._migrations]
    before: set[str] = set()
    for step, following in zip(migrations._migrations, [*names[1:], None], strict=True):
        migrations.apply(db, stop_before=following)
        after = {
            row["name"]
            for row in db.rows("SELECT name FROM sqlite_master WHERE type IN ('index', 'trigger')")
        }
        dropped = set(re.findall(r"DROP (?:INDEX|TRIGGER) (\w+)", inspect.getsource(step.fn)))
        assert before - after <= dropped, f"{step.name} lost {before - after - dropped}"
        before = after
    if migrations is schema.migrations:
        assert before >= NEVER
    db.close()


def test_badges_of_an_old_instance_take_the_new_states_and_keep_what_points_to_them(tmp_path):
    """The table is remade; with foreign keys left on, files and incidents would lose their badge."""
    config, ring = freezing.thaw(tmp_path / "old", 1), freezing.keyring()
    db = opened(config.database)
    with transaction(db):
        for serial in range(100, 150):
            db.write(
                "INSERT INTO badge (station, serial, number, elder_id, state, key_digit, artwork, theme, ordered_at) "
                "SELECT station, ?, ?, elder_id, 'worn', key_digit, artwork, theme, ordered_at FROM badge LIMIT 1",
                serial,
                f"9{serial}",
            )
    before = db.rows("SELECT * FROM badge ORDER BY id")
    db.close()
    founding.migrate(config, ring)
    db = opened(config.database)
    assert len(before) == 51
    for old, new in zip(before, db.rows("SELECT * FROM badge ORDER BY id"), strict=True):
        assert new | old == new
        assert (new["form"], new["temporary"], new["printed_at"]) == ("badge", 0, None)
    assert db.scalar("PRAGMA foreign_keys") == 1
    with transaction(db):
        db.write("UPDATE badge SET state = 'printed' WHERE id = 51")
    with pytest.raises(DatabaseError, match="CHECK"), transaction(db):
        db.write("UPDATE badge SET state = 'somewhere' WHERE id = 51")
    with pytest.raises(DatabaseError, match="FOREIGN KEY"), transaction(db):
        db.write("DELETE FROM badge WHERE id = (SELECT badge_id FROM badge_file)")
    db.close()


def test_history_cannot_be_rewritten_in_an_upgraded_instance(tmp_path):
    config = freezing.thaw(tmp_path / "old", 1)
    founding.migrate(config, freezing.keyring())
    db = opened(config.database)
    for statement in (
        "UPDATE event SET kind = 'x'",
        "DELETE FROM event",
        "UPDATE audit SET action = 'x'",
        "DELETE FROM audit",
    ):
        with pytest.raises(DatabaseError, match="append-only"):
            db.conn.execute(statement)
    db.close()


def test_migrating_again_changes_nothing(tmp_path):
    config, ring = freezing.thaw(tmp_path / "old", 1), freezing.keyring()
    founding.migrate(config, ring)
    db = opened(config.database)
    before = kept(db), made_of(db)
    founding.migrate(config, ring)
    assert (kept(db), made_of(db)) == before
    assert schema.is_current(db)
    db.close()
