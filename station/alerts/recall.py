"""What a new sender knows of its ways: the attempts of the last minutes, replayed into its gates."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from station import addresses, clock, seal
from station.addresses import Address
from station.alerts import outbox
from station.alerts.gates import Gates, Way
from station.channels.base import Result
from station.db import StationDatabase
from station.vault import Unsealable, Vault

# So far back it looks: farther than a provider's limit or pause reaches, and through many tries of a shut way.
REMEMBERED = timedelta(minutes=10)


def ways(db: StationDatabase, vault: Vault, gates: Gates, now: datetime) -> None:
    """A way that was shut or had had its fill when the last sender ended is so still."""
    gates.recall(list(_ended(db, vault, now)))


def way_to(address: Address) -> Way:
    target = seal.token_hash(address.destination).hex()
    return Way(address.channel_id, address.id, address.kind, target)


def _ended(db: StationDatabase, vault: Vault, now: datetime) -> Iterator[tuple[Way, Result | None, datetime]]:
    known: dict[int, Way | None] = {}
    for row in outbox.lately(db, now - REMEMBERED, now):
        address_id = row["address_id"]
        if address_id not in known:
            known[address_id] = _way(db, vault, address_id)
        if way := known[address_id]:
            known_end = row["outcome"] in ("ok", "retry", "permanent")
            result = Result(row["outcome"], retry_after_s=row["pause_s"]) if known_end else None
            yield way, result, clock.parse(row["ended_at"])


def _way(db: StationDatabase, vault: Vault, address_id: int) -> Way | None:
    try:
        address = addresses.open_address(db, vault, address_id)
    except Unsealable:  # the person was erased meanwhile
        return None
    return way_to(address) if address else None
