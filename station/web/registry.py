"""The registration desk as app.py knows it: one blueprint; its views lie in station/web/registration."""

from station.web.registration import (
    asking,
    badges,
    coverage,
    grids,
    halfyear,
    landmarks,
    leaving,
    lists,
    people,
    printing,
    reaching,
    record,
    relatives,
    review,
    rounds,
    voice,
)
from station.web.registration.blueprint import bp

__all__ = [
    "asking",
    "badges",
    "bp",
    "coverage",
    "grids",
    "halfyear",
    "landmarks",
    "leaving",
    "lists",
    "people",
    "printing",
    "reaching",
    "record",
    "relatives",
    "review",
    "rounds",
    "voice",
]
