"""One sender leads and another waits: it takes over from a dead or hung one, and an old leader that wakes up stops."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import NOW, Home
from provider import Provider
from running import wait_for
from sightings import incident
from watch import connect

from station import founding
from station.alerts import outbox
from station.db import transaction
from station.errors import Superseded
from station.sender import Sender
from station.standby import Standby


@pytest.fixture
def first(home: Home, gateway: Provider) -> Sender:
    connect(home, gateway, NOW)
    sender = Sender(home.config, home.ring, home.db, home.vault)
    sender.start(NOW)
    return sender


@pytest.fixture
def second(home: Home) -> Iterator[Sender]:
    """Another sender on the same file; it has not begun to lead."""
    with founding.opened(home.config, home.ring) as (db, vault):
        yield Sender(home.config, home.ring, db, vault)


def test_an_old_leader_can_write_nothing_any_more(home, first, second, gateway) -> None:
    case = incident(home, 1)
    second.start(NOW)
    with pytest.raises(Superseded):
        first.tick(NOW)
    with pytest.raises(Superseded), transaction(first.db):
        pytest.fail("it may write")
    second.tick(NOW)
    gateway.wait_for(4)
    assert home.db.scalar("SELECT count(*) FROM alert WHERE incident_id = ?", case) == 4


def test_a_leader_that_hung_between_claim_and_sending_sends_nothing(home, first, second, gateway) -> None:
    incident(home, 1)
    first.tick(NOW)
    gateway.wait_for(4)
    with transaction(home.db):
        home.db.write("UPDATE alert SET state = 'pending', due_at = created_at")
    claimed = outbox.claim(first.db, NOW, 10)
    second.start(NOW)
    sent = len(gateway.requests)
    for due in claimed:
        with pytest.raises(Superseded):
            first._launch(due, NOW)
    assert len(gateway.requests) == sent
    second.tick(NOW)
    again = [request.json() for request in gateway.wait_for(sent + len(claimed))[sent:]]
    assert min(message["attempt"] for message in again) == 3, "the claim that led nowhere is counted and said"


def test_of_two_senders_on_one_file_never_both_send(home, first, second, gateway) -> None:
    """They take the lead from each other in the middle of the work: every attempt leaves once."""
    for serial in range(30):
        incident(home, serial)
    ended, stop = [], threading.Event()

    def lead(sender: Sender) -> None:
        try:
            while not stop.is_set():
                sender.tick(NOW)
                sender.idle()
        except Superseded:
            ended.append(sender)
        sender.end()

    running = threading.Thread(target=lead, args=(first,))
    running.start()
    gateway.wait_for(20)
    second.start(NOW)
    wait_for(lambda: second.tick(NOW) or second.idle() or not owed(home), 60, every=0)
    stop.set()
    running.join(30)
    assert ended == [first]
    attempts = Counter((m["id"], m["attempt"]) for m in (r.json() for r in gateway.requests))
    assert set(attempts.values()) == {1}


def owed(home: Home) -> int:
    return home.db.scalar("SELECT count(*) FROM alert WHERE state IN ('pending', 'sending')")


def test_who_waits_leads_when_the_leader_dies_and_not_before(tmp_path: Path) -> None:
    leader, waiting = Standby(tmp_path, "sender-1"), Standby(tmp_path, "sender-2")
    stop, won = threading.Event(), threading.Event()
    assert leader.wait(stop)
    running = threading.Thread(target=lambda: waiting.wait(stop) and won.set())
    running.start()
    for _ in range(20):
        leader.lead()
        assert not won.wait(0.02)
    leader.step_back(stop)  # as the system does when a process dies
    assert won.wait(30)
    running.join()
