"""The desk's blueprint with all its doors registered."""

from station.web.desk import (
    calls,
    cases,
    console,
    doubting,
    drilling,
    landmarks,
    proving,
    reflecting,
    showing,
    stream,
    supplies,
    team,
    tonight,
)
from station.web.desk.blueprint import bp

__all__ = [
    "bp",
    "calls",
    "cases",
    "console",
    "doubting",
    "drilling",
    "landmarks",
    "proving",
    "reflecting",
    "showing",
    "stream",
    "supplies",
    "team",
    "tonight",
]
