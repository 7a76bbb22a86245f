"""What /healthz says, for the views that need it."""

from station import heartbeat
from station.db import DatabaseError, StationDatabase
from station.errors import StorageGone
from station.selfwatch import health
from station.selfwatch.health import Check
from station.vault import Unsealable
from station.web import connection


def checks() -> dict[str, Check]:
    """Every check, from this web process's point of view."""
    emergency = connection.emergency().now() is not None
    return health.look(connection.config(), _database(), emergency, connection.now())


def sender_is_silent() -> bool:
    """Whether a sender that worked has ceased to; every page of the staff says so."""
    age = heartbeat.age_s(connection.config().beats, "sender")
    return age is not None and heartbeat.is_stale("sender", age)


def _database() -> StationDatabase | None:
    try:
        return connection.get_db()
    except (StorageGone, DatabaseError, Unsealable):
        return None
