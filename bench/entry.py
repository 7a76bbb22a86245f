"""Taking 2,000 elders in from a spreadsheet: preview and saving, as the job process does it, beside bare SQLite."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from bench.figures import Figure, at_most
from station import communities, founding, tables
from station.communities import Policy, Station
from station.config import Config
from station.db import StationDatabase, create, transaction
from station.lists import columns, imports, working, writing
from station.vault import Vault

ROWS = 2_000
NOW = datetime(2026, 11, 21, 19, tzinfo=UTC)
STATION = Station(
    1, "龙城社区防走失驿站", "+8643262012345", "0432", "", 43.82, 126.56, "ring", "navy", Policy()
)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, _station(Path(folder)) as (db, vault):
        listed = tables.write_xlsx({"老人名单": people(ROWS)})
        preview = _seconds(lambda: _look(db, vault, listed, "first"))
        saved = _seconds(lambda: _save(db, vault, 1))
        assert imports.get(db, 1).good == ROWS
        again = _seconds(lambda: _look(db, vault, listed, "again"))
        assert imports.get(db, 2).known == ROWS
        out = _seconds(lambda: writing.export(db, vault, "xlsx", station=1, reason="copy", by=None, now=NOW))
        bare = _seconds(lambda: _bare(Path(folder)))
    return [
        at_most(f"{ROWS:,} rows from XLSX: preview and saving", preview + saved, 10, "s"),
        Figure("of it the preview", f"{preview:.2f} s"),
        Figure("the same file again: all known", f"{again:.2f} s"),
        Figure(f"{ROWS:,} bare durable transactions on this disk", f"{bare:.2f} s"),
        Figure(f"export of {ROWS:,} elders to XLSX", f"{out:.2f} s"),
    ]


def people(count: int) -> list[list[str]]:
    """A list of invented people with two contacts each, as the template wants it."""
    head = columns.headings()
    return [head, *([_cell(n, heading) for heading in head] for n in range(count))]


def _cell(n: int, heading: str) -> str:
    born = f"19{30 + n % 30}{1 + n % 12:02d}{1 + n % 28:02d}"
    cells = {
        "姓名": SURNAMES[n % 20] + chr(0x5000 + n % 997) + chr(0x6000 + n % 991),
        "身份证号": _with_check(f"220211{born}{n // 100 * 10 % 990 + 1 + n % 9:03d}"),
        "住址": f"帝景小区{n}号楼2单元301",
        "联系人1姓名": SURNAMES[n % 19] + "伟",
        "联系人1电话": f"1990{n:07d}",
        "联系人1关系": "儿子",
        "联系人2姓名": SURNAMES[n % 19] + "敏",
        "联系人2电话": f"0432-62{n:06d}",
        "联系人2关系": "女儿",
        "健康提示": "记性差、糖尿病",
        "同意登记": "是",
        "同意人": "家属",
    }
    return cells.get(heading, "")


def _with_check(body: str) -> str:
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(body))
    return body + "0123456789X"[(1 - total) % 11]


def _look(db: StationDatabase, vault: Vault, listed: bytes, form_id: str) -> None:
    community = communities.communities(db)[0].id
    new = imports.keep(
        db, vault, listed, station=1, community_id=community, form_id=form_id, by=None, now=NOW
    )
    working.work(db, vault, new, today=date(2026, 11, 22), now=NOW)


def _save(db: StationDatabase, vault: Vault, import_id: int) -> None:
    imports.save(db, vault, import_id, by=None, now=NOW)
    working.work(db, vault, import_id, today=date(2026, 11, 22), now=NOW)


def _bare(folder: Path) -> None:
    db = create(folder / "bare.db")
    with transaction(db):
        db.conn.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, content BLOB)")
    for _ in range(ROWS):
        with transaction(db):
            db.insert("bare", content=bytes(1500))
    db.close()


@contextmanager
def _station(folder: Path) -> Iterator[tuple[StationDatabase, Vault]]:
    config = Config(folder / "data", folder / "data" / "keyring.json", "https://example.cn")
    with founding.opened(config, founding.found(config)) as (db, vault):
        with transaction(db):
            communities.add_station(db, STATION)
            communities.add_community(db, station=1, name="龙城社区", lat=43.82, lon=126.56, radius_m=900)
        yield db, vault


def _seconds(step: object) -> float:
    assert callable(step)
    began = time.perf_counter()
    step()
    return time.perf_counter() - began
