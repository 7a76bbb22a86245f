"""When more is due than can be sent: the first word of every elder goes first, and nobody is rung for the past."""

from collections import Counter
from datetime import timedelta

import pytest
from conftest import NOW, Home
from provider import Provider
from sightings import incident
from watch import Watch, connect

from station.alerts import outbox, plan, planner
from station.channels.base import Result


@pytest.fixture
def phones(home: Home, gateway: Provider) -> Provider:
    connect(home, gateway, NOW)
    return gateway


def call(home: Home, incident_id: int, elapsed_s: float) -> None:
    now = NOW + timedelta(seconds=elapsed_s)
    plan.plan_incident(
        home.db, home.vault, incident_id, elapsed_s=elapsed_s, timezone=home.config.timezone, now=now
    )


def test_a_notice_of_a_new_elder_goes_before_the_rings_of_others(home, phones) -> None:
    for serial in range(5):
        call(home, incident(home, serial), 0)
    late = incident(home, 9)
    call(home, late, 0)
    notices = home.db.scalar("SELECT count(*) FROM alert WHERE kind = 'notice'")
    taken = outbox.claim(home.db, NOW, notices)
    assert Counter(due.kind for due in taken) == {"notice": notices}
    assert late in {due.incident_id for due in taken}


def test_somebody_hears_of_every_elder_before_anybody_hears_of_one_twice(home, phones) -> None:
    lost = [incident(home, serial) for serial in range(6)]
    for one in lost:
        call(home, one, 0)
    taken = outbox.claim(home.db, NOW, len(lost))
    assert sorted(due.incident_id for due in taken) == lost


def test_a_notice_that_a_dead_sender_left_does_not_wait_for_every_ring(home, phones) -> None:
    first = incident(home, 1)
    call(home, first, 0)
    outbox.claim(home.db, NOW, 100)
    outbox.reclaim(home.db, NOW)
    for serial in range(2, 6):
        call(home, incident(home, serial), 0)
    fresh = home.db.scalar("SELECT count(*) FROM alert WHERE kind = 'notice'")
    assert first in {due.incident_id for due in outbox.claim(home.db, NOW, fresh)}


def test_a_first_word_that_got_lost_goes_before_the_third_of_others(home, phones) -> None:
    call(home, incident(home, 1), 0)
    [lost] = outbox.claim(home.db, NOW, 1)
    outbox.reclaim(home.db, NOW)
    call(home, incident(home, 2), 0)
    assert lost.alert_id in {due.alert_id for due in outbox.claim(home.db, NOW, 4)}


def test_a_first_word_that_is_refused_again_and_again_holds_up_nobody(home, phones) -> None:
    call(home, incident(home, 1), 0)
    for _ in range(5):
        [refused] = outbox.claim(home.db, NOW, 1)
        outbox.record(home.db, [(refused, Result("retry"))], NOW)
        home.db.conn.execute("UPDATE alert SET due_at = created_at")
    other = incident(home, 2)
    call(home, other, 0)
    [first] = outbox.claim(home.db, NOW, 1)
    assert first.incident_id == other


def test_of_the_rings_that_an_outage_held_back_each_address_hears_the_newest(home, phones) -> None:
    ringing = incident(home, 1)
    for seconds in (0, 45, 90, 150, 300, 420, 540):
        call(home, ringing, seconds)
    taken = outbox.claim(home.db, NOW + timedelta(seconds=541), 500)
    rings = [due for due in taken if due.kind == "ladder"]
    assert rings
    assert max(Counter(due.address_id for due in rings).values()) == 1
    assert max(due.step for due in rings) == 6


def test_what_one_incident_calls_for_and_cannot_be_written_silences_no_other(
    home, phones, monkeypatch
) -> None:
    lost = [incident(home, serial) for serial in range(4)]
    called_for = plan.called_for

    def spoiled(db, incident_id, **more):
        rows = called_for(db, incident_id, **more)
        return [row | {"address_id": -1} for row in rows] if incident_id == lost[1] else rows

    monkeypatch.setattr(plan, "called_for", spoiled)
    watch = Watch(home, phones, NOW)
    told = {message["incident"] for message in watch.at(0) if message["kind"] == "notice"}
    assert told == {str(one) for one in lost if one != lost[1]}
    monkeypatch.undo()
    assert str(lost[1]) in {message["incident"] for message in watch.at(16) if message["kind"] == "notice"}


def test_who_takes_over_many_open_incidents_tells_of_a_new_one_first(home, phones, monkeypatch) -> None:
    monkeypatch.setattr(planner, "TOGETHER", 3)
    monkeypatch.setattr(planner, "BETWEEN_MESSAGES", 3)
    watch, old = Watch(home, phones, NOW), [incident(home, serial) for serial in range(10)]
    watch.at(0)
    watch.restart()
    new, looked_at, called_for = incident(home, 99), [], plan.called_for
    monkeypatch.setattr(
        plan, "called_for", lambda db, one, **more: looked_at.append(one) or called_for(db, one, **more)
    )
    watch.sender.tick(watch.now)
    assert looked_at[0] == new
    assert len(looked_at) == 1 + 3, "it looked at the others before it sent anything"
    assert told(home, "state IN ('sending', 'accepted')") == {*old, new}
    watch.at(46)
    assert told(home, "kind = 'ladder' AND step = 1") == {*old, new}


def told(home: Home, which: str) -> set[int]:
    return {row["incident_id"] for row in home.db.rows(f"SELECT incident_id FROM alert WHERE {which}")}


def test_a_sender_with_much_to_plan_says_that_it_lives(home, phones) -> None:
    watch, beats = Watch(home, phones, NOW), []
    watch.sender.planner.beat = lambda: beats.append(1)
    for serial in range(20):
        incident(home, serial)
    watch.at(0)
    assert len(beats) >= 20
