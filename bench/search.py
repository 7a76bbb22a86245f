"""Finding an elder by name, although every name is sealed with a key of its own."""

import tempfile
import time
from pathlib import Path
from statistics import median

from bench import stations
from bench.figures import Figure, at_most
from station import search
from station.db import StationDatabase
from station.vault import Vault

QUERIES = ("wxl", "秀兰", "zhang", "9王", "0432-62010000")


def run() -> list[Figure]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for count, target in ((10_000, 50), (100_000, 300)):
            with stations.filled(Path(folder) / str(count), count) as (db, vault):
                rows.append(
                    at_most(f"name search in {count:,} elders, median", _median_ms(db, vault), target, "ms")
                )
    return rows


def _median_ms(db: StationDatabase, vault: Vault) -> float:
    spent = []
    for query in QUERIES * 3:
        began = time.perf_counter()
        search.find(db, vault, query, station=1, area_code="0432")
        spent.append(time.perf_counter() - began)
    return median(spent) * 1000
