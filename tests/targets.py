"""The figures of the long tests, in one table at the end: what was measured, and what we hold ourselves to."""

import os

from bench import figures
from bench.figures import Figure

# `STATION_SOAK=0.05 make soak` is a twentieth of the work, to see that the long tests themselves are sound.
SCALE = float(os.environ.get("STATION_SOAK") or 1.0)
ROWS: list[tuple[str, Figure]] = []


def times(count: float) -> int:
    """So many, or the part of it that was asked for."""
    return max(1, round(count * SCALE))


def at_most(test: str, what: str, value: float, limit: float, unit: str = "") -> None:
    ROWS.append((test, figures.at_most(what, value, limit, unit)))


def at_least(test: str, what: str, value: float, limit: float, unit: str = "") -> None:
    ROWS.append((test, figures.at_least(what, value, limit, unit)))


def table() -> list[str]:
    """The lines to print, by test."""
    rows = sorted(ROWS, key=lambda row: int(row[0][1:]))
    return [
        f"{test:<4} {row.name:<62} {row.measured:>12}  {row.target:<12} {row.verdict}" for test, row in rows
    ]
