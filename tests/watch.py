"""A sender with a driven clock, everybody's phone behind one local provider."""

import json
import time
from collections import Counter
from datetime import datetime, timedelta

from homes import Home
from provider import Provider

from station import addresses
from station.db import transaction
from station.sender import Sender

SECRET = "a secret between friends"  # noqa: S105


class Watch:
    """Drives the sender: `at(seconds)` lets it work as if so much time had passed since the start."""

    def __init__(self, home: Home, provider: Provider, now: datetime) -> None:
        self.home = home
        self.provider = provider
        self.start = now
        self.now = now
        self.sender = Sender(home.config, home.ring, home.db, home.vault)
        self.sender.start(now)

    def at(self, seconds: float, *, step: bool = False) -> list[dict]:
        """Move the clock and send all that is due; returns the messages that arrived meanwhile.

        With `step` no time has passed: the machine's clock has jumped.
        """
        before = len(self.provider.requests)
        self.now = self.start + timedelta(seconds=seconds)
        self.settle(step)
        return [json.loads(request.body or b"{}") for request in self.provider.requests[before:]]

    def settle(self, step: bool = False) -> None:
        # Our own writes do not move data_version of our own connection, as another process's would.
        self.sender.version = -1
        self.sender.last_plan = self.sender.last_look = -1e9
        if not step:
            self.sender.clock_offset = self.now.timestamp() - time.monotonic()
        until = time.monotonic() + 60
        calm = 0  # twice in a row nothing left: what was put back behind the first of many is behind the others too
        while calm < 2 and time.monotonic() < until:
            self.sender.tick(self.now)
            busy = sum(self.sender.in_the_air.values()) or self.sender.planner.backlog
            calm = 0 if busy else calm + 1
            if not calm:
                self.sender.idle()
        assert not sum(self.sender.in_the_air.values()), "an attempt hangs"

    def restart(self) -> None:
        """The sender dies without a word and another one takes over."""
        self.sender.pool.shutdown(wait=True)
        self.sender = Sender(self.home.config, self.home.ring, self.home.db, self.home.vault)
        self.sender.start(self.now)


def connect(home: Home, provider: Provider, now: datetime) -> None:
    """Give every staff member and every family contact a phone at the provider."""
    channel = addresses.add_channel(
        home.db,
        home.vault,
        station=1,
        kind="webhook",
        label="phones",
        settings={"secret": SECRET},
        allow_private=True,
        now=now,
    )
    with transaction(home.db):
        for table, column in (("staff", "staff_id"), ("contact", "contact_id")):
            for row in home.db.rows(f"SELECT id FROM {table} ORDER BY id"):  # noqa: S608
                addresses.add(
                    home.db,
                    home.vault,
                    channel_id=channel,
                    destination=f"{provider.url}/{table}/{row['id']}",
                    **{column: row["id"]},
                )


def by_kind(messages: list[dict]) -> Counter:
    return Counter(message["kind"] for message in messages)
