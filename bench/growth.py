"""Page and scan with few and with very many elders, side by side in the same minutes."""

from contextlib import ExitStack
from random import Random

from bench import load, stations
from bench.figures import Figure, at_most, median_ratio
from bench.stations import FIRST_SERIAL, Station

FEW, MANY, FULL = 4_000, 100_000, 1_000_000
ROUNDS = 5
SAMPLE = 4000  # so many that no page is remembered from the look before


def run(full: bool = False) -> list[Figure]:
    many = FULL if full else MANY
    with ExitStack() as stack:
        small = stack.enter_context(stations.running(elders=FEW))
        large = stack.enter_context(stations.running(elders=many))
        return [
            _compare(f"page, {many:,} elders : {FEW:,}", _pages(large, many), _pages(small, FEW), 200),
            _compare(f"scan, {many:,} elders : {FEW:,}", _scans(large, many), _scans(small, FEW), 201),
        ]


def _compare(name: str, large: load.Plan, small: load.Plan, expect: int) -> Figure:
    """Median time of the large one divided by the small one's, alternating."""
    for plan in (large, small):
        load.run(plan, expect)
    pairs = [(load.run(large, expect), load.run(small, expect)) for _ in range(ROUNDS)]
    return at_most(f"{name}, p50", median_ratio([(a.ms(0.5), b.ms(0.5)) for a, b in pairs]), 1.2)


def _paths(station: Station, count: int) -> list[str]:
    """The same number of badges from both, spread over all."""
    chosen = Random(20191121).sample(range(count), min(count, SAMPLE))
    return [station.token(FIRST_SERIAL + n) for n in chosen]


def _pages(station: Station, count: int) -> load.Plan:
    requests = [load.get(path, Accept_Encoding="gzip") for path in _paths(station, count)]
    return load.Plan(station.port, requests, threads=4, seconds=1.5)


def _scans(station: Station, count: int) -> load.Plan:
    return load.Plan(station.port, station.scans(_paths(station, count)[:200]), threads=4, seconds=1.5)
