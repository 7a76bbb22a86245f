"""The finder's blueprint, and what its doors share."""

import re

from flask import Blueprint

from station import seal, search
from station.errors import NotFound
from station.issuing import records
from station.web import connection, damping

bp = Blueprint("public", __name__)

# Tries of badge numbers from one network, whichever door they are typed at.
numbers = damping.Damper(burst=30, every_s=10)

_STATUS = re.compile(r"[0-9a-f]{32}")


def storage() -> tuple[connection.StationDatabase, connection.Vault]:
    return connection.get_db(), connection.get_vault()


def checked(token: str) -> str:
    """A status token. Raises NotFound for what cannot be one."""
    if not _STATUS.fullmatch(token):
        raise NotFound("There is no such page.")
    return token


def by_number(digits: str) -> records.Badge | None:
    number = search.badge_digits(digits)
    return records.by_number(connection.get_db(), number) if number else None


def source(network: bytes) -> bytes:
    """The sender's network as a keyed fingerprint: it can be counted, not looked up."""
    return seal.blind_index(connection.ring(), "source", network.hex())[:8]
